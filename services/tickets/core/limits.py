"""A length of time: ``15m 2h 7d`` natural, ``30wm 2wh 5wd`` working time.

The unit alone says which calendar counts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.tickets.core.calendar import MINUTES_PER_DAY, WorkCalendar
from services.words import piece

_LIMIT = re.compile(r"(\d+(?:\.\d+)?)(w?)([mhd])")
_NATURAL = {"m": 1, "h": 60, "d": 24 * 60}
_WORKING = {"m": 1, "h": 60, "d": MINUTES_PER_DAY}


@dataclass(frozen=True)
class Limit:
    """A length of natural or working time."""

    amount: float
    unit: str
    working: bool

    @classmethod
    def parse(cls, text: str) -> Limit:
        """Read ``5wd``.

        Raises:
            ValueError: The text is no limit.
        """
        match = _LIMIT.fullmatch(str(text).strip())
        if not match:
            raise ValueError(f"时限写法有误：{text}（应如 15m、2h、7d、2wh、5wd）")
        return cls(float(match[1]), match[3], match[2] == "w")

    @property
    def minutes(self) -> float:
        """Minutes of natural or of working time."""
        return self.amount * (_WORKING if self.working else _NATURAL)[self.unit]

    @property
    def text(self) -> str:
        """In Chinese: 5个工作日."""
        return piece(f"length.{'w' if self.working else ''}{self.unit}", n=f"{self.amount:g}")

    def scaled(self, factor: float) -> Limit:
        """Return the same limit times a factor."""
        return replace(self, amount=self.amount * factor)

    def after(self, start: datetime, calendar: WorkCalendar) -> datetime:
        """Return when the limit is over that begins at ``start``."""
        if self.working:
            return calendar.add_working(start, self.minutes)
        return start + timedelta(minutes=self.minutes)
