"""Tables of webhooks."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from services.db import Base, JSONColumn, UTCDateTime


class WebhookRow(Base):
    """A subscription. Secrets are encrypted; ``former_enc`` still signs until ``former_until``.

    ``next_at`` is when something is to be sent; empty when nothing is owed. ``busy_*`` is the lease
    of the process that is sending.
    """

    __tablename__ = "webhooks"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    url: Mapped[str] = mapped_column(Text)
    events: Mapped[list[str]] = mapped_column(JSONColumn)
    org_id: Mapped[str | None] = mapped_column(String(60))
    community_id: Mapped[str | None] = mapped_column(String(60))
    active: Mapped[bool]
    stopped_why: Mapped[str | None] = mapped_column(String(100))
    secret_enc: Mapped[str] = mapped_column(Text)
    former_enc: Mapped[str | None] = mapped_column(Text)
    former_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    created_by: Mapped[str] = mapped_column(String(60))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    next_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    busy_by: Mapped[str | None] = mapped_column(String(40))
    busy_until: Mapped[datetime | None] = mapped_column(UTCDateTime)


class MessageRow(Base):
    """What one subscription is told of one event: ``waiting``, ``delivered`` or ``dead``.

    ``seq`` is the order; ``body`` is made once, so that each attempt and replay sends the same.
    """

    __tablename__ = "webhook_messages"

    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    id: Mapped[str] = mapped_column(String(40), unique=True)
    webhook: Mapped[str] = mapped_column(String(40))
    ticket_no: Mapped[str] = mapped_column(String(24))
    event: Mapped[str] = mapped_column(String(30))
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    body: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(10))
    attempts: Mapped[int]
    next_at: Mapped[datetime] = mapped_column(UTCDateTime)
    answer: Mapped[str | None] = mapped_column(String(100))
    done_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    __table_args__ = (
        Index("ix_webhook_messages_order", "webhook", "state", "seq"),
        Index("ix_webhook_messages_done", "state", "done_at"),
    )
