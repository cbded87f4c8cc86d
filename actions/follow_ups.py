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

FILE = "follow_ups"
APPOINTMENT, PROXY = "appointment", "proxy"
VISIT, WHO = "visit", "who"
OFFERED = frozenset({PROXY, APPOINTMENT})
"""Parts that open a form, instead of being read out."""
PART = "part:"
"""Prefix of an ``about`` value that names a part of the card."""


@lru_cache(maxsize=1)
def _parts() -> tuple[tuple[str, re.Pattern[str]], ...]:
    rules = load(FILE)
    return tuple(
        (part, re.compile(f"^{rules['before']}{words}{rules['after']}$"))
        for part, patterns in rules["parts"].items()
        for words in patterns
    )


def part_of(message: Message) -> str | None:
    """Return the part of a service card that a short message asks for, or None.

    A day told alone (“明天下午去”) asks for an appointment.
    """
    if (message.about or "").startswith(PART):
        return str(message.about).removeprefix(PART)
    words = bare(message.text)
    asked = next((part for part, pattern in _parts() if words and pattern.match(words)), None)
    if asked is None and message.all("time") and _wish("going").search(words):
        return APPOINTMENT
    if asked is None and _for_another(message):
        return WHO
    return asked


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


def fresh(topic: Mapping[str, Any] | None, now: datetime) -> str | None:
    """Return the leaf that was explained a short while ago, or None.

    Args:
        topic: The slot: ``{leaf, at}``, ``at`` in ISO format.
        now: The present time of the message.
    """
    if not topic:
        return None
    age = now - datetime.fromisoformat(str(topic["at"]))
    limit = timedelta(minutes=load(FILE)["minutes"])
    return str(topic["leaf"]) if timedelta() <= age <= limit else None


def ends(action: str) -> bool:
    """Whether an action took up another matter, so that short questions are about that one."""
    return action in load(FILE)["ends"]


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
