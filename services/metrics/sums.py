"""Figures of days that are over, from sums that are kept.

A sum counts what :mod:`services.metrics.store` counts, of one day or one whole month, by the dimensions
of its grain. Whoever changes a ticket says of which past days (:mod:`services.metrics.keeping`); such a
day, today, and a day not summed yet are counted from the tickets themselves. So a figure never waits for
the worker (:mod:`services.metrics.summing`) and is always what counting everything would give.

What is read must be of one moment: see :func:`steady`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Table, and_, func, literal, or_, select, text

from services.db import Session
from services.metrics import store
from services.metrics.params import Params
from services.metrics.periods import Period, around
from services.metrics.store import DUE_NAMES, FILED, FIRST_UNIT, PART, Scope
from services.metrics.tables import (
    TicketLatenessRow,
    TicketSumChangeRow,
    TicketSumRow,
    TicketSumSpanRow,
)

SUMS = TicketSumRow.__table__
LATENESS = TicketLatenessRow.__table__
DIMENSIONS = {"c": "community_id", "l": "leaf", "o": "org"}
"""Letters of a grain, in their order, and the column of each."""
GRAINS = ("", "c", "l", "o", "cl", "co", "lo")
"""Enough for what is narrowed by one dimension and told by another."""
LATENESS_GRAINS = ("o", "co", "lo")
"""Lateness is told by unit only."""
SETTLING = timedelta(hours=1)
"""So long after its end a day is counted anew each time: whoever began to change a ticket on that day
may still be writing, and such a change is not said to be of a past day."""
MOST_SPANS = 30
"""Parts of a period that are counted from the tickets at once; whole months between them may add some."""
VERSION = 2
"""Raised when a count changes its meaning: sums of another version are thrown away."""

Span = tuple[datetime, datetime]


@dataclass(frozen=True)
class Plan:
    """Where the figures of a period come from: each day from exactly one of these.

    Attributes:
        months: First days of months that are summed as a whole.
        days: Days that are summed one by one.
        live: What is counted from the tickets.
    """

    months: tuple[date, ...]
    days: tuple[date, ...]
    live: tuple[Span, ...]


async def steady(s: Session) -> None:
    """Let all statements of a session see the same moment; call it first.

    SQLite does so by itself.
    """
    if s.get_bind().dialect.name == "postgresql":
        await s.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))


def rules(params: Params) -> str:
    """Return what sums depend on besides the tickets: the version, and how many minutes are too few."""
    return f"{VERSION}:{'/'.join(str(params.signals[key].minutes) for key in store.TIMED)}"


def settled(now: datetime) -> date:
    """Return the last day that may be summed."""
    return (now - SETTLING).date() - timedelta(days=1)


def days_of(period: Period) -> list[date]:
    """Return all days of a period."""
    return [period.first + timedelta(days=n) for n in range((period.last - period.first).days + 1)]


async def plan(s: Session, scope: Scope, params: Params) -> Plan:
    """Return where the figures of a period come from; narrowed by two things at once all are live."""
    period = scope.period
    if len(_narrowed(scope)) > 1:
        return Plan((), (), scope.spans)
    span = TicketSumSpanRow
    kept = await s.execute(
        select(span.span, span.since).where(
            span.since >= period.first, span.since <= period.last, span.rules == rules(params),
        )
    )  # fmt: skip
    day = TicketSumChangeRow.day
    found = select(day).where(day >= period.first, day <= period.last).distinct()
    return arranged(scope, list(kept.all()), set(await s.scalars(found)))


def arranged(scope: Scope, kept: Sequence[tuple[str, date]], changed: set[date]) -> Plan:
    """Arrange a period from the spans that are kept and the days that have changed. Pure."""
    period, last = scope.period, settled(scope.now)
    months, within = [], set[date]()
    for first in sorted(first for kind, first in kept if kind == "month"):
        month = around("month", first)
        days = days_of(month)
        if month.last <= min(period.last, last) and changed.isdisjoint(days):
            months.append(first)
            within.update(days)
    summed = {first for kind, first in kept if kind == "day" and first <= last}
    single = summed - changed - within
    rest = [d for d in days_of(period) if d not in within and d not in single]
    more = _filling(rest, single)
    live = _spans(sorted({*rest, *more}))
    return Plan(tuple(months), tuple(sorted(single - more)), tuple(live))


def _filling(live: Sequence[date], summed: set[date]) -> set[date]:
    """Return summed days to be counted from the tickets too, so that these are :data:`MOST_SPANS` spans.

    The shortest gaps are filled. A span is a condition of every statement: of hundreds no database
    makes a good plan, and SQLite none at all of a thousand.
    """
    gaps = [
        [one + timedelta(days=n) for n in range(1, (other - one).days)]
        for one, other in pairwise(live)
        if (other - one).days > 1
    ]
    open_ones = sorted((gap for gap in gaps if summed.issuperset(gap)), key=len)
    return {day for gap in open_ones[: max(0, len(gaps) + 1 - MOST_SPANS)] for day in gap}


def _spans(days: Iterable[date]) -> list[Span]:
    """Return days in order as spans, those that follow each other as one."""
    found: list[Span] = []
    for day in days:
        one = Period("day", day, day)
        if found and found[-1][1] == one.start:
            found[-1] = (found[-1][0], one.end)
        else:
            found.append((one.start, one.end))
    return found


def spans_of(days: Iterable[date]) -> tuple[Span, ...]:
    """Return the time that some days are."""
    return tuple(_spans(sorted(days)))


def _narrowed(scope: Scope) -> dict[str, str]:
    given = {"c": scope.community, "l": scope.leaf, "o": scope.unit}
    return {letter: value for letter, value in given.items() if value is not None}


def _where(table: Table, scope: Scope, plan: Plan, by: str) -> list[ColumnElement[bool]]:
    """Return the conditions for the rows that tell something by a dimension ("" for no dimension)."""
    c, narrowed = table.c, _narrowed(scope)
    letters = {*narrowed, *by}
    return [
        or_(
            and_(c.span == "month", c.since.in_(plan.months)),
            and_(c.span == "day", c.since.in_(plan.days)),
        ),
        c.grain == "".join(letter for letter in DIMENSIONS if letter in letters),
        *(c[DIMENSIONS[letter]] == value for letter, value in narrowed.items()),
    ]


async def _summed(
    s: Session, scope: Scope, plan: Plan, by: str, key: Any, names: Sequence[str]
) -> dict[Any, dict[str, int]]:
    query = (
        select(key, *(func.sum(SUMS.c[n]) for n in names))
        .where(*_where(SUMS, scope, plan, by))
        .group_by(key)
    )
    found = {k: dict(zip(names, map(int, n), strict=True)) for k, *n in await s.execute(query)}
    return {k: counts for k, counts in found.items() if any(counts.values())}


async def units(s: Session, scope: Scope, plan: Plan) -> store.Sums:
    """Return what is kept of :func:`store.due_by_unit` and :func:`store.first_by_unit`."""
    return await _summed(s, scope, plan, "o", SUMS.c.org, [*DUE_NAMES, *FIRST_UNIT])


async def parts(s: Session, scope: Scope, plan: Plan, by: str) -> store.Sums:
    """Return what is kept of due and filed tickets by community (``c``) or leaf (``l``)."""
    return await _summed(s, scope, plan, by, SUMS.c[DIMENSIONS[by]], [*PART, *FILED])


async def lateness(s: Session, scope: Scope, plan: Plan) -> dict[str | None, dict[int, int]]:
    """Return what is kept of :func:`store.lateness`."""
    c, now_s = LATENESS.c, literal(int(scope.now.timestamp()), BigInteger)
    h = func.coalesce(c.hundredths, store.hundredths(now_s - c.begun_s, c.limit_s)).label("h")
    found: dict[str | None, dict[int, int]] = {}
    for org, hundredths, n in await s.execute(
        select(c.org, h, func.sum(c.n))
        .where(*_where(LATENESS, scope, plan, "o"))
        .group_by(c.org, h)
    ):
        found.setdefault(org, {})[int(hundredths)] = int(n)
    return found


async def by_day(s: Session, scope: Scope, plan: Plan) -> dict[date, dict[str, int]]:
    """Return what is kept of :func:`store.by_day`; a month at its first day where steps are months."""
    if scope.period.step != "month":
        days = (day for first in plan.months for day in days_of(around("month", first)))
        plan = replace(plan, months=(), days=(*plan.days, *days))
    return await _summed(s, scope, plan, "", SUMS.c.since, store.DAY_NAMES)


async def filed_by_month(
    s: Session, scope: Scope, plan: Plan
) -> list[tuple[date, str | None, str | None, int]]:
    """Return how many tickets were filed: month (its first day), community, leaf, number.

    Each may stand there several times: days that are summed one by one, and what is counted live.
    """
    c = SUMS.c
    query = (
        select(c.since, c.community_id, c.leaf, func.sum(c.filed))
        .where(*_where(SUMS, scope, plan, "cl"), c.filed > 0)
        .group_by(c.since, c.community_id, c.leaf)
    )
    kept = [(day, place, leaf, n) for day, place, leaf, n in await s.execute(query)]
    if plan.live:
        kept += await store.filed_by_day(s, replace(scope, parts=plan.live))
    return [(day.replace(day=1), place, leaf, int(n)) for day, place, leaf, n in kept]
