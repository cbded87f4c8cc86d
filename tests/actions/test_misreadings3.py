"""Misreadings of the third kind: prices before an order, crashes of cars, a hand with a lamp, websites."""

from __future__ import annotations

from typing import Any

import pytest

from actions import powers, repairs
from actions.dialogue import load
from actions.forms import meal, subsidy
from actions.forms.draft import Draft
from tests.actions.conftest import Talk
from tests.actions.fake_services import FakeServices
from tests.actions.helpers import msg, tap

SERVICE = {"entity": "service", "value": "C1", "text": "", "confidence": 1.0}


# ── what it costs, before anything is ordered ───────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("text", "ents", "first"),
    [
        ("订饭有没有补贴", {}, True),
        ("老人订饭有补贴没得", {}, True),
        ("食堂吃饭补贴多少", {}, True),
        ("八十岁订餐能便宜点不", {}, True),
        ("有没有补贴", {}, False),
        ("订明天的饭有没有补贴", {"time": ("明天", {"start": "2026-11-25"})}, False),
        ("给我妈订两份饭，有补贴没", {"count": ("两份", 2)}, False),
        ("我妈有补贴，给她订饭", {}, False),
    ],
)
def test_who_only_asks_what_a_meal_costs_orders_nothing(text: str, ents: Any, first: bool) -> None:
    assert subsidy.asks_first(msg(text, "book_meal", ents=ents)) is first


@pytest.mark.parametrize("intent", ["book_meal", "ask_service"])
async def test_the_subsidy_is_answered_before_an_order(
    talk: Talk, services: FakeServices, intent: str
) -> None:
    services.meal_prices = {"subsidies": [{"id": "minimum", "name": "低保户"}]}
    talk.hear("订饭有没有补贴", intent, entities=[SERVICE])
    if intent == "book_meal":
        await talk.run("validate_meal_form")
        assert talk.followup == "action_answer_service" and not talk.said
    await talk.run("action_answer_service")
    assert "低保户可能少付" in talk.text and services.sent("/tickets") == []
    assert talk.payloads.get("订饭") == "/book_meal" and talk.slots["topic"]["leaf"] == "C1"


# ── how a meal is read is data ──────────────────────────────────────────────────────────────────
def test_every_way_to_the_meal_has_words_and_a_name() -> None:
    assert set(load(meal.DATA)["modes"]) == set(meal.MODE_ORDER)


# ── a crash without anybody hurt ────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("text", "elsewhere"),
    [
        ("两车追尾了人没事，堵路口了", True),
        ("门口两辆车撞一起了，人没伤着，把路堵死了", True),
        ("路口撞车了，没人受伤，都在吵", True),
        ("电动车跟三轮车碰了，人没得事", True),
        ("有没有网站", True),
        ("社区公众号叫啥名", True),
        ("你们有APP吗", True),
        ("路口没红绿灯，三天两头撞车", False),
        ("桥面结冰，好几辆车追尾了，快来撒盐", False),
        ("车被撞了，保险不赔", False),
        ("停车位太窄，车门总剐蹭", False),
        ("我跟开会时间撞车了", False),
        ("失业登记网站打不开", False),
        ("楼道灯坏了", False),
    ],
)
def test_what_a_redirect_answers_whatever_it_was_taken_for(text: str, elsewhere: bool) -> None:
    assert powers.told_elsewhere(msg(text, "report_problem")) is elsewhere


def test_danger_and_buttons_are_never_answered_by_a_redirect() -> None:
    assert not powers.told_elsewhere(msg("两车追尾了，有人流血", "emergency"))
    assert not powers.told_elsewhere(tap("report_problem"))


def test_every_row_that_answers_at_once_is_there() -> None:
    rows = {row["id"] for row in load(powers.REDIRECTS)["redirects"]}
    assert set(load(powers.DATA)["told"]) <= rows


async def test_a_crash_opens_no_report(talk: Talk, services: FakeServices) -> None:
    services.redirect = {"id": "traffic_crash", "answer": "报警打122。", "phone": "122"}
    await talk.hear("两车追尾了人没事，堵路口了", "report_problem").run("validate_report_form")
    assert talk.followup == "action_answer_service"
    await talk.run("action_answer_service")
    assert "122" in talk.text and services.sent("/tickets") == []


async def test_a_website_asked_for_over_a_summary_is_answered_and_no_part_of_the_story(
    talk: Talk, services: FakeServices
) -> None:
    draft = Draft(
        "report", "m0", seen="m0", asked="confirm",
        values={"narrative": "楼道灯坏了", "leaf": "H6"},
    )  # fmt: skip
    talk.slots["draft"], talk.loop = draft.to_slot(), "report_form"
    talk.slots["requested_slot"] = "confirm"
    services.redirect = {"id": "website", "answer": "在这儿说就行。"}
    await talk.hear("有没有网站", "out_of_scope").run("validate_report_form")
    assert talk.followup == "action_answer_service"
    assert Draft.from_slot(talk.slots["draft"]).get("narrative") == "楼道灯坏了"  # type: ignore[union-attr]
    await talk.run("action_answer_service")
    assert "在这儿说就行" in talk.text and talk.followup == "report_form"


# ── a hand with what one cannot reach ───────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("text", "hand"),
    [
        ("灯泡烧了够不着，来个人换", True),
        ("家里灯管坏了，我八十了不敢爬高，来个人帮我换嘛", True),
        ("窗帘掉了挂不上去，找个人帮帮忙", True),
        ("冰箱挪不动，有没有志愿者搭把手", True),
        ("楼道灯泡坏了够不着，来个人换", False),
        ("喊个人来换个灯泡嘛", False),
        ("灯泡烧了，有焦味，够不着，快来人", False),
        ("轮椅抬不动，来个人送我去医院", False),
    ],
)
def test_who_cannot_reach_wants_a_hand(text: str, hand: bool) -> None:
    assert repairs.hand_wanted(text) is hand
    assert not (hand and repairs.leaves_of(text))


@pytest.mark.parametrize(
    ("intent", "action"),
    [("report_problem", "validate_report_form"), ("join_volunteer", "action_volunteer")],
)
async def test_a_hand_is_offered_by_the_volunteers(
    talk: Talk, services: FakeServices, intent: str, action: str
) -> None:
    talk.hear("灯泡烧了够不着，来个人换", intent)
    await talk.run(action)
    if talk.followup == "action_volunteer":
        await talk.run("action_volunteer")
    assert "志愿站" in talk.text and "热心" not in talk.text
    assert talk.slots["offer"]["leaf"] == "K1" and services.sent("/tickets") == []


async def test_who_lends_a_hand_is_still_thanked(talk: Talk) -> None:
    await talk.hear("我退休了，想当志愿者", "join_volunteer").run("action_volunteer")
    assert "热心" in talk.text
