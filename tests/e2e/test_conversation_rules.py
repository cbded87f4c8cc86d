"""The rules that hold in every conversation: each can be broken, and is not broken by what is right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from tests.conversation_rules import (
    Bubble,
    Exchange,
    asked,
    broken,
    catalogue,
    is_rule,
    questions,
    unsorted,
    words_in_need,
)

TEXTS = catalogue()
PLACE, AGAIN = TEXTS["ask_place_open"][0], TEXTS["ask_place_open_again"][0]
PHONE, NUMBER = TEXTS["ask_contact"][0], TEXTS["ask_contact_number"][0]
SUMMARY = TEXTS["ask_confirm"][0].format(summary="楼道灯", yes="对，提交")
FILED = TEXTS["report_filed"][0].format(
    ticket_no="SQ-261124-00001-2",
    query_code="123456",
    due="12月1日前答复您。",
    owner="由王秀英负责。",
)
WHICH = TEXTS["card_which"][0]
NEED = "我们在，您不是一个人\n谢谢您肯说出来。"


def talk(*turns: tuple[str, str]) -> list[Exchange]:
    """What a resident said and the bot's one bubble, in turn."""
    return [Exchange(said, (Bubble(text),)) for said, text in turns]


def offer(*titles: str) -> list[Exchange]:
    """An answer that asks which of several was meant."""
    return [Exchange("补贴", (Bubble(WHICH, titles),))]


LIGHT = ("楼道灯坏了", PLACE)

BROKEN: Mapping[str, tuple[Sequence[Exchange], bool, str]] = {
    "two questions": (talk(("好", "订哪一顿？要几份？")), False, "2 questions"),
    "two things without a mark": (
        talk(("好", NUMBER + "订哪一顿？")),
        False,
        "asks for contact and meal",
    ),
    "four choices": (offer("低保", "低保边缘", "特困", "临时救助"), False, "4 choices"),
    "a button beside who wants to die": (
        [Exchange("不想活了", (Bubble(NEED), Bubble("报给值班的人了。", ("先不用",))))],
        False,
        "buttons in need: 先不用",
    ),
    "a placeholder": (talk(("好", "由{owner}负责。")), False, "technical text: {owner}"),
    "nothing filled in": (talk(("好", "由None负责。")), False, "technical text: None"),
    "a response's name": (talk(("好", "utter_greet")), False, "technical text: utter_"),
    "an error": (talk(("好", "KeyError: 1")), False, "technical text: KeyError"),
    "English": (talk(("好", "Internal server problem")), False, "English: Internal"),
    "a card of two screens": (talk(("好", "【低保】" + "字" * 542)), False, "a bubble of 546"),
    "a wall of text": (talk(("好", "字" * 325)), False, "a bubble of 325"),
    "too much for large type": (talk(("好", "字" * 170)), True, "a bubble of 170"),
    "many bubbles": (
        [Exchange("好", tuple(Bubble("字" * 300) for _ in range(3)))],
        False,
        "900 characters at once",
    ),
    "many buttons": (
        [Exchange("好", (Bubble("好", tuple("一二三四五六七八九")),))],
        False,
        "9 buttons",
    ),
    "asked after it was answered": (
        talk(LIGHT, ("幸福家园", PHONE), ("不留", PLACE)),
        False,
        "asks again for place",
    ),
    "asked after the summary": (
        talk(LIGHT, ("那边", SUMMARY), ("嗯", PLACE)),
        False,
        "asks again for place",
    ),
    "asked though it was said": (
        talk(("幸福小区3号楼2单元楼道灯坏了", PLACE)),
        False,
        "asks again for place",
    ),
    "a phone asked for though it was said": (
        talk(("我电话13804391234，马桶堵了", PHONE)),
        False,
        "asks again for contact",
    ),
    "the same words twice": (talk(LIGHT, ("啊", PLACE)), False, "asks again for place"),
}

WHOLE: Mapping[str, tuple[Sequence[Exchange], bool]] = {
    "who wants to die, and no button": (talk(("不想活了", NEED)), False),
    "a button behind another card": (
        [Exchange("楼道灯坏了", (Bubble("好。", ("对，提交",)),))],
        False,
    ),
    "one question and a quoted one": (talk(("好", "“几天能修好？”记下了。要几份？")), False),
    "three choices and the way out": (offer("低保", "特困", "临时救助", "都不是", "人工"), False),
    "four buttons that are no choice": (
        [Exchange("好", (Bubble("好", tuple("一二三四")),))],
        False,
    ),
    "a number and an address": (
        talk(("好", "编号 SQ-261124-00001-2 在 /sheets/abcDEF_1 打印")),
        False,
    ),
    "the resident's words in Latin": (
        talk(("my heating", "“my heating is broken”记下了。")),
        False,
    ),
    "English to who writes English": (talk(("hello", "Hello! Tap “人工”.")), False),
    "a card that says all at once": (talk(("好", "【低保】" + "字" * 400)), False),
    "a question of a notice": (
        [Exchange("好", (Bubble("问题解决了吗？", notice=True), Bubble("要几份？")))],
        False,
    ),
    "the open question again in other words": (talk(LIGHT, ("啊", AGAIN)), False),
    "the open question again behind an answer": (
        talk(LIGHT, ("你们几点下班", f"下午5点。\n接着刚才的事：\n{PLACE}")),
        False,
    ),
    "asked anew in the next form": (
        talk(LIGHT, ("那边", SUMMARY), ("对", FILED), ("还有垃圾没人收", PLACE)),
        False,
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_rule_is_named(case: str) -> None:
    exchanges, elder, said = BROKEN[case]
    found = broken(exchanges, elder)
    assert len(found) == 1 and said in found[0], found


@pytest.mark.parametrize("case", WHOLE)
def test_what_is_right_breaks_no_rule(case: str) -> None:
    exchanges, elder = WHOLE[case]
    assert broken(exchanges, elder) == []


def test_an_exception_is_declared_by_its_name() -> None:
    exchanges, elder, _ = BROKEN["asked after it was answered"]
    assert broken(exchanges, elder, {"again contact": "another matter"})
    assert broken(exchanges, elder, {"again place": "another matter"}) == []
    exchanges, elder, _ = BROKEN["two questions"]
    assert broken(exchanges, elder, {"questions": "reviewed so"}) == []
    assert is_rule("screen") and is_rule("again place")
    assert not is_rule("again") and not is_rule("again what") and not is_rule("place")


def test_what_is_asked_for_is_seen_by_the_words() -> None:
    assert asked(PLACE) == ["place"] and asked(PHONE) == ["contact"]
    assert asked("“老粮库”我记下了，是哪个小区（或者哪条街）的？") == ["place"]
    assert asked(SUMMARY) == asked(FILED) == []


def test_the_cards_for_need_are_found_plain_and_for_elder_mode() -> None:
    found = words_in_need()
    assert {"我们在，您不是一个人", "先照顾好自己", "先稳住他，马上打电话"} <= found
    assert {"先打电话，再陪着他", "叫家里人、邻居来陪陪您。"} <= found
    assert all(len(words) > 5 for words in found)


def test_no_standard_text_asks_two_things() -> None:
    many = [key for key, forms in catalogue().items() if any(questions(f) > 1 for f in forms)]
    assert many == []


def test_every_question_is_known_by_what_it_asks_for() -> None:
    assert unsorted() == [], "name it in tests/conversation_rules.yml"
