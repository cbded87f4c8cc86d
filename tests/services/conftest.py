"""Real databases for the tests: every test that takes ``db`` runs on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
import base64
import os
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web_app
from argon2 import PasswordHasher
from playwright.async_api import expect
from sqlalchemy import text

from services.clock import ZONE, Clock
from services.config import Settings
from services.context import Services, build
from services.db import Database
from services.db.migrate import upgrade
from services.people import passwords
from tests.patience import PATIENCE_S
from tests.postgres import postgres_url
from tests.services.seeded import plant

expect.set_options(timeout=PATIENCE_S * 1000)

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=ZONE)
"""A Tuesday, in working time."""

DATA_KEY = base64.b64encode(bytes(range(32))).decode()


class TestClock(Clock):
    """Ticks like the real clock, from :data:`NOW`; a test can move it."""

    __test__ = False

    def __init__(self) -> None:
        super().__init__(test_mode=True)
        self.go(NOW)

    async def refresh(self, db: Database) -> None:
        """Stay: only the test moves it. A worker reads the shared time, and that of a new database is the real one."""

    def go(self, to: datetime) -> None:
        """Make it that time."""
        self._offset += to - self.now()

    def advance(self, **span: float) -> None:
        """Let time pass, e.g. ``hours=3``."""
        self._offset += timedelta(**span)


@pytest.fixture(autouse=True)
def forget_applications() -> Iterator[None]:
    """Let the application of a test go with it.

    aiohttp keeps what answered the last thousand kinds of request, and so a hundred applications with
    all they hold: gigabytes at the end of a long run, through which Python's collector goes again and
    again.
    """
    yield
    web_app._cached_build_middleware.cache_clear()


@pytest.fixture
def cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash in a tenth of a millisecond where the cost itself is not the subject (see people)."""
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(passwords, "_hasher", cheap)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file that each test copies."""
    path = tmp_path_factory.mktemp("template") / "linda.db"
    upgrade(f"sqlite+aiosqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgresql() -> str:
    """URL of a migrated PostgreSQL database of this test process; tests empty it before use."""
    url = postgres_url(f"linda_services_{os.getpid()}")
    upgrade(Settings(database_url=url).database)
    asyncio.run(_without_waiting_for_the_disk(url))
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of an empty, migrated database of each kind."""
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgresql"))
    path = tmp_path / "linda.db"
    shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
    return f"sqlite:///{path}"


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> Settings:
    """Demo settings whose files lie in the test's own folder."""
    return Settings(
        env="demo", test_mode=True, var_dir=tmp_path, database_url=database_url,
        data_key=DATA_KEY, internal_token="internal-token-of-the-tests",
        demo_password="password-of-the-tests", locality="qinghe",
    )  # fmt: skip


@pytest.fixture
async def db(settings: Settings) -> AsyncIterator[Database]:
    """An empty database with the present schema."""
    database = Database(settings.database)
    if not database.is_sqlite:
        await _empty(database)
    yield database
    await database.close()


@pytest.fixture
def clock() -> TestClock:
    """The one clock, at :data:`NOW`."""
    return TestClock()


@pytest.fixture
async def services(
    settings: Settings, db: Database, clock: TestClock, cheap_passwords: None
) -> AsyncIterator[Services]:
    """All services, with the demo locality in the database, at :data:`NOW`."""
    built = build(settings, db, clock)
    await plant(built)
    yield built
    await built.close()


@pytest.fixture
def other_connection(settings: Settings) -> Callable[[], Database]:
    """Make a second engine on the same database: what another process would have."""
    return lambda: Database(settings.database)


async def _without_waiting_for_the_disk(url: str) -> None:
    """No test pulls the plug of this server, so commits need not wait for the disk."""
    database = Database(Settings(database_url=url).database)
    async with database.write() as s:
        await s.execute(
            text(f'ALTER DATABASE "{database.url.database}" SET synchronous_commit = off')
        )
    await database.close()


async def _empty(database: Database) -> None:
    """Empty the tables that a test has written to: looking is cheap, emptying all of them is not."""
    async with database.write() as s:
        found = await s.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))
        names = [f'"{n}"' for n in found.scalars() if n != "alembic_version"]
        looks = " UNION ALL ".join(f"SELECT '{n}' WHERE EXISTS (SELECT 1 FROM {n})" for n in names)
        if written := list((await s.execute(text(looks))).scalars()):
            await s.execute(text(f"TRUNCATE {', '.join(written)} RESTART IDENTITY CASCADE"))
