"""Orders and appointments in what residents are told: a meal comes, a visit has its own time.

Neither has a date of an answer, and of neither is it asked whether a problem is solved.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from services.bookings.places import PARTS
from services.channels.texts import Texts
from services.information.service import MEALS
from services.words import piece

APPOINTED = "appointed"
"""Ending of the texts about an appointment that is no meal; a meal's is how it is eaten."""
MEAL_NAMES: Mapping[str, str] = {str(name): words for name, words in MEALS.items()}
MODES = frozenset({"delivery", "pickup", "eat_in"})
"""How a meal is eaten; of another one it is only said by when it is ready."""


def when(ticket: Mapping[str, Any]) -> str:
    """Return in words when a meal or an appointment is (``11月25日午饭``); empty without a day."""
    order = ticket.get("appointment") or {}
    if not order.get("date"):
        return ""
    day = date.fromisoformat(str(order["date"])[:10])
    part = MEAL_NAMES.get(str(order.get("meal") or "")) or PARTS.get(
        str(order.get("part") or ""), ""
    )
    return f"{day.month}月{day.day}日{part}{str(order.get('time') or '').lstrip('0')}"


def what(ticket: Mapping[str, Any]) -> str:
    """Return what is ordered or booked, else the title."""
    return str((ticket.get("appointment") or {}).get("what") or ticket["title"])


def key_of(key: str, ticket: Mapping[str, Any], texts: Texts) -> str:
    """Return the text of an event that this kind of order has, else the event's own."""
    order = ticket.get("appointment") or {}
    if not order.get("date"):
        return key
    own = f"{key}_{order.get('mode') if order.get('meal') else APPOINTED}"
    return own if own in texts else key


def due_line(ticket: Mapping[str, Any], elder: bool = False) -> str:
    """Return by when the resident hears of it, or when it takes place; empty while that is not known."""
    due, order = ticket.get("due_text") or "", ticket.get("appointment") or {}
    if not due:
        return ""
    if order.get("meal"):
        name = f"due_meal_{order['mode']}" if order.get("mode") in MODES else "due_meal"
        return piece(name, elder, due=due)
    if order.get("date"):
        return piece("due_appointment", elder, when=when(ticket))
    return piece("due_answer", elder, due=due)
