"""The booking form as tables: what is read, what is asked, what stands on the ticket."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from actions.dialogue import load
from actions.forms import bookable, booking, booking_summary, booking_times, place
from actions.forms.draft import CONFIRM, DROP, Draft, asking, fill, next_question
from actions.knowledge import leaves
from actions.message import Message
from tests.actions.helpers import msg, tap

HOME = (
    "幸福小区3号楼2单元501",
    {"community": "幸福小区", "building": "3", "unit": "2", "room": "501"},
)
PHONE = ("13512345678", "13512345678")
TOMORROW_9 = (
    "明天上午九点",
    {"start": "2026-11-25T09:00", "end": "2026-11-25T09:00", "part": "am"},
)
SUNDAY = ("礼拜天", {"start": "2026-11-29", "end": "2026-11-29"})
OPTIONS: dict[str, Any] = {
    "provider": "服务站", "hours": "周一到周六", "parts": ["am", "pm"], "open": True, "reason": None,
    "next_open": None,
    "venues": [
        {"id": "meeting", "name": "会议室", "aliases": ["开会"], "seats": 40},
        {"id": "table_tennis", "name": "乒乓球室", "aliases": ["乒乓"], "seats": 12},
    ],
    "courses": [{"id": "calligraphy", "name": "书法班", "aliases": ["书法"], "schedule": "每周三 14:00"}],
}  # fmt: skip


def step(draft: Draft | None, message: Message, **options: Any) -> tuple[Draft, str | None]:
    """Read a message, take in what the locality says, and return the draft with what is asked."""
    if draft is None:
        leaf = bookable.leaf_of(message)
        assert leaf is not None
        draft = booking.opened(message, leaf)
    draft = booking.declined(fill(booking.FORM, draft, message), message)
    if booking_times.to_check(draft):
        draft = booking.checked(draft, {**OPTIONS, **options})
    draft = booking.named(draft)
    if place.to_resolve(draft):
        found = {
            "building": "3",
            "unit": "2",
            "compound": "幸福小区",
            "label": "幸福小区3号楼2单元",
        }
        draft = place.resolved(draft, {"status": "resolved", "missing": [], "candidates": [found]})
    question = next_question(booking.FORM, draft, message)
    return asking(draft, question), question


def book(text: str, leaf: str | None = None, **more: Any) -> Message:
    return msg(text, "book_service", leaf=leaf, **more)


def test_everything_in_one_message_is_confirmed_at_once() -> None:
    ents = {"time": TOMORROW_9, "relation": ("我妈", "mother"), "address": HOME, "phone": PHONE}
    text = "明天上午九点来个人帮我妈擦玻璃，幸福小区3号楼2单元501，13512345678"
    draft, question = step(None, book(text, "C6", ents=ents))
    assert question == CONFIRM
    lines = dict(booking_summary.summary(draft, msg()))
    assert lines["约什么"] == "助洁（上门打扫）"
    assert lines["什么时候"] == "明天（11月25日，星期三）上午9:00"
    assert lines["给谁"] == "您母亲" and lines["联系您"] == "135****5678"
    body = booking_summary.to_ticket(draft, "c1")
    assert body["appointment"] == {
        "date": "2026-11-25", "time": "09:00", "part": "am", "kind": "clean", "what": "助洁（上门打扫）",
    }  # fmt: skip
    assert body["subject"]["relation"] == "mother" and body["contact"]["phone"] == "13512345678"
    assert (body["leaf"], body["kind"], body["address"]["room"]) == ("C6", "booking", "501")


def test_what_is_missing_is_asked_in_its_order() -> None:
    draft, question = step(
        None, book("给我爸约个洗澡的", "C6", ents={"relation": ("我爸", "father")})
    )
    assert question == "date"
    after = {"time": ("后天", {"start": "2026-11-26", "end": "2026-11-26"})}
    draft, question = step(draft, book("后天", id="m2", ents=after))
    assert question == "part"
    draft, question = step(draft, msg("上午", "affirm", id="m3"))
    assert question == "place" and draft.get("part") == "am"
    draft, question = step(draft, msg(HOME[0], "report_problem", id="m4", ents={"address": HOME}))
    assert question == "contact"
    draft, question = step(draft, msg("不留", "deny", id="m5"))
    assert question == "health"
    draft, question = step(draft, msg("有糖尿病，怕冷", "chitchat", id="m6"))
    assert question == CONFIRM and draft.get("health") == "糖尿病、怕冷"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("给老人理个发", "hair"), ("给我妈擦身子", "bath"), ("给我婆婆剃个脑壳", "hair"), ("陪我去医院复查", "care"),
        ("推轮椅出去转转", "walk"), ("来拾掇拾掇屋子", "clean"), ("约个修脚的师傅", "feet"),
    ],
)  # fmt: skip
def test_what_within_the_service_is_wanted(text: str, kind: str) -> None:
    draft, _ = step(None, book(text, "C6"))
    assert draft.get("kind") == kind


def test_a_service_without_a_kind_asks_which() -> None:
    draft, question = step(None, book("约个上门服务", "C6"))
    assert question == "kind"
    draft, question = step(draft, tap("affirm", about="book:kind:clean"))
    assert draft.get("kind") == "clean" and question == "date"


def test_a_day_that_is_closed_is_asked_again_with_the_next_one() -> None:
    closed = {"open": False, "reason": "星期日不开。", "next_open": "2026-11-30"}
    draft, question = step(None, book("礼拜天来擦玻璃", "C6", ents={"time": SUNDAY}), **closed)
    assert question == "date" and draft.get("next_open") == "2026-11-30"
    dropped, _ = step(draft, msg("不", "deny", id="m2"))
    assert dropped.outcome == DROP
    draft, question = step(draft, msg("行", "affirm", id="m2"))
    assert draft.get("date") == "2026-11-30" and question == "part"


def test_a_habit_is_kept_and_begins_with_the_next_day() -> None:
    weekly = {"time": ("每周三下午", {"recur": "weekly", "weekdays": [3], "part": "pm"})}
    draft, _ = step(None, book("每周三下午来拖地", "C6", ents=weekly))
    assert draft.get("date") == "2026-11-25" and draft.get("part") == "pm"
    assert booking_summary.to_ticket(draft, "c1")["appointment"]["habit"]["weekdays"] == [3]


@pytest.mark.parametrize(
    ("text", "clock"),
    [("周六下午两点想用会议室", "14:00"), ("周六下午3点半用", "15:30"), ("周六下午用会议室", None)],
)
def test_a_time_right_behind_the_day_is_read(text: str, clock: str | None) -> None:
    day = {"time": ("周六下午", {"start": "2026-11-28", "end": "2026-11-28", "part": "pm"})}
    draft, _ = step(None, book(text, "K2", ents=day))
    assert draft.get("time") == clock and draft.get("date") == "2026-11-28"


def test_a_venue_said_by_another_name_and_how_many_people() -> None:
    draft, question = step(
        None, book("想打乒乓，二十个人，13512345678", "K2", ents={"phone": PHONE})
    )
    assert draft.get("venue") == "table_tennis" and question == "date"
    assert "坐12人" in dict(booking_summary.summary(draft, msg()))["多少人"]


def test_a_course_needs_no_day_and_no_address() -> None:
    draft, question = step(None, book("书法班帮我报名", "K2"))
    assert question == "contact"
    draft, question = step(draft, msg("不留", "deny", id="m2"))
    assert question == CONFIRM
    assert (
        dict(booking_summary.summary(draft, msg()))["约什么"] == "报名上课：书法班（每周三 14:00）"
    )
    assert booking_summary.to_ticket(draft, "c1")["appointment"]["course"] == "calligraphy"


def test_where_the_trip_goes_is_not_where_to_come() -> None:
    ents = {"address": ("县医院", {"place": "县医院"})}
    draft, _ = step(None, book("要去县医院复查，约个陪诊", "C6", ents=ents))
    assert draft.get("address") is None


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("日间照料咋收费", True), ("书法班还能报吗", True), ("星期几有课", True), ("助浴要带啥", True),
        ("书法班帮我报名", False), ("想约个人打扫，要多少钱", False), ("约个陪诊", False),
    ],
)  # fmt: skip
def test_a_question_is_no_booking(text: str, asks: bool) -> None:
    assert bookable.asks(book(text)) is asks


def test_a_day_makes_a_booking_of_a_question() -> None:
    assert not bookable.asks(book("明天上午九点有没有人来擦玻璃", ents={"time": TOMORROW_9}))


def test_the_words_come_before_an_unsure_classifier() -> None:
    assert bookable.leaf_of(book("陪诊", ("K2", 0.3, []))) == "C6"
    assert bookable.leaf_of(book("约个地方", ("K2", 0.3, []))) is None
    assert bookable.leaf_of(book("约个地方", ("K2", 0.9, []))) == "K2"


def test_the_data_name_fields_and_leaves_that_exist() -> None:
    fields = {f.name for f in booking.FORM.fields}
    for leaf, data in load(bookable.FILE)["bookings"].items():
        assert leaf in leaves.names()
        for each in (data, *data.get("kinds", ())):
            assert set(each["ask"]) <= fields and list(each["ask"]) == sorted(
                each["ask"], key=[f.name for f in booking.FORM.fields].index
            )


def test_when_the_services_are_away_the_form_goes_on() -> None:
    draft = booking.opened(book("会议室", "K2"), "K2")
    draft = fill(booking.FORM, draft, book("会议室", "K2"))
    assert next_question(booking.FORM, draft, msg()) == "date"
    assert booking_summary.what(replace(draft, values={**draft.values, "venue": "x"})) == "活动场地"


@pytest.mark.parametrize(
    ("text", "intent", "leaf"),
    [
        ("我们几个老姐妹想打麻将，有地方没得", "make_suggestion", "K2"),
        ("都有啥班", "ask_capability", "K2"),
        ("老头眼睛看不见，想找人陪他去晒晒太阳", "join_volunteer", "C6"),
        ("我婆婆想去医院做透析没人陪", "join_volunteer", "C6"),
        ("我想陪老人去医院", "join_volunteer", None),
        ("楼下打牌的地方太吵", "report_problem", None),
        ("想找个地方停车", "ask_service", None),
    ],
)
def test_a_wish_taken_for_something_else(text: str, intent: str, leaf: str | None) -> None:
    assert bookable.wished(msg(text, intent)) == leaf


def test_what_is_to_be_done_at_home_is_a_visit() -> None:
    assert bookable.leaf_of(msg("再给我爸约个剪头的", "book_service")) == "C6"
    assert bookable.leaf_of(msg("剪头的店在哪", "ask_service")) is None


def test_a_day_alone_is_when_what_was_explained_is_wanted() -> None:
    day = {"time": ("周三下午", {"start": "2026-11-25", "end": "2026-11-25", "part": "pm"})}
    alone = msg("周三下午", "supplement_ticket", ents=day)
    assert bookable.meant(alone, "C10", doubtful=False)
    assert not bookable.meant(alone, "B1", doubtful=False)
    assert not bookable.meant(alone, None, doubtful=False)


def test_who_is_to_come_and_what_the_house_is_like_is_noted() -> None:
    said = booking.FORM.field("health")
    assert said is not None
    message = msg("他一米八，得要个男的，四楼没电梯")
    noted = said.read(message, booking.opened(message, "C6"))["health"]
    assert noted == "一米八、要个男的、没电梯"


@pytest.mark.parametrize(
    ("text", "takes"),
    [
        ("我要签", True), ("我想报", True), ("那给我妈报一个吧", True), ("行，那就签一个呗", True), ("我们也想去", True),
        ("给俺约一个", True), ("签哪些", False), ("去哪签", False), ("报了没", False), ("我要报修", False), ("想去县医院", False),
        ("我想想", False),
    ],
)  # fmt: skip
def test_a_wish_alone_takes_up_the_booking_that_was_explained(text: str, takes: bool) -> None:
    said = msg(text, "affirm", confidence=0.31)
    assert bookable.meant(said, "E7", doubtful=False) is takes
    assert not bookable.meant(said, "B1", doubtful=False), "nothing of that card is booked"


@pytest.mark.parametrize(
    "text", ["剪头发能上门不，我妈瘫在床上", "洗澡你们能来家不", "修脚有没有上门的"]
)
def test_a_service_asked_to_come_home_is_that_visit(text: str) -> None:
    assert bookable.leaf_of(msg(text, "book_service", confidence=0.3)) == "C6"


def test_a_name_alone_beside_a_question_is_noted() -> None:
    draft, asked = step(None, book("想找人陪我去医院", "C6"))
    assert asked == "date"
    named, _ = step(draft, msg("刘淑芬", "out_of_scope", confidence=0.82, id="m2"))
    assert named.get("name") == "刘淑芬"
    for words in ("黄梅戏", "胡萝卜", "李家庄"):
        other, _ = step(draft, msg(words, "out_of_scope", confidence=0.9, id="m3"))
        assert not other.get("name")
    mother, _ = step(None, book("给我妈约个助浴", "C6"))
    mother, _ = step(
        mother, msg("我妈洗", "book_service", id="m4", ents={"relation": ("我妈", "mother")})
    )
    hers, _ = step(mother, msg("王秀英", "out_of_scope", confidence=0.7, id="m5"))
    assert (hers.get("subject_name"), hers.get("name")) == ("王秀英", None)


def test_about_how_many_come_is_not_asked_again() -> None:
    draft, _ = step(None, book("用下活动室跳舞，我们十几个人", "K2"))
    assert draft.get("people") == 10
    assert ("多少人", "十几人") in booking_summary.summary(draft, msg("", "affirm"))
