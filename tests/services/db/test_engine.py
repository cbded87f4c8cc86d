"""Transactions really behave as services.db promises, on both databases."""

from __future__ import annotations

import asyncio
import multiprocessing
import sqlite3
import sys
from collections.abc import Callable
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest
from sqlalchemy import event, inspect, text
from sqlalchemy.engine import Connection, Engine

from services.clock import ClockState
from services.db import Base, Database
from services.db.engine import write_ahead
from services.db.migrate import heads, upgrade, upgrade_async


async def test_a_write_on_sqlite_begins_immediate(db: Database) -> None:
    if not db.is_sqlite:
        # PostgreSQL has no such thing: a write is simply a transaction.
        async with db.write() as s:
            assert await s.scalar(text("SELECT 1")) == 1
        return
    seen: list[str] = []
    async with db.write() as s:
        raw = await (await s.connection()).get_raw_connection()
        assert raw.driver_connection is not None
        await raw.driver_connection.set_trace_callback(seen.append)
    async with db.write() as s:
        await s.execute(text("SELECT 1"))
    assert "BEGIN IMMEDIATE" in seen


async def test_read_then_write_in_two_writers_loses_nothing(
    db: Database, other_connection: Callable[[], Database]
) -> None:
    """With a deferred BEGIN one of the two would fail with "database is locked"."""
    other = other_connection()
    async with db.write() as s:
        s.add(ClockState(id=1, offset_s=0))

    async def add(database: Database) -> None:
        async with database.write() as s:
            row = await s.get(ClockState, 1, with_for_update=True)
            assert row is not None
            await asyncio.sleep(0.02)
            row.offset_s += 1

    await asyncio.gather(*(add(d) for d in (db, other) * 4))
    async with db.read() as s:
        assert await s.scalar(text("SELECT offset_s FROM clock_state")) == 8
    await other.close()


async def test_an_exception_rolls_everything_back(db: Database) -> None:
    with pytest.raises(RuntimeError):
        async with db.write() as s:
            s.add(ClockState(id=1, offset_s=5))
            await s.flush()
            raise RuntimeError
    async with db.read() as s:
        assert await s.get(ClockState, 1) is None


async def test_migrations_make_exactly_the_tables_of_the_code(db: Database) -> None:
    import services.context  # noqa: F401 – brings in the tables of every subject

    def columns(connection: object) -> dict[str, set[str]]:
        found = inspect(connection)
        return {
            t: {c["name"] for c in found.get_columns(t)}
            for t in found.get_table_names()
            # SQLite's text index of ticket_words is tables too, of its own making.
            if t != "alembic_version" and not t.startswith("ticket_words_fts")
        }

    async with db.engine.connect() as connection:
        made = await connection.run_sync(columns)
    declared = {t.name: {c.name for c in t.columns} for t in Base.metadata.tables.values()}
    assert made == declared


async def test_processes_that_migrate_at_once_wait_for_each_other(
    db: Database, tmp_path: Path
) -> None:
    url = db.url.render_as_string(hide_password=False)
    if db.is_sqlite:
        url = f"sqlite+aiosqlite:///{tmp_path / 'new.db'}"
    code = "import sys; from services.db.migrate import upgrade; upgrade(sys.argv[1])"
    both = [await asyncio.create_subprocess_exec(sys.executable, "-c", code, url) for _ in range(2)]
    assert [await process.wait() for process in both] == [0, 0]
    assert len(heads()) == 1


def test_all_steps_of_a_migration_are_one_transaction(tmp_path: Path) -> None:
    """Between two commits another process could begin in the middle of the steps."""
    commits: list[Connection] = []

    def note(connection: Connection) -> None:
        commits.append(connection)

    event.listen(Engine, "commit", note)
    try:
        upgrade(f"sqlite+aiosqlite:///{tmp_path / 'new.db'}")
    finally:
        event.remove(Engine, "commit", note)
    assert len(commits) == 1


def open_new_files(folder: str, processes: Barrier, failed: Queue[str]) -> None:
    """Open file after file at the same moment as the other processes."""
    for number in range(60):
        processes.wait()
        connection = sqlite3.connect(f"{folder}/{number}.db", timeout=10)
        try:
            write_ahead(connection.cursor())
        except sqlite3.OperationalError as error:
            failed.put(str(error))
        connection.close()


def test_who_opens_a_new_file_at_once_waits(tmp_path: Path) -> None:
    """SQLite itself makes nobody wait for the switch to write-ahead logging."""
    context = multiprocessing.get_context("spawn")
    together, failed = context.Barrier(4), context.Queue()
    processes = [
        context.Process(target=open_new_files, args=(str(tmp_path), together, failed))
        for _ in range(4)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert failed.empty(), failed.get()


async def test_migrating_inside_a_running_loop(db: Database) -> None:
    url = db.url.render_as_string(hide_password=False)
    upgrade(url)
    await asyncio.gather(upgrade_async(url), upgrade_async(url))
