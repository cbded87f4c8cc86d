"""What a resident gets in WeChat: real processes, real Rasa, a platform that keeps WeChat's rules."""

from __future__ import annotations

import asyncio
import io
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
from PIL import Image

from tests.patience import PATIENCE_S
from tests.wechat_sim.account import Mode
from tests.wechat_sim.clock import ZONE
from tests.wechat_sim.courier import Delivery
from tests.wechat_sim.crypto import signature
from tests.wechat_sim.faults import ApiFaults
from tests.wechat_sim.phone import Phone
from tests.wechat_sim.xml import render
from tests.wechat_stack import MODES, WeChatStack

MORNING = datetime(2026, 11, 24, 10, 5, tzinfo=ZONE)
"""A Tuesday, in office hours."""
LAMP = "幸福小区3号楼2单元楼道头的灯坏了三天咯，黑黢黢的，我妈老汉儿都不敢下楼，喊个人来修一哈嘛"
SEND = "/cgi-bin/message/custom/send"
REACHED = {"way": "phone", "result": "reached"}
RESOLVE = {"outcome": "solved", "reply": "灯泡换好了", "evidence_note": "现场已查看，灯亮了"}
BY_ALL_MODES = pytest.mark.parametrize("mode", MODES)


@pytest.fixture(autouse=True)
def rules(town: WeChatStack) -> Iterator[None]:
    """Each test begins on a Tuesday morning and ends without a broken rule of WeChat."""
    town.set_clock(MORNING)
    before = len(town.simulator.recorder.violations)
    yield
    town.simulator.faults.clear()
    assert [str(v) for v in town.simulator.recorder.violations[before:]] == []


def say(town: WeChatStack, phone: Phone, text: str) -> str:
    """Say something; return what came back, however it came."""
    after = len(phone.screen.lines)
    town.run(phone.say(text))
    town.run(phone.wait_for("", after=after))
    return "\n".join(phone.screen.told(after))


def report(town: WeChatStack, phone: Phone) -> str:
    """File a report in as few turns as possible; return its number."""
    say(town, phone, LAMP)
    assert "SQ-" in say(town, phone, "对，提交")
    (number,) = town.tickets(town.conversation(phone))
    return number


@BY_ALL_MODES
def test_the_platform_accepts_the_address(town: WeChatStack, mode: Mode) -> None:
    account = town.accounts[mode]
    assert town.run(town.simulator.courier.configure(account))
    assert not town.run(town.simulator.courier.configure(account, token="another-token"))


@BY_ALL_MODES
def test_every_kind_of_message(town: WeChatStack, mode: Mode) -> None:
    phone = town.phone(mode)
    deliveries = [town.run(phone.subscribe())]
    assert "邻答" in phone.screen.told()[-1], "who subscribes is greeted"
    assert "8:30" in say(town, phone, "你们几点下班")
    for send, words in (
        (phone.voice("低保怎么办"), "最低生活保障"),
        (phone.voice(), ""),
        (phone.photo(), ""),
        (phone.photo(mime="image/png"), ""),
        (phone.location("幸福小区3号楼"), ""),
        (phone.video(), ""),
        (phone.video(short=True), ""),
        (phone.link("通知"), ""),
        (phone.menu("unknown_key"), ""),
        (phone.scan("42"), ""),
        (phone.say("<b>&amp;]]>😀\n第二行"), ""),
        (phone.say("/restart"), ""),
    ):
        after = len(phone.screen.lines)
        deliveries.append(town.run(send))
        if deliveries[-1].fields["MsgType"] != "event":
            town.run(phone.wait_for(words, after=after))
    assert phone.screen.told().count("") == 0
    for silent in (phone.enter(), phone.view("https://example.com/"), phone.unsubscribe()):
        deliveries.append(town.run(silent))
        assert deliveries[-1].outcome in ("acknowledged", "answered")
    assert {len(d.attempts) for d in deliveries} == {1}, "each in time at once"
    kept = town.kept(town.conversation(phone))
    assert [m.kind for m in kept].count("attachment") == 2
    assert [m.kind for m in kept].count("location") == 1
    said = [m.text for m in kept if m.sender == "resident"]
    assert "低保怎么办" in said and "<b>&amp;]]>😀\n第二行" in said
    assert town.unseen(phone, town.conversation(phone)) == []


