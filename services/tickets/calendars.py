"""The working calendar that counts now: the files of ``data/calendar``, and notices brought in later.

Of a year the notice that was brought in last counts, else the file. Notices are in the database, so
that all processes have the same; each looks for a newer one when it is about to use the calendar.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import cast

from sqlalchemy import Table, func, select

from services.db import Session
from services.tickets.core.calendar import WorkCalendar, Year, calendar_of, load_years
from services.tickets.core.notices import merged
from services.tickets.tables import CalendarNoticeRow

NEWEST = select(func.max(cast(Table, CalendarNoticeRow.__table__).c.id)).scalar_subquery()
"""The number of the newest notice, as a part of a statement; NULL: none was brought in."""


@dataclass(frozen=True)
class Taken:
    """A notice that was brought in."""

    year: int
    source: str
    at: datetime
    by: str
    moved: int


class Calendars:
    """The notices that are known, and the calendar they make."""

    def __init__(self, folder: Path) -> None:
        """Read the files.

        Raises:
            ValueError: A file is malformed; the message names it.
        """
        self._files = load_years(folder)
        self._latest = 0
        self.years: list[Year] = self._files
        self.current: WorkCalendar = calendar_of(self._files)

    async def refresh(self, s: Session) -> None:
        """Take over what another process has brought in."""
        await self.reach(s, await s.scalar(select(NEWEST)))

    async def reach(self, s: Session, newest: int | None) -> None:
        """Take over what another process has brought in, if the newest notice is not known here.

        Args:
            newest: What :data:`NEWEST` gave in this transaction.
        """
        latest = newest or 0
        if latest == self._latest:
            return
        rows = await s.scalars(select(CalendarNoticeRow).order_by(CalendarNoticeRow.id))
        years = self._files
        for row in rows:
            years = merged(years, Year.from_doc(row.doc))
        self._latest, self.years, self.current = latest, years, calendar_of(years)

    async def keep(self, s: Session, year: Year, by: str, at: datetime, moved: int) -> None:
        """Bring in a notice, in the caller's transaction."""
        row = CalendarNoticeRow(year=year.year, doc=year.to_doc(), at=at, by=by, moved=moved)
        s.add(row)
        await s.flush()

    async def taken(self, s: Session) -> list[Taken]:
        """Return what was brought in, the latest first."""
        query = select(CalendarNoticeRow).order_by(CalendarNoticeRow.id.desc()).limit(50)
        return [
            Taken(r.year, str(r.doc["source"]), r.at, r.by, r.moved) for r in await s.scalars(query)
        ]
