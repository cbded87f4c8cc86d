"""Table of those whom a limit has stopped: which limit, since when, until when; nothing of what was said."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from services.db import Base, UTCDateTime


class StopRow(Base):
    """One time that somebody was stopped; further refusals until it is over only count ``times``.

    ``who`` is what the limit counts by: a conversation, or the keyed hash of an address or a network.
    """

    __tablename__ = "limit_stops"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    what: Mapped[str] = mapped_column(String(20))
    who: Mapped[str] = mapped_column(String(120))
    community_id: Mapped[str | None] = mapped_column(String(40))
    channel: Mapped[str | None] = mapped_column(String(12))
    network: Mapped[str | None] = mapped_column(String(60))
    since: Mapped[datetime] = mapped_column(UTCDateTime)
    last_at: Mapped[datetime] = mapped_column(UTCDateTime)
    until: Mapped[datetime] = mapped_column(UTCDateTime)
    times: Mapped[int] = mapped_column(default=1)
    lifted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    lifted_by: Mapped[str | None] = mapped_column(String(40))
    lifted_reason: Mapped[str | None] = mapped_column(String(200))

    __table_args__ = (
        Index("ix_limit_stops_what_who", "what", "who"),
        Index("ix_limit_stops_until", "until"),
    )
