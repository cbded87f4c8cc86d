"""Which day of a standing order comes next."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from services.bookings.standing import Next, is_standing, next_meal

DAILY = {"recur": "daily"}
WEEKDAYS = {"recur": "weekly", "weekdays": [1, 2, 3, 4, 5]}


def day(text: str) -> date:
    """Return a day of November or December 2026."""
    return date.fromisoformat(f"2026-{text}")


@pytest.mark.parametrize(
    ("order", "closed", "late", "expected"),
    [
        ({"habit": DAILY}, "", "", Next(day("11-26"))),
        ({"habit": WEEKDAYS, "date": "2026-11-27"}, "", "", Next(day("11-30"))),
        ({"habit": DAILY, "skip": ["2026-11-26", "2026-11-27"]}, "", "", Next(day("11-28"))),
        ({"habit": DAILY, "until": "2026-11-26"}, "", "", Next(day("11-26"))),
        ({"habit": DAILY, "until": "2026-11-25"}, "", "", Next(None)),
        ({"habit": DAILY}, "11-26", "", Next(day("11-27"), closed=(day("11-26"),))),
        ({"habit": DAILY}, "", "11-26", Next(day("11-27"), missed=(day("11-26"),))),
        (
            {"habit": DAILY, "until": "2026-11-26"},
            "11-26",
            "",
            Next(None, closed=(day("11-26"),)),
        ),
    ],
)
def test_the_next_meal(order: dict[str, Any], closed: str, late: str, expected: Next) -> None:
    found = next_meal(
        {"date": "2026-11-25", **order},
        closed=lambda d: "放假" if f"{d:%m-%d}" == closed else None,
        late=lambda d: f"{d:%m-%d}" == late,
    )
    assert found == expected


def test_an_order_that_finds_no_day_has_ended() -> None:
    order = {"date": "2026-11-25", "habit": DAILY}
    assert next_meal(order, closed=lambda d: "停业", late=lambda d: False).day is None


def test_only_a_meal_with_a_day_and_a_habit_is_a_standing_order() -> None:
    assert is_standing({"date": "2026-11-25", "meal": "lunch", "habit": DAILY})
    assert not is_standing({"date": "2026-11-25", "meal": "lunch"})
    assert not is_standing({"date": "2026-11-25", "kind": "clean", "habit": DAILY})
    assert not is_standing(None)
