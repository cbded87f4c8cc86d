"""One engine a process; reads and writes are told apart because SQLite has one writer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from pathlib import Path
from sqlite3 import OperationalError
from typing import Any
from weakref import WeakKeyDictionary

from asyncpg import PostgresError  # type: ignore[import-untyped]
from sqlalchemy import Executable, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import Session as SyncSession

from services.errors import LindaError
from services.words import piece

Session = AsyncSession

CONNECT_S = 5.0
"""Seconds to wait for PostgreSQL to take a connection before it counts as away."""


def disk_full(error: DBAPIError) -> bool:
    """Say whether the database could not write because there is no room left."""
    # SQLite's own name of the error, PostgreSQL's class 53100 (disk_full).
    found = (getattr(error.orig, "sqlite_errorname", ""), getattr(error.orig, "sqlstate", ""))
    return found[0] == "SQLITE_FULL" or found[1] == "53100"


class DatabaseAway(LindaError):
    """The database cannot be reached, or went away in the middle; nothing of the block is kept."""

    def __init__(self) -> None:
        super().__init__(
            "database_away",
            piece("refused.database_away"),
            503,
            {"retry_after": 5},
        )


class Database:
    """Engine and sessions for one URL.

    ``read()`` gives a session that is rolled back; ``write()`` one transaction that is committed
    when the block ends without an exception. Both raise :class:`DatabaseAway` when the database
    is not there; as soon as it is back they work again, by themselves. On SQLite a write begins with ``BEGIN IMMEDIATE``:
    a deferred transaction that reads first and writes later fails at once with "database is
    locked" when another writer came between, instead of waiting its turn.
    """

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        # An error must not carry a resident's words into a log.
        args: dict[str, Any] = {"hide_parameters": True}
        if self.is_sqlite:
            if self.url.database and self.url.database != ":memory:":
                Path(self.url.database).parent.mkdir(parents=True, exist_ok=True)
            args |= {"connect_args": {"timeout": 10}}
        else:
            args |= {
                "pool_size": 10, "max_overflow": 20, "pool_pre_ping": True,
                "connect_args": {"timeout": CONNECT_S},
            }  # fmt: skip
        self.engine = create_async_engine(self.url, **args)
        if self.is_sqlite:
            _prepare_sqlite(self.engine.sync_engine)
        self._writers: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = (
            WeakKeyDictionary()
        )
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Session]:
        """Give a session for reading only."""
        async with _telling_when_away(), self._sessions() as session:
            await _connect(session, {})
            yield session

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Session]:
        """Give one transaction; it commits at the end of the block, an exception rolls it back."""
        async with _telling_when_away(), self._turn(), self._sessions() as session:
            await _connect(session, {"linda_write": True})
            async with _committing(session):
                yield session

    def _turn(self) -> AbstractAsyncContextManager[object]:
        """SQLite's writers of this process, one after the other, first come first served.

        SQLite has one writer; who waits for it polls, sleeping up to a tenth of a second each time,
        in no order. Waiting here costs nothing and is fair; other processes still wait in SQLite.
        """
        if not self.is_sqlite:
            return nullcontext()
        loop = asyncio.get_running_loop()
        return self._writers.setdefault(loop, asyncio.Lock())

    async def close(self) -> None:
        """Close all connections."""
        await self.engine.dispose()


async def _connect(session: AsyncSession, options: dict[str, Any]) -> None:
    """Take a connection at once: what fails here is the database, not what the block does."""
    try:
        await session.connection(execution_options=options)
    except (SQLAlchemyError, PostgresError, OSError) as error:
        raise DatabaseAway from error


@asynccontextmanager
async def _telling_when_away() -> AsyncIterator[None]:
    try:
        yield
    except DBAPIError as error:
        if error.connection_invalidated:
            raise DatabaseAway from error
        raise


@asynccontextmanager
async def _committing(session: Session) -> AsyncIterator[None]:
    try:
        yield
    except BaseException:
        await session.rollback()
        raise
    await session.commit()


def insert_or(session: Session) -> Callable[..., Any]:
    """Return the ``insert`` of the session's database that can say what happens on a conflict."""
    return sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert


Write = tuple[Executable, Sequence[Mapping[str, Any]]]
"""A statement and the rows that it is done for, at least one."""


async def execute_all(session: Session, writes: Sequence[Write]) -> None:
    """Do some statements one after the other, in the caller's transaction.

    Of a small statement the way through session and event loop costs as much as the statement; here
    all take it together.
    """

    def run(inside: SyncSession) -> None:
        connection = inside.connection()
        for statement, rows in writes:
            connection.execute(statement, rows)

    await session.run_sync(run)


def _prepare_sqlite(engine: Any) -> None:
    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        # The driver must not begin transactions by itself; _begin below does.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA busy_timeout=10000")
        write_ahead(cursor)
        for pragma in ("synchronous=NORMAL", "foreign_keys=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        write = connection.get_execution_options().get("linda_write")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def write_ahead(cursor: Any) -> None:
    """Switch to write-ahead logging, which the file remembers.

    Of several processes that open a new file at once SQLite lets one do it and tells the others
    “locked” without waiting, whatever the timeout.
    """
    for tries_left in reversed(range(200)):
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
            return
        except OperationalError as error:
            if "locked" not in str(error) or not tries_left:
                raise
            time.sleep(0.05)
