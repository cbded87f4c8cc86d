"""Requests of people about their own data, and emergency looks into content."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from services.db import Base, JSONColumn, UTCDateTime


class RequestRow(Base):
    """A request under 《个人信息保护法》第四十四条至第四十七条, with the day by which it is answered.

    ``state``: ``open`` → ``approved`` (an export may be taken) → ``done``, or ``refused``.
    """

    __tablename__ = "dsar_requests"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))
    channel: Mapped[str] = mapped_column(String(10))
    phone_enc: Mapped[str | None] = mapped_column(Text)
    phone_hash: Mapped[str | None] = mapped_column(String(64), index=True)
    resident_id: Mapped[str | None] = mapped_column(String(40))
    proof: Mapped[str] = mapped_column(String(20))
    wish_enc: Mapped[str | None] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(10), index=True)
    filed_at: Mapped[datetime] = mapped_column(UTCDateTime)
    filed_by: Mapped[str] = mapped_column(String(60))
    due_on: Mapped[date] = mapped_column(Date)
    decided_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    decided_by: Mapped[str | None] = mapped_column(String(60))
    answer: Mapped[str] = mapped_column(Text, default="")
    done_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    result: Mapped[dict[str, Any]] = mapped_column(JSONColumn, default=dict)


class GlassRow(Base):
    """A system administrator's look into one ticket: asked by one person, approved by another."""

    __tablename__ = "glass_openings"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    ticket_no: Mapped[str] = mapped_column(String(24), index=True)
    asked_by: Mapped[str] = mapped_column(String(60))
    asked_at: Mapped[datetime] = mapped_column(UTCDateTime)
    reason: Mapped[str] = mapped_column(Text)
    approved_by: Mapped[str | None] = mapped_column(String(60))
    approved_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    until: Mapped[datetime | None] = mapped_column(UTCDateTime)
