"""What the figures say of themes, worked out by hand."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest

from services.clock import ZONE
from services.config import ROOT
from services.metrics.params import TrendRule
from services.themes.plan import Params, effect, load_params, outcome, propose
from services.themes.service import review_due

PARAMS = Params.model_validate(
    {
        "top": 6,
        "few": 12,
        "leaves": {"least": 2, "most": 3},
        "before": 6,
        "after": 6,
        "review_months": 6,
    }
)
RULE = TrendRule(months=12, span=3, least=20, share=0.25, rare=0.05, top=10)
JULY, NOVEMBER = date(2026, 7, 1), date(2026, 11, 1)
BEGAN = date(2024, 1, 1)


def line(key: str, total: int, said: str = "平稳") -> dict[str, Any]:
    return {"key": key, "name": key, "total": total, "months": [total, *[0] * 11], "said": said}


def test_the_project_s_own_parameters_are_read() -> None:
    assert load_params(ROOT / "data" / "themes.yml").leaves.most == 3


def test_themes_are_proposed_by_unit_then_by_kind_and_say_why() -> None:
    lines = [line("H1", 90), line("I1", 80), line("H7", 70), line("I2", 60), line("H9", 50), line("K1", 40), line("H6", 30)]  # fmt: skip
    leads = {"H1": "property", "H7": "property", "H9": "grid", "I1": "urban", "I2": "police"}
    found = propose(lines, leads, (), PARAMS)
    assert [(p.leaves, p.lead) for p in found] == [
        (("H1", "H7"), "property"), (("I1", "I2"), None),
    ]  # fmt: skip
    # H9 and K1 are alone of their kind among the first six; H6 is the seventh.
    assert found[0].reason == "最近12个满月：H190件，第1位，平稳；H770件，第3位，平稳。"
    assert found[0].usual == pytest.approx(160 / 12)


def test_what_a_theme_has_already_is_not_proposed_again_and_three_are_enough() -> None:
    lines = [line(k, 90 - n) for n, k in enumerate(("H1", "H2", "H3", "H4", "H5", "H6"))]
    leads = dict.fromkeys(("H1", "H2", "H3", "H4", "H5", "H6"), "property")
    first = propose(lines, leads, (), PARAMS)
    assert [p.leaves for p in first] == [("H1", "H2", "H3"), ("H4", "H5", "H6")]
    assert [p.leaves for p in propose(lines, leads, {"H1", "H4"}, PARAMS)] == [("H2", "H3", "H5")]
    assert propose([line("H1", 12), line("H2", 11)], leads, (), PARAMS) == []


def counted(before: list[int], own: int, after: list[int]) -> dict[date, int]:
    months = [date(2026, m, 1) for m in range(1, 12)]
    return dict(zip(months, [*before, own, *after], strict=False))


def test_before_and_after_by_hand() -> None:
    # 60 in January to June (181 days), 21 in July, 12 in August to October (92 days).
    counts = counted([10, 10, 10, 10, 10, 10], 21, [6, 4, 2, 99])
    found = effect(counts, BEGAN, JULY, NOVEMBER, 4, PARAMS, RULE)
    assert (found.before, found.after, found.after_months, found.reached) == (10, 4, 3, True)
    assert found.verdict == "falling"
    assert [n for _, n in found.months] == [10] * 6 + [21, 6, 4, 2], "November goes on"
    said = outcome(found, 4)
    assert said.startswith(
        "以前每月10.0件，做了以后每月4.0件（3个满月），目标每月不超过4件，达到了；明显少了"
    )
    missed = effect(counts, BEGAN, JULY, NOVEMBER, 3, PARAMS, RULE)
    assert missed.reached is False and "还没达到" in outcome(missed, 3)


def test_small_numbers_prove_nothing() -> None:
    few = effect(counted([2] * 6, 1, [1, 0, 1]), BEGAN, JULY, NOVEMBER, 1, PARAMS, RULE)
    assert (few.verdict, few.reached) == ("few", True)
    assert "看不出多了少了" in outcome(few, 1)


def test_seasons_are_told_beside_it() -> None:
    counts = counted([10] * 6, 21, [4, 4, 4]) | {date(2025, m, 1): 5 for m in (8, 9, 10)}
    found = effect(counts, BEGAN, JULY, NOVEMBER, 4, PARAMS, RULE)
    assert found.year_ago == 5 and outcome(found, 4).endswith("去年同样的月份每月5.0件")
    young = effect(counts, date(2025, 9, 1), JULY, NOVEMBER, 4, PARAMS, RULE)
    assert young.year_ago is None and "去年" not in outcome(young, 4)


def test_what_is_not_over_or_was_not_kept_is_not_counted() -> None:
    counts = counted([10] * 6, 21, [6, 4, 2, 99])
    ahead = effect(counts, BEGAN, date(2026, 12, 1), NOVEMBER, 4, PARAMS, RULE)
    # May to October; November goes on, December lies ahead.
    assert ahead.before == pytest.approx((10 + 10 + 21 + 6 + 4 + 2) / 6)
    assert (ahead.after, ahead.reached, ahead.after_months) == (None, None, 0)
    assert "还没到看结果的时候" in outcome(ahead, 4)
    young = effect(counts, date(2026, 3, 9), JULY, NOVEMBER, 4, PARAMS, RULE)
    assert (young.before, young.verdict) == (None, "short")
    assert [n for _, n in young.months][:3] == [None, None, 10]
    assert outcome(young, 4).startswith("以前的数据不全")
    none = effect({}, None, JULY, NOVEMBER, 4, PARAMS, RULE)
    assert (none.before, none.after) == (None, None)


@pytest.mark.parametrize(
    ("closed", "due"), [((2026, 8, 31), date(2027, 2, 28)), ((2026, 11, 24), date(2027, 5, 24))]
)
def test_half_a_year_later(closed: tuple[int, int, int], due: date) -> None:
    assert review_due(datetime(*closed, 23, 30, tzinfo=ZONE), 6) == due
