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


@lru_cache(maxsize=1)
def _count_patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Kinds and patterns of ``counts.yml``; the number is the group ``n`` of each."""
    # 3️⃣ is a digit and two signs that are read as spaces; 上百 and 几十 are no number that was said.
    number = rf"(?<![第\d])(?<![上几数近](?=[十百千]))(?P<n>{NUMBER})\s{{0,2}}"
    return tuple(
        (kind, re.compile(pattern.replace("<n>", number)))
        for kind, patterns in load("counts")["kinds"].items()
        for pattern in patterns
    )


def find_counts(text: str) -> list[Span]:
    """How many portions or people: 两份 → 2, 我俩 → 2, 三个人的 → 3."""
    plain = narrow(text)
    spans = []
    for kind, pattern in _count_patterns():
        for match in pattern.finditer(plain):
            number = to_int(match.group("n"))
            if number and number <= 200 and _is_count(kind, number, match):
                spans.append(_count(text, match, number))
    alone = len(plain) <= _ANSWER or re.search(load("counts")["booking"], plain)
    for match in re.finditer(load("counts")["pair"], plain) if alone else ():
        spans.append(_count(text, match, 3 if "仨" in match.group() else 2))
    return without_overlaps(spans)


def _count(text: str, match: re.Match[str], number: int) -> Span:
    return Span("count", *match.span(), text[match.start() : match.end()], number, 0.95)


#: Answers of so few characters are about what was asked.
_ANSWER, _SHORT = 4, 8
#: 五六个人: about so many, no number that was said.
_ABOUT = re.compile(r"[一二两三四五六七八九]{2,}")


def _is_count(kind: str, number: int, match: re.Match[str]) -> bool:
    """Not 一个人住 and 一份证明, and children only where a place for them is asked for."""
    text, data = match.string, load("counts")
    if _ABOUT.fullmatch(match.group("n")):
        return False
    if kind == "booked":
        return len(text) <= _SHORT or bool(re.search(data["booking"], text))
    if kind == "helpers":
        return bool(re.search(data["help"], text))
    if kind == "children":
        return bool(re.search(data["places_asked"], text))
    if kind == "people" and number == 1 and match.group().endswith("人"):
        one = data["one"]
        return bool(
            re.search(one["before"], text[: match.start()])
            or re.match(one["after"], text[match.end() :])
            or re.fullmatch(one["whole"], text)
        )
    if kind == "portions" and len(text) > _SHORT and not re.search(data["food"], text):
        return False
    if kind == "portions" and number == 1 and "份" in match.group():
        return not re.search(data["paper"], text) or bool(re.search(data["meal"], text))
    return True


def about_food(text: str) -> bool:
    """Whether the sentence is about meals, so that 中午 means lunch."""
    return bool(re.search(load("meals")["cues"], text))


def find_meals(text: str) -> list[Span]:
    """Which meal: 晌午饭 → lunch; a part of the day counts when the sentence is about food."""
    food = about_food(text)
    spans: list[Span] = []
    for value, said, parts in _meal_patterns():
        for match in said.finditer(text):
            spans.append(Span("meal", match.start(), match.end(), match.group(), value))
        for match in parts.finditer(text) if food else ():
            spans.append(Span("meal", match.start(), match.end(), match.group(), value, 0.8))
    return [s for s in without_overlaps(spans) if _wanted(text, s)]


@lru_cache(maxsize=1)
def _meal_patterns() -> list[tuple[str, re.Pattern[str], re.Pattern[str]]]:
    """Per meal its names, and the parts of the day that mean it in talk about food."""
    return [
        (
            value,
            re.compile(any_of(words["words"])),
            # 好几晚上 says how long.
            re.compile(
                rf"(?<![一两几半整]个)(?<![一两几整])(?:{any_of(words['parts'])})|{words['short']}"
            ),
        )
        for value, words in load("meals")["meals"].items()
    ]


#: Where a message is so short, or so near by, the meal is what it is about.
_FRAGMENT, _NEAR = 14, 20


def _wanted(text: str, span: Span) -> bool:
    """Not 晚饭时停电, 吃完晚饭散步 and a meal in a story: nobody wants those."""
    data = load("meals")
    if re.match(data["not_before"], text[span.end :]):
        return False
    if re.search(data["not_after"], text[: span.start]):
        return False
    near = text[max(0, span.start - _NEAR) : span.end + _NEAR]
    return len(text) <= _FRAGMENT or bool(re.search(data["wanted"], near))


#: A wish no list knows; its words are its value.
OTHER = "other"


@lru_cache(maxsize=1)
def _diet_patterns() -> list[tuple[str, re.Pattern[str]]]:
    data = load("diets")
    named = [("|".join(words), value) for value, words in data["diets"].items()]
    return [
        (value, re.compile(words.replace("<no>", data["no"])))
        for words, value in [*named, (data["other"], OTHER)]
    ]


def find_diets(text: str) -> list[Span]:
    """Food restrictions: 软和点儿的 → soft, 不放海椒 → no_chili. Only in talk about food."""
    if not about_food(text) and len(text) > 12:
        return []
    data = load("diets")
    ill = re.compile(data["illness"]).match
    eating = re.search(data["eating"], text) or re.fullmatch(data["answer"], text)
    end = re.compile(data["wish_end"])
    spans: list[Span] = []
    for value, pattern in _diet_patterns():
        for match in pattern.finditer(text):
            if ill(match.group()) and not eating:
                continue
            if not overlaps_any(match.start(), match.end(), spans):
                until = max(match.end(), m.end() if (m := end.match(text, match.end())) else 0)
                said = text[match.start() : until]
                spans.append(
                    Span("diet", match.start(), until, said, said if value == OTHER else value, 0.9)
                )
    return _without_causes(sorted(spans, key=lambda s: s.start))


def _without_causes(spans: list[Span]) -> list[Span]:
    """我嚼不动，来份软的: the wish is said, why it is wished is not a second one."""
    data = load("diets")
    cause = re.compile(f"(?:{data['illness']})(?![餐饭人])|{data['causes']}")
    causes = [s for s in spans if cause.search(s.text)]
    wished = {s.value for s in spans if s not in causes}
    return [s for s in spans if s not in causes or s.value not in wished]
