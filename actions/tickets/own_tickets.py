"""What every action on an own request shares: which one is meant, and how it is named."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

from rasa_sdk.events import EventType, FollowupAction

from actions.action import TurnAction
from actions.client import Client, Json, TicketView
from actions.dialogue import load
from actions.filing.submits import say_due
from actions.message import Leaf, Message, read_time
from actions.talk import gist
from actions.talk.offers import report_of
from actions.texts import Gaps, say
from actions.tickets.amending import says
from actions.tickets.own import mended, same_number, ticket_no
from actions.turn import RASAS_OWN, Turn, button

FINISHED = frozenset({"RESOLVED", "CLOSED"})
REFUSED = frozenset({"NOT_ACCEPTED", "TERMINATED"})
ENDED = frozenset({"CLOSED", "WITHDRAWN", "HANDED_OFF"}) | REFUSED
SHOWN = 3
CLARIFY = "action_clarify"
RATE = "action_rate"
ANONYMITY = "action_anonymity"
COMMUNITY = "action_community_info"


def candidates(tickets: Sequence[TicketView], message: Message, finished: bool) -> list[TicketView]:
    """Return the tickets the message can be about: the one named, else the open or finished ones.

    Args:
        tickets: The resident's own, newest first.
        message: What was said.
        finished: True for what is done (to judge), False for what is being worked on.
    """
    named = ticket_no(message)
    if named:
        return [t for t in tickets if same_number(t.ticket_no, named)]
    if finished:
        return [t for t in tickets if t.goes_on in FINISHED]
    return [t for t in tickets if t.goes_on not in ENDED]


def first_action(turn: Turn) -> str | None:
    """Return the action that the message was first taken for, when it was handed on to this one."""
    ran = [name for name in turn.actions_since_message() if name not in RASAS_OWN]
    return ran[0] if ran else None


def due(ticket: TicketView, message: Message) -> str:
    """Return the promised time in words; of one that is over, that it is over."""
    at = ticket.data.get("due_at")
    if at and ticket.due_text and read_time(str(at)) < message.now:
        return say("due_overdue", due=ticket.due_text)
    return say_due(ticket)


class OwnTicketAction(TurnAction):
    """Finds the one ticket a message is about; asks when there are several."""

    NONE = "urge_none"
    FINISHED_ONES = False
    INTENT = "urge_ticket"

    async def act(self, turn: Turn) -> list[EventType]:
        """Pick the ticket and do the thing."""
        chosen = self.asked_about(turn)
        async with turn.client() as client:
            tickets = await client.tickets(turn.conversation_id)
            found = candidates(tickets, turn.message, self.FINISHED_ONES)
            found = [t for t in tickets if t.ticket_no == chosen] or self.fitting(turn, found)
            if not found:
                return self.nothing(turn, candidates(tickets, turn.message, False))
            if len(found) > 1 and not self.newest(found):
                return self._ask_which(turn, found)
            return await self.do(turn, client, found[0])

    def asked_about(self, turn: Turn) -> str | None:
        """Return the ticket that the question just before this message was about."""
        return None

    def fitting(self, turn: Turn, found: list[TicketView]) -> list[TicketView]:
        """Return those that the words fit; all of them when the words choose none."""
        return named_in(turn.message.text, found)

    def newest(self, found: Sequence[TicketView]) -> bool:
        """Whether the newest one is meant without asking."""
        return False

    def nothing(self, turn: Turn, open_ones: Sequence[TicketView]) -> list[EventType]:
        """Say that there is no such ticket; ``open_ones`` are still being worked on.

        Who has none and tells in anger what is wrong reports it.
        """
        if not open_ones and turn.loop is None and says("mend", turn.message.text):
            leaf = mended(turn.message.text)
            return report_of(turn, Leaf(leaf, 1.0) if leaf else None)
        if not open_ones and turn.loop is None and gist.tells_matter(turn.message.text):
            return [FollowupAction("report_form")]
        turn.say(self.NONE)
        return []

    def _ask_which(self, turn: Turn, found: Sequence[TicketView]) -> list[EventType]:
        """Offer the newest ones; a tap or “第一个” chooses."""
        about = f'"about":"m:{turn.message.id}"'
        shown = found[:SHOWN]
        titles = [f"{t.title or say('your_matter')}（{t.ticket_no}）" for t in shown]
        payloads = [f'/{self.INTENT}{{"ticket_no":"{t.ticket_no}",{about}}}' for t in shown]
        turn.say("which_ticket", [button(*each) for each in zip(titles, payloads, strict=True)])
        return []

    @abstractmethod
    async def do(self, turn: Turn, client: Client, ticket: TicketView) -> list[EventType]:
        """Do the thing with the one ticket."""


def booked(ticket: TicketView) -> str:
    """Return what is booked in words (``活动场地：会议室``); empty when nothing is."""
    return str((ticket.data.get("appointment") or {}).get("what") or "")


def named_in(text: str, found: list[TicketView]) -> list[TicketView]:
    """Return the one whose matter the words name (“那个灯” of a lamp and a drain), else all of them.

    Args:
        text: What was said.
        found: Requests; of a title only what is beside the place is its matter, and what is booked.
    """
    said = set(text) - set(load("own")["no_name"])
    shared = [
        len(said & set(t.title.replace(str(t.data.get("location_text") or ""), "") + booked(t)))
        for t in found
    ]
    first, second = sorted([*shared, 0, 0], reverse=True)[:2]
    return [found[shared.index(first)]] if first > 2 * second else found


def body_of(turn: Turn) -> Json:
    """Return the body of a resident's action: who says it, in their words."""
    return {"conversation_id": turn.conversation_id, "text": turn.message.verbatim}


def ticket_title(ticket: TicketView) -> str:
    """Return the name of a request in a sentence."""
    return ticket.title or say("your_matter")


def about_ticket(turn: Turn, view: TicketView, before: TicketView | None = None) -> Gaps:
    """Return what sentences about a request say: title, number, state and when it is due."""
    before = before or view
    return {
        "title": ticket_title(view if view.title else before),
        "ticket_no": view.ticket_no,
        "state": view.stands(turn.elder),
        "due": due(view, turn.message),
    }
