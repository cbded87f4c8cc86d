"""Tables of 未诉先办: what people decided about a cluster, what was checked in a season."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Date, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from services.db import Base, UTCDateTime


class ClusterDecisionRow(Base):
    """What was last decided about a matter in a place: dismissed, or a ticket."""

    __tablename__ = "cluster_decisions"

    key: Mapped[str] = mapped_column(String(160), primary_key=True)
    decision: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str] = mapped_column(Text)
    ticket_no: Mapped[str | None] = mapped_column(String(24))
    households: Mapped[int]
    by: Mapped[str] = mapped_column(String(40))
    at: Mapped[datetime] = mapped_column(UTCDateTime)


class ClusterWarningRow(Base):
    """That a cluster was told to those who can act on it: once at first, again when it has grown.

    ``ended_at``: when somebody decided about it, it was told anew, or it no longer rose.
    """

    __tablename__ = "cluster_warnings"

    key: Mapped[str] = mapped_column(String(160), primary_key=True)
    step: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    community_id: Mapped[str | None] = mapped_column(String(40))
    matter: Mapped[str] = mapped_column(Text)
    households: Mapped[int]
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime, index=True)


class SeasonCheckRow(Base):
    """A point of a seasonal plan that was checked in a grid, in the season that began that day."""

    __tablename__ = "season_checks"

    plan_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    starts: Mapped[date] = mapped_column(Date, primary_key=True)
    check_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    grid_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    found: Mapped[str] = mapped_column(Text)
    by: Mapped[str] = mapped_column(String(40))
    at: Mapped[datetime] = mapped_column(UTCDateTime)
