"""How many, which meal, which restriction: entities that are lists of words.

The lists are data (``bot/data/*.yml``); the functions here say how the words combine.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from bot.understanding.numbers import NUMBER, narrow, to_int
from bot.understanding.span import Span, overlaps_any, without_overlaps

DATA = Path(__file__).resolve().parents[1] / "data"


@lru_cache(maxsize=32)
def load(name: str) -> Any:
    """Read ``bot/data/<name>.yml``."""
    return yaml.safe_load((DATA / f"{name}.yml").read_text(encoding="utf-8"))


def any_of(words: list[str]) -> str:
    """A pattern of ``words``, the longer ones first."""
    return "|".join(re.escape(w) for w in sorted(words, key=lambda w: -len(w)))


_COUNT = re.compile(
    rf"(?<![第\d])(?P<n>{NUMBER})(?:份儿?|盒|客(?!厅)|人份|个人(?:的)?|口人|位(?!置)|套餐|荤|碗)"
    r"|(?P<both>俩人|咱俩|我俩|俩(?=饭|盒饭|餐|菜)|仨人)"
)


def find_counts(text: str) -> list[Span]:
    """How many portions or people: 两份 → 2, 我俩 → 2, 三个人的 → 3."""
    plain = narrow(text)
    spans = []
    for match in _COUNT.finditer(plain):
        words = match.group("n")
        number = to_int(words) if words else (3 if "仨" in match.group("both") else 2)
        if number is None or not 0 < number <= 200:
            continue
        end = match.end() - (1 if match.group().endswith("的") else 0)
        spans.append(Span("count", match.start(), end, text[match.start() : end], number, 0.95))
    return spans


def about_food(text: str) -> bool:
    """Whether the sentence is about meals, so that 中午 means lunch."""
    return bool(re.search(load("meals")["cues"], text))


def find_meals(text: str) -> list[Span]:
    """Which meal: 晌午饭 → lunch; a part of the day counts when the sentence is about food."""
    meals = load("meals")["meals"]
    food = about_food(text)
    spans: list[Span] = []
    for value, words in meals.items():
        for match in re.finditer(any_of(words["words"]), text):
            spans.append(Span("meal", match.start(), match.end(), match.group(), value))
        if food:
            for match in re.finditer(any_of(words["parts"]), text):
                spans.append(Span("meal", match.start(), match.end(), match.group(), value, 0.8))
    return without_overlaps(spans)


@lru_cache(maxsize=1)
def _diet_patterns() -> list[tuple[str, re.Pattern[str]]]:
    return [(value, re.compile("|".join(words))) for value, words in load("diets").items()]


def find_diets(text: str) -> list[Span]:
    """Food restrictions: 软和点儿的 → soft, 不放海椒 → no_chili. Only in talk about food."""
    if not about_food(text) and len(text) > 12:
        return []
    spans: list[Span] = []
    for value, pattern in _diet_patterns():
        for match in pattern.finditer(text):
            if not overlaps_any(match.start(), match.end(), spans):
                spans.append(Span("diet", match.start(), match.end(), match.group(), value, 0.9))
    return sorted(spans, key=lambda s: s.start)
