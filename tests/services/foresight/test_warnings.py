"""Who can act is told of what rises: once, again when it has grown, until somebody decides. On both databases."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from sqlalchemy import select

from services.context import Services, build
from services.foresight.tables import ClusterWarningRow
from services.outbox.worker import run_due
from tests.services.conftest import NOW
from tests.services.foresight.test_scenarios import CLERK, DISPATCHER, WORKER, report
from tests.services.tickets.world import ACTORS

HOURS = timedelta(hours=1)


async def steps(services: Services) -> list[tuple[int, int, bool]]:
    """Return ``(step, households, still open)`` of each sentence, the first first."""
    async with services.db.read() as s:
        rows = await s.scalars(select(ClusterWarningRow).order_by(ClusterWarningRow.step))
        return [(r.step, r.households, r.ended_at is None) for r in rows]


async def test_the_worker_tells_the_desk_and_the_street_once(services: Services) -> None:
    for who in "ab":
        await report(services, who)
    await run_due(services)
    assert await services.foresight.warned(CLERK) == []
    await report(services, "c")
    await run_due(services)
    await run_due(services)
    (told,) = await services.foresight.warned(CLERK)
    assert "幸福小区3号楼" in told.matter and "3户" in told.matter
    assert told.community_id == "qinghe-c1"
    assert [w.key for w in await services.foresight.warned(DISPATCHER)] == [told.key]
    assert [w.key for w in await services.foresight.warned(ACTORS["supervisor"])] == [told.key]
    assert await services.foresight.warned(WORKER) == [], "a grid worker cannot decide about it"
    elsewhere = CLERK.__class__("staff", "clerk9", "clerk", "community", "qinghe-c2", ())
    assert await services.foresight.warned(elsewhere) == []


async def test_two_workers_and_one_started_anew_write_one_sentence(services: Services) -> None:
    for who in "abc":
        await report(services, who)
    anew = build(services.settings, services.db, services.clock)
    written = await asyncio.gather(*(s.foresight.warn() for s in (services, anew) * 3))
    assert sum(written) == 1
    assert await build(services.settings, services.db, services.clock).foresight.warn() == 0
    assert await steps(services) == [(1, 3, True)]


async def test_it_is_told_again_when_it_has_grown_and_the_pause_is_over(services: Services) -> None:
    for who in "abc":
        await report(services, who)
    await services.foresight.warn()
    pause, grown = services.foresight.params.warn.again_hours, services.foresight.params.grown
    await report(services, "d")
    await services.clock.set(services.db, NOW + HOURS * (pause + 1))
    assert grown == 2 and await services.foresight.warn() == 0, "one household more is no news"
    await report(services, "e")
    assert await services.foresight.warn() == 1
    await report(services, "f")
    await report(services, "g")
    assert await services.foresight.warn() == 0, "the pause since the last time is not over"
    await services.clock.set(services.db, NOW + HOURS * (2 * pause + 2))
    assert await services.foresight.warn() == 1
    assert await steps(services) == [(1, 3, False), (2, 5, False), (3, 7, True)]


async def test_a_decision_ends_it_until_it_has_grown(services: Services) -> None:
    for who in "abc":
        await report(services, who)
    await services.foresight.warn()
    (told,) = await services.foresight.warned(CLERK)
    number = await services.foresight.file(told.key, CLERK, "下水主管道整体疏通")
    assert (await services.tickets.get(number, DISPATCHER))["channel"] == "hotspot"
    assert await services.foresight.warned(DISPATCHER) == []
    await services.clock.set(services.db, NOW + HOURS * 48)
    assert await services.foresight.warn() == 0
    await report(services, "d")
    await report(services, "e")
    assert await services.foresight.warn() == 1
    (again,) = await services.foresight.warned(CLERK)
    assert (again.key, again.step) == (told.key, 2)
    await services.foresight.dismiss(again.key, CLERK, "昨天疏通过了，再看两天")
    assert await services.foresight.warned(CLERK) == []


async def test_what_no_longer_rises_is_no_longer_said(services: Services) -> None:
    for who in "abc":
        await report(services, who)
    await services.foresight.warn()
    await services.clock.set(services.db, NOW + timedelta(days=services.foresight.params.days + 1))
    assert await services.foresight.warn() == 0
    assert await services.foresight.warned(CLERK) == []
    assert await steps(services) == [(1, 3, False)]


async def test_words_without_a_matter_are_told_once_though_their_first_report_grows_old(
    services: Services,
) -> None:
    """Reports on days 0, 2, 4, 6 and 8: on the last the first is older than the window of seven days."""
    days = timedelta(days=1)
    told = 0
    for n, who in enumerate("abcde"):
        await services.clock.set(services.db, NOW + 2 * n * days)
        await report(services, who, leaf=None, narrative="楼上天天半夜剁馅吵得睡不着")
        told += await services.foresight.warn()
    async with services.db.read() as s:
        keys = {r.key for r in await s.scalars(select(ClusterWarningRow))}
    assert len(keys) == 1, keys
    assert told == len(await steps(services)), "again only when it has grown"
