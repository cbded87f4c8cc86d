"""Rasa's side of bookings: a visit, a helper, a place, a course (``actions.forms.booking`` and what stands beside it)."""

from __future__ import annotations

from dataclasses import replace

from rasa_sdk.events import EventType, FollowupAction, SlotSet

from actions.action import TurnAction
from actions.client import Client, Refused, ServiceAway, TicketView
from actions.filing.form_steps import FormStep, ask_consent, ask_place
from actions.filing.submits import Submit, say_due, say_owner
from actions.forms import asides, bookable, booking, booking_summary, booking_times, consent
from actions.forms.draft import DROP, Draft
from actions.knowledge import leaves
from actions.message import Message
from actions.talk.echo import say_date
from actions.talk.heard import health_before, wished_kind
from actions.talk.offers import make_offer
from actions.talk.requests import HANDOVER
from actions.texts import say
from actions.tickets import ordered, ordered_answers
from actions.turn import ANSWER, Turn, button, cleared

SHOWN = 3
"""So many choices are shown as buttons; the others can be said."""


class BookService(TurnAction):
    """A visit, a helper or a place is wanted; a question about one is answered first."""

    NAME = "action_book_service"

    async def act(self, turn: Turn) -> list[EventType]:
        """Open the booking form of what was understood; what has none is offered to a person."""
        if bookable.repairs(turn.message):
            return [FollowupAction(HANDOVER["report_problem"])]
        leaf = bookable.leaf_of(turn.message) or _topic(turn)
        if leaf is None:
            return _offer(turn)
        if bookable.asks(turn.message):
            return await _answer(turn, leaf)
        kind = (
            wished_kind(turn.tracker.events, turn.message, leaf) if _topic(turn) == leaf else None
        )
        draft = booking.opened(turn.message, leaf, kind)
        return [SlotSet("draft", draft.to_slot()), FollowupAction("booking_form")]


def _topic(turn: Turn) -> str | None:
    """Return what was explained a short while ago, when it can be booked (“那给我爸约一个”)."""
    leaf = turn.topic_leaf()
    return leaf if bookable.spec(leaf) else None


def _offer(turn: Turn) -> list[EventType]:
    leaf = turn.message.leaf
    if leaf is None or leaf.confidence < bookable.SURE:
        return make_offer(turn, "offer_book", "booking", None)
    name = leaves.name(leaf.id)
    return make_offer(turn, "offer_book_service", "booking", leaf.id, name=name)


async def _answer(turn: Turn, leaf: str) -> list[EventType]:
    """Say which courses and venues there are; every other question is for the service card."""
    if bookable.asks_timetable(turn.message):
        async with turn.client() as client:
            options = await client.booking_options(leaf, None) or {}
        named = bookable.timetable_of(turn.message)
        rows = [bookable.titled(r) for name in named for r in options.get(name, ())]
        if rows:
            turn.say(
                "booking_rows_courses" if named == (bookable.COURSES,) else "booking_rows",
                provider=options["provider"],
                hours=options["hours"],
                rows="、".join(rows),
                fee=options["fee_note"],
            )
            return []
    return [FollowupAction(ANSWER)]


async def _looked(draft: Draft, client: Client) -> Draft:
    """Ask the locality; its venues and courses may name one, of which the places are asked then."""
    while (wanted := booking_times.to_check(draft)) is not None:
        leaf, on, what = wanted
        draft = booking.checked(draft, await client.booking_options(leaf, on, **what))
    return draft