def test_a_photo_is_kept_without_what_the_camera_wrote(town: WeChatStack) -> None:
    phone = town.phone()
    say(town, phone, LAMP)
    after = len(phone.screen.lines)
    town.run(phone.photo())
    town.run(phone.wait_for("", after=after))
    (photo,) = town.rows(
        "SELECT a.path, a.mime FROM attachments a WHERE a.conversation_id = :id",
        id=town.conversation(phone),
    )
    data = (town.stack.var_dir / "uploads" / photo["path"]).read_bytes()
    with Image.open(io.BytesIO(data)) as image:
        assert photo["mime"] == "image/jpeg" and image.size == (640, 480)
        assert not dict(image.getexif())
    say(town, phone, "对，提交")
    (number,) = town.tickets(town.conversation(phone))
    assert town.stack.ticket(number, "grid1")["attachments"], "it goes with the report"


def test_a_media_id_that_is_too_old_is_said_not_lost(town: WeChatStack) -> None:
    phone = town.phone()
    after = len(phone.screen.lines)
    town.simulator.platform.media.forget = True
    try:
        town.run(phone.photo())
        town.run(phone.wait_for("照片", after=after))
    finally:
        town.simulator.platform.media.forget = False


def test_a_report_from_the_first_sentence_to_the_rating(town: WeChatStack) -> None:
    stack, phone = town.stack, town.phone("safe")
    town.run(phone.subscribe())
    answer = say(town, phone, LAMP)
    assert "3号楼" in answer and "2单元" in answer
    answer = say(town, phone, "对，提交")
    (number,) = town.tickets(town.conversation(phone))
    assert number in answer and "查询码" in answer
    assert stack.ticket(number, "grid1")["leaf"] == "H6"
    for action, payload, words in (
        ("sign", {}, "接下"),
        ("contact", REACHED, ""),
        ("resolve", RESOLVE, "解决了吗"),
    ):
        after = len(phone.screen.lines)
        stack.act("grid1", number, action, **payload)
        if words:
            line = town.run(phone.wait_for(words, after=after))
            assert line.who == "service", "nobody has written, so it cannot be a reply"
    say(town, phone, "没修好，还是不亮")
    say(town, phone, "楼下那个亮了，二楼那个还是黑的")
    ticket = stack.ticket(number, "dispatcher1")
    assert ticket["state"] == "REWORK" and ticket["rework_round"] == 1
    after = len(phone.screen.lines)
    stack.act("grid1", number, "resolve", **RESOLVE)
    town.run(phone.wait_for("解决了吗", after=after))
    say(town, phone, "解决了")
    say(town, phone, "挺满意的")
    assert stack.ticket(number, "dispatcher1")["state"] == "CLOSED"
    found = town.conversation(phone)
    assert town.unseen(phone, found) == [] and town.seen_twice(phone, found) == []


def test_what_the_bot_offers_can_be_chosen(town: WeChatStack) -> None:
    """Buttons do not exist in WeChat: what stands there must be tappable or typeable."""
    phone = town.phone()
    answer = say(town, phone, LAMP)
    assert "提交" in answer
    after = len(phone.screen.lines)
    choice = next(
        (line for line in answer.splitlines() if "提交" in line and line.strip()[:1].isdigit()), ""
    )
    if choice:
        town.run(phone.say(choice.strip()[0]))
    else:
        town.run(phone.tap("提交"))
    town.run(phone.wait_for("SQ-", after=after))
    assert len(town.tickets(town.conversation(phone))) == 1


def talk_as_staff(town: WeChatStack, phone: Phone) -> Callable[[str], None]:
    """Ask for a person; return what says something as that person."""
    say(town, phone, "我跟你说不明白，给我找个人")
    found, token = town.conversation(phone), town.stack.token("clerk1")
    _, body = town.stack.call("GET", "/api/v1/handoffs", token=token)
    (handoff,) = [h for h in body["handoffs"] if h["conversation_id"] == found]

    def speak(words: str) -> None:
        path = f"/api/v1/handoffs/{handoff['id']}/messages"
        status, answer = town.stack.call("POST", path, {"text": words}, token)
        assert status < 300, answer

    return speak


