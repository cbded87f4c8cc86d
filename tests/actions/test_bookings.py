"""Bookings and joined reports as the action server runs them, over real HTTP to fake services."""

from __future__ import annotations

from typing import Any

import pytest

from tests.actions.conftest import Talk
from tests.actions.fake_services import FakeServices

ROOMS: dict[str, Any] = {
    "provider": "文化活动室", "hours": "每天", "parts": ["am", "pm"], "note": "用完关灯。",
    "notes": {"bath": "要有家里人在。"}, "fee_note": "不收钱。", "open": True, "reason": None,
    "next_open": None, "venues": [{"id": "meeting", "name": "会议室", "aliases": [], "seats": 40}],
    "courses": [{"id": "c", "name": "书法班", "aliases": ["书法"], "schedule": "每周三 14:00"}],
}  # fmt: skip
PLACE = {
    "entity": "address", "text": "幸福小区3号楼2单元",
    "value": {"community": "幸福小区", "building": "3", "unit": "2"},
}  # fmt: skip


def service(leaf: str) -> dict[str, Any]:
    return {"entity": "service", "value": leaf, "confidence": 0.9}


def lamp(talk: Talk) -> Talk:
    return talk.hear(
        "幸福小区3号楼2单元楼道灯坏了", "report_problem", entities=[PLACE, service("H6")]
    )


async def open_form(talk: Talk, action: str, loop: str) -> None:
    if action:
        await talk.run(action)
        assert talk.followup == loop
    talk.loop = loop
    await talk.run(f"validate_{loop}")


async def test_a_room_is_booked_and_filed_once(talk: Talk, services: FakeServices) -> None:
    services.booking = ROOMS
    when = {"entity": "time", "text": "周六下午两点",
            "value": {"start": "2026-11-28T14:00", "end": "2026-11-28T14:00", "part": "pm"}}  # fmt: skip
    talk.hear("周六下午两点用会议室，三十个人", "book_service", entities=[when, service("K2")])
    await open_form(talk, "action_book_service", "booking_form")
    assert "留个电话" in talk.text
    talk.hear("不留", "deny")
    await talk.run("validate_booking_form")
    assert "会议室" in talk.text and "30人" in talk.text
    assert "收费：不收钱" in talk.text, "what it costs is said before the yes"
    talk.hear("对", "affirm")
    await talk.run("validate_booking_form")
    await talk.run("action_submit_booking")
    assert (
        "记上了：活动场地：会议室" in talk.text
        and "还没定" in talk.text
        and "用完关灯" in talk.text
    )
    body = services.sent("/tickets")[0]
    assert body["appointment"]["venue"] == "meeting" and body["appointment"]["people"] == 30
    assert talk.slots["draft"] is None


async def test_what_a_kind_alone_needs_is_said_with_it(talk: Talk, services: FakeServices) -> None:
    services.booking = {**ROOMS, "venues": [], "courses": []}
    talk.hear("约个上门洗澡，先报上，细节后补", "book_service", entities=[service("C6")])
    await open_form(talk, "action_book_service", "booking_form")
    await talk.run("action_submit_booking")
    assert "要有家里人在" in talk.text and "用完关灯" not in talk.text
    assert services.sent("/tickets")[0]["incomplete"] is True


@pytest.mark.parametrize("leaf", ["C5", "K2"])
async def test_a_question_about_it_is_answered_by_the_card(
    talk: Talk, services: FakeServices, leaf: str
) -> None:
    services.booking = {**ROOMS, "courses": [], "venues": []}
    talk.hear("这个咋收费", "book_service", entities=[service(leaf)])
    await talk.run("action_book_service")
    assert talk.followup == "action_answer_service"


async def test_courses_and_their_hours_are_told(talk: Talk, services: FakeServices) -> None:
    services.booking = ROOMS
    talk.hear("书法班星期几有课", "book_service", entities=[service("K2")])
    await talk.run("action_book_service")
    assert "书法班（每周三 14:00）" in talk.text and "不收钱" in talk.text


