"""What the tests begin with is what seeding makes."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from services.context import Services
from services.db import Base, Database
from services.seed import seed

LATER = {"created_at", "updated_at", "at", "password_hash", "phone_enc"}
"""A few milliseconds apart, or never twice the same cipher."""


async def rows(db: Database) -> dict[str, list[dict[str, Any]]]:
    found = {}
    async with db.read() as s:
        for table in Base.metadata.sorted_tables:
            result = await s.execute(text(f'SELECT * FROM "{table.name}"'))
            kept = [{k: v for k, v in row.items() if k not in LATER} for row in result.mappings()]
            found[table.name] = sorted(kept, key=str)
    return found


async def test_planted_rows_are_the_seeded_ones(services: Services) -> None:
    planted = await rows(services.db)
    assert planted["staff"] and planted["community"]
    async with services.db.write() as s:
        for table in reversed(Base.metadata.sorted_tables):
            await s.execute(table.delete())
    await seed(services)
    seeded = await rows(services.db)
    assert {name: len(found) for name, found in seeded.items()} == {
        name: len(found) for name, found in planted.items()
    }
    assert [planted[n] for n in ("community", "grid", "compound", "building")] == [
        seeded[n] for n in ("community", "grid", "compound", "building")
    ]


async def test_seeding_again_changes_nothing_of_it(services: Services) -> None:
    before = await rows(services.db)
    await seed(services)
    assert await rows(services.db) == before