def test_a_person_answers_in_wechat(town: WeChatStack) -> None:
    phone = town.phone()
    speak = talk_as_staff(town, phone)
    after = len(phone.screen.lines)
    speak("您好，我是赵敏，您慢慢说")
    town.run(phone.wait_for("您慢慢说", after=after))
    heard = town.run(phone.say("我家水表不走字了"))
    assert heard.outcome == "acknowledged" and heard.attempts[0].took_s < 4, "nobody is waited for"
    speak("明天上午给您看")
    town.run(phone.wait_for("明天上午给您看", after=after))
    kept = town.kept(town.conversation(phone))
    assert [m.text for m in kept].count("我家水表不走字了") == 1


def test_a_long_answer_comes_whole_in_parts(town: WeChatStack) -> None:
    phone = town.phone()
    speak = talk_as_staff(town, phone)
    long = "".join(f"第{n}条：请带好身份证、户口簿和近期照片到社区窗口办理。" for n in range(1, 71))
    assert len(long.encode()) > 2 * 2048
    speak(long)
    town.run(phone.wait_for("第70条"))
    found = town.conversation(phone)
    assert town.unseen(phone, found) == [] and town.seen_twice(phone, found) == []
    assert all(len(text.encode()) <= 2048 for text in phone.screen.told())


def test_three_messages_in_one_breath(town: WeChatStack) -> None:
    """WeChat does not wait for an answer before it brings the next message."""
    phone = town.phone()
    say(town, phone, "在吗")
    said = ["你们几点下班", "低保怎么办", "高龄津贴咋申请"]

    async def hurry() -> list[Delivery]:
        sending = []
        for words in said:
            sending.append(asyncio.create_task(phone.say(words)))
            await asyncio.sleep(0.05)
        return [await task for task in sending]

    assert {d.outcome for d in town.run(hurry())} <= {"answered", "acknowledged"}
    for words in ("8:30", "最低生活保障", "高龄津贴】"):
        town.run(phone.wait_for(words))
    found = town.conversation(phone)
    assert [m.text for m in town.kept(found) if m.sender == "resident"][1:] == said
    assert town.unseen(phone, found) == [] and town.seen_twice(phone, found) == []


def test_who_writes_faster_than_is_allowed_loses_nothing(town: WeChatStack) -> None:
    phone = town.phone()
    said = [f"我家在幸福小区{n}号楼" for n in range(1, 6)] * 5
    for words in said:
        assert town.run(phone.say(words)).outcome in ("answered", "acknowledged")
    assert any("有点快" in text for text in phone.screen.told())
    town.move(timedelta(seconds=61))
    found = town.conversation(phone)
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        kept = [m for m in town.kept(found) if m.sender == "resident"]
        if [m.state for m in kept] == ["answered"] * len(said):
            break
        time.sleep(0.5)
    assert [m.text for m in kept] == said and {m.state for m in kept} == {"answered"}
    town.run(phone.say("谢谢"))
    town.run(phone.wait_for("不客气"))
    assert town.unseen(phone, found) == []


def test_who_leaves_and_comes_back_is_told_what_happened_meanwhile(town: WeChatStack) -> None:
    phone = town.phone()
    number = report(town, phone)
    town.run(phone.unsubscribe())
    after, calls = len(phone.screen.lines), len(town.simulator.recorder.calls(SEND))
    town.stack.act("grid1", number, "sign")
    time.sleep(2)
    assert len(town.simulator.recorder.calls(SEND)) == calls, "WeChat would only refuse"
    town.run(phone.subscribe())
    town.run(phone.wait_for("接下", after=after))
    found = town.conversation(phone)
    assert town.unseen(phone, found) == [] and town.seen_twice(phone, found) == []


