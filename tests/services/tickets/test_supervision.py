"""督办 and 报请上级 have clocks: who owes an answer is told and reminded, silence goes on record.

The unit's silence makes the next step of 督办.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.clock import ZONE
from services.context import Services
from services.db import Database
from services.outbox.worker import run_due
from services.tickets import reminders
from services.tickets.core import decide, fold, history, moving, sideclocks, timing
from services.tickets.core.actor import Actor
from services.tickets.core.context import Refusal
from services.tickets.core.states import State
from services.tickets.core.ticket import Ticket
from services.web.console import standing
from tests.services.tickets.conftest import request
from tests.services.tickets.test_workflow_scenarios import (
    CLERK,
    DISPATCHER,
    GRID,
    SUPERVISOR,
    WATER,
    Case,
)
from tests.services.tickets.world import CONTEXT, FORMER, T0, do, in_state, led, must

HOUR = timedelta(hours=1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


def supervised(ticket: Ticket, level: str = "1", when: datetime = T0 + HOUR, **more: Any) -> Ticket:
    said = {"level": level, "text": "请抓紧", **more}
    return must(ticket, "supervise", "dispatcher", when, said)


def worked(ticket: Ticket, now: datetime) -> Ticket:
    """The ticket after the worker has done all that is due."""
    while command := timing.next_command(ticket, now):
        made = decide.decide(ticket, command, CONTEXT)
        assert not isinstance(made, Refusal), made
        ticket = fold.apply(ticket, made)
    return ticket


def orders(ticket: Ticket) -> dict[str, sideclocks.SideClock]:
    """The clocks of 督办 on a ticket."""
    return {k: c for k, c in sideclocks.owed(ticket).items() if c.stage == "supervise"}


def day_by_day(ticket: Ticket, days: int) -> Ticket:
    """The ticket after so many days on which the worker never stopped."""
    for n in range(24 * days + 1):
        ticket = worked(ticket, T0 + n * HOUR)
    return ticket


def levels(ticket: Ticket) -> list[str]:
    return [s["level"] for s in ticket.supervisions]


# T0 is Tuesday 24 November, 10:00. A working day on is Wednesday 11:00, two are Thursday 11:00.
@pytest.mark.parametrize(
    ("level", "more", "due"),
    [
        ("1", {}, "2026-11-25T11:00"),
        ("2", {}, "2026-11-26T11:00"),
        ("1", {"until": "2026-11-30"}, "2026-11-30T17:30"),
    ],
)
def test_an_order_runs_until_its_day_and_goes_on_record(
    level: str, more: dict[str, Any], due: str
) -> None:
    t = in_state(State.ACTIVE, leaf="G5")
    if level == "2":
        t = replace(t, supervisions=[{"level": "1", "at": T0.isoformat(), "answers": ["x"]}])
    t = supervised(t, level, **more)
    (key,) = orders(t)
    assert orders(t)[key].at == at(due) and timing.watched(t)[key] == at(due)
    assert key not in worked(t, at(due)).missed
    late = worked(t, at(due) + timedelta(minutes=1))
    assert key in late.missed and sideclocks.stage_of(key) == "supervise"


def test_silence_climbs_the_ladder_to_its_end() -> None:
    t = supervised(in_state(State.ACTIVE, leaf="G3"))
    assert levels(day_by_day(t, 1)) == ["1"]  # until Wednesday, 11:00
    assert levels(day_by_day(t, 2)) == ["1", "2"]  # two working days: Friday, about 11:00
    t = day_by_day(t, 12)
    # At the end of the ladder people are told; nothing more is ordered.
    assert levels(t) == ["1", "2", "3"]
    told = [r for r in t.reminders if r.get("clock", "").startswith("supervise")]
    assert {"unit", "dispatcher"} <= {who for r in told for who in r["tell"]}


def test_a_place_that_does_not_want_it_only_reminds() -> None:
    context = replace(CONTEXT, rules=replace(CONTEXT.rules, supervision_climbs=False))
    t = must(in_state(State.ACTIVE, leaf="G3"), "supervise", "dispatcher", T0 + HOUR, None, context)
    assert levels(day_by_day(t, 3)) == ["1"]


def test_an_answer_ends_it_and_so_does_the_report_that_it_is_done() -> None:
    t = supervised(in_state(State.ACTIVE, leaf="G5"))
    answered = must(t, "answer_supervision", "handler", T0 + 2 * HOUR)
    assert not orders(answered)
    assert not [e for e in answered.planned if "clock" in e]
    done = must(must(t, "contact", "handler", T0 + 2 * HOUR), "resolve", "handler", T0 + 2 * HOUR)
    again = must(done, "callback", "callback", T0 + 3 * HOUR, {"result": "unsolved"})
    assert again.state is State.REWORK and not orders(again)


def test_whoever_has_the_order_answers_and_of_several_only_the_last_runs() -> None:
    t = supervised(supervised(in_state(State.ACTIVE, leaf="G5")), "2", T0 + 2 * HOUR)
    (clock,) = orders(t).values()
    assert (clock.type, clock.orgs) == ("2", ("water",))
    passed = must(
        t, "dispatch", "dispatcher", T0 + 3 * HOUR, {"org": "property", "reason": "归物业"}
    )
    (clock,) = orders(passed).values()
    assert clock.orgs == ("property",)
    assert all(e["orgs"] == ["property"] for e in passed.planned if e.get("clock") == clock.key)


def test_before_there_is_a_unit_nobody_owes_an_answer() -> None:
    t = supervised(in_state(State.ACCEPTED))
    assert not orders(must(t, "dispatch", "dispatcher", T0 + 2 * HOUR))


def test_it_stands_while_the_ticket_is_suspended_but_not_before_it_was_ordered() -> None:
    t = supervised(in_state(State.SUSPENDED, leaf="G5"), until="2026-11-30")
    assert orders(t) and not sideclocks.running(t)
    since, back = T0 + HOUR, T0 + timedelta(days=3)
    again = must(t, "resume", "supervisor", back)
    (clock,) = sideclocks.running(again).values()
    assert clock.at == at("2026-11-30T17:30") + (back - since)


def test_a_notice_of_holidays_moves_the_rules_days_and_no_day_that_a_person_set() -> None:
    former = replace(CONTEXT, calendar=FORMER)  # 25 November off
    now = T0 + 2 * HOUR
    for more, moved in (({}, True), ({"until": "2026-11-27"}, False)):
        said = {"level": "1", "text": "请抓紧", **more}
        t = must(
            in_state(State.ACTIVE, leaf="G5"), "supervise", "dispatcher", T0 + HOUR, said, former
        )
        found = moving.moves(t, now, replace(CONTEXT, former=FORMER))
        assert any(m.key.startswith("supervise") for m in found) == moved


def test_an_order_with_a_day_is_no_new_deadline_of_the_ticket() -> None:
    t, events = led(State.ACTIVE)
    t = worked(t, (t.due_at or T0) + HOUR)
    assert "due" in t.missed
    made = do(t, "supervise", "dispatcher", t.updated_at or T0, {"level": "3", "text": "请抓紧"})
    assert not isinstance(made, Refusal)
    after = fold.apply(t, made)
    assert after.missed == t.missed, "the resident is not asked a second time"
    assert "due_before" not in made.data
    changed = [c.stage for c in history.changes([*events])]
    t2, events2 = led(State.ACTIVE)
    order = do(t2, "supervise", "dispatcher", T0 + HOUR)
    assert not isinstance(order, Refusal)
    more = [c.stage for c in history.changes([*events2, order])]
    assert more == [*changed, "supervise:1"]


@pytest.mark.parametrize(("hour", "good"), [(17, True), (18, False)])
def test_a_day_that_is_over_is_no_day_to_answer(hour: int, good: bool) -> None:
    said = {"level": "1", "text": "请抓紧", "until": "2026-11-24"}
    made = do(in_state(State.ACTIVE), "supervise", "dispatcher", T0.replace(hour=hour), said)
    assert isinstance(made, Refusal) != good


async def texts(services: Services, actor: Any, word: str) -> list[str]:
    async with services.db.read() as s:
        return [r.text for r in await reminders.waiting(s, actor) if word in r.text]


async def test_the_unit_reads_of_it_at_once_and_the_street_when_it_stays_silent(
    services: Services, db: Database
) -> None:
    body = request(conversation_id=None, channel="phone")
    case = Case(services.tickets, (await services.tickets.create(body, CLERK))["ticket_no"])
    await case.act(GRID, "sign")
    await services.clock.set(db, at("2026-11-24T11:00"))
    await case.act(DISPATCHER, "supervise", level="1", text="请抓紧")
    await run_due(services)
    (told,) = await texts(services, GRID, "收到提醒")
    assert "11月25日11:00前反馈" in told
    assert not await texts(services, WATER, "收到提醒")
    await services.clock.set(db, at("2026-11-25T11:05"))
    await run_due(services)
    assert await texts(services, DISPATCHER, "督办到期还没有反馈")
    assert await texts(services, GRID, "收到书面督办"), "the next step has come by itself"
    events = [e["text"] for e in await services.tickets.events(case.number, SUPERVISOR)]
    assert any("督办反馈超时" in text for text in events)


# ── 报请上级 ────────────────────────────────────────────────────────────────────────────────────


def lifted(ticket: Ticket, when: datetime = T0 + HOUR) -> Ticket:
    return must(ticket, "escalate", "handler", when)


def test_the_street_owes_an_answer_within_a_working_day() -> None:
    t = lifted(in_state(State.ACTIVE, leaf="G3"))
    (clock,) = [c for c in sideclocks.owed(t).values() if c.stage == "escalate"]
    assert (clock.at, clock.orgs, clock.who) == (at("2026-11-25T11:00"), (), "街道调度")
    assert "escalation_pending" in t.flags
    late = worked(t, at("2026-11-25T11:01"))
    assert clock.key in late.missed
    told = [r for r in late.reminders if r.get("clock") == clock.key]
    assert [r["tell"] for r in told] == [["dispatcher"]] * 2
    answered = must(late, "answer_escalation", "dispatcher", at("2026-11-25T12:00"))
    assert "escalation_pending" not in answered.flags and "escalated" in answered.flags
    assert answered.escalations[0]["answers"][0]["decision"] == "take"
    again = do(answered, "answer_escalation", "dispatcher", at("2026-11-25T12:01"))
    assert isinstance(again, Refusal) and again.code == "not_escalated"


def test_an_order_that_is_passed_on_leaves_nothing_of_the_former_unit_to_answer() -> None:
    t = lifted(in_state(State.ACTIVE, leaf="G5"))
    given = {"org": "property", "reason": "归物业"}
    passed = must(t, "dispatch", "dispatcher", T0 + 2 * HOUR, given)
    assert "escalation_pending" not in passed.flags
    assert not [e for e in passed.planned if e.get("clock", "").startswith("escalate")]


async def test_the_street_reads_of_it_finds_it_in_its_work_and_the_unit_hears_the_answer(
    services: Services, db: Database
) -> None:
    body = request(conversation_id=None, channel="phone")
    case = Case(services.tickets, (await services.tickets.create(body, CLERK))["ticket_no"])
    await case.act(GRID, "sign")

    async def work(actor: Actor) -> list[str]:
        found = await services.tickets.list(actor, mine=True)
        return [t["ticket_no"] for t in found["tickets"]]

    assert case.number not in await work(DISPATCHER)
    view = await case.act(GRID, "escalate", text="产权不清，请街道协调")
    await run_due(services)
    assert await texts(services, DISPATCHER, "报请街道协调")
    assert case.number in await work(DISPATCHER)
    assert "前答复（提级答复" in dict(standing.threads(view))["报请上级"]
    view = await case.act(DISPATCHER, "answer_escalation", decision="take", text="明天开会")
    await run_due(services)
    assert case.number not in await work(DISPATCHER)
    assert await texts(services, GRID, "街道答复了")
    assert "街道来协调：明天开会" in dict(standing.threads(view))["报请上级"]


# ── 归档 ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("phone", "chat", "notice", "code"),
    [
        (True, None, None, "notice_missing"),
        (True, None, "visit", None),
        (True, "conversation-1", None, None),  # reads it there
        (False, None, None, None),  # left nothing by which to be told
    ],
)
def test_who_has_no_chat_is_told_of_the_closing_or_it_is_said_why_not(
    phone: bool, chat: str | None, notice: str | None, code: str | None
) -> None:
    reporter = {"role": "self", **({"phone": "138****5678"} if phone else {})}
    days = [(T0 + timedelta(days=n)).isoformat() for n in (1, 2, 3)]
    t = replace(
        in_state(State.RESOLVED), conversation_id=chat, reporter=reporter,
        callbacks=[{"result": "no_answer", "at": d} for d in days],
    )  # fmt: skip
    said = {"reason": "三次未接通", **({"notice": notice} if notice else {})}
    made = do(t, "close", "callback", T0 + timedelta(days=4), said)
    assert (made.code if isinstance(made, Refusal) else None) == code
    if not isinstance(made, Refusal):
        assert made.data.get("notice") == notice


async def test_an_order_before_there_is_a_unit_is_for_the_community(
    services: Services, db: Database
) -> None:
    view = await services.tickets.create(
        request(conversation_id=None, channel="phone"), CLERK, follow_up=False
    )
    await Case(services.tickets, view["ticket_no"]).act(
        DISPATCHER, "supervise", level="1", text="看"
    )
    await run_due(services)
    assert await texts(services, SUPERVISOR, "还没有派给承办单位")
