"""What a model is made from and judged by, as content hashes.

Standard library only: ``make`` uses it before anything is installed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

NLU = "data/nlu"
"""Folder of the labelled messages; a training run puts a copy of it elsewhere."""

UNDERSTANDING = (
    "data/catalogue",
    "data/localities",
    "bot/data",
    "bot/components",
    "bot/encoder",
    "bot/understanding",
)
"""What understands a message beside the trained model: read anew at each start of the bot."""

SOURCES = ("config.yml", "domain.yml", NLU, "data/rules", *UNDERSTANDING)
"""Everything that a training reads, below the root of the repository."""

SUFFIXES = (".yml", ".py", ".json")


def fingerprint(root: Path, sources: Sequence[str] = SOURCES, taught: str = "") -> str:
    """Return the content hash of everything that a training reads.

    Args:
        root: The repository.
        sources: Files and folders below it.
        taught: Content hash of what people taught beside it; empty when they taught nothing, so
            that ``make train`` and a run without annotations mean the same data.
    """
    digest = hashlib.sha256()
    for source in sources:
        for file in _files(root / source):
            digest.update(str(file.relative_to(root)).encode() + b"\0" + file.read_bytes())
    if taught:
        digest.update(b"\0taught\0" + taught.encode())
    return digest.hexdigest()


def _files(path: Path) -> Iterable[Path]:
    if path.is_dir():
        return sorted(p for p in path.rglob("*") if p.suffix in SUFFIXES and p.is_file())
    return [path] if path.is_file() else []


def stamp_of(model: Path) -> Path:
    """Return the file beside a model that names the data it was trained on."""
    return model.with_suffix(".sha256")


def sha256_of(path: Path) -> str:
    """Return the hex digest of a file.

    Raises:
        OSError: It cannot be read.
    """
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
