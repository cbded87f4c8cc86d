"""Alembic environment: one transaction for all steps, one process at a time."""

import asyncio

from alembic import context
from sqlalchemy import text
from sqlalchemy.engine import Connection

from services.db import Base, Database

# Any fixed number: the name of the lock that migrating processes queue for.
LOCK = 7_310_026


def _run(connection: Connection) -> None:
    # Without a transaction that is there already Alembic commits on SQLite after each step, and a
    # second process comes in between.
    if not connection.in_transaction():
        connection.begin()
    if connection.dialect.name != "sqlite":
        connection.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": LOCK})
    context.configure(connection=connection, target_metadata=Base.metadata)
    context.run_migrations()


async def _main(url: str) -> None:
    db = Database(url)
    try:
        async with db.engine.connect() as connection:
            # On SQLite this begins with BEGIN IMMEDIATE, which makes the second process wait.
            await connection.execution_options(linda_write=True)
            await connection.run_sync(_run)
            await connection.commit()
    finally:
        await db.close()


if (given := context.config.attributes.get("connection")) is not None:
    _run(given)
else:
    asyncio.run(_main(context.config.attributes["url"]))
