"""A conversation without Rasa: trackers as Rasa sends them, actions as the action server runs them."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import pytest
from aiohttp.test_utils import TestServer
from rasa_sdk import Tracker
from rasa_sdk.executor import ActionExecutor, CollectingDispatcher

from actions.turn import FEW
from tests.actions.fake_services import FakeServices

CONVERSATION = "c1"
_QUOTED = re.compile(r"“[^”]*”")


def one_thing_at_a_time(messages: Sequence[Mapping[str, Any]]) -> None:
    """Fail when large-type mode asks two questions with one message, or offers too much below one."""
    for message in messages:
        words, buttons = message.get("text") or "", message.get("buttons") or []
        assert _QUOTED.sub("", words).count("？") <= 1, words
        assert len(buttons) <= FEW, (words, [b["title"] for b in buttons])


class Talk:
    """One conversation: says a message, runs an action, keeps slots, loop and events."""

    def __init__(self, executor: ActionExecutor) -> None:
        self._executor = executor
        self.slots: dict[str, Any] = {}
        self.loop: str | None = None
        self.events: list[dict[str, Any]] = []
        self.followup: str | None = None
        self.said: list[dict[str, Any]] = []

    @property
    def text(self) -> str:
        """Everything the bot said after the last message."""
        return "\n".join(m["text"] for m in self.said if m.get("text"))

    @property
    def buttons(self) -> list[str]:
        """The titles of the buttons offered after the last message."""
        return [b["title"] for m in self.said for b in m.get("buttons") or []]

    @property
    def cards(self) -> list[dict[str, Any]]:
        """The cards shown after the last message."""
        return [m["custom"]["card"] for m in self.said if (m.get("custom") or {}).get("card")]

    @property
    def payloads(self) -> dict[str, str]:
        """Title → payload of the buttons offered after the last message."""
        return {b["title"]: b["payload"] for m in self.said for b in m.get("buttons") or []}

    def hear(self, text: str, intent: str, id: str | None = None, **parsed: Any) -> Talk:
        """Take a message of the resident with its understanding."""
        self.said = []
        id = id or f"m{sum(e['event'] == 'user' for e in self.events) + 1}"
        metadata = {"now": "2026-11-24T10:00:00+08:00", **parsed.pop("metadata", {})}
        parse_data = {
            "text": text,
            "intent": {"name": intent, "confidence": parsed.pop("confidence", 0.9)},
            "entities": [
                {**e, "start": e.get("start", max(text.find(str(e.get("text", ""))), 0)),
                 "end": e.get("end", max(text.find(str(e.get("text", ""))), 0) + len(str(e.get("text", ""))))}
                for e in parsed.pop("entities", [])
            ],
            **parsed,
        }  # fmt: skip
        self.events.append({"event": "action", "name": "action_listen"})
        self.events.append(
            {"event": "user", "text": text, "message_id": id, "metadata": metadata,
             "parse_data": parse_data}
        )  # fmt: skip
        return self

    async def run(self, action: str) -> Talk:
        """Run one action of the action server on this conversation."""
        latest = next(e for e in reversed(self.events) if e["event"] == "user")
        tracker = Tracker(
            CONVERSATION, self.slots, {**latest["parse_data"], "metadata": latest["metadata"]},
            self.events, False, None, {"name": self.loop} if self.loop else {}, "action_listen",
        )  # fmt: skip
        dispatcher = CollectingDispatcher()
        events = await self._executor.actions[action](dispatcher, tracker, {})
        if (latest["metadata"] or {}).get("elder"):
            one_thing_at_a_time(dispatcher.messages)
        self.said += dispatcher.messages
        self.events += [
            {"event": "bot", "text": m.get("text"), "data": {"buttons": m.get("buttons")}}
            for m in dispatcher.messages
        ]
        self.followup = None
        for event in events:
            if event["event"] == "slot":
                self.slots[event["name"]] = event["value"]
            elif event["event"] == "active_loop":
                self.loop = event["name"]
            elif event["event"] == "followup":
                self.followup = event["name"]
        name = action.removeprefix("validate_") if action.startswith("validate_") else action
        self.events.append({"event": "action", "name": name})
        if action.startswith("validate_"):
            self.loop = None if self.slots.get("requested_slot") is None else name
        return self


PATIENT_S = 15.0
"""Budget of an action in these tests; those of the budget itself set their own."""


@pytest.fixture(scope="session")
def executor() -> ActionExecutor:
    """The actions as the action server finds them."""
    found = ActionExecutor()
    found.register_package("actions")
    return found


@pytest.fixture
def talk(executor: ActionExecutor) -> Talk:
    """A new conversation."""
    return Talk(executor)


@pytest.fixture
async def services(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FakeServices]:
    """The fake internal API, running on a port of its own; an action may wait for it on a busy machine."""
    monkeypatch.setattr("actions.client.BUDGET_S", PATIENT_S)
    fake = FakeServices()
    server = TestServer(fake.app())
    await server.start_server()
    monkeypatch.setenv("LINDA_URL", str(server.make_url("/")))
    monkeypatch.setenv("LINDA_INTERNAL_TOKEN", "test-token")
    yield fake
    await server.close()
