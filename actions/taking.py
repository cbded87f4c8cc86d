"""What is said while praise, or a complaint about the assistant, waits for a yes (``data/dialogue/taking_part.yml``). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from actions import conduct
from actions.dialogue import load, pattern
from actions.forms.replies import bare, is_question
from actions.message import Message

FILE = "taking_part"
GROWS = frozenset({"praise", "complaint"})
"""Kinds of offers that more and more can be said to."""
OTHERWISE = frozenset({"emergency", "ask_human"})
"""Danger and the wish for a person add nothing to praise."""
SHORTEST = 3
"""So few characters (“谢谢”) tell nothing more."""
QUIET = frozenset({"praise", "suggestion", "volunteer"})
"""Kinds of what is told to give, not to get."""
SURE = 0.6
"""From this confidence on a message is a matter of its own."""


def adds(message: Message, offer: Mapping[str, Any]) -> bool:
    """Whether the words tell more of what waits (“就是三组的网格员”), instead of answering or asking.

    Args:
        message: What was said right behind the offer.
        offer: The offer: its ``kind``.
    """
    words, rules = bare(message.text), load(FILE)["offered"]
    if offer.get("kind") not in GROWS or message.tapped or len(words) > rules["longest"]:
        return False
    if is_question(message) or len(message.parts) > 1 or len(words) <= SHORTEST:
        return False
    if offer["kind"] == "complaint":
        return message.intent in rules["grumbles"]
    if message.intent in OTHERWISE or message.intent == "give_praise":
        return message.intent == "give_praise"
    open_ = message.intent in rules["says"] or message.uncertain or message.confidence < SURE
    of_person = pattern(FILE, "offered", "of_person").search(words)
    open_ = open_ or bool(of_person and not conduct.reports(message.text))
    return open_ and bool(pattern(FILE, "offered", "adds").search(words))


def quiet(message: Message, kind: str) -> bool:
    """Whether it is a yes that wants no answer (“应该的，不用回我”)."""
    if message.tapped or kind not in QUIET:
        return False
    return bool(pattern(FILE, "offered", "quiet").match(bare(message.text)))
