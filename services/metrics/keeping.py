"""Writing what counts of a ticket: with each event, and all of it anew."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from datetime import date
from typing import Any, cast

from sqlalchemy import Table, delete, insert, select

from services.db import Session, Write
from services.metrics.score import Score, advance
from services.metrics.tables import TicketScoreRow, TicketSumChangeRow
from services.tickets.core.calendar import ZONE
from services.tickets.core.event import Event
from services.tickets.core.ticket import Ticket

Made = Sequence[tuple[Event, Ticket]]
"""Events of one ticket that follow each other, at least one, each with the ticket after it."""
_INSERT = insert(cast(Table, TicketScoreRow.__table__))
NAMES = tuple(f.name for f in fields(Score))
COUNTED_WHEN_FILED = (
    "community_id", "leaf", "org", "group_demand", "proactive", "told", "told_late", "reviewed", "corrected",
)  # fmt: skip
"""Facts that the sums of the day depend on on which a ticket was filed."""


def first(made: Made) -> list[Write]:
    """Return what writes the facts after the first events of a ticket."""
    score = _after(None, made)
    return [] if score is None else [(_INSERT, [vars(score)])]


async def keep(s: Session, made: Made) -> None:
    """Write the facts after some more events of a ticket, in the caller's transaction.

    A ticket from before there were facts gets none by this: ``linda metrics rebuild`` makes them.
    """
    row = await s.get(TicketScoreRow, made[0][0].ticket_no)
    before = read(row) if row else None
    score = _after(before, made) if before else None
    if before is None or score is None:
        return
    await note_changed(s, touched(before, score, made[-1][0].at.astimezone(ZONE).date()))
    for name in NAMES:
        setattr(row, name, getattr(score, name))


def _after(score: Score | None, made: Made) -> Score | None:
    for event, ticket in made:
        score = advance(score, event, ticket)
    return score


def touched(before: Score, after: Score, today: date) -> set[date]:
    """Return the days before today whose sums a change of facts may move. Pure.

    Today and what lies ahead is never summed: a new ticket, which is filed today and due later,
    touches no sum.
    """
    days = {before.due_day, after.due_day} if before != after else set()
    if any(getattr(before, name) != getattr(after, name) for name in COUNTED_WHEN_FILED):
        days.add(after.created_at.astimezone(ZONE).date())
    return {day for day in days if day is not None and day < today}


async def note_changed(s: Session, days: Iterable[date]) -> None:
    """Let sums of some days count no more until they are made anew, from this transaction on."""
    if rows := [{"day": day} for day in sorted(days)]:
        await s.execute(insert(TicketSumChangeRow), rows)


def read(row: TicketScoreRow | Mapping[str, Any]) -> Score:
    """Return the facts of a row."""
    if isinstance(row, Mapping):
        return Score(**{name: row[name] for name in NAMES})
    return Score(**{name: getattr(row, name) for name in NAMES})


async def replace_all(s: Session, scores: Mapping[str, Score | None]) -> None:
    """Write the facts of some tickets anew, whatever stood there."""
    stood = await s.scalars(
        select(TicketScoreRow).where(TicketScoreRow.ticket_no.in_(list(scores)))
    )
    await note_changed(
        s, all_days([*map(read, stood), *(score for score in scores.values() if score)])
    )
    await s.execute(delete(TicketScoreRow).where(TicketScoreRow.ticket_no.in_(list(scores))))
    s.add_all([TicketScoreRow(**asdict(score)) for score in scores.values() if score])
    await s.flush()


def all_days(scores: Iterable[Score]) -> set[date]:
    """Return all days that some tickets count on."""
    days = {
        day for score in scores for day in (score.due_day, score.created_at.astimezone(ZONE).date())
    }
    return {day for day in days if day is not None}


async def stored(s: Session, ticket_no: str) -> Score | None:
    """Return the facts of a ticket as they are stored."""
    row = await s.scalar(select(TicketScoreRow).where(TicketScoreRow.ticket_no == ticket_no))
    return None if row is None else read(row)
