"""Short words that go on with a place, a grid worker or a menu that was just asked about (“那周末呢”, “给我来一份”). Pure.

What was asked about stands in the slot ``topic`` under one of the keys here; which words go on with it is data
(``data/dialogue/asked_about.yml``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from actions.dialogue import load, pattern
from actions.forms import shared
from actions.forms.replies import bare
from actions.message import Entity, Message

RULES = "asked_about"
PLACE, WORKER, MENU = "place", "worker", "menu"
"""Keys of the topic: the question for a place in its words; ``{worker, grid, community}``; the day of a menu."""


def begun(now: datetime, key: str, value: Any) -> Mapping[str, Any]:
    """Return the topic that a question begins, or goes on with.

    Args:
        now: The present time of the message.
        key: ``place``, ``worker`` or ``menu``.
        value: What is remembered of it.
    """
    return {key: value, "at": now.isoformat()}


def goes_on(message: Message, topic: Mapping[str, Any] | None) -> str | None:
    """Return with which of the keys short words go on, or None.

    Args:
        message: What was said.
        topic: What was asked about right before.
    """
    words = bare(message.text)
    if topic is None or message.tapped or message.intent == "emergency":
        return None
    if not words or len(words) > load(RULES)["longest"]:
        return None
    keys = (key for key in (PLACE, WORKER, MENU) if topic.get(key))
    return next((key for key in keys if pattern(RULES, key).search(words)), None)


def asks_hours(message: Message) -> bool:
    """Whether the words ask when a place is open, and not where it is or what its number is."""
    return not pattern(RULES, "where").search(bare(message.text))


def asks_fee(message: Message) -> bool:
    """Whether the words ask what a place costs, which stands in no entry of one."""
    return bool(pattern(RULES, "fee").search(bare(message.text)))


def on_its_day(message: Message, topic: Mapping[str, Any] | None) -> Message:
    """Return an order behind a menu as one for the day of that menu; other words as they are."""
    if topic is None or not topic.get(MENU) or message.tapped:
        return message
    orders = pattern(RULES, "menu_order").search(bare(message.text))
    if not orders and goes_on(message, topic) != MENU:
        return message
    times = message.all("time")
    if any(shared.NAMES_DAY.search(e.text) or (e.value or {}).get("recur") for e in times):
        return message
    day = {"start": topic[MENU], "end": topic[MENU]}
    kept = tuple(
        replace(e, value={**e.value, **day}) if e.type == "time" else e for e in message.entities
    )
    return replace(message, entities=kept if times else (*kept, Entity("time", day)))
