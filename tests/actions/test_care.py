"""Day care: who, from when, which days or one on trial, how one gets there; and a booking changed in words."""

from __future__ import annotations

from typing import Any

import pytest

from actions.client import TicketView
from actions.forms import booking, booking_summary, booking_times, care, habits
from actions.forms.draft import CONFIRM, SUBMIT, Draft, asking, fill, next_question, repeats
from actions.message import Message
from actions.tickets import rebooking
from tests.actions.helpers import msg, tap

OPTIONS: dict[str, Any] = {
    "provider": "日间照料中心", "hours": "周一到周五", "weekdays": [1, 2, 3, 4, 5], "parts": ["am"],
    "note": "带上药。", "notes": {"pickup": "先看路。"}, "venues": [], "courses": [],
    "open": True, "reason": None, "next_open": None, "free": 2, "nearest": [], "elsewhere": [],
}  # fmt: skip
MONDAY = ("下周一", {"start": "2026-11-30", "end": "2026-11-30"})


def step(draft: Draft | None, message: Message, **options: Any) -> tuple[Draft, str | None]:
    """Read a message, take in what the locality says, and return the draft with what is asked."""
    draft = booking.opened(message, "C5") if draft is None else draft
    draft = booking.declined(fill(booking.FORM, draft, message), message)
    while booking_times.to_check(draft):
        draft = booking.checked(draft, {**OPTIONS, **options})
    draft = booking.named(draft)
    question = next_question(booking.FORM, draft, message)
    return asking(draft, question), question


def said(text: str, id: str = "m1", **ents: Any) -> Message:
    return msg(text, "book_service", id=id, ents=ents)


def test_everything_in_one_breath_is_confirmed_at_once() -> None:
    draft, question = step(
        None,
        said(
            "我妈想去日间照料，从下周一开始，每周一三五，我开车送，她有高血压，电话13512345678",
            relation=("我妈", "mother"), time=MONDAY, phone=("13512345678", "13512345678"),
        ),
    )  # fmt: skip
    assert question == CONFIRM
    lines = dict(booking_summary.summary(draft, msg()))
    assert lines["哪天开始"].startswith("11月30日") and lines["哪几天"] == "每周一、三、五"
    assert (lines["怎么去"], lines["给谁"], lines["要注意"]) == ("家里人送", "您母亲", "高血压")
    draft = fill(booking.FORM, draft, tap("affirm", about="consent:given"))
    body = booking_summary.to_ticket(draft, "c1")
    assert body["appointment"] == {
        "date": "2026-11-30", "part": "am", "habit": {"recur": "weekly", "weekdays": [1, 3, 5]},
        "what": "日间照料", "needs": "高血压", "transport": "family",
    }  # fmt: skip


NEXT_WEEK = ("下周", {"start": "2026-11-30", "end": "2026-12-06"})


@pytest.mark.parametrize(
    ("words", "time", "agreed"),
    [
        ("下周开始吧", NEXT_WEEK, True),
        ("那就下周一", MONDAY, True),
        ("下周一开始行", MONDAY, True),
        ("下周", NEXT_WEEK, False),
        ("下周开始行不行", NEXT_WEEK, False),
        ("下周二吧", ("下周二", {"start": "2026-12-01", "end": "2026-12-01"}), False),
        ("下周吧，我自己去", NEXT_WEEK, False),
    ],
)
def test_the_day_that_is_known_said_again_agrees(
    words: str, time: tuple[str, Any], agreed: bool
) -> None:
    draft, question = step(
        None,
        said(
            "我妈想去日间照料，从下周一开始，每周一三五，我开车送，电话13512345678",
            relation=("我妈", "mother"), time=MONDAY, phone=("13512345678", "13512345678"),
        ),
    )  # fmt: skip
    assert question == "health" and draft.get("date") == "2026-11-30"
    draft, question = step(draft, msg("没有", "deny", id="m2"))
    assert question == CONFIRM
    after = fill(booking.FORM, draft, said(words, "m3", time=time))
    assert (after.outcome == SUBMIT) is agreed
    assert repeats(booking.FORM, draft, said(words, "m3", time=time)) is (agreed or words == "下周")


def test_what_was_not_said_is_asked_one_by_one() -> None:
    draft, question = step(None, said("约日间照料"))
    assert question == care.WHOM
    draft, question = step(draft, tap("affirm", about="book:whom:self"))
    assert question == "date"
    draft, question = step(draft, said("下周一", "m3", time=MONDAY))
    assert question == care.DAYS
    draft, question = step(draft, tap("affirm", id="m4", about="book:days:trial"))
    assert question == care.TRANSPORT
    draft, question = step(draft, said("要中心来接", "m5"))
    assert question == "contact"
    assert booking_summary.note(draft) == "先看路。"
    assert booking_summary.to_ticket(draft, "c")["appointment"]["trial"] is True
    assert dict(booking_summary.summary(draft, msg()))["给谁"] == "您自己"


