"""Replacing stretches of a text, and following offsets through it. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
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


def without_overlaps(changes: Iterable[Change]) -> list[Change]:
    """Return the changes in order of the text; of two that overlap the earlier given one stays."""
    kept: list[Change] = []
    for change in changes:
        if all(change.end <= k.start or k.end <= change.start for k in kept):
            kept.append(change)
    return sorted(kept)


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
