"""Separate consent in forms: asked where something sensitive was told, once, and kept only after a yes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from actions.forms import booking, booking_summary, consent, meal
from actions.forms.draft import CHANGE, CONFIRM, SUBMIT, Draft, Form, asking, fill, next_question
from actions.message import Message
from tests.actions.helpers import msg, tap

TOMORROW = ("明天", {"start": "2026-11-25", "end": "2026-11-25"})
MEAL = {"time": TOMORROW, "meal": ("中午", "lunch"), "count": ("一份", 1)}


def step(form: Form, draft: Draft | None, message: Message) -> tuple[Draft, str | None]:
    draft = fill(form, draft, message)
    question = next_question(form, draft, message)
    return asking(draft, question), question


def order(diet: dict[str, str], words: str = "", **more: Any) -> Message:
    text = "明天中午订一份自取" + "".join(diet) + words
    return msg(text, "book_meal", ents={**MEAL, "diet": [*diet.items()]}, **more)


def test_a_diet_that_tells_no_illness_is_not_asked_about() -> None:
    draft, question = step(meal.FORM, None, order({"少盐": "low_salt", "软和点": "soft"}))
    assert question == CONFIRM
    body = meal.to_ticket(draft, "c1")
    assert body["appointment"]["diet"] == ["low_salt", "soft"] and "consents" not in body


def asked() -> Draft:
    """An order for mother of which a part is sensitive, over its summary."""
    said = order({"糖尿病餐": "diabetic", "少盐": "low_salt"}, "，给我妈")
    relation = replace(said.entities[0], type="relation", value="mother", text="我妈")
    draft, question = step(meal.FORM, None, replace(said, entities=(*said.entities, relation)))
    lines = dict(meal.summary(draft, msg()))
    assert question == CONFIRM and consent.words(draft) == "糖尿病餐"
    assert "糖尿病餐" in lines["忌口"] and "这回办完就清除" in lines["记不记"]
    return draft


GIVEN = [{
    "purpose": "meal_diet", "answer": "given", "said_by": "proxy", "relation": "mother", "version": "2026-11.1",
}]  # fmt: skip


@pytest.mark.parametrize("answer", [
    tap("affirm", about="consent:given"), msg("对，也记下", "affirm", id="m2"), msg("行，都记上", "chitchat", id="m2"),
])  # fmt: skip
def test_one_answer_over_the_summary_agrees_to_the_order_and_to_that(answer: Message) -> None:
    draft = fill(meal.FORM, asked(), answer)
    assert draft.outcome == SUBMIT
    body = meal.to_ticket(draft, "c1")
    assert body["appointment"]["diet"] == ["diabetic", "low_salt"] and body["consents"] == GIVEN


@pytest.mark.parametrize("yes", ["对", "没错", "提交吧"])
def test_a_plain_yes_files_it_for_this_order_alone(yes: str) -> None:
    draft = fill(meal.FORM, asked(), msg(yes, "affirm", id="m2"))
    assert draft.outcome == SUBMIT
    body = meal.to_ticket(draft, "c1")
    assert body["appointment"]["diet"] == ["diabetic", "low_salt"]
    assert body["consents"] == [{**GIVEN[0], "answer": "once"}]


@pytest.mark.parametrize("answer", [
    tap("deny", about="consent:refused"), msg("对，这个别记", "affirm", id="m2"), msg("行，糖尿病不记", "deny", id="m2"),
])  # fmt: skip
def test_a_no_goes_on_without_it_and_without_the_words_that_told_it(answer: Message) -> None:
    draft = fill(meal.FORM, asked(), answer)
    assert draft.outcome == SUBMIT
    body = meal.to_ticket(draft, "c1")
    assert body["appointment"]["diet"] == ["low_salt"] and "糖尿病" not in str(body)
    assert body["consents"] == [{**GIVEN[0], "answer": "refused"}]


def test_who_only_says_not_to_keep_it_sees_the_summary_without() -> None:
    draft, question = step(meal.FORM, asked(), msg("别记糖尿病", "deny", id="m2"))
    lines = dict(meal.summary(draft, msg()))
    assert question == CONFIRM and "糖尿病" not in str(lines) and "当面跟食堂说" in lines["不记的"]
    draft, question = step(meal.FORM, asked(), msg("不用记电话", "deny", id="m2"))
    assert question in (CONFIRM, CHANGE) and draft.get("consent") is None


def test_a_guardian_who_does_not_answer_has_not_agreed() -> None:
    told = {
        "leaf": "F3",
        "subject": "grandson",
        "date": "2026-11-30",
        "phone": "13512345678",
        "narrative": "报托管",
    }
    draft = Draft("booking", "m1", asked=CONFIRM, values=told)
    draft, question = step(booking.FORM, draft, msg("对", "affirm", id="m2"))
    assert question == consent.FIELD and draft.outcome is None
    times = 0
    while question == consent.FIELD:
        times += 1
        draft, question = step(booking.FORM, draft, msg("外头下雨了呢", "chitchat", id=f"w{times}"))
    assert times == 2
    assert "subject" not in booking_summary.to_ticket(draft, "c1")


def test_what_stands_is_not_asked_again_of_the_same_person() -> None:
    said = order({"清真": "halal"})
    mine = replace(said, resident=replace(said.resident, consents=("meal_diet:",)))
    draft, question = step(meal.FORM, None, mine)
    assert question == CONFIRM and meal.to_ticket(draft, "c1")["appointment"]["diet"] == ["halal"]
    others = replace(said, resident=replace(said.resident, consents=("meal_diet:mother",)))
    draft, _ = step(meal.FORM, None, others)
    assert (
        consent.open_purpose(draft) == "meal_diet" and consent.open_purpose(mine_of(mine)) is None
    )


def mine_of(message: Message) -> Draft:
    return fill(meal.FORM, None, message)


def test_portions_apart_lose_only_what_was_refused() -> None:
    draft = Draft("meal", "m1", values={
        "diet": ["halal", "low_salt"],
        "diets": [{"portions": 1, "diet": ["halal"]}, {"portions": 1, "diet": ["low_salt"]}],
        "consent": {"meal_diet": {"answer": "refused", "said_by": "self"}},
    })  # fmt: skip
    left = consent.kept(draft)
    assert left.get("diets") == [{"portions": 1, "diet": ["low_salt"]}]
    assert left.get("diet") == ["low_salt"]


def test_the_question_that_asks_for_nothing_else_is_itself_the_consent() -> None:
    draft = booking.opened(msg("给我爸约个洗澡的", "book_service"), "C6")
    known = {
        "date": "2026-11-26",
        "part": "am",
        "place": "x",
        "address_text": "x",
        "phone": "13512345678",
    }
    draft = replace(draft, asked="health", values={**draft.values, **known, "kind": "bath"})
    after = fill(booking.FORM, draft, msg("有糖尿病", "chitchat", id="m6"))
    assert consent.open_purpose(after) is None
    assert after.get("consent")["care_health"]["answer"] == "given"


@pytest.mark.parametrize(
    ("health", "asked"), [("糖尿病", True), ("没电梯、要个男的", False), ("没电梯、腿脚不好", True)]
)
def test_stairs_and_whom_to_send_are_nothing_sensitive(health: str, asked: bool) -> None:
    draft = Draft("booking", "m1", values={"leaf": "C6", "health": health})
    assert (consent.open_purpose(draft) is not None) is asked


@pytest.mark.parametrize(("words", "who"), [
    ("我是他妈，同意", "guardian"), ("同意", "guardian"), ("他爸妈让我来报的", "proxy"), ("我是他奶奶，他爸知道", "proxy"),
])  # fmt: skip
def test_of_a_child_it_is_the_guardians(words: str, who: str) -> None:
    draft = Draft("booking", "m1", asked="consent", values={"leaf": "F3", "subject": "grandson"})
    after = fill(booking.FORM, draft, msg(words, "chitchat", id="m2"))
    assert after.get("consent") == {"child": {"answer": "given", "said_by": who}}


def test_without_a_guardians_yes_nothing_of_the_child_is_kept() -> None:
    draft = Draft("booking", "m1", asked="consent", values={
        "leaf": "F3", "subject": "grandson", "subject_name": "小宝", "narrative": "我孙子八岁，对花生过敏",
    })  # fmt: skip
    after = fill(booking.FORM, draft, msg("不同意", "deny", id="m2"))
    body = booking_summary.to_ticket(after, "c1")
    assert "小宝" not in str(body) and "过敏" not in str(body) and "subject" not in body
    assert body["consents"][0]["answer"] == "refused"
