"""How long what is kept, as data (``data/retention.yml``)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from services.tickets.core.calendar import WorkCalendar
from services.yaml_files import read_yaml

Kind = Literal[
    "attachment",
    "contact",
    "narrative",
    "profile",
    "conversation",
    "login",
    "failure",
    "outbox",
    "dead",
    "reminder",
    "care",
    "care_note",
    "care_reminder",
    "request",
    "upload",
    "list",
    "list_note",
    "waiting",
    "key",
]


class KeptClass(BaseModel):
    """One class of data: ``days`` after what, and why so long."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    days: int = Field(ge=0)
    after: Literal["ended", "changed", "expired", "created", "done"]
    basis: str

    def before(self, now: datetime) -> datetime:
        """Return the time before which what it counts from must lie."""
        return now - timedelta(days=self.days)


class Rules(BaseModel):
    """The whole file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    nightly_at: time
    dsar_working_days: int = Field(ge=1)
    classes: Mapping[Kind, KeptClass]


def load_rules(path: Path) -> Rules:
    """Read the rules.

    Raises:
        ValueError: The file is malformed; the message says where.
    """
    return Rules.model_validate(read_yaml(path.read_text(encoding="utf-8")))


def answer_by(filed: date, working_days: int, calendar: WorkCalendar) -> date:
    """Return the last day of a limit in working days; the day of filing does not count."""
    day = filed
    while working_days:
        day += timedelta(days=1)
        working_days -= calendar.is_workday(day)
    return day
