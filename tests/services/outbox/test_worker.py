"""The worker: once, again after failures, never lost, and a process that stops when asked."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import insert, select, text, update

from services.clock import Clock
from services.config import ROOT, Settings
from services.db import Database
from services.errors import LindaError
from services.outbox import OutboxRow, enqueue, worker
from services.outbox.handlers import HANDLERS
from tests.patience import PATIENCE_S, until


async def nothing() -> int:
    return 0


@pytest.fixture
async def services(db: Database, clock: Clock, settings: Settings) -> Any:
    """The worker's view of the services: a database, a clock, and subjects with nothing to do."""
    await clock.set(db, clock.now())
    names = (
        "tick",
        "answer_waiting",
        "sweep",
        "work",
        "digest",
        "forget",
        "nightly",
        "seal",
        "refresh",
    )
    idle = SimpleNamespace(**dict.fromkeys(names, nothing))
    idle.pending = idle
    return SimpleNamespace(
        db=db, clock=clock, settings=settings, tickets=idle, channels=idle, wechat=idle,
        heard=idle, standing=idle, waiting=idle, visits=idle, retention=idle, audit=idle,
        metrics=idle,
    )  # fmt: skip


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[Mapping[str, Any]]:
    """A topic whose handler remembers what it did; ``fail`` in the payload makes it fail."""
    seen: list[Mapping[str, Any]] = []

    async def handle(_services: Any, payload: Mapping[str, Any]) -> None:
        seen.append(payload)
        if payload.get("fail") == "away":
            raise ConnectionError("away")
        if payload.get("fail") == "refused":
            raise LindaError("ticket_not_found", "没有。", 404)

    monkeypatch.setitem(HANDLERS, "test", handle)
    return seen


async def put(db: Database, clock: Clock, key: str, **payload: Any) -> None:
    async with db.write() as s:
        await enqueue(s, "test", payload, key, clock.now())


async def row(db: Database, key: str) -> OutboxRow:
    async with db.read() as s:
        return (await s.scalars(select(OutboxRow).where(OutboxRow.key == key))).one()


async def test_work_is_done_once(
    services: Any, db: Database, clock: Clock, done: list[Any]
) -> None:
    await put(db, clock, "a", n=1)
    await put(db, clock, "a", n=1)
    assert await worker.run_due(services) == 1
    assert await worker.run_due(services) == 0
    assert done == [{"n": 1}]
    assert (await row(db, "a")).state == "done"


async def test_work_waits_for_its_time(
    services: Any, db: Database, clock: Clock, done: list[Any]
) -> None:
    async with db.write() as s:
        await enqueue(s, "test", {}, "later", clock.now(), clock.now() + timedelta(hours=1))
    assert await worker.run_due(services) == 0
    await clock.set(db, clock.now() + timedelta(hours=1))
    assert await worker.run_due(services) == 1


async def test_two_workers_share_and_never_double(
    services: Any, db: Database, clock: Clock, done: list[Any]
) -> None:
    for n in range(50):
        await put(db, clock, f"k{n}", n=n)
    await asyncio.gather(*(worker.run_due(services) for _ in range(4)))
    assert sorted(p["n"] for p in done) == list(range(50))


async def test_failures_are_tried_again_at_growing_distances_and_then_kept(
    services: Any, db: Database, clock: Clock, done: list[Any]
) -> None:
    await put(db, clock, "bad", fail="away")
    await put(db, clock, "good")
    await worker.run_due(services)
    assert (await row(db, "good")).state == "done"
    assert (await row(db, "bad")).attempts == 2  # the first retry is at once
    for seconds in worker.RETRY_S[1:]:
        before = (await row(db, "bad")).attempts
        await clock.set(db, clock.now() + timedelta(seconds=seconds - 5))
        await worker.run_due(services)
        assert (await row(db, "bad")).attempts == before
        await clock.set(db, clock.now() + timedelta(seconds=seconds * worker.JITTER + 6))
        await worker.run_due(services)
        assert (await row(db, "bad")).attempts == before + 1
    dead = await row(db, "bad")
    assert dead.state == "dead" and "away" in (dead.last_error or "")
    assert dead.payload == {"fail": "away"}


async def test_a_refusal_by_a_rule_is_final(
    services: Any, db: Database, clock: Clock, done: list[Any]
) -> None:
    await put(db, clock, "no", fail="refused")
    await worker.run_due(services)
    assert len(done) == 1
    assert (await row(db, "no")).state == "dead"


