"""When an elder is to be visited next, and how a month went. Pure; the numbers are ``data/visits.yml``."""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from services.catalogue.files import read


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Risk(_Strict):
    """A level of risk: a visit at least every so many days."""

    name: str
    every_days: int = Field(ge=1, le=31)


class Way(_Strict):
    """A way to visit, and whether an elder who was reached so counts as visited."""

    name: str
    counts: bool


class Condition(_Strict):
    """How an elder was found, and whether something has to be done about it."""

    name: str
    act: bool


class Consents(_Strict):
    """What an elder is asked to agree to, in which words, and how that can be answered.

    ``erases``: what staff are told before they write down a no. ``plain_absences``, ``plain_alert``: what is
    left of an absence or an alert that tells of illness, when the yes was taken back.
    """

    version: str
    words: str
    erases: str
    purposes: dict[str, str]
    answers: dict[str, str]
    said_by: dict[str, str]
    forms: dict[str, str]
    plain_absences: dict[str, str]
    plain_alert: str


@dataclass(frozen=True)
class Said:
    """An answer to being visited: of which day, when it was written down, whether it is a yes."""

    day: date
    at: datetime
    agreed: bool


def taken_back(said: Sequence[Said], at: datetime) -> bool:
    """Say whether what was noted at a time rests on no yes any more: a no was written down since.

    What a later yes covers stays: one of a day that is no later than the note's, that follows the no.

    Args:
        said: The answers, the one that holds last.
        at: When it was noted.

    >>> day, hour = date(2026, 11, 10), datetime(2026, 11, 9, 9)
    >>> taken_back([Said(day, datetime(2026, 11, 10, 9), False)], hour)
    True
    """
    return any(
        not answer.agreed and answer.at >= at
        and not any(later.agreed and later.day <= at.date() for later in said[n + 1 :])
        for n, answer in enumerate(said)
    )  # fmt: skip


GIVEN, VISITS = "given", "visit"
"""The answer that is a yes; the purpose that decides whether somebody is visited."""


class Rules(_Strict):
    """The whole file."""

    confirm_locally: bool
    kinds: dict[str, str]
    risks: dict[str, Risk]
    alert_hours: int = Field(ge=1)
    alerts: dict[str, str]
    ways: dict[str, Way]
    states: dict[str, Condition]
    absences: dict[str, str]
    consent: Consents
    exception_share: float = Field(gt=0, le=1)
    remind_days_before_end: int = Field(ge=1, le=28)


def load_rules(path: Path) -> Rules:
    """Read the rules.

    Raises:
        services.catalogue.files.DataFileError: The file is missing or wrong.
    """
    return read(path, Rules)


@dataclass(frozen=True)
class Absence:
    """Away from home from one day to another, both included; ``until`` None: not back yet."""

    kind: str
    starts: date
    until: date | None = None

    def covers(self, day: date) -> bool:
        """Say whether this is a day of it."""
        return self.starts <= day and (self.until is None or day <= self.until)


@dataclass(frozen=True)
class Care:
    """What the plan needs of one elder.

    Attributes:
        joined, left: First day on the list, and the first day no longer on it.
        visits: When a visit counted, in any order.
        alerts: When something grave was heard of, in any order.
        answers: From which day on visits were agreed to or not, the latest last.
    """

    id: str
    risk: str
    joined: date
    left: date | None = None
    visits: Sequence[datetime] = ()
    alerts: Sequence[datetime] = ()
    absences: Sequence[Absence] = ()
    answers: Sequence[tuple[date, bool]] = ()

    def on_list(self, day: date) -> bool:
        """Say whether the elder is a target on that day."""
        return self.joined <= day and (self.left is None or self.left > day)

    def away(self, day: date) -> Absence | None:
        """Return the absence of that day."""
        return next((a for a in self.absences if a.covers(day)), None)

    @property
    def alerted(self) -> bool:
        """Whether something grave was heard of and nobody has been there since."""
        last = max(self.visits, default=None)
        return any(last is None or last < at for at in self.alerts)

    def declined(self, day: date) -> bool:
        """Say whether visits were not wanted on that day; who was never asked has not refused."""
        said = [agreed for since, agreed in self.answers if since <= day]
        return bool(said) and not said[-1]


