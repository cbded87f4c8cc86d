"""More tickets than histories are worth making: copies of a seeded PostgreSQL database's tickets.

A history through the core takes some milliseconds of processor time, a copy a fraction. Copies are of
the same days, units, states and words as their originals and have numbers of their own, so that lists,
searches and figures have as much to do as with originals. Work on a copy of the database.
"""

from __future__ import annotations

import asyncio
from datetime import datetime

import asyncpg  # type: ignore[import-untyped]
from sqlalchemy.engine import URL, make_url

from services.tickets.core.numbers import ticket_number
from services.tickets.words import grams

APART = 20_000
"""So far the numbers of one round of copies are from those of the round before: more than a day has."""
MOST = 4
"""Rounds of copies, by the five digits that a day's numbers have."""
_CONNECTIONS = (("ticket_events",), ("tickets", "ticket_words", "ticket_scores", "ticket_contacts"))
"""What is copied one after the other; both at once."""


def database_with_copies(source: str, name: str, count: int) -> str:
    """Make a database of so many tickets from a seeded one; return its URL.

    The source must have no other connection. A database of that name that is there is left as it is.

    Raises:
        ValueError: So many copies have no numbers.
    """
    return asyncio.run(_made(make_url(source), name, count))


async def _made(source: URL, name: str, count: int) -> str:
    target, half = source.set(database=name), f"{name}_in_the_making"
    server = await _connected(source.set(database="postgres"))
    there = "SELECT 1 FROM pg_database WHERE datname = $1"
    try:
        if await server.fetchval(there, name) is None:
            await server.execute(f'DROP DATABASE IF EXISTS "{half}"')
            whole = f'TEMPLATE "{source.database}" STRATEGY FILE_COPY'
            await server.execute(f'CREATE DATABASE "{half}" {whole}')
            await _copy(source.set(database=half), count)
            await server.execute(f'ALTER DATABASE "{half}" RENAME TO "{name}"')
    finally:
        await server.close()
    return _plain(target)


async def _copy(target: URL, count: int) -> None:
    connections = [await _connected(target) for _ in _CONNECTIONS]
    first = connections[0]
    try:
        # What is written into a thousand places at once is indexed faster afterwards.
        indexes = await first.fetch(_INDEXES, list(sum(_CONNECTIONS, ())))
        for index in indexes:
            await first.execute(f'DROP INDEX "{index["name"]}"')
        await first.execute(_NUMBERS)
        await first.copy_records_to_table("copied", records=await _numbered(first, count))
        await first.execute("ANALYZE copied")
        await asyncio.gather(
            *(_insert(c, names) for c, names in zip(connections, _CONNECTIONS, strict=True))
        )
        await first.execute("DROP TABLE copied")
        halves = (indexes[::2], indexes[1::2])
        await asyncio.gather(
            *(_index(c, made) for c, made in zip(connections, halves, strict=True))
        )
        await first.execute(_ALL_DAYS_CHANGED)
        await first.execute("ANALYZE")
    finally:
        for connection in connections:
            await connection.close()


_INDEXES = """
SELECT c.relname AS name, pg_get_indexdef(i.indexrelid) AS made FROM pg_index i
JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid
WHERE t.relname = ANY($1) AND NOT i.indisunique ORDER BY c.relname
"""
_ALL_DAYS_CHANGED = """
INSERT INTO ticket_sum_changes (day) SELECT DISTINCT due_day FROM ticket_scores
WHERE due_day IS NOT NULL
UNION SELECT DISTINCT (created_at AT TIME ZONE 'Asia/Shanghai')::date FROM ticket_scores
"""
"""As ``services.metrics.keeping.note_changed`` writes it."""
_NUMBERS = """
CREATE UNLOGGED TABLE copied (was varchar, ticket_no varchar, less integer[], more integer[])
"""
Numbered = tuple[str, str, list[int], list[int]]


async def _numbered(connection: asyncpg.Connection, count: int) -> list[Numbered]:
    """Return original and copy of so many tickets that ``count`` are there, with their grams."""
    # Filing was measured beside them: what it left, and its bare rows, are no histories.
    rows = await connection.fetch(
        "SELECT ticket_no FROM tickets"
        " WHERE conversation_id NOT LIKE 'benchmark-%' ORDER BY ticket_no"
    )
    numbers = [row["ticket_no"] for row in rows]
    if count > len(numbers) * (MOST + 1):
        raise ValueError(f"{len(numbers)} tickets cannot be copied to {count}")
    found: list[Numbered] = []
    for n in range(count - len(numbers)):
        around, at = divmod(n, len(numbers))
        was = numbers[at]
        _, stamp, serial, _ = was.split("-")
        day = datetime.strptime(stamp, "%y%m%d").date()
        new = ticket_number(day, int(serial) + (around + 1) * APART)
        found.append((was, new, grams(was), grams(new)))
    return found


async def _insert(connection: asyncpg.Connection, tables: tuple[str, ...]) -> None:
    for table in tables:
        columns = await connection.fetch(_COLUMNS, table)
        names = [row["column_name"] for row in columns]
        values = ", ".join(_VALUES.get((table, name), f'o."{name}"') for name in names)
        listed = ", ".join(f'"{name}"' for name in names)
        await connection.execute(
            f"INSERT INTO {table} (ticket_no, {listed}) SELECT c.ticket_no, {values}"
            f" FROM {table} o JOIN copied c ON c.was = o.ticket_no"
        )


_COLUMNS = """
SELECT column_name FROM information_schema.columns
WHERE table_name = $1 AND column_name NOT IN ('ticket_no', 'id') ORDER BY ordinal_position
"""
_VALUES = {
    ("tickets", "doc"): "o.doc || jsonb_build_object('ticket_no', c.ticket_no)",
    ("ticket_words", "grams"): (
        "ARRAY(SELECT unnest(o.grams) EXCEPT SELECT unnest(c.less)"
        " UNION SELECT unnest(c.more) ORDER BY 1)"
    ),
}
"""What a copy has that is not its original's, besides the number."""


async def _index(connection: asyncpg.Connection, indexes: list[asyncpg.Record]) -> None:
    for index in indexes:
        await connection.execute(index["made"])


async def _connected(url: URL) -> asyncpg.Connection:
    return await asyncpg.connect(_plain(url))


def _plain(url: URL) -> str:
    return url.render_as_string(hide_password=False)
