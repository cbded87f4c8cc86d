"""Bringing a database to the present schema, from code: start-up, CLI and tests use this alone."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncConnection

MIGRATIONS = Path(__file__).with_name("migrations")

# Alembic keeps its context in module globals: one migration at a time in a process.
_ONE_AT_A_TIME = Lock()


def upgrade(url: str, revision: str = "head") -> None:
    """Migrate the database of an async SQLAlchemy URL (``Settings.database``).

    Safe to run by several processes at once: the second waits, then finds nothing to do. Also
    callable inside a running event loop, which it blocks meanwhile.
    """
    with ThreadPoolExecutor(1) as pool:
        # The migration script starts an event loop of its own, so it needs a thread without one.
        pool.submit(_upgrade, url, revision).result()


async def upgrade_async(url: str, revision: str = "head") -> None:
    """Like :func:`upgrade`, without blocking the event loop."""
    await asyncio.to_thread(_upgrade, url, revision)


async def upgrade_in(connection: AsyncConnection, revision: str = "head") -> None:
    """Migrate within the transaction of a connection; who calls commits."""

    def steps(sync: Connection) -> None:
        config = _config("")
        config.attributes["connection"] = sync
        with _ONE_AT_A_TIME:
            command.upgrade(config, revision)

    await connection.run_sync(steps)


def _upgrade(url: str, revision: str) -> None:
    with _ONE_AT_A_TIME:
        command.upgrade(_config(url), revision)


def heads() -> list[str]:
    """Return the newest revisions on disk; more than one means that two branches collide."""
    return list(ScriptDirectory.from_config(_config("")).get_heads())


def known() -> frozenset[str]:
    """Return all revisions on disk."""
    script = ScriptDirectory.from_config(_config(""))
    return frozenset(r.revision for r in script.walk_revisions())


def _config(url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["url"] = url
    return config
