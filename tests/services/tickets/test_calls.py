"""Who has no conversation is called: at the end of the time limit, and who joined. On both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.context import Services
from services.db import Database
from services.outbox.worker import run_due
from services.tickets import reminders, store
from services.tickets.core import calls
from services.tickets.core.actor import SYSTEM, Actor
from services.tickets.core.commands import CreateTicket
from services.tickets.core.fold import fold
from services.tickets.core.states import State
from services.tickets.core.ticket import Ticket
from services.tickets.service import TicketService
from tests.services.conftest import NOW, TestClock
from tests.services.tickets.conftest import request
from tests.services.tickets.test_workflow_scenarios import (
    CALLBACK,
    CLERK,
    DISPATCHER,
    DONE,
    GRID,
    ME,
    SUPERVISOR,
    WHO,
    Case,
)
from tests.services.tickets.world import CONTEXT, T0, in_state, must

PHONED = {"conversation_id": None, "channel": "phone"}
NOBODY: dict[str, Any] = {"contact": None}


async def by(tickets: TicketService, actor: Actor = CLERK, **given: Any) -> Case:
    view = await tickets.create(request(**given), actor)
    return Case(tickets, view["ticket_no"])


async def to_call(tickets: TicketService) -> list[str]:
    """Numbers of the callback desk's list."""
    return [t["ticket_no"] for t in (await tickets.list(CALLBACK, mine=True))["tickets"]]


# ── the time limit is over ──────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("given", "called"),
    [
        (PHONED, True),
        ({**PHONED, "channel": "counter"}, True),
        ({}, False),  # asked in the chat
        ({**PHONED, **NOBODY}, False),  # left no number
        (
            {**PHONED, "channel": "patrol", "reporter_role": "patrol"},
            False,
        ),  # we found it ourselves
    ],
)
async def test_at_the_end_of_the_time_who_has_no_chat_is_on_the_desks_list(
    tickets: TicketService, clock: TestClock, given: dict[str, Any], called: bool
) -> None:
    case = await by(tickets, **given)
    await case.act(GRID, "sign")
    clock.go(NOW + timedelta(days=7, minutes=-5))
    await tickets.tick()
    assert await to_call(tickets) == []
    clock.go(NOW + timedelta(days=7, minutes=5))
    await tickets.tick()
    assert (await case.seen())["state"] == "ACTIVE"
    assert (await to_call(tickets) == [case.number]) is called
    assert ("to_call" in (await case.seen())["flags"]) is called


async def test_the_answer_is_kept_and_takes_it_off_the_list(
    tickets: TicketService, clock: TestClock
) -> None:
    case = await by(tickets, **PHONED)
    await case.act(GRID, "sign")
    assert await case.refused(CALLBACK, "callback", result="solved") == "no_call_due"
    clock.go(NOW + timedelta(days=8))
    await tickets.tick()
    offered = [a["action"] for a in await tickets.allowed_actions(case.number, CALLBACK)]
    assert "callback" in offered
    view = await case.act(CALLBACK, "callback", result="unsolved", text="还黑着")
    assert view["state"] == "ACTIVE", "an answer before the work is reported ends nothing"
    assert await to_call(tickets) == []
    assert await case.refused(CALLBACK, "callback", result="solved") == "no_call_due"
    # Who does the work learns the answer, not the words; the round that follows asks again.
    (known,) = (await case.seen(GRID))["callbacks"]
    assert known["result"] == "unsolved" and "text" not in known
    await case.act(GRID, "resolve", **DONE)
    assert await to_call(tickets) == [case.number]
    await case.act(CALLBACK, "callback", result="solved")
    assert (await case.seen())["state"] == "CLOSED" and await to_call(tickets) == []


async def test_three_calls_in_vain_on_three_days_are_enough(
    tickets: TicketService, clock: TestClock
) -> None:
    case = await by(tickets, **PHONED)
    await case.act(GRID, "sign")
    clock.go(NOW + timedelta(days=8))
    await tickets.tick()
    for _ in range(3):  # within the hour it is one attempt
        await case.act(CALLBACK, "callback", result="no_answer")
    assert await to_call(tickets) == [case.number]
    for left in ([case.number], []):
        clock.advance(days=1)
        await case.act(CALLBACK, "callback", result="no_answer")
        assert await to_call(tickets) == left


@pytest.mark.parametrize("state", sorted(State))
def test_only_what_nobody_reported_finished_is_asked_at_expiry(state: State) -> None:
    ticket = Ticket(state=state, reporter={"role": "self", "phone": "138****5678"})
    asked = bool(calls.at_expiry(ticket, True, T0))
    assert asked is (state in calls.NOT_REPORTED_FINISHED)
    assert not calls.at_expiry(ticket, False, T0)


@pytest.mark.parametrize(
    ("hours", "over"),
    [
        ((), False),
        ((1, 2, 3), False),
        ((1, 25, 26), False),
        ((1, 25, 49), True),
        ((-1, 25, 49), False),
    ],
)
def test_attempts_and_days_by_hand(hours: tuple[int, ...], over: bool) -> None:
    made = [{"result": "no_answer", "at": (T0 + timedelta(hours=h)).isoformat()} for h in hours]
    assert calls.exhausted(made, T0, CONTEXT.profile) is over
    assert not calls.exhausted([{**c, "result": "solved"} for c in made], T0, CONTEXT.profile)


# ── who joined by phone ─────────────────────────────────────────────────────────────────────────


