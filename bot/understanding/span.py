"""A stretch of text with its meaning."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class Span:
    """Words that mean something.

    Attributes:
        type: entity type of the taxonomy, e.g. ``address``.
        start: first code point of the words.
        end: code point after the last one.
        text: the words as said, ``sentence[start:end]``.
        value: the normalised value (string, integer or mapping; see the docs of each finder).
        confidence: 0–1, how sure the finder is.
    """

    type: str
    start: int
    end: int
    text: str
    value: Any
    confidence: float = 1.0

    def overlaps(self, other: Span) -> bool:
        """Whether both share at least one code point."""
        return self.start < other.end and other.start < self.end


class Stretch(Protocol):
    """What lies between two code points: a ``Span``, or somebody who is spoken of."""

    @property
    def start(self) -> int:
        """First code point."""

    @property
    def end(self) -> int:
        """Code point after the last one."""


def overlaps_any(start: int, end: int, spans: Iterable[Stretch]) -> bool:
    """Whether ``[start, end)`` shares a code point with one of ``spans``."""
    return any(start < s.end and s.start < end for s in spans)


def without_overlaps(spans: Iterable[Span]) -> list[Span]:
    """Of overlapping spans of one finder keep the longest, the earlier one on a tie."""
    kept: list[Span] = []
    for span in sorted(spans, key=lambda s: (s.start - s.end, s.start)):
        if not overlaps_any(span.start, span.end, kept):
            kept.append(span)
    return sorted(kept, key=lambda s: s.start)


def either(patterns: Iterable[str]) -> re.Pattern[str]:
    """One pattern for where any of ``patterns`` fits; it has no named groups."""
    return re.compile("|".join(re.sub(r"\(\?P<\w+>", "(?:", p) for p in patterns))
