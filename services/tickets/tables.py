"""Tables of the ticket subject."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, Dialect, Index, Integer, String, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import TypeDecorator, TypeEngine

from services.db import Base, JSONColumn, UTCDateTime

MARKS = (
    "group", "group_unanswered", "problem", "escalated", "review_pending", "confidential", "case",
    "to_call", "to_tell", "termination_requested", "exclusion_requested", "risk", "platform_due",
    "escalation_pending",
)  # fmt: skip
"""Overlays that lists are narrowed to; each has an index of the tickets that carry it."""


def marked(name: str) -> str:
    """Return the SQL condition "carries this mark", word for word as the index has it."""
    return f"marks LIKE '%,{name},%'"


def _ordered(name: str, *columns: str, where: str | None = None) -> Index:
    """An index whose entries stand in the order of the lists: the next due first, then the newest."""
    given = None if where is None else text(where)
    order = ("sort_at", text("ticket_no DESC"))
    return Index(name, *columns, *order, sqlite_where=given, postgresql_where=given)


class Grams(TypeDecorator[list[int]]):
    """A set of numbers that is searched for members: an array, on SQLite words for its text index."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        array = dialect.name == "postgresql"
        return dialect.type_descriptor(ARRAY(Integer) if array else Text())

    def process_bind_param(self, value: list[int] | None, dialect: Dialect) -> Any:
        if value is None or dialect.name == "postgresql":
            return value
        return " ".join(gram_word(n) for n in value)

    def process_result_value(self, value: Any, dialect: Dialect) -> list[int] | None:
        if value is None or dialect.name == "postgresql":
            return None if value is None else list(value)
        return [int(word[1:], 16) - 2**31 for word in value.split()]


def gram_word(n: int) -> str:
    """Return a gram (32 bits, signed) as a word of SQLite's text index."""
    return f"g{n + 2**31:08x}"


class TicketEventRow(Base):
    """The history: only ever appended to. ``(ticket_no, seq)`` is what makes two writers collide."""

    __tablename__ = "ticket_events"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    ticket_no: Mapped[str] = mapped_column(String(24))
    seq: Mapped[int]
    type: Mapped[str] = mapped_column(String(30))
    action: Mapped[str] = mapped_column(String(30))
    actor: Mapped[dict[str, Any]] = mapped_column(JSONColumn)
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    from_state: Mapped[str] = mapped_column(String(16))
    to_state: Mapped[str] = mapped_column(String(16))
    data: Mapped[dict[str, Any]] = mapped_column(JSONColumn)

    __table_args__ = (
        UniqueConstraint("ticket_no", "seq"),
        Index("ix_ticket_events_at", "at"),
    )


class TicketRow(Base):
    """The fold of a ticket's events (``doc``), with the columns that lists look for.

    ``sort_at`` is ``next_due_at``, or the end of time when nothing is due: the order of the lists.
    ``marks``, ``recused``, ``helpers`` and ``owing`` hold ``,a,,b,``: marks of :data:`MARKS` and
    ``restricted``; units. ``owing``: those of ``helpers`` that have not answered yet.
    """

    __tablename__ = "tickets"

    ticket_no: Mapped[str] = mapped_column(String(24), primary_key=True)
    version: Mapped[int]
    state: Mapped[str] = mapped_column(String(16))
    priority: Mapped[str] = mapped_column(String(4))
    leaf: Mapped[str | None] = mapped_column(String(8))
    title: Mapped[str] = mapped_column(Text)
    narrative: Mapped[str] = mapped_column(Text)
    conversation_id: Mapped[str | None] = mapped_column(String(80))
    resident_id: Mapped[str | None] = mapped_column(String(80))
    community_id: Mapped[str | None] = mapped_column(String(60))
    grid_id: Mapped[str | None] = mapped_column(String(60))
    owner_org: Mapped[str | None] = mapped_column(String(60))
    owner_person: Mapped[str | None] = mapped_column(String(60))
    helpers: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    next_due_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    sort_at: Mapped[datetime] = mapped_column(UTCDateTime)
    marks: Mapped[str] = mapped_column(Text, default="", server_default="")
    recused: Mapped[str] = mapped_column(Text, default="", server_default="")
    owing: Mapped[str] = mapped_column(Text, default="", server_default="")
    wake_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    doc: Mapped[dict[str, Any]] = mapped_column(JSONColumn)

    __table_args__ = (
        _ordered("ix_tickets_sorted"),
        _ordered("ix_tickets_state_sorted", "state"),
        _ordered("ix_tickets_grid_sorted", "grid_id", "state"),
        _ordered("ix_tickets_owner_sorted", "owner_org", "state"),
        _ordered("ix_tickets_leaf_sorted", "leaf", "state"),
        _ordered("ix_tickets_priority_sorted", "priority", "state"),
        _ordered(
            "ix_tickets_person_sorted", "owner_person", "state", where="owner_person IS NOT NULL"
        ),
        _ordered("ix_tickets_helped_sorted", where="helpers <> ''"),
        _ordered("ix_tickets_owing_sorted", where="owing <> ''"),
        *(_ordered(f"ix_tickets_{name}_sorted", where=marked(name)) for name in MARKS),
        Index("ix_tickets_conversation", "conversation_id"),
        Index("ix_tickets_resident", "resident_id"),
        Index("ix_tickets_created", "created_at"),
        Index("ix_tickets_wake", "wake_at"),
    )


