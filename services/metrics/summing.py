"""Making the sums of :mod:`services.metrics.sums`: by the worker, some days at a time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Integer,
    Select,
    String,
    Table,
    case,
    cast,
    delete,
    exists,
    func,
    insert,
    literal,
    literal_column,
    null,
    select,
    union_all,
)

from services.clock import ZONE
from services.db import Session
from services.metrics import store, sums
from services.metrics.params import Params
from services.metrics.periods import Period, around
from services.metrics.sums import DIMENSIONS, GRAINS, LATENESS, LATENESS_GRAINS, SUMS
from services.metrics.tables import (
    COUNTS,
    TicketSumChangeRow,
    TicketSumSpanRow,
)
from services.metrics.tables import TicketScoreRow as T

DAYS_AT_ONCE = 10
"""Days summed in one transaction: on SQLite everybody who writes waits for it."""
LOCK = 0x5355_4D53
"""Number of PostgreSQL's lock that lets one worker at a time make sums."""
LATE = ("hundredths", "begun_s", "limit_s")
KEYS = ("community_id", "leaf", "org")


async def refresh(s: Session, now: datetime, params: Params) -> int:
    """Make the sums of some days that changed or have none, and of their months; return how many days.

    All of it is of one moment: a change that is not seen here leaves its note, and the day stays
    counted from the tickets until the next time.
    """
    await sums.steady(s)
    if not await _alone(s):
        return 0
    known, last = await _known(s, now, params), sums.settled(now)
    await s.execute(delete(TicketSumChangeRow).where(~_is_summed(TicketSumChangeRow.day)))
    changed = set(await s.scalars(select(TicketSumChangeRow.day).distinct())) & known
    missing = set(await _all_days(s, last)) - known
    days = [*sorted(changed, reverse=True), *sorted(missing, reverse=True)][:DAYS_AT_ONCE]
    if not days:
        return 0
    sqlite = s.get_bind().dialect.name == "sqlite"
    await _forget(s, "day", days)
    await s.execute(delete(TicketSumChangeRow).where(TicketSumChangeRow.day.in_(days)))
    await _sum_days(s, days, now, params, sqlite)
    await _sum_late_days(s, days, now)
    await _note(s, "day", days, params)
    known.update(days)
    firsts = {day.replace(day=1) for day in days}
    await _forget(s, "month", sorted(firsts))
    whole = [m for m in sorted(firsts) if known.issuperset(sums.days_of(around("month", m)))]
    for first in whole:
        await _sum_month(s, around("month", first))
    await _note(s, "month", whole, params)
    return len(days)


async def _alone(s: Session) -> bool:
    """Say whether nobody else makes sums now; SQLite has one writer anyway."""
    if s.get_bind().dialect.name == "sqlite":
        return True
    return bool(await s.scalar(select(func.pg_try_advisory_xact_lock(LOCK))))


async def forget_ahead(s: Session, now: datetime) -> None:
    """Throw away sums of days that are not over yet: the clock was set back (test mode).

    Whoever changes a ticket says so of past days only; what is written on a day that is today
    again would never be missed in its sum.
    """
    found = await s.execute(select(TicketSumSpanRow.span, TicketSumSpanRow.since))
    spans, last = list(found.all()), sums.settled(now)
    for kind in ("day", "month"):
        await _forget(s, kind, [f for k, f in spans if k == kind and _last(k, f) > last])


async def _known(s: Session, now: datetime, params: Params) -> set[date]:
    """Return the days that are summed, after throwing away what counts no more.

    That is what was counted by other rules, and what lies ahead since the clock was set back.
    """
    span, last = TicketSumSpanRow, sums.settled(now)
    found = list((await s.execute(select(span.span, span.since, span.rules))).all())
    for kind in ("day", "month"):
        gone = [
            first for k, first, by in found
            if k == kind and (by != sums.rules(params) or _last(k, first) > last)
        ]  # fmt: skip
        await _forget(s, kind, gone)
    return {
        first
        for kind, first, by in found
        if kind == "day" and by == sums.rules(params) and first <= last
    }


def _last(kind: str, first: date) -> date:
    return around("month", first).last if kind == "month" else first


def _is_summed(day: Any) -> ColumnElement[bool]:
    span = TicketSumSpanRow
    return exists().where(span.span == "day", span.since == day)


async def _all_days(s: Session, last: date) -> list[date]:
    """Return the days from the month of the first ticket to ``last``."""
    created = await s.scalar(select(func.min(T.created_at)))
    if created is None:
        return []
    first = created.astimezone(ZONE).date().replace(day=1)
    return sums.days_of(Period("custom", first, last)) if first <= last else []


