"""What is read, its digest, and how an item stands by what was said of it."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pytest
from pydantic import ValidationError

from services.clock import ZONE
from services.config import ROOT, Settings
from services.context import build
from services.reviews.model import (
    GAP,
    Filed,
    Item,
    Review,
    Rules,
    State,
    changes,
    counted,
    load_rules,
    rows_of,
    standing,
)

TODAY = date(2026, 11, 24)
OLD, NEW = (
    Item("card-A1", "card", "A1", "police", (("fee", ("不收钱",)),)),
    Item("card-A1", "card", "A1", "police", (("fee", ("收5元",)),)),
)


def said(item: Item, ok: bool = True, until: str = "2027-11-24", answered: bool = False) -> Review:
    at = datetime(2026, 11, 1, 9, 0, tzinfo=ZONE)
    last = date.fromisoformat(until) if ok else None
    answer = at if answered else None
    return Review(1, item.digest, item.content, ok, "", "a", "甲", "单位", at, last, "", answer)


@pytest.mark.parametrize(
    ("reviews", "state"),
    [
        ([], "none"),
        ([said(NEW)], "good"),
        ([said(NEW, until="2026-11-24")], "good"),
        ([said(NEW, until="2026-11-23")], "expired"),
        ([said(OLD)], "changed"),
        ([said(OLD), said(NEW)], "good"),
        ([said(NEW), said(OLD)], "good"),
        ([said(NEW), said(NEW, ok=False)], "wrong"),
        ([said(NEW), said(NEW, ok=False, answered=True)], "good"),
        ([said(NEW, ok=False, answered=True)], "none"),
        ([said(OLD, ok=False)], "changed"),
    ],
)
def test_a_review_counts_for_the_words_that_were_read(reviews: list[Review], state: State) -> None:
    assert standing(NEW, reviews, TODAY, 365).state == state


@pytest.mark.parametrize(("on", "state"), [("2025-11-24", "good"), ("2025-11-23", "expired")])
def test_what_the_data_file_says_of_a_review_ends_too(on: str, state: State) -> None:
    filed = Item(
        "card-A1", "card", "A1", "police", NEW.content, Filed("民政", date.fromisoformat(on))
    )
    assert standing(filed, [], TODAY, 365).state == state


def test_every_part_that_says_something_is_read() -> None:
    card = {
        "name": "甲", "fee": None, "aliases": [], "confirm": False, "materials": ["证", "照片"],
        "sources": [{"title": "条例", "ref": "第二条"}, {"title": "办法", "ref": None}],
        "elder": {"summary": "短", "where": None, "after": {"follow": ["一", "二"]}},
        "parts": [{"heading": "谁", "text": ["社区", "街道"]}],
    }  # fmt: skip
    assert dict(rows_of(card)) == {
        "name": ("甲",), "confirm": ("false",), "materials": ("证", "照片"),
        "sources": ("条例 第二条", "办法"), "elder.summary": ("短",),
        "elder.after.follow": ("一", "二"), "parts": ("谁 社区 街道",),
    }  # fmt: skip
    rules = load_rules(ROOT / "data")
    assert rules.label("elder.after.follow") == "大字版 · 接着说 · 其他，依次说"
    assert rules.word("true") == "是"


def test_readers_see_names_of_gaps_and_no_keys() -> None:
    rules = load_rules(ROOT / "data")
    assert rules.word("{place}，打119。还有{days:.0f}天") == "〔地方〕，打119。还有〔天数〕天"
    known = {"subsidies": [{"id": "age", "name": "八十岁以上的老人", "confirm": True}]}
    assert list(rows_of(known)) == [("subsidies", ("八十岁以上的老人",))]


async def test_every_gap_of_what_is_reviewed_has_a_name(tmp_path: Path) -> None:
    services = build(Settings(var_dir=tmp_path))
    try:
        items = services.reviews.items()
    finally:
        await services.close()
    lines = [line for item in items for _, lines in item.content for line in lines]
    gaps = {gap[1] for line in lines for gap in GAP.finditer(line)}
    assert gaps
    assert gaps == set(load_rules(ROOT / "data").gaps)


def test_what_changed_stands_beside_what_was_read() -> None:
    then = (("fee", ("不收钱",)), ("where", ("窗口",)), ("phone", ("1",)))
    now = (("fee", ("收5元",)), ("where", ("窗口",)), ("link", ("网页",)))
    assert changes(then, now) == {"fee": ("不收钱",), "phone": ("1",), "link": ()}
    assert changes(now, now) == {}


def test_the_states_are_counted_with_those_of_nobody() -> None:
    assert counted([standing(NEW, [], TODAY, 365)])["none"] == 1
    assert counted([])["wrong"] == 0


def test_a_safety_card_that_nobody_named_a_unit_for_belongs_to_the_general_ones() -> None:
    rules = load_rules(ROOT / "data")
    assert rules.owner("safety", "scald") == "heating" != rules.general
    assert rules.owner("safety", "a-new-card") == rules.general
    assert rules.owner("redirect", "a-new-one", "water") == "water"
    assert rules.owner("certificate", "1") == rules.general
    named = rules.model_dump()
    del named["general"]
    with pytest.raises(ValidationError, match="general"):
        Rules.model_validate(named)
