"""Tables of the ticket subject."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.db import Base, JSONColumn, UTCDateTime


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
    """The fold of a ticket's events (``doc``), with the columns that lists look for."""

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
    doc: Mapped[dict[str, Any]] = mapped_column(JSONColumn)

    __table_args__ = (
        Index("ix_tickets_state_due", "state", "next_due_at"),
        Index("ix_tickets_grid", "grid_id", "state"),
        Index("ix_tickets_owner", "owner_org", "state"),
        Index("ix_tickets_conversation", "conversation_id"),
        Index("ix_tickets_resident", "resident_id"),
        Index("ix_tickets_created", "created_at"),
    )


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
