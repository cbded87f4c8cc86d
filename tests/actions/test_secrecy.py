"""Who reported is to stay unknown, or may be known, after the request is filed."""

from __future__ import annotations

from typing import Any

import pytest

from actions.tickets import secrecy
from tests.actions.conftest import Talk
from tests.actions.fake_services import FakeServices, view
from tests.actions.helpers import msg

KEEP = [
    "刚才那个别说是我报的", "帮我保密", "不要让他知道是我说的", "别让楼上知道", "千万别让楼上知道是我说的", "莫给他讲是我",
    "可别整露了是我报的", "能不能别告诉物业是我投诉的", "我怕他报复，别说是我", "都是邻居，别说我", "名字别写", "别写我名字",
    "我报的那个噪音的事，帮我保密", "刚才投诉那个，能不能匿名", "刚才忘了说，别让人知道是我", "邻居之间不好处，别说是我",
    "咱这事别往外说", "别把我说出去", "不想让人家知道是我举报的", "麻烦别透露我的信息", "不能让他晓得是我告的", "别说漏嘴",
]  # fmt: skip
LIFT = ["不用保密了", "可以说是我报的", "我不怕他知道是我", "跟他们讲是我报的也没事", "取消保密"]
NEITHER = [
    "你们会保密吗", "会不会告诉他是我说的", "可以说是我报的吗", "楼上太吵了别说是我", "楼上天天吵，别说是我说的",
    "物业乱收费，匿名举报", "我要匿名投诉", "能帮我匿名举报个事吗", "我想匿名反映楼上养狗", "好的", "灯还没修",
]  # fmt: skip


@pytest.mark.parametrize("text", KEEP)
def test_to_stay_unknown(text: str) -> None:
    assert secrecy.wish(msg(text)) is True


@pytest.mark.parametrize("text", LIFT)
def test_to_be_known_after_all(text: str) -> None:
    assert secrecy.wish(msg(text)) is False


@pytest.mark.parametrize("text", NEITHER)
def test_a_question_or_a_matter_of_its_own_is_no_such_wish(text: str) -> None:
    assert secrecy.wish(msg(text)) is None


def filed(**data: Any) -> dict[str, Any]:
    return view(1, title="楼道灯不亮", kind="report", confidential=False, **data)


async def test_what_is_filed_is_kept_from_now_on(talk: Talk, services: FakeServices) -> None:
    services.tickets, services.acted = [filed()], {"confidential": True}
    talk.hear("刚才那个别说是我报的", "ask_anonymity")
    await talk.run("action_anonymity")
    assert talk.followup == "action_supplement"
    await talk.run("action_supplement")
    assert "从现在起保密" in talk.text and "不能收回" in talk.text
    assert services.sent("/resident/secrecy")[0]["secret"] == "yes"


async def test_said_twice_it_is_done_once(talk: Talk, services: FakeServices) -> None:
    services.tickets = [filed() | {"confidential": True}]
    talk.hear("帮我保密", "ask_anonymity")
    await talk.run("action_supplement")
    assert "已经是保密的" in talk.text and not services.sent("/resident/secrecy")


async def test_it_may_be_known_again(talk: Talk, services: FakeServices) -> None:
    services.tickets = [filed() | {"confidential": True}]
    services.acted = {"confidential": False}
    talk.hear("可以说是我报的", "ask_anonymity")
    await talk.run("action_supplement")
    assert "不保密了" in talk.text and services.sent("/resident/secrecy")[0]["secret"] == "no"


async def test_what_staff_keeps_stays_and_is_said_so(talk: Talk, services: FakeServices) -> None:
    services.tickets = [filed() | {"confidential": True}]
    services.acted = {"confidential": True}
    talk.hear("不用保密了", "ask_anonymity")
    await talk.run("action_supplement")
    assert "工作人员另外定了保密" in talk.text


async def test_of_several_it_is_asked_which(talk: Talk, services: FakeServices) -> None:
    services.tickets = [filed(), view(2, title="楼上吵", kind="complaint", confidential=False)]
    talk.hear("别说是我", "ask_anonymity")
    await talk.run("action_supplement")
    assert len(talk.buttons) == 2 and not services.sent("/resident/secrecy")


async def test_without_a_request_it_is_said_how_names_are_kept(
    talk: Talk, services: FakeServices
) -> None:
    services.tickets = [view(1, title="午饭", kind="booking")]
    talk.hear("不要让他知道是我说的", "ask_anonymity")
    await talk.run("action_anonymity")
    await talk.run("action_supplement")
    assert talk.followup == "action_anonymity"


@pytest.mark.parametrize(
    "words", ["能不能别让他知道是我", "别说是我说的啊", "莫让他晓得是我报的嘛"]
)
async def test_at_any_question_of_a_report_the_wish_is_noted(
    talk: Talk, services: FakeServices, words: str
) -> None:
    drain = {"entity": "service", "value": "H1", "text": "水管", "confidence": 0.9}
    talk.hear("楼上水管漏到我家了", "report_problem", entities=[drain])
    await talk.run("validate_report_form")
    talk.hear(words, "ask_anonymity")
    await talk.run("action_anonymity")
    assert talk.followup == "report_form" and not talk.text
    await talk.run("validate_report_form")
    assert talk.slots["draft"]["values"]["confidential"] is True
    assert "记下了" in talk.text
