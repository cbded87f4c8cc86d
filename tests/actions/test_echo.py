"""Times and places are read back in the words people use."""

from __future__ import annotations

from datetime import date

import pytest

from actions.talk.echo import mask_phone, say_address, say_date, say_relation, say_slot, say_time
from tests.actions.helpers import NOW


@pytest.mark.parametrize(
    ("day", "words"),
    [
        ("2026-11-25", "明天（11月25日，星期三）"),
        ("2026-11-24", "今天（11月24日，星期二）"),
        ("2026-11-22", "前天（11月22日，星期日）"),
        ("2026-11-30", "11月30日（星期一）"),
        ("2027-01-01", "2027年1月1日（星期五）"),
    ],
)
def test_say_date(day: str, words: str) -> None:
    assert say_date(date.fromisoformat(day), NOW) == words


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (
            {"start": "2026-11-25", "end": "2026-11-25", "part": "noon"},
            "明天（11月25日，星期三）中午",
        ),
        (
            {"start": "2026-11-21", "end": "2026-11-24"},
            "11月21日（星期六）到今天（11月24日，星期二）",
        ),
        (
            {"start": "2026-11-24T15:30:00+08:00", "end": "2026-11-24T15:30:00+08:00"},
            "今天（11月24日，星期二）15点30分",
        ),
        (
            {"start": "2026-11-24T15:00:00", "end": "2026-11-24T17:00:00", "approx": True},
            "今天（11月24日，星期二）15点到17点前后",
        ),
        (
            {"recur": "daily", "part": "noon", "start": "2026-11-25", "end": "2026-11-25"},
            "每天中午",
        ),
        ({"recur": "weekly", "weekdays": [2, 4]}, "每周二、四"),
    ],
)
def test_say_time(value: dict[str, object], words: str) -> None:
    assert say_time(value, NOW) == words


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"community": "幸福小区", "building": "3", "unit": "2"}, "幸福小区3号楼2单元"),
        (
            {"community": "幸福小区", "building": "3", "unit": "2", "room": "501"},
            "幸福小区3号楼2单元501",
        ),
        ({"building": "6", "floor": "4"}, "6号楼4楼"),
        ({"community": "幸福小区", "place": "北门"}, "幸福小区北门"),
        ({}, ""),
    ],
)
def test_say_address(value: dict[str, str], words: str) -> None:
    assert say_address(value) == words


def test_a_phone_is_never_read_back_in_full() -> None:
    assert mask_phone("13812345678") == "138****5678"


@pytest.mark.parametrize(
    ("code", "told", "words"),
    [
        ("mother_in_law", "给我婆婆订饭", "您婆婆"), ("mother_in_law", "我丈母娘想洗澡", "您岳母"),
        ("mother_in_law", "", "您婆婆/岳母"), ("grandma", "我姥姥要理发", "您姥姥"),
        ("mother", "给我妈订饭", "您母亲"), ("", "给我订饭", ""),
    ],
)  # fmt: skip
def test_a_relation_is_called_as_the_resident_does(code: str, told: str, words: str) -> None:
    assert say_relation(code, told) == words


def test_an_appointment_in_words() -> None:
    assert say_slot({"date": "2026-11-25", "part": "am"}) == "11月25日上午"
    assert say_slot({"date": "2026-11-25", "part": "am", "time": "09:30"}) == "11月25日上午9:30"
