"""Single misreadings in the talk: whom it is for, when, and what short words answer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from actions.forms import bookable, errand, meal, report
from actions.forms.draft import CONFIRM, SUBMIT, Draft, fill
from actions.knowledge import follow_ups
from actions.talk import heard, manners
from actions.tickets import own
from actions.tickets.amending import says
from actions.tickets.callback import read_score, read_solved
from tests.actions.conftest import Talk
from tests.actions.fake_services import FakeServices
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
        ("我眼睛不好手机不会弄", "visit"), ("我户口不在这儿能办不", "who"), ("照片要几寸的", "materials"), ("那我给他们办要带些啥子", "materials"), ("替我妈领的话要带啥", "materials"), ("他去不了医院咋办", "visit"), ("我屋老汉儿走不得路", "visit"), ("他动不了，在床上瘫着呢", "visit"), ("腿脚不好去不了", "visit"), ("老人住院了来不了咋整", "visit"), ("我们老两口没智能手机", "visit"), ("扫码我不会咋整", "visit"),
        ("那啥子时候开门", "hours"), ("啥时间上班", "hours"), ("哪个时候能去", "hours"),
        ("我爸去不了，他瘫痪了", "proxy"), ("老人下不了楼，瘫痪了", "proxy"), ("她瘫着呢出不了门", "visit"),
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
        ("你们啥时候答复我", True), ("啥时候给我回话", True), ("什么时候给答复呀", True), ("多久能给个准信儿", True), ("几天能给个说法", True), ("好久给我回个话嘛", True),
        ("啥时候给孩子发书", False), ("什么时候给我妈送饭", False),
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


@pytest.mark.parametrize(
    ("text", "counts", "portions"),
    [
        ("来两份午饭，一份不要辣，一份软点", [("两份", 2), ("一份不", 1), ("一份软", 1)], 2),
        ("给我妈一份，给我爸两份", [("一份", 1), ("两份", 2)], 3),
        ("两份，不对，三份", [("两份", 2), ("三份", 3)], 3),
        ("订三份", [("三份", 3)], 3),
    ],
)
def test_portions_told_one_by_one(text: str, counts: list[tuple[str, int]], portions: int) -> None:
    said = msg(text, "book_meal", ents={"count": counts})
    assert fill(meal.FORM, None, said).get("portions") == portions


def test_a_yes_names_none_of_several_matters() -> None:
    opened = fill(report.FORM, None, msg("灯坏了", leaf=("H6", 0.3, [("I3", 0.28)])))
    asked = fill(report.FORM, replace(opened, asked="leaf"), msg("对", "affirm", id="m2"))
    assert opened.get("leaf_options") == ["H6", "I3"] and asked.get("leaf") is None


@pytest.mark.parametrize("text", ["修好了没得嘛", "灯修好了没", "办好了没有", "整完了没"])
def test_whether_it_is_done_asks_how_it_stands(text: str) -> None:
    assert own.meant(msg(text, "chitchat"), "action_chitchat") == own.QUERY


@pytest.mark.parametrize("text", ["能不能帮我取个药", "帮我妈买点药", "替老人拿一下药"])
def test_who_needs_medicine_fetched_books_a_helper(text: str) -> None:
    assert bookable.wished(msg(text, "out_of_scope")) == "C6"


def test_what_to_bring_in_sichuan_words() -> None:
    assert follow_ups.part_of(msg("那要带啥子", "ask_service")) == "materials"


async def test_who_cannot_read_is_helped_and_the_matter_reported(
    talk: Talk, services: FakeServices
) -> None:
    readings = [
        {"intent": "ask_accessibility", "leaf": None, "confidence": 0.6},
        {"intent": "report_problem", "leaf": "H1", "confidence": 0.12},
    ]
    talk.hear("我不识字，别人帮我打的，我屋头没得水了", "ask_accessibility", readings=readings)
    await talk.run("action_accessibility")
    assert talk.followup == "report_form"


@pytest.mark.parametrize("text", ["中，知道了", "好的晓得了", "明白了", "哦，收到了"])
def test_who_has_understood_is_answered_shortly(text: str) -> None:
    assert manners.saying(msg(text, "ask_anonymity")) == "affirm_idle"


@pytest.mark.parametrize("text", ["我知道他家装修的事", "不知道了", "知道是谁干的了"])
def test_what_somebody_knows_is_no_short_answer(text: str) -> None:
    assert manners.saying(msg(text, "report_problem")) is None


async def test_without_an_order_nothing_is_ordered_by_stopping_it(
    talk: Talk, services: FakeServices
) -> None:
    services.tickets = []
    entity = {
        "entity": "time",
        "value": {"start": "2026-12-02", "end": "2026-12-02"},
        "text": "下周三",
    }
    await talk.hear("我妈的饭停到下周三", "book_meal", entities=[entity]).run("validate_meal_form")
    assert talk.followup == "action_supplement"
    await talk.run("action_supplement")
    assert talk.followup == "action_listen" and "订" in talk.text


async def test_too_salty_without_an_order_is_a_complaint(
    talk: Talk, services: FakeServices
) -> None:
    services.tickets = []
    diet = {"entity": "diet", "value": "low_salt", "text": "少放盐"}
    await talk.hear("你们的饭太咸了，下回少放盐", "book_meal", entities=[diet]).run(
        "validate_meal_form"
    )
    assert talk.followup == "action_supplement"
    await talk.run("action_supplement")
    assert talk.followup == "report_form"


async def test_who_wants_no_secrecy_and_names_a_house_reports(
    talk: Talk, services: FakeServices
) -> None:
    house = {"entity": "address", "value": {"building": "5"}, "text": "5号楼"}
    talk.hear("我不要匿名，就说是我说的，5号楼垃圾桶满了", "ask_anonymity", entities=[house])
    await talk.run("action_anonymity")
    assert talk.followup == "report_form"


@pytest.mark.parametrize(
    ("words", "oneself"),
    [
        ("不用代办了，我自己去", True), ("还是我自己去吧", True), ("别麻烦人家了，我自己跑一趟", True),
        ("那我妈自己去", True), ("我自己去不了", False), ("我自己一个人住", False), ("代办", False),
        ("我自己去过一回没办成", False), ("让他自己去问问不行吗", False),
    ],
)  # fmt: skip
def test_who_was_to_send_somebody_goes_oneself_after_all(words: str, oneself: bool) -> None:
    values = {"errand": "proxy", "leaf": "C2", "service": "高龄津贴"}
    draft = Draft("errand", "m0", seen="m0", asked="contact", values=values)
    after = fill(errand.FORM, draft, msg(words, "supplement_ticket"))
    assert after.get("errand") == ("appointment" if oneself else "proxy")


@pytest.mark.parametrize(
    ("words", "wished"),
    [
        ("找人帮我妈办老年证", "proxy"), ("找个人替我办低保", "proxy"), ("老年证找人替我爸办", "proxy"),
        ("找人办老年证要多少钱", None), ("找谁办老年证", None), ("帮我找人", None),
    ],
)  # fmt: skip
def test_somebody_to_do_it_is_wished_for_in_one_sentence(words: str, wished: str | None) -> None:
    assert follow_ups.wish(words) == wished


def test_a_fragment_does_not_change_a_matter_that_was_told() -> None:
    draft = fill(report.FORM, None, msg("马桶堵了", leaf="H7"))
    asked = fill(report.FORM, replace(draft, asked="place"), msg("我自己家的", id="m2", leaf="I8"))
    assert asked.get("leaf") == "H7"
