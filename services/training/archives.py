"""The bytes of models: whole in the database, a copy on each machine that needs one.

The database is the truth, so that a second machine has what the first one trained (ADR 0010); the
file ``var/models/<sha256>.tar.gz`` is this machine's copy. A copy that is missing or damaged is
made anew; only when the database's own is damaged, too, is the model lost.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import secrets
from collections.abc import Collection
from pathlib import Path

from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError

from services.db import Database
from services.errors import LindaError
from services.training.fingerprint import sha256_of
from services.training.model_tables import ModelChunkRow, ModelRow

CHUNK = 1 << 20
"""Bytes a row: each is a transaction of its own, so that nobody waits long for SQLite's writer."""


class ArchiveBroken(LindaError):
    """Neither the file nor the database has the whole archive."""

    def __init__(self, sha256: str) -> None:
        super().__init__(
            "model_archive_broken",
            f"模型 {sha256[:8]} 的文件不完整，用不了。机器人会继续用手上的模型；请换一个模型上线，或从备份恢复。",
            503,
            {"model": sha256},
        )


class Archives:
    """Archives by checksum.

    Args:
        db: Where they are kept.
        folder: This machine's copies (``var/models``).
    """

    def __init__(self, db: Database, folder: Path) -> None:
        self._db = db
        self._folder = folder
        self._verified: dict[str, tuple[int, int, int]] = {}

    async def put(self, path: Path) -> tuple[str, int]:
        """Keep an archive; return its checksum and size. Putting it again mends what is damaged.

        Raises:
            ArchiveBroken: The file was changed meanwhile.
            OSError: The file cannot be read, or this machine's copy cannot be written.
        """
        sha256 = await asyncio.to_thread(sha256_of, path)
        size = number = 0
        while content := await asyncio.to_thread(_read, path, size):
            await self._put_chunk(sha256, number, content)
            size, number = size + len(content), number + 1
        await self._restore(sha256, self._path(sha256))
        return sha256, size

    async def _put_chunk(self, sha256: str, number: int, content: bytes) -> None:
        try:
            async with self._db.write() as s:
                row = await s.get(ModelChunkRow, (sha256, number))
                if row is None:
                    s.add(ModelChunkRow(sha256=sha256, number=number, content=content))
                elif row.content != content:
                    row.content = content  # what was damaged is whole again
        except IntegrityError:
            return  # another process keeps the same archive at this moment

    async def file(self, sha256: str) -> Path:
        """Return this machine's copy, its checksum verified just now.

        Raises:
            ArchiveBroken: There is no whole archive.
        """
        path = self._path(sha256)
        if not await asyncio.to_thread(_is_whole, path, sha256):
            await self._restore(sha256, path)
        self._verified[sha256] = _signature(path)
        return path

    async def is_whole(self, sha256: str) -> bool:
        """Whether the archive is there; cheap while this machine's copy has not been touched."""
        path = self._path(sha256)
        with contextlib.suppress(OSError):
            if self._verified.get(sha256) == _signature(path):
                return True
        try:
            await self.file(sha256)
        except ArchiveBroken:
            return False
        return True

    async def drop(self, archives: Collection[str]) -> None:
        """Forget these archives."""
        async with self._db.write() as s:
            await s.execute(delete(ModelChunkRow).where(ModelChunkRow.sha256.in_(archives)))
        for sha256 in archives:
            self._verified.pop(sha256, None)
            self._path(sha256).unlink(missing_ok=True)

    async def drop_orphans(self) -> None:
        """Forget pieces that belong to no model: whoever kept or cleared them died before the end.

        Who is keeping an archive at this very moment notices and says so (:meth:`put`).
        """
        async with self._db.read() as s:
            known = select(ModelRow.sha256).where(ModelRow.kept)
            query = select(ModelChunkRow.sha256).where(ModelChunkRow.sha256.not_in(known))
            orphans = set(await s.scalars(query.distinct()))
        if orphans:
            await self.drop(orphans)

    def _path(self, sha256: str) -> Path:
        return self._folder / f"{sha256}.tar.gz"

    async def _restore(self, sha256: str, path: Path) -> None:
        """Write the file from the database, beside its place until it is whole.

        Raises:
            ArchiveBroken: The database has it not, or not whole.
        """
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        part = path.with_name(f".{sha256}.{secrets.token_hex(4)}")
        digest = hashlib.sha256()
        try:
            async with self._db.read() as s:
                mine = ModelChunkRow.sha256 == sha256
                count = await s.scalar(select(func.count()).where(mine)) or 0
                with part.open("wb") as file:
                    for number in range(count):
                        row = select(ModelChunkRow.content).where(
                            mine, ModelChunkRow.number == number
                        )
                        content = await s.scalar(row) or b""
                        digest.update(content)
                        file.write(content)
            if digest.hexdigest() != sha256:
                raise ArchiveBroken(sha256)
            os.replace(part, path)
        finally:
            part.unlink(missing_ok=True)


def _read(path: Path, offset: int) -> bytes:
    with path.open("rb") as file:
        file.seek(offset)
        return file.read(CHUNK)


def _is_whole(path: Path, sha256: str) -> bool:
    try:
        return sha256_of(path) == sha256
    except OSError:
        return False


def _signature(path: Path) -> tuple[int, int, int]:
    found = path.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns
