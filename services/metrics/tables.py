"""One row a ticket with what counts of it (:mod:`services.metrics.score`), and sums of such rows."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger, Column, Date, Index, Integer, String, Table, func, text
from sqlalchemy.orm import Mapped, mapped_column

from services.db import Base, UTCDateTime

COUNTS = (
    # of tickets that were due, for the unit that has them now
    "due", "contact_required", "contact_in_time", "sign_required", "sign_in_time", "in_time",
    "transfers", "resolved", "answered", "solved", "partial", "rated", "rated_1", "rated_2",
    "rated_3", "rated_4", "rated_5", "reworked", "reworked_3", "audits", "found_false", "rated_any",
    "rating_changed", "withdrawn", "withdrawn_early", "persuaded", "pressured", "bad", "rectified", "bad_called", "explained",
    "satisfied_at_once", "answered_at_once", "last_minute",
    # of the same tickets, for the unit that had them first
    "first", "first_right", "returned",
    # of tickets that were filed
    "filed", "group", "proactive", "told", "told_once", "reviewed", "corrected",
)  # fmt: skip
"""Names of what :mod:`services.metrics.store` counts: the columns of a sum."""


class TicketScoreRow(Base):
    """Facts of a ticket, written with each of its events; ``linda metrics rebuild`` makes them anew."""

    __tablename__ = "ticket_scores"

    ticket_no: Mapped[str] = mapped_column(String(24), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    community_id: Mapped[str | None] = mapped_column(String(60))
    leaf: Mapped[str | None] = mapped_column(String(8))
    channel: Mapped[str] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(16))
    household: Mapped[str | None] = mapped_column(String(40))
    certificate: Mapped[str | None] = mapped_column(String(100))
    proactive: Mapped[int]
    group_demand: Mapped[int]
    due_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    due_day: Mapped[date | None] = mapped_column(Date)
    dispatched: Mapped[int]
    first_org: Mapped[str | None] = mapped_column(String(60))
    org: Mapped[str | None] = mapped_column(String(60))
    excluded: Mapped[str | None] = mapped_column(String(20))
    suspended: Mapped[int]
    sign_required: Mapped[int]
    sign_in_time: Mapped[int]
    contact_required: Mapped[int]
    contacted: Mapped[int]
    contact_in_time: Mapped[int]
    begun_s: Mapped[int] = mapped_column(BigInteger)
    limit_s: Mapped[int | None] = mapped_column(BigInteger)
    took_s: Mapped[int | None] = mapped_column(BigInteger)
    in_time: Mapped[int]
    objections: Mapped[int]
    upheld: Mapped[int]
    transfers: Mapped[int]
    resolved: Mapped[int]
    resolved_s: Mapped[int | None] = mapped_column(BigInteger)
    left_s: Mapped[int | None] = mapped_column(BigInteger)
    outcome: Mapped[str | None] = mapped_column(String(20))
    evidence: Mapped[int]
    answer: Mapped[str | None] = mapped_column(String(10))
    answered_after_s: Mapped[int | None] = mapped_column(BigInteger)
    score: Mapped[int | None]
    rated_after_s: Mapped[int | None] = mapped_column(BigInteger)
    rating_changes: Mapped[int]
    rounds: Mapped[int]
    bad: Mapped[int]
    rectified: Mapped[int]
    bad_called: Mapped[int]
    audits: Mapped[int]
    found_false: Mapped[int]
    pressured: Mapped[int]
    withdrawn: Mapped[int]
    withdrawn_early: Mapped[int]
    persuaded: Mapped[int]
    told: Mapped[int]
    told_late: Mapped[int]
    refused: Mapped[int]
    reviewed: Mapped[int]
    corrected: Mapped[int]
    appointment: Mapped[str | None] = mapped_column(String(10))
    exclusion_asked: Mapped[str | None] = mapped_column(String(10))

    __table_args__ = (
        Index("ix_ticket_scores_due", "due_at"),
        Index("ix_ticket_scores_created", "created_at"),
        Index("ix_ticket_scores_org", "org", "due_at"),
        Index("ix_ticket_scores_community", "community_id", "due_at"),
        Index("ix_ticket_scores_certificate", "certificate", "household", "created_at"),
        # Few tickets are left out, asked to be, kept an appointment or stand still: a small index
        # finds them among all.
        Index(
            "ix_ticket_scores_excluded", func.coalesce(due_at, created_at),
            sqlite_where=text("excluded IS NOT NULL"),
            postgresql_where=text("excluded IS NOT NULL"),
        ),
        Index(
            "ix_ticket_scores_exclusion_asked", func.coalesce(due_at, created_at),
            sqlite_where=text("exclusion_asked IS NOT NULL"),
            postgresql_where=text("exclusion_asked IS NOT NULL"),
        ),
        Index(
            "ix_ticket_scores_appointment", "due_at",
            sqlite_where=text("appointment IS NOT NULL"),
            postgresql_where=text("appointment IS NOT NULL"),
        ),
        Index(
            "ix_ticket_scores_suspended", "due_at",
            sqlite_where=text("suspended = 1"), postgresql_where=text("suspended = 1"),
        ),
    )  # fmt: skip


def _grain() -> list[Column[object]]:
    """Which days, and which tickets of them: what is not in the grain is empty.

    A day is written anew as often as it changes: four bytes of numbers would be used up within months.
    """
    return [
        Column("id", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True),
        Column("span", String(5), nullable=False),
        Column("since", Date, nullable=False),
        Column("grain", String(2), nullable=False),
        Column("community_id", String(60)),
        Column("leaf", String(8)),
        Column("org", String(60)),
    ]


class TicketSumRow(Base):
    """Counts of a day or a month (:mod:`services.metrics.sums`), by the dimensions of a grain."""

    __table__ = Table(
        "ticket_sums", Base.metadata, *_grain(),
        *(Column(name, Integer, nullable=False) for name in COUNTS),
        Index("ix_ticket_sums_span", "span", "since", "grain"),
    )  # fmt: skip


class TicketLatenessRow(Base):
    """How many tickets of a day or a month took so many hundredths of the time they had.

    One that goes on has no hundredths yet, but what they are made of: begin and limit in seconds.
    """

    __table__ = Table(
        "ticket_lateness", Base.metadata, *_grain(),
        Column("hundredths", Integer), Column("begun_s", BigInteger), Column("limit_s", BigInteger),
        Column("n", Integer, nullable=False),
        Index("ix_ticket_lateness_span", "span", "since", "grain"),
    )  # fmt: skip


class TicketSumSpanRow(Base):
    """A day or a month whose sums are kept, and the thresholds that they were counted by."""

    __tablename__ = "ticket_sum_spans"

    span: Mapped[str] = mapped_column(String(5), primary_key=True)
    since: Mapped[date] = mapped_column(Date, primary_key=True)
    rules: Mapped[str] = mapped_column(String(40))


class TicketSumChangeRow(Base):
    """A day of which a ticket has changed since: its sums do not count until they are made anew.

    Rows are only added by who changes a ticket, so that no two ever wait for each other.
    """

    __tablename__ = "ticket_sum_changes"

    id: Mapped[int] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(Date, index=True)
