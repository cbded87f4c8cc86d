"""A form left in another channel: what counts as the answer, and what goes on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from actions.forms import report
from actions.forms.draft import CONFIRM, fill, next_question
from actions.talk import drafts
from actions.talk.requests import as_later, restored
from tests.actions.conftest import Talk
from tests.actions.helpers import msg, tap

LEFT = {"id": "d_1", "fresh": True, "buttons": []}
LAMP = "楼道灯坏了三天了，我妈不敢下楼"


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("好", True), ("接着说", True), ("好，接着说吧", True), ("继续办", True), ("要的", True),
        ("不用了", False), ("算了", False), ("先不说了", False), ("不", False), ("不用接着办了", False),
        ("你们几点下班", None), ("不亮了", None), ("接着又坏了", None), ("继续漏水", None),
    ],
)  # fmt: skip
def test_what_answers_the_question(words: str, meant: bool | None) -> None:
    message = msg(words, "query_progress", left=LEFT)
    assert drafts.answer(message) is meant
    assert drafts.which(message) == (None if meant is None else "d_1")


def test_an_answer_long_after_the_question_is_about_something_else() -> None:
    assert drafts.which(msg("好", "affirm", left={**LEFT, "fresh": False})) is None
    assert drafts.which(msg("好", "affirm")) is None


def test_a_tap_names_the_form_whenever_it_comes() -> None:
    assert drafts.which(tap("affirm", about="draft:d_2")) == "d_2"
    assert drafts.which(tap("affirm", about="offer:m1")) is None


def kept(**values: Any) -> dict[str, Any]:
    """What the services keep of a report that was begun elsewhere."""
    draft = fill(report.FORM, None, msg(LAMP, leaf="H6", id="m7"))
    draft = replace(draft, asked="place", values={**draft.values, **values}, skipped=("contact",))
    return {**draft.to_slot(), "conversation_id": "c_web"}


def test_everything_said_goes_on_and_the_yes_is_no_answer() -> None:
    yes = msg("好", "affirm", id="m9")
    draft = drafts.brought(kept(), yes)
    assert draft.get("narrative") == LAMP and draft.skipped == ("contact",)
    assert fill(report.FORM, draft, yes) == draft
    assert next_question(report.FORM, draft, yes) == "place"
    here = msg("幸福小区3号楼2单元", id="m10", ents={"address": ("幸福小区3号楼2单元", {
        "community": "幸福小区", "building": "3", "unit": "2"})})  # fmt: skip
    told = fill(report.FORM, replace(draft, asked="place"), here)
    assert LAMP in told.get("narrative")
    told = replace(told, values={**told.values, "place_status": "resolved"}, asked=None)
    assert next_question(report.FORM, told, here) == CONFIRM


def test_what_was_looked_up_days_ago_is_not_believed() -> None:
    draft = drafts.brought(kept(own_open={"ticket_no": "SQ-1"}), msg("好"))
    assert draft.get("own_open") is None and draft.get("narrative") == LAMP


def test_what_waits_behind_the_form_comes_along_with_its_words_and_the_place() -> None:
    meal = as_later(msg("再订明天中午的饭", "book_meal", id="m8", ents={"meal": ("中午", "lunch")}))
    there = as_later(msg("绿园小区垃圾没人收", id="m9", leaf="I1", ents={
        "address": ("绿园小区", {"community": "绿园小区"})}))  # fmt: skip
    address = {"community": "幸福小区", "building": "3"}
    here = drafts.brought(
        kept(later=[meal, there], address=address, address_text="幸福小区3号楼"), msg("好", id="n1")
    )
    first, second = (restored(msg("好", "affirm", id="n5"), w) for w in here.get("later"))
    assert (first.text, first.said_in, first.about) == ("再订明天中午的饭", "m8", None)
    assert first.last("meal").value == "lunch" and first.last("address").value == address
    assert [e.value for e in second.all("address")] == [{"community": "绿园小区"}]


async def test_what_was_told_in_another_conversation_is_taken_up_here(talk: Talk) -> None:
    """The offer itself holds the words: neither a tap nor a plain yes finds the message here."""
    waits = as_later(msg("楼下垃圾也没人收", id="m8#1", leaf="I1"))
    offer = {"id": "n4", "follow": "report_form", "about": "m8#1", "intent": "report_problem",
             "leaf": "I1", "kept": waits, "rest": []}  # fmt: skip
    for said, parsed in (
        ('/report_problem{"service":"I1","about":"m:m8#1"}', {"entities": [
            {"entity": "service", "value": "I1"}, {"entity": "about", "value": "m:m8#1"}]}),
        ("好", {}),
    ):  # fmt: skip
        talk.slots["offer"] = {**offer, "taken": "n5"} if said == "好" else offer
        talk.hear(said, "affirm" if said == "好" else "report_problem", id="n5", **parsed)
        await talk.run("validate_report_form")
        assert talk.slots["draft"]["values"]["narrative"] == "楼下垃圾也没人收"
        assert talk.slots["draft"]["values"]["leaf"] == "I1"
        talk.slots["draft"], talk.loop = None, None


async def test_in_its_own_conversation_what_waits_is_read_from_the_message(talk: Talk) -> None:
    """What is kept beside it is only for elsewhere: here the message is there, with all it said."""
    talk.hear("楼下垃圾没人收", "report_problem", id="m1", entities=[
        {"entity": "service", "value": "I1"}])  # fmt: skip
    kept_words = {"id": "m1", "text": "别的话", "intent": "report_problem", "leaf": "I1"}
    talk.slots["offer"] = {"id": "m2", "follow": "report_form", "about": "m1", "taken": "m3",
                           "intent": "report_problem", "leaf": "I1", "kept": kept_words}  # fmt: skip
    talk.hear("好", "affirm", id="m3")
    await talk.run("validate_report_form")
    assert talk.slots["draft"]["values"]["narrative"] == "楼下垃圾没人收"


def test_a_filing_that_was_tried_where_it_began_is_not_done_twice() -> None:
    draft = drafts.brought(kept(), msg("好", id="m9"))
    assert draft.key == "c_web:m7"
    again = drafts.brought({**draft.to_slot(), "conversation_id": "c_wechat"}, msg("好", id="m20"))
    assert again.key == "c_web:m7" and again.round == "m20"
