"""How long somebody who waits has to answer, and when they are told. Pure; the rules are data."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from services.yaml_files import read_yaml


class Rules(BaseModel):
    """``data/dialogue/waiting.yml`` as far as the services need it.

    Attributes:
        answer_hours: So many hours of the day one has to answer.
        day_from: Before it nobody is told, and no hour counts.
        day_until: After it neither.
    """

    model_config = ConfigDict(extra="ignore")

    answer_hours: int = Field(ge=1)
    day_from: time
    day_until: time


@cache
def rules(data_dir: Path) -> Rules:
    """Return the rules, read once."""
    path = data_dir / "dialogue" / "waiting.yml"
    return Rules.model_validate(read_yaml(path.read_text("utf-8")))


def tell_at(free_at: datetime, rules: Rules) -> datetime:
    """Return when somebody is told of a place that became free: at once, or in the morning."""
    opens = datetime.combine(free_at.date(), rules.day_from, free_at.tzinfo)
    if free_at < opens:
        return opens
    closes = datetime.combine(free_at.date(), rules.day_until, free_at.tzinfo)
    return free_at if free_at < closes else opens + timedelta(days=1)


def answer_by(told: datetime, starts: datetime, rules: Rules) -> datetime:
    """Return until when the place is held; never longer than until the slot begins.

    Args:
        told: When the resident is told (:func:`tell_at`).
        starts: When what was booked begins.
        rules: The hours that count.
    """
    left, moment = timedelta(hours=rules.answer_hours), told
    while True:
        closes = datetime.combine(moment.date(), rules.day_until, moment.tzinfo)
        today = closes - moment
        if left <= today:
            return min(moment + left, starts)
        left -= today
        moment = tell_at(closes, rules)
