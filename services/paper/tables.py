"""Table of the sheets that were issued."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.db import Base, UTCDateTime


class SheetRow(Base):
    """An issued sheet. It is not stored: it is made anew from the ticket's events up to ``version``."""

    __tablename__ = "paper_sheets"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    ticket_no: Mapped[str] = mapped_column(String(24))
    kind: Mapped[str] = mapped_column(String(20))
    no: Mapped[int]
    version: Mapped[int]
    fields_enc: Mapped[str] = mapped_column(Text)
    form: Mapped[str] = mapped_column(String(40))
    issued_by: Mapped[str] = mapped_column(String(60))
    issued_name: Mapped[str] = mapped_column(String(60))
    issued_at: Mapped[datetime] = mapped_column(UTCDateTime)

    __table_args__ = (
        UniqueConstraint("ticket_no", "kind", "no"),
        UniqueConstraint("ticket_no", "kind", "form"),
    )