async def _forget(s: Session, kind: str, firsts: Sequence[date]) -> None:
    if firsts:
        for table in (SUMS, LATENESS, TicketSumSpanRow.__table__):
            await s.execute(
                delete(table).where(table.c.span == kind, table.c.since.in_(firsts))  # type: ignore[arg-type]
            )


async def _note(s: Session, kind: str, firsts: Sequence[date], params: Params) -> None:
    if firsts:
        rows = [{"span": kind, "since": first, "rules": sums.rules(params)} for first in firsts]
        await s.execute(insert(TicketSumSpanRow), rows)


async def _sum_days(
    s: Session, days: Sequence[date], now: datetime, params: Params, sqlite: bool
) -> None:
    spans = sums.spans_of(days)
    due, filed = store.scored(_scope(spans, now)), store.during(T.created_at, spans)
    counted = union_all(
        _counted(T.due_day, T.org, store.due_counts(params)).where(*due),
        _counted(T.due_day, T.first_org, store.FIRST_UNIT).where(*due),
        _counted(store.filed_day(sqlite), T.org, store.FILED).where(filed),
    ).cte("counted")
    await _insert(s, SUMS, counted, GRAINS, (), COUNTS)


def _scope(spans: tuple[sums.Span, ...], now: datetime) -> store.Scope:
    whole = Period("custom", spans[0][0].date(), spans[-1][0].date())
    return store.Scope(whole, now, parts=spans)


def _counted(day: Any, org: Any, counted: store.Counted) -> Select[Any]:
    """Count by day and all dimensions; what is not counted here is 0."""
    first = day.label("since")
    none = literal_column("0", Integer)
    columns = (counted.get(name, none).label(name) for name in COUNTS)
    keys = (first, T.community_id, T.leaf, org.label("org"))
    return select(*keys, *columns).group_by(first, T.community_id, T.leaf, org)


async def _sum_late_days(s: Session, days: Sequence[date], now: datetime) -> None:
    """Sum lateness; of what goes on keep what it is computed from, for it grows by itself."""
    ended = T.took_s.is_not(None)
    late = (
        case((ended, store.hundredths(T.took_s, T.limit_s))).label("hundredths"),
        case((~ended, T.begun_s)).label("begun_s"),
        case((~ended, T.limit_s)).label("limit_s"),
    )
    keys = (T.due_day.label("since"), T.community_id, T.leaf, T.org, *late)
    counted = (
        select(*keys, func.count().label("n"))
        .where(*store.scored(_scope(sums.spans_of(days), now)))
        .group_by(*keys)
        .cte("counted")
    )
    await _insert(s, LATENESS, counted, LATENESS_GRAINS, LATE, ("n",))


async def _insert(
    s: Session,
    table: Table,
    counted: CTE,
    grains: Sequence[str],
    keys: Sequence[str],
    names: Sequence[str],
) -> None:
    """Add up what was counted by all dimensions, for each grain."""
    made = []
    for grain in grains:
        kept = {DIMENSIONS[letter] for letter in grain}
        by = [
            counted.c.since,
            *(counted.c[k] for k in KEYS if k in kept),
            *(counted.c[k] for k in keys),
        ]
        shown = (counted.c[k] if k in kept else cast(null(), String).label(k) for k in KEYS)
        made.append(
            select(
                literal("day").label("span"), counted.c.since, literal(grain).label("grain"),
                *shown, *(counted.c[k] for k in keys), *(func.sum(counted.c[n]).label(n) for n in names),
            ).group_by(*by)
        )  # fmt: skip
    columns = ["span", "since", "grain", *KEYS, *keys, *names]
    await s.execute(insert(table).from_select(columns, union_all(*made)))


async def _sum_month(s: Session, month: Period) -> None:
    """Add up the days of a month."""
    for table, keys, names in ((SUMS, (), COUNTS), (LATENESS, LATE, ("n",))):
        c = table.c
        by = [c[k] for k in ("grain", *KEYS, *keys)]
        query = (
            select(
                literal("month"), literal(month.first), *by, *(func.sum(c[n]) for n in names)
            )
            .where(c.span == "day", c.since >= month.first, c.since <= month.last)
            .group_by(*by)
        )  # fmt: skip
        columns = ["span", "since", "grain", *KEYS, *keys, *names]
        await s.execute(insert(table).from_select(columns, query))
