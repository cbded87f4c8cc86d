"""Deadlines in words."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.web.console import present, standing
from services.web.console.words import clock_words, due_words, next_step, span, whole_due
from tests.services.frontend.stand_in import NOW, at


@pytest.mark.parametrize(
    ("left", "text", "level"),
    [
        (timedelta(days=-2, hours=-5), "已超 2 天", "late"),
        (timedelta(hours=-3), "已超 3 小时", "late"),
        (timedelta(0), "已超 1 分钟", "late"),
        (timedelta(minutes=25), "还剩 25 分钟", "soon"),
        (timedelta(hours=3, minutes=10), "还剩 3 小时", "soon"),
        (timedelta(hours=4), "还剩 4 小时", "soon"),
        (timedelta(hours=7, minutes=25), "今天 17:30 到期", "today"),
        (timedelta(days=1), "明天 10:05 到期", "calm"),
        (timedelta(days=3), "11月27日 周五 10:05 到期", "calm"),
    ],
)
def test_due_words(left: timedelta, text: str, level: str) -> None:
    due = due_words(NOW + left, NOW)
    assert (due.text, due.level) == (text, level)


def test_due_words_read_other_zones() -> None:
    assert due_words("2026-11-24T09:30:00+00:00", NOW).text == "今天 17:30 到期"


def test_span_never_says_zero() -> None:
    assert span(timedelta(seconds=20)) == "1 分钟"


def test_contact_is_a_step_until_it_is_made() -> None:
    waiting = {"state": "ACTIVE", "contact_due_at": at(hours=1), "first_contact_at": None}
    assert next_step(waiting, NOW) is not None
    assert next_step({**waiting, "first_contact_at": at(hours=-1)}, NOW) is None


def test_nothing_runs_when_it_is_over() -> None:
    visit = {"state": "ACTIVE", "due_at": at(minutes=-10), "due_grace": 30}
    assert whole_due(visit, NOW).level == "soon" and "守约" in whole_due(visit, NOW).text
    assert whole_due({**visit, "due_at": at(minutes=-30)}, NOW).level == "late"
    assert whole_due({"state": "CLOSED", "due_at": at(days=-3)}, NOW).level == "none"
    assert whole_due({"state": "RESOLVED", "due_at": at(days=-3)}, NOW).text == "等居民回访"


def test_clock_words() -> None:
    assert clock_words("2026-11-27T17:30:00+08:00") == "11月27日 周五 17:30"
    assert clock_words(None) == ""


@pytest.mark.parametrize(
    ("location", "text"),
    [
        ({"text": "幸福小区3号楼", "address_text": "幸福3号楼501"}, "幸福小区3号楼，幸福3号楼501"),
        ({"text": "菜市场门口"}, "菜市场门口"),
        (None, ""),
    ],
)
def test_place(location: dict[str, str] | None, text: str) -> None:
    assert present.place(location) == text


def test_the_usual_next_step_stands_first() -> None:
    actions = [{"action": a} for a in ("note", "extend", "resolve", "contact")]
    first = present.ordered(actions, {"first_contact_at": None})
    assert [a["action"] for a in first] == ["contact", "resolve", "extend", "note"]
    later = present.ordered(actions, {"first_contact_at": at(hours=-1)})
    assert [a["action"] for a in later] == ["resolve", "contact", "extend", "note"]
    assert present.lead([{"action": "note"}]) == ""


def test_facts_of_an_event_are_in_words() -> None:
    line = present.event(
        {"type": "contacted", "text": "联系居民", "at": at(), "actor": {"name": "王芳"},
         "data": {"way": "phone", "result": "reached", "text": "约了三点", "first": True}}
    )  # fmt: skip
    assert line["detail"] == "联系方式：电话\n结果：联系上了\n说明：约了三点"
    reminder = present.event(
        {"type": "reminded", "text": "时限提醒", "at": at(), "actor": {"name": "系统"},
         "data": {"step": "时限用了50%", "tell": ["handler"], "say": "时限用了一半。"}}
    )  # fmt: skip
    assert reminder["detail"] == "时限用了一半。"
    # Who may not read the ticket (an administrator, who a restricted one is not given to) gets no data.
    unread = present.event(
        {"type": "reminded", "text": "时限提醒", "at": at(), "actor": {"name": "系统"}, "data": {}}
    )
    assert unread["detail"] == ""


def test_a_supervision_reads_on_after_what_was_written() -> None:
    entry = {"level": "1", "text": "请抓紧。", "due_at": "2026-11-27T17:30:00+08:00"}
    words = standing.supervision(entry)
    assert words.startswith("提醒：请抓紧，") and "。" not in words


@pytest.mark.parametrize(
    ("appointment", "shown"),
    [
        ({"subsidy": {"says": "yes", "kinds": ["minimum"], "words": "低保户"}}, ("补贴", "低保户（居民自己说的")),
        ({"subsidy": {"says": "unsure", "kinds": [], "words": ""}}, ("补贴", "请核对")),
        ({"subsidy": None}, ("补贴", "")),
        ({"habit": {"recur": "weekly", "weekdays": [1, 3]}}, ("哪几天", "每周一、三")),
        ({"habit": {"recur": "daily"}}, ("哪几天", "每天")),
        ({"trial": True}, ("哪几天", "先试一天")),
        ({"transport": "pickup"}, ("怎么去", "要来接")),
        ({"needs": "高血压"}, ("要注意", "高血压")),
    ],
)  # fmt: skip
def test_what_was_booked_stands_beside_the_ticket(
    appointment: dict[str, object], shown: tuple[str, str]
) -> None:
    name, words = shown
    found = dict(present.extras({"appointment": appointment}))
    assert found.get(name, "").find(words) >= 0 and (name in found) is bool(words)
