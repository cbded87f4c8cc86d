"""What is open already: one's own matter again, and the neighbours' to join."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from actions.filing.joining import say_day
from actions.forms import neighbours, report
from actions.forms.draft import SUBMIT, Draft, asking, fill, next_question
from tests.actions.helpers import msg, tap

OWN = {"ticket_no": "SQ-261124-00001-1", "state": "DISPATCHED", "title": "楼道灯不亮"}
OTHERS = {"ticket_no": "SQ-261124-00002-2", "households": 3, "due_text": "12月1日10:05"}
PLACE = {
    "compound_id": "xingfu", "building_id": "xingfu-3", "building": "3", "unit": "2", "label": "3号楼",
}  # fmt: skip


def draft(leaf: str = "H6", **values: Any) -> Draft:
    known = {"narrative": "楼道灯坏了", "leaf": leaf, "place": PLACE, "place_status": "resolved"}
    known["address"] = {"community": "幸福小区", "building": "3", "unit": "2"}  # type: ignore[assignment]
    return Draft("report", "m0", seen="m0", values={**known, **values})


def looked(own: Any = None, others: Any = None, **values: Any) -> Draft:
    found = draft(**values)
    wanted = neighbours.to_check(found)
    assert wanted is not None
    return neighbours.checked(found, wanted, {"own": own, "neighbours": others})


def test_the_question_is_asked_once_per_matter_and_place() -> None:
    first = draft()
    wanted = neighbours.to_check(first)
    assert wanted == {
        "leaf": "H6", "compound_id": "xingfu", "building_id": "xingfu-3", "building": "3", "unit": "2",
    }  # fmt: skip
    seen = neighbours.checked(first, wanted, {"own": None, "neighbours": OTHERS})
    assert neighbours.to_check(seen) is None
    elsewhere = replace(seen, values={**seen.values, "place": {**PLACE, "unit": "3"}})
    assert neighbours.to_check(elsewhere) is not None


@pytest.mark.parametrize(
    ("values", "leaf"),
    [
        ({"leaf": "J6"}, "J6"), ({"leaf": "J8"}, "J8"), ({"leaf": "M11", "about": "window"}, "M11"),
        ({"leaf": "none"}, "none"),
    ],
)  # fmt: skip
def test_what_is_about_a_person_or_an_office_is_looked_for_without_a_spot(
    values: dict[str, Any], leaf: str
) -> None:
    assert neighbours.to_check(draft(**values)) == {"leaf": leaf}
    asked = looked(own=OWN, **values, narrative="楼道灯不亮")
    assert next_question(report.FORM, asked, msg()) == "repeat"


def test_a_matter_without_a_leaf_is_the_same_only_by_its_words() -> None:
    for story, same in (("楼道里的灯不亮了", True), ("滑梯的扶手断了", False)):
        assert bool(looked(own=OWN, leaf=None, narrative=story).get("own_open")) is same, story
    unsure = draft(leaf=None, leaf_options=["H6", "I3"])
    assert neighbours.to_check(unsure) is None, "which one is asked first"


def test_a_heavy_heart_is_not_held_against_an_earlier_one() -> None:
    assert neighbours.to_check(draft(leaf="J5")) is None


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("催一下", "urge"), ("咋还没人来，快点", "urge"), ("补充进去", "add"), ("对，就是那个", "add"),
        ("是", "add"), ("不是一回事", "other"), ("不是", "other"), ("这是另外一盏", "other"),
    ],
)  # fmt: skip
def test_the_same_matter_again(text: str, kind: str) -> None:
    asked = asking(looked(own=OWN), "repeat")
    assert next_question(report.FORM, looked(own=OWN), msg()) == "repeat"
    answered = neighbours.settled(fill(report.FORM, asked, msg(text, "chitchat", id="m2")))
    assert answered.get("repeat") == kind
    assert (answered.outcome == SUBMIT) is (kind != "other")


@pytest.mark.parametrize(
    ("text", "joins"),
    [
        ("加上我", True), ("行", True), ("要得，算我一个", True), ("中，一起报", True),
        ("不用，我自己报", False), ("不用加", False), ("单独报", False), ("不", False),
    ],
)  # fmt: skip
def test_joining_the_neighbours(text: str, joins: bool) -> None:
    asked = asking(looked(others=OTHERS), "join")
    assert next_question(report.FORM, looked(others=OTHERS), msg()) == "join"
    answered = neighbours.settled(fill(report.FORM, asked, msg(text, "chitchat", id="m2")))
    assert answered.get("join") is joins
    assert (answered.outcome == SUBMIT) is joins
    assert ("join" in report.to_ticket(answered, msg(), "c1")) is joins


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("加我一个", True), ("也算我一份", True), ("把我家也算上吧", True), ("俺也报一个", True),
        ("跟邻居一起报", True), ("我跟他们一块儿吧", True), ("加上我吧行不行", True),
        ("那把我添上", True), ("加个灯", False), ("给我写上", False), ("把我家的灯写上", False),
        ("我报", False), ("我家也坏了", False),
    ],
)  # fmt: skip
def test_counted_in_after_all_over_the_summary(text: str, counts: bool) -> None:
    shown = asking(looked(others=OTHERS), "confirm")
    alone = replace(shown, values={**shown.values, "join": False})
    answered = neighbours.settled(fill(report.FORM, alone, msg(text, "chitchat", id="m2")))
    assert (answered.outcome == SUBMIT) is counts
    assert ("join" in report.to_ticket(answered, msg(), "c1")) is counts
    nobody = asking(looked(), "confirm")
    answered = neighbours.settled(fill(report.FORM, nobody, msg(text, "chitchat", id="m2")))
    assert not answered.get("join"), "there is nobody to be added to"
    if counts:
        assert answered.get("narrative") == nobody.get("narrative"), "it is no part of the story"
        assert answered.outcome is None


def test_who_stays_unknown_is_not_counted_in() -> None:
    shown = asking(looked(others=OTHERS, confidential=True), "confirm")
    assert not fill(report.FORM, shown, msg("加我一个", "chitchat", id="m2")).get("join")


def test_buttons_say_the_same() -> None:
    asked = asking(looked(own=OWN), "repeat")
    assert fill(report.FORM, asked, tap("affirm", about="same:urge")).get("repeat") == "urge"
    joined = fill(
        report.FORM, asking(looked(others=OTHERS), "join"), tap("affirm", about="join:yes")
    )
    assert report.to_ticket(joined, msg(), "c1")["join"] == OTHERS["ticket_no"]


def test_who_stays_unknown_is_not_asked_to_join() -> None:
    assert next_question(report.FORM, looked(others=OTHERS, confidential=True), msg()) != "join"


def test_another_open_ticket_is_another_question() -> None:
    answered = replace(looked(own=OWN), values={**looked(own=OWN).values, "repeat": "other"})
    moved = neighbours.checked(answered, {"leaf": "H5"}, {"own": {**OWN, "ticket_no": "SQ-2"}})
    assert moved.get("repeat") is None


def test_a_day_in_words() -> None:
    assert say_day("2026-11-24T10:05:00+08:00") == "11月24日" and say_day("") == ""


@pytest.mark.parametrize(
    ("leaf", "words", "others"),
    [
        ("I2", "楼上那狗又叫唤一晚上", ("I9",)), ("I9", "那狗天天叫", ("I2",)), ("I2", "楼上放音响", ()),
        ("H1", "家里又滴答水了", ("H4", "H7", "H8")), ("I6", "消防通道又让车堵了", ("I5",)), ("H5", "电梯停了", ()),
    ],
)  # fmt: skip
def test_the_same_thing_may_have_been_told_under_a_kindred_matter(
    leaf: str, words: str, others: tuple[str, ...]
) -> None:
    assert neighbours.kindred(draft(narrative=words), {"leaf": leaf, "building": "3"}) == others


def test_another_lamp_and_one_more_thing_are_no_kindred_matter() -> None:
    spot = draft(narrative="小区门口的路灯不亮")
    assert neighbours.kindred(spot, {"leaf": "I3"}) == (), "a spot without a house is another place"
    more = draft(narrative="路灯也不亮")
    assert neighbours.kindred(more, {"leaf": "I3", "building": "3"}) == ()


def test_a_story_of_several_matters_is_the_one_that_is_open_already() -> None:
    told = draft(leaf="", narrative="楼上又闹了", leaf_options=["I12", "I2", "J5"])
    assert neighbours.doubtful(told) == ("I12", "I2"), "a heavy heart is never held against anybody"
    known = neighbours.known_before(told, "I2", OWN)
    assert known.get("leaf") == "I2" and not neighbours.doubtful(known)
    assert next_question(report.FORM, known, msg()) == "repeat"


def test_a_meal_complained_of_twice_is_asked_after() -> None:
    assert neighbours.to_check(draft(leaf="C1", narrative="食堂的饭还是咸")) is not None


@pytest.mark.parametrize(
    ("words", "repeat"),
    [
        ("还有晚上八点以后家里才有人", "add"), ("让他们带个梯子来", "add"), ("不是一回事", "other"), ("催一下", "urge"),
        ("另外还有个事", None),
    ],
)  # fmt: skip
def test_more_of_the_open_matter_told_instead_of_a_yes_is_added(
    words: str, repeat: str | None
) -> None:
    asked = Draft(
        "report", "m0", seen="m0", asked="repeat",
        values={"narrative": "灯不亮", "leaf": "H6", "own_open": {"ticket_no": "SQ-1"}},
    )  # fmt: skip
    after = fill(report.FORM, asked, msg(words, "supplement_ticket", id="m2"))
    assert after.get("repeat") == repeat
    assert repeat != "add" or words in str(after.get("narrative"))
