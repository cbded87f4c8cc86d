"""Places in pieces: labels of a shared location, spots, doors and sides, roads, several houses."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from actions.forms import place, report
from actions.forms.draft import Draft, fill
from actions.message import from_events, one_each
from actions.talk import corrections, heard
from tests.actions.conftest import Talk
from tests.actions.fake_services import FakeServices
from tests.actions.helpers import NOW, msg

WEDNESDAY = {"start": "2026-11-25", "end": "2026-11-25"}
HOUSE = {"community": "幸福小区", "building": "3", "unit": "2"}


def pin(label: str) -> dict[str, Any]:
    """Return what a shared location adds to a message."""
    return {"location": {"lat": 30.1, "lng": 104.1, "label": label}}


def test_a_label_is_no_story() -> None:
    draft = fill(report.FORM, None, msg("楼道灯坏了", leaf="H6"))
    label = "青禾县人民路幸福小区3栋"
    ents = {"address": (label, {"community": "幸福小区", "building": "3"})}
    shared = msg(label, id="m2", leaf="H6", ents=ents, **pin(label))
    draft = fill(report.FORM, replace(draft, asked="place"), shared)
    assert draft.get("narrative") == "楼道灯坏了"
    assert draft.get("address") == {"community": "幸福小区", "building": "3"}


def test_the_house_said_after_a_label_is_the_place_alone() -> None:
    label = "青禾县人民路66号"
    draft = fill(report.FORM, None, msg("楼道灯坏了", leaf="H6"))
    draft = fill(report.FORM, replace(draft, asked="place"), msg(label, id="m2", **pin(label)))
    house = {"community": "幸福小区", "building": "3", "unit": "2"}
    said = msg("幸福小区3号楼2单元", id="m3", ents={"address": ("幸福小区3号楼2单元", house)})
    draft = fill(report.FORM, replace(draft, asked="place"), said)
    assert draft.get("address") == house


@pytest.mark.parametrize(
    ("before", "now", "one"),
    [
        ("青年街老邮电局", "老邮电局对面", "青年街老邮电局对面"),
        ("便民服务中心", "服务中心门口", "便民服务中心门口"),
        ("北门", "北门口", "北门口"),
        ("人民路", "小卖部对面", ""),
    ],
)
def test_one_spot_told_twice_is_said_once(before: str, now: str, one: str) -> None:
    assert place.joined(before, now) == one


def test_a_label_shared_before_the_report_is_said_once() -> None:
    label = "幸福小区北门"
    events = [
        {
            "event": "user", "text": label, "message_id": "m1",
            "metadata": {"now": NOW.isoformat(), **pin(label)},
            "parse_data": {"text": label, "intent": {"name": "supplement_ticket"}, "entities": [
                {"entity": "address", "value": {"community": "幸福小区", "place": "北门"}, "text": label,
                 "start": 0, "end": len(label)}]},
        },
        {"event": "user", "text": "北门口井盖没了", "message_id": "m2", "metadata": {"now": NOW.isoformat()}},
    ]  # fmt: skip
    message = msg(
        "北门口井盖没了", id="m2", leaf="I4", ents={"address": ("北门口", {"place": "北门口"})}
    )
    brought = heard.recall(events, fill(report.FORM, None, message), message)
    assert brought["address"] == {"community": "幸福小区", "place": "北门口"}
    assert brought["address_text"] == "幸福小区北门口"


def test_a_spot_right_behind_its_compound_is_one_place() -> None:
    text = "路灯坏了，幸福小区便民超市旁边"
    ents = {
        "address": [("幸福小区", {"community": "幸福小区"}), ("超市旁边", {"place": "超市旁边"})]
    }
    read = place.read(msg(text, ents=ents), Draft("report", "m1"))
    assert read["address"] == {"community": "幸福小区", "place": "便民超市旁边"}


async def test_a_label_alone_is_a_place_whatever_it_sounds_like(
    talk: Talk, services: FakeServices
) -> None:
    label = "邮政储蓄银行(解放大街支行)"
    await talk.hear(label, "out_of_scope", metadata=pin(label)).run("action_out_of_scope")
    assert talk.followup == "action_supplement"
    await talk.run("action_supplement")
    assert talk.followup == "action_clarify"
    await talk.run("action_clarify")
    assert f"{label}我知道了" in talk.text


def part(text: str, building: str, *, compound: str = "", time: bool = False) -> dict[str, Any]:
    """Return one request of a message as the model parses it."""
    value = {"community": compound, "building": building} if compound else {"building": building}
    found = [{"entity": "address", "value": value, "text": f"{building}号楼", "start": 0, "end": 3}]
    if time:
        found.append({"entity": "time", "value": WEDNESDAY, "text": "明天", "start": 4, "end": 6})
    return {"text": text, "intent": {"name": "book_meal", "confidence": 0.9}, "entities": found}


def test_what_was_said_once_holds_for_both_houses() -> None:
    parts = [part("3号楼明天一份", "3", compound="幸福小区", time=True), part("5号楼也一份", "5")]
    parsed = {"text": "…", "intent": {"name": "book_meal"}, "parts": parts}
    event = {"event": "user", "message_id": "m1", "metadata": {"now": NOW.isoformat()}}
    first, second = from_events("c", parsed, [event]).parts
    assert first.last("address").value == {"community": "幸福小区", "building": "3"}  # type: ignore[union-attr]
    assert second.last("address").value == {"community": "幸福小区", "building": "5"}  # type: ignore[union-attr]
    assert second.last("time").value == WEDNESDAY  # type: ignore[union-attr]


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


def lamp(*texts: tuple[str, dict[str, Any]]) -> Draft:
    """Return the report of a street lamp after the messages, each with its address."""
    draft: Draft | None = None
    for number, (text, value) in enumerate(texts):
        ents = {"address": (text, value)} if value else {}
        draft = fill(report.FORM, draft, msg(text, leaf="I3", id=f"m{number}", ents=ents))
        if draft.get("address"):
            draft = place.resolved(draft, {"status": "unknown", "missing": ["compound"]})
        draft = replace(draft, asked="place")
    assert draft is not None
    return draft


def test_a_road_is_enough_for_a_street_lamp_and_a_shop_is_not() -> None:
    assert place.complete(lamp(("路灯坏了", {}), ("人民路", {"place": "人民路"})), building=False)
    shop = lamp(("路灯坏了", {}), ("小卖部对面", {"place": "小卖部对面"}))
    assert not place.complete(shop, building=False)


def test_pieces_of_a_place_are_put_together_with_the_road_first() -> None:
    road, shop = ("人民路", {"place": "人民路"}), ("小卖部对面", {"place": "小卖部对面"})
    for pieces in ((road, shop), (shop, road)):
        assert lamp(("路灯坏了", {}), *pieces).get("address") == {"place": "人民路小卖部对面"}


@pytest.mark.parametrize(
    ("text", "leaf"), [("302门口那盏灯不亮", "H6"), ("302门口的路灯不亮", "I3")]
)
def test_a_lamp_at_a_door_hangs_inside_unless_it_is_named_a_street_lamp(
    text: str, leaf: str
) -> None:
    where = {"room": "302", "place": "门口"}
    message = msg(text, leaf="I3", ents={"address": ("302门口", where)})
    assert fill(report.FORM, None, message).get("leaf") == leaf


NOT_LISTED = Draft(
    "report",
    "m0",
    seen="m0",
    asked="place",
    values={
        "address": {"community": "锦江苑", "building": "5"},
        "place_status": place.UNKNOWN,
        "place_missing": ["compound"],
    },
)


@pytest.mark.parametrize(
    ("words", "ents", "spot"),
    [
        ("它就在建设街上，挨着粮库", [("建设街", {"place": "建设街"})], "建设街上，挨着粮库"),
        ("老粮库后头", [], "老粮库后头"),
        ("在建设街，13980012345", [("建设街", {"place": "建设街"})], "建设街"),
    ],
)  # fmt: skip
def test_where_a_compound_lies_that_is_not_listed_is_enough(
    words: str, ents: list[Any], spot: str
) -> None:
    phone = {"phone": ("13980012345", "13980012345")} if "139" in words else {}
    told = msg(words, "supplement_ticket", ents={"address": ents, **phone})
    assert place.gap(NOT_LISTED, told) == "unlisted", "the compound was named"
    read = place.read(told, NOT_LISTED)
    known = {"community": "锦江苑", "building": "5", "place": spot}
    assert read["address"] == {**known, "lies": True}, "the words are kept as they were said"
    assert read["address_text"] == f"锦江苑5号楼（{spot}）"
    assert read["place_status"] == place.AS_SAID


def test_another_compound_in_place_of_the_unlisted_is_looked_up() -> None:
    told = msg("是幸福小区的", ents={"address": ("幸福小区", {"community": "幸福小区"})})
    read = place.read(told, NOT_LISTED)
    assert read["address"] == {"community": "幸福小区"} and read["place_status"] is None


def test_a_part_of_a_house_told_later_belongs_to_the_house_told_before() -> None:
    told = [("灯坏了，5号楼", {"building": "5"}, "5号楼"), ("三单元", {"unit": "3"}, "三单元")]
    events = [
        {"event": "user", "text": words, "message_id": f"m{i}", "metadata": {"now": NOW.isoformat()},
         "parse_data": {"text": words, "intent": {"name": "supplement_ticket"}, "entities": [
             {"entity": "address", "value": value, "text": said, "start": words.index(said),
              "end": words.index(said) + len(said)}]}}
        for i, (words, value, said) in enumerate(told)
    ]  # fmt: skip
    now = msg("单元门也关不上", id="m9", leaf="H9")
    brought = heard.recall(events, fill(report.FORM, None, now), now)
    assert brought["address"] == {"building": "5", "unit": "3"}


@pytest.mark.parametrize(
    ("words", "leaf"),
    [("不是路灯，是楼道里的", "H6"), ("不是楼道的灯，是院里的", "I3"), ("不是电梯，是楼道里的", None)],
)  # fmt: skip
def test_which_lamp_it_is_instead_is_a_matter_and_no_place(words: str, leaf: str | None) -> None:
    assert corrections.matter(msg(words, "deny")) == leaf


@pytest.mark.parametrize("words", ["说不清", "说不清楚", "我也说不上来", "我也不晓得"])
def test_who_cannot_say_where_need_not_although_it_sounds_like_a_call_for_a_person(
    words: str,
) -> None:
    draft = Draft("report", "m1", values={"leaf": "I2", "narrative": "路灯不亮"}, asked="place")
    assert place.answer(msg(words, "ask_human", confidence=0.95), draft).get("incomplete")
