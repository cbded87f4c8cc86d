"""What a message changes of a booking that was made, beside its day: another room or course, other days of the
week, another way to get there. Read by the same fields as the form; which rooms and courses there are, and on
which days it is open, is the locality's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from actions.client import Client, Json, TicketView
from actions.forms import bookable, booking, booking_summary, care
from actions.forms.draft import CONFIRM, Draft
from actions.message import Message
from actions.talk.echo import say_time
from actions.texts import say
from actions.tickets import amending
from actions.tickets.amending import APPOINTMENT, Change, kind_of

FIELDS = ("venue", "course", care.DAYS, care.TRANSPORT, "date")
"""Fields of the form that are read again."""
OWN = ("venue", "course", "habit", care.TRIAL, care.TRANSPORT)
"""Parts of an appointment that only this module changes; a day alone is :mod:`actions.tickets.amending`'s."""
WHEN = ("date", "part", "time")


async def changes(
    message: Message, client: Client, tickets: Sequence[TicketView]
) -> list[tuple[TicketView, Change]]:
    """Return the bookings of which the words change something, each with its change."""
    if not (amending.says("rebook", message.text) or amending.says("change", message.text)):
        return []
    found = []
    for ticket in tickets:
        leaf = str(ticket.data.get("leaf") or "")
        if kind_of(ticket) != APPOINTMENT or not bookable.spec(leaf):
            continue
        options = await client.booking_options(leaf, None) or {}
        change = change_of(message, ticket, options)
        if change:
            found.append((ticket, change))
    return found


def change_of(message: Message, ticket: TicketView, options: Mapping[str, Any]) -> Change:
    """Return what the words change of a booking; empty when it is its day alone, or nothing.

    Args:
        message: What was said.
        ticket: The booking.
        options: The locality's rooms, courses and days (``GET /bookings/options``).
    """
    order = dict(ticket.data.get("appointment") or {})
    values = {**order, "leaf": ticket.data.get("leaf"), "options": dict(options)}
    draft = Draft(booking.FORM.name, "", asked=CONFIRM, values=values)
    said: Json = {}
    for name in FIELDS:
        field = booking.FORM.field(name)
        if field is not None and (
            name != care.DAYS or care.may_look(bookable.spec(draft.get("leaf")))
        ):
            said |= field.read(message, draft)
    new = booking.settled(Draft(draft.form, "", asked=CONFIRM, values={**values, **said}))
    patch = {k: new.get(k) for k in (*OWN, *WHEN) if new.get(k) != order.get(k)}
    if not any(k in patch for k in OWN):
        return Change()
    if "venue" in patch or "course" in patch:
        patch["what"] = booking_summary.what(new)
    return Change(patch, lines=tuple(_lines(patch, new, order, message)))


def _lines(
    patch: Mapping[str, Any], new: Draft, order: Mapping[str, Any], message: Message
) -> list[tuple[str, str]]:
    """Return what it is now and what it was, part by part."""
    lines = []
    if "what" in patch:
        lines.append((str(patch["what"]), str(order.get("what") or "")))
    if patch.get("habit"):
        old = say_time(order["habit"], message.now) if order.get("habit") else ""
        lines.append((say_time(new.get("habit"), message.now), old))
    if patch.get(care.TRIAL):
        lines.append((say("days_trial"), ""))
    if patch.get(care.TRANSPORT):
        old = str(order.get(care.TRANSPORT) or "")
        now = care.title(care.TRANSPORT, str(patch[care.TRANSPORT]))
        lines.append((now, care.title(care.TRANSPORT, old) if old else ""))
    if any(k in patch for k in WHEN):
        now = amending.say_when({k: new.get(k) for k in WHEN}, message)
        lines.append((now, amending.say_when(order, message)))
    return lines
