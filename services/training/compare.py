"""Two models on the same sentences: what changed, sentence by sentence. Pure.

A *report* is the output of ``bot.evaluate``: figures, and the rows with what the model predicted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

JSON = Mapping[str, Any]

EMERGENCY = "emergency"

Unit = Literal["share", "count", "ms"]


class NotComparable(ValueError):
    """The two reports are not about the same sentences."""


@dataclass(frozen=True)
class Reading:
    """What a model understood: ``leaf`` is None when it named none; ``uncertain``: it would ask."""

    intent: str
    leaf: str | None
    uncertain: bool = False


@dataclass(frozen=True)
class Figure:
    """One figure of both models; None where there was nothing to count.

    Attributes:
        key: Stable name (``macro_f1``).
        label: Chinese name.
        unit: ``share`` (0…1), ``count`` or ``ms``.
        before: Of the production model.
        after: Of the candidate.
        more_is_better: False for false alarms and times.
    """

    key: str
    label: str
    unit: Unit
    before: float | None
    after: float | None
    more_is_better: bool = True

    @property
    def change(self) -> float | None:
        """After minus before."""
        if self.before is None or self.after is None:
            return None
        return round(self.after - self.before, 4)

    @property
    def verdict(self) -> Literal["better", "worse", "same"]:
        """Which way it went; times that differ by less than a fifth are the same (they jitter)."""
        if self.change is None or self.before is None:
            return "same"
        tolerance = abs(self.before) / 5 if self.unit == "ms" else 0.0
        if abs(self.change) <= tolerance:
            return "same"
        return "better" if (self.change > 0) == self.more_is_better else "worse"


@dataclass(frozen=True)
class ClassLine:
    """F1 of an intent, or share of rightly named leaves, with how many sentences there are."""

    name: str
    before: float | None
    after: float | None
    support: int

    @property
    def change(self) -> float:
        """After minus before; what is missing counts as 0."""
        return round((self.after or 0.0) - (self.before or 0.0), 4)


@dataclass(frozen=True)
class Example:
    """One sentence, what is right, and what both models made of it."""

    text: str
    intent: str
    leaf: str | None
    before: Reading
    after: Reading
    right_before: bool
    right_after: bool

    @property
    def danger(self) -> bool:
        """Whether it tells of an emergency."""
        return self.intent == EMERGENCY

    @property
    def alarm_lost(self) -> bool:
        """An emergency that the production model recognises and the candidate does not."""
        return self.danger and self.before.intent == EMERGENCY and self.after.intent != EMERGENCY


@dataclass(frozen=True)
class Comparison:
    """Production (before) and candidate (after) on the evaluation set."""

    figures: tuple[Figure, ...]
    intents: tuple[ClassLine, ...]
    leaves: tuple[ClassLine, ...]
    examples: tuple[Example, ...]

    @cached_property
    def newly_right(self) -> tuple[Example, ...]:
        """Wrong before, right now."""
        return tuple(e for e in self.examples if e.right_after and not e.right_before)

    @cached_property
    def newly_wrong(self) -> tuple[Example, ...]:
        """Right before, wrong now."""
        return tuple(e for e in self.examples if e.right_before and not e.right_after)

    @cached_property
    def still_wrong(self) -> tuple[Example, ...]:
        """Wrong with both."""
        return tuple(e for e in self.examples if not e.right_before and not e.right_after)

    @cached_property
    def emergencies(self) -> tuple[Example, ...]:
        """Every sentence that tells of an emergency, those that were lost first."""
        found = [e for e in self.examples if e.danger]
        return tuple(sorted(found, key=lambda e: (not e.alarm_lost, e.after.intent == EMERGENCY)))

    @cached_property
    def alarms_lost(self) -> tuple[Example, ...]:
        """Emergencies that the candidate would miss and production does not."""
        return tuple(e for e in self.examples if e.alarm_lost)

    def figure(self, key: str) -> Figure:
        """Return a figure by name."""
        return next(f for f in self.figures if f.key == key)


@dataclass(frozen=True)
class TaughtLine:
    """A sentence that people taught; ``new``: the production model was not taught it."""

    text: str
    intent: str
    leaf: str | None
    new: bool
    learned: bool
    reading: Reading


@dataclass(frozen=True)
class Taught:
    """Everything that people taught, and whether the candidate understands it."""

    lines: tuple[TaughtLine, ...]

    @cached_property
    def new(self) -> tuple[TaughtLine, ...]:
        """What the candidate is the first to have been taught."""
        return tuple(line for line in self.lines if line.new)

    @cached_property
    def failed(self) -> tuple[TaughtLine, ...]:
        """What it does not understand all the same, new or not."""
        return tuple(line for line in self.lines if not line.learned)

    @property
    def learned(self) -> int:
        """How many of the new ones it understands."""
        return sum(line.learned for line in self.new)

    @cached_property
    def old(self) -> tuple[TaughtLine, ...]:
        """What the production model was taught, too."""
        return tuple(line for line in self.lines if not line.new)

    @cached_property
    def forgotten(self) -> tuple[TaughtLine, ...]:
        """What of that the candidate does not understand."""
        return tuple(line for line in self.old if not line.learned)


# -- reading reports -----------------------------------------------------------------------------


def accepted(row: JSON, key: Literal["intent", "leaf"]) -> set[str]:
    """Return the labels that count as right, as ``bot.evaluate`` does: the first and the second."""
    values = (row.get(key), row.get(f"{key}2", row.get(key)))
    return {"none" if v in (None, "", "none") else str(v) for v in values}


def is_right(row: JSON) -> bool:
    """Whether intent and, where the row names one, leaf were understood."""
    guess = row["predicted"]
    if guess["intent"] not in accepted(row, "intent"):
        return False
    return row.get("leaf") is None or guess["leaf"] in accepted(row, "leaf")


def reading(row: JSON) -> Reading:
    """Return what the model made of a row."""
    guess = row["predicted"]
    return Reading(guess["intent"], _leaf(guess.get("leaf")), bool(guess.get("uncertain")))


def _leaf(value: Any) -> str | None:
    return None if value in (None, "", "none") else str(value)


def compare(before: JSON, after: JSON) -> Comparison:
    """Compare two reports on the same rows.

    Raises:
        NotComparable: They are about different sentences, or were expected differently.
    """
    pairs = list(_paired(before["rows"], after["rows"]))
    return Comparison(
        figures=_figures(before, after),
        intents=_intents(before, after),
        leaves=_leaves(pairs),
        examples=tuple(
            Example(
                old["text"], old["intent"], _leaf(old.get("leaf")),
                reading(old), reading(new), is_right(old), is_right(new),
            )
            for old, new in pairs
        ),
    )  # fmt: skip


def taught(report: JSON, known_before: Iterable[str]) -> Taught:
    """Return how the candidate does on what people taught.

    Args:
        report: Its report on all that was taught.
        known_before: Texts that the production model was taught already.
    """
    known = frozenset(known_before)
    return Taught(
        tuple(
            TaughtLine(
                row["text"], row["intent"], _leaf(row.get("leaf")),
                row["text"] not in known, is_right(row), reading(row),
            )
            for row in report["rows"]
        )
    )  # fmt: skip


def _paired(before: Sequence[JSON], after: Sequence[JSON]) -> Iterable[tuple[JSON, JSON]]:
    labels = ("text", "intent", "intent2", "leaf", "leaf2")
    if len(before) != len(after):
        raise NotComparable(f"{len(before)} rows against {len(after)}")
    for old, new in zip(before, after, strict=True):
        if any(old.get(key) != new.get(key) for key in labels):
            raise NotComparable("the rows differ")
        yield old, new


_FIGURES: tuple[tuple[str, str, Unit, bool, tuple[str, ...]], ...] = (
    ("accuracy", "整体听懂", "share", True, ("intent", "accuracy")),
    ("macro_f1", "各类平均（宏 F1）", "share", True, ("intent", "macro_f1")),
    ("leaf_top1", "事项说对", "share", True, ("leaf", "top1")),
    ("emergency_recall", "紧急情况认出", "share", True, ("emergency", "recall")),
    ("false_alarms", "误报紧急", "count", False, ("emergency", "false_alarms")),
    ("scope_recall", "管不了的认出", "share", True, ("out_of_scope", "recall")),
    ("scope_alarms", "误当管不了", "count", False, ("out_of_scope", "false_alarms")),
    ("entities", "地点时间取对", "share", True, ("entities", "span", "all", "f1")),
    ("p50", "一般多久听懂", "ms", False, ("latency_ms", "p50")),
    ("p95", "慢的要多久", "ms", False, ("latency_ms", "p95")),
)
"""Key, Chinese name, unit, whether more is better, and where a report has it."""


def _figures(before: JSON, after: JSON) -> tuple[Figure, ...]:
    return tuple(
        Figure(key, label, unit, _at(before, path), _at(after, path), better)
        for key, label, unit, better, path in _FIGURES
    )


def _at(report: JSON, path: Sequence[str]) -> float | None:
    value: Any = report
    for step in path:
        value = (value or {}).get(step)
    return None if value is None else float(value)


def _intents(before: JSON, after: JSON) -> tuple[ClassLine, ...]:
    """F1 by intent, what fell most first; support is that of the labels themselves."""
    old, new = before["intent"]["per_intent"], after["intent"]["per_intent"]
    support: dict[str, int] = defaultdict(int)
    for row in before["rows"]:
        support[row["intent"]] += 1
    lines = [
        ClassLine(
            name, (old.get(name) or {}).get("f1"), (new.get(name) or {}).get("f1"), support[name]
        )
        for name in sorted(old.keys() | new.keys())
    ]
    return tuple(sorted(lines, key=lambda line: (line.change, line.name)))


def _leaves(pairs: Sequence[tuple[JSON, JSON]]) -> tuple[ClassLine, ...]:
    hits: dict[str, list[tuple[bool, bool]]] = defaultdict(list)
    for old, new in pairs:
        leaf = _leaf(old.get("leaf"))
        if leaf is not None:
            right = accepted(old, "leaf")
            hits[leaf].append(
                (old["predicted"]["leaf"] in right, new["predicted"]["leaf"] in right)
            )
    lines = [
        ClassLine(
            leaf,
            round(sum(b for b, _ in each) / len(each), 4),
            round(sum(a for _, a in each) / len(each), 4),
            len(each),
        )
        for leaf, each in hits.items()
    ]
    return tuple(sorted(lines, key=lambda line: (line.change, line.name)))
