"""What has become of own requests: their state, when, by whom."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rasa_sdk.events import EventType, FollowupAction

from actions import routing
from actions.action import TurnAction
from actions.client import Refused, TicketView
from actions.filing.submits import say_owner
from actions.message import Message
from actions.talk import gist
from actions.talk.heard import number_before
from actions.texts import say
from actions.tickets import ordered_answers, orders, waiting
from actions.tickets.amending import says
from actions.tickets.own import (
    asks_how_many,
    asks_what_if,
    by_other,
    code_alone,
    query_code,
    ticket_no,
)
from actions.tickets.own_tickets import (
    CLARIFY,
    ENDED,
    FINISHED,
    SHOWN,
    due,
    first_action,
    named_in,
    ticket_title,
)
from actions.tickets.verdicts import is_same
from actions.turn import Turn, button


class QueryProgress(TurnAction):
    """Own requests with their state in plain words and the next promised date."""

    NAME = "action_query_progress"

    async def act(self, turn: Turn) -> list[EventType]:
        """List the newest, or one by number (with its query code when it was made elsewhere)."""
        if (told := await self._arranged(turn)) is not None:
            return told
        number, code = ticket_no(turn.message), query_code(turn.message)
        if not number and code_alone(turn.message):
            number = number_before(turn.tracker.events, turn.message)
        async with turn.client() as client:
            if number:
                try:
                    ticket = await client.ticket(number, turn.conversation_id, code)
                except Refused as refused:
                    if refused.status >= 429:
                        raise
                    turn.say("progress_wrong" if code else "progress_not_found", ticket_no=number)
                    return []
                turn.tell(progress(ticket, turn.message), custom=ticket.card())
                if ticket.data.get("joinable"):
                    _offer_to_join(turn, ticket)
                return []
            tickets = await client.tickets(turn.conversation_id)
        if (answers := self._asked(turn.message)) is not None:
            return answers(turn, tickets)
        if not tickets:
            if turn.loop is None and (anew := _told_elsewhere(turn.message)):
                turn.say(anew)
                return [FollowupAction("report_form")]
            turn.say(_none_known(turn.message))
            return []
        most = _most(turn)
        shown = [progress(t, turn.message) for t in tickets[:most]]
        more = [say("progress_more", n=len(tickets) - most)] if len(tickets) > most else []
        turn.tell("\n".join([say("progress_head"), *shown, *more]), custom=tickets[0].card())
        return []

    def _asked(
        self, message: Message
    ) -> Callable[[Turn, Sequence[TicketView]], list[EventType]] | None:
        """Return what answers a question about one thing of the open requests, or None."""
        if asks_how_many(message):
            return self._how_many
        if asks_what_if(message):
            return self._what_if
        if says("owner", message.text):
            return self._who
        return self._when if says("done_when", message.text) else None

    async def _arranged(self, turn: Turn) -> list[EventType] | None:
        """Answer about what is ordered, booked and waited for; None: the words ask of something else."""
        if orders.asks(turn.message):
            return await orders.tell(turn)
        kind = routing.asked_of_order(turn, first_action(turn))
        if kind and (answered := await self._of_order(turn, kind)) is not None:
            return answered
        return await self._queued(turn) if waiting.asks(turn.message) else None

    @staticmethod
    async def _of_order(turn: Turn, kind: str) -> list[EventType] | None:
        """Answer a question about what is ordered; None: nothing is, and it asks of a report (“你们几时来”) or nothing else."""
        told = await ordered_answers.tell(turn, kind)
        if told is not None:
            return told
        first = first_action(turn)
        handed_on = first and first != QueryProgress.NAME and turn.loop is None
        of_report = any(says(asked, turn.message.text) for asked in ("done_when", "owner"))
        return [FollowupAction(first)] if handed_on and not of_report else None

    @staticmethod
    async def _queued(turn: Turn) -> list[EventType] | None:
        """Say how the resident stands in the queues; None: in none, and the words may mean another matter."""
        if await waiting.tell(turn):
            return []
        first = first_action(turn)
        if first and first != QueryProgress.NAME and turn.loop is None:
            return [FollowupAction(first)]
        if not waiting.asks_position(turn.message):
            return None
        turn.say("queue_none")
        return []

    @staticmethod
    def _when(turn: Turn, tickets: Sequence[TicketView]) -> list[EventType]:
        """Say when the open ones will be answered and why then; without any it is another question."""
        known = [t for t in tickets if t.goes_on not in ENDED | FINISHED]
        first = first_action(turn)
        if not known and first:
            return [FollowupAction(first)]
        if not known:
            turn.say("progress_none")
            return []
        told = [_say_when(t, turn.message) for t in known[: _most(turn)]]
        turn.tell("\n".join(told), custom=known[0].card())
        return []

    @staticmethod
    def _how_many(turn: Turn, tickets: Sequence[TicketView]) -> list[EventType]:
        """Say how many households stand behind the open ones; who tells of another matter reports it.

        Only a number is said, and only of what the resident has told, too.
        """
        known = named_in(turn.message.text, [t for t in tickets if t.goes_on not in ENDED])
        leaf = turn.message.leaf
        told = turn.message.intent == "report_problem" and leaf is not None and leaf.id != "none"
        told = told or (not known and gist.tells_wrong(turn.message.text))
        if told and not any(is_same(turn.message, t) for t in known) and turn.loop is None:
            return [FollowupAction("report_form")]
        if not known:
            turn.say("households_none")
            return []
        turn.tell("\n".join(_say_households(t, turn.elder) for t in known[: _most(turn)]))
        return []

    @staticmethod
    def _what_if(turn: Turn, tickets: Sequence[TicketView]) -> list[EventType]:
        """Say what comes if the newest open one is not done, or not done well; without any it is another question."""
        known = [t for t in tickets if t.goes_on not in ENDED]
        if not known:
            return [FollowupAction(first_action(turn) or CLARIFY)]
        turn.say("progress_what_if", title=ticket_title(known[0]))
        return []

    @staticmethod
    def _who(turn: Turn, tickets: Sequence[TicketView]) -> list[EventType]:
        """Name who is in charge of the open ones, with a phone; without any it is another question."""
        known = [t for t in tickets if t.state not in ENDED | FINISHED and t.owner]
        first = first_action(turn)
        waits = any(t.state not in ENDED | FINISHED for t in tickets)
        other = first and not (waits and first == CLARIFY)  # else nobody is in charge of it yet
        if not known and other:
            return [FollowupAction(str(first))]
        if not known:
            turn.say("progress_none" if not tickets else "progress_no_owner")
            return []
        lines = [
            say(
                "progress_owner",
                turn.elder,
                title=ticket_title(t),
                owner=t.owner,
                phone=say_phone(t),
            )
            for t in known[: _most(turn)]
        ]
        turn.tell("\n".join(lines), custom=known[0].card())
        return []


def _most(turn: Turn) -> int:
    """Return how many requests are told of at once: in large-type mode the newest alone."""
    return 1 if turn.elder else SHOWN


def _say_when(ticket: TicketView, message: Message) -> str:
    """Return when one request will be answered, why then, and by whom."""
    reason = ticket.due_reason.rstrip("。")
    return say(
        "progress_when",
        message.elder,
        title=ticket_title(ticket),
        ticket_no=ticket.ticket_no,
        due=due(ticket, message),
        reason=say("progress_when_reason", reason=reason) if reason else "",
        owner=say_owner(ticket),
        state=ticket.stands(message.elder),
    )


def _say_households(ticket: TicketView, elder: bool) -> str:
    """Return how many households stand behind one request; that it is one alone is no fault."""
    n = int(ticket.data.get("households") or 1)
    key = "households_alone" if n < 2 else "households_told"
    return say(key, elder, title=ticket_title(ticket), ticket_no=ticket.ticket_no, n=n)


def say_phone(ticket: TicketView) -> str:
    """Return the phone of whoever is in charge in words; empty when it is not known."""
    phone = (ticket.data.get("owner") or {}).get("phone")
    return say("owner_phone", phone=phone) if phone else ""


def _offer_to_join(turn: Turn, ticket: TicketView) -> None:
    """Ask whether the place where it was reported and this one are the same person's (adr/0011).

    The services answer the tap themselves; a plain yes as well.
    """
    yes = f'/join_channels{{"ticket_no":"{ticket.ticket_no}"}}'
    turn.say(
        "join_offer", [button(say("button_link"), yes), button(say("button_not_now"), "/deny")]
    )


def progress(ticket: TicketView, message: Message) -> str:
    """Return one request in words."""
    open_ = ticket.state not in ENDED | FINISHED
    return say(
        "progress_line",
        message.elder,
        title=ticket.title or say("your_matter"),
        ticket_no=ticket.ticket_no,
        state=ticket.stands(message.elder),
        due=due(ticket, message) if open_ else "",
        owner=say_owner(ticket) if open_ else "",
    )


def _told_elsewhere(message: Message) -> str | None:
    """Return what is said before a matter that was told elsewhere is reported anew; None: it names no such matter."""
    if says("phoned", message.text):
        return "progress_phoned"
    return "progress_anew" if says("unheeded", message.text) else None


def _none_known(message: Message) -> str:
    """Return the key of what is said when nothing of one's own is known."""
    if by_other(message):
        return "progress_by_other"
    return "progress_need_code" if query_code(message) else "progress_none"
