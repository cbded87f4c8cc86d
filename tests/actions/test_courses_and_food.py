"""Wishes to learn something, to have a doctor come, and food that was no good, in the words of different people."""

from __future__ import annotations

from dataclasses import replace

import pytest

from actions.forms import bookable, extra, meal
from actions.forms.draft import Draft, fill
from actions.forms.replies import is_skip
from actions.talk import heard
from actions.tickets import own
from tests.actions.helpers import NOW, msg
from tests.actions.test_ordered import said


@pytest.mark.parametrize(
    ("leaf", "text"),
    [
        (leaf, text)
        for leaf, texts in {
            "K2": "我想学打太极 俺想跟着学下象棋 我想学书法，不留电话 我想学书法，名字就写老李，不留电话 俺也想学学二胡 我妈想学跳舞 老伴打算去学唱歌 我要报声乐班，叫老李就行，电话就不留了 给我报个书法班 老年大学有二胡班吗，想报一个，不留电话",
            "C10": "我要学用手机，不留电话 想学微信，名字写老张",
            "E7": "量血压，上门，幸福小区5号楼1单元101 上门给我妈量个血压 测血糖能来家不",
        }.items()
        for text in texts.split()
    ],
)
def test_it_is_booked(leaf: str, text: str) -> None:
    assert bookable.leaf_of(said(text)) == leaf


@pytest.mark.parametrize(
    "text",
    "孩子上学咋办 书法班收费多少 我家孩子不想上学 报班要带啥条件 学区怎么分 报告厅在哪".split(),
)
def test_a_question_is_no_course(text: str) -> None:
    assert bookable.wished(said(text)) is None


@pytest.mark.parametrize(
    "text",
    "饭是馊的 中午的饭有股怪味 菜不新鲜吃坏肚子了 中午食堂的饭吃完拉肚子 你们送的粥有臭味 在食堂吃了就拉肚子".split(),
)
def test_food_that_was_no_good_is_complained_of(text: str) -> None:
    assert own.meal_wrong(said(text))


@pytest.mark.parametrize(
    ("text", "eaten"),
    [
        ("吃完拉肚子了", True),
        ("喝了就吐", True),
        ("在烧烤店吃完拉肚子", False),
        ("买的鞋坏了不给退", False),
    ],
)
def test_where_it_was_eaten_is_asked_of_who_was_made_ill(text: str, eaten: bool) -> None:
    draft = Draft("report", "m1", values={"leaf": "J7", "narrative": text})
    assert extra.asks_eaten(draft) is eaten


def test_the_canteens_phone_stands_in_that_question() -> None:
    values = {"leaf": "J7", "narrative": "吃完拉肚子了", extra.CANTEEN: {"phone": "1"}}
    assert extra.key(Draft("report", "m1", values=values)) == "ask_extra_eaten"
    assert (
        extra.key(Draft("report", "m1", values={**values, extra.CANTEEN: {}})) == "ask_extra_shop"
    )


def test_what_is_not_wanted_that_day_is_no_further_day() -> None:
    draft = Draft("meal", "m1")
    message = said("礼拜三给我爸送饭礼拜四就不用了，礼拜五给我妈也送")
    field = meal.FORM.field("more_days")
    assert field is not None
    told = str(field.read(message, draft).get("more_days"))
    assert "礼拜五" in told and "礼拜四" not in told


def test_a_portion_for_another_one_leaves_whom_the_first_is_for() -> None:
    values = {"subject": "mother", "portions": 1, "date": "2026-11-26"}
    draft = Draft("meal", "m1", seen="m1", asked="confirm", values=values)
    filled = fill(meal.FORM, draft, replace(said("对了，再给俺老伴也来一份"), id="m2"))
    assert (filled.get("subject"), filled.get("portions")) == ("mother", 2)


def test_another_room_said_to_the_question_for_a_phone_skips_nothing() -> None:
    assert not is_skip(said("不要会议室了，换成舞蹈室吧")) and is_skip(said("不要"))


@pytest.mark.parametrize(
    ("words", "asks"),
    [
        ("你们社区有没得跳舞的班", True), ("有没有兴趣班", True), ("社区有啥课能上", True), ("有没有夜班车", False),
        ("有没有托管孩子的班", False), ("幼儿园有没有小班", False), ("有没有人值班", False),
    ],
)  # fmt: skip
def test_which_courses_there_are(words: str, asks: bool) -> None:
    said = msg(words, "ask_service")
    assert (bookable.wished(said) == "K2" and bookable.asks(said)) is asks


@pytest.mark.parametrize(
    ("told", "intent", "joined"),
    [
        ("是馊的", "affirm", True),
        ("都馊了", "report_problem", True),
        ("里头有头发", "out_of_scope", True),
        ("馊了，我妈吃了上吐下泻", "emergency", False),
        ("咬不动", "chitchat", True),
        ("再来一份", "book_meal", False),
        ("挺好吃的", "give_praise", False),
    ],
)
def test_what_was_wrong_is_told_after_the_meal(told: str, intent: str, joined: bool) -> None:
    parsed = {"text": "昨天食堂送的饭", "intent": {"name": "book_meal", "confidence": 1.0}}
    before = {
        "event": "user",
        "message_id": "m0",
        "text": parsed["text"],
        "parse_data": parsed,
        "metadata": {"now": NOW.isoformat()},
    }
    whole = heard.with_meal([before], msg(told, intent))
    assert (whole.verbatim == f"昨天食堂送的饭{told}") is joined
    assert heard.with_meal([], msg(told, intent)).verbatim == told
