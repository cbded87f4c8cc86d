"""Periods of figures: whole days in China's time. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal

from services.errors import LindaError
from services.tickets.core.calendar import ZONE

Kind = Literal["day", "week", "month", "quarter", "year", "custom"]
MONTHS: dict[Kind, int] = {"month": 1, "quarter": 3, "year": 12}
"""Months of the kinds that are made of whole months."""
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
        """Chinese name: ``2026年``, ``2026年第4季度``, ``2026年11月``, ``2026-11-01 至 2026-11-24``."""
        if self.kind == "year":
            return f"{self.first.year}年"
        if self.kind == "quarter":
            return f"{self.first.year}年第{(self.first.month + 2) // 3}季度"
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
    def last_year(self) -> Period:
        """The same days a year before; the last day of February stands for a 29th.

        Of a week the one that lies 52 weeks before, so that it has the same weekdays.
        """
        if self.kind == "week":
            return around("week", self.first - timedelta(weeks=52))
        return Period(self.kind, _year_before(self.first), _year_before(self.last))

    def until(self, day: date) -> Period:
        """Return it cut off after a day; the whole when it ends before. Never less than its first day."""
        return self if self.last <= day else Period("custom", self.first, max(day, self.first))

    @property
    def step(self) -> Kind:
        """Parts of a chart: days up to five weeks, weeks up to half a year, then months.

        A quarter is made of its months.
        """
        if self.kind == "quarter":
            return "month"
        days = (self.last - self.first).days + 1
        return "day" if days <= 35 else "week" if days <= 190 else "month"

    def steps(self, kind: Kind | None = None) -> Iterator[Period]:
        """The parts themselves, of that kind; the first and the last may be cut off."""
        kind, at = kind or self.step, self.first
        while at <= self.last:
            whole = around(kind, at)
            yield Period(kind, at, min(whole.last, self.last))
            at = whole.last + timedelta(days=1)


def around(kind: Kind, day: date) -> Period:
    """Return the day, week (from Monday), month, quarter or year that a day is in."""
    if kind == "week":
        first = day - timedelta(days=day.weekday())
        return Period("week", first, first + timedelta(days=6))
    if months := MONTHS.get(kind):
        first = day.replace(month=day.month - (day.month - 1) % months, day=1)
        return Period(kind, first, months_on(first, months) - timedelta(days=1))
    return Period(kind, day, day)


def months_on(first: date, months: int) -> date:
    """Return the first day of the month that many months after (or, negative, before) another.

    >>> months_on(date(2026, 11, 1), 3), months_on(date(2026, 1, 1), -1)
    (datetime.date(2027, 2, 1), datetime.date(2025, 12, 1))
    """
    years, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    return date(years, month + 1, 1)


def _year_before(day: date) -> date:
    first = months_on(day.replace(day=1), -12)
    last = months_on(first, 1) - timedelta(days=1)
    whole = day == months_on(day.replace(day=1), 1) - timedelta(days=1)
    return last if whole else first.replace(day=min(day.day, last.day))


def period_of(kind: Kind | None, first: date | None, last: date | None, today: date) -> Period:
    """Return what is asked for: ``first`` and ``last`` count as they stand, else the kind around a day.

    Raises:
        LindaError: 422 ``bad_period``: the end lies before the beginning, one of the two is
            missing, or it is longer than ``LONGEST_DAYS``.
    """
    if kind in ("day", "week", "month", "quarter", "year"):
        return around(kind, first or last or today)
    if first is None and last is None and kind is None:
        return around("month", today)
    if first is None or last is None or last < first:
        raise _bad("起止日期不对：两个都要选，结束不能早于开始。")
    if (last - first).days >= LONGEST_DAYS:
        raise _bad("时间太长，最多看三年。")
    for whole in ("month", "quarter", "year") if kind is None else ():
        if Period(whole, first, last) == around(whole, first):
            return around(whole, first)
    return Period("custom", first, last)


def _bad(message: str) -> LindaError:
    return LindaError("bad_period", message, 422, {"from": message})
