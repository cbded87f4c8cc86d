"""Sums that are kept, and what is counted from the tickets beside them, are what counting all gives."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update

from services.clock import ZONE
from services.context import Services
from services.db import Database
from services.metrics import keeping, store, sums
from services.metrics.params import load_params
from services.metrics.periods import Period, around, period_of
from services.metrics.store import Scope
from services.metrics.tables import (
    COUNTS,
    TicketLatenessRow,
    TicketScoreRow,
    TicketSumChangeRow,
    TicketSumRow,
    TicketSumSpanRow,
)
from services.outbox.worker import run_due
from services.seed import bulk
from services.seed.histories import World, history
from services.tickets import store as tickets_store
from services.tickets.core import fold as tickets
from services.tickets.core.actor import Actor
from services.tickets.core.event import Event
from services.tickets.core.numbers import ticket_number
from services.tickets.core.ticket import Ticket
from tests.services.conftest import NOW, TestClock
from tests.services.metrics.test_service import GOOD
from tests.services.tickets.world import ACTORS

Row = tuple[Event, Ticket]
FROM = datetime(2026, 1, 5, 8, 0, tzinfo=ZONE)
"""When the histories begin: some are over months before the figures are asked for, some go on."""


@contextmanager
def counting_everything(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let no figure be read from sums."""

    async def live(s: object, scope: Scope, params: object) -> sums.Plan:
        return sums.Plan((), (), scope.spans)

    with monkeypatch.context() as patched:
        patched.setattr(sums, "plan", live)
        yield


@pytest.fixture
def differences(
    services: Services, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Any]:
    """Ask for figures with and without sums; return what was the same in both, or fail."""

    async def ask(actor: Actor, period: Period, **narrowed: str) -> dict[str, Any]:
        # What goes on gets later by the second.
        at = clock.now()
        with monkeypatch.context() as still:
            still.setattr(clock, "now", lambda: at)
            found = await services.metrics.dashboard(actor, period, **narrowed)
            with counting_everything(monkeypatch):
                assert found == await services.metrics.dashboard(actor, period, **narrowed)
        return found

    return ask


def _world(services: Services) -> World:
    """The seeded places, of which every third lies in another community."""
    world = bulk.world(services)
    places = [
        replace(p, community_id="elsewhere") if n % 3 == 0 else p
        for n, p in enumerate(world.places)
    ]
    return replace(world, places=places)


def _rows(services: Services, rng: random.Random, count: int) -> list[list[Row]]:
    """Return histories, each as its events with the ticket after them."""
    world, found = _world(services), []
    for n in range(count):
        at = FROM + timedelta(days=rng.uniform(0, (NOW - FROM).days - 1))
        made = history(rng, world, ticket_number(at.date(), n + 1), at, NOW)
        ticket, rows = Ticket(), []
        for event in made.events:
            ticket = tickets.apply(ticket, event)
            rows.append((event, ticket))
        found.append(rows)
    return found


def _asked(
    rng: random.Random, today: date, services: Services
) -> list[tuple[Actor, Period, dict[str, str]]]:
    """Return questions of all kinds: week, month, year, odd days; whole and narrowed."""
    ago = timedelta(days=rng.randrange(0, 200))
    periods = [
        around("month", today), around("month", today - ago), around("week", today - ago),
        around("day", today - timedelta(days=1)),
        period_of("custom", today - timedelta(days=330), today + timedelta(days=9), today),
        period_of("custom", today - ago - timedelta(days=120), today - ago, today),
    ]  # fmt: skip
    leaf = rng.choice([*services.tickets.leaves])
    narrowed = [
        {}, {"leaf": leaf}, {"unit": "grid"}, {"community": "qinghe-c1"},
        {"community": "qinghe-c1", "unit": "property"},
    ]  # fmt: skip
    who = ACTORS["auditor"]
    found = [(who, p, n) for p in periods for n in narrowed]
    return [
        *rng.sample(found, 5),
        (ACTORS["supervisor"], periods[0], {}),
        (ACTORS["handler"], periods[1], {}),
    ]


async def _kept(db: Database, table: Any) -> int:
    async with db.read() as s:
        return int(await s.scalar(select(func.count()).select_from(table)) or 0)


