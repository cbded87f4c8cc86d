"""When a matter happened, and where, when what was said of it points away from today and from before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from actions.forms import report
from actions.forms.draft import Draft, fill
from actions.talk import heard
from tests.actions.helpers import NOW, msg


def at(clock: str, part: str = "") -> dict[str, Any]:
    """Return the value of an hour of 24 November, or of a day with a part."""
    return {"start": clock, "end": clock, **({"part": part} if part else {})}


def told(text: str, words: str, value: Mapping[str, Any], leaf: str = "I2") -> Draft:
    """Return the report after one message in which these words are a time."""
    return fill(report.FORM, None, msg(text, leaf=leaf, ents={"time": (words, value)}))


@pytest.mark.parametrize(
    ("text", "words", "value", "kept"),
    [
        # Told at ten in the morning: these hours have not come today.
        ("晚上十一点还在跳绳", "晚上十一点", at("2026-11-24T23:00", "eve"), "晚上十一点"),
        ("晚上吵得睡不着", "晚上", at("2026-11-24", "eve"), "晚上"),
        ("下午五点狗就叫", "下午五点", at("2026-11-24T17:00", "pm"), "下午五点"),
        ("晚上七点以后黑得很", "晚上七点", at("2026-11-24T19:00", "eve"), "晚上七点以后"),
        # What comes again and again is not the one of today.
        ("楼上天天打麻将到半夜", "半夜", at("2026-11-24", "night"), "天天到半夜"),
        ("楼上晚上十点以后老是跺脚", "晚上十点", at("2026-11-24T22:00", "eve"), "晚上十点以后"),
    ],
)  # fmt: skip
def test_an_hour_that_has_not_come_stays_in_words(
    text: str, words: str, value: dict[str, Any], kept: str
) -> None:
    draft = told(text, words, value)
    assert (draft.get("occurred"), draft.get("occurred_text")) == (None, kept)
    assert ("什么时候", kept) in report.summary(draft, msg())


@pytest.mark.parametrize(
    ("text", "words", "value"),
    [
        ("今天早上六点就开始电钻", "今天早上六点", at("2026-11-24T06:00", "am")),
        ("昨晚十一点还在跳绳", "昨晚十一点", at("2026-11-23T23:00", "eve")),
        ("早上就停水了", "早上", at("2026-11-24", "am")),
    ],
)
def test_an_hour_that_has_come_is_kept(text: str, words: str, value: dict[str, Any]) -> None:
    assert told(text, words, value).get("occurred") == value


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("昨天我闺女来看我，说这楼道灯黑了好几天了", "好几天了"),
        ("昨天我闺女来看我，说这楼道灯不亮", None),
        ("昨天我找物业了，灯还是不亮", None),
    ],
)
def test_the_day_of_a_visit_is_not_when_it_broke(text: str, kept: str | None) -> None:
    draft = told(text, "昨天", at("2026-11-23"), "H6")
    assert (draft.get("occurred"), draft.get("occurred_text")) == (None, kept)


def test_what_somebody_found_yesterday_is_of_yesterday() -> None:
    draft = told("昨天我回家一看灯不亮了，我在这住了好几年了", "昨天", at("2026-11-23"), "H6")
    assert draft.get("occurred") == at("2026-11-23")


HOUSE = {"community": "幸福小区", "building": "3", "unit": "2"}


def brought(text: str, leaf: str, **more: Any) -> dict[str, Any]:
    """Return what the report of these words takes over from one about a house shortly before."""
    before = "幸福小区3号楼2单元楼道灯坏了"
    place = {"entity": "address", "value": HOUSE, "text": before[:9], "start": 0, "end": 9}
    events = [
        {
            "event": "user", "text": said, "message_id": id, "metadata": {"now": NOW.isoformat()},
            "parse_data": {"text": said, "intent": {"name": "report_problem"}, "entities": entities},
        }
        for id, said, entities in (("m1", before, [place]), ("m2", text, []))
    ]  # fmt: skip
    message = msg(text, id="m2", leaf=leaf, **more)
    return heard.recall(events, fill(report.FORM, None, message), message)


@pytest.mark.parametrize(
    ("text", "leaf", "place"),
    [
        ("小区门口的路灯也不亮", "I3", {"community": "幸福小区", "place": "门口"}),
        ("院里的路灯也不亮", "I3", {"community": "幸福小区", "place": "院里"}),
        ("大门口积水了", "I14", {"community": "幸福小区", "place": "大门口"}),
        ("隔壁单元的灯也不亮", "H6", {"community": "幸福小区", "building": "3"}),
        ("对面那栋楼也停水了", "H1", {"community": "幸福小区"}),
        ("单元门口也堆了好多东西", "I6", HOUSE),
        ("电梯也坏了", "H5", HOUSE),
    ],
)
def test_another_spot_takes_the_compound_and_not_the_house(
    text: str, leaf: str, place: dict[str, str]
) -> None:
    assert brought(text, leaf)["address"] == place


def test_a_spot_understood_as_a_place_gets_the_compound_too() -> None:
    ents = {"address": ("小区西门外头", {"place": "小区西门外头"})}
    taken = brought("小区西门外头积水", "I14", ents=ents)
    assert taken["address_text"] == "幸福小区西门外头"
    assert "address" not in brought("小区门口那家拖欠工资", "J6")
