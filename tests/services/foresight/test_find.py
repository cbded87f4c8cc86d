"""Clusters and seasons against numbers worked out by hand."""

from __future__ import annotations

import math
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from services.clock import ZONE
from services.foresight.find import Cluster, Report, at_least, clusters, likeness, load_params
from services.foresight.seasons import load_plans, now_and_next, season

PARAMS = load_params(Path("data/foresight.yml"))
NOW = datetime(2026, 11, 24, 10, 0, tzinfo=ZONE)


def report(
    n: int, days: float = 1, leaf: str | None = "H4", building: str = "x-3", compound: str = "x",
    text: str = "不热", who: str = "",
) -> Report:  # fmt: skip
    return Report(
        f"T{n:03}", leaf, text, NOW - timedelta(days=days), who or f"w{n}", "c1", compound, building
    )


def found(*reports: Report) -> list[Cluster]:
    return clusters(reports, NOW, PARAMS)


def test_three_households_of_a_quiet_building() -> None:
    (one,) = found(report(1), report(2, 2), report(3, 6.9))
    assert (one.key, one.households, one.usual) == ("H4:building:x-3", 3, 0)
    # 1 − e^−½ (1 + ½ + ⅛): a quiet place counts with half a household a week.
    assert one.chance == pytest.approx(1 - math.exp(-0.5) * 1.625)
    assert one.tickets == ("T003", "T002", "T001")


def test_too_few_too_old_or_the_same_household() -> None:
    assert found(report(1), report(2)) == []
    assert found(report(1), report(2), report(3, 7.1)) == []
    assert found(report(1, who="a"), report(2, who="a"), report(3, who="b")) == []
    assert found(report(1), report(2), report(3, leaf="H1")) == []
    assert found(report(1, leaf="M1"), report(2, leaf="M1"), report(3, leaf="M1")) == []


def test_what_is_usual_does_not_rise() -> None:
    before = [report(100 + n, 7.5 + n * 2.3) for n in range(12)]  # 12 in four weeks: 3 a week
    three = [report(n) for n in range(3)]
    assert found(*three, *before) == []
    (eight,) = found(*(report(n) for n in range(8)), *before)
    # P(X ≥ 8) of a Poisson with mean 3, from a printed table: 0.0119
    assert eight.usual == 3 and eight.chance == pytest.approx(0.0119, abs=5e-5)


def test_reports_before_the_four_weeks_do_not_count() -> None:
    old = [report(100 + n, 36) for n in range(40)]
    (one,) = found(*(report(n) for n in range(3)), *old)
    assert one.usual == 0


def test_the_nearest_place_that_says_it_all() -> None:
    spread = [report(n, building=f"x-{n}") for n in range(4)]
    (compound,) = found(*spread)
    assert compound.key == "H4:compound:x"
    inside = [report(n) for n in range(3)]
    two_more = [report(10 + n, building=f"x-{n + 5}") for n in range(2)]
    assert [c.reach for c in found(*inside, *two_more)] == ["building"]
    third = report(20, building="x-9")
    assert {c.reach for c in found(*inside, *two_more, third)} == {"building", "compound"}


def test_words_without_a_matter_stay_the_same_when_the_first_leaves_the_window() -> None:
    words = {"leaf": None, "text": "楼上天天半夜剁馅"}
    said = [report(n, 6.9 - 1.5 * n, **words) for n in range(4)]  # type: ignore[arg-type]
    (before,) = found(*said)
    assert before.tickets[0] == "T000"
    more = report(5, -1, **words)  # type: ignore[arg-type]
    (after,) = clusters([*said, more], NOW + timedelta(days=1), PARAMS)
    assert after.tickets[0] == "T001" and after.key == before.key
    long_ago = report(9, 25, **words)  # type: ignore[arg-type]
    assert [c.key for c in found(*said, long_ago)] == [before.key], "another time is no beginning"


def test_words_without_a_matter_meet_when_they_are_alike() -> None:
    same = [
        report(n, leaf=None, text=t)
        for n, t in enumerate(["楼下变压器嗡嗡响", "变压器嗡嗡响睡不着", "楼下变压器又嗡嗡响"])
    ]
    (one,) = found(*same, report(9, leaf=None, text="想问问书屋几点开门"))
    assert one.leaf is None and one.households == 3 and one.key.startswith("words-")


@pytest.mark.parametrize(("a", "b", "share"), [("abc", "bcd", 0.5), ("ab", "cd", 0), ("", "ab", 0)])
def test_likeness(a: str, b: str, share: float) -> None:
    assert likeness(a, b) == share


@pytest.mark.parametrize(("n", "mean", "chance"), [(0, 2, 1), (1, 0.5, 0.3935), (5, 2, 0.0527)])
def test_poisson_tail_as_in_printed_tables(n: int, mean: float, chance: float) -> None:
    assert at_least(n, mean) == pytest.approx(chance, abs=5e-5)


def test_growth_counts_households_first_heard_afterwards() -> None:
    (one,) = found(report(1, 3), report(2, 2), report(3, 1), report(4, 0.5, who="w1"))
    assert one.since(NOW - timedelta(days=1.5)) == 1


@pytest.mark.parametrize("locality", ["qinghe", "rongxi"])
def test_the_seasons_of_each_locality(locality: str) -> None:
    plans = load_plans(Path(f"data/localities/{locality}/seasons.yml"))
    on, soon = now_and_next(plans, date(2026, 11, 24))
    names = [s.plan.id for s in on]
    assert {"insurance", "co"} <= set(names) and "flood" not in names
    assert [s.plan.id for s in soon] == ["elder_card"]
    assert soon[0].starts == date(2027, 1, 5)
    winter = next(s for s in on if s.plan.id == "co")
    assert winter.until.year == 2027
    assert season(winter.plan, date(2027, 1, 31)).starts == winter.starts
    after = season(winter.plan, date(2027, 4, 20))
    assert after.starts.year == 2027 and not after.on(date(2027, 4, 20))
