"""What comes again: “周一到周五”, “每周一三五”, in words that name several days of every week. Pure.

How people say it is data (``data/dialogue/forms.yml``, ``habits``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from actions.dialogue import pattern

WEEKDAYS = "一二三四五六日"


@dataclass(frozen=True)
class Weekly:
    """Days of every week, 1 is Monday, and where in the message they are named."""

    weekdays: tuple[int, ...]
    start: int
    end: int

    @property
    def habit(self) -> dict[str, Any]:
        """The habit as orders and bookings keep it."""
        return {"recur": "weekly", "weekdays": list(self.weekdays)}


def weekly(text: str, *, apart: bool = False) -> Weekly | None:
    """Read “周一到周五” and “周一三五”; “下周一到周五” means only that one week and is none.

    Args:
        text: The message.
        apart: Days named one by one (“周二周四”) are days of every week; elsewhere two single days.
    """
    one_by_one = pattern("forms", "habits", "apart").search(text) if apart else None
    if one_by_one is not None:
        days_said = [d for d in _plain(one_by_one["days"]) if d in WEEKDAYS]
        return Weekly(tuple(sorted({_number(d) for d in days_said})), *one_by_one.span())
    listed = pattern("forms", "habits", "listed").search(text)
    if listed is not None:
        named = _plain(listed["days"] or listed["bare"])
        return Weekly(tuple(sorted({_number(d) for d in named})), *listed.span())
    said = pattern("forms", "habits", "span").search(text)
    if said is None:
        return None
    days = tuple(range(_number(_plain(said["first"])), _number(_plain(said["last"])) + 1))
    return Weekly(days, *said.span()) if len(days) > 1 else None


def _plain(days: str) -> str:
    return days.replace("天", "日").replace("、", "")


def _number(day: str) -> int:
    return WEEKDAYS.index(day) + 1
