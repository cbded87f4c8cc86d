"""What the model understood of a message and what was done about it, as the gateway keeps it.

The shape is the contract “Heard” in docs/architecture.md. Everything is read from the conversation's
tracker, so a repeated answer says the same as the first one did. Pure: no store, no server.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rasa.shared.core.constants import ACTION_LISTEN_NAME
from rasa.shared.core.events import ActionExecuted, Event, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

#: Property of a message's parse data: sha256 (hex) of the model archive that understood it.
MODEL = "model"
#: The catalogue matcher's entity: told as the leaf, not among the entities.
_SERVICE = "service"


@dataclass(frozen=True)
class Turn:
    """One message of the resident and what followed before the next one."""

    said: UserUttered
    events: Sequence[Event]

    @property
    def actions(self) -> list[str]:
        """Names of the executed actions in order; listening is none."""
        names = (e.action_name for e in self.events if isinstance(e, ActionExecuted))
        return [name for name in names if name and name != ACTION_LISTEN_NAME]


def turn_of(tracker: DialogueStateTracker | None, message_id: str) -> Turn | None:
    """The turn of a message; ``None`` when it was never handled, or folded away long ago."""
    events = list(tracker.events) if tracker else []
    end = len(events)
    for index in range(end - 1, -1, -1):  # from the back: it is nearly always the newest
        event = events[index]
        if isinstance(event, UserUttered):
            if event.message_id == message_id:
                return Turn(event, events[index + 1 : end])
            end = index
    return None


def understood(turn: Turn) -> dict[str, Any] | None:
    """What the gateway stores as heard; ``None`` for anything but typed text.

    ``model`` is ``None`` when the server was started without :mod:`bot.serve`.
    """
    parse: dict[str, Any] = dict(turn.said.parse_data or {})
    if (turn.said.metadata or {}).get("kind") != "text":
        return None
    intent = parse.get("intent") or {}
    entities = parse.get("entities") or []
    service: dict[str, Any] = next((e for e in entities if e.get("entity") == _SERVICE), {})
    return {
        "text": turn.said.text,
        "intent": intent.get("name"),
        "confidence": intent.get("confidence"),
        "uncertain": bool(parse.get("uncertain")),
        "readings": parse.get("readings") or [],
        "leaf": service.get("value"),
        "leaf_confidence": service.get("confidence"),
        "entities": [_short(e) for e in entities if e.get("entity") != _SERVICE],
        "actions": turn.actions,
        "model": parse.get(MODEL),
    }


def _short(entity: dict[str, Any]) -> dict[str, Any]:
    kept = {key: entity.get(key) for key in ("start", "end", "value", "text")}
    return {"type": entity.get("entity"), **kept}
