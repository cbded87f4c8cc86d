"""差评整改: a bad rating is put right within fifteen working days and asked about again, once and not twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.clock import ZONE
from services.db import Database
from services.metrics import keeping
from services.metrics.score import fold as facts_of
from services.tickets import store, views
from services.tickets.core import fold, sideclocks, timing
from services.tickets.core.actor import resident
from services.tickets.core.context import Refusal
from services.tickets.core.event import Event
from services.tickets.core.states import State
from services.tickets.core.ticket import Ticket
from services.tickets.service import TicketService
from services.web.console.standing import threads
from tests.services.conftest import TestClock
from tests.services.tickets.conftest import request
from tests.services.tickets.world import ACTORS, CONTEXT, FORMER, T0, do, in_state, led, must

WHEN = T0 + timedelta(hours=1)
DUE = datetime(2026, 12, 15, 11, 0, tzinfo=ZONE)
"""Fifteen working days after Tuesday, 24 November, 11:00, no holidays between: by hand."""
POOR = {"score": 2, "text": "灯还是一闪一闪的"}
FIXED = {"text": "核实过，换了灯座"}


def rated(state: State = State.CLOSED, **said: Any) -> Ticket:
    return must(in_state(state), "rate", "resident", WHEN, {**POOR, **said})


# what the resident says of what is closed or reported done; whether a case is opened, and whether by the rework
SAID: list[tuple[State, str, dict[str, Any], bool, bool]] = [
    (State.CLOSED, "rate", {"score": 1}, True, False),
    (State.CLOSED, "rate", {"score": 2}, True, False),
    (State.CLOSED, "rate", {"score": 3}, False, False),
    (State.CLOSED, "rate", {"score": 5}, False, False),
    (State.RESOLVED, "rate", {"score": 2}, True, False),
    (State.RESOLVED, "callback", {"result": "solved", "score": 2}, True, False),
    (State.RESOLVED, "callback", {"result": "solved", "score": 4}, False, False),
    (State.RESOLVED, "callback", {"result": "unsolved"}, True, True),
    (State.RESOLVED, "callback", {"result": "unsolved", "score": 1}, True, True),
    (State.RESOLVED, "callback", {"result": "partial"}, True, True),
    (State.RESOLVED, "reject", {"text": "没修"}, True, True),
    (State.CLOSED, "reject", {"text": "又坏了"}, True, True),
]


@pytest.mark.parametrize(("state", "action", "said", "opened", "rework"), SAID)
def test_what_is_bad_opens_one_case_with_its_clock_and_the_rework_carries_it(
    state: State, action: str, said: dict[str, Any], opened: bool, rework: bool
) -> None:
    ticket = must(in_state(state), action, "resident", WHEN, said)
    assert len(ticket.bad_ratings) == opened
    assert ("bad_rating" in ticket.flags) is opened
    clocks = [c for c in sideclocks.owed(ticket).values() if c.stage == "rectify"]
    assert len(clocks) == opened
    if opened:
        assert ticket.bad_ratings[0]["rework"] is rework
        assert clocks[0].at == DUE and clocks[0].orgs == ("water",)
        assert clocks[0].reason.startswith("差评整改，15个工作日；国务院办公厅“好差评”制度")
        assert "参照四川，本地请确认" in clocks[0].reason
        assert "water" in sideclocks.owing(ticket), "it stands on the unit's worklist"


def test_staff_who_send_back_open_none_and_neither_does_an_audit() -> None:
    for state, role, action in (
        (State.RESOLVED, "dispatcher", "rework"), (State.CLOSED, "auditor", "rework"),
    ):  # fmt: skip
        assert must(in_state(state), action, role, WHEN).bad_ratings == []
    false = {"finding": "false", "text": "照片不符"}
    assert must(in_state(State.CLOSED), "audit", "auditor", WHEN, false).bad_ratings == []


def test_a_late_bad_rating_is_answered_by_the_unit_and_called_back_by_another() -> None:
    ticket = rated()
    shown = views.resident_view(ticket)
    assert "12月15日前办" in shown["state_text"] and "核实" in shown["state_text"]
    assert shown["state_elder"].startswith("办完了。") and "核实" not in shown["state_elder"]
    assert "12月15日前办，办完有人问您。" in shown["state_elder"]
    assert isinstance(do(ticket, "rectify_callback", "callback", WHEN), Refusal), "not before"
    ticket = must(ticket, "rectify", "handler", WHEN + timedelta(days=1), FIXED)
    assert ticket.state is State.CLOSED and not sideclocks.owed(ticket)
    assert ticket.to_call == {"why": "rectified", "since": (WHEN + timedelta(days=1)).isoformat()}
    assert "to_call" in ticket.flags and "bad_rating" not in ticket.flags
    assert "换了灯座。另一位同志会问您" in views.resident_view(ticket)["state_text"]
    own = do(replace(ticket, handlers=["callback1"]), "rectify_callback", "callback", WHEN)
    assert isinstance(own, Refusal) and own.code == "own_work"
    assert isinstance(do(ticket, "rectify_callback", "handler", WHEN), Refusal)
    ticket = must(ticket, "rectify_callback", "callback", WHEN + timedelta(days=2))
    assert ticket.bad_ratings[0]["answer"] == "satisfied" and ticket.to_call is None
    assert "整改" not in views.resident_view(ticket)["state_text"]
    again = do(ticket, "rectify", "handler", WHEN + timedelta(days=3), FIXED)
    assert isinstance(again, Refusal) and again.code == "nothing_to_rectify"


def test_calls_in_vain_end_like_any_callback() -> None:
    ticket = must(rated(), "rectify", "handler", WHEN, FIXED)
    nobody = {"result": "no_answer"}
    for day in (1, 2):
        ticket = must(ticket, "rectify_callback", "callback", WHEN + timedelta(days=day), nobody)
        assert ticket.to_call is not None
    ticket = must(ticket, "rectify_callback", "callback", WHEN + timedelta(days=3), nobody)
    assert ticket.to_call is None and ticket.bad_ratings[0]["answer"] == "no_answer"


def test_a_new_round_is_the_rectification_and_its_callback_the_one_that_is_owed() -> None:
    ticket = must(in_state(State.RESOLVED), "callback", "callback", WHEN, {"result": "unsolved"})
    refused = do(ticket, "rectify", "handler", WHEN)
    assert isinstance(refused, Refusal), "the rework is reported done, nothing else"
    ticket = must(ticket, "resolve", "handler", WHEN + timedelta(days=1))
    assert ticket.bad_ratings[0]["rectified_at"] and ticket.to_call is None
    ticket = must(ticket, "callback", "callback", WHEN + timedelta(days=2), {"result": "solved"})
    assert ticket.bad_ratings == [{**ticket.bad_ratings[0], "answer": "satisfied"}]
    assert ticket.state is State.CLOSED and ticket.to_call is None


def test_not_solved_again_opens_the_next_one() -> None:
    ticket = must(in_state(State.RESOLVED), "callback", "resident", WHEN, {"result": "unsolved"})
    ticket = must(ticket, "resolve", "handler", WHEN + timedelta(days=1))
    ticket = must(ticket, "callback", "resident", WHEN + timedelta(days=2), {"result": "unsolved"})
    first, second = ticket.bad_ratings
    assert first["answer"] == "unsatisfied" and "rectified_at" not in second


def test_a_case_of_its_own_goes_into_the_rework_that_follows() -> None:
    ticket = must(rated(), "reject", "resident", WHEN + timedelta(hours=1), {"text": "还闪"})
    assert [(e["rework"], e["due_at"]) for e in ticket.bad_ratings] == [(True, DUE.isoformat())]


def test_called_about_while_closed_and_rejected_nobody_calls_any_more() -> None:
    ticket = must(rated(), "rectify", "handler", WHEN, FIXED)
    ticket = must(ticket, "reject", "resident", WHEN + timedelta(hours=1), {"text": "还闪"})
    assert ticket.to_call is None and ticket.bad_ratings[0]["answer"] == "unsatisfied"
    assert len(ticket.bad_ratings) == 2 and ticket.bad_ratings[1]["rework"]


def test_two_bad_ratings_of_the_same_thing_are_one_case() -> None:
    ticket = must(rated(), "rate", "resident", WHEN + timedelta(hours=1), {"score": 1})
    assert len(ticket.bad_ratings) == 1


def test_the_unit_is_reminded_and_what_is_late_goes_on_record_once() -> None:
    ticket = rated()
    assert [e["clock"] for e in ticket.planned] == ["rectify:1"] * 3
    assert [e["tell"] for e in ticket.planned][-1] == ["unit", "dispatcher"]
    assert timing.wake_at(ticket) == datetime.fromisoformat(ticket.planned[0]["at"])
    stages = []
    now = DUE + timedelta(minutes=1)
    while command := timing.next_command(ticket, now):
        made = do(ticket, command.action, "system", now, dict(command.payload))
        assert isinstance(made, Event)
        stages += [command.payload["stage"]] if command.action == "deadline" else []
        ticket = fold.apply(ticket, made)
    assert stages == ["rectify"] and ticket.state is State.CLOSED


def test_who_is_rated_learns_that_there_is_something_to_put_right_and_nothing_of_the_rating() -> (
    None
):
    seen = views.staff_view(rated(), ACTORS["handler"])
    assert "rating" not in seen and "灯还是" not in str(seen["bad_ratings"])
    assert not any("score" in entry for entry in seen["bad_ratings"])
    (line,) = [words for name, words in threads(seen) if name == "差评整改"]
    assert line.startswith("居民不满意，") and "灯还是" not in line
    line = dict(threads(must(rated(), "rectify", "handler", WHEN, FIXED).to_doc()))["差评整改"]
    assert line == "居民不满意。整改：核实过，换了灯座。回访：等回访"


def test_the_figures_of_one_ticket_by_hand() -> None:
    """Three bad ones: put right and asked about; put right too late; still to be put right."""
    ticket, events = led(State.CLOSED)

    def go(action: str, role: str, at: datetime, payload: dict[str, Any]) -> None:
        nonlocal ticket
        made = do(ticket, action, role, at, payload)
        assert isinstance(made, Event), made
        ticket = fold.apply(ticket, made)
        events.append(made)

    day = timedelta(days=1)
    go("rate", "resident", WHEN, POOR)
    go("rectify", "handler", WHEN + day, FIXED)
    go("rectify_callback", "callback", WHEN + 2 * day, {"result": "unsatisfied"})
    go("rate", "resident", WHEN + 3 * day, {"score": 1})  # due Friday, 18 December, 11:00
    go("rectify", "handler", WHEN + 25 * day, FIXED)
    go("rate", "resident", WHEN + 26 * day, {"score": 1})
    score = facts_of(events)
    assert score is not None and (score.bad, score.rectified, score.bad_called) == (3, 1, 1)


async def test_it_waits_on_the_worklists_of_the_unit_and_then_of_the_callback_desk(
    tickets: TicketService, db: Database, clock: TestClock
) -> None:
    filed = await tickets.create(request(), ACTORS["resident"])
    number = filed["ticket_no"]
    for action, facts in (("sign", {}), ("contact", {"way": "phone", "result": "reached"}),
                          ("resolve", {"outcome": "solved", "reply": "换了", "evidence": ["p1"]})):  # fmt: skip
        await tickets.act(number, action, facts, ACTORS["grid"])
    await tickets.callback_answer(number, "conversation-1", {"stage": "solved", "solved": True})

    async def waits(role: str) -> bool:
        page = await tickets.list(ACTORS[role], mine=True)
        return number in [t["ticket_no"] for t in page["tickets"]]

    assert not await waits("grid") and not await waits("callback")
    await tickets.callback_answer(number, "conversation-1", {"stage": "rating", "score": 1})
    assert await waits("grid") and not await waits("callback")
    offered = await tickets.allowed_actions(number, ACTORS["grid"])
    assert "rectify" in {a["action"] for a in offered}
    await tickets.act(number, "rectify", FIXED, ACTORS["grid"])
    assert not await waits("grid") and await waits("callback")
    await tickets.act(number, "rectify_callback", {"result": "satisfied"}, ACTORS["callback"])
    assert not await waits("callback")
    async with db.read() as s:
        score = await keeping.stored(s, number)
    assert score is not None and (score.bad, score.rectified, score.bad_called) == (1, 1, 1)


# ── neighbours whose ticket goes on in another's ────────────────────────────────────────────────

MINE, THEIRS = "SQ-261124-00008-0", "SQ-261124-00009-8"


def shared(ticket: Ticket, number: str, when: datetime = WHEN) -> Ticket:
    return must(ticket, "share_rating", "system", when, {"from": number})


def test_neighbours_ratings_open_one_case_in_which_each_is_counted() -> None:
    ticket, events = led(State.CLOSED)
    for who in (MINE, THEIRS, MINE):
        made = do(ticket, "share_rating", "system", WHEN, {"from": who})
        assert isinstance(made, Event)
        ticket = fold.apply(ticket, made)
        events.append(made)
    (case,) = ticket.bad_ratings
    assert case["of"] == [MINE, THEIRS] and case["due_at"] == DUE.isoformat()
    for action, role, said in (
        ("rate", "resident", POOR), ("rectify", "handler", FIXED), ("rectify_callback", "callback", {"result": "satisfied"}),
    ):  # fmt: skip
        made = do(ticket, action, role, WHEN + timedelta(days=1), said)
        assert isinstance(made, Event)
        ticket = fold.apply(ticket, made)
        events.append(made)
    assert ticket.bad_ratings[0]["of"] == [MINE, THEIRS, ticket.ticket_no]
    score = facts_of(events)
    assert score is not None and (score.bad, score.rectified, score.bad_called) == (3, 3, 3)
    assert len(shared(ticket, MINE, WHEN + timedelta(days=2)).bad_ratings) == 2, "a new one later"


def test_the_unit_does_not_learn_which_neighbour_it_was_and_the_desk_does() -> None:
    ticket = shared(in_state(State.CLOSED), MINE)
    assert MINE not in str(views.staff_view(ticket, ACTORS["handler"])["bad_ratings"])
    line = dict(threads(views.staff_view(ticket, ACTORS["callback"])))["差评整改"]
    assert MINE in line


async def joined_pair(tickets: TicketService) -> tuple[str, str]:
    """A ticket, reported done, and a neighbour's that goes on in it."""
    first = (await tickets.create(request(), ACTORS["resident"]))["ticket_no"]
    neighbour = request(conversation_id="conversation-2", join=first)
    second = await tickets.create(neighbour, resident("conversation-2"))
    assert second["state"] == "MERGED"
    for action, facts in (("sign", {}), ("contact", {"way": "phone", "result": "reached"}),
                          ("resolve", {"outcome": "solved", "reply": "换了", "evidence": ["p1"]})):  # fmt: skip
        await tickets.act(first, action, facts, ACTORS["grid"])
    return first, second["ticket_no"]


