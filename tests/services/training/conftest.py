"""A place with residents who talk to a bot that says what it understood."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import select

from services.config import Settings
from services.context import Services, build
from services.db import Database
from services.training.groups import CERTAIN
from services.training.heard_tables import HeardRow, OutcomeRow
from services.web.app import create_app
from tests.services.channels.conftest import rasa, rasa_settings, said
from tests.services.channels.fake_rasa import FakeRasa
from tests.services.conftest import NOW, TestClock
from tests.services.published import held
from tests.services.seeded import plant

__all__ = ["rasa", "rasa_settings"]

Client = TestClient  # type: ignore[type-arg]


def understood(
    text: str, intent: str = "report_problem", leaf: str | None = "H6", **more: Any
) -> dict[str, Any]:
    """What Rasa says that it understood; sure of it unless told otherwise."""
    return {
        "text": text, "intent": intent, "confidence": 0.95, "uncertain": False,
        "readings": [
            {"intent": intent, "leaf": leaf, "confidence": 0.95},
            {"intent": "ask_notice", "leaf": None, "confidence": 0.02},
        ],
        "leaf": leaf, "leaf_confidence": 0.9, "entities": [], "actions": ["report_form"],
        "model": "a" * 64, **more,
    }  # fmt: skip


def unsure(
    text: str, intent: str = "report_problem", leaf: str | None = "H6", **more: Any
) -> dict[str, Any]:
    """The same from a model that is in doubt."""
    readings = [
        {"intent": intent, "leaf": leaf, "confidence": 0.4},
        {"intent": "ask_notice", "leaf": None, "confidence": 0.35},
    ]
    return understood(
        text, intent, leaf, **{"readings": readings, "uncertain": True, "confidence": 0.4, **more}
    )


assert CERTAIN < 0.5, "unsure() would not be unsure"


@pytest.fixture
async def services(
    rasa_settings: Settings, db: Database, clock: TestClock, cheap_passwords: None
) -> AsyncIterator[Services]:
    built = build(rasa_settings, db, clock)
    await plant(built)
    await built.clock.set(db, NOW)  # also for whoever reads it from the database
    yield built
    await built.channels.close()


@pytest.fixture
async def client(services: Services) -> AsyncIterator[Client]:
    async with TestClient(TestServer(held(create_app(services.settings, services)))) as found:
        yield found


Say = Callable[..., Awaitable[str]]


@pytest.fixture
def say(services: Services, rasa: FakeRasa) -> Say:
    """A resident says something: ``await say("…", to=conversation)`` → its conversation.

    A new resident each time unless ``to`` is given; keyword arguments change what was understood.
    """

    async def send(
        text: str, *args: Any, to: str | None = None, doubt: bool = False, **more: Any
    ) -> str:
        conversation = to or (await services.channels.open_session()).session_id
        rasa.understood = (unsure if doubt else understood)(text, *args, **more)
        await services.channels.post(conversation, said(text))
        rasa.understood = None
        return conversation

    return send


async def digest(services: Services) -> None:
    """Let the worker look at everything."""
    while await services.heard.digest():
        pass


async def outcomes(services: Services) -> dict[str, set[str]]:
    """Text → what followed it, of everything heard."""
    async with services.db.read() as s:
        found: dict[str, set[str]] = {t: set() for t in await s.scalars(select(HeardRow.text))}
        query = select(HeardRow.text, OutcomeRow.outcome).join(
            OutcomeRow, OutcomeRow.heard_id == HeardRow.id
        )
        for text, outcome in await s.execute(query):
            found[text].add(outcome)
    return found


async def grouped(services: Services) -> set[frozenset[str]]:
    """The texts of each group."""
    together: dict[int | None, set[str]] = {}
    async with services.db.read() as s:
        for text, group_id in await s.execute(select(HeardRow.text, HeardRow.group_id)):
            together.setdefault(group_id, set()).add(text)
    return {frozenset(texts) for texts in together.values()}
