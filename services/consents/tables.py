"""Table of separate consents. A record names who said it and to which words; nothing of what was said."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from services.db import Base, UTCDateTime


class SensitiveConsentRow(Base):
    """One answer to one question. Withdrawing adds a time and deletes nothing of the record.

    ``version`` is that of the words of the question, ``said_by`` a key of the rules, ``relation`` what the
    person is to whom it is about (``mother`` …), ``by`` who of the staff wrote it down.
    """

    __tablename__ = "sensitive_consents"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    ticket_no: Mapped[str] = mapped_column(String(24), index=True)
    conversation_id: Mapped[str | None] = mapped_column(String(40), index=True)
    purpose: Mapped[str] = mapped_column(String(20))
    version: Mapped[str] = mapped_column(String(12))
    answer: Mapped[str] = mapped_column(String(10))
    said_by: Mapped[str] = mapped_column(String(10))
    relation: Mapped[str | None] = mapped_column(String(30))
    channel: Mapped[str] = mapped_column(String(12))
    by: Mapped[str | None] = mapped_column(String(40))
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
