"""Reminders and orders of the clock: planned with each deadline, given once, in order. On both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.clock import ZONE
from services.db import Database
from services.tickets import store
from services.tickets.core import clocks, escalation, timing
from services.tickets.core.actor import SYSTEM, Actor
from services.tickets.core.calendar import Year
from services.tickets.core.escalation import Running, Step
from services.tickets.core.fold import fold
from services.tickets.core.limits import Limit
from services.tickets.core.notices import merged
from services.tickets.core.sla import load_profile
from services.tickets.core.states import State
from services.tickets.service import TicketService
from services.tickets.views import joined_view
from tests.services.conftest import NOW, TestClock
from tests.services.tickets.test_workflow_scenarios import (
    DISPATCHER,
    GRID,
    SUPERVISOR,
    WHO,
    Case,
    filed,
)
from tests.services.tickets.world import ACTORS, CONTEXT, DATA, T0, in_state, must, parent

STEPS = CONTEXT.profile.escalation["U3"]
CALENDAR = CONTEXT.calendar


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


async def events(tickets: TicketService, number: str, kind: str) -> list[dict[str, Any]]:
    """Events of a kind about the ticket's own clock; those beside it are test_sideclocks.py's."""
    found = [e for e in await tickets.events(number, SYSTEM) if e["type"] == kind]
    return [e for e in found if not e["data"].keys() & {"clock", "owed"}]


async def plan(tickets: TicketService, number: str) -> list[str]:
    planned = (await tickets.get(number, SYSTEM))["planned"]
    return [entry["at"][:16] for entry in planned if "clock" not in entry]


# ── planning ────────────────────────────────────────────────────────────────────────────────────


def test_half_and_four_fifths_of_five_working_days() -> None:
    start = at("2026-09-29T10:00")
    due = CALENDAR.add_working(start, 5 * 540)
    planned = escalation.plan(STEPS, Running(start, start, due, True), CALENDAR)
    # 1–7 October off, 10 October made up: 2.5, 4 and 5 working days.
    assert [p["at"][:16] for p in planned] == [
        "2026-10-08T14:30", "2026-10-10T10:00", "2026-10-12T10:00",
    ]  # fmt: skip
    assert [p["tell"] for p in planned] == [
        ["handler"], ["handler", "supervisor"], ["handler", "dispatcher"],
    ]  # fmt: skip
    assert [p.get("supervise") for p in planned] == [None, None, "2"]


@pytest.mark.parametrize(
    ("cls", "due", "after"),
    [
        ("U0", None, ["00:02"]),
        ("U1", "2h", ["00:15", "00:30", "01:00"]),
        ("U2", "24h", ["01:00", "04:00"]),
    ],
)
def test_urgent_classes_are_reminded_by_the_clock_on_the_wall(
    cls: str, due: str | None, after: list[str]
) -> None:
    start = at("2026-10-01T00:00")  # a holiday, at midnight
    ends = Limit.parse(due).after(start, CALENDAR) if due else None
    planned = escalation.plan(
        CONTEXT.profile.escalation[cls], Running(start, start, ends, False), CALENDAR
    )
    assert [p["at"][11:16] for p in planned] == after


def test_complex_matters_are_looked_at_every_week() -> None:
    start = at("2026-11-24T10:00")
    due = CALENDAR.add_working(start, 15 * 540)
    steps = CONTEXT.profile.escalation["U4"]
    planned = escalation.plan(steps, Running(start, start, due, True), CALENDAR)
    assert [p["at"][:10] for p in planned] == ["2026-12-01", "2026-12-08", "2026-12-15"]
    assert [p.get("supervise") for p in planned] == [None, None, "2"]


@given(st.integers(0, 20 * 540), st.integers(1, 30 * 540), st.integers(0, 10 * 540), st.booleans())
def test_plans_are_in_order_ahead_and_never_past_the_deadline(
    ran: int, left: int, stood: int, working: bool
) -> None:
    now = T0
    start = now - timedelta(minutes=ran + stood)
    stop = start + timedelta(minutes=stood)
    pauses = [{"from": start.isoformat(), "to": stop.isoformat()}]
    due = now + timedelta(minutes=left)
    planned = escalation.plan(STEPS, Running(start, now, due, working, pauses), CALENDAR)
    times = [datetime.fromisoformat(p["at"]) for p in planned]
    assert times == sorted(times) and all(now <= t for t in times)
    # A deadline in closed time ends, as working time, at the next opening.
    assert all(t <= CALENDAR.roll(due) for t in times) and times[-1] == due
    run = Running(start, now, due, working, pauses)
    assert run.elapsed(working, CALENDAR) == pytest.approx(
        CALENDAR.working_minutes(stop, now) if working else ran, abs=1e-6
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"tell": ["handler"], "say": "x"},
        {"share": 0.5, "after": "1h", "tell": ["handler"], "say": "x"},
        {"share": 1.5, "tell": ["handler"], "say": "x"},
        {"share": 0.5, "tell": [], "say": "x"},
        {"share": 0.5, "tell": ["mayor"], "say": "x"},
        {"share": 0.5, "tell": ["handler"], "say": "x", "often": True},
    ],
)
def test_a_malformed_step_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="升级步骤"):
        Step.parse(wrong)


def test_a_place_changes_the_steps_of_one_class_and_keeps_the_others() -> None:
    for name in ("beijing", "tianjin", "sichuan", "shandong"):
        profile = load_profile(DATA / "sla", name)
        assert profile.escalation.keys() == CONTEXT.profile.escalation.keys()


# ── through the service ─────────────────────────────────────────────────────────────────────────


async def test_reminder_reminder_and_order_each_once(
    tickets: TicketService, clock: TestClock
) -> None:
    case = await filed(tickets)
    assert await plan(tickets, case.number) == [
        "2026-11-26T14:30", "2026-11-30T10:00", "2026-12-01T10:00",
    ]  # fmt: skip
    await case.act(GRID, "sign")
    await case.act(GRID, "contact", way="phone", result="reached")
    for moment, known in (("2026-11-26T14:29", 0), ("2026-11-26T14:31", 1),
                          ("2026-11-30T10:01", 2), ("2026-12-01T10:01", 3)):  # fmt: skip
        clock.go(at(moment))
        await tickets.tick()
        await tickets.tick()
        assert len(await events(tickets, case.number, "reminded")) == known, moment
    (order,) = await events(tickets, case.number, "supervised")
    assert order["data"]["level"] == "2" and order["data"]["due_reason"]
    (late,) = await events(tickets, case.number, "deadline_missed")
    assert late["data"]["stage"] == "due"
    assert await plan(tickets, case.number) == []
    assert (await case.seen())["state"] == "ACTIVE", "time alone closes nothing"


async def test_after_a_long_stop_everything_comes_in_its_order_once(
    tickets: TicketService, clock: TestClock
) -> None:
    case = await filed(tickets)
    clock.advance(days=60)
    while await tickets.tick():
        pass
    types = [
        (e["type"], e["data"].get("stage") or e["data"].get("step"))
        for e in await tickets.events(case.number, SYSTEM)
        if e["type"] in ("reminded", "deadline_missed", "supervised")
        and not e["data"].keys() & {"clock", "owed"}
    ]
    assert types == [
        ("deadline_missed", "sign"), ("deadline_missed", "contact"), ("reminded", "时限用了50%"),
        ("reminded", "时限用了80%"), ("reminded", "时限到了"), ("supervised", None),
        ("deadline_missed", "due"),
    ]  # fmt: skip


async def test_a_suspension_stops_the_reminders_and_asks_on_its_review_day(
    tickets: TicketService, clock: TestClock
) -> None:
    case = await filed(tickets)
    await case.act(GRID, "sign")
    clock.go(at("2026-11-25T10:00"))  # a fifth of the time
    await case.act(
        SUPERVISOR, "suspend", reason="parts", explanation="等灯头", plan="到货就换",
        review_date="2026-12-07",
    )  # fmt: skip
    clock.go(at("2026-12-04T18:00"))
    assert await tickets.tick() == 0
    clock.go(at("2026-12-07T08:31"))
    assert await tickets.tick() == 1
    (asked,) = await events(tickets, case.number, "reminded")
    assert asked["data"]["tell"] == ["supervisor", "handler"]
    clock.go(at("2026-12-08T17:31"))
    assert await tickets.tick() == 1
    assert (await events(tickets, case.number, "reminded"))[1]["data"]["tell"] == ["dispatcher"]
    clock.go(at("2026-12-09T10:00"))
    await case.act(GRID, "resume")
    # Four of five days are left: half is gone after one and a half of them.
    assert await plan(tickets, case.number) == [
        "2026-12-10T14:30", "2026-12-14T10:00", "2026-12-15T10:00",
    ]  # fmt: skip
    assert (await case.seen())["due_at"][:16] == "2026-12-15T10:00"


async def test_an_extension_plans_the_reminders_anew(
    tickets: TicketService, clock: TestClock
) -> None:
    case = await filed(tickets)
    await case.act(GRID, "sign")
    clock.go(at("2026-11-30T14:00"))
    assert await tickets.tick() > 0
    before = len(await events(tickets, case.number, "reminded"))
    view = await case.act(SUPERVISOR, "extend", days=5, reason="等配件")
    assert before == 2 and view["due_at"][:16] == "2026-12-08T10:00"
    # Ten days in all: half was on 1 December, four fifths are on the 4th.
    assert await plan(tickets, case.number) == [
        "2026-12-01T10:00", "2026-12-04T10:00", "2026-12-08T10:00",
    ]  # fmt: skip
    (moved,) = await events(tickets, case.number, "extended")
    assert moved["data"]["due_before"][:16] == "2026-12-01T10:00"
    history = await tickets.deadline_history(case.number, SYSTEM)
    due = [c for c in history if c.stage == "due"]
    assert [c.before and c.before.date() for c in due] == [None, date(2026, 12, 1)]
    assert "由12月1日10:00改为12月8日10:00" in due[-1].text and "经批准延期" in due[-1].text


async def test_what_is_resolved_is_quiet_and_a_new_round_has_its_own_reminders(
    tickets: TicketService, clock: TestClock
) -> None:
    case = await filed(tickets)
    view = await case.resolved()
    assert view["planned"] == []
    clock.advance(days=5)
    assert await tickets.tick() == 0
    await tickets.resident_act(case.number, "reject", {"text": "还黑着"}, WHO)
    assert (await case.seen())["state"] == "REWORK"
    due = datetime.fromisoformat((await case.seen())["due_at"])
    assert (await plan(tickets, case.number))[-1] == due.isoformat()[:16]
    assert len(await plan(tickets, case.number)) == 3


async def test_nobody_takes_up_a_call_for_help_and_the_duty_leader_is_told(
    tickets: TicketService, clock: TestClock
) -> None:
    call = {"leaf": "J3", "narrative": "有人要跳楼", "handed_off": True}
    left, taken = await filed(tickets, **call), await filed(tickets, **call)
    await taken.act(ACTORS["clerk"], "note", text="已经给值班打电话")
    clock.advance(minutes=2, seconds=5)
    await tickets.tick()
    (told,) = await events(tickets, left.number, "reminded")
    assert told["data"]["tell"] == ["duty"]
    assert not await events(tickets, taken.number, "reminded")


async def test_an_objection_left_undecided_goes_on_record(
    tickets: TicketService, clock: TestClock
) -> None:
    case = await filed(tickets)
    await case.act(GRID, "object", basis="职责清单第3条")
    view = await case.seen()
    assert view["decide_due_at"][:16] == "2026-11-25T10:00" and view["decide_due_reason"]
    clock.go(at("2026-11-25T10:01"))
    await tickets.tick()
    stages = [e["data"]["stage"] for e in await events(tickets, case.number, "deadline_missed")]
    assert "decide" in stages
    view = await case.act(DISPATCHER, "decide_objection", decision="reject", basis="属网格巡查")
    assert view["decide_due_at"] is None


async def test_a_second_look_that_nobody_takes_goes_on_record(
    tickets: TicketService, clock: TestClock
) -> None:
    case = await filed(tickets, wait=True)
    await case.act(ACTORS["clerk"], "not_accept", reason="beyond_duty", explanation="是商业保洁")
    clock.advance(days=2)
    assert await tickets.tick() == 1
    (late,) = await events(tickets, case.number, "deadline_missed")
    assert late["data"]["stage"] == "second_look"


# ── a new notice of holidays ────────────────────────────────────────────────────────────────────

NOTICE = Year.from_doc({
    "year": 2027, "source": "2027年放假安排",
    "holidays": [{"name": "元旦", "from": "2026-12-31", "to": "2027-01-03"}],
    "workdays": [{"date": "2026-12-27", "for": "元旦"}],
})  # fmt: skip


async def test_a_notice_moves_what_is_running_and_says_so(
    tickets: TicketService, clock: TestClock, db: Database
) -> None:
    clock.go(at("2026-12-30T10:00"))
    case = await filed(tickets)
    urgent = await filed(tickets, leaf="H1", narrative="家里停水了")
    done = await filed(tickets)
    await done.resolved()
    assert (await case.seen())["due_at"][:16] == "2027-01-07T10:00"
    assert "2027年放假安排尚未录入" in (await case.seen())["due_reason"]
    looked = await tickets.moved_by(NOTICE)
    own = {t.ticket_no: [m.name for m in moves if m.name] for t, moves in looked}
    assert own == {case.number: ["due"], urgent.number: []}, "only who helps there has working days"
    assert not await events(tickets, case.number, "deadline_moved"), "looking changes nothing"
    moved = await tickets.take_notice(NOTICE, "admin1")
    assert [t.ticket_no for t, _ in moved] == [case.number, urgent.number]
    view = await case.seen()
    assert view["due_at"][:16] == "2027-01-08T10:00"
    assert "尚未录入" not in view["due_reason"]
    assert "12月31日至1月3日放假不计" in view["due_reason"]
    assert "由1月7日10:00改为1月8日10:00" in view["due_reason"]
    (event,) = await events(tickets, case.number, "deadline_moved")
    assert event["data"]["due_before"][:16] == "2027-01-07T10:00"
    assert event["data"]["reason"] == "2027年放假安排"
    assert [m["stage"].partition(":")[0] for m in event["data"]["moved"]] == ["due", "assist"]
    assert (await plan(tickets, case.number))[-1] == "2027-01-08T10:00"
    (beside,) = await events(tickets, urgent.number, "deadline_moved")
    assert all(m["stage"].startswith("assist:") for m in beside["data"]["moved"])
    assert not await events(tickets, done.number, "deadline_moved")
    # The same notice again moves nothing; a new ticket counts by it.
    assert await tickets.take_notice(NOTICE, "admin1") == []
    assert (await (await filed(tickets)).seen())["due_at"][:16] == "2027-01-08T10:00"
    async with db.read() as s:
        ticket = await store.load(s, case.number)
        assert fold(await store.history(s, case.number)) == ticket
        assert [t.moved for t in await tickets.calendars.taken(s)] == [0, 2]


async def test_another_process_counts_by_the_notice_from_its_next_action_on(
    tickets: TicketService, clock: TestClock, db: Database
) -> None:
    clock.go(at("2026-12-30T10:00"))
    here = tickets.calendars
    assert 2027 not in here.current.years
    async with db.write() as s:  # what the other process does
        await here.keep(s, NOTICE, "admin1", clock.now(), 0)
    case = await filed(tickets)
    assert 2027 in here.current.years
    assert (await case.seen())["due_at"][:16] == "2027-01-08T10:00"


async def test_a_suspended_ticket_keeps_the_time_it_had_left(
    tickets: TicketService, clock: TestClock
) -> None:
    clock.go(at("2026-12-30T10:00"))
    case = await filed(tickets)
    await case.act(GRID, "sign")
    await case.act(
        SUPERVISOR, "suspend", reason="parts", explanation="等灯头", plan="到货就换",
        review_date="2027-01-11",
    )  # fmt: skip
    await tickets.take_notice(NOTICE, "admin1")
    clock.go(at("2027-01-11T10:00"))
    await case.act(GRID, "resume")
    # Next to nothing had been used up: five working days from now.
    due = datetime.fromisoformat((await case.seen())["due_at"])
    assert at("2027-01-18T09:59") <= due <= at("2027-01-18T10:00")


def test_merging_a_notice_replaces_the_year_it_is_for() -> None:
    years = merged([NOTICE], Year(2027, "更正", (), ()))
    assert [y.source for y in years] == ["更正"]


def test_the_clock_sleeps_when_nothing_is_to_come() -> None:
    assert NOW.date() == date(2026, 11, 24)
    assert timing.wake_at(fold([])) is None and timing.next_command(fold([]), NOW) is None


ANYBODY: list[Actor] = [ACTORS["clerk"], ACTORS["dispatcher"]]


@pytest.mark.parametrize("actor", ANYBODY, ids=lambda a: a.role)
async def test_nobody_but_the_clock_reminds_or_moves(tickets: TicketService, actor: Actor) -> None:
    case: Case = await filed(tickets)
    assert await case.refused(actor, "remind") == "role_not_allowed"
    assert await case.refused(actor, "reschedule", reason="x") == "role_not_allowed"


async def test_what_a_unit_plans_to_do_is_not_taken_for_the_reminders_ahead(
    tickets: TicketService,
) -> None:
    case = await filed(tickets)
    number = case.number
    await tickets.act(number, "sign", {}, GRID)
    ahead = await plan(tickets, number)
    asked = {
        "reason": "parts",
        "explanation": "灯具缺货",
        "plan": "到货就装",
        "review_date": "2026-12-01",
    }
    await tickets.act(number, "suspend", asked, GRID)
    assert await plan(tickets, number) == ahead
    said = (await tickets.events(number, SYSTEM))[-1]
    assert said["data"]["plan"] == "到货就装"


@pytest.mark.parametrize(
    ("own", "shown"), [("2026-11-25", "2026-11-25"), ("2026-12-09", "2026-12-02")]
)
def test_of_several_orders_the_earliest_date_is_shown(own: str, shown: str) -> None:
    shared = replace(parent(), due_at=at("2026-12-02T10:00"), due_reason="普通事项，5个工作日")
    mine = replace(in_state(State.ACCEPTED), due_at=at(f"{own}T10:00"), due_reason="约好的日子")
    merged_in = must(
        mine, "merge", "clerk", T0 + timedelta(hours=1), {"into": shared.ticket_no},
        replace(CONTEXT, parent=shared),
    )  # fmt: skip
    assert str(joined_view(merged_in, shared)["due_at"])[:10] == shown
    assert joined_view(merged_in, shared)["title"] == merged_in.title
    # Protected after others had joined: what it is about is not named to them either.
    for protected in ({"confidential": True}, {"restricted": True}):
        seen = joined_view(merged_in, replace(shared, **protected))
        assert seen["title"] == "您反映的事" and not (seen["owner"] or {}).get("power")


@pytest.mark.parametrize(
    ("start", "begins"),
    [("2026-11-24T06:00", "11月24日08:30"), ("2026-11-24T20:00", "11月25日08:30"),
     ("2026-11-28T10:00", "11月30日08:30"), ("2026-11-24T10:00", None)],
)  # fmt: skip
def test_the_reason_says_from_when_it_counts(start: str, begins: str | None) -> None:
    found = clocks.deadline("普通事项", at(start), Limit.parse("5wd"), CALENDAR)
    assert (f"从{begins}起算" in found.reason) if begins else ("起算" not in found.reason)
    natural = clocks.deadline("水电气热", at(start), Limit.parse("24h"), CALENDAR)
    assert natural.reason == "水电气热，24小时"


def test_a_pause_over_a_holiday_says_both() -> None:
    due = clocks.deadline("普通事项", at("2026-09-22T10:00"), Limit.parse("5wd"), CALENDAR)
    assert due.at == at("2026-09-30T10:00") and "9月25日至27日放假不计" in due.reason
    pause = {"from": at("2026-09-22T12:00").isoformat(), "to": at("2026-09-23T12:00").isoformat()}
    moved = clocks.with_pauses(due, [{**pause, "why": "挂账"}], True, CALENDAR)
    assert moved.at == at("2026-10-08T10:00")
    assert "10月1日至7日放假不计" in moved.reason and "挂账期间" in moved.reason
    assert moved.reason.count("9月25日至27日") == 1
