"""The file of a backup: ``manifest.json`` first, then the tables and the uploads, each with its hash."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO

from pydantic import BaseModel, ConfigDict, ValidationError

from services.errors import LindaError

MANIFEST = "manifest.json"
TABLES, UPLOADS = "tables", "uploads"
FORMAT = 1


class Manifest(BaseModel):
    """What a backup holds.

    Attributes:
        revision: The schema's revision.
        keys: Ids of the keys that contact data is encrypted with (not the keys).
        rows: Rows by table.
        files: SHA-256 of each member.
    """

    model_config = ConfigDict(extra="forbid")

    format: int
    made_at: datetime
    locality: str
    revision: str
    keys: list[str]
    rows: dict[str, int]
    files: dict[str, str]


def digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def pack(folder: Path, manifest: Manifest, target: Path) -> None:
    """Write a folder's tables and uploads as a backup; it is there whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = target.with_name(f".{target.name}.part")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            with tarfile.open(fileobj=file, mode="w:gz") as tar:
                told = manifest.model_dump_json(indent=1).encode()
                entry = tarfile.TarInfo(MANIFEST)
                entry.size = len(told)
                tar.addfile(entry, io.BytesIO(told))
                for name in manifest.files:
                    tar.add(folder / name, arcname=name, recursive=False)
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def unpacked(source: Path) -> Iterator[tuple[Manifest, Path]]:
    """Give a backup's manifest and the folder with its members, every hash compared.

    Raises:
        LindaError: 422 ``backup_unreadable`` or ``backup_damaged``.
    """
    with tempfile.TemporaryDirectory(prefix="linda-restore-") as temporary:
        folder = Path(temporary)
        try:
            with tarfile.open(source, "r:gz") as tar:
                tar.extractall(folder, filter="data")
            manifest = Manifest.model_validate_json((folder / MANIFEST).read_bytes())
        except (OSError, EOFError, tarfile.TarError, ValidationError) as error:
            raise LindaError(
                "backup_unreadable", f"{source} 读不了，不是完整的备份文件。", 422
            ) from error
        if manifest.format != FORMAT:
            raise LindaError("backup_newer", "这个备份是更新的版本做的，请先升级程序。", 422)
        for name, known in manifest.files.items():
            path = folder / name
            if not path.is_file() or digest(path) != known:
                raise LindaError("backup_damaged", f"备份里的 {name} 坏了，没有恢复。", 422)
        yield manifest, folder


def take_uploads(uploads: Path, target: Path) -> None:
    """Copy the uploads; one that is erased meanwhile is left out."""

    def copy(source: str, there: str) -> str:
        try:
            shutil.copy2(source, there)
        except FileNotFoundError:
            Path(there).unlink(missing_ok=True)
        return there

    shutil.copytree(uploads, target, copy_function=copy)


def bring_uploads(folder: Path, target: Path) -> None:
    """Copy the uploads of a backup to a folder that is not there yet."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if (folder / UPLOADS).is_dir():
        shutil.copytree(folder / UPLOADS, target)
    else:
        target.mkdir()


def write_lines(path: Path) -> IO[str]:
    """Open a table's file for writing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.open("w", encoding="utf-8")


def members(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each file of a folder by its path in it."""
    found = sorted(p for p in folder.rglob("*") if p.is_file())
    return {p.relative_to(folder).as_posix(): digest(p) for p in found}
