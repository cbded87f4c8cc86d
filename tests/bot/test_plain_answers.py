"""Facts without a request, and words without a meaning."""

from datetime import datetime

import pytest

from bot.understanding.emergency import judge
from bot.understanding.extract import extract_all, load_knowledge
from bot.understanding.plain_answers import plain_intent, says_nothing
from bot.understanding.signs import see

NOW = datetime(2026, 11, 24, 10)


def plain(text: str) -> str | None:
    return plain_intent(text, extract_all(text, NOW, load_knowledge()))


@pytest.mark.parametrize(
    "text",
    ["幸福小区3号楼2单元", "后天上午", "两份", "13812345678", "电话13812345678", "我姓王", "给我妈", "我家住3号楼",
     "明天上午九点，3号楼2单元501", "不对，是5号楼", "说错了，明天上午", "更正一下，是3号楼2单元501"],
)  # fmt: skip
def test_facts_add_to_something_said_before(text: str) -> None:
    assert plain(text) == "supplement_ticket"


@pytest.mark.parametrize(
    ("text", "intent"),
    [("中午饭", "book_meal"), ("少盐", "book_meal"), ("两份午饭", "book_meal")],
)  # fmt: skip
def test_some_facts_name_their_request(text: str, intent: str) -> None:
    assert plain(text) == intent


@pytest.mark.parametrize(
    "text",
    [
        "3号楼2单元着火了",
        "后天上午停水吗",
        "我妈晕倒了",
        "给我爸订饭",
        "单身证明",
        "不对，我要投诉",
        "不是明天",
        "",
    ],
)
def test_a_request_is_more_than_facts(text: str) -> None:
    assert plain(text) is None


@pytest.mark.parametrize("text", ["那个那个啥来着", "呃，那个……", "怎么说呢，就是那个"])
def test_hesitation_says_nothing(text: str) -> None:
    assert says_nothing(text)


@pytest.mark.parametrize("text", ["那个灯坏了", "这个咋办", "好", "啥", ""])
def test_a_word_with_a_meaning_is_something(text: str) -> None:
    assert not says_nothing(text)


def test_names_of_places_and_times_are_masked_and_told_as_signs() -> None:
    text = "幸福小区3号楼昨天停水了吗"
    seen = see(text, extract_all(text, NOW, load_knowledge()), judge(text))
    assert seen.masked == "ＡＴ停水了吗"
    assert {"<address>", "<time>", "<question>", "<len2>"} == set(seen.signs)


def test_danger_and_danger_taken_back_are_signs() -> None:
    assert "<alarm-H3>" in see("", [], judge("屋里一股煤气味")).signs
    assert "<excluded>" in see("", [], judge("昨天着火了已经灭了")).signs


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("好", "affirm"),
        ("好。", "affirm"),
        ("OK", "affirm"),
        ("不留", "deny"),
        ("吃了没啊", "chitchat"),
    ],
)
def test_yes_and_no_of_a_few_letters(text: str, intent: str) -> None:
    assert plain(text) == intent
