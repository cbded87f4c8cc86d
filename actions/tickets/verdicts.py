"""What residents say of finished work: that it is not, or how it was."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from rasa_sdk.events import EventType, FollowupAction, SlotSet

from actions.client import Client, Refused, TicketView
from actions.forms.draft import Draft
from actions.message import Message, read_time
from actions.texts import say
from actions.tickets import ordered, secrecy
from actions.tickets.callback import SCORES, names_thing, rating_buttons, read_score
from actions.tickets.own import REVIEW, broke_again
from actions.tickets.own_tickets import (
    ENDED,
    FINISHED,
    RATE,
    REFUSED,
    OwnTicketAction,
    about_ticket,
    body_of,
    first_action,
    ticket_title,
)
from actions.tickets.urging import Urge
from actions.turn import Turn, button


class Reject(OwnTicketAction):
    """It is not solved, or broke again: the request goes back for another round."""

    NAME = "action_reject"
    NONE = "reject_none"
    FINISHED_ONES = True
    INTENT = "reject_resolution"

    async def act(self, turn: Turn) -> list[EventType]:
        """“又坏了” about something mended before goes back to it; anything else is judged."""
        again = not turn.message.tapped and turn.loop is None and broke_again(turn.message)
        if not again:
            return await super().act(turn)
        async with turn.client() as client:
            tickets = await client.tickets(turn.conversation_id)
            same = [t for t in tickets if t.goes_on in FINISHED and is_same(turn.message, t)]
            if same and same[0].goes_on == "RESOLVED":
                return await self.do(turn, client, same[0])
        if same:
            return self._reopen(turn, same[0])
        if still := [t for t in secrecy.reported(tickets) if _goes_on_with(turn.message, t)]:
            return self._still_open(turn, still)
        first = first_action(turn)
        if first and first != self.NAME:
            return [FollowupAction(first)]
        return await super().act(turn)

    @staticmethod
    def _reopen(turn: Turn, ticket: TicketView) -> list[EventType]:
        """Ask whether it is the same again; once it is too long closed it is reported anew."""
        closed = read_time(str(ticket.data.get("closed_at") or ticket.data.get("created_at")))
        if turn.message.now - closed > REOPENED_FOR:
            turn.say("reopen_too_old", title=ticket_title(ticket))
            return _anew(turn, ticket)
        about = f'"about":"m:{turn.message.id}"'
        yes = f'/reject_resolution{{"ticket_no":"{ticket.ticket_no}",{about}}}'
        leaf = ticket.data.get("leaf")
        service = f'"service":"{leaf}",' if leaf else ""
        no = f"/report_problem{{{service}{about}}}"
        turn.say(
            "reopen_ask",
            [button(say("button_rework"), yes), button(say("button_report_anew"), no)],
            title=ticket_title(ticket),
            ticket_no=ticket.ticket_no,
            day=f"{closed.month}月{closed.day}日",
        )
        return [SlotSet("offer", {"id": turn.message.id, "yes": yes, "no": no})]

    def newest(self, found: Sequence[TicketView]) -> bool:
        """The only one that waits for a verdict is the one that is meant."""
        states = [t.goes_on for t in found]
        return states.count("RESOLVED") == 1 and states[0] == "RESOLVED"

    def nothing(self, turn: Turn, open_ones: Sequence[TicketView]) -> list[EventType]:
        """What is still being worked on is not rejected but hurried; else it is a new problem.

        The new problem takes the words just said, if they say what is wrong.
        """
        if open_ones:
            return self._still_open(turn, open_ones)
        tells = names_thing(turn.message) and turn.loop is None
        turn.say("reject_anew" if tells else self.NONE)  # the form asks itself, one thing a turn
        return [FollowupAction("report_form")] if tells else []

    @staticmethod
    def _still_open(turn: Turn, open_ones: Sequence[TicketView]) -> list[EventType]:
        """Say how the newest stands and offer to hurry; a typed yes asks which when there are more."""
        ticket = open_ones[0]
        urge = f'/urge_ticket{{"ticket_no":"{ticket.ticket_no}"}}'
        buttons = [button(say("button_urge"), urge), button(say("button_no_urge"), "/deny")]
        turn.say("reject_open", buttons, **about_ticket(turn, ticket, ticket))
        return [SlotSet("offer", {"id": turn.message.id, "follow": Urge.NAME})]

    async def do(self, turn: Turn, client: Client, ticket: TicketView) -> list[EventType]:
        """Send it back with the resident's words; when that is over it is reported anew.

        What was refused has nothing to send back: it is looked at again.
        """
        if ticket.goes_on in REFUSED:
            return [FollowupAction(REVIEW)]
        try:
            view = await client.resident_act(
                ticket.ticket_no, "reject", body_of(turn), turn.key("reject")
            )
        except Refused as refused:
            if refused.code != "closed_too_long" or turn.loop:
                raise
            turn.say("reopen_too_old", title=ticket_title(ticket))
            return _anew(turn, ticket)
        turn.say("rejected", custom=view.card(), **about_ticket(turn, view, ticket))
        return []


def _anew(turn: Turn, ticket: TicketView) -> list[EventType]:
    """Open a report of the same again: the place is known and not asked a second time."""
    known = {"address": ticket.data.get("place"), "address_text": ticket.data.get("location_text")}
    draft = Draft("report", turn.message.id, values=known if all(known.values()) else {})
    return [SlotSet("draft", draft.to_slot()), FollowupAction("report_form")]


REOPENED_FOR = timedelta(days=30)
"""So long after closing “又坏了” goes back to the same request (SLA profile, ``reopen_days``)."""


def _goes_on_with(message: Message, ticket: TicketView) -> bool:
    """Whether words of trouble (“家里还是冷”) can be about the matter of a request that is still worked on."""
    known = message.leaf is not None and bool(ticket.data.get("leaf"))
    return known and ticket.goes_on not in ENDED | FINISHED and is_same(message, ticket)


def is_same(message: Message, ticket: TicketView) -> bool:
    """Whether a message can be about the matter and the place of a finished request."""
    leaf, of_ticket = message.leaf, ticket.data.get("leaf")
    if leaf is not None and of_ticket:
        likely = {leaf.id, *(a for a, _ in leaf.alternatives)}
        if of_ticket not in likely and leaf.id != "none":
            return False
    there = ticket.data.get("place") or {}
    for entity in message.meant("address"):
        said = entity.value if isinstance(entity.value, dict) else {}
        for part in ("building", "unit"):
            if said.get(part) and there.get(part) and str(said[part]) != str(there[part]):
                return False
        name = str(said.get("community") or "")
        if name and there.get("community") and name[:2] not in str(there["community"]):
            return False
    return True


class Rate(OwnTicketAction):
    """A verdict on finished work; who gave it stays unknown to whoever did the work."""

    NAME = RATE
    NONE = "rate_none"
    FINISHED_ONES = True
    INTENT = "rate_service"

    def fitting(self, turn: Turn, found: list[TicketView]) -> list[TicketView]:
        """What was joined to a neighbour's is judged by the neighbour."""
        return super().fitting(turn, [t for t in found if t.state in FINISHED])

    def nothing(self, turn: Turn, open_ones: Sequence[TicketView]) -> list[EventType]:
        """Nobody rates what is not done: “太慢了” hurries it, other words are kept for when it is."""
        if ordered.is_slow(turn.message):
            return [FollowupAction(Urge.NAME)]
        if not open_ones:
            return super().nothing(turn, open_ones)
        turn.say("rate_open", **about_ticket(turn, open_ones[0]))
        return []

    def newest(self, found: Sequence[TicketView]) -> bool:
        """A verdict is about what was finished last."""
        return True

    async def do(self, turn: Turn, client: Client, ticket: TicketView) -> list[EventType]:
        """Store the score, or ask for it."""
        score = read_score(turn.message)
        if score is None:
            turn.say(
                "rate_ask",
                rating_buttons(ticket.ticket_no, elder=turn.elder),
                title=ticket_title(ticket),
                ticket_no=ticket.ticket_no,
            )
            return []
        body = {**body_of(turn), "score": score}
        await client.resident_act(ticket.ticket_no, "rate", body, turn.key("rate"))
        turn.say("rated", score=SCORES[score])
        return []
