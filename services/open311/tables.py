"""Tables of Open311."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String, Text
from sqlalchemy.orm import Mapped, mapped_column

from services.db import Base, UTCDateTime


class KeyRow(Base):
    """A key for writing; only its SHA-256 is kept (256 random bits need no slower hash)."""

    __tablename__ = "open311_keys"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    created_by: Mapped[str] = mapped_column(String(60))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class RequestRow(Base):
    """A request that came in under a key; ``waiting_enc`` is it, encrypted, until it is filed."""

    __tablename__ = "open311_requests"

    token: Mapped[str] = mapped_column(String(40), primary_key=True)
    key_id: Mapped[str] = mapped_column(String(40))
    ticket_no: Mapped[str | None] = mapped_column(String(24), unique=True)
    waiting_enc: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
