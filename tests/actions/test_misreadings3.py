"""Doors and sides said behind a house, houses counted up, an errand that one does oneself after all."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from actions.forms import errand, place, report
from actions.forms.draft import Draft, fill
from actions.knowledge import follow_ups
from actions.message import one_each
from tests.actions.helpers import msg

HOUSE = {"community": "幸福小区", "building": "3", "unit": "2"}


def corrected(words: str, said: str, value: dict[str, str]) -> Any:
    draft = Draft(
        "report", "m0", seen="m0", asked="confirm", values={"address": HOUSE, "narrative": "灯坏了"}
    )
    message = msg(words, "supplement_ticket", ents={"address": (said, value)})
    return place.read(message, draft)["address"]


def test_a_door_behind_a_unit_and_floor_is_kept() -> None:
    unit = {"unit": "1", "floor": "3"}
    assert corrected("不对，是1单元三楼，301", "1单元三楼", unit) == {
        "community": "幸福小区", "building": "3", "unit": "1", "floor": "3", "room": "301",
    }  # fmt: skip
    assert "room" not in corrected("是1单元三楼，301元一个月", "1单元三楼", unit)


@pytest.mark.parametrize(
    ("words", "side"),
    [
        ("三楼右手边", "右手边"), ("三楼右手边那家", "右手边那家"), ("三楼，靠东边的", "东边"),
        ("三楼左边户", "左边户"), ("三楼里面那间", "里面那间"), ("三楼漏水", None), ("三楼", None),
    ],
)  # fmt: skip
def test_the_side_of_a_floor_is_a_spot_of_the_place(words: str, side: str | None) -> None:
    whole = {**HOUSE, "floor": "3"}
    message = msg(f"幸福小区3号楼2单元{words}", ents={"address": ("幸福小区3号楼2单元三楼", whole)})
    read = place.read(message, Draft("report", "m0"))
    assert read["address"].get("place") == side
    assert (side or "三楼") in read["address_text"], "whoever goes there reads it"


def test_floor_and_side_alone_answer_over_the_summary() -> None:
    draft = Draft("report", "m0", seen="m0", asked="confirm", values={"address": HOUSE})
    read = place.read(msg("三楼右手边", "report_problem"), draft)
    assert read["address"] == {**HOUSE, "floor": "3", "place": "右手边"}


def counted(words: str, told: str | None = None, compound: bool = True) -> list[Any]:
    houses = [("3号楼", {"building": "3"}), ("5号楼", {"building": "5"})]
    named = [("幸福小区", {"community": "幸福小区"})] if compound else []
    message = msg(words, ents={"address": [*houses, *named]})
    return [(p.text, p.entities[-1].value) for p in one_each(message, told)]


def test_the_compound_of_houses_that_are_counted_up_may_stand_behind_them() -> None:
    three, five = ({"community": "幸福小区", "building": n} for n in "35")
    said = "楼道灯坏了两个，一个3号楼，一个5号楼，幸福小区的"
    assert [v for _, v in counted(said)] == [three, five]
    answer = "两个，一个3号楼，一个5号楼，幸福小区的"
    assert counted(answer, "楼道灯坏了") == [
        ("楼道灯坏了，3号楼", three),
        ("楼道灯坏了，5号楼", five),
    ]
    assert counted("一个3号楼，一个5号楼，幸福小区的路灯也坏了", "楼道灯坏了") == []


@pytest.mark.parametrize(
    ("words", "oneself"),
    [
        ("不用代办了，我自己去", True), ("还是我自己去吧", True), ("别麻烦人家了，我自己跑一趟", True),
        ("那我妈自己去", True), ("我自己去不了", False), ("我自己一个人住", False), ("代办", False),
        ("我自己去过一回没办成", False), ("让他自己去问问不行吗", False),
    ],
)  # fmt: skip
def test_who_was_to_send_somebody_goes_oneself_after_all(words: str, oneself: bool) -> None:
    values = {"errand": "proxy", "leaf": "C2", "service": "高龄津贴"}
    draft = Draft("errand", "m0", seen="m0", asked="contact", values=values)
    after = fill(errand.FORM, draft, msg(words, "supplement_ticket"))
    assert after.get("errand") == ("appointment" if oneself else "proxy")


@pytest.mark.parametrize(
    ("words", "wished"),
    [
        ("找人帮我妈办老年证", "proxy"), ("找个人替我办低保", "proxy"), ("老年证找人替我爸办", "proxy"),
        ("找人办老年证要多少钱", None), ("找谁办老年证", None), ("帮我找人", None),
    ],
)  # fmt: skip
def test_somebody_to_do_it_is_wished_for_in_one_sentence(words: str, wished: str | None) -> None:
    assert follow_ups.wish(words) == wished


def test_a_report_goes_on_as_it_was_with_one_house() -> None:
    draft = fill(report.FORM, None, msg("幸福小区3号楼楼道灯坏了", leaf="H6"))
    assert (
        one_each(msg("一个3号楼", ents={"address": ("3号楼", {"building": "3"})}), "灯坏了") == ()
    )
    assert draft.get("narrative") == "幸福小区3号楼楼道灯坏了"


def test_a_storey_alone_is_no_other_matter_and_of_two_ones_own_counts() -> None:
    leak = fill(report.FORM, None, msg("楼上漏水", leaf="H8"))
    asked = replace(leak, asked="place")
    third = fill(report.FORM, asked, msg("三楼", leaf=("H6", 0.8, []), id="m2"))
    assert third.get("leaf") == "H8" and third.get("address") == {"floor": "3"}
    mine = fill(
        report.FORM, replace(third, asked="place"), msg("不是，是四楼，我家在三楼", "deny", id="m3")
    )
    assert mine.get("address") == {"floor": "3"} and "不是" not in str(mine.get("address_text"))


def test_a_fragment_does_not_change_a_matter_that_was_told() -> None:
    draft = fill(report.FORM, None, msg("马桶堵了", leaf="H7"))
    asked = fill(report.FORM, replace(draft, asked="place"), msg("我自己家的", id="m2", leaf="I8"))
    assert asked.get("leaf") == "H7"
