"""Commands of backups.

``linda backup [FILE]``    database and uploads into one file, while everything runs
``linda restore FILE``     brings them back; processes must be stopped
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.backup import archive, exchange, rows
from services.backup.archive import FORMAT, TABLES, UPLOADS, Manifest
from services.db import Database
from services.db.migrate import known, upgrade_in
from services.errors import LindaError
from services.people.crypto import Vault
from services.tickets.core.ticket import Ticket
from services.tickets.store import words_values
from services.tickets.tables import TicketRow, TicketWordsRow

if TYPE_CHECKING:
    from services.context import Services


async def backup(services: Services, args: argparse.Namespace) -> int:
    """Write a backup and print where it is."""
    settings, now = services.settings, services.clock.now()
    target = args.file or settings.var_dir / "backups" / f"linda-{now:%Y%m%d-%H%M%S}.tar.gz"
    with tempfile.TemporaryDirectory(prefix="linda-backup-") as temporary:
        folder = Path(temporary)
        async with services.db.engine.connect() as connection:
            await _one_moment(connection)
            revision = await rows.version(connection)
            if revision is None:
                raise LindaError("database_empty", "数据库还是空的，没有可备份的。")
            counts = {}
            for table in await rows.tables(connection):
                counts[table.name] = 0
                with archive.write_lines(folder / TABLES / f"{table.name}.jsonl") as file:
                    async for line in rows.lines(connection, table):
                        file.write(line)
                        counts[table.name] += 1
        # After the rows: a photo that a row names is there, one too many does no harm.
        uploads = settings.var_dir / UPLOADS
        if uploads.is_dir():
            await asyncio.to_thread(archive.take_uploads, uploads, folder / UPLOADS)
        manifest = Manifest(
            format=FORMAT, made_at=now, locality=settings.locality, revision=revision,
            keys=Vault.from_settings(settings).key_ids, rows=counts,
            files=await asyncio.to_thread(archive.members, folder),
        )  # fmt: skip
        await asyncio.to_thread(archive.pack, folder, manifest, target)
    print(f"已备份到 {target}：{sum(counts.values())} 行，{target.stat().st_size / 1e6:.1f} MB。")
    print("密钥（LINDA_DATA_KEY）和设置不在里面，请另外保管：没有密钥，姓名和电话读不出来。")
    return 0


async def _one_moment(connection: AsyncConnection) -> None:
    """All that is read is as of one moment; on SQLite a transaction is that by itself."""
    if connection.dialect.name != "sqlite":
        await connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))


async def restore(services: Services, args: argparse.Namespace) -> int:
    """Bring a backup back and print what is there now."""
    settings = services.settings
    _refuse_running(settings.var_dir)
    uploads = settings.var_dir / UPLOADS
    places = [*_files(services.db), uploads]
    exchange.tidied(places)
    with archive.unpacked(args.file) as (manifest, folder):
        if manifest.revision not in known():
            raise LindaError("backup_newer", "这个备份是更新的版本做的，请先升级程序。")
        own = Vault.from_settings(settings).key_ids
        if not set(manifest.keys) <= set(own):
            raise LindaError(
                "key_missing",
                "备份里的姓名、电话是用别的密钥加密的，请把 LINDA_DATA_KEY 设成备份时的。",
            )
        if await _filled(services.db) and not args.replace:
            raise LindaError(
                "database_filled", "数据库里已经有工单或对话。确实要用备份换掉，请加上 --replace。"
            )
        fresh = exchange.coming(uploads)
        try:
            await asyncio.to_thread(archive.bring_uploads, folder, fresh)
            await _replace(services.db, manifest, folder, places)
        finally:
            for place in places:
                exchange.discard(exchange.coming(place))
    total = sum(manifest.rows.values())
    print(
        f"已恢复 {manifest.made_at:%Y-%m-%d %H:%M} 的备份：{total} 行。请执行 linda audit verify 核对。"
    )
    return 0


def _refuse_running(var_dir: Path) -> None:
    for path in sorted((var_dir / "run").glob("*.pid")):
        try:
            os.kill(int(path.read_text()), 0)
        except PermissionError:  # it runs, as another user
            pass
        except (ValueError, OSError):
            continue
        raise LindaError("still_running", f"{path.stem} 还在运行，请先停下全部进程再恢复。")


async def _filled(db: Database) -> bool:
    """Say whether there is anything that nobody wants to lose; places and accounts are seeded."""
    async with db.engine.connect() as connection:
        for table in await rows.tables(connection):
            if table.name in ("tickets", "conversations"):
                if await connection.scalar(select(func.count()).select_from(table)):
                    return True
    return False


def _files(db: Database) -> list[Path]:
    """Return SQLite's file, its log of changes and the index of that log."""
    return [Path(f"{db.url.database}{end}") for end in ("", "-wal", "-shm")] if db.is_sqlite else []


async def _replace(db: Database, manifest: Manifest, folder: Path, places: list[Path]) -> None:
    """Put a backup in the place of database and uploads; until it is complete they stay as they are.

    On PostgreSQL that is one transaction, on SQLite a second file.
    """
    if not db.is_sqlite:
        async with db.engine.connect() as connection:
            await rows.drop(connection)
            await _fill(connection, manifest, folder)
            with exchange.replaced(places):
                await connection.commit()
        return
    await db.close()
    url = db.url.set(database=str(exchange.coming(places[0])))
    fresh = Database(url.render_as_string(hide_password=False))
    try:
        async with fresh.engine.connect() as connection:
            await connection.execution_options(linda_write=True)
            await _fill(connection, manifest, folder)
            await connection.commit()
    finally:
        await fresh.close()
    with exchange.replaced(places):
        pass


async def _fill(connection: AsyncConnection, manifest: Manifest, folder: Path) -> None:
    """Make the schema of a backup, fill it, and bring it to the present one."""
    await upgrade_in(connection, manifest.revision)
    for table in await rows.tables(connection):
        await connection.execute(table.delete())
        path = folder / TABLES / f"{table.name}.jsonl"
        if path.is_file():
            with path.open(encoding="utf-8") as lines:
                await rows.fill(connection, table, lines)
    await upgrade_in(connection)
    await _make_words(connection)


async def _make_words(connection: AsyncConnection) -> None:
    """Let searches find the tickets that are there now."""
    after = ""
    while True:
        query = select(TicketRow.ticket_no, TicketRow.doc).where(TicketRow.ticket_no > after)
        found = (
            await connection.execute(query.order_by(TicketRow.ticket_no).limit(rows.BATCH))
        ).all()
        if not found:
            return
        words = [words_values(Ticket.from_doc(r.doc)) for r in found]
        await connection.execute(insert(TicketWordsRow), words)
        after = found[-1].ticket_no


def add(command: Callable[..., argparse.ArgumentParser], commands: Any) -> None:
    """Add ``backup`` and ``restore`` to the command line."""
    made = command(commands, "backup", backup, "备份数据库和上传的照片（不用停机）")
    made.add_argument("file", type=Path, nargs="?", help="写到这个文件；不写放在 var/backups")
    back = command(commands, "restore", restore, "从备份恢复（先停下全部进程）")
    back.add_argument("file", type=Path)
    back.add_argument("--replace", action="store_true", help="库里有东西也换掉")


UNMIGRATED = (restore,)
"""Commands that may meet a database without a schema."""
