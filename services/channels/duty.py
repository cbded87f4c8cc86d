"""Who can be reached now: the locality's office hours and its duty phone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from services.words import piece
from services.yaml_files import read_yaml

WEEKDAYS = "一二三四五六日"
NEAR = {0: "near_day_today", 1: "near_day_tomorrow"}
"""Days that are called by a word, by how far away they are."""


class _Leader(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str
    phone: str
    weekdays: tuple[int, ...] = (1, 2, 3, 4, 5, 6, 7)


class _Desk(BaseModel):
    model_config = ConfigDict(extra="ignore")

    name: str
    phone: str
    leaders: tuple[_Leader, ...] = ()


class _Hours(BaseModel):
    model_config = ConfigDict(extra="ignore")

    open: time = time(8, 30)
    close: time = time(17, 30)


class _Locality(BaseModel):
    model_config = ConfigDict(extra="ignore")

    duty: _Desk
    office_hours: _Hours = Field(default_factory=_Hours)


@dataclass(frozen=True)
class Leader:
    """Who is called when nobody took up a call for help; ``weekdays``: 1 Monday … 7 Sunday."""

    name: str
    phone: str
    weekdays: tuple[int, ...] = (1, 2, 3, 4, 5, 6, 7)


@dataclass(frozen=True)
class DutyDesk:
    """The desk of a locality: ``phone`` is answered day and night, ``name`` is whose it is.

    ``is_workday`` knows public holidays and make-up workdays; ``leaders`` is the duty list.
    """

    name: str
    phone: str
    start: time
    end: time
    is_workday: Callable[[date], bool]
    leaders: tuple[Leader, ...] = ()

    def leader(self, at: datetime) -> Leader:
        """Return the first leader of the duty list for this day; without one the desk itself."""
        day = at.isoweekday()
        found = next((one for one in self.leaders if day in one.weekdays), None)
        return found or Leader(self.name, self.phone)

    def is_open(self, at: datetime) -> bool:
        """Whether staff sit at the console at this time."""
        return self.is_workday(at.date()) and self.start <= at.time() < self.end

    def next_open(self, at: datetime) -> datetime:
        """Return when it opens next (``at`` itself when it is open)."""
        if self.is_open(at):
            return at
        day = at if at.time() < self.start else at + timedelta(days=1)
        while not self.is_workday(day.date()):
            day += timedelta(days=1)
        return datetime.combine(day.date(), self.start, at.tzinfo)

    def next_open_text(self, at: datetime) -> str:
        """Return that time in words: 今天8:30, 明天8:30, 11月30日(星期一)8:30."""
        when = self.next_open(at)
        days = (when.date() - at.date()).days
        if days in NEAR:
            day = piece(NEAR[days])
        else:
            named = f"{when.month}月{when.day}日"
            day = piece("date_far", date=named, weekday=WEEKDAYS[when.isoweekday() - 1])
        return f"{day}{when.hour}:{when.minute:02}"


def load(path: Path, is_workday: Callable[[date], bool]) -> DutyDesk:
    """Read the desk from a locality's ``locality.yml``."""
    data = _Locality.model_validate(read_yaml(path.read_text("utf-8")))
    hours = data.office_hours
    leaders = tuple(Leader(one.name, one.phone, one.weekdays) for one in data.duty.leaders)
    desk = data.duty
    return DutyDesk(desk.name, desk.phone, hours.open, hours.close, is_workday, leaders)