@pytest.mark.parametrize("score", [1, 2, 3, 5])
async def test_what_a_neighbour_rates_badly_is_put_right_where_it_was_done(
    tickets: TicketService, score: int
) -> None:
    first, second = await joined_pair(tickets)
    said = {"stage": "solved", "solved": True}
    await tickets.callback_answer(second, "conversation-2", said)
    for times in range(2):
        rating = {"stage": "rating", "score": score, "text": "还闪"}
        await tickets.callback_answer(second, "conversation-2", rating, None, f"k{times}")
    own = await tickets.get(second, ACTORS["callback"])
    there = await tickets.get(first, ACTORS["callback"])
    assert own["rating"]["score"] == score and there.get("rating") is None
    assert own["bad_ratings"] == [], "the case lies with the work"
    assert [e["of"] for e in there["bad_ratings"]] == ([[second]] if score <= 2 else [])


async def test_a_neighbours_no_is_the_new_round_and_no_second_case(tickets: TicketService) -> None:
    first, second = await joined_pair(tickets)
    await tickets.callback_answer(second, "conversation-2", {"stage": "solved", "solved": False})
    there = await tickets.get(first, ACTORS["callback"])
    assert there["state"] == "REWORK"
    assert [(e["rework"], e.get("of")) for e in there["bad_ratings"]] == [(True, None)]


