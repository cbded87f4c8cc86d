"""A month of 月探访: who counts as visited, who is an exception, who is reminded of. On both databases."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from services.clock import ZONE
from services.context import Services
from services.errors import LindaError
from services.metrics.periods import around
from services.tickets.core.actor import Actor
from services.visits.plan import Rate
from services.visits.service import NewAbsence, NewAlert, NewConsent, NewTarget, NewVisit
from tests.services.tickets.world import ACTORS

CLERK, AUDITOR = ACTORS["clerk"], ACTORS["auditor"]
OTHERS = Actor(
    "staff", "grid2", "grid", "grid", "qinghe-c1", ("qinghe-g4", "qinghe-g5", "qinghe-g6")
)


def day(n: int, hour: int = 9, month: int = 1) -> datetime:
    """A day of January 2027, a month in which none of the demo's elders has been visited."""
    return datetime(2027, month, n, hour, tzinfo=ZONE)


async def visit(services: Services, who: str, at: datetime, **given: Any) -> None:
    await services.clock.set(services.db, at)
    elder = next(e for e in await services.visits.elders(CLERK) if e.id == who)
    worker = Actor("staff", "grid1", "grid", "grid", "qinghe-c1", (elder.grid_id,))
    body = {
        "id": f"visit-{who}-{at:%m%d}",
        "way": "door",
        "reached": True,
        "state": "well",
        **given,
    }
    await services.visits.record(who, NewVisit.model_validate(body), worker)


async def month(services: Services) -> Rate:
    rows = await services.visits.figures(AUDITOR, day(15).date())
    return sum((r for _, _, r in rows), Rate())


async def test_the_rate_of_a_month_with_its_exceptions(services: Services) -> None:
    await services.clock.set(services.db, day(2))
    six = await month(services)
    assert six.targets == 6 and six.visited == 0
    # 1: at the door. 2: on the telephone. 3: nobody opened, and the neighbours were asked: no visit.
    await visit(services, "demo-elder-1", day(4))
    await visit(services, "demo-elder-2", day(5), way="phone")
    await visit(services, "demo-elder-3", day(6), reached=False, state=None)
    await visit(services, "demo-elder-3", day(7), way="neighbour")
    # 4: away for sixteen of thirty-one days. 6: away for fifteen, which is less than half.
    for who, until in (("demo-elder-4", 25), ("demo-elder-6", 24)):
        away = NewAbsence(
            id=f"away-{who}", kind="away", starts=day(10).date(), until=day(until).date()
        )
        await services.visits.away(who, away, CLERK)
    # 5 has been in hospital since November: an exception, too. A seventh comes on the last day.
    await services.clock.set(services.db, day(31, 8))
    new = NewTarget(name="冯大娘", building_id="xingfu-3", kinds=["alone"], risk="general")
    await services.visits.add(new, CLERK, "new-elder-7")
    await services.clock.set(services.db, day(1, month=2))
    assert await month(services) == Rate(targets=7, visited=2, excepted=2)
    async with services.db.read() as s:
        seen = await services.visits.month(s, around("month", day(15).date()), None)
    assert (seen.targets, seen.visited, seen.exceptions) == (7, 2, 2)
    # Who was taken off the list before the end is no target of the month.
    await services.visits.leave("demo-elder-3", CLERK, "搬走了")
    assert (await month(services)).targets == 7, "on the last day of January she was on it"
    await services.clock.set(services.db, day(28, month=2))
    rows = await services.visits.figures(AUDITOR, day(28, month=2).date())
    assert sum((r for _, _, r in rows), Rate()).targets == 6


async def test_grids_are_reminded_of_what_is_late_and_before_the_month_ends(
    services: Services,
) -> None:
    await services.clock.set(services.db, day(26))
    await services.visits.work()
    worker = Actor(
        "staff", "grid1", "grid", "grid", "qinghe-c1", ("qinghe-g1", "qinghe-g2", "qinghe-g3")
    )
    mine = await services.visits.reminders(worker)
    assert mine and {r.grid_id for r in mine} <= set(worker.grid_ids)
    assert not {r.grid_id for r in await services.visits.reminders(OTHERS)} & set(worker.grid_ids)
    await services.visits.seen(worker)
    assert not await services.visits.reminders(worker)
    await services.visits.work()
    assert not await services.visits.reminders(worker), "once a day"
    await services.clock.set(services.db, day(27))
    await services.visits.work()
    assert await services.visits.reminders(worker), "what is still late is said again"


def said(answer: str, when: datetime, **given: Any) -> NewConsent:
    return NewConsent(id=f"said-{answer}-{when:%m%d}", answer=answer, day=when.date(), **given)


async def test_who_refuses_is_left_alone_and_is_no_missing_visit(services: Services) -> None:
    who = "demo-elder-3"
    await services.clock.set(services.db, day(10))
    await services.visits.consent(who, said("withdrawn", day(10), said_by="guardian"), CLERK)
    elder = next(e for e in await services.visits.elders(CLERK) if e.id == who)
    assert elder.declined and not elder.late and elder.month == "declined"
    assert [(c.answer, c.said_by, c.by) for c in elder.consents] == [
        ("given", "self", "clerk1"), ("withdrawn", "guardian", "clerk1"),
    ]  # fmt: skip
    with pytest.raises(LindaError) as refused:
        await visit(services, who, day(11))
    assert refused.value.code == "declined"
    with pytest.raises(LindaError) as early:
        await services.visits.consent(who, said("given", day(20)), CLERK)
    assert early.value.code == "dates_wrong"
    found = await month(services)
    assert (found.excepted - found.declined, found.declined) == (1, 1)
    # Something grave: somebody looks all the same.
    await services.visits.alert(who, NewAlert(id="alert-elder-3", kind="silent"), CLERK)
    elder = next(e for e in await services.visits.elders(CLERK) if e.id == who)
    assert not elder.declined
    await visit(services, who, day(12))
    # Willing again: as before.
    await services.clock.set(services.db, day(15))
    await services.visits.consent(who, said("given", day(15), form="written"), CLERK)
    await visit(services, who, day(16))
    assert (await month(services)).visited == 1


async def test_who_was_never_asked_is_visited_and_shown_as_such(services: Services) -> None:
    elders = {e.id: e for e in await services.visits.elders(CLERK)}
    assert not elders["demo-elder-4"].asked and not elders["demo-elder-4"].declined
    assert elders["demo-elder-1"].asked
    new = NewTarget(name="冯大娘", building_id="xingfu-3", kinds=["alone"], risk="general",
                    consent="refused", consent_by="guardian")  # fmt: skip
    await services.visits.add(new, CLERK, "new-elder-7")
    elders = {e.id: e for e in await services.visits.elders(CLERK)}
    assert elders["new-elder-7"].declined
    with pytest.raises(LindaError) as wrong:
        await services.visits.add(new.model_copy(update={"consent": "maybe"}), CLERK, "new-elder-8")
    assert wrong.value.code == "choice_unknown"
