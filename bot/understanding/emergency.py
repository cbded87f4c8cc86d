"""Is a life in danger now? Reviewed patterns, no learning: the same answer every time.

A missed emergency is worse than a false alarm, but a false alarm in every second complaint would
teach people to ignore it. So patterns want the danger itself (著火了, 困在电梯里), and exclusions
take back what is over, drilled, figurative, feared or only asked about.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from bot.understanding.numbers import narrow
from bot.understanding.words import load

#: Leaves that an emergency can have; ``-`` is one without a leaf of its own.
EMERGENCY_LEAVES = ("H3", "H5", "J3", "J4", "J5", "F4", "H2", "I14", "-")


@dataclass(frozen=True)
class Verdict:
    """What the guard says.

    Attributes:
        alarm: a life is in danger now.
        leaf: one of ``EMERGENCY_LEAVES`` when ``alarm``, else ``None``.
        excluded: words of danger were found and taken back (over, drill, idiom, question).
        words: the words that decided.
        sure: the pattern is so plain that nothing learned takes the alarm back.
    """

    alarm: bool
    leaf: str | None = None
    excluded: bool = False
    words: str = ""
    sure: bool = False


@dataclass(frozen=True)
class _Rules:
    alarms: tuple[tuple[str, bool, re.Pattern[str]], ...]
    exclusions: re.Pattern[str]
    still: re.Pattern[str]
    heavy: re.Pattern[str]
    heavy_of_another: re.Pattern[str]


@lru_cache(maxsize=1)
def _rules() -> _Rules:
    data = load("emergency")
    return _Rules(
        tuple(
            (str(a["leaf"]), bool(a.get("sure")), re.compile("|".join(a["patterns"])))
            for a in data["alarms"]
        ),
        re.compile("|".join(data["exclusions"])),
        re.compile("|".join(data["still"])),
        re.compile("|".join(data["heavy"])),
        re.compile("|".join(data["heavy_of_another"])),
    )


def heavy_heart(text: str) -> bool:
    """Whether the speaker is sad or lonely, and would be hurt by a form."""
    rules, words = _rules(), narrow(text)
    return bool(rules.heavy.search(words)) and not rules.heavy_of_another.search(words)


_CLAUSE = re.compile(r"[。!！?？;；\n]+")


def judge(text: str) -> Verdict:
    """Judge one message. Sentences are judged one by one: a drill last year in the first sentence
    does not take back the fire in the second."""
    excluded = False
    for clause in _CLAUSE.split(narrow(text)):
        verdict = _judge_clause(clause)
        if verdict.alarm:
            return verdict
        excluded = excluded or verdict.excluded
    whole = _judge_clause(narrow(text)) if not excluded else Verdict(False, excluded=True)
    return whole


def _judge_clause(clause: str) -> Verdict:
    rules = _rules()
    for leaf, sure, pattern in rules.alarms:
        match = pattern.search(clause)
        if match is None:
            continue
        if rules.exclusions.search(clause) and not rules.still.search(clause):
            return Verdict(False, excluded=True, words=match.group())
        return Verdict(True, leaf, words=match.group(), sure=sure)
    return Verdict(False)
