"""Rasa's side of bookings: a visit, a helper, a place, a course (``actions.forms.booking``)."""

from __future__ import annotations

from rasa_sdk.events import EventType, FollowupAction, SlotSet

from actions import leaves
from actions.client import Client, Json, Refused, ServiceAway, TicketView
from actions.echo import say_date
from actions.form_actions import FormStep, Lines, Submit, ask_place, say_due, say_owner
from actions.forms import booking
from actions.forms.draft import Draft
from actions.message import Message
from actions.offers import make_offer
from actions.turn import ANSWER, Turn, TurnAction, button

SHOWN = 3
"""So many choices are shown as buttons; the others can be said."""


class BookService(TurnAction):
    """A visit, a helper or a place is wanted; a question about one is answered first."""

    NAME = "action_book_service"

    async def act(self, turn: Turn) -> list[EventType]:
        """Open the booking form of what was understood; what has none is offered to a person."""
        leaf = booking.leaf_of(turn.message)
        if leaf is None:
            return _offer(turn)
        if booking.asks(turn.message):
            return await _answer(turn, leaf)
        draft = booking.opened(turn.message, leaf)
        return [SlotSet("draft", draft.to_slot()), FollowupAction("booking_form")]


def _offer(turn: Turn) -> list[EventType]:
    leaf = turn.message.leaf
    if leaf is None or leaf.confidence < booking.SURE:
        return make_offer(turn, "offer_book", "booking", None)
    name = leaves.name(leaf.id)
    return make_offer(turn, "offer_book_service", "booking", leaf.id, name=name)


async def _answer(turn: Turn, leaf: str) -> list[EventType]:
    """Say which courses and venues there are; every other question is for the service card."""
    if booking.asks_timetable(turn.message):
        async with turn.client() as client:
            options = await client.booking_options(leaf, None) or {}
        rows = [
            booking.titled(r) for r in (*options.get("courses", ()), *options.get("venues", ()))
        ]
        if rows:
            turn.say(
                "booking_rows",
                provider=options["provider"],
                hours=options["hours"],
                rows="、".join(rows),
                fee=options["fee_note"],
            )
            return []
    return [FollowupAction(ANSWER)]


class BookingStep(FormStep):
    """A booking is filled in."""

    NAME = "validate_booking_form"
    FORM = booking.FORM

    def after_fill(self, draft: Draft, message: Message) -> Draft:
        """“不约了” to the offered other day ends the form."""
        return booking.declined(draft, message)

    async def look_up(self, turn: Turn, draft: Draft, client: Client) -> Draft:
        """Ask what the locality offers and whether the day is open, then find the place."""
        wanted = booking.to_check(draft)
        if wanted is not None:
            try:
                draft = booking.checked(draft, await client.booking_options(*wanted))
            except (ServiceAway, Refused):
                pass  # the provider agrees the day with the resident anyway
        return await super().look_up(turn, booking.named(draft), client)

    def ask(self, turn: Turn, draft: Draft, question: str) -> None:
        """Ask for a field of the booking."""
        if question == "place":
            ask_place(turn, draft)
        elif question == "date" and (draft.get("window") or {}).get("reason"):
            self._ask_other_day(turn, draft)
        elif question in booking.CHOICES:
            offered = booking.choices_of(draft, question)
            buttons = [
                button(title, f'/affirm{{"about":"{booking.CHOICE}{question}:{key}"}}')
                for key, title in offered[:SHOWN]
            ]
            others = "、".join(title for _, title in offered[SHOWN:])
            more = f"也有{others}，直接说就行。" if others else ""
            turn.say(f"ask_booking_{question}", buttons, more=more)
        elif question in ("contact", "health", "people"):
            turn.say(f"ask_booking_{question}", [button("跳过", "/deny")])
        else:
            turn.say(f"ask_booking_{question}", what=booking.what(draft))

    @staticmethod
    def _ask_other_day(turn: Turn, draft: Draft) -> None:
        reason, offer = draft.get("window")["reason"], draft.get("next_open")
        if not offer:
            turn.say("ask_date_closed_none", reason=reason)
            return
        words = say_date(booking.day(offer), turn.message.now)
        buttons = [
            button(f"改成{words}", f'/affirm{{"about":"{booking.NEXT_OPEN}"}}'),
            button("不约了", "/deny"),
        ]
        turn.say("ask_booking_closed", buttons, reason=reason, next=words)

    def summary(self, draft: Draft, message: Message) -> Lines:
        """Return the booking's summary."""
        return booking.summary(draft, message)


class SubmitBooking(Submit):
    """Files the booking with whoever provides it."""

    NAME = "action_submit_booking"
    FORM = booking.FORM

    def body(self, turn: Turn, draft: Draft) -> Json:
        """Return the booking as a ticket."""
        return booking.to_ticket(draft, turn.conversation_id)

    def summary(self, draft: Draft, message: Message) -> Lines:
        """Return the booking in words."""
        return booking.summary(draft, message)

    def filed(self, turn: Turn, draft: Draft, ticket: TicketView) -> None:
        """Say what and when, the number, and who will be in touch before it."""
        options = draft.get("options") or {}
        turn.say(
            "booking_filed",
            custom=ticket.card(),
            what=booking.what(draft),
            when=booking.when(draft, turn.message) or "日子由负责的人和您定",
            ticket_no=ticket.ticket_no,
            query_code=ticket.query_code,
            due="" if draft.get("date") else say_due(ticket),
            owner=say_owner(ticket),
            provider=options.get("provider") or "负责的人",
            note=(options.get("notes") or {}).get(draft.get("kind")) or options.get("note") or "",
        )
