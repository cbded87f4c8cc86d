"""In the queue of what is full, and what else there is."""

from __future__ import annotations

import pytest

from actions.forms import bookable, booking
from actions.forms.draft import Draft
from actions.tickets import waiting
from tests.actions.conftest import Talk
from tests.actions.fake_services import FakeServices
from tests.actions.helpers import msg


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("俺排第几了", True), ("我排到第几位了", True), ("前面还有几个人", True), ("轮到我没", True),
        ("啥时候轮到我", True), ("排到几号了", True), ("我前头还有好多人哦", True),
        ("第几栋楼", False), ("排个队", False), ("还要等几天", False), ("楼道灯坏了", False),
    ],
)  # fmt: skip
def test_how_far_one_is_in_the_queue(text: str, asks: bool) -> None:
    assert waiting.asks_position(msg(text, "chitchat")) is asks


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("有没有别的屋", "rows"), ("还有别的场地吗", "rows"), ("有没得别的教室", "rows"), ("换个别的房间", "rows"),
        ("别的班还有吗", "rows"), ("有没有别的时间", "time"), ("还有别的日子没", "time"), ("啥时候有空位", "time"),
        ("哪天有空", "time"), ("会议室咋约", None), ("有没有别的菜", None), ("灯坏了", None),
    ],
)  # fmt: skip
def test_what_else_there_is(text: str, what: str | None) -> None:
    assert bookable.asks_others(msg(text, "ask_community_info")) == what


def test_other_rooms_have_seats_enough() -> None:
    rooms = [
        {"id": "meeting", "name": "会议室", "seats": 30},
        {"id": "dance", "name": "舞蹈室", "seats": 25},
        {"id": "chess", "name": "棋牌室", "seats": 12},
    ]
    values = {"leaf": "K2", "venue": "meeting", "people": 20, "options": {"venues": rooms}}
    assert booking.others(Draft("booking", "m1", values=values)) == ["舞蹈室"]


async def test_the_queue_says_where_one_stands(talk: Talk, services: FakeServices) -> None:
    services.waiting = [{"id": "w1", "what": "会议室，周六下午", "position": 2, "answer_by": None}]
    await talk.hear("俺排第几了", "chitchat").run("action_chitchat")
    assert talk.followup == "action_query_progress"
    await talk.run("action_query_progress")
    assert "会议室" in talk.text and "第2位" in talk.text


async def test_who_waits_for_nothing_is_told_so(talk: Talk, services: FakeServices) -> None:
    await talk.hear("俺排第几了", "query_progress").run("action_query_progress")
    assert "没有排队" in talk.text


async def test_another_room_may_be_asked_for_without_any_queue(
    talk: Talk, services: FakeServices
) -> None:
    await talk.hear("有没有别的屋", "ask_community_info").run("action_community_info")
    assert talk.followup == "action_query_progress"
    await talk.run("action_query_progress")
    assert talk.followup == "action_community_info"
