"""When the next visit is due and what a month's rate is, worked out by hand."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pytest

from services.clock import ZONE
from services.visits.plan import Absence, Care, Rate, load_rules, next_due, rate, standing

RULES = load_rules(Path("data/visits.yml"))
NOW = datetime(2026, 11, 24, 10, 0, tzinfo=ZONE)
FIRST, LAST, TODAY = date(2026, 11, 1), date(2026, 11, 30), date(2026, 11, 24)


def at(month: int, day: int, hour: int = 9) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=ZONE)


def care(risk: str = "key", joined: date = date(2026, 3, 1), **given: object) -> Care:
    return Care("one", risk, joined, **given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("elder", "day", "why"),
    [
        (care("high", visits=[at(11, 20)]), date(2026, 11, 27), "risk"),
        (care("high", visits=[at(11, 1), at(11, 13)]), date(2026, 11, 20), "risk"),
        (care("general", visits=[at(10, 31)]), date(2026, 11, 30), "month"),
        (care("general", visits=[at(11, 2)]), date(2026, 12, 3), "risk"),
        (care("key", visits=[at(11, 24, 8)]), date(2026, 12, 24), "risk"),
        (care("key", joined=date(2026, 11, 20)), date(2026, 11, 30), "month"),
        (care("general", visits=[at(10, 20)]), date(2026, 11, 20), "risk"),
    ],
)
def test_the_earliest_of_risk_and_month(elder: Care, day: date, why: str) -> None:
    due = next_due(elder, RULES, NOW)
    assert (due.at.date(), due.why) == (day, why)


def test_an_alert_is_due_within_a_day_until_somebody_was_there() -> None:
    heard = care("general", visits=[at(11, 10)], alerts=[at(11, 24, 8)])
    assert next_due(heard, RULES, NOW).at == at(11, 25, 8)
    assert next_due(heard, RULES, NOW).why == "alert"
    visited = care("general", visits=[at(11, 10), at(11, 24, 9)], alerts=[at(11, 24, 8)])
    assert next_due(visited, RULES, NOW).why == "risk"


def test_who_counts_on_the_last_day() -> None:
    def told(elder: Care) -> str | None:
        return standing(elder, FIRST, LAST, date(2026, 12, 5), RULES)

    assert told(care(visits=[at(11, 30, 23)])) == "visited"
    assert told(care(visits=[at(12, 1, 0), at(10, 31, 23)])) == "missed"
    assert told(care(joined=date(2026, 12, 1))) is None
    assert told(care(joined=LAST)) == "missed"
    assert told(care(left=LAST, visits=[at(11, 3)])) is None, "no target on the last day"
    assert told(care(left=date(2026, 12, 1), visits=[at(11, 3)])) == "visited"


def test_away_for_half_of_the_month_is_an_exception_and_stays_in_the_denominator() -> None:
    half = care(absences=[Absence("hospital", date(2026, 11, 16))])  # 15 of 30 days
    less = care(absences=[Absence("away", date(2026, 11, 1), date(2026, 11, 14))])
    seen = care(absences=[Absence("hospital", FIRST)], visits=[at(11, 2)])
    cares = [half, less, seen, care(), care(visits=[at(11, 9)])]
    found = rate(cares, FIRST, LAST, date(2026, 12, 1), RULES)
    assert found == Rate(targets=5, visited=2, excepted=1)
    assert found.missed == 2 and found.share == 0.4


def test_a_month_that_goes_on_is_counted_up_to_today() -> None:
    away = care(absences=[Absence("away", date(2026, 11, 13))])  # 12 of 24 days
    assert standing(away, FIRST, LAST, TODAY, RULES) == "excepted"
    assert standing(care(left=date(2026, 11, 28)), FIRST, LAST, TODAY, RULES) == "missed"
    assert rate([care()], date(2026, 12, 1), date(2026, 12, 31), TODAY, RULES) == Rate()
    assert Rate().share is None


def test_who_does_not_want_to_be_visited_is_an_exception_while_the_refusal_stands() -> None:
    no, yes = (date(2026, 11, 10), False), (date(2026, 11, 20), True)
    never = care(answers=[no])
    agreed_again = care(answers=[no, yes])
    seen_before = care(answers=[(date(2026, 11, 10), False)], visits=[at(11, 2)])
    later = care(answers=[(date(2026, 12, 1), False)])
    assert never.declined(LAST) and not never.declined(date(2026, 11, 9))
    assert not care().declined(LAST), "who was never asked has not refused"
    found = [standing(c, FIRST, LAST, date(2026, 12, 5), RULES) for c in
             (never, agreed_again, seen_before, later)]  # fmt: skip
    assert found == ["declined", "missed", "visited", "missed"]
    sums = rate([never, agreed_again], FIRST, LAST, date(2026, 12, 5), RULES)
    assert sums == Rate(targets=2, visited=0, excepted=1, declined=1) and sums.missed == 1
    assert (sums + sums).declined == 2
