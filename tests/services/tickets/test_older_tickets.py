"""Tickets from before there were reminders get theirs on the worker's round, once. On both databases."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from services.clock import ZONE
from services.config import Settings
from services.context import Services
from services.db import Database
from services.outbox.tables import OutboxRow
from services.outbox.worker import run_due
from services.people.service import PeopleService
from services.places.service import PlaceService
from services.tickets import reminders, store
from services.tickets.core.actor import SYSTEM
from services.tickets.core.fold import fold
from services.tickets.service import TicketService
from services.tickets.tables import StaffReminderRow, TicketEventRow, TicketRow
from tests.services.conftest import NOW, TestClock
from tests.services.tickets.test_workflow_scenarios import (
    CALLBACK,
    CLERK,
    DISPATCHER,
    GRID,
    SUPERVISOR,
    Case,
    filed,
)

SINCE = ("planned", "reminders", "to_call")
SUSPEND = {
    "reason": "parts", "explanation": "等灯具", "plan": "到货就装", "review_date": "2026-12-07",
}  # fmt: skip


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


async def made_older(db: Database, case: Case) -> None:
    """Take away from the ticket and its events what reminders have left in them."""
    async with db.write() as s:
        doc = await s.scalar(select(TicketRow.doc).where(TicketRow.ticket_no == case.number))
        old = {k: v for k, v in doc.items() if k not in SINCE}
        row = update(TicketRow).where(TicketRow.ticket_no == case.number)
        await s.execute(row.values(doc=old, wake_at=None, marks=""))
        events = select(TicketEventRow).where(TicketEventRow.ticket_no == case.number)
        for event in await s.scalars(events):
            event.data = {k: v for k, v in event.data.items() if k not in SINCE}


async def ahead(case: Case) -> list[tuple[str, str]]:
    """When whom the ticket's own clock reminds."""
    planned = (await case.seen())["planned"]
    return [(e["at"][:16], "、".join(e["tell"])) for e in planned if "clock" not in e]


async def new(tickets: TicketService) -> Case:
    return await filed(tickets)


async def signed(tickets: TicketService) -> Case:
    case = await filed(tickets)
    await case.act(GRID, "sign")
    return case


async def waiting(tickets: TicketService) -> Case:
    case = await filed(tickets, wait=True)
    await case.act(CLERK, "need_info", items=["哪一盏灯"])
    return case


async def suspended(tickets: TicketService) -> Case:
    case = await signed(tickets)
    await case.act(SUPERVISOR, "suspend", **SUSPEND)
    return case


async def resolved(tickets: TicketService) -> Case:
    case = await filed(tickets)
    await case.resolved()
    return case