@dataclass(frozen=True)
class Due:
    """When the next visit is due, and why: ``alert``, ``risk`` or ``month``."""

    at: datetime
    why: str


def next_due(care: Care, rules: Rules, now: datetime) -> Due:
    """Return when the elder has to be visited next.

    The earliest of: within ``alert_hours`` of an alert after which nobody was there; within the
    risk's days of the last visit (of joining, when there was none); the end of this month when it
    has no visit yet, else of the next.
    """
    last = max(care.visits, default=None)
    since = last.date() if last else care.joined
    due = [
        Due(at + timedelta(hours=rules.alert_hours), "alert")
        for at in care.alerts
        if last is None or last < at
    ]
    due.append(
        Due(_end_of_day(since + timedelta(days=rules.risks[care.risk].every_days), now), "risk")
    )
    done = last is not None and (last.year, last.month) == (now.year, now.month)
    first = now.date().replace(day=1)
    month = last_day(first + timedelta(days=31)) if done else last_day(first)
    due.append(Due(_end_of_day(month, now), "month"))
    return min(due, key=lambda d: d.at)


def last_day(day: date) -> date:
    """Return the last day of the month of ``day``.

    >>> last_day(date(2028, 2, 3))
    datetime.date(2028, 2, 29)
    """
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def _end_of_day(day: date, now: datetime) -> datetime:
    return datetime(day.year, day.month, day.day, 23, 59, 59, tzinfo=now.tzinfo)


@dataclass(frozen=True)
class Rate:
    """A month of a grid, a community or a street.

    Attributes:
        targets: On the list on the last day counted.
        visited: Of these, with a visit that counts in the month.
        excepted: Of those not visited, away for most of the month or not willing; they stay in
            ``targets``.
        declined: Of these, who does not want to be visited.
        missed: The others not visited.
    """

    targets: int = 0
    visited: int = 0
    excepted: int = 0
    declined: int = 0

    @property
    def missed(self) -> int:
        """Neither visited nor away."""
        return self.targets - self.visited - self.excepted

    @property
    def share(self) -> float | None:
        """月探访率 (民发〔2022〕73号): visited of targets, 0–1; None without targets."""
        return self.visited / self.targets if self.targets else None

    def __add__(self, other: Rate) -> Rate:
        return Rate(
            self.targets + other.targets,
            self.visited + other.visited,
            self.excepted + other.excepted,
            self.declined + other.declined,
        )


def standing(care: Care, first: date, last: date, today: date, rules: Rules) -> str | None:
    """Say how a period went for one elder: ``visited``, ``declined``, ``excepted`` or ``missed``.

    Who refused is an exception for as long as the refusal stands on the last day counted.

    Args:
        first, last: Days of the period, both included; a month as a rule.
        today: A period that goes on is counted up to today.

    Returns:
        None: not a target on the last day counted.
    """
    until = min(last, today)
    if until < first or not care.on_list(until):
        return None
    if any(first <= v.date() <= until for v in care.visits):
        return "visited"
    if care.declined(until):
        return "declined"
    begins = max(first, care.joined)
    days = [begins + timedelta(days=n) for n in range((until - begins).days + 1)]
    away = sum(care.away(d) is not None for d in days)
    return "excepted" if away >= rules.exception_share * len(days) else "missed"


def rate(cares: Iterable[Care], first: date, last: date, today: date, rules: Rules) -> Rate:
    """Return the figures of a period over these elders; arguments as in :func:`standing`."""
    found = [s for c in cares if (s := standing(c, first, last, today, rules)) is not None]
    declined = found.count("declined")
    away = found.count("excepted")
    return Rate(len(found), found.count("visited"), away + declined, declined)