async def test_figures_are_the_same_with_and_without_sums_while_tickets_go_on(
    services: Services, db: Database, clock: TestClock, differences: Callable[..., Any]
) -> None:
    """Whole histories in the order of time, sums made in between, some of them late or not at all."""
    rng = random.Random(9)
    happened = sorted((r for rows in _rows(services, rng, 60) for r in rows), key=lambda r: r[0].at)
    answered = used = 0
    for n, row in enumerate(happened):
        clock.go(max(row[0].at, clock.now()) if n else row[0].at)
        async with db.write() as s:
            await tickets_store.append(s, [row], [])
        if n % 20 == 0:
            for _ in range(rng.choice((0, 1, 3, 40))):
                await services.metrics.refresh()
                clock.advance(seconds=31)
        if n % 50 == 0:
            for actor, period, narrowed in _asked(rng, clock.now().date(), services):
                found = await differences(actor, period, **narrowed)
                answered += any(f["numerator"] for f in found["figures"])
                async with db.read() as s:
                    plan = await sums.plan(s, Scope(period, clock.now()), services.metrics.params)
                used += bool(plan.months) + bool(plan.days)
    # It would prove nothing if there was nothing to tell, or no sum had been read.
    assert answered > 25 and used > 30
    assert await _kept(db, TicketSumRow) > 500 and await _kept(db, TicketLatenessRow) > 100


async def test_a_change_of_a_past_day_is_seen_at_once_and_by_the_sums_later(
    services: Services, db: Database, clock: TestClock, differences: Callable[..., Any]
) -> None:
    number = "QH-1"
    async with db.write() as s:
        s.add(TicketScoreRow(**asdict(replace(GOOD, ticket_no=number))))
    await run_due(services)
    month = around("month", NOW.date())

    async def value(key: str) -> float:
        found = await differences(ACTORS["auditor"], month)
        return float(next(f["numerator"] for f in found["figures"] if f["key"] == key))

    assert (await value("due"), await value("in_time")) == (1, 1)
    async with db.write() as s:
        late = replace(GOOD, ticket_no=number, in_time=0)
        await s.execute(update(TicketScoreRow).values(in_time=0))
        await keeping.note_changed(
            s, keeping.touched(replace(GOOD, ticket_no=number), late, NOW.date())
        )
    assert (await value("due"), await value("in_time")) == (1, 0)
    assert await _kept(db, TicketSumChangeRow) == 1
    clock.advance(seconds=31)
    assert await services.metrics.refresh() == 1
    assert await _kept(db, TicketSumChangeRow) == 0
    assert (await value("due"), await value("in_time")) == (1, 0)
    # What is made anew as a whole counts as well.
    async with db.write() as s:
        await keeping.replace_all(s, {number: replace(late, excluded="out_of_area")})
    assert (await value("due"), await value("in_time")) == (0, 0)
    # Days that are over change all the time: they are summed once in a while, not in each round.
    assert await services.metrics.refresh() == 0
    clock.advance(seconds=31)
    assert await services.metrics.refresh() > 0
    assert (await value("due"), await value("in_time")) == (0, 0)


async def test_who_writes_while_sums_are_made_is_not_forgotten(
    services: Services, db: Database, clock: TestClock, differences: Callable[..., Any]
) -> None:
    """The change is not seen by the sums that are being made, and its note outlives them."""
    async with db.write() as s:
        s.add(TicketScoreRow(**asdict(replace(GOOD, ticket_no="QH-1"))))

    async def change(s: Any) -> None:
        await s.execute(update(TicketScoreRow).values(in_time=0))
        await keeping.note_changed(s, {GOOD.due_day or NOW.date()})

    if db.is_sqlite:  # one writer: before it or after it
        async with db.write() as s:
            await change(s)
        await services.metrics.refresh()
    else:
        async with db.write() as s:
            await change(s)
            while await services.metrics.refresh():
                pass
        assert await _kept(db, TicketSumChangeRow) == 1
    found = await differences(ACTORS["auditor"], around("month", NOW.date()))
    assert next(f["numerator"] for f in found["figures"] if f["key"] == "in_time") == 0


