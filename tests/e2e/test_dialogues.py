"""Whole conversations with the real understanding: what residents say, and what a good clerk does."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.stack import Chat, Stack

NOW = "2026-11-24T10:05:00+08:00"  # a Tuesday, in office hours
EVENING = "2026-11-24T19:05:00+08:00"
LAMP = "幸福小区3号楼2单元楼道灯坏了"
RESOLVE = {"outcome": "solved", "reply": "灯泡换好了", "evidence_note": "现场已查看，灯亮了"}


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One started system on SQLite for all conversations of this file."""
    stack = Stack(tmp_path_factory.mktemp("dialogues"))
    stack.start()
    yield stack
    stack.stop()


@pytest.fixture
def chat(system: Stack) -> Chat:
    """A new resident on a Tuesday morning."""
    clock(system, NOW)
    return system.chat()


def clock(stack: Stack, now: str) -> None:
    """Set the time of the whole system."""
    status, body = stack.call("POST", "/api/v1/test/clock", {"now": now}, stack.token("admin1"))
    assert status == 200, body


# Each conversation: what is said (">…" taps a button), and words that its answer must contain;
# words after "!" must not be there.
CONVERSATIONS: dict[str, list[tuple[str, str]]] = {
    "a long story with the point at its end": [
        (
            "哎呀我跟你说啊同志我今年七十五了腿脚不好老伴走得早一个人住在幸福小区住了三十年了昨天我闺女来看我"
            "上楼的时候差点摔一跤我闺女说妈这楼道咋这么黑我说黑了好几天了也没人管就是3号楼2单元三楼那个灯不亮了"
            "你们给看看呗",
            "幸福小区3号楼2单元 !1996年 !替谁说",
        ),
        ("对", "报上了 编号"),
    ],
    "corrections one after the other": [
        (LAMP, "3号楼2单元"),
        ("不对，是5号楼", "改好了 5号楼2单元"),
        ("不是2单元是3单元", "5号楼3单元"),
        ("302门口那盏", "您补的话也写上了"),
        ("好", "报上了"),
    ],
    "a question in the middle": [
        ("楼道灯坏了", "在哪儿"),
        ("低保怎么办", "最低生活保障 接着刚才的事 在哪儿"),
        ("幸福小区3号楼2单元", "楼道灯坏了"),
        ("先报上后补", "报上了 王秀英 !缺的想起来"),
    ],
    "knows nothing more": [
        ("楼上漏水", "在哪儿"),
        ("不知道", "电话"),
        ("不知道", "先不说，后面再补"),
        ("好", "报上了 缺的想起来"),
    ],
    "stops before the end": [
        (LAMP, "对，提交"),
        ("算了，不报了", "没有提交"),
        (">对，提交", "先前那件事"),
    ],
    "since when": [("幸福小区3号楼2单元楼道灯坏了三天了", "从11月21日（星期六）起，三天了")],
    "a meal after the cut-off": [
        ("订今天中午的饭", "订不上了 明天（11月25日，星期三）午饭"),
        ("送到家", "“送到家”记下了"),
        ("好", "送到哪儿"),
        ("幸福小区3号楼2单元501", "明天（11月25日，星期三）午饭 501"),
        ("两份", "改好了，几份：2份"),
        ("对", "订上了"),
    ],
    "a meal after all not": [("订今天中午的饭", "订不上了"), ("不订了", "先不订")],
    "the day changes": [
        ("订饭，送到幸福小区3号楼2单元501", "哪一天"),
        ("明天中午", "11月25日"),
        ("不对，是后天", "后天（11月26日，星期四）午饭"),
        ("改成晚上", "后天（11月26日，星期四）晚饭"),
    ],
    "a meal and a problem in one breath": [
        ("幸福小区3号楼2单元楼道灯坏了，顺便给我订明天中午饭", "对，提交 3号楼2单元"),
        ("对", "编号 接着给您"),
        ("好", "对，提交 3号楼2单元"),
        ("对", "编号"),
    ],
    "praise": [
        ("表扬一下网格员小王，跑前跑后的", "记成表扬 转给本人和社区"),
        ("好", "记上了。编号"),
    ],
    "a suggestion": [("我建议小区多装几把椅子", "记"), ("要", "记上了。编号")],
    "a volunteer": [("我想当志愿者", "记"), ("行", "记上了。编号")],
    "a booking": [("想约人上门给老人理个发", "上门理发 哪一天"), ("算了，不约了", "先不约")],
    "office hours and the grid worker": [
        ("你们几点下班", "上午8:30 0439-00000005 现在有人在"),
        ("我们这的网格员是谁", "几号楼"),
        ("幸福小区3号楼", "王秀英"),
    ],
    "a certificate that the community issues": [
        ("孩子上学要开居住证明", "可以开 您住在哪儿"),
        ("幸福小区3号楼2单元501", "哪天来"),
        ("跳过", "工作人员和您约 !12356"),
        ("对", "约好了"),
    ],
    "a certificate that nobody may ask for": [
        ("要开亲属关系证明", "社区不能开 民发〔2020〕20号 哪家单位"),
        ("嗯", "哪家单位"),
        ("建设银行北街网点", "线索编号"),
    ],
    "somebody else's ticket": [
        ("SQ-261124-00001-2", "没查到 !楼道"),
        ("SQ-261124-00001-2 000000", "没查到 !楼道"),
    ],
    "no ticket at all": [
        ("我报的那个咋样了", "还没有记着的事"),
        ("催一下", "没有正在办的事"),
        ("没修好", "什么没弄好 !在哪儿呢"),
    ],
    "one open ticket": [
        (LAMP, "对，提交"),
        ("对", "报上了"),
        ("我报的那个咋样了", "您的事是这样"),
        ("没修好", "还在办 催一下"),
        ("嗯", "催了"),
        ("不用修了", "为什么撤"),
        (">已经好了", "撤好了"),
    ],
    "two open tickets": [
        (LAMP, "对，提交"),
        ("对", "报上了"),
        ("幸福小区5号楼垃圾没人收", "对，提交"),
        ("对", "报上了"),
        ("催一下", "哪一件"),
        ("第二个", "催了 楼道灯"),
    ],
    "a wish to report": [
        ("我要投诉", "是什么事"),
        ("幸福小区3号楼2单元楼道灯坏了没人管", "楼道灯 3号楼2单元"),
    ],
    "a service, and what to bring": [
        ("低保怎么办", "最低生活保障"),
        ("要带啥", "【低保（最低生活保障）】要带 !结婚"),
        ("在哪办", "【低保（最低生活保障）】去哪办"),
    ],
    "commands and tags are words": [
        ("/affirm", "!已提交"),
        ("<script>alert(1)</script>", "!<script>"),
    ],
    "confidential from the first word": [
        ("楼上天天半夜吵得睡不着，别告诉他是我说的", "在哪儿"),
        ("幸福小区5号楼2单元", "不让对方知道是您说的"),
    ],
}


