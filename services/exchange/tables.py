"""Tables of what is exchanged with higher platforms."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from services.db import Base, JSONColumn, UTCDateTime


class OrderRow(Base):
    """One ticket, two numbers: the platform's and ours. ``(source, ref)`` is there once."""

    __tablename__ = "exchange_orders"

    source: Mapped[str] = mapped_column(String(20), primary_key=True)
    ref: Mapped[str] = mapped_column(String(60), primary_key=True)
    ticket_no: Mapped[str] = mapped_column(String(24), unique=True)
    batch: Mapped[str] = mapped_column(String(40))
    due_there: Mapped[datetime | None] = mapped_column(UTCDateTime)
    sent_version: Mapped[int]
    sent_digest: Mapped[str] = mapped_column(String(64))

    __table_args__ = (Index("ix_exchange_orders_ref", "ref"),)


class BatchRow(Base):
    """An uploaded file: ``checked`` (nothing done yet), ``running``, ``done`` or ``dropped``."""

    __tablename__ = "exchange_batches"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    source: Mapped[str] = mapped_column(String(20))
    file_name: Mapped[str] = mapped_column(String(120))
    sha256: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(10))
    lines: Mapped[int]
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    by: Mapped[str] = mapped_column(String(60))
    confirmed_by: Mapped[str | None] = mapped_column(String(60))
    confirmed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    done_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class LineRow(Base):
    """What a line of the file means. The personal part is encrypted, and gone when it was filed."""

    __tablename__ = "exchange_lines"

    batch: Mapped[str] = mapped_column(String(40), primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    ref: Mapped[str] = mapped_column(String(60))
    verdict: Mapped[str] = mapped_column(String(10))
    notes: Mapped[list[str]] = mapped_column(JSONColumn)
    summary: Mapped[str] = mapped_column(Text)
    request_enc: Mapped[str | None] = mapped_column(Text)
    due_there: Mapped[datetime | None] = mapped_column(UTCDateTime)
    ticket_no: Mapped[str | None] = mapped_column(String(24))
    open: Mapped[bool]

    __table_args__ = (Index("ix_exchange_lines_open", "batch", "open", "line"),)


class ExportRow(Base):
    """An export: ``ready``, or ``waiting`` for the auditor's yes to personal data, or ``refused``."""

    __tablename__ = "exchange_exports"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    source: Mapped[str] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(10))
    whole: Mapped[bool]
    reason: Mapped[str] = mapped_column(Text)
    lines: Mapped[int]
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    by: Mapped[str] = mapped_column(String(60))
    decided_by: Mapped[str | None] = mapped_column(String(60))
    decided_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    codes: Mapped[dict[str, dict[str, str]] | None] = mapped_column(JSONColumn)
    """Codes of leaves as it told them, by kind; ``None``: from before they were kept."""


class SentRow(Base):
    """A line of an export: which version of a ticket it tells of."""

    __tablename__ = "exchange_sent"

    export: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    ref: Mapped[str] = mapped_column(String(60))
    ticket_no: Mapped[str] = mapped_column(String(24))
    version: Mapped[int]


class LogRow(Base):
    """Who did what with a batch or an export, and when; only appended to."""

    __tablename__ = "exchange_log"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    by: Mapped[str] = mapped_column(String(60))
    what: Mapped[str] = mapped_column(Text)