class BookingStep(FormStep):
    """A booking is filled in."""

    NAME = "validate_booking_form"
    FORM = booking.FORM
    RULES = booking_summary

    def after_fill(self, draft: Draft, message: Message) -> Draft:
        """“不约了” to the offered other day ends the form."""
        return booking_times.requeued(booking.declined(draft, message), message)

    def _remembering(self, turn: Turn, draft: Draft) -> Draft:
        """What was told of the health of whom it is for is not asked again; whether it may be kept is."""
        draft = super()._remembering(turn, draft)
        asked = "health" in bookable.asked_fields(draft) and not draft.get("health")
        told = health_before(turn.tracker.events, turn.message) if asked else ""
        health = told[: booking.HEALTH_LONGEST]
        return replace(draft, values={**draft.values, "health": health}) if told else draft

    def _another_matter(self, turn: Turn, draft: Draft) -> bool:
        """Another course beside this one waits as well; what is to be done on the same visit does not."""
        if turn.loop == self.loop and draft.asked and bookable.wishes_more(turn.message):
            return False
        if turn.loop == self.loop and booking.adds(turn.message, draft):
            turn.message = replace(turn.message, intent="book_service")
            return True
        return super()._another_matter(turn, draft)

    def _interrupted(self, turn: Turn, old: Draft) -> bool:
        """A question what else there is belongs to the form, whoever was asked to answer it first."""
        others = turn.loop == self.loop and bookable.asks_others(turn.message)
        return not others and super()._interrupted(turn, old)

    def _aside(self, turn: Turn, old: Draft) -> str | None:
        """What else there is (“有没有别的屋”) is asked beside the form as well."""
        new = turn.loop == self.loop and bool(old.seen) and old.seen != turn.message.id
        others = bookable.asks_others(turn.message) if new else None
        if others == "time" and "course" in bookable.asked_fields(old):
            others = "rows"  # a course has its own days: another day is another course
        return f"others_{others}" if others else super()._aside(turn, old)

    async def _answer_aside(self, turn: Turn, draft: Draft, kind: str) -> Draft:
        options = draft.get("options") or {}
        if kind.startswith(asides.ORDER):
            asked = kind.removeprefix(asides.ORDER)
            words = ordered_answers.of_booking(draft, asked, turn.message)
            if not words:
                async with turn.client() as client:
                    words = await ordered_answers.of_card(client, str(draft.get("leaf")), asked)
            if asked not in ordered.NOTED - {ordered.READY}:
                words = words or booking_summary.note(draft)
            turn.lead("aside_order", line=True, words=words or say("aside_noted", turn.elder))
            if (
                asked == ordered.WHO or not words
            ):  # “男的女的” may be a wish: whoever sends somebody reads it
                story = (draft.get("narrative"), turn.message.verbatim.strip())
                told = "\n".join(filter(None, story))
                draft = replace(draft, values={**draft.values, "narrative": told})
        elif kind == "others_rows":
            rows = booking.others(draft)
            key = "booking_others_rows" if rows else "booking_others_rows_none"
            turn.lead(key, line=True, rows="、".join(rows))
        elif kind == "others_time" and options.get("hours"):
            whose = {k: options[k] for k in ("provider", "hours")}
            turn.lead("booking_others_time", line=True, **whose)
        else:
            return await super()._answer_aside(turn, draft, kind)
        return draft

    async def look_up(self, turn: Turn, draft: Draft, client: Client) -> Draft:
        """Ask what the locality offers and whether the day is open, then find the place."""
        try:
            draft = await _looked(booking.of_today(draft, turn.message.now.date()), client)
        except (ServiceAway, Refused):
            pass  # the provider agrees the day with the resident anyway
        return await super().look_up(turn, booking.named(draft), client)

    def ask(self, turn: Turn, draft: Draft, question: str) -> None:
        """Ask for a field of the booking."""
        if question == consent.FIELD:
            ask_consent(turn, draft)
        elif question == "place":
            ask_place(turn, draft)
        elif question == "date" and (draft.get("window") or {}).get("reason"):
            self._ask_other_day(turn, draft)
        elif question in ("date", "course") and booking_times.full(draft):
            self._ask_other_slot(turn, draft)
        elif question in bookable.CHOICES:
            offered = bookable.choices_of(draft, question)
            buttons = [
                button(title, f'/affirm{{"about":"{booking.CHOICE}{question}:{key}"}}')
                for key, title in offered[:SHOWN]
            ]
            others = "、".join(title for _, title in offered[SHOWN:])
            more = say("booking_more", others=others) if others else ""
            key = bookable.sentence(draft, f"ask_booking_{question}")
            turn.say(key, buttons, more=more, what=booking_summary.what(draft))
        elif question == "contact" and draft.get("phone_promised"):
            turn.say("ask_contact_number", [button(say("button_skip"), "/deny")])
        elif question in ("contact", "health", "people"):
            turn.say(f"ask_booking_{question}", [button(say("button_skip"), "/deny")])
        else:
            key = bookable.sentence(draft, f"ask_booking_{question}")
            turn.say(key, what=booking_summary.what(draft))

    def _ask_other_day(self, turn: Turn, draft: Draft) -> None:
        reason, offer = draft.get("window")["reason"], draft.get("next_open")
        words = say_date(booking_times.day(offer), turn.message.now) if offer else ""
        yes = f'/affirm{{"about":"{booking_times.NEXT_OPEN}"}}'
        self.ask_other_day(turn, "ask_booking_closed", reason, words, yes, say("button_no_booking"))

    @staticmethod
    def _ask_other_slot(turn: Turn, draft: Draft) -> None:
        """Say that it is full, and offer what is free nearby, elsewhere, or to wait for a place."""
        offers = booking_times.offers(draft)
        words = [booking_times.offered(draft, offer, turn.message) for offer in offers]
        buttons = [
            button(title, f'/affirm{{"about":"{booking_times.SLOT}{n}"}}')
            for n, title in enumerate(words)
        ]
        buttons.append(button(say("button_queue"), f'/affirm{{"about":"{booking_times.QUEUE}"}}'))
        what = booking_summary.what(draft)
        when = booking_summary.when(draft, turn.message)
        key = bookable.sentence(draft, "ask_booking_full" if offers else "ask_booking_full_none")
        turn.say(
            key,
            [*buttons, button(say("button_no_booking"), "/deny")],
            what=what,
            when=when,
            free="、".join(words),
        )


