"""Periods of figures: whole days in China's time. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal

from services.errors import LindaError
from services.tickets.core.calendar import ZONE

Kind = Literal["day", "week", "month", "custom"]
LONGEST_DAYS = 1100
"""Three years; more is a slip of the finger."""


@dataclass(frozen=True)
class Period:
    """From the beginning of ``first`` to the end of ``last``."""

    kind: Kind
    first: date
    last: date

    @property
    def start(self) -> datetime:
        """First moment."""
        return datetime.combine(self.first, time(), ZONE)

    @property
    def end(self) -> datetime:
        """First moment after it."""
        return datetime.combine(self.last + timedelta(days=1), time(), ZONE)

    @property
    def label(self) -> str:
        """Chinese name: ``2026年11月``, ``2026年11月24日``, ``2026-11-01 至 2026-11-24``."""
        if self.kind == "month":
            return f"{self.first.year}年{self.first.month}月"
        if self.kind == "day":
            return f"{self.first.year}年{self.first.month}月{self.first.day}日"
        return f"{self.first.isoformat()} 至 {self.last.isoformat()}"

    @property
    def before(self) -> Period:
        """The period of the same kind that ends where this one begins."""
        if self.kind == "custom":
            span = self.last - self.first
            last = self.first - timedelta(days=1)
            return Period("custom", last - span, last)
        return around(self.kind, self.first - timedelta(days=1))

    @property
    def step(self) -> Kind:
        """Parts of a chart: days up to five weeks, weeks up to half a year, then months."""
        days = (self.last - self.first).days + 1
        return "day" if days <= 35 else "week" if days <= 190 else "month"

    def steps(self) -> Iterator[Period]:
        """The parts themselves; the first and the last may be cut off."""
        kind, at = self.step, self.first
        while at <= self.last:
            whole = around(kind, at)
            yield Period(kind, at, min(whole.last, self.last))
            at = whole.last + timedelta(days=1)


def around(kind: Kind, day: date) -> Period:
    """Return the day, week (from Monday) or month that a day is in."""
    if kind == "week":
        first = day - timedelta(days=day.weekday())
        return Period("week", first, first + timedelta(days=6))
    if kind == "month":
        first = day.replace(day=1)
        return Period(
            "month", first, (first + timedelta(days=32)).replace(day=1) - timedelta(days=1)
        )
    return Period(kind, day, day)


def period_of(kind: Kind | None, first: date | None, last: date | None, today: date) -> Period:
    """Return what is asked for: ``first`` and ``last`` count as they stand, else the kind around a day.

    Raises:
        LindaError: 422 ``bad_period``: the end lies before the beginning, one of the two is
            missing, or it is longer than ``LONGEST_DAYS``.
    """
    if kind in ("day", "week", "month"):
        return around(kind, first or last or today)
    if first is None and last is None and kind is None:
        return around("month", today)
    if first is None or last is None or last < first:
        raise _bad("起止日期不对：两个都要选，结束不能早于开始。")
    if (last - first).days >= LONGEST_DAYS:
        raise _bad("时间太长，最多看三年。")
    if kind is None and Period("month", first, last) == around("month", first):
        return around("month", first)
    return Period("custom", first, last)


def _bad(message: str) -> LindaError:
    return LindaError("bad_period", message, 422, {"from": message})
