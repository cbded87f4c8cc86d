"""What is said while praise, or a complaint about the assistant, waits for a yes (``data/dialogue/taking_part.yml``). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from actions.dialogue import load, pattern
from actions.forms.replies import DECLINES, NO, agrees, bare, is_question
from actions.message import Message
from actions.talk import conduct, gist, manners

FILE = "taking_part"
GROWS = frozenset({"praise", "complaint"})
"""Kinds of offers that more and more can be said to."""
OTHERWISE = frozenset({"emergency", "ask_human"})
"""Danger and the wish for a person add nothing to praise."""
SHORTEST = 3
"""So few characters (“谢谢”) tell nothing more."""
LEAST = 2
"""So many tell something of what is not praise."""
QUIET = frozenset({"praise", "suggestion", "volunteer"})
"""Kinds of what is told to give, not to get."""
SURE = 0.6
"""From this confidence on a message is a matter of its own."""


def adds(message: Message, offer: Mapping[str, Any]) -> bool:
    """Whether the words tell more of what waits (“就是三组的网格员”), instead of answering or asking.

    Praise and complaints about the assistant grow as often as more is told; what else was offered to be noted,
    once.

    Args:
        message: What was said right behind the offer.
        offer: The offer: its ``kind``, and ``added`` once something was.
    """
    kind, words = str(offer.get("kind") or ""), bare(message.text)
    if not kind or offer.get("follow") or message.tapped:
        return False
    if kind == "praise" and pattern(FILE, "offered", "unknown").match(words):
        return True
    if _answers(message, kind):
        return False
    if kind in GROWS and _grows(message, kind, words):
        return True
    told = len(words) >= LEAST and not manners.only_abuse(message.text)
    meant = message.uncertain or message.intent in load(FILE)["offered"]["once"]
    return told and meant and not offer.get("added")


def _answers(message: Message, kind: str) -> bool:
    """Whether the words are a yes, a no or a question."""
    words = bare(message.text)
    ahead = agrees(words) or quiet(message, kind) or finds_out(message, kind)
    return ahead or words in NO or bool(DECLINES.match(words)) or is_question(message)


def _grows(message: Message, kind: str, words: str) -> bool:
    rules = load(FILE)["offered"]
    if len(words) > rules["longest"] or len(words) <= SHORTEST or len(message.parts) > 1:
        return False
    if kind == "complaint":
        of_us = message.intent not in OTHERWISE and pattern(FILE, "offered", "of_us").search(words)
        return message.intent in rules["grumbles"] or bool(of_us)
    if message.intent in OTHERWISE or message.intent == "give_praise":
        return message.intent == "give_praise"
    open_ = message.intent in rules["says"] or message.uncertain or message.confidence < SURE
    of_person = pattern(FILE, "offered", "of_person").search(words)
    open_ = open_ or bool(of_person and not conduct.reports(message.text))
    return open_ and bool(pattern(FILE, "offered", "adds").search(words))


def proposes(message: Message) -> bool:
    """Whether an idea is told (“院里的灯后半夜可以关一半”) and nothing that is wrong, whatever it was taken for."""
    told = message.intent == "report_problem" and not message.tapped and not message.parts
    if not told or len(bare(message.text)) > load(FILE)["suggestion"]["longest"]:
        return False
    said = pattern(FILE, "suggestion", "proposes").search(message.text)
    return bool(said) and not gist.tells_wrong(message.text) and not mends(message)


def mends(message: Message) -> bool:
    """Whether something is wished to be mended, cleared or stopped (“灯能不能修修”), and not to be new or otherwise."""
    return bool(pattern(FILE, "suggestion", "mends").search(message.text))


def finds_out(message: Message, kind: str) -> bool:
    """Whether it is a yes to having it found out, in its own word (“行，帮我问问”)."""
    if message.tapped or kind != "consult":
        return False
    return bool(pattern("forms", "finds_out").match(bare(message.text)))


def quiet(message: Message, kind: str) -> bool:
    """Whether it is a yes that wants no answer (“应该的，不用回我”)."""
    if message.tapped or kind not in QUIET:
        return False
    return bool(pattern(FILE, "offered", "quiet").match(bare(message.text)))
