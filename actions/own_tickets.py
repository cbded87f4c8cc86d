"""What residents do with requests they have made: look, hurry, add, take back, judge."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from datetime import timedelta

from rasa_sdk.events import EventType, FollowupAction, SlotSet

from actions import (
    amending,
    completing,
    contact,
    gist,
    my_data,
    ordered,
    ordered_answers,
    orders,
    pausing,
    rebooking,
    secrecy,
    waiting,
    withdrawing,
)
from actions.amending import Change, kind_of, says
from actions.callback import SCORES, names_thing, rating_buttons, read_score
from actions.client import Client, Json, Refused, TicketView
from actions.dialogue import load
from actions.echo import say_address
from actions.form_actions import say_due, say_owner
from actions.forms import added, consent
from actions.forms.draft import Draft
from actions.forms.replies import bare, leftover
from actions.heard import number_before
from actions.message import Leaf, Message, read_time
from actions.offers import report_of
from actions.own import (
    MORE,
    REVIEW,
    adds,
    asks_how_many,
    broke_again,
    code_alone,
    mended,
    place_alone,
    query_code,
    relays,
    same_number,
    ticket_no,
)
from actions.texts import say
from actions.turn import RASAS_OWN, Button, Turn, TurnAction, button, short
from actions.whereabouts import resolved

FINISHED = frozenset({"RESOLVED", "CLOSED"})
REFUSED = frozenset({"NOT_ACCEPTED", "TERMINATED"})
ENDED = frozenset({"CLOSED", "WITHDRAWN", "HANDED_OFF"}) | REFUSED
SHOWN = 3
TELLS = 3
"""So many words beyond entities and filler tell of something."""
CLARIFY = "action_clarify"
ANONYMITY = "action_anonymity"
SUBMIT_REPORT = "action_submit_report"
MEAL_FORM = "meal_form"
COMMUNITY = "action_community_info"
UNDO = "undo"
"""``about`` of the button that takes the last change of an order back."""
KEEP = "keep_told"
"""``about`` of the button that agrees to keep what a change of an order told."""
WHY = "why:"
"""Prefix of an ``about`` value that says why a request is taken back."""


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
        if asks_how_many(turn.message):
            return self._how_many(turn, tickets)
        if says("owner", turn.message.text):
            return self._who(turn, tickets)
        if says("done_when", turn.message.text):
            return self._when(turn, tickets)
        if not tickets:
            if says("phoned", turn.message.text) and turn.loop is None:
                turn.say("progress_phoned")
                return [FollowupAction("report_form")]
            turn.say("progress_need_code" if query_code(turn.message) else "progress_none")
            return []
        most = _most(turn)
        shown = [progress(t, turn.message) for t in tickets[:most]]
        more = [say("progress_more", n=len(tickets) - most)] if len(tickets) > most else []
        turn.tell("\n".join([say("progress_head"), *shown, *more]), custom=tickets[0].card())
        return []

    async def _arranged(self, turn: Turn) -> list[EventType] | None:
        """Answer about what is ordered, booked and waited for; None: the words ask of something else."""
        if orders.asks(turn.message):
            return await orders.tell(turn)
        kind = turn.asked_of_order(first_action(turn))
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
    def _who(turn: Turn, tickets: Sequence[TicketView]) -> list[EventType]:
        """Name who is in charge of the open ones, with a phone; without any it is another question."""
        known = [t for t in tickets if t.state not in ENDED | FINISHED and t.owner]
        first = first_action(turn)
        if not known and first:
            return [FollowupAction(first)]
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


def _tells_more(turn: Turn) -> bool:
    """Whether the words can only be more of a request there is.

    Behind “退回重办”, that somebody is at home, or a word for whoever comes.
    """
    offered = (turn.standing_offer() or {}).get(MORE) and not turn.message.pending_callback
    sent_back = bool(offered) and adds(turn.message)
    return sent_back or contact.at_home(turn.message.text) or relays(turn.message)


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


class Urge(OwnTicketAction):
    """Hurries a request; it never makes a new ticket and never counts against the resident."""

    NAME = "action_urge"

    def nothing(self, turn: Turn, open_ones: Sequence[TicketView]) -> list[EventType]:
        """“太慢了” without a request of one's own means what it was first taken for, but judges nothing."""
        first = first_action(turn)
        other = first and first not in (self.NAME, Rate.NAME)
        if ordered.is_slow(turn.message) and other and turn.loop is None:
            return [FollowupAction(first)]
        return super().nothing(turn, open_ones)

    async def do(self, turn: Turn, client: Client, ticket: TicketView) -> list[EventType]:
        """Send the words to whoever is in charge."""
        view = await client.resident_act(ticket.ticket_no, "urge", body_of(turn), turn.key("urge"))
        turn.say("urged", custom=view.card(), **about_ticket(turn, view, ticket))
        return []


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
        if not open_ones and my_data.wish(turn.message) == my_data.CORRECT:
            return [FollowupAction(my_data.MyData.NAME)]
        first = first_action(turn)
        if relays(turn.message) and not open_ones:
            return self._nobody_comes(turn, first)
        handed_on = first and first != self.NAME and turn.choice is None and not _tells_more(turn)
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
            number, filed = ticket_no(turn.message), turn.last_filed() == SUBMIT_REPORT
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


