"""Every formula against numbers worked out by hand; the arithmetic stands beside them."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from services.catalogue.files import DataFileError
from services.config import ROOT
from services.errors import LindaError
from services.metrics.figures import (
    DEFINITIONS,
    HIDDEN,
    NONE,
    SHORT,
    Figure,
    enough,
    figures,
    judged,
    percentile_95,
    without_small_cells,
)
from services.metrics.params import load_params
from services.metrics.periods import Period, around, period_of
from services.metrics.service import suppressed
from services.metrics.signals import SIGNALS, signals

PARAMS = load_params(ROOT / "data" / "metrics.yml")

COUNTS = {
    "due": 40, "contact_required": 32, "contact_in_time": 24, "sign_required": 40,
    "sign_in_time": 30, "in_time": 34, "transfers": 10, "first": 25, "first_right": 23,
    "returned": 5, "resolved": 36, "answered": 27, "solved": 18, "partial": 4, "rated": 20,
    "rated_5": 9, "rated_4": 5, "rated_3": 2, "rated_2": 3, "rated_1": 1, "reworked": 9,
    "reworked_3": 1, "audits": 8, "found_false": 2, "rated_any": 21, "rating_changed": 3,
    "withdrawn": 4, "persuaded": 1, "filed": 60, "group": 2, "proactive": 15,
    "filed_counted": 50, "residents": 12_500, "told": 10, "told_once": 9, "reviewed": 4,
    "corrected": 1, "redirected": 8, "redirected_well": 6,
    "bad": 8, "rectified": 6, "bad_called": 4,
}  # fmt: skip

BY_HAND = {
    "due": 40,
    "contact": 0.75,  # 24 ÷ 32
    "signed": 0.75,  # 30 ÷ 40
    "in_time": 0.85,  # 34 ÷ 40
    "first_right": 0.92,  # 23 ÷ 25
    "returned": 0.2,  # 5 ÷ 25
    "transfers": 0.25,  # 10 ÷ 40
    "reached": 0.75,  # 27 ÷ 36
    "solved": 20 / 27,  # (18 + 0.5·4) ÷ 27
    "solved_strict": 18 / 27,  # 18 ÷ 27
    "satisfied": 0.8,  # (9 + 5 + 2) ÷ 20
    "satisfied_strict": 0.7,  # (9 + 5) ÷ 20
    "rectified": 0.75,  # 6 ÷ 8
    "bad_called": 0.5,  # 4 ÷ 8
    "rework": 0.25,  # 9 ÷ 36
    "rework_3": 1,
    "false": 0.25,  # 2 ÷ 8
    "rating_changed": 3 / 21,
    "persuaded": 0.25,  # 1 ÷ 4
    "filed": 60,
    "group": 2,
    "proactive": 0.25,  # 15 ÷ 60
    "per_10000": 40,  # 50 ÷ 1.25 万
    "told_once": 0.9,  # 9 ÷ 10
    "corrected": 0.25,  # 1 ÷ 4
    "redirected": 0.75,  # 6 ÷ 8
}


def _by_key(found: list[Figure]) -> dict[str, Figure]:
    return {f.key: f for f in found}


def test_each_definition_has_its_arithmetic_here() -> None:
    assert set(BY_HAND) == {d.key for d in DEFINITIONS}


@pytest.mark.parametrize("key", BY_HAND)
def test_a_figure_by_hand(key: str) -> None:
    found = _by_key(figures(COUNTS, PARAMS, None))[key]
    assert found.value == pytest.approx(BY_HAND[key])
    assert found.definition
    if found.denominator is not None:
        assert found.numerator / found.denominator == pytest.approx(BY_HAND[key])


@pytest.mark.parametrize("definition", [d for d in DEFINITIONS if d.bottom], ids=lambda d: d.key)
def test_of_nothing_there_is_no_share(definition: object) -> None:
    found = _by_key(figures({}, PARAMS, None))[definition.key]  # type: ignore[attr-defined]
    assert found.value is None
    assert found.text == NONE


def test_the_callback_rate_stands_right_before_what_it_qualifies() -> None:
    order = [f.key for f in figures(COUNTS, PARAMS, None)]
    at = order.index("reached")
    assert order[at : at + 5] == [
        "reached", "solved", "solved_strict", "satisfied", "satisfied_strict",
    ]  # fmt: skip


def test_the_composite_is_off_and_counts_as_weighted_when_it_is_on() -> None:
    assert "composite" not in _by_key(figures(COUNTS, PARAMS, None))
    shown = PARAMS.model_copy(
        update={"composite": PARAMS.composite.model_copy(update={"shown": True})}
    )
    # 100 · (0.30·24/32 + 0.35·20/27 + 0.35·16/20) = 22.5 + 25.9259… + 28 = 76.4259…
    found = _by_key(figures(COUNTS, shown, None))["composite"]
    assert found.value == pytest.approx(76.42592, abs=1e-4)
    # Nobody rated: one of three parts is missing, so there is no score.
    assert _by_key(figures({**COUNTS, "rated": 0}, shown, None))["composite"].value is None


def test_the_95th_percentile_is_the_nearest_rank() -> None:
    # 20 tickets: 0.95·20 = 19, the 19th of 18×0.50, 1.20, 3.00 is 1.20.
    assert percentile_95({50: 18, 120: 1, 300: 1}) == 1.2
    # 21 tickets: 0.95·21 = 19.95, the 20th of 18×0.50, 1.20, 2×3.00 is 3.00.
    assert percentile_95({50: 18, 120: 1, 300: 2}) == 3.0
    assert percentile_95({70: 1}) == 0.7
    assert percentile_95({}) is None


@pytest.mark.parametrize(
    ("answered", "resolved", "said"),
    [(19, 19, False), (20, 20, True), (20, 66, True), (20, 67, False), (0, 0, False)],
)
def test_enough_is_twenty_answers_and_thirty_percent(
    answered: int, resolved: int, said: bool
) -> None:
    # 20 ÷ 66 = 30.3 %, 20 ÷ 67 = 29.9 %
    assert enough({"answered": answered, "resolved": resolved}, PARAMS) is said


@pytest.mark.parametrize(
    ("residents", "text"), [({"residents": 12_500}, "40.00"), ({"residents": 0}, "人口数没填"), ({}, "—")]
)  # fmt: skip
def test_people_are_counted_when_their_number_is_filled_in(
    residents: dict[str, float], text: str
) -> None:
    found = {f.key: f for f in figures({"filed_counted": 50} | residents, PARAMS, None)}
    assert found["per_10000"].text == text


def test_too_few_answers_hide_what_residents_judged_and_nothing_else() -> None:
    found = _by_key(judged(figures(COUNTS, PARAMS, None), sufficient=False))
    assert {k for k, f in found.items() if f.text == SHORT} == {
        "solved", "solved_strict", "satisfied", "satisfied_strict",
    }  # fmt: skip
    assert found["solved"].body()["value"] is None
    assert found["solved"].body()["numerator"] is None
    assert found["reached"].text == "75.0%"


def test_public_figures_have_no_cell_below_five() -> None:
    found = _by_key(without_small_cells(figures(COUNTS, PARAMS, 1.0), 5))
    hidden = {k for k, f in found.items() if f.note == HIDDEN.format(least=5)}
    assert hidden == {
        "first_right",  # 25 − 23 = 2
        "satisfied",  # 20 − 16 = 4
        "rework_3", "group",  # 1, 2
        "false", "persuaded", "corrected", "rating_changed",  # 2, 1, 1, 3
        "told_once", "redirected",  # 10 − 9 = 1, 8 − 6 = 2
        "rectified", "bad_called",  # 8 − 6 = 2, 4
    }  # fmt: skip


def test_one_hidden_cell_takes_another_with_it() -> None:
    def shown(cells: dict[str, int]) -> dict[str, int | None]:
        return {c["name"]: c["count"] for c in suppressed(cells, 5)}

    assert shown({"a": 30, "b": 9, "c": 3}) == {"a": 30, "b": None, "c": None}
    assert shown({"a": 30, "b": 2, "c": 3}) == {"a": 30, "b": None, "c": None}
    assert shown({"a": 30, "b": 9}) == {"a": 30, "b": 9}
    assert shown({}) == {}


def test_a_signal_needs_its_share_and_its_count() -> None:
    def flagged(**counts: int) -> set[str]:
        return {s.key for s in signals(counts, PARAMS) if s.flagged}

    assert set(PARAMS.signals) == set(SIGNALS)
    assert flagged() == set()
    # 3 ÷ 60 = 5 % and 3 of 3; 3 ÷ 61 = 4.9 %; 2 ÷ 20 = 10 % but only 2.
    assert flagged(rating_changed=3, rated_any=60) == {"rating_changed"}
    assert flagged(rating_changed=3, rated_any=61) == set()
    assert flagged(rating_changed=2, rated_any=20) == set()
    # One resident who says it is enough.
    assert flagged(pressured=1, due=500) == {"pressured"}


def test_periods() -> None:
    day = date(2026, 11, 25)  # a Wednesday
    assert around("week", day) == Period("week", date(2026, 11, 23), date(2026, 11, 29))
    assert around("month", day).before == around("month", date(2026, 10, 1))
    assert around("month", date(2026, 12, 31)).last == date(2026, 12, 31)
    assert period_of(None, None, None, day) == around("month", day)
    assert period_of(None, date(2026, 11, 1), date(2026, 11, 30), day).kind == "month"
    custom = period_of("custom", date(2026, 11, 10), date(2026, 11, 19), day)
    assert custom.before == Period("custom", date(2026, 10, 31), date(2026, 11, 9))
    assert custom.end - custom.start == timedelta(days=10)
    for first, last in ((day, None), (day, date(2026, 11, 24)), (date(2020, 1, 1), day)):
        with pytest.raises(LindaError, match="bad_period"):
            period_of("custom", first, last, day)


@pytest.mark.parametrize("days", [1, 35, 36, 190, 191, 800])
def test_the_steps_of_a_period_cover_it_once(days: int) -> None:
    first = date(2026, 1, 14)
    period = Period("custom", first, first + timedelta(days=days - 1))
    steps = list(period.steps())
    assert steps[0].first == period.first
    assert steps[-1].last == period.last
    assert all(a.last + timedelta(days=1) == b.first for a, b in pairwise(steps))
    assert len(steps) <= 35


def test_who_lives_where_comes_from_the_locality_with_its_source(tmp_path: Path) -> None:
    file = tmp_path / "locality.yml"
    text = (ROOT / "data" / "localities" / "qinghe" / "locality.yml").read_text("utf-8")
    text = text[: text.index("residents:")]
    file.write_text(
        text + "residents:\n  c1: {people: 12500, source: 统计公报, as_of: 2025-12-31}\n", "utf-8"
    )
    params = load_params(ROOT / "data" / "metrics.yml", file)
    assert params.residents == {"c1": 12_500}
    found = {f.key: f for f in figures({"filed_counted": 50, "residents": 12_500}, params, None)}
    assert "统计公报，2025-12-31" in found["per_10000"].definition
    file.write_text(text, "utf-8")
    assert load_params(ROOT / "data" / "metrics.yml", file).residents == {}
    file.write_text(text + "residents: {c1: {people: 12500}}\n", "utf-8")
    with pytest.raises(DataFileError, match="source"):
        load_params(ROOT / "data" / "metrics.yml", file)
