"""Which place a booking takes, and how many there are. Pure; the numbers are the locality's (``services.yml``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from services.catalogue import bookings
from services.catalogue.model import Bookable

OFFERED = 3
"""So many free slots are offered when the wanted one is full."""
NOON = 12
EVENING = 18
BEGINS: Mapping[str, int] = {"am": 8, "noon": 11, "pm": 13, "eve": 18, "night": 19}
"""The hour at which a part of the day begins, for whoever waits for a place in it."""
Taken = Mapping[str, int]
Offer = dict[str, str]


@dataclass(frozen=True)
class Slot:
    """A part of a day on which a service or a venue is used, or a course of one term.

    Attributes:
        key: Its name in the database.
        places: How many bookings it holds.
    """

    key: str
    places: int


def part_of(appointment: Mapping[str, Any]) -> str:
    """Return the part of the day (``am``, ``pm``, ``eve``), also of a clock time; empty: not said."""
    hour = str(appointment.get("time") or "")[:2]
    if appointment.get("part") or not hour.isdigit():
        return str(appointment.get("part") or "")
    return "am" if int(hour) < NOON else "pm" if int(hour) < EVENING else "eve"


def slot(leaf: str, rules: Bookable, appointment: Mapping[str, Any]) -> Slot | None:
    """Return what a booking takes a place of; None when nothing is counted.

    Not counted: what the locality gives no number for, and a day or part that is still to be agreed.

    Args:
        leaf: What is booked.
        rules: The locality's rules for it.
        appointment: ``{date?, part?, time?, venue?, course?}`` of the ticket.
    """
    course = next((c for c in rules.courses if c.id == appointment.get("course")), None)
    if course is not None:
        key = f"{leaf}|course:{course.id}|{course.term_from.isoformat()}"
        return Slot(key, course.seats) if course.seats else None
    day, part = str(appointment.get("date") or "")[:10], part_of(appointment)
    venue = next((v for v in rules.venues if v.id == appointment.get("venue")), None)
    shared: Mapping[str, int] = {str(p): n for p, n in rules.places.items()}
    places = venue.places if venue else None if rules.venues else shared.get(part)
    if not (_is_day(day) and part and places):
        return None
    return Slot(f"{leaf}|{f'venue:{venue.id}' if venue else ''}|{day}|{part}", places)


def starts(rules: Bookable, appointment: Mapping[str, Any], now: datetime) -> datetime:
    """Return when a slot begins: its hour, that of its part of the day, or the end of a course's term.

    Args:
        rules: The locality's rules for what is booked.
        appointment: What takes a place of a slot (:func:`slot` is not None).
        now: Present time, for the time zone.
    """
    course = next((c for c in rules.courses if c.id == appointment.get("course")), None)
    if course is not None:
        return datetime.combine(course.term_to, time(0), now.tzinfo)
    day = date.fromisoformat(str(appointment["date"])[:10])
    clock = str(appointment.get("time") or "")
    hour = time.fromisoformat(clock) if clock else time(BEGINS[part_of(appointment)])
    return datetime.combine(day, hour, now.tzinfo)


def elsewhere(
    leaf: str, rules: Bookable, appointment: Mapping[str, Any], taken: Taken, now: datetime
) -> list[str]:
    """Return the other venues that are free at the time at which the wanted one is full."""
    wanted = appointment.get("venue")
    if not wanted or refused(rules, appointment, now):
        return []
    others = (v.id for v in rules.venues if v.id != wanted)
    return [
        id for id in others if free(slot(leaf, rules, {**appointment, "venue": id}), taken) != 0
    ]


def refused(rules: Bookable, appointment: Mapping[str, Any], now: datetime) -> bool:
    """Whether the service is not to be had on the wanted day at all."""
    day = date.fromisoformat(str(appointment["date"])[:10])
    return bookings.refusal(rules, day, now) is not None


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def free(found: Slot | None, taken: Taken) -> int | None:
    """Return how many places are left; None when they are not counted."""
    return None if found is None else max(found.places - taken.get(found.key, 0), 0)


def nearest(
    leaf: str, rules: Bookable, appointment: Mapping[str, Any], taken: Taken, now: datetime
) -> list[Offer]:
    """Return at most three free slots beside a full one, the nearest first.

    The same day's other parts come first, then the same part of the days after it, then their other
    parts. Of a full course the other courses of the term that have a place.

    Returns:
        ``[{"date", "part"}]``, or ``[{"course"}]``.
    """
    if appointment.get("course"):
        running = [c for c in rules.courses if now.date() <= c.term_to]
        others = [c.id for c in running if c.id != appointment["course"]]
        return [
            {"course": id} for id in others if free(slot(leaf, rules, {"course": id}), taken) != 0
        ][:OFFERED]
    wanted = part_of(appointment)
    parts = sorted(rules.parts, key=lambda p: p != wanted)
    offers: list[Offer] = []
    for day in days(appointment):
        if bookings.refusal(rules, day, now) is not None:
            continue
        for part in parts:
            other = {**appointment, "date": day.isoformat(), "part": part, "time": None}
            if free(slot(leaf, rules, other), taken) != 0:
                offers.append({"date": day.isoformat(), "part": part})
        if len(offers) >= OFFERED:
            break
    return offers[:OFFERED]


def days(appointment: Mapping[str, Any]) -> list[date]:
    """Return the days that are looked at for a free slot: the wanted one and the two weeks after it."""
    first = date.fromisoformat(str(appointment["date"])[:10])
    return [first + timedelta(days=n) for n in range(LOOKED_AT)]


LOOKED_AT = 15