class Withdraw(OwnTicketAction):
    """Takes a request back after one question; the reason is tapped or said, or was said already."""

    NAME = "action_withdraw"
    NONE = "withdraw_none"
    INTENT = "withdraw_ticket"

    def nothing(self, turn: Turn, open_ones: Sequence[TicketView]) -> list[EventType]:
        """Without a request the words mean what they were first taken for."""
        first = first_action(turn)
        given = [FollowupAction(first)] if first and first != self.NAME else []
        return given or super().nothing(turn, open_ones)

    def asked_about(self, turn: Turn) -> str | None:
        """Return the ticket whose reason was asked for just before."""
        offer = _withdrawing(turn)
        return str(offer["ticket"]) if offer else orders.chosen(turn)

    def fitting(self, turn: Turn, found: list[TicketView]) -> list[TicketView]:
        """“不去了” is about what was agreed, “饭不要了” about the meal."""
        fits = [t for t in found if amending.change_of(turn.message, t).cancels]
        fits = amending.newest_of_habits(fits)
        return named_in(turn.message.text, fits) if fits else super().fitting(turn, found)

    async def do(self, turn: Turn, client: Client, ticket: TicketView) -> list[EventType]:
        """Ask once; a reason, or a yes to the one that is read back, takes it back.

        A meal that is being cooked already stays, and nobody is asked why it should not.
        """
        too_late = await _too_late(client, ticket)
        if too_late:
            turn.say("withdraw_too_late", title=ticket_title(ticket), reason=too_late)
            return [SlotSet("offer", None)]
        offer = _withdrawing(turn) or {}
        code, words = self._reason(turn, offer, kind_of(ticket))
        if code == withdrawing.KEEP:
            turn.say("withdraw_kept", title=ticket_title(ticket), ticket_no=ticket.ticket_no)
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
    def _reason(turn: Turn, offer: Json, kind: str) -> tuple[str | None, str]:
        """Return (code, words): code None asks, with words the reason that is read back."""
        about, text = turn.message.about or "", turn.message.text.strip()
        if about.startswith(WHY):
            code = about.removeprefix(WHY)
            if code == withdrawing.GO:
                return str(offer.get("code") or code), str(offer.get("words") or "")
            return code, withdrawing.title(code) or ""
        said = withdrawing.reason_in(text)
        if not offer:
            vague = names_nothing if kind == amending.OTHER else withdrawing.only_wishes
            no_reason = said is None or (said == "not_needed" and vague(text))
            return None, "" if no_reason else text
        if said and not withdrawing.keeps(text):
            return said, text
        if withdrawing.keeps(text):
            return withdrawing.KEEP, ""
        if withdrawing.untold(text):
            return withdrawing.GO, text  # on record is that it was not told
        if withdrawing.agrees(text):
            # A reason is on record, in the resident's words: if no other, how they agreed.
            return str(offer.get("code") or withdrawing.GO), str(offer.get("words") or text)
        return None, text

    @staticmethod
    def _ask(turn: Turn, ticket: TicketView, words: str) -> list[EventType]:
        """Ask why; when that was said, only whether it is right."""

        def why(title: str, code: str) -> Button:
            facts = f'"ticket_no":"{ticket.ticket_no}","about":"{WHY}{code}"'
            return button(title, f"/withdraw_ticket{{{facts}}}")

        named = orders.words(ticket, turn.message) if orders.numbered(turn) else ""
        about = {"title": named or ticket_title(ticket), "ticket_no": ticket.ticket_no}
        keep = why(say("button_keep"), withdrawing.KEEP)
        if words:
            go = why(say("button_withdraw"), withdrawing.GO)
            turn.say("withdraw_confirm", [go, keep], reason=short(words, LONG_REASON), **about)
        else:
            offered = [why(*each) for each in withdrawing.buttons(kind_of(ticket))]
            turn.say(f"withdraw_ask_{kind_of(ticket)}", [*offered, keep], **about)
        code = withdrawing.reason_in(words) if words else None
        offer = {"id": turn.message.id, "follow": Withdraw.NAME, "ticket": ticket.ticket_no}
        return [SlotSet("offer", {**offer, "code": code, "words": words})]


async def _too_late(client: Client, ticket: TicketView) -> str:
    """Return why a meal can no longer be taken back, with whom to call; empty when it can."""
    order = ticket.data.get("appointment") or {}
    if kind_of(ticket) != amending.MEAL or order.get("habit"):
        return ""
    window = await client.meal_window(str(order.get("date")), str(order["meal"]))
    return str(window.get("withdraw_reason") or "")


LONG_REASON = 40
"""So many characters of a reason are read back."""


def names_nothing(text: str) -> bool:
    """Whether “不用修了” says no more than that it is to be taken back."""
    return len(bare(text)) <= BARE_WISH


BARE_WISH = 16
"""Up to so many characters “那个楼道灯不用修了” gives no reason beside the wish."""


def _withdrawing(turn: Turn) -> Json | None:
    """Return the offer of a withdrawal that this message answers, or None."""
    offer = turn.standing_offer()
    return offer if offer and offer.get("follow") == Withdraw.NAME else None


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

    NAME = "action_rate"
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


def body_of(turn: Turn) -> Json:
    """Return the body of a resident's action: who says it, in their words."""
    return {"conversation_id": turn.conversation_id, "text": turn.message.verbatim}


def ticket_title(ticket: TicketView) -> str:
    """Return the name of a request in a sentence."""
    return ticket.title or say("your_matter")


def about_ticket(turn: Turn, view: TicketView, before: TicketView | None = None) -> dict[str, str]:
    """Return what sentences about a request say: title, number, state and when it is due."""
    before = before or view
    return {
        "title": ticket_title(view if view.title else before),
        "ticket_no": view.ticket_no,
        "state": view.stands(turn.elder),
        "due": due(view, turn.message),
    }
