"""The facts of a ticket: written with each event, equal to what all its events make."""

from __future__ import annotations

from datetime import date, datetime, timedelta
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
from services.metrics.tables import TicketScoreRow, TicketSumSpanRow
from services.tickets import store
from services.tickets.core.actor import resident
from services.tickets.service import TicketService
from services.tickets.tables import BlockedAssignmentRow
from tests.services.conftest import NOW, TestClock
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


@pytest.mark.parametrize(
    ("first", "later", "late"),
    [
        (["身份证", "户口本"], [], 0),
        (["身份证", "户口本"], [["户口本"]], 0),  # named, not brought: asked for again
        (["身份证原件和复印件"], [["身份证"]], 0),
        (["身份证"], [["身份证复印件"]], 1),  # the copy was not named
        (["身份证"], [["身份证"], ["户口本", "房产证"], ["户口本。"]], 1),
        (None, [["户口本"]], 0),  # the unit's own first notice
        (None, [["户口本"], ["房产证"]], 1),
        (None, [], 0),
    ],
)
async def test_a_notice_is_complete_when_nothing_new_is_asked_for_later(
    tickets: TicketService, db: Database, first: list[str] | None, later: list[list[str]], late: int
) -> None:
    number = str((await tickets.create(request(leaf=None), ACTORS["resident"]))["ticket_no"])
    if first is not None:
        await tickets.act(number, "need_info", {"items": first}, ACTORS["clerk"])
        await tickets.resident_act(number, "supplement", {"text": "带来了"}, "conversation-1")
    await tickets.act(number, "accept", {"leaf": "H6"}, ACTORS["clerk"])
    await tickets.act(number, "sign", {}, ACTORS["grid"])
    for asked in (*later, None):
        said = {"way": "phone", "result": "reached"} | ({"asked": asked} if asked else {})
        await tickets.act(number, "contact", said, ACTORS["grid"])

    facts = await _facts(db, number)

    assert (facts.told, facts.told_late) == (int(bool(first or later)), late)


async def test_complete_notices_by_hand(
    tickets: TicketService, metrics: MetricsService, clock: TestClock
) -> None:
    asked = {"way": "phone", "result": "reached", "asked": ["房产证"]}
    for n, (items, contacts) in enumerate([(["身份证"], 0), (["房产证"], 1), (["身份证"], 1)]):
        body = request(leaf=None, conversation_id=f"c{n}")
        number = str((await tickets.create(body, resident(f"c{n}")))["ticket_no"])
        await tickets.act(number, "need_info", {"items": items}, ACTORS["clerk"])
        await tickets.resident_act(number, "supplement", {"text": "给"}, f"c{n}")
        await tickets.act(number, "accept", {"leaf": "H6"}, ACTORS["clerk"])
        await tickets.act(number, "sign", {}, ACTORS["grid"])
        for _ in range(contacts):
            await tickets.act(number, "contact", asked, ACTORS["grid"])
    await _at_work(tickets)  # nothing was asked of this one
    found = await metrics.dashboard(
        ACTORS["dispatcher"], around("month", clock.now().astimezone(ZONE).date())
    )
    told = next(f for f in found["figures"] if f["key"] == "told_once")
    # three were told: nothing more, the same again, something new: 2 ÷ 3
    assert (told["numerator"], told["denominator"]) == (2, 3)


async def test_a_part_of_it_is_half_solved_and_goes_on(
    tickets: TicketService, metrics: MetricsService, db: Database, clock: TestClock
) -> None:
    by_chat, by_phone, whole = [await _at_work(tickets) for _ in range(3)]
    clock.advance(hours=1)
    for number in (by_chat, by_phone, whole):
        await tickets.act(number, "resolve", DONE, ACTORS["grid"])
    clock.advance(hours=1)
    answer = {"stage": "solved", "solved": False, "partly": True}
    told = await tickets.callback_answer(by_chat, "conversation-1", answer)
    assert (told["next"], told["ticket"]["state"]) == ("reason", "REWORK")
    again = await tickets.callback_answer(by_chat, "conversation-1", answer)
    assert again["ticket"]["state"] == "REWORK" and again["next"] == "reason"
    await tickets.act(by_phone, "callback", {"result": "partial"}, ACTORS["callback"])
    await tickets.callback_answer(whole, "conversation-1", {"stage": "solved", "solved": True})

    facts = [await _facts(db, number) for number in (by_chat, by_phone, whole)]
    assert [f.answer for f in facts] == ["partial", "partial", "solved"]
    assert [f.rounds for f in facts] == [1, 1, 0]

    clock.go(max(f.due_at for f in facts if f.due_at) + timedelta(hours=1))
    found = await metrics.dashboard(
        ACTORS["dispatcher"], around("month", clock.now().astimezone(ZONE).date())
    )
    values = {f["key"]: f["value"] for f in found["figures"]}
    assert values["solved"] == pytest.approx(2 / 3)  # (1 + 0.5 · 2) ÷ 3
    assert values["solved_strict"] == pytest.approx(1 / 3)


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


async def test_a_clock_set_back_leaves_no_sum_of_a_day_that_is_not_over(
    metrics: MetricsService, tickets: TicketService, db: Database, clock: TestClock
) -> None:
    async def filed() -> int:
        found = await metrics.dashboard(ACTORS["dispatcher"], around("month", NOW.date()))
        return int(next(f for f in found["figures"] if f["key"] == "filed")["value"])

    async def summed(day: date) -> bool:
        async with db.read() as s:
            return await s.get(TicketSumSpanRow, ("day", day)) is not None

    await tickets.create(request(), ACTORS["resident"])
    clock.go(NOW + timedelta(days=20))
    while await metrics.refresh():
        pass
    assert await filed() == 1 and await summed(NOW.date())
    # Back to the day of the first ticket: on it another is filed, which says of no past day.
    clock.go(NOW + timedelta(hours=1))
    async with db.write() as s:
        await metrics.clock_set(s)
    assert not await summed(NOW.date()) and await summed(NOW.date() - timedelta(days=1))
    await tickets.create(request(conversation_id="c2"), resident("c2"))
    clock.go(NOW + timedelta(days=20))

    assert await filed() == 2
