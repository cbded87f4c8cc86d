"""When do two messages say the same? Deterministic, from words alone; the rules are data.

A message is brought to a *form*: dialect to one word, what differs by chance masked (people, places,
times, numbers), what says nothing taken out. Two forms are alike when they share most of their
characters and pairs of characters – and deny the same, ask both or tell both, and name the same deciding
things. Keeping two apart costs one more click; putting two together that differ teaches nonsense.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from services.catalogue.files import read
from services.training.spans import plain

ALIKE, ALIKE_WHEN_SHORT = 0.6, 0.75
"""Share of characters and pairs that two forms must have in common."""
_SHORT, _TOO_SHORT = 6, 4
"""Characters of its own: below the first a form counts as short, below the second only itself is alike."""
ASKS = "?"
"""Ends the form of a sentence that asks."""
MASKED_TYPES = {"address": "A", "time": "T", "relation": "P", "person": "P", "phone": "N", "count": "N", "ticket_no": "N"}  # fmt: skip
_HOLDER = 0xE000
"""Private characters that stand for a mask until all letters that people typed are small."""
"""Entities of the model that are masked like what the rules find."""
_LEAST = 2
"""A form with fewer characters of its own says nothing; then the words count as they are."""

_A_WORD = 2
"""Characters that make a word of their own: 老年证 and 残疾证 are not the same with anything around."""
_PLACELESS = re.compile(r"[APN]")
"""For whom, where and how many never decide what is wanted; when may (有人吗, 周六有人吗)."""

BANDS, _ROWS = 16, 2
_PRIME = (1 << 61) - 1


class WordingFile(BaseModel):
    """``data/learning/wording.yml``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: int
    same: Mapping[str, str]
    masks: Mapping[str, str]
    frames: str
    particles: str
    endings: str
    questions: str
    no_denial: str
    denials: str
    deciding: str


class Wording:
    """The rules, read once.

    Args:
        data_dir: The folder ``data``.
        topics: Words that name a matter → the leaves they belong to (names and aliases of cards).
    """

    def __init__(self, data_dir: Path, topics: Mapping[str, frozenset[str]]) -> None:
        self._path = data_dir / "learning" / "wording.yml"
        self._topics = topics

    @cached_property
    def _rules(self) -> WordingFile:
        return read(self._path, WordingFile)

    @cached_property
    def _same(self) -> Sequence[tuple[re.Pattern[str], str]]:
        return [(re.compile(p), word) for p, word in self._rules.same.items()]

    @cached_property
    def _masks(self) -> Sequence[tuple[str, re.Pattern[str]]]:
        return [(letter, re.compile(p)) for letter, p in self._rules.masks.items()]

    @cached_property
    def _compiled(self) -> Mapping[str, re.Pattern[str]]:
        names = ("frames", "particles", "endings", "questions", "no_denial")
        return {name: re.compile(getattr(self._rules, name)) for name in names}

    @cached_property
    def _denied(self) -> re.Pattern[str]:
        return re.compile(rf"(?:{self._rules.denials})(.?)")

    def form(self, text: str, entities: Sequence[Mapping[str, Any]] = ()) -> str:
        """Return the form of a message.

        Args:
            text: The redacted words.
            entities: What the model found in them: ``{"type", "start", "end"}``.
        """
        words = plain(_masked(text, entities)).casefold().translate(_UNHOLD)
        for pattern, word in self._same:
            words = pattern.sub(word, words)
        asks = bool(self._compiled["questions"].search(words))
        for letter, pattern in self._masks:
            words = pattern.sub(letter, words)
        words = self._compiled["frames"].sub("", words)
        words = self._compiled["particles"].sub("", words)
        words = re.sub(r"[\W_]+", "", words)
        words = re.sub(r"([A-Z])\1+", r"\1", words)
        if len(_own(words)) < _LEAST:
            words = re.sub(r"[\W_]+", "", plain(text).casefold()) or text.strip()
            words = self._compiled["endings"].sub("", words) or words
        return words + ASKS * asks

    def alike(self, one: str, other: str) -> float:
        """Return how alike two forms are, 0 when they must not be taken for the same."""
        if _PLACELESS.sub("", one) == _PLACELESS.sub("", other):
            return 1.0
        if one.endswith(ASKS) != other.endswith(ASKS) or self._denies(one) != self._denies(other):
            return 0.0
        if self._decides(one, other):
            return 0.0
        shorter = min(len(_own(one)), len(_own(other)))
        if shorter < _TOO_SHORT:
            return 0.0
        a, b = pieces(one), pieces(other)
        share = len(a & b) / len(a | b)
        return share if share >= (ALIKE_WHEN_SHORT if shorter < _SHORT else ALIKE) else 0.0

    def _denies(self, form: str) -> list[str]:
        return sorted(self._denied.findall(self._compiled["no_denial"].sub("", form.rstrip(ASKS))))

    def _decides(self, one: str, other: str) -> bool:
        """Whether each names something that the other does not: another word, or one that decides."""
        mine, theirs = set(_own(one)), set(_own(other))
        only, others = mine - theirs, theirs - mine
        if min(len(only), len(others)) >= _A_WORD:
            return True
        if only & set(self._rules.deciding) and others & set(self._rules.deciding):
            return True
        a, b = self._named(one), self._named(other)
        return bool(a and b and not a & b)

    def _named(self, form: str) -> frozenset[str]:
        return frozenset().union(*(leaves for word, leaves in self._topics.items() if word in form))


def _masked(text: str, entities: Sequence[Mapping[str, Any]]) -> str:
    known = [e for e in entities if e["type"] in MASKED_TYPES]
    for entity in sorted(known, key=lambda e: -e["start"]):
        holder = chr(_HOLDER + ord(MASKED_TYPES[entity["type"]]))
        text = text[: entity["start"]] + holder + text[entity["end"] :]
    return text


_UNHOLD = {_HOLDER + ord(letter): letter for letter in MASKED_TYPES.values()}


def key_of(form: str) -> str:
    """Return a short name of a form, for finding the same one again."""
    return hashlib.sha256(form.encode()).hexdigest()[:40]


def _own(form: str) -> str:
    """Return what is left of a form without masks."""
    return re.sub(r"[A-Z?]", "", form)


def pieces(form: str) -> frozenset[str]:
    """Return the characters of a form and its pairs of neighbours; what is masked is none."""
    words = _own(form) or form
    return frozenset(words) | {words[i : i + 2] for i in range(len(words) - 1)}


def bands(form: str) -> list[int]:
    """Return a sketch of a form: two that are alike share at least one number at the same place.

    MinHash with locality-sensitive hashing (Broder 1997): at a likeness of 0.6 two sketches meet with
    probability 0.999. The numbers are the same in every process and fit a signed 64-bit column.
    """
    hashes = [
        int.from_bytes(hashlib.blake2b(p.encode(), digest_size=8).digest()) for p in pieces(form)
    ]
    least = [
        min(((2 * i + 1) * 0x9E3779B97F4A7C15 + i) * h % _PRIME for h in hashes)
        for i in range(BANDS * _ROWS)
    ]
    return [hash_of(least[i : i + _ROWS]) for i in range(0, len(least), _ROWS)]


def hash_of(numbers: Sequence[int]) -> int:
    """Return a number of 62 bits for some numbers."""
    digest = hashlib.blake2b(repr(tuple(numbers)).encode(), digest_size=8).digest()
    return int.from_bytes(digest) >> 2
