"""Sums over ``ticket_scores``: counting is SQL's, formulas are :mod:`services.metrics.figures`'.

Both databases get the same statements; percentiles come from a histogram of hundredths, which needs
no sorting and no function that one of them lacks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Date,
    Integer,
    String,
    and_,
    case,
    cast,
    false,
    func,
    literal,
    null,
    or_,
    select,
    type_coerce,
    union_all,
)

from services.channels.tables import RedirectRow as B
from services.clock import ZONE
from services.db import Session
from services.metrics.params import Params
from services.metrics.periods import Period
from services.metrics.tables import COUNTS
from services.metrics.tables import TicketScoreRow as T
from services.tickets.core.arrivals import WAITING

SATISFIED = 4
"""From this score on: 满意, 非常满意."""
TIMED = ("satisfied_at_once", "answered_at_once", "last_minute")
"""Counts that depend on a number of minutes, which is data."""
REFUSALS = ("NOT_ACCEPTED", "HANDED_OFF")
"""States in which who asked for a certificate was shown where to go instead."""


@dataclass(frozen=True)
class Scope:
    """Which tickets are counted; an empty part does not narrow.

    Attributes:
        parts: Only these parts of the period, each from a moment up to before another.
    """

    period: Period
    now: datetime
    community: str | None = None
    unit: str | None = None
    leaf: str | None = None
    parts: tuple[tuple[datetime, datetime], ...] | None = None

    @property
    def spans(self) -> tuple[tuple[datetime, datetime], ...]:
        """The parts that are counted; by default the whole period."""
        return ((self.period.start, self.period.end),) if self.parts is None else self.parts


def _count(*conditions: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count().filter(and_(*conditions))


def _within(column: Any, minutes: int) -> ColumnElement[bool]:
    found: ColumnElement[bool] = and_(column.is_not(None), column <= minutes * 60)
    return found


def due_counts(params: Params) -> dict[str, ColumnElement[Any]]:
    """Return what is counted of tickets that were due, by name."""
    answered, resolved = T.answer.is_not(None), T.resolved == 1
    rated = T.score.is_not(None)
    in_v = and_(resolved, answered)
    limits = {key: params.signals[key].minutes for key in TIMED}
    return {
        "due": func.count(),
        "contact_required": func.sum(T.contact_required),
        "contact_in_time": func.sum(T.contact_in_time),
        "sign_required": func.sum(T.sign_required),
        "sign_in_time": func.sum(T.sign_in_time),
        "in_time": func.sum(T.in_time),
        "transfers": func.sum(T.transfers),
        "resolved": func.sum(T.resolved),
        "answered": _count(in_v),
        "solved": _count(in_v, T.answer == "solved"),
        "partial": _count(in_v, T.answer == "partial"),
        "rated": _count(in_v, rated),
        **{f"rated_{n}": _count(in_v, T.score == n) for n in range(1, 6)},
        "reworked": _count(resolved, T.rounds > 0),
        "reworked_3": _count(T.rounds >= 3),
        "audits": func.sum(T.audits),
        "found_false": func.sum(T.found_false),
        "rated_any": _count(rated),
        "rating_changed": _count(T.rating_changes > 0),
        "withdrawn": func.sum(T.withdrawn),
        "withdrawn_early": func.sum(T.withdrawn_early),
        "persuaded": func.sum(T.persuaded),
        "pressured": func.sum(T.pressured),
        "bad": func.sum(T.bad),
        "rectified": func.sum(T.rectified),
        "bad_called": func.sum(T.bad_called),
        "explained": _count(resolved, T.outcome == "explained"),
        "satisfied_at_once": _count(
            T.score >= SATISFIED, _within(T.rated_after_s, limits["satisfied_at_once"])
        ),
        "answered_at_once": _count(
            in_v, _within(T.answered_after_s, limits["answered_at_once"])
        ),
        "last_minute": _count(
            resolved, T.evidence == 0, _within(T.left_s, limits["last_minute"])
        ),
    }  # fmt: skip


FIRST_UNIT: Mapping[str, ColumnElement[Any]] = {
    "first": func.count(),
    "first_right": _count(T.upheld == 0),
    "returned": _count(T.objections > 0),
}
"""Counted of tickets that were due, for the unit that had them first."""

FILED: Mapping[str, ColumnElement[Any]] = {
    "filed": func.count(),
    "group": func.sum(T.group_demand),
    "proactive": func.sum(T.proactive),
    "told": func.sum(T.told),
    "told_once": _count(T.told == 1, T.told_late == 0),
    "reviewed": _count(T.reviewed > 0),
    "corrected": _count(T.corrected > 0),
}
"""Counted of tickets that were filed in the period."""


def _place(scope: Scope) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if scope.community is not None:
        found.append(T.community_id == scope.community)
    if scope.leaf is not None:
        found.append(T.leaf == scope.leaf)
    return found


def _reached(scope: Scope) -> list[ColumnElement[bool]]:
    """Dispatched, and due in the period and by now."""
    spans = [(start, min(end, scope.now)) for start, end in scope.spans]
    return [during(T.due_at, spans), T.dispatched == 1, *_place(scope)]


def during(column: Any, spans: Iterable[tuple[datetime, datetime]]) -> ColumnElement[bool]:
    """Say whether a time lies in one of some spans, each from a moment up to before another."""
    found = [and_(column >= start, column < end) for start, end in spans]
    return or_(false(), *found)


def scored(scope: Scope) -> list[ColumnElement[bool]]:
    """D of docs/metrics.md, for any unit."""
    return [*_reached(scope), T.excluded.is_(None), T.suspended == 0]


def _units(scope: Scope, column: Any) -> list[ColumnElement[bool]]:
    return [] if scope.unit is None else [column == scope.unit]


Sums = dict[str | None, dict[str, int]]
"""Counts by the value of one column."""
Parts = dict[tuple[str | None, str | None], dict[str, int]]
"""Counts by community and leaf."""
Counted = Mapping[str, ColumnElement[Any]]
Conditions = Sequence[ColumnElement[bool]]


def filed_day(sqlite: bool) -> ColumnElement[date]:
    """Return the day in China's time on which a ticket was filed. China's clock has no summer time."""
    if sqlite:
        return type_coerce(func.date(T.created_at, "+8 hours"), Date)
    return cast(func.timezone(ZONE.key, T.created_at), Date)


DUE_NAMES = COUNTS[: COUNTS.index("first")]
"""Names of :func:`due_counts`."""
PART = (
    "due", "contact_required", "contact_in_time", "in_time", "resolved", "answered", "solved",
    "partial", "rated", "rated_3", "rated_4", "rated_5", "reworked",
)  # fmt: skip
"""Counted of a community or a leaf; a unit is looked at more closely."""
DAY_NAMES = (
    "due", "in_time", "contact_required", "contact_in_time", "resolved", "answered", "solved",
    "partial",
)  # fmt: skip
"""What a line through the period needs."""


async def due_by_unit(s: Session, scope: Scope, params: Params) -> Sums:
    """Return the counts of what was due, by the unit that has it now."""
    return await _sums(s, T.org, due_counts(params), [*scored(scope), *_units(scope, T.org)])


async def due_by_part(s: Session, scope: Scope, params: Params) -> Parts:
    """Return the counts of what was due, by community and leaf."""
    counted = due_counts(params)
    where = [*scored(scope), *_units(scope, T.org)]
    return await _parts(s, {name: counted[name] for name in PART}, where)


async def first_by_unit(s: Session, scope: Scope) -> Sums:
    """Return what is counted for the unit that had a due ticket first."""
    where = [*scored(scope), *_units(scope, T.first_org)]
    return await _sums(s, T.first_org, FIRST_UNIT, where)


async def filed_by_part(s: Session, scope: Scope) -> Parts:
    """Return the counts of what was filed, by community and leaf."""
    where = [
        during(T.created_at, scope.spans), *_place(scope), *_units(scope, T.org),
    ]  # fmt: skip
    return await _parts(s, FILED, where)


async def filed_by_day(s: Session, scope: Scope) -> list[tuple[date, str | None, str | None, int]]:
    """Return how many tickets were filed, by day (in China), community and leaf."""
    day = filed_day(s.get_bind().dialect.name == "sqlite").label("day")
    query = (
        select(day, T.community_id, T.leaf, func.count())
        .where(during(T.created_at, scope.spans), *_place(scope))
        .group_by(day, T.community_id, T.leaf)
    )
    return [(d, place, leaf, int(n)) for d, place, leaf, n in await s.execute(query)]


async def first_filed(s: Session) -> date | None:
    """Return the day on which the first ticket of all was filed; None as long as there is none."""
    first: datetime | None = await s.scalar(select(func.min(T.created_at)))
    return None if first is None else first.astimezone(ZONE).date()


async def _sums(s: Session, column: Any, counted: Counted, where: Conditions) -> Sums:
    query = select(column, *counted.values()).where(*where).group_by(column)
    return {key: _named(counted, counts) for key, *counts in await s.execute(query)}


async def _parts(s: Session, counted: Counted, where: Conditions) -> Parts:
    keys = (T.community_id, T.leaf)
    query = select(*keys, *counted.values()).where(*where).group_by(*keys)
    return {
        (community, leaf): _named(counted, counts)
        for community, leaf, *counts in await s.execute(query)
    }


def _named(counted: Iterable[str], counts: Sequence[Any]) -> dict[str, int]:
    return dict(zip(counted, (int(n or 0) for n in counts), strict=True))


def hundredths(took: Any, limit: Any) -> ColumnElement[int]:
    """Return how many hundredths of a limit something took, both in seconds; at most 10,000."""
    return cast(case((took > limit * 100, 10_000), else_=(took * 100) // limit), Integer)


async def lateness(s: Session, scope: Scope) -> dict[str | None, dict[int, int]]:
    """Return by unit how many tickets took so many hundredths of the time they had.

    What goes on is counted up to now. Beyond a hundred times it is all the same.
    """
    now_s = literal(int(scope.now.timestamp()), BigInteger)
    capped = hundredths(func.coalesce(T.took_s, now_s - T.begun_s), T.limit_s).label("h")
    found = await s.execute(
        select(T.org, capped, func.count().label("n"))
        .where(*scored(scope), *_units(scope, T.org))
        .group_by(T.org, capped)
    )
    by_unit: dict[str | None, dict[int, int]] = {}
    for org, h, n in found:
        by_unit.setdefault(org, {})[int(h)] = int(n)
    return by_unit


async def by_day(s: Session, scope: Scope, params: Params) -> dict[date, dict[str, int]]:
    """Return, by day of the deadline, what a line through the period needs."""
    counted = due_counts(params)
    where = [*scored(scope), *_units(scope, T.org)]
    query = select(T.due_day, *(counted[n] for n in DAY_NAMES)).where(*where).group_by(T.due_day)
    return {day: _named(DAY_NAMES, counts) for day, *counts in await s.execute(query)}


async def excluded(s: Session, scope: Scope) -> dict[str, int]:
    """Return how many were left out of scoring, by reason; without a deadline by when it was filed."""
    here = during(func.coalesce(T.due_at, T.created_at), scope.spans)
    where = [T.excluded.is_not(None), here, *_place(scope), *_units(scope, T.org)]
    found = await s.execute(select(T.excluded, func.count()).where(*where).group_by(T.excluded))
    return {str(reason): int(n) for reason, n in found}


async def exclusions_asked(s: Session, scope: Scope) -> dict[str, int]:
    """Return how many units asked to be left out of scoring, by how the request stands."""
    here = during(func.coalesce(T.due_at, T.created_at), scope.spans)
    where = [T.exclusion_asked.is_not(None), here, *_place(scope), *_units(scope, T.org)]
    query = select(T.exclusion_asked, func.count()).where(*where).group_by(T.exclusion_asked)
    return {str(state): int(n) for state, n in await s.execute(query)}


async def appointments(s: Session, scope: Scope) -> dict[str, int]:
    """Return how agreed times that are over were kept: kept, early, late; nobody came: missed."""
    where = [*_reached(scope), T.excluded.is_(None), T.appointment.is_not(None)]
    where += _units(scope, T.org)
    query = select(T.appointment, func.count()).where(*where).group_by(T.appointment)
    found = {str(how): int(n) for how, n in await s.execute(query)}
    return {"missed" if how == WAITING else how: n for how, n in found.items()}


async def suspended(s: Session, scope: Scope) -> int:
    """Return how many were due and stand because of circumstances (挂账)."""
    where = [
        *_reached(scope),
        T.excluded.is_(None),
        T.suspended == literal(1, literal_execute=True),
        *_units(scope, T.org),
    ]
    return int(await s.scalar(select(func.count()).select_from(T).where(*where)) or 0)


async def redirected(s: Session, scope: Scope, params: Params) -> dict[str, int]:
    """Return how many were shown where to go instead of a certificate, and how many did not return.

    Shown by a clerk (a ticket) or by the bot (:class:`~services.channels.tables.RedirectRow`, which
    no unit has). Only those whose ``redirect_days`` are over, and whose household is known. What a
    household says of the same certificate within ``redirect_again_hours`` is one asking: the bot
    redirects, then the clue about who demanded it is filed.
    """
    span, same = timedelta(days=params.redirect_days), timedelta(hours=params.redirect_again_hours)
    begin, end = scope.period.start - same, scope.period.end + span
    shown = or_(T.state.in_(REFUSALS), func.coalesce(T.outcome, "") == "redirected")
    asked = union_all(
        select(
            T.certificate, T.household, T.created_at.label("at"), T.community_id, T.leaf, T.org,
            case((shown, 1), else_=0).label("shown"),
        ).where(
            T.certificate.is_not(None), T.household.is_not(None),
            T.created_at >= begin, T.created_at < end,
        ),
        select(
            B.certificate, B.household, B.at, B.community_id, B.leaf, cast(null(), String),
            literal(1, Integer),
        ).where(B.at >= begin, B.at < end),
    ).subquery()  # fmt: skip
    c = asked.c
    whose = (c.certificate, c.household)
    # Most were never shown elsewhere: only households that were are read.
    marked = select(asked, func.max(c.shown).over(partition_by=whose).label("ever")).subquery()
    m = marked.c
    wanted = (
        (m.community_id, scope.community), (m.leaf, scope.leaf), (m.org, scope.unit),
    )  # fmt: skip
    here = and_(*(column == value for column, value in wanted if value is not None), m.shown == 1)
    rows = await s.execute(
        select(m.certificate, m.household, m.at, case((here, 1), else_=0))
        .where(m.ever == 1)
        .order_by(m.certificate, m.household, m.at)
    )
    counted = well = 0
    for _, group in groupby(rows, key=itemgetter(0, 1)):
        askings = _askings([(row[2], bool(row[3])) for row in group], same)
        for n, (first, last, counts) in enumerate(askings):
            inside = scope.period.start <= first < scope.period.end and first <= scope.now - span
            if counts and inside:
                counted += 1
                well += n + 1 == len(askings) or askings[n + 1][0] - last > span
    return {"redirected": counted, "redirected_well": well}


def _askings(
    said: Sequence[tuple[datetime, bool]], same: timedelta
) -> list[tuple[datetime, datetime, bool]]:
    """Join what was said shortly after one another: first and last moment, and whether any counts."""
    found: list[tuple[datetime, datetime, bool]] = []
    for at, counts in said:
        if found and at - found[-1][1] <= same:
            first, _, before = found[-1]
            found[-1] = (first, at, before or counts)
        else:
            found.append((at, at, counts))
    return found
