"""What a resident was asked for once and has not said yet (请补充): which words answer it.

The services say what is waited for (``Message.needed``: ``{ticket_no, title, leaf, items, fresh}``);
the words are data (``data/dialogue/needed.yml``). Each of the things asked for has a kind, by its own
words: a photo, a phone, a time, a place, or anything else that is told in free words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from actions.dialogue import load, pattern
from actions.forms.replies import bare, is_question
from actions.message import Message

RULES = "needed"
GO = "needed:go"
"""``about`` of the button that goes on with what is there."""
PLAIN = ""
"""Kind of what is told in free words."""
ASKED_BY = frozenset({"action_submit_report", "action_supplement"})
"""Actions that ask for it as well, not only the message of the services."""


def kind_of(item: str) -> str:
    """Return which kind of thing is asked for, by the words that ask."""
    kinds = load(RULES)["kinds"]
    return next((k for k in kinds if pattern(RULES, "kinds", k, "asks").search(item)), PLAIN)


def covered(items: Sequence[str], message: Message) -> list[str]:
    """Return those of the things asked for that a message holds; none of what is told in free words."""
    return [item for item in items if _has(kind_of(item), message)]


def _has(kind: str, message: Message) -> bool:
    if kind == PLAIN:
        return False
    rules = load(RULES)["kinds"][kind]
    if rules["by"] == "attachment":
        return bool(message.attachments)
    if message.all(rules["by"]) or (kind == "place" and message.pinned):
        return True
    return "said" in rules and bool(pattern(RULES, "kinds", kind, "said").search(message.text))


def declines(message: Message) -> bool:
    """Whether one thing cannot be told (“拍不了”, “记不清了”)."""
    return not message.tapped and bool(pattern(RULES, "declines").match(bare(message.text)))


def done(message: Message) -> bool:
    """Whether it is to go on with what is there (“就这些了”)."""
    if message.tapped:
        return message.about == GO
    return bool(pattern(RULES, "done").match(bare(message.text)))


def rest(items: Sequence[str], message: Message) -> list[str]:
    """Return what is still missing after a message.

    Free words answer the first thing that is told in free words; that something cannot be told
    settles the kind that is named, else what was asked for first.
    """
    if done(message):
        return []
    told = covered(items, message)
    if not told and declines(message):
        named = [item for item in items if kind_of(item) == kind_of(message.text) != PLAIN]
        told = named or list(items[:1])
    elif not told and bare(message.text):
        told = [item for item in items if kind_of(item) == PLAIN][:1]
    return [item for item in items if item not in told]


@dataclass(frozen=True)
class Half:
    """What of a place is still open: the thing that was asked for, and what of it is to be said."""

    item: str
    open: str


def half_place(
    items: Sequence[str],
    said: Mapping[str, Any],
    place: Mapping[str, Any] | None,
    message: Message,
) -> Half | None:
    """Return what of a place is still open: which building of a compound, or of which compound.

    Args:
        items: What was asked for.
        said: What was said of the place.
        place: The place that was found, or None.
        message: What was said; “就这些了” leaves it open.
    """
    rules = load(RULES)["half_place"]
    item = next((i for i in items if pattern(RULES, "half_place", "whole").search(i)), None)
    if item is None or done(message):
        return None
    spot = said.get("place") and not pattern(RULES, "half_place", "pointing").match(said["place"])
    if place is not None and not place.get("building") and not spot:
        return Half(item, str(rules["building"]))
    if place is None and said.get("building") and not said.get("community"):
        return Half(item, str(rules["compound"]).format(building=said["building"]))
    return None


def answers(message: Message, just_asked: bool) -> bool:
    """Whether a message answers what was asked for.

    Args:
        message: What was said or sent.
        just_asked: Nothing else was said to the resident since.
    """
    asked = message.needed
    if not asked or message.tapped:
        return False
    if _another_matter(message, asked["leaf"]):
        return False
    fits = covered(asked["items"], message)
    if not just_asked:
        return bool(fits) and (bool(message.attachments) or message.intent == "supplement_ticket")
    if done(message) or declines(message):
        return True
    if is_question(message) and not fits:
        return False
    rules = load(RULES)
    taken = message.intent in rules["answers"] or message.uncertain
    taken |= bool(fits) and message.intent in rules["answers_with"]
    return bool(fits and taken) or (taken and message.intent not in ("affirm", "chitchat"))


def _another_matter(message: Message, leaf: str | None) -> bool:
    """Whether the message tells of something else than what the ticket is about."""
    rules = load(RULES)["other_matter"]
    if pattern(RULES, "other_matter", "says").search(bare(message.text)):
        return True
    if message.intent != "report_problem" or message.uncertain or message.leaf is None:
        return False
    read = message.leaf
    return read.id not in (leaf, "none") and read.confidence >= rules["sure"]