async def shared(tickets: TicketService, **given: Any) -> tuple[Case, Case]:
    """A ticket of the chat, and a neighbour's that was merged into it."""
    lead = await by(tickets, ME)
    place = {"compound_id": "xingfu", "building_id": "xingfu-3", "unit": "2", "room": "301"}
    view = await tickets.create(request(place=place, **given), CLERK, follow_up=False)
    joined = Case(tickets, view["ticket_no"])
    await joined.act(CLERK, "merge", into=lead.number)
    return lead, joined


async def test_who_joined_by_phone_is_called_when_it_is_reported_done(
    tickets: TicketService, clock: TestClock
) -> None:
    lead, joined = await shared(tickets, **PHONED)
    assert await to_call(tickets) == []
    await lead.resolved()
    assert set(await to_call(tickets)) == {lead.number, joined.number}
    # The first reporter's yes closes the ticket; the other household still has not been asked.
    await tickets.callback_answer(lead.number, WHO, {"stage": "solved", "solved": True})
    assert await to_call(tickets) == [joined.number]
    await joined.act(CALLBACK, "callback", result="solved", score=5)
    assert await to_call(tickets) == []
    assert (await joined.seen())["callbacks"][-1]["result"] == "solved"


async def test_a_no_by_phone_reopens_it_and_asks_again_after_the_next_round(
    tickets: TicketService, clock: TestClock
) -> None:
    lead, joined = await shared(tickets, **PHONED)
    await lead.resolved()
    await joined.act(CALLBACK, "callback", result="unsolved", text="还黑着")
    assert (await lead.seen())["state"] == "REWORK" and await to_call(tickets) == []
    await lead.act(GRID, "resolve", **DONE)
    assert set(await to_call(tickets)) == {lead.number, joined.number}


async def test_while_it_is_in_work_again_nobody_is_called(tickets: TicketService) -> None:
    lead, _ = await shared(tickets, **PHONED)
    await lead.resolved()
    await lead.act(CALLBACK, "rework", reason="照片不是这盏灯")
    assert await to_call(tickets) == []


@pytest.mark.parametrize(
    ("state", "why"), [(State.RESOLVED, "joined"), (State.ACTIVE, None), (State.REWORK, None)]
)
def test_who_is_on_the_list_is_asked_for_what_the_shared_ticket_is_about(
    state: State, why: str | None
) -> None:
    """“Expired” was about the own ticket: merged, it would stand on the list for ever."""
    waits = replace(in_state(State.ACCEPTED), to_call={"why": "expired", "since": T0.isoformat()})
    shared = replace(in_state(state), ticket_no="SQ-261124-00002-0")
    later = T0 + timedelta(minutes=30)
    after = must(waits, "merge", "system", later, context=replace(CONTEXT, parent=shared))
    assert (after.to_call or {}).get("why") == why
    assert why is None or after.to_call == {"why": "joined", "since": later.isoformat()}


@pytest.mark.parametrize("done", [False, True])
async def test_who_is_merged_after_the_time_leaves_the_list_until_the_shared_ticket_is_done(
    tickets: TicketService, db: Database, clock: TestClock, done: bool
) -> None:
    lead = await by(tickets, ME)
    place = {"compound_id": "xingfu", "building_id": "xingfu-3", "unit": "2", "room": "301"}
    # What would go to whom it complains of waits for a person, also beyond its time.
    late = await by(tickets, place=place, about="grid", **PHONED)
    clock.go(NOW + timedelta(days=8))
    await tickets.tick()
    assert await to_call(tickets) == [late.number]
    if done:  # nothing would ask again
        await lead.resolved()
    await late.act(DISPATCHER, "merge", into=lead.number)
    assert (late.number in await to_call(tickets)) is done
    if not done:
        assert await late.refused(CALLBACK, "callback", result="solved") == "not_resolved_yet"
        await lead.resolved()
    assert late.number in await to_call(tickets)
    await late.act(CALLBACK, "callback", result="solved")
    assert late.number not in await to_call(tickets)
    async with db.read() as s:
        assert await store.load(s, late.number) == fold(await store.history(s, late.number))


async def test_who_joined_from_a_chat_is_asked_there(tickets: TicketService) -> None:
    lead, joined = await shared(tickets, conversation_id="conversation-2")
    await lead.resolved()
    assert await to_call(tickets) == [lead.number]
    assert "joined_asked" not in await joined.types()


# ── what the desk reads ─────────────────────────────────────────────────────────────────────────


async def test_the_desk_is_told_once_of_a_phone_ticket_that_expired(
    services: Services, db: Database
) -> None:
    body: CreateTicket = request(**PHONED)
    number = (await services.tickets.create(body, CLERK))["ticket_no"]
    await services.tickets.act(number, "sign", {}, GRID)
    await services.clock.set(db, NOW + timedelta(days=7, minutes=5))
    await run_due(services)
    await run_due(services)
    async with services.db.read() as s:
        told = [r for r in await reminders.waiting(s, CALLBACK) if r.ticket_no == number]
        other = await reminders.waiting(s, replace(CALLBACK, role="trainer"))
    assert [r.text.rpartition("：")[2] for r in told] == [reminders.CALL] and not other
    events = [e["type"] for e in await services.tickets.events(number, SYSTEM)]
    assert events.count("deadline_missed") >= 1


async def test_a_reminder_of_what_nobody_has_sorted_yet_holds_no_word_of_the_resident(
    services: Services, clock: TestClock
) -> None:
    said = request(leaf=None, narrative="我是张桂兰13812345678灯坏了")
    number = (await services.tickets.create(said, ME))["ticket_no"]
    clock.advance(days=3)
    await run_due(services)
    async with services.db.read() as s:
        told = [r.text for r in await reminders.waiting(s, SUPERVISOR) if r.ticket_no == number]
    assert told and all("还没归类的诉求" in text for text in told)
    assert "桂兰" not in str(told) and "138" not in str(told)