async def test_sums_ahead_of_the_clock_or_by_other_rules_are_thrown_away(
    services: Services, db: Database, clock: TestClock, differences: Callable[..., Any]
) -> None:
    async with db.write() as s:
        s.add(TicketScoreRow(**asdict(replace(GOOD, ticket_no="QH-1"))))
    while await services.metrics.refresh():
        pass

    async def last() -> date:
        async with db.read() as s:
            span = TicketSumSpanRow
            found = await s.scalar(select(func.max(span.since)).where(span.span == "day"))
        assert isinstance(found, date)
        return found

    assert await last() == NOW.date() - timedelta(days=1)
    clock.advance(days=-10)
    await services.metrics.refresh()
    assert await last() == NOW.date() - timedelta(days=11)
    await differences(ACTORS["auditor"], around("month", NOW.date()))

    rules = services.metrics.params
    hasty = rules.signals["satisfied_at_once"].model_copy(update={"minutes": 3000})
    services.metrics.params = rules.model_copy(
        update={"signals": {**rules.signals, "satisfied_at_once": hasty}}
    )
    found = await differences(ACTORS["auditor"], around("month", NOW.date()))
    clock.advance(days=10)
    while await services.metrics.refresh():
        pass
    found = await differences(ACTORS["auditor"], around("month", NOW.date()))
    at_once = {x["key"]: x["count"] for x in found["signals"][0]["signals"]}
    assert at_once["satisfied_at_once"] == 1


def test_every_day_of_a_period_comes_from_one_place() -> None:
    days = [Period("custom", date(2026, 8, 20), date(2026, 11, 30))]
    at = datetime(2026, 11, 24, 0, 30, tzinfo=ZONE)
    kept = [("month", date(2026, 9, 1)), ("month", date(2026, 10, 1)), ("month", date(2026, 11, 1))]
    kept += [("day", date(2026, 8, 20) + timedelta(days=n)) for n in range(110)]
    scope = Scope(days[0], at)
    plan = sums.arranged(scope, kept, {date(2026, 10, 7), date(2026, 11, 3), date(2026, 11, 22)})
    assert plan.months == (date(2026, 9, 1),)
    # Half an hour after midnight yesterday may still be changing.
    assert [(a.date(), b.date()) for a, b in plan.live] == [
        (date(2026, 10, 7), date(2026, 10, 8)),
        (date(2026, 11, 3), date(2026, 11, 4)),
        (date(2026, 11, 22), date(2026, 12, 1)),
    ]
    lived = {
        d
        for a, b in plan.live
        for d in sums.days_of(Period("custom", a.date(), b.date() - timedelta(days=1)))
    }
    whole = {d for first in plan.months for d in sums.days_of(around("month", first))}
    assert len(lived) + len(whole) + len(plan.days) == len(sums.days_of(days[0]))
    assert lived | whole | set(plan.days) == set(sums.days_of(days[0]))


@pytest.mark.parametrize(("every", "spans"), [(2, 30), (9, 30), (60, 5)])
def test_many_changed_days_are_few_spans(every: int, spans: int) -> None:
    """300 days, each second, ninth or sixtieth of them changed: 150, 34 or 5 spans by themselves."""
    first = date(2026, 1, 1)
    days = [first + timedelta(days=n) for n in range(300)]
    period, at = Period("custom", first, days[-1]), datetime(2026, 12, 24, 12, 0, tzinfo=ZONE)
    plan = sums.arranged(Scope(period, at), [("day", d) for d in days], set(days[::every]))
    assert len(plan.live) == spans and not plan.months
    lived = [
        d
        for a, b in plan.live
        for d in sums.days_of(Period("custom", a.date(), b.date() - timedelta(days=1)))
    ]
    assert set(days[::every]) <= set(lived)
    assert sorted([*lived, *plan.days]) == days, "each day once"


def test_only_a_change_of_past_days_touches_their_sums() -> None:
    filed = replace(GOOD, created_at=NOW, due_day=NOW.date() + timedelta(days=4))
    assert keeping.touched(filed, replace(filed, org="water"), NOW.date()) == set()
    later = NOW.date() + timedelta(days=6)
    assert keeping.touched(filed, replace(filed, org="water"), later) == {NOW.date(), filed.due_day}
    moved = replace(filed, due_day=NOW.date() + timedelta(days=5))
    assert keeping.touched(filed, moved, later) == {filed.due_day, moved.due_day}
    assert keeping.touched(filed, filed, later) == set()


def test_a_sum_has_all_that_is_counted() -> None:
    params = load_params(Path(__file__).parents[3] / "data" / "metrics.yml")
    assert (*store.due_counts(params), *store.FIRST_UNIT, *store.FILED) == COUNTS
