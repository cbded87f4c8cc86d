"""The one thing more that a kind of report needs: asked once, only when it was not said, never pressed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from actions.dialogue import load
from actions.forms import extra, report
from actions.forms.draft import CONFIRM, SUBMIT, Draft, asking, fill, next_question
from actions.message import Message
from actions.texts import catalogue
from tests.actions.helpers import msg, tap


def told(text: str, leaf: str) -> Draft:
    """Return the report after its first message, with the place and the phone known."""
    values = {"address_text": "3号楼", "place_status": "as_said", "phone": "13800000000"}
    first = fill(report.FORM, Draft("report", "m1", values=values), msg(text, leaf=leaf))
    return asking(first, next_question(report.FORM, first, msg(text, leaf=leaf)))


def answered(draft: Draft, message: Message) -> tuple[Draft, str | None]:
    new = fill(report.FORM, draft, message)
    return new, next_question(report.FORM, new, message)


@pytest.mark.parametrize(
    ("text", "leaf"),
    [
        ("跟楼下邻居吵起来了", "J1"), ("老板不给我发工资", "J6"), ("买的东西是坏的", "J7"),
        ("暖气不热", "H4"), ("物业乱收费", "G5"),
    ],
)  # fmt: skip
def test_it_is_asked_once_and_left_open_by_a_word(text: str, leaf: str) -> None:
    draft = told(text, leaf)
    assert draft.asked == extra.FIELD and extra.key(draft) in catalogue()
    for words in ("不知道", "说不清", "跳过"):
        new, question = answered(draft, msg(words, "deny", id="m2"))
        assert question == CONFIRM and new.get("narrative") == text
    assert answered(draft, tap("deny"))[1] == CONFIRM
    early, _ = answered(draft, msg("先报上吧", id="m2"))
    assert early.outcome == SUBMIT and early.get("incomplete") is False


@pytest.mark.parametrize(
    ("text", "leaf"),
    [
        ("跟楼下邻居吵起来了，他还动手了", "J1"), ("老板拖欠我三万块工资", "J6"),
        ("超市买的肉是坏的", "J7"), ("暖气不热，才十五度", "H4"), ("暖气片漏水", "H4"),
        ("物业乱收费，找过物业他不理", "G5"), ("楼道灯坏了", "H6"),
    ],
)  # fmt: skip
def test_what_was_said_is_not_asked(text: str, leaf: str) -> None:
    assert told(text, leaf).asked == CONFIRM


@pytest.mark.parametrize(
    ("text", "leaf", "words", "intent", "kept"),
    [
        ("跟邻居吵起来了", "J1", "没有", "deny", "没动过手"),
        ("跟邻居吵起来了", "J1", "动了，把我胳膊拧了", "affirm", "动了，把我胳膊拧了"),
        ("跟邻居吵起来了", "J1", "对", "affirm", "动过手"),
        ("物业乱收费", "G5", "还没有", "deny", "还没跟物业说过"),
        ("老板不给我发工资", "J6", "宏达建筑，欠我两万", "chitchat", "宏达建筑，欠我两万"),
        ("暖气不热", "H4", "也就十四五度", "report_problem", "也就十四五度"),
    ],
)  # fmt: skip
def test_an_answer_goes_into_the_story(
    text: str, leaf: str, words: str, intent: str, kept: str
) -> None:
    new, question = answered(told(text, leaf), msg(words, intent, id="m2"))
    assert question == CONFIRM
    assert report.to_ticket(new, msg(), "c1")["narrative"] == f"{text}\n{kept}"


def test_who_was_asked_for_a_phone_is_asked_nothing_more() -> None:
    draft = replace(told("跟邻居吵起来了", "J1"), asked="contact", asks={"contact": 1})
    assert answered(draft, msg("不留", "deny", id="m2"))[1] == CONFIRM


def test_every_question_has_words() -> None:
    for rule in load("extra")["leaves"].values():
        assert f"ask_extra_{rule['key']}" in catalogue()
