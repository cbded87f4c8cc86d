"""Tables of standing orders, of places that are taken, and of who waits for one."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.db import Base, JSONColumn, UTCDateTime


class StandingOrderRow(Base):
    """A standing order. What is ordered stands on its newest ticket, where it is changed."""

    __tablename__ = "standing_orders"

    first_ticket: Mapped[str] = mapped_column(String(24), primary_key=True)
    """The ticket it was ordered with."""
    ticket_no: Mapped[str] = mapped_column(String(24), unique=True)
    """The ticket of the newest meal."""
    conversation_id: Mapped[str] = mapped_column(String(80))
    check_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    """When to look whether the next meal is due; null: the order has ended, or is paused."""
    paused_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    """Since when it is paused until the resident says that they are back."""

    __table_args__ = (Index("ix_standing_orders_check", "check_at"),)


class BookingPlaceRow(Base):
    """A place that a ticket has taken: the key lets one place be taken once."""

    __tablename__ = "booking_places"

    slot: Mapped[str] = mapped_column(String(120), primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """Which of the slot's places, from 0."""
    ticket_no: Mapped[str] = mapped_column(String(24), unique=True)


class BookingWaiterRow(Base):
    """Somebody who waits for a place in a full slot, in the order of ``id``; gone when that is over.

    While ``answer_by`` stands a place is held for them (``booking_places`` names it ``W-<id>``): they
    were told in ``asked_in`` with message ``asked_seq``, or are told in the morning.
    """

    __tablename__ = "booking_waiters"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    slot: Mapped[str] = mapped_column(String(120))
    conversation_id: Mapped[str] = mapped_column(String(80))
    leaf: Mapped[str] = mapped_column(String(8))
    appointment: Mapped[dict[str, Any]] = mapped_column(JSONColumn)
    """The parts of the appointment that say what is waited for; nothing of the person."""
    content_enc: Mapped[str] = mapped_column(Text)
    """The body that files the booking, encrypted."""
    starts: Mapped[datetime] = mapped_column(UTCDateTime)
    """From then on nobody waits any more."""
    answer_by: Mapped[datetime | None] = mapped_column(UTCDateTime)
    asked_in: Mapped[str | None] = mapped_column(String(40))
    asked_seq: Mapped[int | None]

    __table_args__ = (
        UniqueConstraint("conversation_id", "slot", name="uq_booking_waiters_conversation_id"),
        Index("ix_booking_waiters_slot", "slot"),
        {"sqlite_autoincrement": True},  # keys are made of the number: nobody gets it again
    )
