"""What is added to an own request, or changed of it."""

from __future__ import annotations

from collections.abc import Sequence

from rasa_sdk.events import EventType, FollowupAction, SlotSet

from actions.client import Client, Json, Refused, TicketView
from actions.filing.submits import say_owner
from actions.filing.whereabouts import resolved
from actions.forms import added, consent
from actions.forms.replies import leftover
from actions.message import Message
from actions.privacy import my_data
from actions.talk import contact, gist, repairs
from actions.talk.echo import say_address
from actions.texts import say
from actions.tickets import amending, completing, ordered, orders, pausing, rebooking, secrecy
from actions.tickets.amending import Change, kind_of, says
from actions.tickets.own import (
    MORE,
    adds,
    brings_evidence,
    forgot,
    place_alone,
    relays,
    same_number,
    ticket_no,
)
from actions.tickets.own_tickets import (
    ANONYMITY,
    CLARIFY,
    COMMUNITY,
    OwnTicketAction,
    about_ticket,
    body_of,
    booked,
    candidates,
    first_action,
    named_in,
    ticket_title,
)
from actions.tickets.withdrawal import LONG_REASON, Withdraw
from actions.turn import REPORTED, Button, Turn, button, short

TELLS = 3
"""So many words beyond entities and filler tell of something."""
MEAL_FORM = "meal_form"
UNDO = "undo"
"""``about`` of the button that takes the last change of an order back."""
KEEP = "keep_told"
"""``about`` of the button that agrees to keep what a change of an order told."""


def _tells_more(turn: Turn, open_ones: Sequence[TicketView]) -> bool:
    """Whether the words can only be more of a request there is.

    Behind “退回重办”, that somebody is at home, a word for whoever comes, or what was forgotten to say of it.
    """
    offered = (turn.standing_offer() or {}).get(MORE) and not turn.message.pending_callback
    sent_back = bool(offered) and adds(turn.message)
    told = forgot(turn.message) or brings_evidence(turn.message)
    more = relays(turn.message) or (told and _of(turn.message, open_ones))
    return sent_back or contact.at_home(turn.message.text) or more


def _of(message: Message, tickets: Sequence[TicketView]) -> bool:
    """Whether the words name no other thing than one of these requests is about (“忘了说，下水道也堵了”)."""
    named = repairs.named(message.text)
    return bool(tickets) and (not named or any(t.data.get("leaf") in named for t in tickets))


NOT_AMENDABLE = frozenset({"state_not_allowed", "nothing_given"})
"""Refusals after which the words are added as they are: the facts are shared, or work has ended."""


