"""Tables of 每月一题."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from services.db import Base, JSONColumn, UTCDateTime


class ThemeRow(Base):
    """A theme: one month's problem of a community, or of the whole street (``community_id`` None)."""

    __tablename__ = "themes"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    community_id: Mapped[str | None] = mapped_column(String(40))
    year: Mapped[int]
    month: Mapped[int]
    title: Mapped[str] = mapped_column(String(60))
    leaves: Mapped[list[str]] = mapped_column(JSONColumn)
    lead: Mapped[str] = mapped_column(String(60))
    assists: Mapped[list[str]] = mapped_column(JSONColumn)
    goal: Mapped[str] = mapped_column(Text)
    target: Mapped[int]
    project_id: Mapped[str | None] = mapped_column(String(40))
    reason: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(10))
    summary: Mapped[str] = mapped_column(Text)
    review: Mapped[str] = mapped_column(Text)
    kept: Mapped[bool | None]
    closed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    review_due: Mapped[date | None] = mapped_column(Date)
    version: Mapped[int]
    created_by: Mapped[str] = mapped_column(String(40))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)

    __table_args__ = (Index("ix_themes_year", "year", "month"),)


class ThemeMeasureRow(Base):
    """Something that is done for a theme, by which day, and how it stands."""

    __tablename__ = "theme_measures"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    theme_id: Mapped[str] = mapped_column(ForeignKey("themes.id"), index=True)
    text: Mapped[str] = mapped_column(Text)
    org: Mapped[str] = mapped_column(String(60))
    due: Mapped[date] = mapped_column(Date)
    state: Mapped[str] = mapped_column(String(10))
    note: Mapped[str] = mapped_column(Text)
    done_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class ThemeChangeRow(Base):
    """The history of a theme: who did what, with what words and the figures of that day."""

    __tablename__ = "theme_changes"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    theme_id: Mapped[str] = mapped_column(ForeignKey("themes.id"), index=True)
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    by: Mapped[str] = mapped_column(String(40))
    what: Mapped[str] = mapped_column(String(20))
    words: Mapped[str] = mapped_column(Text)
    figures: Mapped[dict[str, Any]] = mapped_column(JSONColumn)
