"""Who, how many, which meal, which restriction: entities that are lists of words.

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

# Words by which a speaker from Sichuan is known; there 婆婆 is the grandmother.
_SICHUAN = re.compile(
    r"咋个|啥子|嘛|噻|莫得|晓得|要得|得行|恼火|屋头|塌塌|巴适|安逸|老汉儿|孃孃|咯|哦豁|啷个|好久.{0,4}(?:能|来|修)|"
    r"娃儿|院坝|海椒|一哈|搞快|撇脱|归一|有没得|哈(?=[灰窗龙衣地])|咋子|硬是|幺儿|夜饭|少午|脑壳|晚黑|嘞个|勒个"
)
_OWN = r"(?:我们|我|咱们|咱|俺们|俺|自家|自个儿?)(?:们)?(?:家里?的?|屋头|屋里)?(?:的)?"
_FOR = r"(?:给|替|帮|为|代)"


@lru_cache(maxsize=8)
def load(name: str) -> Any:
    """Read ``bot/data/<name>.yml``."""
    return yaml.safe_load((DATA / f"{name}.yml").read_text(encoding="utf-8"))


def _any(words: list[str]) -> str:
    return "|".join(re.escape(w) for w in sorted(words, key=lambda w: -len(w)))


@lru_cache(maxsize=1)
def _relation_pattern() -> tuple[re.Pattern[str], dict[str, str], dict[str, str]]:
    own: dict[str, str] = {}
    plain: dict[str, str] = {}
    for value, words in load("relations").items():
        plain |= dict.fromkeys(words["self"], value)
        own |= dict.fromkeys(words["own"], value)
    whole = _any([*plain, *own])
    return (
        re.compile(
            rf"(?P<own>{_OWN})(?P<word>{whole})|(?P<alone>{_any(list(plain))})"
            rf"|(?<={_FOR})(?P<bare>{_any([w for w in own if len(w) > 1])})"
        ),
        plain,
        own,
    )


def find_relations(text: str, *, sichuan: bool | None = None) -> list[Span]:
    """For whom: 我妈 → mother, 老汉儿 → father, 对门大爷 → neighbor.

    Args:
        text: what was said.
        sichuan: whether the locality speaks Sichuanese; ``None`` judges by the words.
    """
    pattern, plain, own = _relation_pattern()
    if sichuan is None:
        sichuan = bool(_SICHUAN.search(text))
    spans: list[Span] = []
    for match in pattern.finditer(text):
        word = match.group("word") or match.group("alone") or match.group("bare")
        value = plain.get(word) or own[word]
        if word == "婆婆" and sichuan:
            value = "grandma"
        if _names_a_crowd(text, match.end()) or _is_called(text, match, value):
            continue
        spans.append(Span("relation", match.start(), match.end(), match.group(), value, 0.95))
    return without_overlaps(spans)


def _names_a_crowd(text: str, end: int) -> bool:
    """邻居们, 父母官: not one person for whom something is asked."""
    return text[end : end + 1] in ("们", "官")


#: Words by which a clerk is addressed: 闺女，我跟你讲 · 麻烦你了小伙子 · 大姐帮我查查.
_ADDRESSED = frozenset({"son", "daughter", "grandson", "sister", "brother", "aunt", "uncle"})
_CALLED_FIRST = re.compile(r"[啊呀哎诶]?(?:[，,、!！\s]|你|您|帮我|给我|麻烦|请|我跟你|我问|听我)")
_CALLED_LAST = re.compile(r"(?:谢谢|多谢|劳驾|麻烦|你好|您好|喂|[，,啊呀吧呗了])$")


def _is_called(text: str, match: re.Match[str], value: str) -> bool:
    """闺女，我跟你讲 · 谢谢闺女: the speaker calls the listener so."""
    if value not in _ADDRESSED or match.group("alone") is None:
        return False
    before, after = text[: match.start()].rstrip(), text[match.end() :]
    if not before or before[-1] in "。！!？?":
        return bool(_CALLED_FIRST.match(after))
    return bool(_CALLED_LAST.search(before)) and not after.strip("啊呀哎。！!~ ")


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
        for match in re.finditer(_any(words["words"]), text):
            spans.append(Span("meal", match.start(), match.end(), match.group(), value))
        if food:
            for match in re.finditer(_any(words["parts"]), text):
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
