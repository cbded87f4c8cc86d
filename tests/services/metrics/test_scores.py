"""The facts of a ticket: written with each event, equal to what all its events make."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select

from services.clock import ZONE
from services.db import Database
from services.errors import LindaError
from services.metrics import keeping
from services.metrics.periods import around
from services.metrics.score import Score, fold
from services.metrics.service import MetricsService
from services.metrics.tables import TicketScoreRow
from services.tickets import store
from services.tickets.service import TicketService
from services.tickets.tables import BlockedAssignmentRow
from tests.services.conftest import TestClock
from tests.services.tickets.conftest import request
from tests.services.tickets.world import ACTORS

DONE = {"outcome": "solved", "reply": "换了灯泡", "evidence": ["p1"]}
MONDAY = datetime(2026, 12, 7, 10, 0, tzinfo=ZONE)


async def _facts(db: Database, number: str) -> Score:
    async with db.read() as s:
        score = await keeping.stored(s, number)
        assert score == fold(await store.history(s, number))
    assert score is not None
    return score


async def _at_work(tickets: TicketService) -> str:
    """A lamp ticket, signed by its grid worker, the resident called."""
    number = str((await tickets.create(request(), ACTORS["resident"]))["ticket_no"])
    await tickets.act(number, "sign", {}, ACTORS["grid"])
    await tickets.act(number, "contact", {"way": "phone", "result": "reached"}, ACTORS["grid"])
    return number


async def test_a_ticket_that_goes_well(
    tickets: TicketService, db: Database, clock: TestClock
) -> None:
    number = await _at_work(tickets)
    clock.advance(hours=3)
    await tickets.act(number, "resolve", DONE, ACTORS["grid"])
    clock.advance(minutes=90)
    await tickets.callback_answer(number, "conversation-1", {"stage": "solved", "solved": True})
    await tickets.callback_answer(number, "conversation-1", {"stage": "rating", "score": 5})

    facts = await _facts(db, number)

    assert (facts.dispatched, facts.first_org, facts.org) == (1, "grid", "grid")
    assert (facts.sign_required, facts.sign_in_time) == (1, 1)
    assert (facts.contact_required, facts.contact_in_time) == (1, 1)
    assert (facts.resolved, facts.in_time, facts.evidence) == (1, 1, 1)
    assert facts.took_s is not None and 3 * 3600 <= facts.took_s < 3 * 3600 + 60
    assert (facts.answer, facts.score, facts.rating_changes) == ("solved", 5, 0)
    assert facts.rated_after_s is not None and 90 * 60 <= facts.rated_after_s < 91 * 60


async def test_a_second_round_does_not_change_when_the_first_one_was_due(
    tickets: TicketService, db: Database, clock: TestClock
) -> None:
    number = await _at_work(tickets)
    due = (await _facts(db, number)).due_at
    await tickets.act(number, "resolve", DONE, ACTORS["grid"])
    await tickets.callback_answer(number, "conversation-1", {"stage": "solved", "solved": False})

    facts = await _facts(db, number)

    assert (facts.rounds, facts.due_at, facts.in_time) == (1, due, 1)
    assert (facts.resolved, facts.answer) == (1, "unsolved")


async def test_late_is_late_however_it_ends(
    tickets: TicketService, db: Database, clock: TestClock
) -> None:
    number = await _at_work(tickets)
    due = (await _facts(db, number)).due_at
    assert due is not None
    clock.go(due + timedelta(hours=1))
    await tickets.act(number, "resolve", DONE, ACTORS["grid"])

    facts = await _facts(db, number)

    assert (facts.resolved, facts.in_time, facts.left_s) == (1, 0, None)


async def test_being_talked_out_of_it_is_no_end_and_a_free_withdrawal_is(
    tickets: TicketService, db: Database
) -> None:
    found = {}
    for persuaded in (True, False):
        number = await _at_work(tickets)
        said: dict[str, Any] = {"reason": "算了", "persuaded": persuaded}
        await tickets.resident_act(number, "withdraw", said, "conversation-1")
        found[persuaded] = await _facts(db, number)
    assert (found[True].persuaded, found[True].took_s) == (1, None)
    assert (found[False].persuaded, found[False].in_time) == (0, 1)
    assert found[False].withdrawn_early == found[True].withdrawn_early == 1


async def test_the_case_about_pressure_leaves_no_trace_in_sums(
    tickets: TicketService, db: Database
) -> None:
    number = await _at_work(tickets)
    await tickets.resident_act(
        number, "withdraw", {"reason": "算了", "persuaded": True}, "conversation-1"
    )
    async with db.read() as s:
        kept = list(await s.scalars(select(TicketScoreRow.ticket_no)))
    assert kept == [number]


async def test_who_objected_first_stays_known_after_another_unit_has_it(
    tickets: TicketService, db: Database
) -> None:
    number = str((await tickets.create(request(), ACTORS["resident"]))["ticket_no"])
    await tickets.act(number, "object", {"basis": "不归网格"}, ACTORS["grid"])
    await tickets.act(
        number, "decide_objection", {"decision": "uphold", "basis": "归物业", "org": "property"},
        ACTORS["dispatcher"],
    )  # fmt: skip

    facts = await _facts(db, number)

    assert (facts.first_org, facts.org) == ("grid", "property")
    assert (facts.objections, facts.upheld, facts.transfers) == (1, 1, 1)


async def test_facts_are_made_anew_and_equal(
    tickets: TicketService, metrics: MetricsService, db: Database
) -> None:
    kept = [await _at_work(tickets) for _ in range(3)]
    before = [await _facts(db, number) for number in kept]
    async with db.write() as s:
        await s.execute(delete(TicketScoreRow).where(TicketScoreRow.ticket_no == kept[0]))
        row = await s.get(TicketScoreRow, kept[1])
        assert row is not None
        row.in_time = 1
    assert await metrics.check() == sorted(kept[:2])

    assert await metrics.rebuild(missing_only=True) == 1
    assert await metrics.check() == [kept[1]]
    assert await metrics.rebuild() == 3

    assert await metrics.check() == []
    assert [await _facts(db, number) for number in kept] == before


async def test_an_assignment_that_was_refused_is_counted_and_changes_nothing(
    tickets: TicketService, metrics: MetricsService, db: Database, clock: TestClock
) -> None:
    made = await tickets.create(request("H1", "家里停水了"), ACTORS["resident"])
    number = str(made["ticket_no"])
    before = (await tickets.get(number, ACTORS["dispatcher"]))["version"]
    with pytest.raises(LindaError, match="over_assignment") as refused:
        await tickets.act(number, "dispatch", {"org": "community", "reason": "就近"},
                          ACTORS["dispatcher"])  # fmt: skip
    assert refused.value.code == "over_assignment"
    assert (await tickets.get(number, ACTORS["dispatcher"]))["version"] == before
    async with db.read() as s:
        row = (await s.scalars(select(BlockedAssignmentRow))).one()
    assert (row.ticket_no, row.org, row.duty) == (number, "community", "主责")

    report = await metrics.assignments(
        ACTORS["dispatcher"], around("month", clock.now().date()).first
    )
    assert [b["ticket_no"] for b in report["blocked"]] == [number]
    assert report["against"] == []
    assert report["assigned"] == 1
