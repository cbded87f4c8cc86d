"""Which words ask for larger letters or for another way in, and which only sound like it."""

from __future__ import annotations

import pytest

from actions.dialogue import load
from actions.talk import accessible
from actions.texts import catalogue
from tests.actions.conftest import Talk


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("字太小看不清", True),
        ("字太小了", True),
        ("字忒小，瞅不见", True),
        ("大字版", True),
        ("给我换成大字", True),
        ("字大点", True),
        ("字能不能再大一点？", True),
        ("字调大点嘛", True),
        ("看不清字", True),
        ("瞅不真亮，整大点儿", True),
        ("换回小字", False),
        ("字太大了", False),
        ("字小点", False),
        ("不要大字了", False),
        ("普通版", False),
        ("公告栏的字太小看不清", None),
        ("药的说明书字太小", None),
        ("声音大一点", None),
        ("馒头整大点儿", None),
        ("大字不识一个", None),
        ("他写的字太小", None),
        ("楼道灯坏了", None),
        ("这字据怎么写", None),
        ("", None),
    ],
)
def test_letters(text: str, wish: bool | None) -> None:
    assert accessible.wish(text) is wish


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("我不会打字", "access_typing"),
        ("打字太慢了", "access_typing"),
        ("我不识字", "access_typing"),
        ("能不能发语音", "access_typing"),
        ("我眼睛看不见", "access_blind"),
        ("我是盲人", "access_blind"),
        ("用读屏能办吗", "access_blind"),
        ("我耳朵背听不见", "access_deaf"),
        ("有手语吗", "access_sign"),
        ("轮椅进不去门", "access_door"),
        ("眼睛突然看不见了", None),
        ("盲人有啥补贴", None),
        ("路灯坏了看不见路", None),
        ("楼上吵得我听不见电视", None),
        ("别打电话我听不见", None),
        ("手语课在哪报名", None),
        ("3号楼没有坡道", None),
        ("孩子不会打字", None),
    ],
)
def test_needs(text: str, key: str | None) -> None:
    found = accessible.need(text)
    assert (found["text"] if found else None) == key


def test_every_need_has_its_words() -> None:
    assert {need["text"] for need in load(accessible.DATA)["needs"]} <= catalogue().keys()


@pytest.mark.parametrize(
    ("text", "elder", "channel", "words"),
    [
        ("字大点", False, "web", "字放大了"),
        ("字大点", True, "web", "字已经大了"),
        ("换回小字", True, "web", "换回平常的字"),
        ("换回小字", False, "web", "现在就是平常的字"),
        ("字大点", False, "wechat", "设置→通用→字体大小"),
        ("换回小字", True, "wechat", "换回平常的说法"),
    ],
)
async def test_the_letters_are_switched_where_one_talks(
    talk: Talk, text: str, elder: bool, channel: str, words: str
) -> None:
    """In WeChat nothing grows: it says where WeChat itself has the size of its letters."""
    there = {"elder": elder, "channel": channel}
    await talk.hear(text, "ask_accessibility", metadata=there).run(accessible.ACTION)
    assert words in talk.text
    assert talk.cards == [{"type": "reading", "elder": text == "字大点"}]


async def test_whatever_a_classifier_takes_them_for(talk: Talk) -> None:
    await talk.hear("字大点", "make_suggestion").run("action_suggest")
    assert talk.followup == accessible.ACTION


async def test_in_a_form_the_question_comes_again_in_the_new_way(talk: Talk) -> None:
    talk.loop = "report_form"
    await talk.hear("字太小了", "inform", metadata={"elder": False}).run("validate_report_form")
    assert talk.followup == accessible.ACTION
