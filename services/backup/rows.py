"""Rows of a table as lines of JSON, the same on SQLite and PostgreSQL."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Iterable, Iterator
from datetime import UTC, date, datetime
from typing import Any
from warnings import catch_warnings, filterwarnings

from sqlalchemy import (
    JSON,
    Column,
    Date,
    DateTime,
    Integer,
    LargeBinary,
    MetaData,
    Select,
    Table,
    Text,
    bindparam,
    cast,
    func,
    select,
    text,
    type_coerce,
)
from sqlalchemy.engine import Connection
from sqlalchemy.exc import SAWarning
from sqlalchemy.ext.asyncio import AsyncConnection

from services.db import Base

BATCH = 500
"""Rows that are written at once."""
VERSION_TABLE = "alembic_version"
WORDS_TABLE = "ticket_words"
"""What is searched, made from the tickets; SQLite and PostgreSQL keep it each in its own way, SQLite
with tables of its full-text search beside it."""


async def tables(connection: AsyncConnection) -> list[Table]:
    """Return our own tables that hold something, those that others refer to first.

    As they are in the database, not as the program would have them: a backup may be older.
    """
    own = set(Base.metadata.tables) - {WORDS_TABLE}

    def read(sync: Connection) -> list[Table]:
        found = MetaData()
        with catch_warnings():
            # Only columns and keys are of use here; that an index over an expression is left out
            # is no news for who runs the command.
            filterwarnings(
                "ignore", "Skipped unsupported reflection of expression-based index", SAWarning
            )
            found.reflect(sync, only=lambda name, _: name in own)
        return list(found.sorted_tables)

    return await connection.run_sync(read)


async def drop(connection: AsyncConnection) -> None:
    """Drop our own tables and no others; what others have built on them is a reason to refuse."""
    quote = connection.dialect.identifier_preparer.quote
    names = ", ".join(quote(name) for name in (*Base.metadata.tables, VERSION_TABLE))
    await connection.execute(text(f"DROP TABLE IF EXISTS {names}"))


async def version(connection: AsyncConnection) -> str | None:
    """Return the schema's revision; None when there is no schema."""

    def there(sync: Connection) -> bool:
        return sync.dialect.has_table(sync, VERSION_TABLE)

    if not await connection.run_sync(there):
        return None
    found = await connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}"))
    return found.scalar_one_or_none()


async def lines(connection: AsyncConnection, table: Table) -> AsyncIterator[str]:
    """Yield the rows of a table, each a JSON object by column."""
    sqlite = connection.dialect.name == "sqlite"
    async with connection.stream(_reading(table, sqlite)) as rows:
        async for row in rows.mappings():
            told = {c.name: _told(row[c.name]) for c in table.columns}
            yield json.dumps(told, ensure_ascii=False) + "\n"


def _reading(table: Table, sqlite: bool) -> Select[Any]:
    """Return the query; JSON as its text, so that null stays apart from nothing."""

    def read(column: Column[Any]) -> Any:
        if isinstance(column.type, JSON):
            raw = type_coerce(column, Text) if sqlite else cast(column, Text)
            return raw.label(column.name)
        return column

    return select(*(read(c) for c in table.columns)).order_by(*table.primary_key.columns)


def _told(value: Any) -> Any:
    match value:
        case bytes():
            return base64.b64encode(value).decode()
        case datetime():
            return (
                (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC).isoformat()
            )
        case date():
            return value.isoformat()
        case _:
            return value


async def fill(connection: AsyncConnection, table: Table, given: Iterable[str]) -> int:
    """Write rows into an empty table; return how many."""
    sqlite = connection.dialect.name == "sqlite"
    written, statement = 0, None
    for batch in _batches(given):
        rows = [
            {name: _held(table.columns[name], value, sqlite) for name, value in row.items()}
            for row in batch
        ]
        if statement is None:
            statement = table.insert().values(
                {n: _bound(table.columns[n], sqlite) for n in rows[0]}
            )
        await connection.execute(statement, rows)
        written += len(rows)
    if not sqlite and written:
        await _count_on(connection, table)
    return written


def _batches(given: Iterable[str]) -> Iterator[list[dict[str, Any]]]:
    batch: list[dict[str, Any]] = []
    for line in given:
        batch.append(json.loads(line))
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _bound(column: Column[Any], sqlite: bool) -> Any:
    if isinstance(column.type, JSON):
        raw = bindparam(column.name, type_=Text)
        return type_coerce(raw, Text) if sqlite else cast(raw, column.type)
    return bindparam(column.name, type_=column.type)


def _held(column: Column[Any], value: Any, sqlite: bool) -> Any:
    if value is None:
        return None
    if isinstance(column.type, LargeBinary):
        return base64.b64decode(value)
    if isinstance(column.type, DateTime):
        at = datetime.fromisoformat(value)
        return at.replace(tzinfo=None) if sqlite else at
    if isinstance(column.type, Date):
        return date.fromisoformat(value)
    return value


async def _count_on(connection: AsyncConnection, table: Table) -> None:
    """Numbers that the database gives go on after the largest that is there."""
    keys = [c for c in table.primary_key.columns if isinstance(c.type, Integer)]
    if len(keys) != 1 or len(table.primary_key.columns) != 1:
        return
    sequence = func.pg_get_serial_sequence(table.name, keys[0].name)
    if name := await connection.scalar(select(sequence)):
        top = select(func.max(keys[0])).scalar_subquery()
        await connection.execute(select(func.setval(name, top)))
