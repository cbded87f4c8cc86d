"""Single misreadings in the talk: whom it is for, where, when, and what short words answer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from actions.forms import place, report
from actions.forms.draft import CONFIRM, SUBMIT, Draft, fill
from actions.knowledge import follow_ups
from actions.talk import heard
from actions.tickets import own
from actions.tickets.amending import says
from actions.tickets.callback import read_score, read_solved
from tests.actions.helpers import NOW, msg


def said(text: str, id: str, relation: tuple[str, str] | None = None) -> dict[str, Any]:
    """Return the event of a typed message."""
    entities = []
    if relation:
        words, value = relation
        start = text.index(words)
        entities = [
            {"entity": "relation", "value": value, "text": words, "start": start, "end": start + len(words)}
        ]  # fmt: skip
    return {
        "event": "user",
        "text": text,
        "message_id": id,
        "metadata": {"now": NOW.isoformat()},
        "parse_data": {"text": text, "intent": {"name": "chitchat"}, "entities": entities},
    }


MOTHER = said("我妈腿不好，下不了楼", "m1", ("我妈", "mother"))


@pytest.mark.parametrize(
    ("form", "text", "subject"),
    [
        ("meal", "给她订个饭", "mother"),
        ("meal", "明天中午订一份", "mother"),
        ("errand", "找人代办", "mother"),
        ("report", "给她屋里修修灯", "mother"),
        ("report", "楼道灯也坏了", None),
        ("meal", "我也要订一份", None),
        ("meal", "给我订个饭", None),
    ],
)
def test_the_person_said_before_is_whom_it_is_for(
    form: str, text: str, subject: str | None
) -> None:
    brought = heard.recall([MOTHER, said(text, "m2")], Draft(form, "m2"), msg(text, id="m2"))
    assert brought.get("subject") == subject


def test_another_person_replaces_the_one_said_before() -> None:
    father = said("那我爸呢", "m2", ("我爸", "father"))
    events = [MOTHER, father, said("给他订个饭", "m3")]
    brought = heard.recall(events, Draft("meal", "m3"), msg("给他订个饭", id="m3"))
    assert brought["subject"] == "father"


def lamp(*texts: tuple[str, dict[str, Any]]) -> Draft:
    """Return the report of a street lamp after the messages, each with its address."""
    draft: Draft | None = None
    for number, (text, value) in enumerate(texts):
        ents = {"address": (text, value)} if value else {}
        draft = fill(report.FORM, draft, msg(text, leaf="I3", id=f"m{number}", ents=ents))
        if draft.get("address"):
            draft = place.resolved(draft, {"status": "unknown", "missing": ["compound"]})
        draft = replace(draft, asked="place")
    assert draft is not None
    return draft


def test_a_road_is_enough_for_a_street_lamp_and_a_shop_is_not() -> None:
    assert place.complete(lamp(("路灯坏了", {}), ("人民路", {"place": "人民路"})), building=False)
    shop = lamp(("路灯坏了", {}), ("小卖部对面", {"place": "小卖部对面"}))
    assert not place.complete(shop, building=False)


def test_pieces_of_a_place_are_put_together_with_the_road_first() -> None:
    road, shop = ("人民路", {"place": "人民路"}), ("小卖部对面", {"place": "小卖部对面"})
    for pieces in ((road, shop), (shop, road)):
        assert lamp(("路灯坏了", {}), *pieces).get("address") == {"place": "人民路小卖部对面"}


@pytest.mark.parametrize(
    ("text", "leaf"), [("302门口那盏灯不亮", "H6"), ("302门口的路灯不亮", "I3")]
)
def test_a_lamp_at_a_door_hangs_inside_unless_it_is_named_a_street_lamp(
    text: str, leaf: str
) -> None:
    where = {"room": "302", "place": "门口"}
    message = msg(text, leaf="I3", ents={"address": ("302门口", where)})
    assert fill(report.FORM, None, message).get("leaf") == leaf


@pytest.mark.parametrize(
    ("text", "outcome"), [("赶紧的", SUBMIT), ("别废话快点派人", SUBMIT), ("快点，是5号楼", None)]
)
def test_impatience_over_the_summary_agrees_with_it(text: str, outcome: str | None) -> None:
    draft = fill(report.FORM, None, msg("楼道灯坏了", leaf="H6"))
    draft = replace(draft, asked=CONFIRM)
    assert fill(report.FORM, draft, msg(text, id="m2")).outcome == outcome


def test_an_hour_that_comes_every_day_is_not_the_one_of_today() -> None:
    hour = {"start": "2026-11-24T06:00", "end": "2026-11-24T06:00"}
    message = msg("楼上天天早上六点剁肉", leaf="I2", ents={"time": ("六点", hour)})
    draft = fill(report.FORM, None, message)
    assert (draft.get("occurred"), draft.get("occurred_text")) == (None, "天天早上六点")
    assert ("什么时候", "天天早上六点") in report.summary(draft, message)


def test_hours_told_of_what_goes_on_every_day_are_no_moment() -> None:
    night = {"start": "2026-11-24T20:00", "end": "2026-11-25T01:00", "part": "eve"}
    draft = fill(report.FORM, None, msg("楼下烧烤店天天冒烟", leaf="I11"))
    hours = msg("晚上八点到一点", id="m2", ents={"time": ("晚上八点到一点", night)})
    draft = fill(report.FORM, draft, hours)
    assert (draft.get("occurred"), draft.get("occurred_text")) == (None, "晚上八点到一点")


def test_a_habit_is_read_back_as_it_was_said() -> None:
    habit = {"recur": "daily", "part": "eve"}
    message = msg("每天晚上十一点蹦迪", leaf="I2", ents={"time": ("每天晚上十一点", habit)})
    summary = report.summary(fill(report.FORM, None, message), message)
    assert ("什么时候", "每天晚上十一点") in summary


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("能上门办吗", "visit"), ("我妈走不动道能上门评不", "visit"), ("能来家里办吗", "visit"),
        ("你给我办呗", "proxy"), ("那要多少钱", "fee"), ("贵不贵嘛", "fee"), ("修这个收费不", "fee"), ("自己掏钱不", "fee"),
        ("我眼睛不好手机不会弄", "visit"), ("我户口不在这儿能办不", "who"), ("照片要几寸的", "materials"), ("我们老两口没智能手机", "visit"), ("扫码我不会咋整", "visit"),
    ],
)  # fmt: skip
def test_short_questions_after_a_card(text: str, part: str) -> None:
    assert follow_ups.part_of(msg(text, "ask_service")) == part


def test_the_same_for_another_person_asks_who_may_have_it() -> None:
    asked = msg("那我爸呢", "ask_service", ents={"relation": ("我爸", "father")})
    assert follow_ups.part_of(asked) == "who"
    told = msg("我爸八十了", "ask_service", ents={"relation": ("我爸", "father")})
    assert follow_ups.part_of(told) is None


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("多久能好", True), ("啥时候能整完", True), ("好久能来人嘛", True), ("师傅啥时候来修", True),
        ("得多咱能修上啊", True), ("那啥时候能收啊", True), ("垃圾几点来拉", True), ("师傅几点到", True),
        ("啥时候来水", False), ("什么时候发电费单", False), ("啥时候开饭", False), ("几点开门", False),
    ],
)  # fmt: skip
def test_when_will_it_be_done(text: str, fits: bool) -> None:
    assert says("done_when", text) is fits


@pytest.mark.parametrize(
    ("text", "intent", "solved"),
    [
        ("这回好了", "goodbye", True), ("整好了，亮堂了", "report_problem", True),
        ("好是好了，就是慢", "rate_service", True), ("巴适得很", "give_praise", True),
        ("没整利索", "query_progress", False), ("还是老样子", "reject_resolution", False),
        ("人倒是来了，瞅了一眼就走了", "urge_ticket", False),
        ("比以前亮，可还是一闪一闪的", "report_problem", False),
    ],
)  # fmt: skip
def test_answers_to_solved_whatever_they_were_taken_for(
    text: str, intent: str, solved: bool
) -> None:
    pending = {"stage": "solved", "ticket_no": "SQ-1", "fresh": True}
    message = msg(text, intent, pending_callback=pending)
    assert own.meant(message, "action_out_of_scope") == own.CALLBACK
    assert read_solved(message) is solved
    assert read_score(message) in (None, 5)
