"""Tables of the community's own words."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Date, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from services.db import Base, UTCDateTime


class NoticeRow(Base):
    """A notice. Its words never change: who wants others withdraws it and publishes anew."""

    __tablename__ = "community_notices"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    topic: Mapped[str] = mapped_column(String(20))
    text: Mapped[str] = mapped_column(Text)
    elder: Mapped[str] = mapped_column(Text, default="", server_default="")
    starts: Mapped[date] = mapped_column(Date)
    until: Mapped[date] = mapped_column(Date)
    source: Mapped[str] = mapped_column(String(40))
    published_by: Mapped[str] = mapped_column(String(40))
    published_at: Mapped[datetime] = mapped_column(UTCDateTime)
    withdrawn_by: Mapped[str | None] = mapped_column(String(40))
    withdrawn_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    __table_args__ = (Index("ix_community_notices_until", "until"),)


class MenuRow(Base):
    """What the canteen cooks for one meal of a day; published again, it is replaced."""

    __tablename__ = "canteen_menus"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    meal: Mapped[str] = mapped_column(String(10), primary_key=True)
    dishes: Mapped[str] = mapped_column(Text)
    published_by: Mapped[str] = mapped_column(String(40))
    published_at: Mapped[datetime] = mapped_column(UTCDateTime)