@pytest.mark.parametrize(
    ("made", "now", "expected"),
    [
        # Minutes after what is due at the hour, not seconds before it: a slow machine would run into it.
        # Of five working days half is Thursday 14:30, four fifths Monday 10:00, the end Tuesday 10:00.
        (new, "2026-11-25T09:00", [
            ("2026-11-26T14:30", "handler"), ("2026-11-30T10:00", "handler、supervisor"),
            ("2026-12-01T10:00", "handler、dispatcher"),
        ]),
        (signed, "2026-11-27T10:05", [
            ("2026-11-30T10:00", "handler、supervisor"), ("2026-12-01T10:00", "handler、dispatcher"),
        ]),
        (waiting, "2026-11-24T15:00", [("2026-11-25T10:00", "resident")]),
        (suspended, "2026-11-25T10:05", [
            ("2026-12-07T08:30", "supervisor、handler"), ("2026-12-07T17:30", "dispatcher"),
        ]),
        (resolved, "2026-11-25T10:05", []),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)  # fmt: skip
async def test_what_lies_ahead_is_planned_and_nothing_twice(
    tickets: TicketService, db: Database, clock: TestClock, settings: Settings,
    made: Any, now: str, expected: list[tuple[str, str]],
) -> None:  # fmt: skip
    case = await made(tickets)
    await made_older(db, case)
    assert await ahead(case) == []
    clock.go(at(now))
    await tickets.tick()
    assert await ahead(case) == expected
    types = await case.types()
    assert types.count("reminders_planned") == bool(expected)
    # The same moment again: what is due a few seconds later is another matter.
    clock.go(at(now))
    await tickets.tick()
    other = TicketService(
        settings, db, clock, PlaceService(settings, db, clock), PeopleService(settings, db, clock)
    )
    clock.go(at(now))
    await other.tick()
    assert await case.types() == types, "another process finds nothing to do"
    async with db.read() as s:
        ticket = await store.load(s, case.number)
        assert ticket == fold(await store.history(s, case.number))


async def test_what_is_late_already_is_said_once_and_who_phoned_is_called(
    tickets: TicketService, db: Database, clock: TestClock
) -> None:
    case = await filed(tickets, conversation_id=None, channel="phone")
    await case.act(GRID, "sign")
    await made_older(db, case)
    clock.go(NOW + timedelta(days=20))
    for _ in range(3):
        await tickets.tick()
    told = [e["data"] for e in await tickets.events(case.number, SYSTEM) if e["type"] == "reminded"]
    own = [d for d in told if "clock" not in d]
    assert [d["tell"] for d in own] == [["handler", "dispatcher"]]
    assert (await case.types()).count("supervised") == 1
    assert "to_call" in (await case.seen())["flags"]


async def test_the_desk_is_told_once_of_an_older_ticket_that_is_late_already(
    services: Services, db: Database, clock: TestClock, settings: Settings
) -> None:
    case = await filed(services.tickets, conversation_id=None, channel="phone")
    await case.act(GRID, "sign")
    clock.go(NOW + timedelta(days=20))
    # What runs now looks for older tickets when it starts: the limit passes in one that ran before.
    await TicketService(
        settings, db, clock, PlaceService(settings, db, clock), PeopleService(settings, db, clock)
    ).tick()
    assert "due" in (await case.seen())["missed"]
    # Before there were calls the missed deadline told nobody.
    await made_older(db, case)
    async with db.write() as s:
        await s.execute(delete(OutboxRow))
        await s.execute(delete(StaffReminderRow))
    for _ in range(2):
        await run_due(services)
    assert "reminders_planned" in await case.types()
    async with services.db.read() as s:
        told = [r.text for r in await reminders.waiting(s, CALLBACK)]
    assert [text.rpartition("：")[2] for text in told] == [reminders.CALL]


async def test_what_others_owe_on_an_older_ticket_has_its_clock_from_now_on(
    tickets: TicketService, db: Database, clock: TestClock
) -> None:
    case = await signed(tickets)
    await case.act(
        DISPATCHER,
        "whistle",
        type="problem",
        orgs=["urban"],
        reason="要多部门一起",
        approver="街道副主任 李强",
    )
    await made_older(db, case)
    clock.go(at("2026-11-24T12:00"))
    await tickets.tick()
    view = await case.seen()
    keys = {e["clock"] for e in view["planned"] if "clock" in e}
    assert {"whistle:W1:urban:contact", "whistle:W1:urban:arrive"} <= keys
    # To sign was over an hour ago: that is said, and stands on record.
    events = await tickets.events(case.number, SYSTEM)
    late = [e["data"] for e in events if e["type"] == "reminded"]
    assert [d["clock"] for d in late] == ["whistle:W1:urban:sign"]


async def test_a_ticket_that_fails_does_not_hold_up_the_clocks_of_the_others(
    tickets: TicketService, db: Database, clock: TestClock, caplog: pytest.LogCaptureFixture
) -> None:
    broken, late, older = [await filed(tickets) for _ in range(3)]
    async with db.write() as s:
        row = (await s.scalars(select(TicketRow).where(TicketRow.ticket_no == broken.number))).one()
        row.doc = {**row.doc, "planned": [{"at": "never"}]}
    await made_older(db, older)
    clock.go(NOW + timedelta(days=20))
    assert await tickets.tick() > 0
    assert "deadline_missed" in await late.types()
    assert "reminders_planned" in await older.types()
    assert f"clock of ticket {broken.number} failed" in caplog.text


async def test_an_old_call_for_help_is_left_alone(
    tickets: TicketService, db: Database, clock: TestClock
) -> None:
    case = await filed(tickets, leaf="J3", narrative="有人要跳楼", handed_off=True)
    await made_older(db, case)
    clock.advance(days=30)
    await tickets.tick()
    assert await case.types() == ["submitted", "handed_off"]
