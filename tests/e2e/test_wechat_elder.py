"""Large-type mode in WeChat: asked for in words, then short sentences, the number first, and back again."""

from __future__ import annotations

import re
from datetime import datetime

import pytest

from tests.wechat_sim.clock import ZONE
from tests.wechat_sim.phone import Phone
from tests.wechat_stack import WeChatStack

MORNING = datetime(2026, 11, 24, 10, 5, tzinfo=ZONE)
LONG = 25
"""A sentence of large-type mode with the names and numbers filled in is no longer."""
BUBBLE = 2048
"""Bytes of one text message."""
LAMP = "幸福小区3号楼2单元楼道灯坏了三天了，不留电话"
_SENTENCE = re.compile(r"[。？！\n]")


@pytest.fixture(autouse=True)
def morning(town: WeChatStack) -> None:
    town.set_clock(MORNING)


def ask(town: WeChatStack, phone: Phone, text: str, wanted: str) -> list[str]:
    """Say something; return the bubbles that came, up to the one with the wanted words."""
    after = len(phone.screen.lines)
    town.run(phone.say(text))
    town.run(phone.wait_for(wanted, after=after))
    told = phone.screen.told(after)
    assert all(len(bubble.encode()) <= BUBBLE for bubble in told)
    return told


def sentences(bubbles: list[str]) -> list[str]:
    """Return what was said, sentence by sentence."""
    return [s.strip() for bubble in bubbles for s in _SENTENCE.split(bubble) if s.strip()]


def longest(bubbles: list[str]) -> int:
    """Return the characters of the longest sentence."""
    return max(len(s) for s in sentences(bubbles))


def large(town: WeChatStack, phone: Phone) -> bool:
    """Whether the conversation is in large-type mode, as it is kept."""
    (row,) = town.rows(f"SELECT elder FROM conversations WHERE id = '{town.conversation(phone)}'")
    return bool(row["elder"])


def test_asked_for_in_words_and_back_again(town: WeChatStack) -> None:
    phone = town.phone()
    usual = ask(town, phone, "水费去哪交", "供水公司")
    assert "营业厅" in "\n".join(usual) and not large(town, phone)

    on = "\n".join(ask(town, phone, "字大点", "往后我说短一点"))
    assert "设置→通用→字体大小" in on and large(town, phone), "the letters are WeChat's own"

    short = ask(town, phone, "水费去哪交", "供水公司")
    (first, second) = "\n".join(short).splitlines()[:2]
    assert re.fullmatch(r"打.*自来水公司[\d-]+。", first), "the number comes first"
    assert second == "社区不收水费，问供水公司。"
    assert longest(short) <= LONG and "营业厅" not in "\n".join(short)
    assert len("".join(short)) < len("".join(usual))

    off = "\n".join(ask(town, phone, "换回小字", "换回平常的说法"))
    assert "大字版" in off and not large(town, phone)
    again = ask(town, phone, "水费去哪交", "供水公司")
    assert "营业厅" in "\n".join(again)
    assert town.unseen(phone, town.conversation(phone)) == []


def test_one_thing_at_a_time(town: WeChatStack) -> None:
    """A service, a certificate that is not issued, a report, its progress: each in a few short lines."""
    phone = town.phone()
    ask(town, phone, "字大点", "往后我说短一点")
    card = "\n".join(ask(town, phone, "老年卡咋办", "您接着问我"))
    assert "去哪办" in card and "多久：" not in card and "依据" not in card
    limit = ask(town, phone, "多久能办好", "多久")
    assert "依据" not in "\n".join(limit)

    refused = ask(town, phone, "给我开个证明，证明我妈是我妈", "户口簿")
    said = "\n".join(refused)
    assert "一个户口簿上的，看户口簿；不在一起的，去派出所。" in said
    assert said.index("社区不能开") < said.index("告知单"), "in the order in which it was said"
    ask(town, phone, "不想说", "")

    asked = ask(town, phone, LAMP, "您听听对不对")
    assert "\n".join(asked).count("？") <= 1
    filed = "\n".join(ask(town, phone, "对，办吧", "SQ-"))
    assert "想催、想补充" not in filed
    found = town.conversation(phone)
    assert len(town.tickets(found)) >= 1
    assert town.unseen(phone, found) == [] and town.seen_twice(phone, found) == []


def test_need_comes_in_few_short_lines_in_order(town: WeChatStack) -> None:
    phone = town.phone()
    ask(town, phone, "字大点", "往后我说短一点")
    after = len(phone.screen.lines)
    first = ask(town, phone, "家里煤气味好大", "到了外面再打电话")
    town.run(phone.wait_for("值班", after=after))
    said = "\n".join(phone.screen.told(after))
    lines = ["别开灯，别点火。", "走楼梯，到外面去。", "到了外面再打电话。", "没人说安全，别回屋。"]
    places = [said.index(line) for line in lines]
    assert places == sorted(places) and "119" in said and longest(first) <= 30
    worse = ask(town, phone, "头好晕，想吐", "中毒")
    assert "头晕想吐就是中毒，快出去，打120。" in "\n".join(worse)
    assert town.seen_twice(phone, town.conversation(phone)) == []
