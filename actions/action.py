"""The class that every action of the dialogue is made from: the thin joint to Rasa."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, FollowupAction
from rasa_sdk.executor import CollectingDispatcher

from actions.client import Refused, ServiceAway
from actions.knowledge.information import INFO, NOTICE
from actions.routing import DENY, PEOPLE_FIRST, elsewhere, first_told
from actions.talk.accessible import ACTION as ACCESSIBLE
from actions.talk.requests import HANDOVER, own_part, still_waiting, with_rest
from actions.texts import say
from actions.tickets.own import QUERY
from actions.turn import AFFIRM, ANSWER, CLARIFY, LISTEN, MANNERS, Turn, short

CALLED_FOR = frozenset({"action_callback_answer", "action_cancel_form", AFFIRM, DENY})
"""Actions that answer what was asked before, whatever else the message tells."""

INFORMS = frozenset(
    {ANSWER, MANNERS, INFO, NOTICE, ACCESSIBLE, QUERY, "action_anonymity", "action_capability"}
)
"""Actions that only answer a question, after which a question of ours that was open is put again."""


class TurnAction(Action, ABC):
    """An action that answers one message.

    When it is done the turn is over: an open form asks its question again, otherwise the bot
    listens. No policy has to know what comes after an action.
    """

    NAME: ClassVar[str]
    RESUMES: ClassVar[bool] = True
    """Whether an open form asks again after this answer."""
    ENDS: ClassVar[bool] = True
    """False for a step in the middle of a rule."""

    def name(self) -> str:
        """Return the name in domain.yml."""
        return self.NAME

    @abstractmethod
    async def act(self, turn: Turn) -> list[EventType]:
        """Answer; ``ServiceAway`` and ``Refused`` may pass through."""

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        """Run the action as Rasa calls it; nothing a resident says is answered by an error."""
        turn = Turn(dispatcher, tracker)
        meant = None
        if self.ENDS:
            meant = elsewhere(turn, self.NAME) or self._first_part(turn)
        if meant:
            return [FollowupAction(meant)]
        try:
            events = await self.act(turn)
        except ServiceAway:
            turn.say("away", what=short(turn.message.verbatim) or say("last_words"))
            events = []
        except Refused as refused:
            turn.say("refused", reason=refused.message)
            events = []
        if self.ENDS and turn.loop is None:
            events = with_rest(turn, events, turn.rest, LISTEN)
            if self.NAME not in (*PEOPLE_FIRST, CLARIFY):
                events = still_waiting(turn, events, informs=self.NAME in INFORMS)
        return [*events, *self._ending(turn, events)]

    def _first_part(self, turn: Turn) -> str | None:
        """Take this action's own part of a message that tells several things; the others wait.

        Returns:
            The form or action of the first part, when none of them is for this action.
        """
        parts = turn.message.parts
        if not parts or turn.loop or self.NAME in (PEOPLE_FIRST | CALLED_FOR | {MANNERS}):
            return None
        own = frozenset(intent for intent, name in HANDOVER.items() if name == self.NAME)
        turn.message, others = own_part(turn.message, own)
        if others:
            turn.rest = others
            first = short(turn.message.verbatim)
            turn.lead("several_first", line=True, n=len(parts), first=first)
            return None
        return first_told(turn)

    def _ending(self, turn: Turn, events: Sequence[EventType]) -> list[EventType]:
        if not self.ENDS or any(e.get("event") == "followup" for e in events):
            return []
        resumes = self.RESUMES and turn.loop
        return [FollowupAction(turn.loop if resumes else LISTEN)]
