"""How often something may happen in a while, counted in the database: alike for every process."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Index, String, delete, func, select
from sqlalchemy.orm import Mapped, mapped_column

from services.db import Base, Session, UTCDateTime
from services.errors import LindaError


class HitRow(Base):
    """One time that something limited happened; gone when its window is over."""

    __tablename__ = "limit_hits"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    what: Mapped[str] = mapped_column(String(20))
    who: Mapped[str] = mapped_column(String(120))
    at: Mapped[datetime] = mapped_column(UTCDateTime)

    __table_args__ = (Index("ix_limit_hits_what_who_at", "what", "who", "at"),)


@dataclass(frozen=True)
class Limit:
    """At most ``most`` times in ``window``.

    Attributes:
        what: Short name of what is counted.
        code: Code of the refusal (status 429).
        message: Sentence of the refusal.
    """

    what: str
    most: int
    window: timedelta
    code: str
    message: str

    async def check(self, s: Session, who: str, now: datetime) -> None:
        """Refuse when ``who`` has used it up.

        Raises:
            LindaError: 429 with ``retry_after`` in seconds.
        """
        # A hit from a clock that was set back (test mode) does not count for ever.
        recent = (
            HitRow.what == self.what, HitRow.who == who,
            HitRow.at > now - self.window, HitRow.at <= now,
        )  # fmt: skip
        query = select(func.count(), func.min(HitRow.at)).where(*recent)
        count, first = (await s.execute(query)).one()
        if count >= self.most:
            wait = (first + self.window - now).total_seconds() if first else 0
            raise LindaError(self.code, self.message, 429, {"retry_after": max(1, int(wait))})

    async def hit(self, s: Session, who: str, now: datetime) -> None:
        """Count one time, and forget those that no longer count."""
        old = (HitRow.what == self.what, HitRow.at <= now - self.window)
        await s.execute(delete(HitRow).where(*old))
        s.add(HitRow(what=self.what, who=who, at=now))
