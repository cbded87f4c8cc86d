"""The form that is open in a conversation, told to the services and put away when they ask for it.

The shape is the contract “Gateway → Rasa” in docs/architecture.md; why it is told is
docs/adr/0013-drafts.md. Pure: no store, no server.
"""

from __future__ import annotations

from typing import Any

from rasa.shared.core.events import ActiveLoop, Event, SlotSet
from rasa.shared.core.trackers import DialogueStateTracker

SLOT = "draft"
#: What a form leaves behind when it is put away (as ``actions.turn.cleared``).
_CLEARED = (SLOT, "confirmed", "requested_slot")


def open_draft(tracker: DialogueStateTracker) -> dict[str, Any] | None:
    """The form that is open now with all that was said for it; ``None`` when none is."""
    draft = tracker.get_slot(SLOT)
    if not isinstance(draft, dict) or tracker.active_loop_name != f"{draft.get('form')}_form":
        return None
    return draft


def put_away(tracker: DialogueStateTracker, round_: str) -> list[Event]:
    """What closes the form that the message ``round_`` opened; nothing when it is another one."""
    draft = open_draft(tracker)
    if draft is None or draft.get("round") != round_:
        return []
    return [ActiveLoop(None), *(SlotSet(name, None) for name in _CLEARED)]