async def test_a_closed_day_is_offered_anew(talk: Talk, services: FakeServices) -> None:
    services.booking = {**ROOMS, "open": False, "reason": "星期日不开。", "next_open": "2026-11-30"}
    sunday = {
        "entity": "time",
        "text": "礼拜天",
        "value": {"start": "2026-11-29", "end": "2026-11-29"},
    }
    talk.hear("礼拜天上午来擦玻璃", "book_service", entities=[sunday, service("C6")])
    await open_form(talk, "action_book_service", "booking_form")
    assert "星期日不开。" in talk.text and "不约了" in talk.buttons
    talk.hear("不", "deny")
    await talk.run("validate_booking_form")
    await talk.run("action_submit_booking")
    assert "先不约" in talk.text and not services.sent("/tickets")


async def test_without_rules_of_the_locality_it_is_booked_all_the_same(
    talk: Talk, services: FakeServices
) -> None:
    talk.hear("教我用手机，先报上", "book_service", entities=[service("C10")])
    await open_form(talk, "action_book_service", "booking_form")
    await talk.run("action_submit_booking")
    assert "负责的人先跟您对好" in talk.text


async def test_one_joins_the_neighbours(talk: Talk, services: FakeServices) -> None:
    services.similar = {
        "own": None,
        "neighbours": {
            "ticket_no": "SQ-261124-00009-1",
            "households": 3,
            "due_text": "12月1日10:05",
        },
    }
    await open_form(lamp(talk), "", "report_form")
    assert "有3户邻居" in talk.text and "12月1日10:05前答复您" in talk.text
    assert talk.buttons == ["加上我", "单独报"] and "SQ-" not in talk.text
    talk.hear("行，加上吧", "affirm")
    await talk.run("validate_report_form")
    assert talk.slots["confirmed"] is True
    await talk.run("action_submit_report")
    assert services.sent("/tickets")[0]["join"] == "SQ-261124-00009-1"


@pytest.mark.parametrize(("words", "act"), [("催一下", "urge"), ("补充进去", "supplement")])
async def test_ones_own_matter_again_is_no_second_ticket(
    talk: Talk, services: FakeServices, words: str, act: str
) -> None:
    await open_form(lamp(talk), "", "report_form")
    talk.hear("对", "affirm")
    await talk.run("validate_report_form")
    await talk.run("action_submit_report")
    talk.loop = None
    own = {**services.tickets[0], "created_at": "2026-11-24T10:00:00+08:00"}
    services.similar = {"own": own, "neighbours": None}
    await open_form(lamp(talk), "", "report_form")
    assert "您11月24日报过" in talk.text and talk.buttons[-1] == "不是一回事"
    talk.hear(words, "urge_ticket")
    await talk.run("validate_report_form")
    await talk.run("action_submit_report")
    assert len(services.sent("/tickets")) == 1
    assert services.sent(f"/resident/{act}")[0]["text"] == "幸福小区3号楼2单元楼道灯坏了"


async def test_the_cards_offer_of_a_time_opens_the_booking(
    talk: Talk, services: FakeServices
) -> None:
    services.booking = ROOMS
    services.cards["C6"] = {
        "id": "C6", "name": "上门助浴助洁助医助行", "kind": "预约服务", "valid": True, "summary": "约人上门。",
        "aliases": ["助浴"], "materials": [], "offers": ["appointment"], "sources": [],
        "confirm_locally": True, "valid_from": "2026-01-01",
    }  # fmt: skip
    talk.hear("我妈偏瘫，血压也高，助浴是怎么回事", "ask_service", entities=[service("C6")])
    await talk.run("action_answer_service")
    assert "约个时间" in talk.buttons, (talk.buttons, talk.text)
    talk.hear("约个时间", "book_service")
    await talk.run("action_book_service")
    assert talk.followup == "action_answer_service"
    await talk.run("action_answer_service")
    assert talk.followup == "booking_form"
    talk.loop = "booking_form"
    await talk.run("validate_booking_form")
    assert "助浴（上门洗澡）" in talk.text and "哪一样" not in talk.text
    assert talk.slots["draft"]["values"]["health"] == "偏瘫、血压也高"  # and is not asked again


@pytest.mark.parametrize(
    ("words", "shown", "hidden"),
    [("都有啥班", "书法班", "会议室"), ("都有哪些场地", "会议室", "书法班")],
)
async def test_who_asks_for_courses_hears_no_rooms(
    talk: Talk, services: FakeServices, words: str, shown: str, hidden: str
) -> None:
    services.booking = ROOMS
    talk.hear(words, "book_service", entities=[service("K2")])
    await talk.run("action_book_service")
    assert shown in talk.text and hidden not in talk.text
    assert ("您想报哪个？" in talk.text) is (shown == "书法班")
