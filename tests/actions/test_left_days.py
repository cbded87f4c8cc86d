"""Days that a message leaves out of a standing order, in the words of different people; NOW is a Tuesday."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from actions.client import TicketView
from actions.tickets import amending, left_days, pausing
from tests.actions.fake_services import view
from tests.actions.test_ordered import said

LUNCH = {"date": "2026-11-25", "meal": "lunch", "portions": 1, "habit": {"recur": "daily"}}
DAILY = TicketView.of(view(1, kind="booking", leaf="C1", appointment=LUNCH))


def days(first: str, last: str) -> list[str]:
    """The days from one to another, both included."""
    start, end = date.fromisoformat(first), date.fromisoformat(last)
    return [(start + timedelta(days=n)).isoformat() for n in range((end - start).days + 1)]


LEFT_OUT = {
    ("2026-11-25", "2026-11-29"): (
        "停到下周一 饭停到下礼拜一 下星期一再送 这礼拜都别送 这星期的饭都不要了 这周剩下几天不用送 到下周一之前都别送 "
        "从明天到周日都不送 下周一再接着送吧 先停着，下周一恢复 下周一以前莫送 明天开始停五天 停到下周一再送嘛 这周先停，下周一接着送 这礼拜不送，下礼拜再送 停到下礼拜 过了这礼拜再送"
    ),
    ("2026-11-25", "2026-12-01"): (
        "停到下礼拜三再送 下礼拜三再送 停几天，下周三再送 下周三之前都不用送了 我妈住院了，饭停到下周三 等下周三再送哈 下周二之后再送 张大爷下周三出院，那天接着送"
    ),
    ("2026-11-25", "2026-11-26"): (
        "这几天别送，周五再送 明天后天都不用送，礼拜五接着送 停到星期五 这两天停一下，周五照常送 停到礼拜五，礼拜五再送"
    ),
    ("2026-11-25", "2026-11-30"): "停到月底 这个月都别送了 这个月的饭都停了 停到下个月 下个月再送",
    ("2026-11-26", "2026-12-01"): "后天开始停，停到下周三 后天停，下周三再送",
    ("2026-11-30", "2026-12-06"): (
        "下周整周不要 下礼拜都莫送 下个星期都别来送 停下礼拜，再下礼拜接着送 下个礼拜莫送了，下下个礼拜再接到送 下礼拜先停，下下礼拜继续 "
        "下礼拜停，再下个礼拜又送 下周整周不要，下下周照常"
    ),
    ("2026-11-25", "2026-12-06"): "停一周，下下周开始送 过了下礼拜再送 饭先歇着，下下周一再送",
    ("2026-11-25", "2026-12-02"): "我去儿子家住，从明天到下礼拜三莫送，礼拜四开始送",
    ("2026-11-25", "2026-11-27"): "周末再送 停三天，周六再送",
    ("2026-11-26", "2026-11-28"): "周四到周六别送 这周四到周六都不送了",
}


@pytest.mark.parametrize(
    ("text", "span"), [(text, span) for span, texts in LEFT_OUT.items() for text in texts.split()]
)
def test_the_days_before_it_comes_again_are_left_out(text: str, span: tuple[str, str]) -> None:
    message = said(text)
    assert amending.asks(message) or pausing.concerns(message)
    assert amending.change_of(message, DAILY).appointment["skip"] == days(*span)


@pytest.mark.parametrize(
    "text", ["星期五以后都不要了", "从下周一起都别送了", "下周一开始彻底停了吧"]
)
def test_from_a_day_on_for_good_ends_it(text: str) -> None:
    change = amending.change_of(said(text), DAILY)
    assert change.appointment.get("until") and "skip" not in change.appointment


@pytest.mark.parametrize("text", ["以后都不要了", "全都停了吧，往后不用送"])
def test_without_a_day_all_of_it_is_taken_back(text: str) -> None:
    assert amending.change_of(said(text), DAILY).cancels


@pytest.mark.parametrize("text", ["停到下月初五", "停到下月初"])
def test_until_a_vague_day_is_asked_for(text: str) -> None:
    assert not amending.change_of(said(text), DAILY)


@pytest.mark.parametrize(
    "text",
    [
        "停一个礼拜",
        "停个五天",
        "饭停半个月",
        "先停几天",
        "停个把礼拜",
        "饭歇一个礼拜",
        "我妈出院以前别送",
        "停一个月吧他要去闺女家",
        "停一个月吧他要去闺女家",
    ],
)
def test_a_pause_without_a_day_is_one(text: str) -> None:
    assert pausing.concerns(said(text))


@pytest.mark.parametrize(
    "text",
    [
        "后天再送一份",
        "下周三再来两份",
        "周五送到",
        "明天能送到不",
        "礼拜三的水停到几点",
        "停水到几点",
    ],
)
def test_an_order_or_a_question_says_nothing_of_a_pause(text: str) -> None:
    assert left_days.again_from(said(text)) is None


@pytest.mark.parametrize(
    ("text", "once"),
    [
        ("礼拜四的改成晚上行不", True),
        ("后天的改成晚饭", True),
        ("明天多一份", True),
        ("改成晚上", False),
        ("以后都改成晚上", False),
        ("从下周一开始改成晚饭", False),
        ("后天的改到中午", False),
    ],
)
def test_another_meal_on_one_day_of_a_standing_order_is_for_once(text: str, once: bool) -> None:
    assert amending.for_once(said(text), DAILY) is once
