"""Answering buttons in words: “1”, “第一个”, the title, part of it, “都不是”.

Buttons are always optional. What was offered stands in the conversation itself (the bot's last
message with buttons), so no action has to remember it, and the words are read the same way in every
state. A scale of points is not read here: its “1” is a verdict, not the first of the row.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from actions.message import REFERS_TO_MESSAGE

RULES = Path(__file__).resolve().parents[2] / "data" / "rules" / "rules.yml"
REPLIES = ("affirm", "deny")
"""Intents of buttons that answer the question at hand instead of opening a matter."""
_SCALE = "rate_service"
_REPORT = "report_problem"
_VERDICTS = frozenset({"reject_resolution", "rate_service"})
_EDGE = re.compile(r"[\s,，。.!！?？;；:：、~…“”\"'（）()]+")
_ORDINAL = re.compile(
    r"^(?:好的?|嗯|行|对|中|那|就|我|俺|选|按|回|要|点|是|说的是)*(?P<word>第)?"
    r"(?P<number>[1-9一二两三四五])(?P<unit>个|项|条|件|号|那个)?(?:吧|的|嘛|呗|啊|哈)*$"
)
_NUMBERS = {"一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5}
_PLACES = (
    (re.compile(r"^(?:就|选|要|是)*(?:最)?(?:上面|上边|上头|前面|头一|头)(?:那)?个(?:吧|的|嘛)?$"), 0),
    (re.compile(r"^(?:就|选|要|是)*(?:最后|最下面|下面|末了)(?:那)?(?:一)?个(?:吧|的|嘛)?$"), -1),
)  # fmt: skip
_NONE = re.compile(
    r"^(?:这(?:些|几个)?)?(?:都|全|一个|哪个|哪一个)?(?:都|也)?(?:不是|不对|没得对的)(?:这(?:些|几个)|的|啊|呀|嘛|哈)*$|"
    r"^(?:都没有|没有一个(?:是|对)的?|没有(?:我)?(?:要|想)(?:说|问|办|找)的)(?:啊|呀|嘛)?$"
)
_PLAIN_NO = frozenset(("不是", "不对", "不是的", "不对的"))
_FILLER = re.compile(r"[就是那个吧了的呢嘛啊呀呗我要选想点]")
_PAIR = 2
"""From so many buttons on there is something to choose."""
_SHORTEST = 2
"""So many characters of a title name it; one alone (“好”) is a word of its own."""


@dataclass(frozen=True)
class Choice:
    """A button that was named in words.

    Attributes:
        payload: What tapping it would have sent; empty for “都不是” without such a button.
        intent: Intent of the payload; ``deny`` for “都不是”.
        facts: What the payload carries (``about``, ``service``, ``ticket_no`` …).
        none: The words were “都不是”.
        placed: The words were a place, a phone: they belong to what was offered.
    """

    payload: str
    intent: str
    facts: Mapping[str, Any]
    none: bool = False
    placed: bool = False


def offered(events: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Return the buttons under the bot's last words before the present message, else nothing.

    Args:
        events: The conversation's events; of several bubbles the last one with buttons counts.
    """
    heard = 0
    for event in reversed(events):
        heard += event.get("event") == "user"
        if heard > 1:
            break
        if heard == 1 and event.get("event") == "bot":
            buttons = (event.get("data") or {}).get("buttons")
            if buttons:
                return [b for b in buttons if b.get("title") and b.get("payload")]
    return []


def read(text: str, buttons: Sequence[Mapping[str, str]], strict: bool) -> Choice | None:
    """Return the button that the words name, or None when they say something else.

    Args:
        text: What was typed.
        buttons: What was offered, in the order shown.
        strict: While a form is open only numbers, whole titles and “都不是” count: its own fields read
            the rest.
    """
    words = _EDGE.sub("", unicodedata.normalize("NFKC", text))  # １, ①
    if not words or not buttons:
        return None
    parsed = [parse(b["payload"]) for b in buttons]
    if _NONE.match(words) and not (words in _PLAIN_NO and _answers(parsed)):
        refusal = next((p for p in parsed if p.intent == "deny"), None)
        return Choice(refusal.payload if refusal else "", "deny", {}, none=True)
    index = _numbered(words, parsed)
    if index is None:
        index = _named(words, [_EDGE.sub("", b["title"]) for b in buttons], strict)
    return parsed[index] if index is not None else None


def placed(buttons: Sequence[Mapping[str, str]]) -> Choice | None:
    """Return the report that a question offered, for somebody who answers it with a place alone.

    “您是要报修还是问……？” – “幸福小区3号楼”: of the readings of one message only a report has a place. Of
    several reports the matter stays open, the form asks for it.
    """
    named = [parse(b["payload"]) for b in buttons]
    reports = [c for c in named if c.intent == _REPORT]
    if any(c.intent in _VERDICTS for c in named):
        return None  # whether it is the same again is to be said, not guessed
    if not reports or not str(reports[0].facts.get("about") or "").startswith(REFERS_TO_MESSAGE):
        return None
    facts = dict(reports[0].facts)
    if len({c.facts.get("service") for c in reports}) > 1:
        facts.pop("service", None)
    return replace(reports[0], facts=facts, placed=True)


def parse(payload: str) -> Choice:
    """Read ``/intent{json}`` of a button.

    Raises:
        ValueError: The facts are no JSON.
    """
    intent, brace, rest = payload.removeprefix("/").partition("{")
    return Choice(payload, intent, json.loads(brace + rest) if brace else {})


def _answers(parsed: Sequence[Choice]) -> bool:
    """Whether the buttons are a yes and a no: then “不是” is that no, not “none of them”."""
    return len(parsed) == 1 or any(p.intent == "deny" for p in parsed)


def _numbered(words: str, parsed: Sequence[Choice]) -> int | None:
    if any(p.intent == _SCALE and "count" in p.facts for p in parsed):
        return None
    for pattern, place in _PLACES:
        if pattern.match(words):
            return place % len(parsed)
    found = _ORDINAL.match(words)
    if found is None:
        return None
    bare = not (found["word"] or found["unit"])
    # A number alone may be the answer itself (“2”: two people) where only a way out is offered.
    if bare and (len(parsed) < _PAIR or not found["number"].isdigit()):
        return None
    number = _NUMBERS.get(found["number"]) or int(found["number"])
    return number - 1 if number <= len(parsed) else None


def _named(words: str, titles: Sequence[str], strict: bool) -> int | None:
    same = [i for i, title in enumerate(titles) if title == words]
    if same or strict:
        return same[0] if len(same) == 1 else None
    core = _FILLER.sub("", words)
    cores = [_FILLER.sub("", title) for title in titles]
    for named in (
        [i for i, title in enumerate(cores) if core and core == title],
        [i for i, title in enumerate(titles) if len(words) >= _SHORTEST and words in title],
        [i for i, title in enumerate(cores) if len(core) >= _SHORTEST and core in title],
    ):
        if len(named) == 1:
            return named[0]
    return None


@lru_cache(maxsize=1)
def actions() -> dict[str, str]:
    """Return intent → the action or form that its rule begins with (data/rules/rules.yml)."""
    found: dict[str, str] = {}
    for rule in yaml.safe_load(RULES.read_text(encoding="utf-8"))["rules"]:
        steps = rule["steps"]
        if "intent" in steps[0] and len(steps) > 1 and "action" in steps[1]:
            found.setdefault(str(steps[0]["intent"]), str(steps[1]["action"]))
    return found
