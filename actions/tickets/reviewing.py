"""复核 in words: another person looks at a refusal again because the resident does not agree.

Who may ask, until when and by when it is decided is the workflow's (docs/workflow.md, ``review``,
``data/workflow.yml``); here its answer is said, and where a second look is not the way, the way that
there is: sending work back, hurrying it, or reporting anew.
"""

from __future__ import annotations

from collections.abc import Sequence

from rasa_sdk.events import EventType, FollowupAction, SlotSet

from actions.client import Client, Refused, TicketView
from actions.forms.replies import bare
from actions.texts import Gaps, say
from actions.tickets import own
from actions.tickets.amending import says
from actions.tickets.own_tickets import (
    ENDED,
    FINISHED,
    REFUSED,
    OwnTicketAction,
    about_ticket,
    body_of,
    first_action,
    named_in,
    ticket_title,
)
from actions.tickets.urging import Urge
from actions.tickets.verdicts import is_same
from actions.turn import Turn, button

HUMAN = button(say("button_staff"), "/ask_human")
BARE_WISH = 12
"""“我要申请复核” up to so many characters names nothing else that it could be about."""
TOO_LATE = "review_too_late"


class Review(OwnTicketAction):
    """Asks for a second look at a refusal, or says why there is none and what there is instead."""

    NAME = own.REVIEW
    NONE = "review_none"
    INTENT = "reject_resolution"
    """Of what was refused it asks for a second look (``Reject``)."""

    async def act(self, turn: Turn) -> list[EventType]:
        """Find the refusal that is meant; words that are about no refusal mean what they did before."""
        async with turn.client() as client:
            tickets = await client.tickets(turn.conversation_id)
            found = meant(turn, tickets)
            refused = [t for t in found if t.goes_on in REFUSED]
            if not refused and (given := _gives_way(turn)):
                return given
            if not found:
                return self.nothing(turn, [])
            if len(refused) > 1:
                return self._ask_which(turn, refused)
            return await self.do(turn, client, (refused or found)[0])

    async def do(self, turn: Turn, client: Client, ticket: TicketView) -> list[EventType]:
        """Ask for the second look at this one, once, and say who decides and by when."""
        if ticket.goes_on not in REFUSED:
            return _another_way(turn, ticket)
        looks = ticket.data.get("review") or {}
        about: Gaps = {"title": ticket_title(ticket), "ticket_no": ticket.ticket_no}
        if looks.get("pending"):
            turn.say("review_running", [HUMAN], due=looks.get("due_text") or "", **about)
            return []
        if not looks.get("can_ask"):
            why = str(looks.get("explanation") or "").rstrip("。")
            turn.say("review_done", [HUMAN], explanation=why, **about)
            return []
        try:
            view = await client.resident_act(
                ticket.ticket_no, "review", body_of(turn), turn.key("review")
            )
        except Refused as refused:
            anew = (
                [button(say("button_report_again"), "/report_problem")]
                if refused.code == TOO_LATE
                else [HUMAN]
            )
            turn.say("review_refused", anew, reason=refused.message, **about)
            return []
        due = str((view.data.get("review") or {}).get("due_text") or "")
        turn.say("review_asked", custom=view.card(), due=due, **about)
        return []


def meant(turn: Turn, tickets: Sequence[TicketView]) -> list[TicketView]:
    """Return the requests that the words can be about: the named one, else what was refused.

    Without any refusal the newest one stands for the answer what there is instead.
    """
    number = own.ticket_no(turn.message)
    if number:
        return [t for t in tickets if own.same_number(t.ticket_no, number)]
    refused = [t for t in tickets if t.goes_on in REFUSED and is_same(turn.message, t)]
    return named_in(turn.message.text, refused) if refused else list(tickets[:1])


def _gives_way(turn: Turn) -> list[EventType]:
    """Return the action that the words were first taken for, when they ask for no second look.

    “凭啥不管” without a refusal is a complaint, “低保没批我不服” a question about a benefit.
    """
    first = first_action(turn)
    if turn.message.tapped or own.ticket_no(turn.message) or not first or first == Review.NAME:
        return []
    plain = says("review", turn.message.text) and len(bare(turn.message.text)) <= BARE_WISH
    return [] if plain else [FollowupAction(first)]


def _another_way(turn: Turn, ticket: TicketView) -> list[EventType]:
    """Say what there is where nothing was refused: sent back, hurried, or reported anew."""
    state, number = ticket.goes_on, f'"ticket_no":"{ticket.ticket_no}"'
    if state in FINISHED:
        yes = f'/reject_resolution{{{number},"about":"m:{turn.message.id}"}}'
        turn.say(
            "review_finished",
            [button(say("button_reopen"), yes), button(say("button_not_now"), "/deny")],
            **about_ticket(turn, ticket),
        )
        return [SlotSet("offer", {"id": turn.message.id, "yes": yes, "no": "/deny"})]
    if state in ENDED:
        key = "review_handed_off" if state == "HANDED_OFF" else "review_withdrawn"
        turn.say(key, [HUMAN], **about_ticket(turn, ticket))
        return []
    hurry = button(say("button_urge"), f"/urge_ticket{{{number}}}")
    turn.say(
        "review_open", [hurry, button(say("button_no_urge"), "/deny")], **about_ticket(turn, ticket)
    )
    return [SlotSet("offer", {"id": turn.message.id, "follow": Urge.NAME})]
