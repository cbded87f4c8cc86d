"""Working calendar: weekends, public holidays and make-up workdays (调休补班).

A file a year under ``data/calendar``, taken from the State Council's notice. The notice of one
year may change days of another (late December), so all files together make one calendar, the
later notice winning. A year without a file degrades to Monday–Friday without the holidays whose date the
law itself fixes, and says so; it never stops a ticket.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from services.words import piece
from services.yaml_files import read_yaml

# The core knows no database, so it does not take this from services.clock.
ZONE = ZoneInfo("Asia/Shanghai")
OPENS = time(8, 30)
CLOSES = time(17, 30)
MINUTES_PER_DAY = 9 * 60
_ONE = timedelta(days=1)

FIXED = frozenset({(1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3)})
"""Month and day of the holidays that have the same date every year: 元旦、劳动节、国庆节.

《全国年节及纪念日放假办法》第二条 (2024 revision). They are off before any notice says so; the others
go by the moon or the sun, and what is moved to make a longer holiday is known from the notice alone.
"""


@dataclass(frozen=True)
class Holiday:
    """A run of days off by notice; both ends inclusive."""

    name: str
    start: date
    end: date


@dataclass(frozen=True)
class WorkCalendar:
    """Which days are worked. Working time is 08:30–17:30, nine hours a day, local time.

    Attributes:
        days: Day → worked or not, for days that differ from the plain week.
        holidays: Runs of days off, in order.
        makeups: Weekend days that are worked.
        years: Years whose notice is known.
    """

    days: Mapping[date, bool] = field(default_factory=dict)
    holidays: tuple[Holiday, ...] = ()
    makeups: tuple[date, ...] = ()
    years: frozenset[int] = frozenset()

    def is_workday(self, day: date) -> bool:
        """Say whether a day is worked: by a notice, else by the law, else by the week."""
        said = self.days.get(day)
        if said is not None:
            return said
        return day.weekday() < 5 and (day.month, day.day) not in FIXED

    def workday_before(self, day: date) -> date:
        """Return the last day worked before a day."""
        day -= _ONE
        while not self.is_workday(day):
            day -= _ONE
        return day

    def unknown_years(self, start: datetime, end: datetime) -> list[int]:
        """Years between two times for which no notice is known."""
        return [y for y in range(start.year, end.year + 1) if y not in self.years]

    def roll(self, moment: datetime) -> datetime:
        """Move a time outside working time to the next opening; others stay."""
        if self.is_workday(moment.date()):
            if moment.time() < OPENS:
                return _at(moment, OPENS)
            if moment.time() < CLOSES:
                return moment
        moment += _ONE
        while not self.is_workday(moment.date()):
            moment += _ONE
        return _at(moment, OPENS)

    def add_working(self, start: datetime, minutes: float) -> datetime:
        """Add working minutes; a sum that ends with a day ends at its 17:30."""
        moment = self.roll(start)
        left = timedelta(minutes=minutes)
        while left > (room := _at(moment, CLOSES) - moment):
            left -= room
            moment = self.roll(_at(moment, CLOSES))
        return moment + left

    def working_minutes(self, start: datetime, end: datetime) -> float:
        """Working minutes between two times; 0 when ``end`` is not after ``start``."""
        total = timedelta()
        moment = self.roll(start)
        while moment < end:
            closing = _at(moment, CLOSES)
            total += min(closing, end) - moment
            moment = self.roll(closing)
        return total.total_seconds() / 60

    def explain(self, start: datetime, end: datetime) -> list[str]:
        """Say what makes the stretch longer or shorter than plain weeks would."""
        first, last = start.date(), end.date()
        notes = [
            piece("due.holiday", days=_span(max(h.start, first), h.end))
            for h in self.holidays
            if h.end >= first and h.start <= last
        ]
        notes += [piece("due.makeup", day=_day(d)) for d in self.makeups if first <= d <= last]
        unknown = self.unknown_years(start, end)
        fixed = (date(year, month, day) for year in unknown for month, day in sorted(FIXED))
        off = (d for d in fixed if first <= d <= last and d.weekday() < 5 and d not in self.days)
        notes += [piece("due.holiday", days=_day(d)) for d in off]
        notes += [piece("due.unknown_year", year=y) for y in unknown]
        return notes


@dataclass(frozen=True)
class Year:
    """The notice for one year: runs of days off, days that are worked instead, where it stands."""

    year: int
    source: str
    holidays: tuple[Holiday, ...]
    workdays: tuple[tuple[date, str], ...]

    @classmethod
    def from_doc(cls, data: Mapping[str, Any]) -> Year:
        """Read a notice as its file has it.

        Raises:
            ValueError: Malformed, or a day is worked and off at once.
        """
        try:
            runs = tuple(
                Holiday(str(h["name"]), _date(h["from"]), _date(h["to"])) for h in data["holidays"]
            )
            worked = tuple(
                sorted((_date(w["date"]), str(w.get("for") or "")) for w in data["workdays"])
            )
            found = cls(int(data["year"]), str(data.get("source") or ""), runs, worked)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"缺少或写错了：{error}") from error
        if bad := [run.name for run in runs if run.end < run.start]:
            raise ValueError(f"放假的起止日期写反了：{'、'.join(bad)}")
        off = {day for run in runs for day in _days(run)}
        if both := sorted(day for day, _ in worked if day in off):
            raise ValueError(f"既放假又上班：{'、'.join(map(str, both))}")
        return found

    def to_doc(self) -> dict[str, Any]:
        """Return the notice as JSON values, as :meth:`from_doc` reads them."""
        return {
            "year": self.year,
            "source": self.source,
            "holidays": [
                {"name": h.name, "from": h.start.isoformat(), "to": h.end.isoformat()}
                for h in self.holidays
            ],
            "workdays": [{"date": d.isoformat(), "for": why} for d, why in self.workdays],
        }


def load_calendar(folder: Path) -> WorkCalendar:
    """Read all years of a folder.

    Raises:
        ValueError: A file is malformed; the message names the file. A missing folder or year is
            no error.
    """
    return calendar_of(load_years(folder))


def load_years(folder: Path) -> list[Year]:
    """Read the notices of a folder, as :func:`load_calendar`."""
    found = []
    for path in sorted(folder.glob("[0-9]*.yml")):
        try:
            found.append(Year.from_doc(read_yaml(path.read_text(encoding="utf-8"))))
        except (TypeError, ValueError, yaml.YAMLError) as error:
            raise ValueError(f"工作日历文件有误：{path.name}:{error}") from error
    return found


def calendar_of(years: Iterable[Year]) -> WorkCalendar:
    """Return the calendar that all notices make together; of one day the later year's counts."""
    days: dict[date, bool] = {}
    holidays: list[Holiday] = []
    makeups: set[date] = set()
    known = sorted(years, key=lambda y: y.year)
    for notice in known:
        for run in notice.holidays:
            days.update(dict.fromkeys(_days(run), False))
            makeups.difference_update(_days(run))
        worked = [day for day, _ in notice.workdays]
        days.update(dict.fromkeys(worked, True))
        holidays += notice.holidays
        makeups.update(worked)
    holidays.sort(key=lambda h: h.start)
    return WorkCalendar(
        days, tuple(holidays), tuple(sorted(makeups)), frozenset(y.year for y in known)
    )


def days_between(start: datetime, end: datetime) -> int:
    """Whole days from one moment's day to another's, in local time: what “within 30 days” counts.

    >>> days_between(datetime(2026, 11, 24, 9, tzinfo=ZONE), datetime(2026, 12, 24, 23, tzinfo=ZONE))
    30
    """
    return (end.astimezone(ZONE).date() - start.astimezone(ZONE).date()).days


def _days(run: Holiday) -> list[date]:
    return [run.start + n * _ONE for n in range((run.end - run.start).days + 1)]


def _date(value: Any) -> date:
    """Read a day as YAML (a date) or JSON (a text) gives it."""
    return value if type(value) is date else date.fromisoformat(str(value))


def _at(moment: datetime, clock: time) -> datetime:
    return moment.replace(hour=clock.hour, minute=clock.minute, second=0, microsecond=0)


def _day(day: date) -> str:
    return f"{day.month}月{day.day}日"


def _span(start: date, end: date) -> str:
    if start == end:
        return _day(start)
    return f"{_day(start)}至" + (f"{end.day}日" if end.month == start.month else _day(end))
