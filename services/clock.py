"""The one source of time. Nothing else in the project asks the operating system what time it is."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Mapped, mapped_column

from services.db import ZONE, Base, Database

__all__ = ["ZONE", "Clock", "ClockState"]


class ClockState(Base):
    """Test mode's distance from real time, shared by all processes through the database."""

    __tablename__ = "clock_state"

    id: Mapped[int] = mapped_column(primary_key=True)
    offset_s: Mapped[float]


class Clock:
    """Real time, or in test mode real time plus an offset that every process shares."""

    def __init__(self, test_mode: bool = False) -> None:
        self.test_mode = test_mode
        self._offset = timedelta()

    def now(self) -> datetime:
        """Return the present time, aware, in Asia/Shanghai."""
        return datetime.now(ZONE) + self._offset

    @property
    def offset(self) -> timedelta:
        """How far test mode has moved the time; nothing outside it."""
        return self._offset

    async def refresh(self, db: Database) -> None:
        """Read the shared offset; does nothing outside test mode."""
        if not self.test_mode:
            return
        async with db.read() as s:
            value = await s.scalar(select(ClockState.offset_s).where(ClockState.id == 1))
        self._offset = timedelta(seconds=value or 0.0)

    async def set(self, db: Database, now: datetime) -> None:
        """Make ``now`` the present time of every process (test mode only)."""
        if not self.test_mode:
            raise RuntimeError("the clock can be set in test mode only")
        offset = (now - datetime.now(ZONE)).total_seconds()
        async with db.write() as s:
            await s.merge(ClockState(id=1, offset_s=offset))
        self._offset = timedelta(seconds=offset)
