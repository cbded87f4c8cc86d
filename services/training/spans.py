"""Replacing stretches of a text, and following offsets through it. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Change:
    """``text[start:end]`` gives way to ``stand_in``; ``kind`` says what it was."""

    start: int
    end: int
    stand_in: str
    kind: str


def plain(text: str) -> str:
    """Return full-width, circled and other digits and letters as plain ones, offsets unchanged."""
    return "".join(
        folded if len(folded := unicodedata.normalize("NFKC", char)) == 1 else char for char in text
    )


Rest = Callable[[Change, int, int], "Change | None"]
"""Makes a change of the part of another one that is still free; None: it can stay."""


def without_overlaps(changes: Iterable[Change], rest: Rest) -> list[Change]:
    """Return the changes in order of the text; where two overlap the earlier given one counts.

    What is left of the later one is not forgotten: ``rest`` says what becomes of each free part.
    """
    kept: list[Change] = []
    for change in changes:
        if all(change.end <= k.start or k.end <= change.start for k in kept):
            kept.append(change)
            continue
        for start, end in _free(change, sorted(kept)):
            part = rest(change, start, end)
            if part is not None:
                kept.append(part)
    return sorted(kept)


def _free(change: Change, taken: Sequence[Change]) -> Iterator[tuple[int, int]]:
    """Yield the parts of a change that no other covers."""
    at = change.start
    for other in taken:
        if other.end <= at or other.start >= change.end:
            continue
        if at < other.start:
            yield at, other.start
        at = max(at, other.end)
    if at < change.end:
        yield at, change.end


def apply(text: str, changes: Sequence[Change]) -> str:
    """Return the text with all changes made; they are in order and do not overlap."""
    parts, at = [], 0
    for change in changes:
        parts += [text[at : change.start], change.stand_in]
        at = change.end
    return "".join([*parts, text[at:]])


def moved(start: int, end: int, changes: Sequence[Change]) -> tuple[int, int]:
    """Return where ``[start, end)`` is after the changes; what touches a change covers all of it."""
    return _moved(start, changes, at_end=False), _moved(end, changes, at_end=True)


def _moved(offset: int, changes: Sequence[Change], at_end: bool) -> int:
    shift = 0
    for change in changes:
        if offset <= change.start:
            break
        if offset < change.end:
            inside = len(change.stand_in) if at_end else 0
            return change.start + shift + inside
        shift += len(change.stand_in) - (change.end - change.start)
    return offset + shift
