"""Forms in WeChat, from the first sentence to the receipt: words and numbers only, nothing too long."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.e2e.test_wechat import LAMP, MORNING, report, rules, say
from tests.patience import PATIENCE_S
from tests.wechat_sim.phone import Phone
from tests.wechat_stack import WeChatStack

__all__ = ["rules"]
MOST_BYTES = 2048
"""Of one text (公众号文档)."""


def filed(town: WeChatStack, phone: Phone) -> dict[str, Any]:
    """Return the newest ticket of a phone; everything said has arrived once, in texts short enough."""
    found = town.conversation(phone)
    # What is not ready within WeChat's five seconds comes a moment later, as a message of its own.
    end = time.monotonic() + PATIENCE_S
    while town.unseen(phone, found) and time.monotonic() < end:
        time.sleep(0.1)
    assert town.unseen(phone, found) == [] and town.seen_twice(phone, found) == []
    texts = phone.screen.told()
    assert all(len(text.encode()) <= MOST_BYTES for text in texts)
    assert not any('{"' in text or "/affirm" in text for text in texts), "no payload is shown"
    return dict(town.stack.ticket(max(town.tickets(found)), "dispatcher1"))


def number_of(answer: str, title: str) -> str:
    """Return the number that stands before a choice."""
    lines = [line for line in answer.splitlines() if line.endswith(title)]
    assert lines, answer
    return lines[-1].split(".")[0]


def closed_there(town: WeChatStack) -> None:
    """Wait until the worker has closed the form in the conversation that was left."""
    left = "SELECT count(*) AS n FROM outbox WHERE topic = 'draft.left' AND state = 'pending'"
    deadline = time.monotonic() + PATIENCE_S
    while town.rows(left)[0]["n"] and time.monotonic() < deadline:
        time.sleep(0.2)


def test_a_service_is_booked(town: WeChatStack) -> None:
    phone = town.phone()
    answer = say(
        town,
        phone,
        "明天上午九点能不能来个人帮我妈擦玻璃，幸福小区3号楼2单元501，电话13512345678",
    )
    assert "回复数字选择" in answer and "助洁" in answer
    assert "SQ-" in say(town, phone, number_of(answer, "对，提交"))
    ticket = filed(town, phone)
    assert ticket["kind"] == "booking" and ticket["appointment"]["date"] == "2026-11-25"


def test_an_errand_is_asked_for(town: WeChatStack) -> None:
    phone = town.phone()
    answer = say(town, phone, "高龄津贴咋申请")
    answer = say(town, phone, number_of(answer, "找人代办"))
    for words in ("幸福小区3号楼2单元501", "13596650012"):
        assert "SQ-" not in answer
        answer = say(town, phone, words)
    assert "高龄津贴（找人代办）" in answer
    assert "SQ-" in say(town, phone, number_of(answer, "对，提交"))
    assert filed(town, phone)["leaf"] == "C2"


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WeChatStack]:
    """A community with a public address, where neighbours join one request."""
    made = WeChatStack(tmp_path_factory.mktemp("public"))
    made.stack.environment["LINDA_JOIN_NEIGHBOURS"] = "1"
    made.stack.environment["LINDA_PUBLIC_URL"] = "https://linda.example.com"
    with made:
        made.set_clock(MORNING)
        yield made


def test_a_certificate_that_is_not_issued(public: WeChatStack) -> None:
    town, phone = public, public.phone()
    answer = say(town, phone, "去应聘保安要无犯罪记录证明，社区给开不")
    assert "社区不能开" in answer and "派出所" in answer
    answer = say(town, phone, "告知单给我一份")
    links = [line for line in answer.splitlines() if "/notice/" in line]
    assert "告知单" in answer and links
    assert all(link.startswith("http") for link in links), "half an address cannot be tapped"
    answer = say(town, phone, "是安邦保安公司让开的")
    ticket = filed(town, phone)
    assert f"线索编号 {ticket['ticket_no']}" in answer
    assert f"/notice/{ticket['ticket_no']}?code=" in answer, "this one names the unit"
    assert "安邦保安公司" in ticket["certificate"]["demanded_by"]


def test_a_neighbours_report_is_joined(public: WeChatStack) -> None:
    report(public, public.phone())
    second = public.phone()
    answer = say(public, second, "幸福小区3号楼2单元的楼道灯不亮了")
    assert "邻居也反映了" in answer
    assert "连您一共2户" in say(public, second, number_of(answer, "加上我"))
    assert filed(public, second)["state"] == "MERGED"


def test_a_request_is_withdrawn(town: WeChatStack) -> None:
    phone = town.phone()
    report(town, phone)
    answer = say(town, phone, "不用修了")
    assert "先不撤" in answer and "回复数字选择" in answer
    assert "撤好了" in say(town, phone, "自己换好了")
    assert filed(town, phone)["state"] == "WITHDRAWN"


def test_what_was_filed_is_changed(town: WeChatStack) -> None:
    phone = town.phone()
    report(town, phone)
    answer = say(town, phone, "地址报错了，是5号楼1单元")
    if "5号楼" in answer and "回复数字选择" in answer:
        answer = say(town, phone, "1")
    assert "5号楼" in "\n".join(phone.screen.told())
    assert filed(town, phone)["location"]["building"] == "5"


def test_ones_own_data_is_shown_and_deleted(town: WeChatStack) -> None:
    phone = town.phone()
    say(town, phone, LAMP + "，电话13512345678")
    answer = say(town, phone, "对，提交")
    assert "记住" in answer
    say(town, phone, number_of(answer, "行，记住"))
    answer = say(town, phone, "你们存了我啥")
    assert "135****5678" in answer and "13512345678" not in answer
    answer = say(town, phone, number_of(answer, "删掉联系方式"))
    assert "删好了" in say(town, phone, "1")
    assert "135****5678" not in say(town, phone, "你们存了我啥")
    filed(town, phone)


def test_what_was_begun_in_wechat_goes_on_on_the_web(town: WeChatStack) -> None:
    """And the other way: the question has numbers there, and both sides know of one request."""
    phone, chat = town.phone(), town.stack.chat()
    say(town, phone, LAMP)
    receipt = say(town, phone, "对，提交")
    (number,) = town.tickets(town.conversation(phone))
    code = receipt.split("查询码")[1].strip(" ：:")[:6]
    town.move(timedelta(hours=1))
    say(town, phone, "楼道里堆了好多杂物，都没法走路了")
    town.move(timedelta(days=2))
    chat.say(f"{number} {code}")
    assert "连好了" in chat.tap("连起来")
    answer = chat.say("你好")
    assert "微信" in answer and "楼道里堆了好多杂物" in answer and "接着说吗" in answer
    chat.tap("接着说")
    chat.say("松江花园7号楼1单元")
    closed_there(town)
    # Back to the phone before it is finished: now it is asked about there, with numbers.
    question = say(town, phone, "你好")
    assert "网页" in question and "接着说吗" in question
    answer = say(town, phone, number_of(question, "接着说"))
    assert "7号楼" in answer and "楼道里堆了好多杂物" in answer
    assert "SQ-" in say(town, phone, number_of(answer, "对，提交"))
    ticket = filed(town, phone)
    assert ticket["narrative_original"].startswith("楼道里堆了好多杂物，都没法走路了")
    assert len(town.tickets(town.conversation(phone))) == 2, "and none was filed twice"


def test_what_a_clerk_asks_for_is_told_in_wechat_and_the_clock_goes_on(town: WeChatStack) -> None:
    phone = town.phone()
    say(town, phone, "消防通道被车堵死了，幸福小区里头")
    assert "SQ-" in say(town, phone, "对")
    (number,) = town.tickets(town.conversation(phone))
    before = town.stack.ticket(number, "clerk1")
    assert before["state"] == "SUBMITTED"
    heard = len(phone.screen.lines)
    items = ["靠近几号楼", "什么时候开始堵的"]
    town.stack.act("clerk1", number, "need_info", items=items)
    town.run(phone.wait_for("靠近几号楼；什么时候开始堵的", after=heard))
    assert town.stack.ticket(number, "clerk1")["state"] == "NEED_INFO"
    town.move(timedelta(hours=3))
    answer = say(town, phone, "就在幸福小区5号楼边上")
    assert "还差：什么时候开始堵的" in answer and "几号楼；" not in answer
    assert "齐了" in say(town, phone, "从上礼拜就这样了")
    ticket = filed(town, phone)
    assert ticket["ticket_no"] == number and ticket["location"]["building"] == "5"
    assert ticket["state"] not in ("NEED_INFO", "SUBMITTED") and not ticket["need_items"]
    doc = json.loads(town.rows("SELECT doc FROM tickets WHERE ticket_no = :n", n=number)[0]["doc"])
    (pause,) = doc["pauses"]
    asked, told = (datetime.fromisoformat(pause[k]) for k in ("from", "to"))
    assert told - asked >= timedelta(hours=3), "while the resident was asked, the time stood still"
    assert doc["paused_since"] is None and ticket["due_at"], "and goes on"
    steps = [e["type"] for e in town.stack.events(number)]
    for step in ("info_requested", "info_part_given", "supplemented", "accepted"):
        assert steps.count(step) == 1
