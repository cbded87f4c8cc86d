"""Answers about what one has ordered or booked: from the order itself, the locality's meals and offers, the card.

What is asked is read in :mod:`actions.tickets.ordered`; nothing changes by an answer. What nothing here answers is written on
the order, for whoever comes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from rasa_sdk.events import EventType, SlotSet

from actions.client import Client, Json, TicketView
from actions.dialogue import load, pattern
from actions.forms import bookable, booking, booking_summary, meal, shared
from actions.forms.draft import Draft
from actions.forms.replies import bare
from actions.message import Message
from actions.talk.echo import MEALS, say_date, say_time
from actions.texts import say
from actions.tickets import amending, left_days
from actions.tickets.ordered import (
    CHANGE,
    DAYS,
    DEADLINE,
    FEE,
    HOME,
    LONG,
    NOTED,
    READY,
    RULES,
    TIME,
    WHERE,
    WHO,
    meant,
)

if TYPE_CHECKING:
    from actions.turn import Turn

CARD_PARTS = {FEE: "fee", READY: "materials"}
"""Which part of the service card answers where the locality says nothing of its own."""
DATA = "meals"
WEEK = 7


async def tell(turn: Turn, kind: str) -> list[EventType] | None:
    """Answer a question about an order; None when there is no order that it can be about."""
    async with turn.client() as client:
        ticket = meant(turn.message, await client.tickets(turn.conversation_id))
        if ticket is None:
            return None
        if amending.kind_of(ticket) == amending.MEAL:
            words, days = await _of_meal(turn, client, ticket, kind)
        else:
            words, days = await _of_booking(turn, client, ticket, kind), []
        words = words or await of_card(client, str(ticket.data.get("leaf") or ""), kind)
        arranged = amending.kind_of(ticket) == amending.APPOINTMENT and kind != DAYS
        if not words and (kind in NOTED or arranged):
            words = await _noted(turn, client, ticket)
    if not words:
        return None
    turn.tell(words)
    return [SlotSet("offer", {"id": turn.message.id, "order": ticket.ticket_no, "days": days})]


async def _noted(turn: Turn, client: Client, ticket: TicketView) -> str:
    """Write a question on the order; return the words that say so, and whom to call when it is urgent."""
    body: Json = {"conversation_id": turn.conversation_id, "text": turn.message.verbatim}
    key = turn.key("supplement")
    view = await client.resident_act(ticket.ticket_no, "supplement", body, key)
    phone = (view.data.get("owner") or {}).get("phone")
    return say(
        "ordered_noted",
        turn.elder,
        what=str((ticket.data.get("appointment") or {}).get("what") or ticket.title),
        ticket_no=ticket.ticket_no,
        provider=view.owner or ticket.owner or say("booking_arranger"),
        phone=say("order_once_phone", phone=phone) if phone else "",
    )


# --- meals ------------------------------------------------------------------------------------------


async def _of_meal(
    turn: Turn, client: Client, ticket: TicketView, kind: str
) -> tuple[str, list[str]]:
    """Return the answer, and the days it is about (ISO dates), which “那天” means afterwards."""
    order: Json = dict(ticket.data.get("appointment") or {})
    message, which = turn.message, str(order["meal"])
    if kind == DAYS:
        return await on_days(client, order, message)
    if kind == WHERE:
        return await where(client, message.elder), []
    window = await client.meal_window(str(order["date"]), which)
    return of_meal(window, order, kind, message), []


async def where(client: Client, elder: bool) -> str:
    """Return where the canteen is and when it is open, as the locality says it; empty where it does not."""
    found = await client.information(str(load(DATA)["where_question"]), None, elder)
    return "\n".join(map(str, found["texts"][:1]))


async def deadlines(client: Client, message: Message) -> str:
    """Return until when the meals of a day can be ordered, changed and taken back; of no day named tomorrow's.

    Empty: the locality says nothing of it.
    """
    day = (left_days.days_of(message) or [(message.now.date() + timedelta(days=1)).isoformat()])[0]
    named = [str(e.value) for e in message.meant("meal")]
    asked = [m for m in meal.MEAL_ORDER if not named or m in named]
    windows = {m: await client.meal_window(day, m) for m in asked}
    said_day = say_date(date.fromisoformat(day), message.now)
    if why := next((str(w["closed"]) for w in windows.values() if w.get("closed")), ""):
        return say("meal_deadline_closed", message.elder, day=said_day, why=why)
    known = {m: _until(w) for m, w in windows.items() if _until(w)}
    if not known:
        return ""
    meals = say("meal_deadline_join", message.elder).join(
        say("meal_deadline_each", meal=MEALS[m], until=until) for m, until in known.items()
    )
    return say("meal_deadlines", message.elder, day=said_day, meals=meals)


async def on_days(
    client: Client, order: Mapping[str, Any], message: Message
) -> tuple[str, list[str]]:
    """Return whether a meal comes on the days that are asked about, and these days (ISO dates).

    Args:
        client: Asked whether the kitchen cooks then.
        order: The appointment of an order, or the values of its form.
        message: The question.
    """
    days = _days_asked(message, order)
    asked_for = days if len(days) <= amending.NAMED else []
    closed = {d: await _closed(client, d, str(order["meal"])) for d in asked_for}
    holiday = pattern(RULES, "holiday").search(bare(message.text))
    if holiday and not any(closed.values()):
        # The calendar of a year to come may not be known yet: nothing is promised of its holidays.
        return say("ordered_days_holidays", message.elder), []
    if not asked_for:
        return say("ordered_days_all", message.elder, order=_said(order, message)), []
    return say_days(order, days, closed, message), days


def _said(order: Mapping[str, Any], message: Message) -> str:
    """Return when an order is brought, in words: ``每天午饭``, or its one day."""
    which = str(order["meal"])
    if order.get("habit"):
        return say_time({**order["habit"], "part": None}, message.now) + MEALS.get(which, "")
    return meal.say_meal(str(order["date"]), which, message)


def of_meal(
    window: Mapping[str, Any], order: Mapping[str, Any], kind: str, message: Message
) -> str:
    """Return what the locality says of an ordered meal: its price, when it comes, until when it can be changed."""
    words = {
        "meal": MEALS.get(str(order["meal"]), ""),
        "provider": window.get("provider") or "",
    }
    if kind == FEE and window.get("price"):
        note = str(window.get("price_note") or "").rstrip("。")
        return say("ordered_fee_meal", message.elder, price=window["price"], note=note, **words)
    if kind in (TIME, LONG) and window.get("serve"):
        return say("ordered_time_meal", message.elder, serve=window["serve"], **words)
    if kind == WHO:
        return say("ordered_who_meal", message.elder, **words)
    if kind == DEADLINE and _until(window):
        said = meal.say_meal(str(order["date"])[:10], str(order["meal"]), message)
        return say("ordered_deadline_meal", message.elder, meal=said, until=_until(window))
    if kind in (CHANGE, DEADLINE):
        return say("ordered_change_meal", message.elder, until=_until(window), **words)
    return say("ordered_ready_meal", message.elder) if kind in (READY, HOME) else ""


def _until(window: Mapping[str, Any]) -> str:
    found = window.get("cutoff")
    if not found:
        return ""
    at = datetime.fromisoformat(str(found))
    return say("meal_until_cutoff", moment=f"{at.month}月{at.day}日{at:%H:%M}")


def _days_asked(message: Message, order: Mapping[str, Any]) -> list[str]:
    """Return the days a question names; a weekday before the next meal is the one of the week after."""
    words = bare(message.text)
    first = max(date.fromisoformat(str(order["date"])[:10]), message.now.date())
    weekdays = {d for e in message.meant("time") for d in (e.value.get("weekdays") or ())}
    if pattern(RULES, "weekend").search(words):
        weekdays |= amending.WEEKEND
    if weekdays:
        coming = (first + timedelta(days=n) for n in range(WEEK))
        return [d.isoformat() for d in coming if d.isoweekday() in weekdays]
    if not order.get("habit") and (single := _in_its_week(message, order)):
        return single
    days = (date.fromisoformat(d) for d in left_days.days_of(message))
    weekly = all(pattern(RULES, "weekday").search(e.text) for e in message.meant("time"))
    passed = weekly and order.get("habit")
    left_out = order.get("skip") or ()
    moved = (
        d + timedelta(days=WEEK) if passed and d < first and d.isoformat() not in left_out else d
        for d in days
    )
    return [d.isoformat() for d in moved]


def _in_its_week(message: Message, order: Mapping[str, Any]) -> list[str]:
    """Return the weekdays that are named beside the one day of an order: those of its week."""
    named = [e for e in message.meant("time") if pattern(RULES, "weekday").fullmatch(e.text)]
    return [shared.in_same_week(e, order.get("date"), message).isoformat() for e in named]


async def _closed(client: Client, day: str, which: str) -> str:
    """Return why the kitchen does not cook on a day; that it is too late to order is no such reason."""
    window = await client.meal_window(day, which)
    return str(window.get("closed") or "")


def say_days(
    order: Mapping[str, Any], days: Sequence[str], closed: Mapping[str, str], message: Message
) -> str:
    """Return on which of the days the order is brought, and how that is changed.

    Args:
        order: The appointment of the order.
        days: ISO dates.
        closed: By day why the kitchen does not cook then; empty: it does.
        message: For the present day.
    """
    served = [d for d in days if not closed.get(d) and _ordered_on(order, d)]
    out = [d for d in days if d not in served]
    habit, ordered = order.get("habit"), _said(order, message)
    lines = []
    if served:
        key = "ordered_days_served" if habit else "ordered_days_served_once"
        lines.append(say(key, message.elder, days=_named(served, message), order=ordered))
    shut = [d for d in out if closed.get(d)]
    if shut:
        lines.append(
            say("ordered_days_shut", message.elder, days=_named(shut, message), why=closed[shut[0]])
        )
    skipped = [d for d in out if d not in shut and d in (order.get("skip") or ())]
    if skipped:
        lines.append(say("ordered_days_skipped", message.elder, days=_named(skipped, message)))
    other = [d for d in out if d not in shut and d not in skipped]
    if other:
        key = "ordered_days_out" if habit else "ordered_days_out_once"
        lines.append(say(key, message.elder, days=_named(other, message), order=ordered))
    return "\n".join(lines)


def _ordered_on(order: Mapping[str, Any], day: str) -> bool:
    habit = order.get("habit")
    if not habit:
        return str(order.get("date"))[:10] == day
    until = str(order.get("until") or "9")
    kept = frozenset(int(d) for d in habit.get("weekdays") or range(1, 8))
    return (
        date.fromisoformat(day).isoweekday() in kept
        and day not in (order.get("skip") or ())
        and str(order["date"])[:10] <= day <= until
    )


def _named(days: Sequence[str], message: Message) -> str:
    return "、".join(say_date(date.fromisoformat(d), message.now) for d in days)


# --- bookings ---------------------------------------------------------------------------------------


async def _of_booking(turn: Turn, client: Client, ticket: TicketView, kind: str) -> str:
    leaf = str(ticket.data.get("leaf") or "")
    options = await client.booking_options(leaf, None) if bookable.spec(leaf) else None
    order = dict(ticket.data.get("appointment") or {})
    draft = Draft(booking.FORM.name, "", values={**order, "leaf": leaf, "options": options or {}})
    phone = (ticket.data.get("owner") or {}).get("phone")
    return of_booking(draft, kind, turn.message, str(phone or ""))


def of_booking(draft: Draft, kind: str, message: Message, phone: str = "") -> str:
    """Return what the locality says of a booking; empty where it says nothing.

    Args:
        draft: The booking, with the locality's ``options``.
        kind: What is asked.
        message: For the present day and the mode.
        phone: Of whoever arranges it.
    """
    options = draft.get("options") or {}
    if not options:
        return ""
    call = say("order_once_phone", phone=phone) if phone else ""
    words = {"provider": options.get("provider") or "", "phone": call}
    when = amending.say_when(draft.values, message) or say("day_open")
    if kind == FEE and options.get("fee_note"):
        return say("ordered_fee_booking", message.elder, fee=options["fee_note"], **words)
    if kind == DAYS and options.get("hours"):
        return say("ordered_days_booking", message.elder, hours=options["hours"], **words)
    if kind == TIME:
        key = (
            "ordered_time_set" if draft.get("time") or draft.get("course") else "ordered_time_open"
        )
        return say(key, message.elder, when=when, **words)
    if kind == WHO:
        return say("ordered_who_booking", message.elder, **words)
    if kind == LONG:
        return _how_long(draft, message, words)
    if kind == HOME:
        note = booking_summary.own_note(draft)
        return note if pattern(RULES, "home_note").search(note) else ""
    if kind == READY:
        return booking_summary.own_note(draft)
    changes = kind in (CHANGE, DEADLINE)
    return say("ordered_change_booking", message.elder, **words) if changes else ""


def _how_long(draft: Draft, message: Message, words: Mapping[str, str]) -> str:
    """Return the hours of a course or of a room; how long a visit takes is agreed with whoever comes."""
    what, hours = booking_summary.what(draft), (draft.get("options") or {}).get("hours")
    if draft.get("course"):
        return say("ordered_long_course", message.elder, what=what, **words)
    if hours and "place" not in bookable.asked_fields(draft):
        return say("ordered_days_booking", message.elder, hours=hours, **words)
    return ""


async def of_card(client: Client, leaf: str, kind: str) -> str:
    """Return what the service card says of it; empty without a valid card, or when it says nothing."""
    part = CARD_PARTS.get(kind)
    card: Json | None = await client.card(leaf) if part and leaf else None
    if card is None or not card.get("valid") or not card.get(part or ""):
        return ""
    said = card[part or ""]
    words = "、".join(map(str, said)) if isinstance(said, list) else str(said)
    return say(f"ordered_card_{kind}", name=card["name"], words=words)
