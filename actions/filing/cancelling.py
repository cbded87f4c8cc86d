"""Stops what is being filled in, or makes room for what was wanted instead."""

from __future__ import annotations

from rasa_sdk.events import ActiveLoop, EventType, FollowupAction, SlotSet

from actions import routing
from actions.action import TurnAction
from actions.dialogue import pattern
from actions.forms import consent, neighbours
from actions.forms.draft import Draft
from actions.forms.replies import SUBMIT_NOW, is_restart, is_stop, is_yes
from actions.talk.requests import BEHIND, HANDOVER, form_aside
from actions.turn import Turn, cleared


class CancelForm(TurnAction):
    """Stops what is being filled in; nothing has been filed."""

    NAME = "action_cancel_form"
    RESUMES = False

    async def act(self, turn: Turn) -> list[EventType]:
        """Close the form; “重新说” begins it anew, and another form that was wanted takes its place."""
        draft = turn.draft
        if turn.loop and draft and (other := routing.wants_another_form(turn)):
            turn.say(f"dropped_{draft.form}")
            return [*cleared(), ActiveLoop(None), FollowupAction(other)]
        if turn.loop and draft and routing.goes_first(turn):
            return _put_aside(turn, draft)
        if is_restart(turn.message):
            return [FollowupAction(turn.loop or HANDOVER["report_problem"])]
        if turn.loop and draft and consent.refuses(turn.message, draft):
            return [FollowupAction(turn.loop)]
        facts = turn.message.entities and not is_stop(turn.message)
        if turn.loop and facts and pattern("forms", "rather").search(turn.message.text):
            return [FollowupAction(turn.loop)]
        if turn.loop and SUBMIT_NOW.search(turn.message.text) and not is_stop(turn.message):
            return [FollowupAction(turn.loop)]  # “先报上，回头再补” files what there is
        if turn.loop and (is_yes(turn.message) or neighbours.counts_me(turn.message)):
            return [FollowupAction(turn.loop)]  # “算了报吧”, “算了，也算我一份” give in and go on
        key = f"dropped_{draft.form}" if turn.loop and draft else "cancelled_none"
        turn.say(key)
        offer: list[EventType] = []
        if turn.loop and draft:  # “还是约吧” right behind it takes it up again
            dropped = {"follow": turn.loop, "dropped": draft.to_slot()}
            offer = [SlotSet("offer", {"id": turn.message.id, **dropped})]
        return [*cleared(), ActiveLoop(None), *offer]


def _put_aside(turn: Turn, draft: Draft) -> list[EventType]:
    """Do the other matter first; the form waits behind it with all that was said, and is offered then."""
    turn.say("aside_kept")
    waiting = [form_aside(turn.message, draft), *(draft.get("later") or [])]
    offer = {"id": turn.message.id, BEHIND: turn.message.id, "rest": waiting}
    return [
        *cleared(),
        ActiveLoop(None),
        SlotSet("offer", offer),
        FollowupAction(HANDOVER[turn.message.intent]),
    ]
