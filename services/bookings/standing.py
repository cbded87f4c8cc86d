"""Which day of a standing order comes next. Pure: the ticket of the newest meal says what is ordered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

DAYS_AHEAD = 60
"""An order without a day in so many days has ended: nobody reads it any more."""
Why = Callable[[date], str | None]


@dataclass(frozen=True)
class Next:
    """The next meal of a standing order.

    Attributes:
        day: Its day; None: the order has ended.
        closed: Days that would have had a meal, on which the kitchen is closed.
        missed: Days that would have had a meal, and whose cut-off has passed.
    """

    day: date | None
    closed: tuple[date, ...] = ()
    missed: tuple[date, ...] = ()


def is_standing(appointment: Mapping[str, Any] | None) -> bool:
    """Whether an order is one meal of many: a meal with a day and a habit."""
    order = appointment or {}
    return all(order.get(part) for part in ("habit", "meal", "date"))


def next_meal(order: Mapping[str, Any], closed: Why, late: Callable[[date], bool]) -> Next:
    """Return the meal after the present one.

    Args:
        order: ``{date, habit: {weekdays?}, skip?, until?}`` of the present meal; days are ISO dates,
            ``until`` is the last day, weekdays count from Monday as 1 and are all seven when absent.
        closed: Why the kitchen is closed on a day; None when it cooks.
        late: Whether the cut-off of a day has passed.
    """
    weekdays = {int(d) for d in order["habit"].get("weekdays") or range(1, 8)}
    skipped, until = set(order.get("skip") or ()), str(order.get("until") or "")
    shut: list[date] = []
    missed: list[date] = []
    first = date.fromisoformat(str(order["date"])[:10])
    for day in (first + timedelta(days=n) for n in range(1, DAYS_AHEAD + 1)):
        if until and day.isoformat() > until:
            break
        if day.isoweekday() not in weekdays or day.isoformat() in skipped:
            continue
        if closed(day):
            shut.append(day)
        elif late(day):
            missed.append(day)
        else:
            return Next(day, tuple(shut), tuple(missed))
    return Next(None, tuple(shut), tuple(missed))