def test_a_relative_answers_whom_it_is_for() -> None:
    draft, _ = step(None, said("约日间照料"))
    draft, question = step(draft, tap("affirm", about="book:whom:mother"))
    assert question == "date" and draft.get("subject") == "mother"


def test_days_on_which_it_is_closed_fall_out_and_are_named() -> None:
    draft, _ = step(
        None, said("约日间照料，天天去，明天开始", time=("明天", {"start": "2026-11-25"}))
    )
    assert draft.get("habit")["weekdays"] == [1, 2, 3, 4, 5]
    assert "星期六、日不开" in dict(booking_summary.summary(draft, msg()))["哪几天"]
    draft, _ = step(None, said("约日间照料，每周二四，从下周一开始", time=MONDAY))
    assert draft.get("date") == "2026-12-01", "it begins on the first of its days"


def test_only_closed_days_are_asked_again() -> None:
    draft = care.on_open_days(
        Draft("booking", "m", values={"habit": {"recur": "weekly", "weekdays": [6, 7]}}), [1, 2]
    )
    assert draft.get("habit") is None and draft.get("shut") == [6, 7]


@pytest.mark.parametrize(
    ("words", "way"),
    [
        ("我开车送", "family"),
        ("儿子天天送", "family"),
        ("要你们来接", "pickup"),
        ("没人送", "pickup"),
        ("自己走着去", "walk"),
        ("自己能走", "walk"),
        ("她有糖尿病", None),
    ],
)
def test_how_one_gets_there(words: str, way: str | None) -> None:
    assert care.read_transport(msg(words), Draft("booking", "m")).get("transport") == way


@pytest.mark.parametrize(
    ("words", "days"),
    [("每周一三五", (1, 3, 5)), ("周二到周四", (2, 3, 4)), ("二四六", (2, 4, 6)),
     ("下周一到周五", None), ("周三", None), ("3号楼一三五层", None)],
)  # fmt: skip
def test_days_of_every_week(words: str, days: tuple[int, ...] | None) -> None:
    found = habits.weekly(words)
    assert (found.weekdays if found else None) == days


@pytest.mark.parametrize(
    ("words", "days"),
    [("周二周四送她去", (2, 4)), ("周二和周四", (2, 4)), ("每周一、周三、周五", (1, 3, 5)), ("这周二周四", None), ("周二", None)],
)  # fmt: skip
def test_days_named_one_by_one_are_days_of_every_week_only_in_care(
    words: str, days: tuple[int, ...] | None
) -> None:
    found = habits.weekly(words, apart=True)
    assert (found.weekdays if found else None) == days
    assert habits.weekly(words) is None


# --- changes of a booking that was made -------------------------------------------------------------

ROOMS = {
    "venues": [{"id": "meeting", "name": "会议室"}, {"id": "dance", "name": "舞蹈室"}],
    "courses": [{"id": "a", "name": "书法班", "schedule": "每周三"}, {"id": "b", "name": "声乐班"}],
    "weekdays": [1, 2, 3, 4, 5, 6, 7], "parts": ["am", "pm", "eve"],
}  # fmt: skip


def ticket(leaf: str, **appointment: Any) -> TicketView:
    return TicketView.of(
        {"ticket_no": "SQ-1", "leaf": leaf, "kind": "booking", "appointment": appointment}
    )


def test_another_room_keeps_the_time() -> None:
    booked = ticket("K2", date="2026-11-28", part="pm", venue="meeting", what="活动场地：会议室")
    change = rebooking.change_of(msg("会议室换成舞蹈室"), booked, ROOMS)
    assert change.appointment == {"venue": "dance", "what": "活动场地：舞蹈室"}
    assert change.lines == (("活动场地：舞蹈室", "活动场地：会议室"),)


def test_another_course() -> None:
    booked = ticket("K2", kind="course", course="a", what="报名上课：书法班（每周三）")
    change = rebooking.change_of(msg("改成声乐班"), booked, ROOMS)
    assert change.appointment == {"course": "b", "what": "报名上课：声乐班"}


def test_other_days_of_day_care_move_its_begin() -> None:
    habit = {"recur": "weekly", "weekdays": [1, 3, 5]}
    booked = ticket("C5", date="2026-11-30", part="am", habit=habit, transport="family")
    change = rebooking.change_of(msg("改成每周二四"), booked, OPTIONS)
    assert change.appointment == {
        "habit": {"recur": "weekly", "weekdays": [2, 4]}, "date": "2026-12-01",
    }  # fmt: skip
    assert change.lines[0] == ("每周二、四", "每周一、三、五")
    way = rebooking.change_of(msg("改成让中心来接"), booked, OPTIONS)
    assert way.appointment == {"transport": "pickup"} and way.lines == (("要中心来接", "家里人送"),)


def test_a_day_alone_is_no_change_of_this_kind() -> None:
    booked = ticket("K2", date="2026-11-28", part="pm", venue="meeting", what="活动场地：会议室")
    assert not rebooking.change_of(said("改到下周一", time=MONDAY), booked, ROOMS)
    assert not rebooking.change_of(msg("改到会议室"), booked, ROOMS)