# ── a new calendar (FORMER: 25 November was no working day) ──────────────────────────────────────


def test_a_new_calendar_moves_the_case_of_a_closed_ticket_and_leaves_its_history_alone() -> None:
    closed = in_state(State.CLOSED)
    was = replace(CONTEXT, calendar=FORMER)
    ticket = must(closed, "rate", "resident", WHEN, POOR, context=was)
    assert ticket.bad_ratings[0]["due_at"] == (DUE + timedelta(days=1)).isoformat()
    now = replace(CONTEXT, former=FORMER)
    made = do(ticket, "reschedule", "system", WHEN, {"reason": "放假安排"}, context=now)
    assert isinstance(made, Event)
    moved = fold.apply(ticket, made)
    assert moved.bad_ratings[0]["due_at"] == DUE.isoformat() and moved.state is State.CLOSED
    assert "放假安排更新" in moved.bad_ratings[0]["due_reason"]
    ahead = [e["at"] for e in moved.planned if e["clock"] == "rectify:1"]
    assert ahead and max(ahead) <= DUE.isoformat() and "差评整改" in str(moved.planned)
    history = (
        "due_at",
        "due_reason",
        "sign_due_at",
        "contact_due_at",
        "accept_due_at",
        "closed_at",
    )
    assert all(getattr(moved, n) == getattr(ticket, n) for n in history)
    done = must(moved, "rectify", "handler", WHEN + timedelta(hours=1), FIXED)
    later = WHEN + timedelta(hours=2)
    for over in (closed, done):
        refused = do(over, "reschedule", "system", later, {"reason": "放假安排"}, context=now)
        assert isinstance(refused, Refusal) and refused.code == "nothing_moves"


async def test_an_order_of_holidays_reaches_what_is_closed_only_where_a_case_runs(
    tickets: TicketService, db: Database
) -> None:
    first, _ = await joined_pair(tickets)
    await tickets.callback_answer(first, "conversation-1", {"stage": "solved", "solved": True})
    async with db.read() as s:
        assert first not in [t.ticket_no for t in await store.with_deadlines(s)]
    await tickets.callback_answer(first, "conversation-1", {"stage": "rating", "score": 1})
    async with db.read() as s:
        assert first in [t.ticket_no for t in await store.with_deadlines(s)]
