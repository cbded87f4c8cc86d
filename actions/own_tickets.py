"""What residents do with requests they have made: look, hurry, add, take back, judge."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Sequence

from rasa_sdk.events import EventType, FollowupAction, SlotSet

from actions import withdrawing
from actions.callback import SCORES, names_thing, rating_buttons, read_score
from actions.client import Client, Json, Refused, TicketView
from actions.form_actions import say_due, say_owner
from actions.forms.replies import bare, leftover
from actions.message import Message
from actions.texts import say
from actions.turn import Button, Turn, TurnAction, button, short

FINISHED = frozenset({"RESOLVED", "CLOSED"})
ENDED = frozenset({"CLOSED", "WITHDRAWN", "TERMINATED", "NOT_ACCEPTED", "MERGED", "HANDED_OFF"})
SHOWN = 3
TELLS = 3
"""So many words beyond entities and filler tell of something."""
CLARIFY = "action_clarify"
COMMUNITY = "action_community_info"
_NUMBER = re.compile(r"[Ss][Qq]-?\d{6}-?\d{5}-?\d")
_CODE = re.compile(r"(?<![\d-])\d{6}(?![\d-])")
WHY = "why:"
"""Prefix of an ``about`` value that says why a request is taken back."""


def ticket_no(message: Message) -> str | None:
    """Return the ticket number that was said or tapped, or None."""
    for entity in message.meant("ticket_no"):
        if str(entity.value).upper().startswith("SQ"):
            return str(entity.value)
    found = _NUMBER.search(message.text)
    return found.group(0).upper() if found else None


def query_code(message: Message) -> str:
    """Return the six-digit query code in the message, or an empty string."""
    for entity in message.all("ticket_no"):
        if re.fullmatch(r"\d{6}", str(entity.value)):
            return str(entity.value)
    found = _CODE.search(_NUMBER.sub("", message.text))
    return found.group(0) if found else ""


def candidates(tickets: Sequence[TicketView], message: Message, finished: bool) -> list[TicketView]:
    """Return the tickets the message can be about: the one named, else the open or finished ones.

    Args:
        tickets: The resident's own, newest first.
        message: What was said.
        finished: True for what is done (to judge), False for what is being worked on.
    """
    named = ticket_no(message)
    if named:
        return [t for t in tickets if _same(t.ticket_no, named)]
    if finished:
        return [t for t in tickets if t.state in FINISHED]
    return [t for t in tickets if t.state not in ENDED]


def _same(a: str, b: str) -> bool:
    return a.replace("-", "").upper() == b.replace("-", "").upper()


class QueryProgress(TurnAction):
    """Own requests with their state in plain words and the next promised date."""

    NAME = "action_query_progress"

    async def act(self, turn: Turn) -> list[EventType]:
        """List the newest, or one by number (with its query code when it was made elsewhere)."""
        number = ticket_no(turn.message)
        async with turn.client() as client:
            if number:
                try:
                    code = query_code(turn.message)
                    ticket = await client.ticket(number, turn.conversation_id, code)
                except Refused as refused:
                    if refused.status >= 429:
                        raise
                    turn.say("progress_not_found", ticket_no=number)
                    return []
                turn.tell(progress(ticket), custom=ticket.card())
                if ticket.data.get("joinable"):
                    _offer_to_join(turn, ticket)
                return []
            tickets = await client.tickets(turn.conversation_id)
        if not tickets:
            turn.say("progress_need_code" if query_code(turn.message) else "progress_none")
            return []
        shown = [progress(t) for t in tickets[:SHOWN]]
        more = [say("progress_more", n=len(tickets) - SHOWN)] if len(tickets) > SHOWN else []
        turn.tell("\n".join([say("progress_head"), *shown, *more]), custom=tickets[0].card())
        return []


def _offer_to_join(turn: Turn, ticket: TicketView) -> None:
    """Ask whether the place where it was reported and this one are the same person's (adr/0011).

    The services answer the tap themselves; a plain yes as well.
    """
    yes = f'/join_channels{{"ticket_no":"{ticket.ticket_no}"}}'
    turn.say("join_offer", [button("连起来", yes), button("先不用", "/deny")])


def progress(ticket: TicketView) -> str:
    """Return one request in words."""
    open_ = ticket.state not in ENDED | FINISHED
    return say(
        "progress_line",
        title=ticket.title or "您报的事",
        ticket_no=ticket.ticket_no,
        state=_state(ticket),
        due=say_due(ticket) if open_ else "",
        owner=say_owner(ticket) if open_ else "",
    )


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
            found = [t for t in tickets if t.ticket_no == chosen] or found
            if not found:
                return self.nothing(turn, candidates(tickets, turn.message, False))
            if len(found) > 1 and not self.newest(found):
                return self._ask_which(turn, found)
            return await self.do(turn, client, found[0])

    def asked_about(self, turn: Turn) -> str | None:
        """Return the ticket that the question just before this message was about."""
        return None

    def newest(self, found: Sequence[TicketView]) -> bool:
        """Whether the newest one is meant without asking."""
        return False

    def nothing(self, turn: Turn, open_ones: Sequence[TicketView]) -> list[EventType]:
        """Say that there is no such ticket; ``open_ones`` are still being worked on."""
        turn.say(self.NONE)
        return []

    def _ask_which(self, turn: Turn, found: Sequence[TicketView]) -> list[EventType]:
        """Offer the newest ones; a tap or “第一个” chooses."""
        about = f'"about":"m:{turn.message.id}"'
        shown = found[:SHOWN]
        titles = [f"{t.title or '您报的事'}（{t.ticket_no}）" for t in shown]
        payloads = [f'/{self.INTENT}{{"ticket_no":"{t.ticket_no}",{about}}}' for t in shown]
        turn.say("which_ticket", [button(*each) for each in zip(titles, payloads, strict=True)])
        return []

    @abstractmethod
    async def do(self, turn: Turn, client: Client, ticket: TicketView) -> list[EventType]:
        """Do the thing with the one ticket."""


class Urge(OwnTicketAction):
    """Hurries a request; it never makes a new ticket and never counts against the resident."""

    NAME = "action_urge"

    async def do(self, turn: Turn, client: Client, ticket: TicketView) -> list[EventType]:
        """Send the words to whoever is in charge."""
        view = await client.resident_act(ticket.ticket_no, "urge", _body(turn), turn.key("urge"))
        turn.say("urged", custom=view.card(), **_about(view, ticket))
        return []


class Supplement(OwnTicketAction):
    """Adds words and photos to a request."""

    NAME = "action_supplement"
    NONE = "supplement_none"
    INTENT = "supplement_ticket"

    async def act(self, turn: Turn) -> list[EventType]:
        """Add it; an address right after a question about the grid answers that question."""
        if _place_alone(turn.message) and turn.last_action() == COMMUNITY:
            return [FollowupAction(CLARIFY)]
        return await super().act(turn)

    def nothing(self, turn: Turn, open_ones: Sequence[TicketView]) -> list[EventType]:
        """An address without a matter is heard as such; what tells of something is reported."""
        if _place_alone(turn.message):
            return [FollowupAction(CLARIFY)]
        if turn.loop is None and len(leftover(turn.message)) >= TELLS:
            return [FollowupAction("report_form")]
        return super().nothing(turn, open_ones)

    async def do(self, turn: Turn, client: Client, ticket: TicketView) -> list[EventType]:
        """Add what was said."""
        body = {**_body(turn), "attachments": list(turn.message.attachments)}
        if len(leftover(turn.message)) < 2 and not (turn.message.entities or body["attachments"]):
            turn.say("supplement_what", title=_title(ticket), ticket_no=ticket.ticket_no)
            return []
        key = turn.key("supplement")
        view = await client.resident_act(ticket.ticket_no, "supplement", body, key)
        turn.say("supplemented", custom=view.card(), **_about(view, ticket))
        return []


class Withdraw(OwnTicketAction):
    """Takes a request back after one question; the reason is tapped or said, or was said already."""

    NAME = "action_withdraw"
    NONE = "withdraw_none"
    INTENT = "withdraw_ticket"

    def asked_about(self, turn: Turn) -> str | None:
        """Return the ticket whose reason was asked for just before."""
        offer = _withdrawing(turn)
        return str(offer["ticket"]) if offer else None

    async def do(self, turn: Turn, client: Client, ticket: TicketView) -> list[EventType]:
        """Ask once; a reason, or a yes to the one that is read back, takes it back."""
        offer = _withdrawing(turn) or {}
        code, words = self._reason(turn, offer)
        if code == withdrawing.KEEP:
            turn.say("withdraw_kept", title=_title(ticket), ticket_no=ticket.ticket_no)
            return [SlotSet("offer", None)]
        if code is None:
            return self._ask(turn, ticket, words)
        pressed = code == withdrawing.PRESSED
        body: Json = {"conversation_id": turn.conversation_id, "persuaded": pressed}
        if words:
            body["reason"] = words
        view = await client.resident_act(ticket.ticket_no, "withdraw", body, turn.key("withdraw"))
        sentence = "withdraw_pressed" if pressed else "withdrawn"
        turn.say(sentence, custom=view.card(), ticket_no=view.ticket_no)
        return [SlotSet("offer", None)]

    @staticmethod
    def _reason(turn: Turn, offer: Json) -> tuple[str | None, str]:
        """Return (code, words): code None asks, with words the reason that is read back."""
        about, text = turn.message.about or "", turn.message.text.strip()
        if about.startswith(WHY):
            code = about.removeprefix(WHY)
            if code == withdrawing.GO:
                return str(offer.get("code") or code), str(offer.get("words") or "")
            return code, withdrawing.title(code) or ""
        said = withdrawing.reason_in(text)
        if not offer:
            vague = said == "not_needed" and names_nothing(text)
            return None, "" if vague or said is None else text
        if said and not withdrawing.keeps(text):
            return said, text
        if withdrawing.keeps(text):
            return withdrawing.KEEP, ""
        if withdrawing.agrees(text):
            return str(offer.get("code") or withdrawing.GO), str(offer.get("words") or "")
        return None, text

    @staticmethod
    def _ask(turn: Turn, ticket: TicketView, words: str) -> list[EventType]:
        """Ask why; when that was said, only whether it is right."""

        def why(title: str, code: str) -> Button:
            facts = f'"ticket_no":"{ticket.ticket_no}","about":"{WHY}{code}"'
            return button(title, f"/withdraw_ticket{{{facts}}}")

        about = {"title": _title(ticket), "ticket_no": ticket.ticket_no}
        keep = why("先不撤", withdrawing.KEEP)
        if words:
            go = why("撤掉", withdrawing.GO)
            turn.say("withdraw_confirm", [go, keep], reason=short(words, LONG_REASON), **about)
        else:
            offered = [why(*each) for each in withdrawing.buttons(kind_of(ticket))]
            turn.say("withdraw_ask", [*offered, keep], **about)
        code = withdrawing.reason_in(words) if words else None
        offer = {"id": turn.message.id, "follow": Withdraw.NAME, "ticket": ticket.ticket_no}
        return [SlotSet("offer", {**offer, "code": code, "words": words})]


LONG_REASON = 40
"""So many characters of a reason are read back."""


def names_nothing(text: str) -> bool:
    """Whether “不用修了” says no more than that it is to be taken back."""
    return len(bare(text)) <= BARE_WISH


BARE_WISH = 8


def _withdrawing(turn: Turn) -> Json | None:
    """Return the offer of a withdrawal that this message answers, or None."""
    offer = turn.standing_offer()
    return offer if offer and offer.get("follow") == Withdraw.NAME else None


def kind_of(ticket: TicketView) -> str:
    """Return ``meal``, ``appointment`` or ``other``: what a change of it can be."""
    appointment = ticket.data.get("appointment") or {}
    if appointment.get("meal"):
        return "meal"
    if appointment or ticket.data.get("kind") == "booking":
        return "appointment"
    return "other"


class Reject(OwnTicketAction):
    """It is not solved, or broke again: the request goes back for another round."""

    NAME = "action_reject"
    NONE = "reject_none"
    FINISHED_ONES = True
    INTENT = "reject_resolution"

    def newest(self, found: Sequence[TicketView]) -> bool:
        """The only one that waits for a verdict is the one that is meant."""
        return [t.state for t in found].count("RESOLVED") == 1 and found[0].state == "RESOLVED"

    def nothing(self, turn: Turn, open_ones: Sequence[TicketView]) -> list[EventType]:
        """What is still being worked on is not rejected but hurried; else it is a new problem.

        The new problem takes the words just said, if they say what is wrong.
        """
        if open_ones:
            return self._still_open(turn, open_ones)
        turn.say(self.NONE)
        tells = names_thing(turn.message) and turn.loop is None
        return [FollowupAction("report_form")] if tells else []

    @staticmethod
    def _still_open(turn: Turn, open_ones: Sequence[TicketView]) -> list[EventType]:
        """Say how the newest stands and offer to hurry; a typed yes asks which when there are more."""
        ticket = open_ones[0]
        urge = f'/urge_ticket{{"ticket_no":"{ticket.ticket_no}"}}'
        buttons = [button("催一下", urge), button("先不催", "/deny")]
        turn.say("reject_open", buttons, **_about(ticket, ticket))
        return [SlotSet("offer", {"id": turn.message.id, "follow": Urge.NAME})]

    async def do(self, turn: Turn, client: Client, ticket: TicketView) -> list[EventType]:
        """Send it back with the resident's words."""
        view = await client.resident_act(
            ticket.ticket_no, "reject", _body(turn), turn.key("reject")
        )
        turn.say("rejected", custom=view.card(), **_about(view, ticket))
        return []


