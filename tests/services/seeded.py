"""The seeded locality for each test, read and worked out once in a test process.

Seeding itself is tested in tests/services/seed. Here the rows that it has written are kept, and
written again as they are: a small part of the work, thousands of times.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Table, text

from services.clock import ClockState
from services.context import Services
from services.db import Base, Database
from services.db.engine import Write, execute_all
from services.seed import seed

_KEPT: dict[tuple[Any, ...], list[Write]] = {}
"""The statements that write the rows again."""


async def plant(services: Services) -> None:
    """Bring a database to what ``seed`` makes of it.

    Rows are kept of an empty one only: what a test put there before would be written again with them.
    """
    settings, db = services.settings, services.db
    # The rows carry the time, and secrets that were made with these.
    now = services.clock.now().replace(second=0, microsecond=0)
    made_with = (settings.env, settings.locality_dir, settings.data_key, settings.demo_password)
    key = (db.is_sqlite, now, *map(str, made_with))
    if key not in _KEPT:
        empty = await _is_empty(db)
        await seed(services)
        if empty:
            _KEPT[key] = await (_kept_here(db) if db.is_sqlite else _kept_there(db, len(_KEPT)))
        return
    async with db.write() as s:
        await execute_all(s, _KEPT[key])


def _tables() -> list[Table]:
    """Return what seeding writes: what time it is stands already, set by who plants."""
    return [t for t in Base.metadata.sorted_tables if t is not ClockState.__table__]


async def _is_empty(db: Database) -> bool:
    async with db.read() as s:
        for table in _tables():
            if await s.scalar(text(f'SELECT EXISTS (SELECT 1 FROM "{table.name}")')):
                return False
    return True


async def _kept_here(db: Database) -> list[Write]:
    """SQLite: each test has a file of its own, so the rows wait here, as the driver has them."""
    found: list[Write] = []
    async with db.read() as s:
        for table in _tables():
            result = await s.execute(text(f'SELECT * FROM "{table.name}"'))
            if rows := [dict(row) for row in result.mappings()]:
                columns = ", ".join(f'"{column}"' for column in rows[0])
                given = ", ".join(f":{column}" for column in rows[0])
                insert = f'INSERT INTO "{table.name}" ({columns}) VALUES ({given})'
                found.append((text(insert), rows))
    return found


async def _kept_there(db: Database, number: int) -> list[Write]:
    """PostgreSQL: all tests of a process have one database, so the rows wait in another schema."""
    schema, again = f"planted_{number}", []
    async with db.write() as s:
        await s.execute(text(f"CREATE SCHEMA {schema}"))
        for table in _tables():
            if not await s.scalar(text(f'SELECT EXISTS (SELECT 1 FROM "{table.name}")')):
                continue
            copy = f'{schema}."{table.name}"'
            await s.execute(text(f'CREATE TABLE {copy} AS TABLE "{table.name}"'))
            again.append(f'INSERT INTO "{table.name}" TABLE {copy};')
            for column in table.primary_key:
                sequence = f"pg_get_serial_sequence('{table.name}', '{column.name}')"
                if await s.scalar(text(f"SELECT {sequence}")):
                    last = f'(SELECT max("{column.name}") FROM {copy})'
                    again.append(f"PERFORM setval({sequence}, {last});")
    return [(text(f"DO $$ BEGIN {' '.join(again)} END $$"), [{}])]
