"""Tables of the monthly visits. Who somebody is, where the door is and what was said is encrypted."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Boolean, Date, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from services.db import Base, JSONColumn, UTCDateTime


class CareTargetRow(Base):
    """An elder who is visited. Who is taken off the list stays, with the day and the reason."""

    __tablename__ = "care_targets"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    community_id: Mapped[str] = mapped_column(String(40))
    grid_id: Mapped[str] = mapped_column(String(40))
    building_id: Mapped[str] = mapped_column(String(60))
    place: Mapped[str] = mapped_column(String(120))
    kinds: Mapped[list[str]] = mapped_column(JSONColumn)
    risk: Mapped[str] = mapped_column(String(10))
    name_enc: Mapped[str] = mapped_column(Text)
    door_enc: Mapped[str | None] = mapped_column(Text)
    phone_enc: Mapped[str | None] = mapped_column(Text)
    family_enc: Mapped[str | None] = mapped_column(Text)
    joined_on: Mapped[date] = mapped_column(Date)
    left_on: Mapped[date | None] = mapped_column(Date)
    left_why: Mapped[str | None] = mapped_column(String(100))
    added_by: Mapped[str] = mapped_column(String(40))
    added_at: Mapped[datetime] = mapped_column(UTCDateTime)

    __table_args__ = (
        Index("ix_care_targets_grid", "grid_id"),
        Index("ix_care_targets_community", "community_id"),
    )


class CareVisitRow(Base):
    """One visit, also one at which nobody was met. Its id is the form's: pressed twice it is one."""

    __tablename__ = "care_visits"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    target_id: Mapped[str] = mapped_column(ForeignKey("care_targets.id"))
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    by: Mapped[str] = mapped_column(String(40))
    way: Mapped[str] = mapped_column(String(20))
    reached: Mapped[bool] = mapped_column(Boolean)
    counts: Mapped[bool] = mapped_column(Boolean)
    state: Mapped[str | None] = mapped_column(String(20))
    note_enc: Mapped[str | None] = mapped_column(Text)
    ticket_no: Mapped[str | None] = mapped_column(String(24))

    __table_args__ = (Index("ix_care_visits_target", "target_id", "at"),)


class CareAlertRow(Base):
    """Something grave that was heard of an elder: a visit follows within the day."""

    __tablename__ = "care_alerts"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    target_id: Mapped[str] = mapped_column(ForeignKey("care_targets.id"), index=True)
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    kind: Mapped[str] = mapped_column(String(20))
    by: Mapped[str] = mapped_column(String(40))


class CareAbsenceRow(Base):
    """Days on which an elder is not at home."""

    __tablename__ = "care_absences"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    target_id: Mapped[str] = mapped_column(ForeignKey("care_targets.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    starts: Mapped[date] = mapped_column(Date)
    until: Mapped[date | None] = mapped_column(Date)
    by: Mapped[str] = mapped_column(String(40))
    at: Mapped[datetime] = mapped_column(UTCDateTime)


class CareConsentRow(Base):
    """What was said when somebody asked whether the elder agrees; nothing is changed, the latest holds.

    ``version`` is that of the words in which they were asked; NULL in rows from before it was kept.
    """

    __tablename__ = "care_consents"

    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    target_id: Mapped[str] = mapped_column(ForeignKey("care_targets.id"), index=True)
    purpose: Mapped[str] = mapped_column(String(20))
    answer: Mapped[str] = mapped_column(String(20))
    said_by: Mapped[str] = mapped_column(String(20))
    form: Mapped[str] = mapped_column(String(20))
    version: Mapped[str | None] = mapped_column(String(12))
    day: Mapped[date] = mapped_column(Date)
    by: Mapped[str] = mapped_column(String(40))
    at: Mapped[datetime] = mapped_column(UTCDateTime)


class CareReminderRow(Base):
    """What a grid was reminded of: once a month's end, once a day of what is late."""

    __tablename__ = "care_reminders"

    key: Mapped[str] = mapped_column(String(80), primary_key=True)
    community_id: Mapped[str] = mapped_column(String(40))
    grid_id: Mapped[str] = mapped_column(String(40))
    text: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    seen_by: Mapped[str | None] = mapped_column(String(40))

    __table_args__ = (Index("ix_care_reminders_grid", "grid_id", "seen_by"),)
