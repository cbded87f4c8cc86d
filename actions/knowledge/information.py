"""How questions about the community are told from requests (``data/dialogue/information.yml``,
beside an order ``meals.yml``). Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from actions.dialogue import load, pattern
from actions.forms.replies import bare
from actions.message import Message

DATA = "information"
MEALS = "meals"
NOTICE = "action_notice"
INFO = "action_community_info"
ANSWERS = frozenset({NOTICE, INFO})
"""Actions that say what was published."""
LASTS, OUTAGE, TOLD, OF_NOTICE = "lasts", "outage", "told", "notice"
"""How words go on with a notice: it is still cut off; about that; what each notice says; the rest."""
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
    if pattern(DATA, "lost").search(words):
        return INFO
    if asks_menu(words):
        return NOTICE
    if pattern(DATA, "nearby").search(words) or pattern(DATA, "open_now").search(words):
        return INFO
    return NOTICE if pattern(DATA, "event").search(words) else None


def asks_beside(message: Message) -> str | None:
    """Return the action for what is asked of the canteen or of opening hours beside a form about something else.

    What looks for a place nearby may answer where something is.
    """
    words = _SPACE.sub("", message.text)
    hours = pattern(DATA, "open_now").search(words)
    return asks(message) if asks_menu(words) or hours else None


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
    """Return the first and the last day that a message names, as ISO dates; “这两天” names none."""
    for entity in message.meant("time"):
        start = str(entity.value.get("start") or "")[:10]
        if pattern(DATA, "lately").search(_SPACE.sub("", entity.text)):
            continue
        if start and not entity.value.get("recur"):
            return start, str(entity.value.get("end") or start)[:10]
    return None


def looks_for_place(text: str) -> bool:
    """Whether the words look for something nearby."""
    return bool(pattern(DATA, "nearby").search(_SPACE.sub("", text)))


def goes_on(message: Message, topic: Mapping[str, Any]) -> str | None:
    """Return how short words go on with the notice that was just asked about, or None.

    Args:
        message: What was said.
        topic: What was asked about: ``notice`` its name, ``outage`` when something is cut off.
    """
    words = bare(message.text)
    if message.tapped or message.intent == "emergency":
        return None
    if pattern(DATA, "gone_on", "not_it").search(words) or asks_menu(words):
        return None
    named = {t["name"] for t in load(DATA)["topics"] if re.search(t["words"], words)}
    if named and topic["notice"] not in named:
        return None
    asked = (LASTS, OUTAGE, TOLD, OF_NOTICE) if topic.get("outage") else (TOLD, OF_NOTICE)
    if len(words) > load(DATA)["gone_on"]["longest"]:
        return None
    return next((how for how in asked if pattern(DATA, "gone_on", how).search(words)), None)
