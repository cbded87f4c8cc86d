"""When: relative to Tuesday, 24 November 2026, 10:00."""

from datetime import date, datetime

import pytest

from bot.understanding import lunar
from bot.understanding.times import find_times

NOW = datetime(2026, 11, 24, 10, 0)


def day(start: str, end: str | None = None, **more: object) -> dict:
    return {"start": start, "end": end or start, **more}


CASES = [
    ("明天上午来修吧", "明天上午", day("2026-11-25", part="am")),
    ("后儿个晌午", "后儿个晌午", day("2026-11-26", part="noon")),
    ("大后天", "大后天", day("2026-11-27")),
    ("外后儿有空", "外后儿", day("2026-11-27")),
    ("前儿报的", "前儿", day("2026-11-22")),
    ("大前儿说的", "大前儿", day("2026-11-21")),
    ("下礼拜二晌午", "下礼拜二晌午", day("2026-12-01", part="noon")),
    ("擦黑儿的时候", "擦黑儿", day("2026-11-24", part="eve")),
    ("月底前给我弄好", "月底前", day("2026-11-24", "2026-11-30")),
    ("昨儿夜里没电", "昨儿夜里", day("2026-11-23", part="night")),
    ("坏了三天了", "三天", day("2026-11-21", "2026-11-24")),
    ("都一个礼拜了没人管", "一个礼拜", day("2026-11-17", "2026-11-24")),
    ("每天中午放音乐", "每天中午", {"recur": "daily", "part": "noon"}),
    ("每周二和周四下午", "每周二和周四下午",
     {"recur": "weekly", "weekdays": [2, 4], "part": "pm"}),
    ("28号以前", "28号以前", day("2026-11-24", "2026-11-28")),
    ("从20号开始", "20号", day("2026-11-20")),
    ("早上八点半到九点", "早上八点半到九点", day("2026-11-24T08:30", "2026-11-24T09:00", part="am")),
    ("周三下午三点左右", "周三下午三点左右", day("2026-11-25T15:00", part="pm", approx=True)),
    ("周一到周五", "周一到周五", day("2026-11-30", "2026-12-04")),
    ("周五", "周五", day("2026-11-27")),
    ("上周五", "上周五", day("2026-11-20")),
    ("星期二", "星期二", day("2026-12-01")),
    ("腊月二十三来", "腊月二十三", day("2027-01-30")),
    ("大年三十", "大年三十", day("2027-02-05")),
]  # fmt: skip


@pytest.mark.parametrize(("text", "words", "value"), CASES)
def test_time_words_and_value(text: str, words: str, value: dict) -> None:
    (span,) = find_times(text, NOW)
    assert (span.text, span.value) == (words, value)


@pytest.mark.parametrize(
    "text",
    [
        "15号楼没电",
        "好久能修好",
        "等了半天",
        "一点不热",
        "天天放音乐",
        "三天两头坏",
        "一天到晚吵",
        "3号线",
    ],
)
def test_no_time(text: str) -> None:
    assert find_times(text, NOW) == []


def test_part_of_day_is_a_meal_in_talk_about_food() -> None:
    assert [s.text for s in find_times("明天中午两份饭", NOW, meal=True)] == ["明天"]


@pytest.mark.parametrize(
    ("year", "first"),
    [(2019, date(2019, 2, 5)), (2020, date(2020, 1, 25)), (2023, date(2023, 1, 22)),
     (2025, date(2025, 1, 29)), (2026, date(2026, 2, 17)), (2028, date(2028, 1, 26)),
     (2031, date(2031, 1, 23)), (2034, date(2034, 2, 19)), (2036, date(2036, 1, 28))],
)  # fmt: skip
def test_lunar_new_year(year: int, first: date) -> None:
    assert lunar.new_year(year) == first


def test_lunar_outside_the_table_is_none() -> None:
    assert lunar.to_date(2080, 1, 1) is None
    assert lunar.to_date(2026, 8, 15) == date(2026, 9, 25)


def test_a_festival_dish_is_no_date() -> None:
    assert find_times("有没有腊八粥", NOW) == []
    assert [t.text for t in find_times("腊八那天有活动吗", NOW)] == ["腊八"]
