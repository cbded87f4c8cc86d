"""Short questions that go on with the service just explained, and the words that prove a card.

Which words ask for which part of a card is data (``data/dialogue/follow_ups.yml``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from actions.dialogue import load
from actions.forms.replies import bare
from actions.message import Message
from bot.understanding.foreign import as_chinese

FILE = "follow_ups"
APPOINTMENT, PROXY, FEE = "appointment", "proxy", "fee"
VISIT, WHO = "visit", "who"
OFFERED = frozenset({PROXY, APPOINTMENT})
"""Parts that open a form, instead of being read out."""
READ_OUT = frozenset(
    {"materials", "where", "hours", "limit", "fee", "amount", "phone", "who", "online"}
)
"""Parts that only ask what stands on a card."""
PART = "part:"
"""Prefix of an ``about`` value that names a part of the card."""


@lru_cache(maxsize=1)
def _parts() -> tuple[tuple[str, re.Pattern[str]], ...]:
    rules = load(FILE)
    terms = rules["terms"]
    return tuple(
        (part, re.compile(f"^{rules['before']}{_spelled(words, terms)}{rules['after']}$"))
        for part, patterns in rules["parts"].items()
        for words in patterns
    )


def _spelled(words: str, terms: Mapping[str, str]) -> str:
    """Return a pattern with the words of ``terms`` where they are named as ``<name>``."""
    return re.sub(r"(?<!P)<([a-z]+)>", lambda m: f"(?:{terms[m[1]]})", words)


def asks_fee(message: Message) -> bool:
    """Whether a short message only asks what it costs (“要钱不”)."""
    return not message.tapped and part_of(message) == FEE


def part_of(message: Message) -> str | None:
    """Return the part of a service card that a short message asks for, or None.

    A day told alone (“明天下午去”) asks for an appointment.
    """
    if (message.about or "").startswith(PART):
        return str(message.about).removeprefix(PART)
    text = as_chinese(message.text)  # “online能办吗”
    words = bare(text)
    pieces = [bare(p) for p in _PIECE.split(text) if bare(p)]
    asked = _asked(words) or (_asked(pieces[0]) if pieces and all(map(_asked, pieces)) else None)
    if asked is None and message.all("time"):
        rest = _asked(bare(_without_times(message)))
        if rest == APPOINTMENT or _wish("going").search(words):
            return APPOINTMENT
    if asked is None and _for_another(message):
        return WHO
    return asked


_PIECE = re.compile(r"[\uff0c,？?。;\uff1b]")


def _without_times(message: Message) -> str:
    text = list(message.text)
    for time in message.all("time"):
        text[time.start : time.end] = " " * (time.end - time.start)
    return "".join(text)


def _asked(words: str) -> str | None:
    """Return the part that words without punctuation ask for, or None."""
    return next((part for part, pattern in _parts() if words and pattern.match(words)), None)


def parts_of(message: Message) -> list[str]:
    """Return the parts that a message of several short questions asks for (“借多久，要押金吗”), in order."""
    first = part_of(message)
    pieces = [_asked(bare(p)) for p in _PIECE.split(message.text) if bare(p)]
    several = first is not None and len(pieces) > 1 and all(pieces)
    return list(dict.fromkeys(str(p) for p in pieces)) if several else [first] if first else []


def _for_another(message: Message) -> bool:
    """Whether the same is asked for another person (“那我爸呢”)."""
    person = message.last("relation")
    if person is None:
        return False
    rest = bare(message.text[: person.start] + message.text[person.end :])
    return re.fullmatch(load(FILE)["another"], rest) is not None


def wish(text: str) -> str | None:
    """Return ``proxy`` or ``appointment`` when a whole sentence wishes for it, or None."""
    return next((kind for kind in (PROXY, APPOINTMENT) if _wish(kind).search(text)), None)


@lru_cache(maxsize=8)
def _wish(kind: str) -> re.Pattern[str]:
    return re.compile(load(FILE)["wishes"][kind])


def lacking(text: str) -> str:
    """Return what somebody says they do not have (“没有租房合同咋整”), or an empty text."""
    for part, pattern in _parts():
        found = pattern.match(bare(text)) if part == "lacking" else None
        if found:
            return str(found["thing"])
    return ""


def fresh(topic: Mapping[str, Any] | None, now: datetime) -> Mapping[str, Any] | None:
    """Return what was explained a short while ago, or None.

    Args:
        topic: The slot: ``{leaf, at}``, ``at`` in ISO format; a notice has no leaf.
        now: The present time of the message.
    """
    return topic if topic and recent(topic, now) else None


def recent(topic: Mapping[str, Any], now: datetime) -> bool:
    """Whether what is talked about came up a short while ago."""
    age = now - datetime.fromisoformat(str(topic["at"]))
    return timedelta() <= age <= timedelta(minutes=load(FILE)["minutes"])


def ends(action: str) -> bool:
    """Whether an action took up another matter, so that short questions are about that one."""
    return action in load(FILE)["ends"]


def asks_policy(text: str) -> bool:
    """Whether the words ask for a policy: money that is paid, a treatment (“三孩买房补多少钱”)."""
    return bool(re.search(load(FILE)["policy"], text))


def without_card(text: str) -> bool:
    """Whether the words name a policy of which there is no card, however much like one it sounds."""
    return any(re.search(said, text) for said in load(FILE)["no_card"])


def proves(text: str, card: Mapping[str, Any]) -> bool:
    """Whether the words themselves speak of the card: its name or alias, or two characters of one.

    Args:
        text: What was said.
        card: A service card: ``name``, ``aliases``, ``not_this``.
    """
    if excluded(text, card):
        return False
    names = [str(card["name"]), *map(str, card.get("aliases") or ())]
    words = {
        word for name in names for word in re.split(r"[（）()、，,/\s]+", name) if len(word) > 1
    }
    if any(word in text for word in words):
        return True
    pairs = {word[i : i + 2] for word in words for i in range(len(word) - 1)}
    return any(pair in text for pair in pairs - set(load(FILE)["evidence"]["generic"]))


def excluded(text: str, card: Mapping[str, Any]) -> bool:
    """Whether the words say that the question is about something else than the card."""
    return any(str(word) in text for word in card.get("not_this") or ())
