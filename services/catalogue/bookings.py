"""What can be booked and when. Pure; the locality's rules are data (``services.yml``)."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from services.catalogue.model import Bookable
from services.words import piece

DAYS_AHEAD = 60
"""How far ahead something can be booked."""
_WEEKDAYS = "一二三四五六日"


def options(rules: Bookable, day: date | None, now: datetime) -> dict[str, Any]:
    """Return how a service is booked and, for a day, whether it can be on that day.

    Args:
        rules: The locality's rules for the service.
        day: The wanted day; None when none was said yet.
        now: Present time.

    Returns:
        ``{"provider", "hours", "weekdays", "parts", "note", "notes", "fee_note", "venues", "courses",
        "open", "reason", "next_open"}``. ``open`` is null without a day; ``next_open`` is the first
        day from the wanted one on, only when the wanted one is not open. Courses are those whose
        term is not over, with ``schedule`` in words.
    """
    reason = refusal(rules, day, now) if day else None
    running = [c for c in rules.courses if now.date() <= c.term_to]
    return {
        "provider": rules.provider,
        "hours": rules.hours,
        "weekdays": list(rules.weekdays),
        "parts": list(rules.parts),
        "note": rules.note,
        "notes": dict(rules.notes),
        "fee_note": rules.fee_note,
        "venues": [v.model_dump(mode="json") for v in rules.venues],
        "courses": [
            c.model_dump(mode="json")
            | {"schedule": _schedule(c.weekdays, c.time, c.term_from, now)}
            for c in running
        ],
        "open": None if day is None else reason is None,
        "reason": reason,
        "next_open": _next_open(rules, day, now) if day and reason else None,
    }


def refusal(rules: Bookable, day: date, now: datetime) -> str | None:
    """Return in words why a service is not to be had on a day; None: it is."""
    today = now.date()
    if day < today:
        return piece("booking.past")
    if (day - today).days > DAYS_AHEAD:
        return piece("booking.too_far", days=DAYS_AHEAD)
    if day.isoweekday() not in rules.weekdays:
        weekday = _WEEKDAYS[day.weekday()]
        return piece("booking.shut", provider=rules.provider, weekday=weekday, hours=rules.hours)
    if (day - today).days < rules.days_before:
        return piece("booking.too_soon", days=rules.days_before)
    return None


def change_refusal(rules: Bookable, day: date, now: datetime) -> str | None:
    """Return in words why a booking cannot be moved to a day, with the next one that is open; None: it can."""
    reason, free = refusal(rules, day, now), _next_open(rules, day, now)
    if reason is None or free is None:
        return reason
    other = date.fromisoformat(free)
    short = f"{other.month}月{other.day}日"
    named = piece("date_far", date=short, weekday=_WEEKDAYS[other.weekday()])
    return reason + piece("booking.nearest", day=named)


def _next_open(rules: Bookable, day: date, now: datetime) -> str | None:
    start = max(day, now.date())
    days = (start + timedelta(days=n) for n in range(DAYS_AHEAD + 1))
    return next((d.isoformat() for d in days if refusal(rules, d, now) is None), None)


def _schedule(weekdays: tuple[int, ...], time: str, begins: date, now: datetime) -> str:
    days = "、".join(_WEEKDAYS[d - 1] for d in weekdays)
    first = f"{begins.year}年{begins.month}月{begins.day}日"
    later = piece("booking.begins", day=first) if begins > now.date() else ""
    return piece("booking.schedule", days=days, time=time) + later
