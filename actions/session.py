"""What a message says about the session itself."""

from __future__ import annotations

from rasa_sdk.events import EventType, SlotSet

from actions.turn import Turn, TurnAction


class ReadSession(TurnAction):
    """Keep the slot ``elder`` in step with the session, so that responses choose their variant."""

    NAME = "action_read_session"
    ENDS = False

    async def act(self, turn: Turn) -> list[EventType]:
        """Return the slot when it changed; runs before every prediction and says nothing."""
        if bool(turn.tracker.get_slot("elder")) == turn.elder:
            return []
        return [SlotSet("elder", turn.elder)]
