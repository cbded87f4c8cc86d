"""Counting the pieces of one message with what scikit-learn has learned about pieces.

Its vectorizers are made for many texts at once: for a single message the checks around the counting
cost ten times the counting. The results are the same (a test compares them).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

_Analyzer = Callable[[str], list[str]]
_prepared: WeakKeyDictionary[TfidfVectorizer, tuple[_Analyzer, np.ndarray]] = WeakKeyDictionary()


@dataclass(frozen=True)
class Row:
    """A sparse row: the columns that are not zero, and their values; shapes ``(n,)``."""

    indices: np.ndarray
    values: np.ndarray

    @classmethod
    def joined(cls, parts: Iterable[tuple[int, Row]]) -> Row:
        """Rows side by side: each with the number of its first column."""
        parts = list(parts)
        return cls(
            np.concatenate([row.indices + start for start, row in parts]),
            np.concatenate([row.values for _, row in parts]),
        )


def _prepare(vectorizer: TfidfVectorizer) -> tuple[_Analyzer, np.ndarray]:
    """What the vectorizer would work out anew for each text."""
    _prepared[vectorizer] = vectorizer.build_analyzer(), vectorizer.idf_
    return _prepared[vectorizer]


def weighted(vectorizer: TfidfVectorizer, text: str) -> Row:
    """``vectorizer.transform([text])`` for a fitted one with ``sublinear_tf`` and ``norm="l2"``."""
    known = vectorizer.vocabulary_
    analyze, rarity = _prepared.get(vectorizer) or _prepare(vectorizer)
    counts = Counter(map(known.get, analyze(text)))
    counts.pop(None, None)
    indices = np.fromiter(counts, int, len(counts))
    values = np.array([1 + math.log(n) for n in counts.values()]) * rarity[indices]
    length = float(np.sqrt(values @ values))
    return Row(indices, values / length if length else values)
