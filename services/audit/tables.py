"""Tables of the audit: entries, their seals, and the marks by which the chain is held."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, Date, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.db import Base, JSONColumn, UTCDateTime


class AuditEntryRow(Base):
    """Somebody looked at personal data, or decided about it; only ever appended to.

    ``subject``: what it is about, ``<kind>:<id>`` (``ticket:SQ-…``, ``resident:r-…``).
    """

    __tablename__ = "audit_entries"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    who: Mapped[str] = mapped_column(String(60))
    name: Mapped[str] = mapped_column(String(60))
    role: Mapped[str] = mapped_column(String(20))
    action: Mapped[str] = mapped_column(String(30))
    subject: Mapped[str] = mapped_column(String(80))
    reason: Mapped[str] = mapped_column(Text, default="")
    data: Mapped[dict[str, Any]] = mapped_column(JSONColumn)

    __table_args__ = (Index("ix_audit_entries_subject", "subject", "at"),)


class AuditSealRow(Base):
    """One link of the chain: a record by its hashes, and the hash of the link before.

    ``kept`` is the hash of what stays for ever, ``content`` the salted hash of what may have to be
    erased; without its ``salt`` nobody can guess from the hash what it was. ``erased_by``: the entry
    that says who erased it by which rule.
    """

    __tablename__ = "audit_seals"

    position: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    source: Mapped[str] = mapped_column(String(8))
    row_id: Mapped[int]
    sealed_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    kept: Mapped[str] = mapped_column(String(64))
    content: Mapped[str] = mapped_column(String(64))
    salt: Mapped[str | None] = mapped_column(String(32))
    erased_by: Mapped[int | None]
    before: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))

    __table_args__ = (UniqueConstraint("source", "row_id"),)


class AuditHeadRow(Base):
    """The end of the chain, signed; locked by whoever adds to it. One row, ``id`` 1."""

    __tablename__ = "audit_heads"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[str] = mapped_column(String(64))
    events_upto: Mapped[int]
    entries_upto: Mapped[int]
    mac: Mapped[str] = mapped_column(String(64))


class AuditAnchorRow(Base):
    """Where the chain stood at the end of a day, signed: to be written down outside the database."""

    __tablename__ = "audit_anchors"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[str] = mapped_column(String(64))
    mac: Mapped[str] = mapped_column(String(64))
