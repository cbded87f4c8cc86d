"""The outbox table."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, Text, literal_column
from sqlalchemy.orm import Mapped, mapped_column

from services.db import Base, JSONColumn, UTCDateTime


class OutboxRow(Base):
    """One thing to do after the commit that wrote it.

    ``state``: ``pending`` → ``done`` or, after the last attempt, ``dead`` (kept for replay).
    ``key`` is unique: enqueuing the same key twice is one effect.
    """

    __tablename__ = "outbox"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    key: Mapped[str] = mapped_column(String(200), unique=True)
    topic: Mapped[str] = mapped_column(String(60))
    payload: Mapped[dict[str, Any]] = mapped_column(JSONColumn)
    state: Mapped[str] = mapped_column(String(12), default="pending")
    attempts: Mapped[int] = mapped_column(default=0)
    not_before: Mapped[datetime] = mapped_column(UTCDateTime)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    done_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    claimed_by: Mapped[str | None] = mapped_column(String(60))
    claimed_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    last_error: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (Index("ix_outbox_due", "state", "not_before"),)


# The name of the key stands in the statement: with a parameter in its place no index is used.
OF_CONVERSATION = OutboxRow.payload.op("->>")(literal_column("'conversation_id'"))
"""The conversation that a row is about, NULL without one; it has an index."""
Index("ix_outbox_conversation", OF_CONVERSATION)