@pytest.mark.parametrize("name", CONVERSATIONS)
def test_conversation(chat: Chat, name: str) -> None:
    for said, expected in CONVERSATIONS[name]:
        answer = chat.tap(said[1:]) if said.startswith(">") else chat.say(said)
        shown = answer + "".join(b["title"] for m in chat.last for b in m.get("buttons") or [])
        assert shown.strip(), f"no answer to {said!r}"
        for words in expected.split(" "):
            if words.startswith("!"):
                assert words[1:] not in shown, f"{said!r} → {shown}"
            else:
                assert words in shown, f"{said!r} → {shown}"


@pytest.mark.parametrize("opening", ["给我妈订饭", "楼道灯坏了", "开个居住证明", LAMP])
def test_danger_goes_before_every_form(chat: Chat, opening: str) -> None:
    chat.say(opening)
    answer = chat.say("我家着火了")
    assert "119" in answer and "接着说" in answer


def test_a_person_in_the_middle_of_a_form(system: Stack, chat: Chat) -> None:
    chat.say("楼道灯坏了")
    assert "值班" in chat.say("人工")
    clock(system, EVENING)
    late = system.chat()
    late.say("楼道灯坏了")
    assert "明天8:30" in late.say("人工"), "nobody is there: that is said"
    assert "3号楼" in late.say("幸福小区3号楼2单元"), "the bot goes on meanwhile"


@pytest.mark.parametrize(
    ("said", "state", "rounds"),
    [
        (["修好了，谢谢啊，小王不错", "满意"], "CLOSED", 0),
        (["一般吧", "修好了", "还行"], "CLOSED", 0),
        (["几点下班", "好了", "5"], "CLOSED", 0),
        (["没整好", "灯泡换了还是不亮，糊弄人"], "REWORK", 1),
    ],
)
def test_the_callback_in_plain_words(
    system: Stack, chat: Chat, said: list[str], state: str, rounds: int
) -> None:
    chat.say(LAMP)
    chat.say("对")
    number = chat.ticket_no
    system.act("grid1", number, "sign")
    system.act("grid1", number, "contact", way="phone", result="reached")
    system.act("grid1", number, "resolve", **RESOLVE)
    chat.wait_for("解决")
    answers = [chat.say(each) for each in said]
    ticket = system.ticket(number, "dispatcher1")
    assert (ticket["state"], ticket["rework_round"]) == (state, rounds), answers
    assert "记下了" in answers[-1], answers


def test_the_action_server_dies_in_the_middle(system: Stack, chat: Chat) -> None:
    chat.say(LAMP)
    system.kill("actions")
    first = chat.say("对")
    assert "报上了" in first or "记" in first, "nothing is lost, and that is said"
    deadline = time.monotonic() + 20
    while "报上了" not in "".join(m["text"] or "" for m in chat.history()):
        assert time.monotonic() < deadline, [m["text"] for m in chat.history()]
        time.sleep(0.5)
