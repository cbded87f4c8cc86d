"""The list of what is ordered, numbers that mean it, pauses, and a place that is held."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from actions.client import TicketView
from actions.forms import booking, booking_summary, booking_times
from actions.forms.draft import Draft
from actions.tickets import amending, orders, pausing, waiting
from tests.actions.fake_services import view
from tests.actions.helpers import msg, tap

LUNCH = {"date": "2026-11-25", "meal": "lunch", "portions": 1, "mode": "pickup"}
DAILY = {**LUNCH, "habit": {"recur": "daily", "part": "noon"}}
MONDAY = {"start": "2026-11-30", "end": "2026-11-30"}


def order(appointment: dict[str, Any], n: int = 1, **more: Any) -> TicketView:
    """Return a resident view of an order."""
    facts = {"kind": "booking", "leaf": "C1", "state": "DISPATCHED", **more}
    return TicketView.of(view(n, appointment=appointment, **facts))


@pytest.mark.parametrize(
    ("text", "is_question"),
    [
        ("我都订了啥", True), ("我订的饭", True), ("这礼拜的饭咋定的", True), ("俺约了些啥子", True),
        ("咱妈的饭还订着没", True), ("看看我订的饭", True), ("我订的饭都有哪些", True),
        ("帮我订一份饭", False), ("饭咋订", False), ("我要订饭", False), ("今天食堂吃啥", False),
        ("我订的饭改成后天", False), ("会议室咋约", False),
    ],
)  # fmt: skip
def test_questions_after_what_is_ordered(text: str, is_question: bool) -> None:
    assert orders.asks(msg(text, "query_progress")) is is_question


def test_of_a_standing_order_the_newest_meal_stands_in_the_list() -> None:
    first = order(DAILY, 1)
    second = order({**DAILY, "date": "2026-11-26", "series": first.ticket_no}, 2)
    over = order({**LUNCH, "date": "2026-11-20"}, 3)
    back = order(LUNCH, 4, state="WITHDRAWN")
    assert orders.listed([back, over, second, first], msg("我都订了啥")) == [second]


def test_the_list_is_narrowed_to_whom_it_is_for_and_to_days() -> None:
    mine, hers = order(LUNCH, 1), order({**LUNCH, "date": "2026-12-09"}, 2, relation="mother")
    asked = msg("咱妈的饭订了啥", ents={"relation": ("咱妈", "mother")})
    assert orders.listed([hers, mine], asked) == [hers]
    week = {"start": "2026-11-23", "end": "2026-11-29"}
    assert orders.listed(
        [hers, mine], msg("这礼拜的饭咋定的", ents={"time": ("这礼拜", week)})
    ) == [mine]


@pytest.mark.parametrize(
    ("text", "action"),
    [
        ("第二个不要了", orders.WITHDRAW), ("第1个退了吧", orders.WITHDRAW), ("2取消", orders.WITHDRAW),
        ("第二个改成两份", orders.CHANGE), ("第一个", orders.CHANGE), ("谢谢", None),
    ],
)  # fmt: skip
def test_what_is_said_of_one_of_the_list(text: str, action: str | None) -> None:
    assert orders.action(msg(text, "deny")) == action


@pytest.mark.parametrize(
    ("text", "concerned"),
    [
        ("先停几天", True), ("我出门几天，饭先别送", True), ("饭先停了", True), ("饭停一阵子", True),
        ("我回来了，饭接着送", True), ("饭可以接着送了", True),
        ("这两天别送了", True), ("这几天先别送饭了", True), ("这礼拜饭不用送了", True), ("最近几天莫送了嘛", True), ("这阵子先不要送", True),
        ("这两天没送饭", False), ("快递这两天别送了", False), ("停水几天了", False), ("电梯停了三天", False), ("我家门口停车", False), ("送饭的咋还没来", False),
    ],
)  # fmt: skip
def test_words_that_pause_and_take_up(text: str, concerned: bool) -> None:
    assert pausing.concerns(msg(text)) is concerned


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("停个三天吧", 3),
        ("一个礼拜", 7),
        ("半个月", 15),
        ("两个月", 60),
        ("下礼拜一", 0),
        ("10天", 10),
    ],
)
def test_how_long_a_pause_is(text: str, days: int) -> None:
    assert pausing.length(msg(text)) == days


def test_a_pause_until_a_day_leaves_out_the_days_before_it() -> None:
    change = pausing.left_out(msg("下周一", ents={"time": ("下周一", MONDAY)}), order(DAILY))
    assert change.appointment["date"] == "2026-11-30"
    assert change.appointment["skip"][0] == "2026-11-25" and len(change.appointment["skip"]) == 5
    assert "到11月29日" in change.lines[0][0]


@pytest.mark.parametrize("text", ["等我回来再说", "说不准", "我说送再送", "到时候再说"])
def test_until_further_notice(text: str) -> None:
    assert pausing.answers(msg(text)) and pausing.says("until_told", msg(text))


@pytest.mark.parametrize(
    ("text", "further"),
    [("后天中午我也订一份，我自己来取", True), ("明天改成两份", False), ("明天的再加一份", False)],
)
def test_a_further_order_is_no_change(text: str, further: bool) -> None:
    day = {"time": (text[:2], {"start": "2026-11-26", "end": "2026-11-26"})}
    assert amending.further(msg(text, ents=day)) is further
    assert amending.asks(msg(text, ents=day)) is not further


@pytest.mark.parametrize(
    ("text", "fresh", "answer"),
    [
        ("要", True, True), ("要得，给我留起", True, True), ("好，约上", True, True),
        ("不要了，让给别人吧", True, False), ("没空，去不了了", True, False), ("那个空位我要", False, True),
        ("要", False, None), ("低保怎么办", True, None),
    ],
)  # fmt: skip
def test_a_held_place_is_answered_in_words(text: str, fresh: bool, answer: bool | None) -> None:
    message = replace(msg(text, "affirm"), held={"id": "7", "fresh": fresh})
    assert waiting.which(message) == (None if answer is None else "7")
    if answer is not None:
        assert waiting.answer(message) is answer


def full_room(**more: Any) -> Draft:
    """Return the draft of a room that is full on Saturday afternoon."""
    rows = [
        {"id": "meeting", "name": "会议室", "seats": 40},
        {"id": "dance", "name": "舞蹈室", "seats": 30, "aliases": ["跳舞"]},
        {"id": "chess", "name": "棋牌室", "seats": 10, "aliases": ["打牌"]},
    ]
    wanted = {"leaf": "K2", "date": "2026-11-28", "part": "pm", "venue": "meeting", **more}
    near = [{"date": "2026-11-28", "part": p} for p in ("am", "eve")]
    near.append({"date": "2026-11-29", "part": "pm"})
    options = {"venues": rows, "free": 0, "nearest": near, "elsewhere": ["chess", "dance"]}
    looked = ["K2", "2026-11-28", "pm", "meeting", None]
    values = {**wanted, "options": options, "looked": looked}
    return Draft("booking", "m1", seen="m1", asked="date", values=values)


def test_a_full_room_offers_two_times_and_a_room_that_holds_them_all() -> None:
    assert booking_times.offers(full_room(people=25))[2:] == [{"venue": "dance"}]
    assert len(booking_times.offers(full_room(people=35))) == 3
    assert "venue" not in booking_times.offers(full_room(people=35))[2]


@pytest.mark.parametrize("text", ["排上", "那给我排上吧，有空了告诉我", "排个队嘛，我等起", "候补"])
def test_who_waits_is_read_back(text: str) -> None:
    from actions.forms.draft import fill, next_question

    waits = fill(booking.FORM, full_room(people=20, phone="13512345678"), msg(text, id="m2"))
    assert (
        booking_times.queued(waits) and next_question(booking.FORM, waits, msg(text)) == "confirm"
    )
    assert ("排队", "这个时间满了，有空位先问您") in booking_summary.summary(waits, msg(text))
    moved = replace(waits, values={**waits.values, "part": "am"})
    assert not booking_times.queued(moved)


def test_another_room_is_taken_by_its_name() -> None:
    from actions.forms.draft import fill

    assert fill(booking.FORM, full_room(), msg("那就去二楼棋牌室", id="m2")).get("venue") == "chess"
    assert fill(booking.FORM, full_room(), tap("affirm", about="slot:2")).get("venue") == "chess"