class TicketWordsRow(Base):
    """What is searched in a ticket: pairs of characters of its words, threes of its number.

    An index finds the rows that have all grams of what is asked for (PostgreSQL: GIN; SQLite: the
    FTS5 table ``ticket_words_fts`` over this one, kept by triggers of the migration). Words
    that were erased leave their row too.
    """

    __tablename__ = "ticket_words"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    ticket_no: Mapped[str] = mapped_column(String(24), unique=True)
    grams: Mapped[list[int]] = mapped_column(Grams)


class StaffReminderRow(Base):
    """A sentence of the clock for staff: a person, or all of a role or unit, until one has seen it."""

    __tablename__ = "staff_reminders"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    key: Mapped[str] = mapped_column(String(80), unique=True)
    ticket_no: Mapped[str] = mapped_column(String(24))
    told: Mapped[str] = mapped_column(String(12))
    person: Mapped[str | None] = mapped_column(String(60))
    org_id: Mapped[str | None] = mapped_column(String(60))
    community_id: Mapped[str | None] = mapped_column(String(60))
    grid_id: Mapped[str | None] = mapped_column(String(60))
    text: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    seen_by: Mapped[str | None] = mapped_column(String(60))
    seen_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    __table_args__ = (Index("ix_staff_reminders_open", "seen_at", "told"),)


class CalendarNoticeRow(Base):
    """A notice of holidays that was brought in; of a year the latest counts."""

    __tablename__ = "calendar_notices"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    year: Mapped[int] = mapped_column()
    doc: Mapped[dict[str, Any]] = mapped_column(JSONColumn)
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    by: Mapped[str] = mapped_column(String(60))
    moved: Mapped[int]

    __table_args__ = (Index("ix_calendar_notices_year", "year"),)


class TicketContactRow(Base):
    """Who reported, encrypted; apart from the history so that it can be erased while that stays.

    《个人信息保护法》第四十七条: what is no longer needed is deleted.
    """

    __tablename__ = "ticket_contacts"

    ticket_no: Mapped[str] = mapped_column(String(24), primary_key=True)
    name_enc: Mapped[str | None] = mapped_column(Text)
    phone_enc: Mapped[str | None] = mapped_column(Text)
    room_enc: Mapped[str | None] = mapped_column(Text)
    address_enc: Mapped[str | None] = mapped_column(Text)
    subject_name_enc: Mapped[str | None] = mapped_column(Text)


class TicketSequenceRow(Base):
    """Last ticket number of a day."""

    __tablename__ = "ticket_sequences"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    last: Mapped[int]


class TicketKeyRow(Base):
    """Idempotency keys: the same request is one ticket."""

    __tablename__ = "ticket_keys"

    key: Mapped[str] = mapped_column(String(200), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64))
    ticket_no: Mapped[str | None] = mapped_column(String(24))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)


class BlockedAssignmentRow(Base):
    """An assignment that the guard refused because the matter is not that unit's duty (越权派单).

    《北京市接诉即办工作条例》第十七条; counted in the monthly report of the street.
    """

    __tablename__ = "blocked_assignments"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    ticket_no: Mapped[str] = mapped_column(String(24))
    at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    staff_id: Mapped[str] = mapped_column(String(60))
    action: Mapped[str] = mapped_column(String(30))
    org: Mapped[str] = mapped_column(String(60))
    duty: Mapped[str] = mapped_column(String(10))
    leaf: Mapped[str | None] = mapped_column(String(8))
    community_id: Mapped[str | None] = mapped_column(String(60))