class Supplement(OwnTicketAction):
    """Adds words and photos to a request; what they change of its facts is changed there."""

    NAME = "action_supplement"
    NONE = "supplement_none"
    INTENT = "supplement_ticket"

    async def act(self, turn: Turn) -> list[EventType]:
        """Add it; an address right after a question about the grid answers that question."""
        if (events := await self._taken_elsewhere(turn)) is not None:
            return events
        if says("picture", turn.message.text) and not turn.message.attachments:
            turn.say("supplement_picture")
            return []
        async with turn.client() as client:
            tickets = await client.tickets(turn.conversation_id)
            open_ones = candidates(tickets, turn.message, False)
            number = self.asked_about(turn)
            open_ones = [t for t in open_ones if t.ticket_no == number] or open_ones
            open_ones = orders.for_whom(turn.message, open_ones)
            if turn.message.about == UNDO:
                return await self._undo(turn, client, open_ones)
            if (noted := await self._noted(turn, client, open_ones)) is not None:
                return noted
            changed = await rebooking.changes(turn.message, client, open_ones) or [
                (t, c) for t in open_ones if (c := amending.change_of(turn.message, t))
            ]
            if len(changed) > 1:
                named = named_in(turn.message.text, [t for t, _ in changed])
                changed = [each for each in changed if each[0] in named]
            if changed and number is None and amending.bare_day(turn.message):
                return self._ask_day(turn, *changed[0])
            if changed:
                return await self._amend(turn, client, *changed[0])
        return await self._otherwise(turn, open_ones)

    async def _otherwise(self, turn: Turn, open_ones: Sequence[TicketView]) -> list[EventType]:
        """Add what changes nothing; what no open request can be meant by goes where it was first taken."""
        if amending.takes_back_other_day(turn.message, open_ones):
            return [FollowupAction(Withdraw.NAME)]
        if not open_ones and my_data.wish(turn.message) == my_data.CORRECT:
            return [FollowupAction(my_data.MyData.NAME)]
        if not open_ones and turn.message.attachments and not turn.message.verbatim:
            turn.say("photo_kept")
            return [FollowupAction("report_form")]  # which keeps the photo and asks what it shows
        first = first_action(turn)
        if relays(turn.message) and not open_ones:
            return self._nobody_comes(turn, first)
        handed_on = (
            first
            and first != self.NAME
            and turn.choice is None
            and not _tells_more(turn, open_ones)
        )
        if handed_on and amending.takes_back_order(turn.message):
            turn.say("orders_none")
            return []
        if first == MEAL_FORM and amending.of_food_alone(turn.message):
            return [FollowupAction("report_form")]
        if first and handed_on and not turn.message.pinned:
            return [FollowupAction(first)]
        return await super().act(turn)

    @staticmethod
    def _nobody_comes(turn: Turn, first: str | None) -> list[EventType]:
        """A word for whoever comes, and nobody does: what is told beside it is done, else asked for."""
        wrong = gist.tells_wrong(turn.message.text)
        if wrong and first and first.endswith("_form") and turn.loop is None:
            return [FollowupAction(first)]
        turn.say("relay_none", words=short(turn.message.verbatim))
        return []

    async def _taken_elsewhere(self, turn: Turn) -> list[EventType] | None:
        """Answer what no request has to be looked up for: it was asked for, or it is a pause."""
        if turn.message.about == KEEP:
            return await _keep(turn)
        if place_alone(turn.message) and turn.last_action() == COMMUNITY:
            return [FollowupAction(CLARIFY)]
        if (secret := secrecy.wish(turn.message)) is not None:
            return await self._secrecy(turn, secret)
        completed = await completing.step(turn)
        return await pausing.step(turn) if completed is None else completed

    async def _secrecy(self, turn: Turn, secret: bool) -> list[EventType]:
        """Keep from now on who reported, or give it; without a request it is said how names are kept."""
        async with turn.client() as client:
            tickets = secrecy.reported(await client.tickets(turn.conversation_id))
            number, filed = ticket_no(turn.message), turn.last_filed() == REPORTED
            found = [t for t in tickets if number and same_number(t.ticket_no, number)]
            found = found or named_in(turn.message.text, tickets)
            if not found:
                return [FollowupAction(ANONYMITY)]
            if len(found) > 1 and not filed:  # else what was told last is meant
                return self._ask_which(turn, found)
            await secrecy.keep(turn, client, found[0], secret)
        return []

    async def _noted(
        self, turn: Turn, client: Client, open_ones: Sequence[TicketView]
    ) -> list[EventType] | None:
        """Write down what changes nothing of an order: more to be done, or one day that is otherwise.

        The same once more on another day is an order of its own; of a standing one it is a pause until then.
        """
        if orders.again(turn.message) and not any(amending.is_habit(t) for t in open_ones):
            return [FollowupAction(MEAL_FORM)]
        if more := ordered.added_to(turn.message, open_ones):
            return await self._note_more(turn, client, more)
        once = [t for t in open_ones if amending.for_once(turn.message, t)]
        return await self._note_once(turn, client, once[0]) if once else None

    @staticmethod
    async def _note_once(turn: Turn, client: Client, ticket: TicketView) -> list[EventType]:
        """Write on a standing order what is wished for some of its days only."""
        key = turn.key("supplement")
        view = await client.resident_act(ticket.ticket_no, "supplement", body_of(turn), key)
        words = short(turn.message.verbatim, LONG_REASON)
        key = "order_once" if kind_of(ticket) == amending.MEAL else "visit_once"
        phone = (view.data.get("owner") or {}).get("phone")
        call = say("order_once_phone", phone=phone) if phone else ""
        turn.say(key, custom=view.card(), words=words, phone=call)
        return []

    @staticmethod
    async def _note_more(turn: Turn, client: Client, ticket: TicketView) -> list[EventType]:
        """Write on a booking what is to be done or brought as well; who comes says whether it goes in one visit."""
        key = turn.key("supplement")
        view = await client.resident_act(ticket.ticket_no, "supplement", body_of(turn), key)
        if added.note(turn.message):
            turn.say("supplemented", custom=view.card(), **about_ticket(turn, view, ticket))
            return []
        turn.say(
            "ordered_more",
            custom=view.card(),
            words=short(turn.message.verbatim, LONG_REASON),
            what=booked(ticket) or ticket_title(ticket),
            ticket_no=ticket.ticket_no,
            provider=view.owner or ticket.owner or say("booking_arranger"),
        )
        return []

    @staticmethod
    def _ask_day(turn: Turn, ticket: TicketView, change: Change) -> list[EventType]:
        """Ask whether a day said alone is to move the order: it may as well be another one."""
        about = f'"about":"m:{turn.message.id}"'
        yes = f'/supplement_ticket{{"ticket_no":"{ticket.ticket_no}",{about}}}'
        buttons = [button(say("button_move"), yes), button(say("button_keep_day"), "/deny")]
        if kind_of(ticket) == amending.MEAL:
            buttons.append(button(say("button_order_another"), f"/book_meal{{{about}}}"))
        changes = amending.said(change.lines)
        turn.say("amend_ask", buttons, title=ticket_title(ticket), changes=changes)
        return [SlotSet("offer", {"id": turn.message.id, "yes": yes, "no": "/deny"})]

    async def _amend(
        self, turn: Turn, client: Client, ticket: TicketView, change: Change
    ) -> list[EventType]:
        """Change the facts and read back what they are now and were before."""
        if change.cancels:
            return [FollowupAction(Withdraw.NAME)]
        body: Json = body_of(turn)
        if change.appointment:
            body["appointment"] = change.appointment
        if change.certificate:
            body["certificate"] = change.certificate
        if change.phone or change.wish:
            body["contact"] = {"phone": change.phone or None, "pref": change.wish or None}
        lines = list(change.lines)
        if change.address:
            where = await resolved(turn, client, ticket, change.address, change.address_text)
            if where is None:
                return await self._place_unknown(turn, client, ticket, change)
            body |= where
            known = str(ticket.data.get("location_text") or "")
            door = say_address({part: change.address.get(part) for part in ("floor", "room")})
            label = str(where["place"]["label"])
            lines[-1] = (label if door in label else f"{label}{door}", known)
        try:
            view = await client.resident_act(ticket.ticket_no, "amend", body, turn.key("amend"))
        except Refused as refused:
            if refused.code in NOT_AMENDABLE:
                return await self.do(turn, client, ticket)
            turn.say("amend_refused", reason=refused.message)
            return []
        before = ticket.data.get("appointment") or {}
        told = consent.told_by(
            before, {**before, **change.appointment}, ticket.data.get("relation"), turn.message
        )
        changes = amending.said(tuple(lines))
        self._say_changed(turn, view, changes, bool(change.appointment), told)
        return []

    @staticmethod
    def _say_changed(
        turn: Turn, view: TicketView, changes: str, undoable: bool, told: tuple[str, str] | None
    ) -> None:
        """Read a change back; what is sensitive of it serves this order, unless “也记下” keeps it."""

        def way(title: str, about: str) -> Button:
            facts = f'"ticket_no":"{view.ticket_no}","about":"{about}"'
            return button(say(title), f"/supplement_ticket{{{facts}}}")

        buttons = [way("button_back", UNDO)] if undoable else []
        once = ""
        if told is not None:
            buttons.insert(0, way("button_keep_told", KEEP))
            purpose, what = told
            once = say("amended_once", told=say(f"may_keep_{purpose}", turn.elder, what=what))
        turn.say(
            "amended", buttons, custom=view.card(), changes=changes, **about_ticket(turn, view, view),
            owner=say_owner(view) if view.owner and not undoable else "", once=once,
        )  # fmt: skip

    @staticmethod
    async def _place_unknown(
        turn: Turn, client: Client, ticket: TicketView, change: Change
    ) -> list[EventType]:
        """Keep the words on the ticket; a person reads where it is."""
        key = turn.key("supplement")
        view = await client.resident_act(ticket.ticket_no, "supplement", body_of(turn), key)
        turn.say("amend_place_unknown", custom=view.card(), known=change.address_text)
        return []

    async def _undo(
        self, turn: Turn, client: Client, open_ones: Sequence[TicketView]
    ) -> list[EventType]:
        """Put the last change of an order back."""
        before = (open_ones[0].data.get("amended") or {}) if open_ones else {}
        if not before:
            turn.say("button_gone")
            return []
        body: Json = {**body_of(turn), "text": say("told_back"), "appointment": before}
        number = open_ones[0].ticket_no
        try:
            view = await client.resident_act(number, "amend", body, turn.key("amend"))
        except Refused as refused:
            turn.say("amend_refused", reason=refused.message)
            return []
        turn.say("amended_back", custom=view.card(), **about_ticket(turn, view, view))
        return []

    def asked_about(self, turn: Turn) -> str | None:
        """Return the order that a number names or that was chosen, or the ticket that was just sent back."""
        return (turn.standing_offer() or {}).get(MORE) or orders.chosen(turn)

    def nothing(self, turn: Turn, open_ones: Sequence[TicketView]) -> list[EventType]:
        """An address without a matter is heard as such; what tells of something is reported."""
        if place_alone(turn.message) or turn.message.pinned:
            return [FollowupAction(CLARIFY)]
        tells = len(leftover(turn.message)) >= TELLS and not contact.only_reaching(turn.message)
        if turn.loop is None and tells:
            return [FollowupAction("report_form")]
        return super().nothing(turn, open_ones)

    async def do(self, turn: Turn, client: Client, ticket: TicketView) -> list[EventType]:
        """Add what was said; of an order from the list nothing is said yet."""
        told = len(leftover(turn.message)) >= TELLS and not orders.numbered(turn)
        if turn.message.about == orders.ABOUT or (orders.numbered(turn) and not told):
            return orders.ask_what(turn, ticket)
        body = {**body_of(turn), "attachments": list(turn.message.attachments)}
        if len(leftover(turn.message)) < 2 and not (turn.message.entities or body["attachments"]):
            turn.say("supplement_what", title=ticket_title(ticket), ticket_no=ticket.ticket_no)
            return [SlotSet("offer", {"id": turn.message.id, "order": ticket.ticket_no})]
        key = turn.key("supplement")
        view = await client.resident_act(ticket.ticket_no, "supplement", body, key)
        turn.say("supplemented", custom=view.card(), **about_ticket(turn, view, ticket))
        return []


async def _keep(turn: Turn) -> list[EventType]:
    """Keep what a change told: the separate consent, in one tap or its word."""
    async with turn.client() as client:
        try:
            number = ticket_no(turn.message) or ""
            kept = await client.keep_told(number, turn.conversation_id, turn.key("keep"))
        except Refused:
            kept = []
    turn.say("told_kept" if kept else "button_gone")
    return []
