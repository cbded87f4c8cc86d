"""Who pays less for a meal: what is understood, when it is asked, and that nothing is promised."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from actions.dialogue import load
from actions.forms import asides, meal, subsidy
from actions.forms.draft import CONFIRM, Draft, asking, fill, next_question
from actions.message import Message
from tests.actions.helpers import msg, tap

ROOT = Path(__file__).resolve().parents[2]
GROUPS = [
    {"id": "age", "name": "八十岁以上的老人", "from_age": 80, "bring": "身份证", "confirm": True},
    {"id": "minimum", "name": "低保户", "from_age": None, "bring": "低保证", "confirm": True},
]
ANSWER: dict[str, Any] = {
    "open": True, "reason": None, "provider": "食堂", "next_open": None, "price": "每份12元",
    "price_note": "以食堂公示为准。", "subsidies": GROUPS, "subsidy_note": "以窗口为准。", "remembered": None,
}  # fmt: skip
ORDER = {"date": "2026-11-25", "meal": "lunch", "mode": "pickup"}


def summed_up(**values: Any) -> Draft:
    """Return an order whose summary stands, with what the locality says of prices."""
    draft = Draft("meal", "m0", seen="m0", values={**ORDER, **values})
    return asking(meal.checked(draft, {**ANSWER, **values.pop("answer", {})}), CONFIRM)


def told(draft: Draft, message: Message) -> tuple[Draft, str | None]:
    """Read a message and return the draft with what is asked now."""
    new = fill(meal.FORM, draft, message)
    question = next_question(meal.FORM, new, message)
    return asking(new, question), question


def line(draft: Draft, heading: str = "补贴") -> str:
    return dict(meal.summary(draft, msg())).get(heading, "")


@pytest.mark.parametrize(
    ("words", "says", "kinds"),
    [
        ("我八十二了有补贴", "yes", []),
        ("她是低保户", "yes", ["minimum"]),
        ("我妈有高龄补助卡", "yes", ["age"]),
        ("我爸是残疾军人", "yes", ["veteran"]),
        ("按补贴价", "yes", []),
        ("没补贴", "none", []),
        ("我们不享受补贴", "none", []),
        ("不是低保户", "none", []),
        ("有没有补贴我也不晓得", "unsure", []),
    ],
)
def test_a_status_is_understood_when_it_is_said(words: str, says: str, kinds: list[str]) -> None:
    found = subsidy.read(msg(words), Draft("meal", "x"))
    assert found["subsidy"] == {"says": says, "kinds": kinds}


@pytest.mark.parametrize(
    "words", ["有补贴吗", "八十岁能便宜点不", "哪些人有补贴", "送到82号楼", "订八十份", "不要辣"]
)
def test_a_question_and_other_numbers_are_no_status(words: str) -> None:
    assert "subsidy" not in subsidy.read(msg(words), Draft("meal", "x"))


def test_an_age_counts_where_the_county_has_a_group_of_that_age() -> None:
    for age, kinds in ((82, ["age"]), (79, None)):
        known = subsidy.status(summed_up(eater_age=age))
        assert known.get("kinds") == kinds
    assert subsidy.read(msg("我妈八十二岁了"), Draft("meal", "x")) == {"eater_age": 82}


@pytest.mark.parametrize(
    ("words", "age"),
    [
        ("八十岁以上有补贴吗", None), ("满八十岁的老人有没有补贴", None), ("八十岁有补贴不", None),
        ("咱八十岁以上的能便宜点不", None), ("我妈八十三了，能少付点不", 83), ("她八十一岁有补贴吗", 81),
        ("八十二了有补贴吗", 82),
    ],
)  # fmt: skip
def test_a_question_about_an_age_is_nobodys_age(words: str, age: int | None) -> None:
    assert subsidy.read(msg(words), summed_up()).get("eater_age") == age


def test_an_age_alone_over_the_summary_is_the_eaters() -> None:
    draft = replace(summed_up(), asked=CONFIRM)
    for words in ("八十三", "83", "她今年八十三吧"):
        assert subsidy.read(msg(words), draft) == {"eater_age": 83}, words
    for words in ("三份", "83号楼", "80元"):
        assert subsidy.read(msg(words), draft) == {}, words
    assert subsidy.read(msg("八十三"), replace(draft, asked="place")) == {}


def test_who_pays_less_is_read_out_once_and_asks_how_old_the_eater_is() -> None:
    draft = summed_up()
    assert "八十岁以上" in line(replace(draft, asks={}))
    assert line(draft) == "没说。有就说一声"
    assert subsidy.told(draft, False).endswith("多大岁数？")
    assert "多大岁数" not in subsidy.told(summed_up(eater_age=82), False)


def test_nothing_said_costs_no_turn_but_a_button() -> None:
    draft = summed_up()
    assert next_question(meal.FORM, replace(draft, asked=None), msg()) == CONFIRM
    assert subsidy.may_offer(draft)
    first = line(replace(draft, asks={}))
    assert "低保户" in first and "还要问准" in first
    assert line(draft, "价钱") == "每份12元，以食堂公示为准"
    assert "subsidy" not in meal.to_ticket(draft, "c")["appointment"]


def test_which_group_is_asked_once() -> None:
    draft, question = told(summed_up(), tap("affirm", about=subsidy.WISH))
    assert question == "subsidy" and not subsidy.may_offer(draft)
    draft, question = told(draft, msg("说不清", "deny", id="m3"))
    assert question == CONFIRM and "不清楚" in line(draft)
    draft, question = told(draft, msg("有补贴", id="m4"))
    assert question == CONFIRM, "asked at most once of one eater"
    assert meal.to_ticket(draft, "c")["appointment"]["subsidy"]["says"] == "yes"


def test_the_order_says_it_for_the_canteen_and_promises_nothing() -> None:
    draft, question = told(summed_up(), msg("她是低保户", id="m2"))
    assert question == CONFIRM
    assert "核对后才作数" in line(draft) and "低保证" in line(draft)
    assert meal.to_ticket(draft, "c")["appointment"]["subsidy"] == {
        "says": "yes", "kinds": ["minimum"], "words": "低保户",
    }  # fmt: skip


def test_no_price_and_no_groups_say_nothing() -> None:
    bare = {**ANSWER, "price": None, "price_note": None, "subsidies": [], "subsidy_note": None}
    draft = meal.checked(Draft("meal", "m0", values=ORDER), bare)
    assert {"价钱", "补贴"} & dict(meal.summary(draft, msg())).keys() == set()
    assert not subsidy.may_offer(draft)


def test_what_may_be_remembered_is_that_eaters_alone() -> None:
    rows = [{"relation": "mother", "kinds": ["minimum"]}]
    answer = {**ANSWER, "remembered": rows}
    for subject, known in (("mother", True), ("father", False), (None, False)):
        draft = meal.checked(Draft("meal", "m0", values={**ORDER, "subject": subject}), answer)
        assert bool(subsidy.status(draft)) is known
    said = meal.checked(
        Draft("meal", "m0", values={**ORDER, "subject": "mother", "subsidy": {"says": "none", "kinds": []}}),
        answer,
    )  # fmt: skip
    assert subsidy.status(said)["says"] == "none", "what is said now counts"


def test_a_question_beside_the_order_is_answered_from_the_locality() -> None:
    draft = summed_up()
    assert asides.aside(msg("八十岁以上有补贴吗"), draft) == asides.SUBSIDY
    words = subsidy.told(draft, False)
    assert "八十岁以上的老人、低保户" in words and "以窗口为准" in words and "还要问准" in words


@pytest.mark.parametrize("locality", ["qinghe", "rongxi"])
def test_every_group_of_a_locality_is_a_known_kind_without_a_figure(locality: str) -> None:
    data = yaml.safe_load((ROOT / f"data/localities/{locality}/meals.yml").read_text("utf-8"))
    kinds = load("orders")["subsidy"]["kinds"]
    assert data["subsidies"] and all(g["id"] in kinds for g in data["subsidies"])
    assert all("元" not in str(g) for g in data["subsidies"]), "how much is never said"


def test_a_kind_that_is_only_asked_about_is_nobodys() -> None:
    draft = summed_up()
    assert subsidy.read(msg("高龄津贴是八十还是九十才有"), draft) == {}
    assert subsidy.read(msg("没得啥子补助"), draft) == {"subsidy": {"says": "none", "kinds": []}}


@pytest.mark.parametrize(
    ("words", "asks"),
    [
        ("社区食堂的饭好多钱一份嘛", True), ("食堂饭多少钱", True), ("一份饭几块钱", True), ("你们的饭贵不贵", True),
        ("助浴多少钱", False), ("物业费多少钱一个月", False), ("饭里有头发", False),
    ],
)  # fmt: skip
def test_what_a_meal_costs_is_asked_before_an_order(words: str, asks: bool) -> None:
    assert subsidy.asks_price_first(msg(words, "book_meal")) is asks


def test_a_meal_that_is_wanted_is_no_question_for_its_price() -> None:
    day = {"time": ("明天", {"start": "2026-11-25", "end": "2026-11-25"})}
    assert not subsidy.asks_price_first(msg("明天来一份饭，多少钱", "book_meal", ents=day))
