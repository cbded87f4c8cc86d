"""New files in the place of old ones: the old ones are there until the new ones are complete.

Beside ``x`` lie ``restoring-x``, which is being made, and for a moment ``before-x``, what was there:
names under which SQLite finds ``x-wal`` of ``x``. Renaming within a folder needs no room on the disk.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path


def coming(place: Path) -> Path:
    """Return where the new file or folder for a place is made."""
    return place.with_name(f"restoring-{place.name}")


def _before(place: Path) -> Path:
    return place.with_name(f"before-{place.name}")


@contextmanager
def replaced(places: Sequence[Path]) -> Iterator[None]:
    """Put what comes where the old is; an exception in the block puts all back, else the old is removed.

    A place for which nothing comes is empty afterwards.
    """
    moved: list[tuple[Path, Path]] = []

    def move(source: Path, target: Path) -> None:
        if source.exists():
            source.rename(target)
            moved.append((source, target))

    try:
        # All aside first: SQLite must never see a log of changes beside a file that it is not of.
        for place in places:
            move(place, _before(place))
        for place in places:
            move(coming(place), place)
        yield
    except BaseException:
        for source, target in reversed(moved):
            target.rename(source)
        raise
    for place in places:
        discard(_before(place))


def tidied(places: Sequence[Path]) -> None:
    """Undo an exchange that was killed in the middle, and remove what one that was killed has left."""
    kept = [place for place in places if _before(place).exists()]
    if any(not place.exists() for place in kept):
        for place in kept:
            discard(place)
            _before(place).rename(place)
    for place in places:
        discard(_before(place))
        discard(coming(place))


def discard(path: Path) -> None:
    """Remove a file or folder, if it is there."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