def test_after_two_days_a_change_is_told_first_when_the_resident_writes(town: WeChatStack) -> None:
    phone = town.phone()
    number = report(town, phone)
    town.move(timedelta(hours=49))
    after = len(phone.screen.lines)
    refused = town.simulator.recorder.refusals.copy()
    town.stack.act("grid1", number, "sign")
    time.sleep(3)
    assert phone.screen.told(after) == [], "the window is shut"
    assert town.simulator.recorder.refusals[45015] - refused[45015] <= 1
    town.run(phone.say("你们几点下班"))
    town.run(phone.wait_for("8:30", after=after))
    told = "\n".join(phone.screen.told(after))
    assert "接下" in told and told.index("接下") < told.index("8:30")
    found = town.conversation(phone)
    assert town.unseen(phone, found) == [] and town.seen_twice(phone, found) == []


def test_more_changes_than_the_window_holds(town: WeChatStack) -> None:
    """Five customer-service messages after the resident's last: what is beyond waits, in order."""
    phone = town.phone()
    speak = talk_as_staff(town, phone)
    after = len(phone.screen.lines)
    said = [f"这是第{n}句话" for n in range(1, 9)]
    for number, words in enumerate(said):
        speak(words)
        if number < 5:
            town.run(phone.wait_for(words, after=after))
    assert phone.left == 0
    time.sleep(1)
    assert said[5] not in "".join(phone.screen.told(after))
    town.run(phone.say("好的"))
    town.run(phone.wait_for(said[-1], after=after))
    told = "\n".join(phone.screen.told(after))
    positions = [told.index(words) for words in said]
    assert positions == sorted(positions)
    assert all(told.count(words) == 1 for words in said)


def test_while_rasa_is_slow_wechat_is_answered_in_time(town: WeChatStack) -> None:
    phone = town.phone()
    say(town, phone, "在吗")
    after = len(phone.screen.lines)
    pid = town.stack.pid("rasa")
    os.kill(pid, signal.SIGSTOP)
    timer = threading.Timer(6, os.kill, (pid, signal.SIGCONT))
    timer.start()
    try:
        delivery = town.run(phone.say("你们几点下班"))
    finally:
        timer.join()
    assert delivery.outcome == "acknowledged" and len(delivery.attempts) == 1
    assert delivery.attempts[0].took_s < 4.8
    line = town.run(phone.wait_for("8:30", after=after))
    assert line.who == "service"
    found = town.conversation(phone)
    assert town.unseen(phone, found) == [] and town.seen_twice(phone, found) == []


def test_wechat_itself_is_out_of_order_for_a_while(town: WeChatStack) -> None:
    """Busy, an error of a proxy, a connection that breaks, no answer at all: a change is not lost."""
    found = []
    for faults in (
        ApiFaults(busy=1.0),
        ApiFaults(error=1.0),
        ApiFaults(drop_before=1.0),
        ApiFaults(hang=1.0, hang_s=2.0),
    ):
        phone = town.phone()
        number = report(town, phone)
        found.append((phone, len(phone.screen.lines), town.conversation(phone)))
        town.simulator.faults.api = faults
        calls = len(town.simulator.recorder.exchanges)
        town.stack.act("grid1", number, "sign")
        while not any(e.fault for e in town.simulator.recorder.exchanges[calls:]):
            time.sleep(0.05)
        town.simulator.faults.clear()
    for phone, after, conversation in found:
        town.run(phone.wait_for("接下", 60, after))
        assert town.unseen(phone, conversation) == []
        assert town.seen_twice(phone, conversation) == []


def test_a_token_that_somebody_else_has_made_worthless(town: WeChatStack) -> None:
    phone = town.phone()
    number = report(town, phone)
    town.simulator.platform.tokens.revoke(phone.account)
    after = len(phone.screen.lines)
    town.stack.act("grid1", number, "sign")
    town.run(phone.wait_for("接下", 15, after))
    fetched = town.simulator.platform.tokens.fetched[phone.account.name]
    town.move(timedelta(hours=3))
    town.stack.act("grid1", number, "contact", **REACHED)
    town.stack.act("grid1", number, "resolve", **RESOLVE)
    town.run(phone.wait_for("解决了吗", 15, after))
    assert town.simulator.platform.tokens.fetched[phone.account.name] <= fetched + 2


