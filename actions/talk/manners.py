"""Abuse, questions in passing, other languages: answered calmly, in one line and with a way on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from actions.dialogue import load, pattern
from actions.forms.replies import NO, OPENING, YES, bare
from actions.message import Message
from bot.understanding.foreign import is_pinyin

DATA = "manners"
ABUSE = "abuse"
ENGLISH = "english"
GREETS, THANKS, LEAVES = "greets", "thanks", "leaves"
"""Courtesies in another language."""
WORDLESS = "clarify_none"
UNFINISHED = "unfinished"
_SPACE = re.compile(r"\s+")
_MARKS = re.compile(r"[^\w]+")
_END = re.compile(r"[\s\W]+$")
_HAN = re.compile(r"[\u4e00-\u9fff]")


def saying(message: Message) -> str | None:
    """Return the text that answers a message of manners, or None when it is about a matter.

    Args:
        message: What was said.
    """
    if message.tapped or not message.text:
        return None
    if only_abuse(message.text):
        return ABUSE
    if unfinished(message):
        return UNFINISHED
    if not pattern(DATA, "words").search(message.text):
        return WORDLESS
    if asked := others_asked(message):
        return asked
    words = _SPACE.sub("", message.text)
    return next((s["text"] for s in load(DATA)["sayings"] if _is_said(s, words)), None)


def begins_meal(message: Message) -> bool:
    """Whether nothing is told but which meal came (“昨天食堂送的饭”)."""
    begun = pattern(DATA, "unfinished", "meal_before").search(bare(message.text))
    return bool(begun) and not message.tapped


def unfinished(message: Message) -> bool:
    """Whether the message only begins a thought (“我想问哈”, “昨天送的饭”): what it is about comes next."""
    words, data = bare(message.text), load(DATA)["unfinished"]
    if message.tapped:
        return False
    if begins_meal(message):
        return True
    if len(words) > data["longest"]:
        return False
    if message.intent in ("affirm", "deny") and not message.uncertain:
        return False
    begun = re.search(data["marks"], words) and re.fullmatch(data["words"], words)
    return bool(begun) and not OPENING.match(words)


def others_asked(message: Message) -> str | None:
    """Return the text that answers who claims a right to know what is another's (“我是物业经理，…谁报的”), or None.

    Who names a ticket or leaves a number speaks of what they have.
    """
    if message.tapped or message.all("ticket_no") or message.all("phone"):
        return None
    words = _SPACE.sub("", message.text)
    if not pattern(DATA, "others_asked", "wants").search(words):
        return None
    if pattern(DATA, "others_asked", "not_others").search(words):
        return None
    claims = load(DATA)["others_asked"]["claims"]
    return next((c["text"] for c in claims if re.search(c["words"], words)), None)


def _is_said(saying: Mapping[str, str], words: str) -> bool:
    without = saying.get("unless")
    return bool(re.search(saying["words"], words)) and not (without and re.search(without, words))


def about_us(message: Message) -> bool:
    """Whether the assistant itself is complained of, with no fact beside it that would be a matter."""
    said = None if message.tapped or message.entities else pattern(DATA, "about_us")
    return said is not None and bool(said.search(bare(message.text)))


def only_abuse(text: str) -> bool:
    """Whether a message abuses and tells of nothing."""
    words = _SPACE.sub("", text)
    rest = without_abuse(words)
    if rest == words:
        return False
    rest = _MARKS.sub("", pattern(DATA, "filler").sub("", rest))
    return len(rest) < int(load(DATA)["little"])


def without_abuse(text: str) -> str:
    """Return the words without the abuse, for reading them back."""
    cleaned = _abuse_with_of().sub("", text)
    if cleaned == text:
        return text
    left = pattern(DATA, "abuse_left").sub("", cleaned)
    return re.sub(r"^[\uff0c,。!！\s]+|[\uff0c,\s]+$", "", left)


@lru_cache(maxsize=1)
def _abuse_with_of() -> re.Pattern[str]:
    """The abuse with the 的 that ties it to what it is about (“龟儿子的楼道灯”)."""
    return re.compile(f"(?:{pattern(DATA, 'abuse').pattern})(?:的(?![，,。!！ ]|$))?")


def language(text: str) -> str | None:
    """Return which other language a message without Chinese is in (a key of ``languages``)."""
    data = load(DATA)
    if _HAN.search(text) or re.match(data["no_english"], text.strip()) or is_pinyin(text):
        return None
    counts = {n: len(re.findall(f"[{x['letters']}]", text)) for n, x in data["languages"].items()}
    most = max(counts, key=lambda n: counts[n])
    fewest = data["fewest"]
    return most if counts[most] >= fewest.get(most, fewest["default"]) else None


def courtesy(text: str) -> tuple[str, str] | None:
    """Return language and kind of a message that only greets, thanks or says goodbye in another language."""
    words = _END.sub("", text.strip())
    for name, data in load(DATA)["languages"].items():
        for kind, said in (data.get("courtesies") or {}).items():
            if re.fullmatch(said, words, re.I):
                return name, kind
    return None


def answer_in_kind(text: str) -> str:
    """Return what is said to a greeting, thanks or goodbye in another language, in it; empty to anything else."""
    found = courtesy(text)
    if found is None:
        return ""
    data = load(DATA)["languages"][found[0]]
    said = {GREETS: data.get("hello_again") or data["hello"], THANKS: data["welcome"]}
    return str(said.get(found[1]) or data["farewell"])


def in_english(message: Message) -> bool:
    """Whether the message is typed in English, a plain yes or no included."""
    said = bare(message.text)
    if message.tapped or not said.isascii():
        return False
    return language(message.text) == ENGLISH or (said in YES | NO and said.lower() != "ok")


def answers_in_its_language(message: Message) -> bool:
    """Whether words in another language beside an open form, taken for talk, are for the form to read."""
    if message.tapped or message.intent not in load(DATA)["talk"]:
        return False
    return courtesy(message.text) is not None or language(message.text) is not None


def reported(text: str) -> str | None:
    """Return the leaf of the matter that words of another language report, or None."""
    reports = load(DATA)["reports"]
    return next((leaf for leaf, words in reports.items() if re.search(words, text, re.I)), None)


def concerns(message: Message) -> bool:
    """Whether the message is one of manners at all."""
    if message.tapped or message.intent == "emergency":
        return False
    foreign = language(message.text) or courtesy(message.text)
    return saying(message) is not None or foreign is not None
