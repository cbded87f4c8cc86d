"""How questions about the community are told from requests (``data/dialogue/information.yml``,
beside an order ``meals.yml``). Pure."""

from __future__ import annotations

import re

from actions.dialogue import load, pattern
from actions.message import Message

DATA = "information"
MEALS = "meals"
NOTICE = "action_notice"
INFO = "action_community_info"
_SPACE = re.compile(r"\s+")


def asks(message: Message) -> str | None:
    """Return the action for a short question about the community, or None when it is none.

    The classifier takes “今天食堂吃啥” for an order and “附近有没有药店” for nothing of ours.
    """
    words = _SPACE.sub("", message.text)
    if message.tapped or message.intent == "emergency" or len(words) > load(DATA)["longest"]:
        return None
    if pattern(DATA, "not_asking").search(words):
        return None
    if asks_menu(words):
        return NOTICE
    if pattern(DATA, "nearby").search(words):
        return INFO
    return NOTICE if pattern(DATA, "event").search(words) else None


def asks_menu(text: str) -> bool:
    """Whether the words ask what the canteen cooks – not for a meal."""
    words = _SPACE.sub("", text)
    wish = pattern(DATA, "not_menu").search(words)
    return not wish and bool(pattern(DATA, "menu").search(words))


def menu_beside(message: Message) -> bool:
    """Whether an order also wants to know what there is to eat (“想订饭，不知道有啥菜”)."""
    words = _SPACE.sub("", message.text)
    return not message.tapped and bool(pattern(MEALS, "menu_beside").search(words))


def menu_question() -> str:
    """Return the words that ask for the menu and nothing else."""
    return str(load(MEALS)["menu_question"])


def days_of(message: Message) -> tuple[str, str] | None:
    """Return the first and the last day that a message names, as ISO dates."""
    for entity in message.meant("time"):
        start = str(entity.value.get("start") or "")[:10]
        if start and not entity.value.get("recur"):
            return start, str(entity.value.get("end") or start)[:10]
    return None


def looks_for_place(text: str) -> bool:
    """Whether the words look for something nearby."""
    return bool(pattern(DATA, "nearby").search(_SPACE.sub("", text)))
