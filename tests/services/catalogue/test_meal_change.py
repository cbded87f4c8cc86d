"""Until when an ordered meal can be changed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from services.catalogue.meals import change_refusal
from services.catalogue.model import MealFile

RULES = MealFile.model_validate(
    {
        "provider": "食堂",
        "max_portions": 6,
        "meals": {
            "breakfast": None,
            "lunch": {
                "name": "午饭",
                "serve": "11:00-12:30",
                "cutoff": {"days_before": 1, "time": "16:00"},
            },
        },
    }
)
ORDER = {"date": "2026-11-25", "meal": "lunch", "portions": 2}


def at(text: str) -> datetime:
    """Return a time of the tests."""
    return datetime.fromisoformat(f"{text}+08:00")


@pytest.mark.parametrize(
    ("now", "patch", "says"),
    [
        ("2026-11-24T10:00", {"portions": 3}, None),
        ("2026-11-24T10:00", {"portions": 7}, "最多订6份"),
        ("2026-11-24T16:30", {"portions": 3}, "16:00前改，现在改不了了"),
        ("2026-11-24T10:00", {"date": "2026-11-27"}, None),
        ("2026-11-24T10:00", {"date": "2026-11-24"}, "前一天16:00前订"),
        ("2026-11-24T10:00", {"meal": "breakfast"}, "不做早饭"),
        ("2026-11-24T16:30", {"skip": ["2026-11-28"]}, None),
        ("2026-11-24T16:30", {"skip": ["2026-11-25"]}, "改不了了"),
        ("2026-11-24T16:30", {"habit": {"recur": "weekly", "weekdays": [1]}}, None),
    ],
)
def test_an_order_is_changed_before_its_cut_off(
    now: str, patch: dict[str, Any], says: str | None
) -> None:
    reason = change_refusal(RULES, ORDER, patch, at(now))
    assert reason is None if says is None else says in str(reason)
