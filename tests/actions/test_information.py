"""Questions about the community: told from requests, answered from what is valid, honest when it is not."""

from __future__ import annotations

import pytest

from actions.knowledge import information
from tests.actions.conftest import Talk
from tests.actions.fake_services import FakeServices
from tests.actions.helpers import msg

TOMORROW = {
    "entity": "time", "text": "明天", "value": {"start": "2026-11-25", "end": "2026-11-25"},
}  # fmt: skip


@pytest.mark.parametrize(
    "text",
    ["今天食堂吃啥", "明天中午食堂有什么菜", "这礼拜的菜单", "食堂今天中午啥菜", "最近有啥活动",
     "周末有演出没", "哪天有义诊"],
)  # fmt: skip
def test_questions_for_the_notice_board(text: str) -> None:
    assert information.asks(msg(text)) == information.NOTICE


@pytest.mark.parametrize(
    "text",
    [
        "附近有没有打印店",
        "附近哪有药店",
        "哪里有公厕",
        "最近的公厕在哪",
        "社区食堂现在关门没",
        "窗口下班了没有",
    ],
)
def test_questions_for_what_is_near(text: str) -> None:
    assert information.asks(msg(text)) == information.INFO


@pytest.mark.parametrize(
    "text",
    ["给我妈订明天中午的饭", "今天的饭太咸了，食堂做啥都难吃", "附近有人乱堆垃圾", "楼道灯坏了",
     "我家附近有个坑，老人摔了", "活动室的灯坏了", "想报名当志愿者", "明天中午来一份", "我妈行动不便",
     "低保怎么办", "广场舞活动噪音太大", "幸福小区3号楼2单元"],
)  # fmt: skip
def test_requests_stay_requests(text: str) -> None:
    assert information.asks(msg(text)) is None


async def test_an_outage_of_today_that_lasts_on_can_be_reported(
    talk: Talk, services: FakeServices
) -> None:
    services.known = {"kind": "notice", "topic": "停水", "texts": ["【停水】今天"]}
    talk.hear("停水了啥时候来啊", "ask_notice")
    await talk.run("action_notice")
    assert talk.buttons == ["现在就停着"] and "还没来" in talk.text
    services.known = {"kind": "notice", "topic": "打疫苗", "texts": ["【打疫苗】今天"]}
    talk.hear("打疫苗啥时候", "ask_notice")
    await talk.run("action_notice")
    assert not talk.buttons


async def test_what_is_valid_is_said_and_nothing_is_offered(
    talk: Talk, services: FakeServices
) -> None:
    services.known = {"kind": "notice", "topic": "停水", "texts": ["【停水】11月25日"]}
    talk.hear("明天停水不", "ask_notice", entities=[TOMORROW])
    await talk.run("action_notice")
    assert talk.text == "【停水】11月25日" and not talk.buttons
    assert services.asked[-1] == {
        "text": "明天停水不", "elder": False, "first": "2026-11-25", "last": "2026-11-25",
    }  # fmt: skip


async def test_another_day_is_no_answer_but_may_help(talk: Talk, services: FakeServices) -> None:
    services.known = {
        "kind": "notice", "topic": "停水", "texts": ["【停水】11月27日"], "other_days": True,
    }  # fmt: skip
    talk.hear("明天停水不", "ask_notice", entities=[TOMORROW])
    await talk.run("action_notice")
    assert talk.text.startswith("那天的停水通知没看到，不敢乱说。最近的是：\n【停水】11月27日")
    assert "好，记上" in talk.buttons and "现在就停着" in talk.buttons


async def test_nothing_known_is_said_and_asking_offered(talk: Talk, services: FakeServices) -> None:
    services.known = {"kind": "menu", "topic": "菜单"}
    talk.hear("今天食堂吃啥", "book_meal", entities=[])
    await talk.run("action_notice")
    assert "菜单还没发" in talk.text and "好，记上" in talk.buttons
    services.known = {}
    talk.hear("附近有没有修鞋的", "out_of_scope")
    await talk.run("action_out_of_scope")
    assert talk.followup == "action_community_info"
    await talk.run("action_community_info")
    assert "没登记" in talk.text and "好，记上" in talk.buttons


async def test_a_question_is_not_an_order(talk: Talk, services: FakeServices) -> None:
    talk.hear("今天食堂吃啥", "book_meal", confidence=0.99)
    await talk.run("validate_meal_form")
    assert talk.followup == "action_notice"


ORDERS = "我想订饭但是我不知道有啥菜"


@pytest.mark.parametrize(
    ("elder", "shown"), [(False, ["今天：鱼", "明天：肉"]), (True, ["明天：肉"])]
)
async def test_an_order_that_asks_what_there_is_is_told_and_goes_on(
    talk: Talk, services: FakeServices, elder: bool, shown: list[str]
) -> None:
    services.known = {"kind": "menu", "topic": "菜单", "texts": ["今天：鱼", "明天：肉"]}
    talk.hear(ORDERS, "book_meal", metadata={"elder": elder})
    await talk.run("validate_meal_form")
    assert [m["text"] for m in talk.said[:-1]] == shown
    assert talk.said[-1]["text"].startswith(("想订哪一天", "订哪天"))
    assert services.asked[-1] == {
        "text": "食堂菜单", "elder": elder, "first": "2026-11-24", "last": "2026-11-25",
    }  # fmt: skip


async def test_of_a_menu_that_is_not_out_the_order_says_so_and_goes_on(
    talk: Talk, services: FakeServices
) -> None:
    talk.hear(ORDERS, "book_meal", metadata={"elder": True})
    await talk.run("validate_meal_form")
    assert talk.text == "菜单还没发。饭接着订：\n订哪天的饭？"
    talk.hear("有啥好菜嘛", "book_meal")
    await talk.run("validate_meal_form")
    assert "菜单还没发" in talk.text and "没听准" not in talk.text
    assert talk.slots["draft"]["misses"] == 0


async def test_office_hours_stay_the_answer_to_everything_else(
    talk: Talk, services: FakeServices
) -> None:
    talk.hear("你们几点开门", "ask_community_info")
    await talk.run("action_community_info")
    assert "8:30" in talk.text and "没登记" not in talk.text
