"""What each season brings: plans of a locality (``localities/*/seasons.yml``). Pure but for reading."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, field_validator

from services.catalogue.files import read
from services.information.model import LONGEST_ELDER

SOON = timedelta(days=60)
"""A plan that begins within so many days is next."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Check(_Strict):
    """One thing to look at, and whose it is."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_-]*$", max_length=40)
    text: str
    who: str


class Plan(_Strict):
    """A season: from–to are ``MM-DD``; one that begins later in the year than it ends goes over New Year.

    Attributes:
        leaves: Whose reports are watched while it is on.
        topic, message: What the community may publish for residents, with its kind of notice.
        elder: The same words for large-type mode.
    """

    id: str = Field(pattern=r"^[a-z][a-z0-9_-]*$", max_length=40)
    name: str
    first: str
    last: str
    checks: tuple[Check, ...] = Field(min_length=1)
    leaves: tuple[str, ...] = ()
    topic: str
    message: str
    elder: str = Field(min_length=4, max_length=LONGEST_ELDER)
    source: str

    @field_validator("first", "last")
    @classmethod
    def _day(cls, value: str) -> str:
        # A year of our own without a 29 February: each plan has its day in every year.
        date.fromisoformat(f"2001-{value}")
        return value


class SeasonsFile(_Strict):
    """The whole file."""

    confirm_locally: bool
    plans: tuple[Plan, ...]


def load_plans(path: Path) -> tuple[Plan, ...]:
    """Read a locality's plans.

    Raises:
        services.catalogue.files.DataFileError: The file is missing or wrong.
    """
    return read(path, SeasonsFile).plans


@dataclass(frozen=True)
class Season:
    """A plan in one year; both days included."""

    plan: Plan
    starts: date
    until: date

    def on(self, day: date) -> bool:
        """Say whether it is on."""
        return self.starts <= day <= self.until


def season(plan: Plan, day: date) -> Season:
    """Return the plan's season that is on, else the one that begins next.

    >>> heat = Plan(id="heat", name="供暖", first="10-20", last="04-10", topic="heating", message="…",
    ...             elder="短话。", source="…", checks=(Check(id="a", text="…", who="网格员"),))
    >>> season(heat, date(2027, 2, 1)).starts, season(heat, date(2027, 5, 1)).starts
    (datetime.date(2026, 10, 20), datetime.date(2027, 10, 20))
    """
    over = int(plan.last < plan.first)
    for year in (day.year - 1, day.year, day.year + 1):
        found = Season(
            plan,
            date.fromisoformat(f"{year}-{plan.first}"),
            date.fromisoformat(f"{year + over}-{plan.last}"),
        )
        if found.until >= day:
            break
    return found


def now_and_next(plans: Sequence[Plan], day: date) -> tuple[list[Season], list[Season]]:
    """Return the seasons that are on, and those that begin soon, the earliest first."""
    found = sorted((season(p, day) for p in plans), key=lambda s: (s.starts, s.plan.id))
    return [s for s in found if s.on(day)], [s for s in found if day < s.starts <= day + SOON]