def test_web_and_wechat_by_query_code(town: WeChatStack) -> None:
    """Number and code show the request; after a yes its changes are told in WeChat as well."""
    chat = town.stack.chat()
    chat.say(LAMP)
    receipt = chat.say("对，提交")
    number = chat.ticket_no
    code = receipt.split("查询码")[1].strip(" ：:")[:6]
    phone, stranger = town.phone(), town.phone()
    answer = say(town, stranger, f"{number} 000000")
    assert "楼道" not in answer and "没查到" in answer
    answer = say(town, phone, f"{number} {code}")
    assert number in answer and "连" in answer
    before = len(phone.screen.lines)
    town.stack.act("grid1", number, "sign")
    chat.wait_for("接下")
    time.sleep(1)
    assert "接下" not in "".join(phone.screen.told(before)), "nobody has said yes yet"
    say(town, phone, "1")
    after = len(phone.screen.lines)
    town.stack.act("grid1", number, "contact", **REACHED)
    town.stack.act("grid1", number, "resolve", **RESOLVE)
    town.run(phone.wait_for("解决了吗", after=after))
    say(town, phone, "解决了")
    say(town, phone, "挺满意的")
    assert town.stack.ticket(number, "dispatcher1")["state"] == "CLOSED"
    assert number in chat.say("我报的那个咋样了")


def test_who_is_not_wechat_is_turned_away(town: WeChatStack) -> None:
    phone = town.phone("safe")
    account, courier = phone.account, town.simulator.courier
    fields: dict[str, str | int] = {
        "ToUserName": account.original_id,
        "FromUserName": phone.openid,
        "CreateTime": town.simulator.clock.epoch(),
        "MsgType": "text",
        "Content": "我是冒充的",
        "MsgId": 42,
    }
    body, sealed = courier.packed(account, fields)
    right = courier.query(account, phone.openid, sealed)
    old = str(town.simulator.clock.epoch() - 3600)
    stale = {
        **right,
        "timestamp": old,
        "signature": signature(account.token, old, right["nonce"]),
        "msg_signature": signature(account.token, old, right["nonce"], sealed),
    }
    other = courier.query(town.accounts["plain"], phone.openid)
    plain = render(fields)
    tried = [
        (body, {**right, "signature": "0" * 40, "msg_signature": "0" * 40}),
        (body, {k: v for k, v in right.items() if "signature" not in k}),
        (body, {**right, "msg_signature": signature(account.token, old)}),
        (body, stale),
        (body, other),
        (plain, {k: v for k, v in right.items() if k not in ("encrypt_type", "msg_signature")}),
        ("<!DOCTYPE x [<!ENTITY e 'x'>]>" + body, right),
        ("x" * 3_000_000, right),
        ("<xml>", right),
    ]
    before = town.rows("SELECT count(*) AS n FROM messages")
    for forged, query in tried:
        status, answer = town.run(courier.post(account, forged, query))
        assert 400 <= status < 500, (query, status, answer)
        assert "Traceback" not in answer
    assert town.rows("SELECT count(*) AS n FROM messages") == before
    assert town.run(courier.post(account, body, right))[0] == 200
    assert town.run(courier.post(account, body, right))[0] in (200, 403), "the same nonce again"
    time.sleep(1)
    assert [m.text for m in town.kept(town.conversation(phone))].count("我是冒充的") == 1


def test_one_resident_on_the_web_and_in_wechat(town: WeChatStack) -> None:
    """The code alone shows one ticket; after a yes everything is seen in both."""
    chat = town.stack.chat()
    chat.say(LAMP)
    code = chat.say("对，提交").split("查询码")[1].strip(" ：:")[:6]
    number, phone = chat.ticket_no, town.phone()
    assert "连起来" in say(town, phone, f"{number} {code}")
    assert "还没有记着的事" in say(town, phone, "我报的事办到哪了"), "asked, not joined"
    assert "连起来" in say(town, phone, f"{number} {code}")
    assert "连好了" in say(town, phone, "1")
    assert number in say(town, phone, "我报的事办到哪了")
    after = len(phone.screen.lines)
    town.stack.act("grid1", number, "sign")
    town.run(phone.wait_for("接下", after=after))
    # And a word parts them again; what was filed on the web is seen there.
    assert "分开了" in say(town, phone, "解除绑定")
    assert "还没有记着的事" in say(town, phone, "我报的事办到哪了")
    assert number in chat.say("我报的事办到哪了")
