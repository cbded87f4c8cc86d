"""Model archives as files: their checksum, and whether one is whole and harmless to unpack."""

from __future__ import annotations

import hashlib
import tarfile
import zlib
from pathlib import Path, PurePosixPath

_BLOCK = 1 << 20


class BrokenArchive(Exception):
    """The file is no model that may be loaded; the text says why, in Chinese."""


def sha256_of(path: Path) -> str:
    """Hex digest of a file's content.

    Raises:
        OSError: the file cannot be read.
    """
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def check(path: Path) -> None:
    """Read the archive to its end; nothing is unpacked and nothing of it is run.

    Only plain files and folders below the archive's own root are accepted: a link or a path that
    leads out could write anywhere when Rasa unpacks it.

    Raises:
        BrokenArchive: cut off, damaged, not a model, or with members that lead out of it.
        OSError: the file cannot be read.
    """
    names = set()
    try:
        with tarfile.open(path, "r:gz") as archive:
            for member in archive:
                _refuse_leading_out(member)
                if member.isfile():
                    content = archive.extractfile(member)
                    while content is not None and content.read(_BLOCK):
                        pass
                names.add(member.name.removeprefix("./"))
    except (tarfile.TarError, EOFError, zlib.error, ValueError) as error:
        raise BrokenArchive("模型文件不完整或已损坏") from error
    except OSError as error:
        if error.errno is not None:
            raise
        # gzip tells damage as an OSError without a number.
        raise BrokenArchive("模型文件不完整或已损坏") from error
    if "metadata.json" not in names:
        raise BrokenArchive("这不是对话模型的文件")


def _refuse_leading_out(member: tarfile.TarInfo) -> None:
    path = PurePosixPath(member.name)
    if not (member.isfile() or member.isdir()) or path.is_absolute() or ".." in path.parts:
        raise BrokenArchive(f"模型文件里有不允许的内容：{member.name}")