class Rate(OwnTicketAction):
    """A verdict on finished work; who gave it stays unknown to whoever did the work."""

    NAME = "action_rate"
    NONE = "rate_none"
    FINISHED_ONES = True
    INTENT = "rate_service"

    def newest(self, found: Sequence[TicketView]) -> bool:
        """A verdict is about what was finished last."""
        return True

    async def do(self, turn: Turn, client: Client, ticket: TicketView) -> list[EventType]:
        """Store the score, or ask for it."""
        score = read_score(turn.message)
        if score is None:
            turn.say(
                "rate_ask",
                rating_buttons(ticket.ticket_no),
                title=_title(ticket),
                ticket_no=ticket.ticket_no,
            )
            return []
        body = {**_body(turn), "score": score}
        await client.resident_act(ticket.ticket_no, "rate", body, turn.key("rate"))
        turn.say("rated", score=SCORES[score])
        return []


def _body(turn: Turn) -> dict[str, object]:
    return {"conversation_id": turn.conversation_id, "text": turn.message.text}


def _place_alone(message: Message) -> bool:
    return bool(message.all("address")) and not leftover(message)


def _state(ticket: TicketView) -> str:
    return (ticket.state_text or ticket.state).rstrip("。")


def _title(ticket: TicketView) -> str:
    return ticket.title or "您报的事"


def _about(view: TicketView, before: TicketView) -> dict[str, str]:
    return {
        "title": _title(view if view.title else before),
        "ticket_no": view.ticket_no,
        "state": _state(view),
        "due": say_due(view),
    }
