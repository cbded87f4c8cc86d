"""Rows that nothing else hangs on: which of them are due, and what is done with them. Pure of time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, exists, func, or_, select, update
from sqlalchemy.orm import aliased

from services.audit.chain import GONE
from services.db import Session
from services.exchange.tables import BatchRow, LineRow
from services.lists.service import OVER
from services.lists.tables import ListChangeRow, ListItemRow
from services.open311.tables import RequestRow as OpenRequestRow
from services.outbox.tables import OutboxRow
from services.people.tables import LoginFailureRow, LoginRow
from services.retention.rules import Kind
from services.rights.tables import RequestRow
from services.tickets.tables import StaffReminderRow, TicketKeyRow, TicketRow
from services.visits.tables import CareReminderRow, CareTargetRow, CareVisitRow

NOBODY = ""
"""What stands in an encrypted column that may not be empty, when the content is gone."""


@dataclass(frozen=True)
class Rows:
    """Rows that are due: they are deleted, or only ``emptied`` (column → value)."""

    table: Any
    where: ColumnElement[bool]
    emptied: Mapping[str, Any] = field(default_factory=dict)

    async def count(self, s: Session) -> int:
        """Return how many are due."""
        return int(
            await s.scalar(select(func.count()).select_from(self.table).where(self.where)) or 0
        )

    async def examples(self, s: Session, most: int) -> tuple[str, ...]:
        """Return the beginnings of some keys: of a login even the hash is nobody's business."""
        key = self.table.__mapper__.primary_key[0]
        found = await s.scalars(select(key).where(self.where).order_by(key).limit(most))
        return tuple(str(v)[:8] for v in found)

    async def clear(self, s: Session) -> None:
        """Delete or empty them, in the caller's transaction."""
        change = (
            update(self.table).values(self.emptied) if self.emptied else delete(self.table)
        ).where(self.where)
        await s.execute(change.execution_options(synchronize_session=False))


def _held(ticket_no: Any) -> ColumnElement[bool]:
    """Say in SQL whether a ticket is kept as evidence, itself or what it was merged into."""
    own, parent = aliased(TicketRow), aliased(TicketRow)
    return or_(
        exists().where(own.ticket_no == ticket_no, own.doc["hold"].as_string().is_not(None)),
        exists().where(
            own.ticket_no == ticket_no,
            parent.ticket_no == own.doc["merged_into"].as_string(),
            parent.doc["hold"].as_string().is_not(None),
        ),
    )


CARE_EMPTIED: Mapping[str, Any] = {
    "name_enc": NOBODY, "door_enc": None, "phone_enc": None, "family_enc": None, "place": "",
    "building_id": "", "left_why": None,
}  # fmt: skip
CARE_NOTE_EMPTIED: Mapping[str, Any] = {"note_enc": None}


def _care(before: datetime) -> Rows:
    known = CareTargetRow.name_enc != NOBODY
    return Rows(CareTargetRow, and_(CareTargetRow.left_on < before.date(), known), CARE_EMPTIED)


def _care_notes(before: datetime) -> Rows:
    """Old ones, and all of those who are no longer known."""
    unknown = exists().where(
        CareTargetRow.id == CareVisitRow.target_id, CareTargetRow.name_enc == NOBODY
    )
    due = and_(CareVisitRow.note_enc.is_not(None), or_(CareVisitRow.at < before, unknown))
    return Rows(CareVisitRow, due, CARE_NOTE_EMPTIED)


def _requests(before: datetime) -> Rows:
    over = func.coalesce(RequestRow.done_at, RequestRow.decided_at) < before
    known = or_(
        RequestRow.phone_enc.is_not(None), RequestRow.phone_hash.is_not(None),
        RequestRow.resident_id.is_not(None), RequestRow.wish_enc.is_not(None),
    )  # fmt: skip
    emptied = {
        "phone_enc": None, "phone_hash": None, "resident_id": None, "wish_enc": None, "answer": "",
    }  # fmt: skip
    ended = RequestRow.state.in_(("done", "refused"))
    return Rows(RequestRow, and_(ended, over, known), emptied)


def _uploads(before: datetime) -> Rows:
    """Lines of files that are done with, or that nobody has confirmed."""
    running = exists().where(BatchRow.id == LineRow.batch, BatchRow.state == "running")
    old = exists().where(BatchRow.id == LineRow.batch, BatchRow.at < before)
    said = or_(LineRow.summary != "", LineRow.request_enc.is_not(None))
    return Rows(
        LineRow,
        and_(old, ~running, said),
        {"summary": "", "notes": [], "request_enc": None, "open": False},
    )


def _lists(before: datetime) -> Rows:
    """Lines that are over, and that nobody has moved for so long."""
    moved = exists().where(ListChangeRow.item_id == ListItemRow.id, ListChangeRow.at >= before)
    over = and_(ListItemRow.state.in_(OVER), ListItemRow.created_at < before, ~moved)
    return Rows(ListItemRow, and_(over, ListItemRow.title != GONE), {"title": GONE, "detail": ""})


def _list_notes(before: datetime) -> Rows:
    """Words of the history of lines that are gone."""
    gone = exists().where(ListItemRow.id == ListChangeRow.item_id, ListItemRow.title == GONE)
    return Rows(ListChangeRow, and_(gone, ListChangeRow.note != ""), {"note": ""})


def _reminders(before: datetime) -> Rows:
    return Rows(
        StaffReminderRow,
        and_(StaffReminderRow.at < before, ~_held(StaffReminderRow.ticket_no)),
    )


def _outbox(state: str) -> Callable[[datetime], Rows]:
    return lambda before: Rows(
        OutboxRow, and_(OutboxRow.state == state, OutboxRow.done_at < before)
    )


ROWS: Mapping[Kind, Callable[[datetime], Rows]] = {
    "login": lambda before: Rows(LoginRow, LoginRow.expires_at < before),
    "failure": lambda before: Rows(LoginFailureRow, LoginFailureRow.at < before),
    "outbox": _outbox("done"),
    "dead": _outbox("dead"),
    "reminder": _reminders,
    "care": _care,
    "care_note": _care_notes,
    "care_reminder": lambda before: Rows(CareReminderRow, CareReminderRow.at < before),
    "request": _requests,
    "list": _lists,
    "list_note": _list_notes,
    "upload": _uploads,
    "waiting": lambda before: Rows(
        OpenRequestRow,
        and_(OpenRequestRow.waiting_enc.is_not(None), OpenRequestRow.created_at < before),
        {"waiting_enc": None},
    ),
    "key": lambda before: Rows(TicketKeyRow, TicketKeyRow.created_at < before),
}
"""Class → which rows are due before a time."""
