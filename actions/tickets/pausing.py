"""A standing order is paused and taken up again: one question, “停到哪天”, and “等我回来再说” answers it.

Until a day the days in between are left out of the order (``amending``); until further notice the
services keep it (``POST /conversations/{id}/standing``).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

from rasa_sdk.events import EventType, SlotSet

from actions.client import Client, Json, Refused, TicketView
from actions.dialogue import pattern
from actions.forms import meal
from actions.forms.replies import NO, bare
from actions.message import Message
from actions.texts import say
from actions.tickets import amending, left_days, orders
from bot.understanding.numbers import to_int

if TYPE_CHECKING:
    from actions.turn import Turn

RULES = "orders"
MEAL = re.compile("[饭餐]")
MEAL_WISH = re.compile("[订定]|给.{0,4}送|来一?份")
OPEN = "pause:open"
"""``about`` of the button “until I say so”."""
LONGEST = 40
MONTH = 30
HALF_MONTH = 15
WEEK = 7


def says(kind: str, message: Message) -> bool:
    """Whether the words fit a pattern of ``data/dialogue/orders.yml``."""
    return not message.tapped and bool(pattern(RULES, kind).search(bare(message.text)))


def concerns(message: Message) -> bool:
    """Whether the words may pause a standing order, or take it up again."""
    short = len(bare(message.text)) <= LONGEST
    return short and (says("resume", message) or says("pause", message))


def answers(message: Message) -> bool:
    """Whether a message answers “停到哪天”."""
    kept = says("keep", message) or bare(message.text) in NO
    return bool(kept or says("until_told", message) or length(message) or _until(message))


def length(message: Message) -> int:
    """Return for how many days (“三天”, “一个礼拜”, “半个月”); 0 when that is not said."""
    found = pattern(RULES, "days").search(bare(message.text))
    if found is None:
        return 0
    if found["half"]:
        return HALF_MONTH
    for name, each in (("days", 1), ("weeks", WEEK), ("months", MONTH)):
        if found[name]:
            return (to_int(found[name]) or 0) * each
    return 0


def _until(message: Message) -> date | None:
    """Return the day from which on it goes on again, if one to come is said."""
    if again := left_days.again_from(message):
        return again[1]
    coming = [d for e in message.meant("time") if (d := left_days.again_on(e))]
    coming = [d for d in coming if d > message.now.date()]
    return coming[-1] if coming else None


async def step(turn: Turn) -> list[EventType] | None:
    """Do what the message says of a pause; None when it is about none, or there is no such order."""
    message = turn.message
    offer = turn.standing_offer() or {}
    asked: Sequence[str] = offer.get("pause") or ()
    if message.tapped and message.about != OPEN:
        return None
    if not (asked or message.about == OPEN or concerns(message)):
        return None
    async with turn.client() as client:
        if not asked and not message.tapped and says("resume", message):
            return await _resume(turn, client)
        tickets = await client.tickets(turn.conversation_id)
        found = [t for t in tickets if t.ticket_no in asked] or _standing(turn, tickets)
        if not found:
            return _nothing_ordered(turn, tickets)
        return await _paused(turn, client, found, bool(asked))


def _nothing_ordered(turn: Turn, tickets: Sequence[TicketView]) -> list[EventType] | None:
    """Say that there is no meal to pause, when the words name meals; else they mean something else.

    “明天的饭先不要送了” takes back the one meal that is ordered.
    """
    if turn.message.tapped or not MEAL.search(turn.message.text):
        return None
    if any(amending.kind_of(t) == amending.MEAL and t.state not in orders.ENDED for t in tickets):
        return None
    turn.say("orders_none")
    return []


def _standing(turn: Turn, tickets: Sequence[TicketView]) -> list[TicketView]:
    """Return the newest meals of the standing orders that are meant."""
    open_ = [t for t in tickets if t.state not in orders.ENDED]
    habits = [t for t in open_ if (t.data.get("appointment") or {}).get("habit")]
    newest = amending.newest_of_habits(habits)
    number = orders.chosen(turn)
    return [t for t in newest if t.ticket_no == number] or orders.for_whom(turn.message, newest)


async def _paused(
    turn: Turn, client: Client, found: Sequence[TicketView], asked: bool
) -> list[EventType] | None:
    message = turn.message
    if asked and (says("keep", message) or bare(message.text) in NO):
        turn.say("pause_kept")
        return [SlotSet("offer", None)]
    far = length(message) >= MONTH  # no meal is ordered so far ahead
    if message.about == OPEN or says("until_told", message) or far:
        return await _until_told(turn, client, found)
    if not asked and amending.change_of(message, found[0]):
        return None  # “停三天”, “周五不用送” say which days by themselves
    changes = [(t, c) for t in found if (c := left_out(message, t))]
    if changes:
        return await _until_day(turn, client, changes)
    _ask(turn, found)
    offer: Json = {"id": message.id, "pause": [t.ticket_no for t in found]}
    return [SlotSet("offer", offer)]


def left_out(message: Message, ticket: TicketView) -> amending.Change:
    """Return the change that leaves out the days until the one said, or so many days."""
    order = dict(ticket.data.get("appointment") or {})
    first = max(date.fromisoformat(str(order["date"])), message.now.date() + timedelta(days=1))
    until = _until(message)
    count = length(message) or ((until - first).days if until else 0)
    days = [first + timedelta(days=n) for n in range(max(count, 0))]
    return amending.skip(message, order, [d.isoformat() for d in days])


async def _until_day(
    turn: Turn, client: Client, changes: Sequence[tuple[TicketView, amending.Change]]
) -> list[EventType]:
    lines: list[tuple[str, str]] = []
    for ticket, change in changes:
        body: Json = {"conversation_id": turn.conversation_id, "text": turn.message.verbatim}
        body["appointment"] = change.appointment
        key = turn.key(f"pause:{ticket.ticket_no}")
        try:
            await client.resident_act(ticket.ticket_no, "amend", body, key)
        except Refused as refused:
            turn.say("amend_refused", reason=refused.message)
            return [SlotSet("offer", None)]
        lines += change.lines
    turn.say("paused_until", changes=amending.said(tuple(lines)))
    return [SlotSet("offer", None)]


async def _until_told(turn: Turn, client: Client, found: Sequence[TicketView]) -> list[EventType]:
    cooking: list[str] = []
    for ticket in found:
        body: Json = {"change": "pause", "ticket_no": ticket.ticket_no}
        key = turn.key(f"pause:{ticket.ticket_no}")
        done = await client.change_standing(turn.conversation_id, body, key)
        if done.get("cooking"):
            order = ticket.data.get("appointment") or {}
            cooking.append(meal.say_meal(done["cooking"], str(order["meal"]), turn.message))
    last = say("meal_cooking", meals="、".join(cooking)) if cooking else ""
    turn.say("paused_open", cooking=last)
    return [SlotSet("offer", None)]


def _ask(turn: Turn, found: Sequence[TicketView]) -> None:
    number = found[0].ticket_no
    until = f'/supplement_ticket{{"ticket_no":"{number}","about":"{OPEN}"}}'
    turn.say("ask_pause_until", [{"title": say("button_pause_open"), "payload": until}])


async def _resume(turn: Turn, client: Client) -> list[EventType] | None:
    """Take up what is paused; of what only leaves days out, the next meal that can still be had."""
    message, first = turn.message, _until(turn.message)
    paused = (await client.bookings(turn.conversation_id))["paused"]
    found = orders.for_whom(message, [TicketView.of(t) for t in paused])
    told: list[str] = []
    for ticket in found:
        body: Json = {"change": "resume", "ticket_no": ticket.ticket_no}
        body |= {"first": first.isoformat()} if first else {}
        key = turn.key(f"resume:{ticket.ticket_no}")
        done = await client.change_standing(turn.conversation_id, body, key)
        told.append(orders.words(TicketView.of(done["ticket"]), message))
    if not found:
        tickets = _standing(turn, await client.tickets(turn.conversation_id))
        if rests := [(t, c) for t in tickets if (c := _rests_until(message, t, first))]:
            return await _until_day(turn, client, rests)
        told = [await _sooner(turn, client, t, first) for t in tickets]
    if not told:
        return None
    turn.say("resumed", orders="\n".join(told))
    return []


def _rests_until(message: Message, ticket: TicketView, first: date | None) -> amending.Change:
    """Return the change that leaves out what comes before the day from which on it is wanted (“下周一再接着送”).

    Empty: it does not come sooner than that day.
    """
    order = dict(ticket.data.get("appointment") or {})
    coming = left_days.of_appointment(order)
    if first is None or first <= coming:
        return amending.Change()
    return amending.skip(message, order, left_days.left_out(message, coming))


async def _sooner(turn: Turn, client: Client, ticket: TicketView, first: date | None) -> str:
    """Give up the days that are still left out; return the order in words."""
    order = dict(ticket.data.get("appointment") or {})
    which, tomorrow = str(order["meal"]), turn.message.now.date() + timedelta(days=1)
    day = amending.meal_day(order, first or tomorrow)
    window = await client.meal_window(day.isoformat(), which)
    if not window.get("open") and window.get("next_open"):
        day = amending.meal_day(order, date.fromisoformat(window["next_open"]["date"]))
    if day.isoformat() < str(order["date"]) and order.get("skip"):
        kept = [d for d in order["skip"] if d < day.isoformat()]
        body: Json = {"conversation_id": turn.conversation_id, "text": turn.message.verbatim}
        body["appointment"] = {"date": day.isoformat(), "skip": kept or None}
        key = turn.key(f"resume:{ticket.ticket_no}")
        ticket = await client.resident_act(ticket.ticket_no, "amend", body, key)
    return orders.words(ticket, turn.message)
