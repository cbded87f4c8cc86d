"""A day said alone behind an order, one visit or meal of a series that is left out."""

from __future__ import annotations

from typing import Any

import pytest

from actions.client import TicketView
from actions.tickets import amending
from tests.actions.conftest import Talk
from tests.actions.fake_services import FakeServices, view
from tests.actions.helpers import msg

WEDNESDAY = {"start": "2026-11-25", "end": "2026-11-25"}
NEXT_WEDNESDAY = {"start": "2026-12-02", "end": "2026-12-02"}
THIS_WEEK = {"start": "2026-11-23", "end": "2026-11-29"}
NEXT_WEEK = {"start": "2026-11-30", "end": "2026-12-06"}
FRIDAY = {"start": "2026-11-27", "end": "2026-11-27"}
LUNCH = {"date": "2026-11-25", "meal": "lunch", "portions": 1, "mode": "pickup"}
WEEKLY = {"recur": "weekly", "weekdays": [3]}


def ordered(appointment: dict[str, Any]) -> TicketView:
    """Return an order or a booking as the resident sees it."""
    leaf = "C1" if appointment.get("meal") else "C6"
    return TicketView.of(view(1, kind="booking", leaf=leaf, appointment=appointment))


VISIT = ordered({"date": "2026-11-25", "part": "am", "habit": WEEKLY})
MEAL = ordered({**LUNCH, "habit": WEEKLY})


@pytest.mark.parametrize(
    ("text", "ents", "alone"),
    [
        ("周五", {"time": ("周五", FRIDAY)}, True),
        ("那周五吧", {"time": ("周五", FRIDAY)}, True),
        ("晚饭", {"meal": ("晚饭", "dinner")}, True),
        ("改到周五", {"time": ("周五", FRIDAY)}, False),
        ("不对，是周五", {"time": ("周五", FRIDAY)}, False),
        ("周五行不行", {"time": ("周五", FRIDAY)}, False),
        ("两份", {"count": ("两份", 2)}, False),
        ("周五三份", {"time": ("周五", FRIDAY), "count": ("三份", 3)}, False),
        ("你好", {}, False),
    ],
)
def test_only_a_day(text: str, ents: Any, alone: bool) -> None:
    assert amending.bare_day(msg(text, "supplement_ticket", ents=ents)) is alone


def friday(talk: Talk, text: str = "周五") -> Talk:
    """Say a day after an order."""
    entity = {"entity": "time", "value": FRIDAY, "text": "周五"}
    return talk.hear(text, "supplement_ticket", entities=[entity])


async def test_a_day_said_alone_moves_nothing_before_a_yes(
    talk: Talk, services: FakeServices
) -> None:
    services.tickets = [view(1, kind="booking", leaf="C1", appointment=LUNCH)]
    await friday(talk).run("action_supplement")
    assert "还没动" in talk.text and "11月27日" in talk.text and "11月25日" in talk.text
    assert talk.buttons == ["改过去", "不改", "另外再订一份"]
    assert services.sent("/amend") == []
    await talk.hear("好", "affirm").run("action_affirm")
    assert talk.followup == "action_supplement"
    await talk.run("action_supplement")
    assert "改好了" in talk.text
    assert services.sent("/amend")[0]["appointment"] == {"date": "2026-11-27"}


async def test_with_a_word_of_change_the_day_is_moved_at_once(
    talk: Talk, services: FakeServices
) -> None:
    services.tickets = [view(1, kind="booking", leaf="C1", appointment=LUNCH)]
    await friday(talk, "改到周五").run("action_supplement")
    assert "改好了" in talk.text


@pytest.mark.parametrize(
    ("text", "times"),
    [
        ("这礼拜三不用来了", [("这礼拜三", WEDNESDAY)]),
        ("这周不来了，下周照旧", [("这周", THIS_WEEK), ("下周", NEXT_WEEK)]),
        ("这周不来了，下周照常来", [("这周", THIS_WEEK), ("下周", NEXT_WEEK)]),
        ("这次不用来了", []),
        ("这回别来了，有事", []),
    ],
)
def test_only_the_coming_one_is_left_out(text: str, times: list[tuple[str, Any]]) -> None:
    message = msg(text, "withdraw_ticket", ents={"time": times} if times else {})
    assert amending.asks(message)
    visit, meal = (amending.change_of(message, t) for t in (VISIT, MEAL))
    assert not visit.cancels and visit.appointment == {"date": "2026-12-02"}
    assert "12月2日" in visit.lines[0][0]
    assert not meal.cancels and meal.appointment["date"] == "2026-12-02"
    assert meal.appointment["skip"] == ["2026-11-25"]


def test_a_later_visit_that_is_left_out_is_noted_and_moves_nothing() -> None:
    message = msg("下周三不用来", "deny", ents={"time": ("下周三", NEXT_WEDNESDAY)})
    assert amending.for_once(message, VISIT)
    coming = msg("这礼拜三不用来", "deny", ents={"time": ("这礼拜三", WEDNESDAY)})
    assert not amending.for_once(coming, VISIT)


@pytest.mark.parametrize("text", ["不用来了，以后都不来了", "以后别来了", "取消预约"])
def test_the_whole_series_can_still_be_taken_back(text: str) -> None:
    message = msg(text, "withdraw_ticket")
    once = amending.change_of(message, VISIT)
    assert once.cancels or not once


def test_what_comes_once_is_taken_back_as_before() -> None:
    once = ordered({"date": "2026-11-25", "part": "am"})
    message = msg("这次不来了", "withdraw_ticket")
    assert amending.change_of(message, once).appointment == {}