def _open_day(draft: Draft) -> str:
    """Say whose the day is when none was said: a course has its own."""
    return say("booking_course_day" if draft.get("course") else "booking_arranger_day")


class SubmitBooking(Submit):
    """Files the booking with whoever provides it."""

    NAME = "action_submit_booking"
    FORM = booking.FORM
    RULES = booking_summary

    async def act(self, turn: Turn) -> list[EventType]:
        """File it, or put it into the queue of a full slot."""
        draft = turn.draft
        mine = draft is not None and draft.form == self.FORM.name and draft.outcome != DROP
        if draft is None or not mine or not booking_times.queued(draft):
            return await super().act(turn)
        key = f"{turn.conversation_id}:{draft.round}:wait"
        try:
            async with turn.client() as client:
                place = await client.wait(turn.conversation_id, self.body(turn, draft), key)
        except (ServiceAway, Refused) as error:
            return self._not_filed(turn, draft, error)
        if place.get("free"):
            return await super().act(turn)  # somebody has cancelled meanwhile
        turn.say("booking_waits", what=place["what"], position=place["position"])
        return [*cleared(), *self._later(turn, draft)]

    def _keep(self, draft: Draft) -> list[EventType]:
        """Keep the form open; the last place may be gone, so what is free is asked for again."""
        return super()._keep(booking.stale(draft))

    def filed(self, turn: Turn, draft: Draft, ticket: TicketView) -> None:
        """Say what and when, the number, and who will be in touch before it."""
        options = draft.get("options") or {}
        turn.say(
            bookable.sentence(draft, "booking_filed"),
            custom=ticket.card(),
            what=booking_summary.what(draft),
            when=booking_summary.when(draft, turn.message) or _open_day(draft),
            ticket_no=ticket.ticket_no,
            query_code=ticket.query_code,
            due="" if draft.get("date") else say_due(ticket),
            owner=say_owner(ticket),
            provider=options.get("provider") or say("booking_arranger"),
            note=booking_summary.note(draft),
        )