async def test_an_unknown_topic_is_kept_for_a_person(
    services: Any, db: Database, clock: Clock
) -> None:
    async with db.write() as s:
        await enqueue(s, "nobody", {}, "x", clock.now())
    await worker.run_due(services)
    assert (await row(db, "x")).state == "dead"


async def test_the_claim_of_a_dead_worker_runs_out(
    services: Any, db: Database, clock: Clock, done: list[Any]
) -> None:
    await put(db, clock, "a")
    await worker.claim(db, clock.now(), "dead-worker")
    assert await worker.run_due(services) == 0
    await clock.set(db, clock.now() + worker.CLAIM + timedelta(seconds=1))
    assert await worker.run_due(services) == 1
    assert len(done) == 1


async def test_a_clock_set_back_does_not_freeze_the_work(
    services: Any, db: Database, clock: Clock, done: list[Any]
) -> None:
    await put(db, clock, "a")
    far = clock.now() + timedelta(days=30)
    async with db.write() as s:
        await s.execute(update(OutboxRow).values(claimed_by="gone", claimed_until=far))
    assert await worker.run_due(services) == 1


async def test_the_process_shows_that_it_lives_and_stops_when_asked(
    db: Database, settings: Settings
) -> None:
    env = {
        **os.environ,
        "LINDA_DATABASE_URL": db.url.render_as_string(hide_password=False),
        "LINDA_VAR_DIR": str(settings.var_dir),
        "LINDA_TEST_MODE": "1",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "services.outbox", env=env, cwd=ROOT
    )
    alive = settings.var_dir / "run" / "worker.alive"
    try:
        await until(alive.exists, "the worker's sign of life")
        first = alive.stat().st_mtime
        await until(lambda: alive.stat().st_mtime > first, "a second sign of life")
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), PATIENCE_S) == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert not alive.exists()


def test_each_kind_of_work_is_looked_at_in_its_own_rhythm() -> None:
    always, seldom = worker.Step(0, nothing_here), worker.Step(10, nothing_here)
    rhythm, still = worker.Rhythm([always, seldom]), timedelta()
    assert rhythm.due(100.0, still) == [always, seldom]
    assert rhythm.due(101.0, still) == [always]
    assert rhythm.due(109.9, still) == [always]
    assert rhythm.due(110.0, still) == [always, seldom]


def test_a_clock_that_was_moved_makes_everything_due() -> None:
    seldom = worker.Step(3600, nothing_here)
    rhythm = worker.Rhythm([seldom])
    assert rhythm.due(100.0, timedelta()) == [seldom]
    assert rhythm.due(101.0, timedelta(days=1)) == [seldom]
    assert rhythm.due(102.0, timedelta(days=1)) == []
    assert rhythm.due(103.0, timedelta()) == [seldom]


async def test_only_the_given_kinds_are_done(services: Any) -> None:
    seen: list[str] = []

    async def first(_services: Any) -> int:
        seen.append("first")
        return 0

    async def second(_services: Any) -> int:
        seen.append("second")
        return 0

    steps = [worker.Step(0, first), worker.Step(60, second)]
    assert await worker.run_due(services, steps) == 0
    assert await worker.run_due(services, steps[:1]) == 0
    assert seen == ["first", "second", "first"]


async def nothing_here(_services: Any) -> int:
    return 0


async def test_what_is_due_is_found_by_its_index_however_much_is_done(
    db: Database, clock: Clock
) -> None:
    """Thousands that are done lie beside the few that are due; neither is read nor sorted for them."""
    now = clock.now()
    kept = {"topic": "t", "payload": {}, "attempts": 1, "created_at": now}
    async with db.write() as s:
        rows = [
            {**kept, "key": f"k{n}", "state": "pending" if n % 500 == 0 else "done",
             "not_before": now - timedelta(seconds=n)}
            for n in range(5000)
        ]  # fmt: skip
        await s.execute(insert(OutboxRow), rows)
        await s.execute(text("ANALYZE"))
    async with db.read() as s:
        sql = worker.due_rows(now).compile(s.get_bind(), compile_kwargs={"literal_binds": True})
        explain = "EXPLAIN QUERY PLAN" if db.is_sqlite else "EXPLAIN"
        plan = "\n".join(str(row) for row in await s.execute(text(f"{explain} {sql}")))
    assert "ix_outbox_due" in plan and "Seq Scan" not in plan, plan
    assert "SCAN outbox" not in plan, plan
