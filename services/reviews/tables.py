"""Tables of the reviews: what was said of which words, and who changed them where that is known."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Date, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.db import Base, JSONColumn, UTCDateTime


class ReviewRow(Base):
    """A review, or a remark, with the words that were read (pairs of path and lines) and their digest.

    ``until`` is the last day on which a review holds; a remark has none. Name and office are those
    of that day: who has left is still the one who signed.
    """

    __tablename__ = "content_reviews"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    key: Mapped[str] = mapped_column(String(40))
    digest: Mapped[str] = mapped_column(String(64))
    content: Mapped[list[tuple[str, list[str]]]] = mapped_column(JSONColumn)
    ok: Mapped[bool]
    remark: Mapped[str] = mapped_column(Text)
    by: Mapped[str] = mapped_column(String(60))
    by_name: Mapped[str] = mapped_column(String(60))
    office: Mapped[str] = mapped_column(String(120))
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    until: Mapped[date | None] = mapped_column(Date)
    form: Mapped[str] = mapped_column(String(64))
    answered_by: Mapped[str | None] = mapped_column(String(60))
    answered_name: Mapped[str | None] = mapped_column(String(60))
    answered_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    answer: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (UniqueConstraint("by", "form"), Index("ix_content_reviews_key", "key"))


class ChangeRow(Base):
    """Who wrote the words that have this digest: that person does not review them."""

    __tablename__ = "content_changes"

    key: Mapped[str] = mapped_column(String(40), primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    by: Mapped[str] = mapped_column(String(60))
    at: Mapped[datetime] = mapped_column(UTCDateTime)
