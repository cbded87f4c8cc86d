"""The one thing more that a kind of report needs (“动过手没有”, “欠了多少”), asked once at most.

Which leaves, and how it shows that it was said, is data (``data/dialogue/extra.yml``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from actions.dialogue import load, pattern
from actions.forms.draft import Draft, Field, Values
from actions.forms.replies import SUBMIT_NOW, bare, is_no, is_question, is_yes
from actions.message import Message

FIELD = "extra"
DANGER = "danger"
"""The question whether somebody is in danger, and the prefix of what its buttons are about."""
YES, NO = "yes", "no"
BESIDE = ("contact", "occurred")
"""Who was asked one of these has been asked enough beside what and where."""
SHORT = 4
"""So many characters are a bare yes or no."""
CANTEEN = "canteen"
"""Value of name and phone of the canteen, for who was made ill by food and did not say where it was from."""
LONGEST = 120
"""So many characters of an answer are kept."""


def field() -> Field:
    """Return the question; an answer goes into the story, where whoever handles it reads it."""
    return Field(FIELD, _needed, answer=_answer, optional=True)


def danger_field() -> Field:
    """Return the question that goes first; a yes never reaches the form (:func:`endangered`)."""
    return Field(DANGER, _danger_open, answer=_danger_answer)


def danger_key(draft: Draft) -> str:
    """Return the key of the question for the draft's leaf."""
    return f"ask_danger_{(_rule(draft, DANGER) or {})['key']}"


def endangered(draft: Draft | None, message: Message) -> str:
    """Return what was told when the question about danger is answered with yes; empty otherwise."""
    rule = _rule(draft, DANGER) if draft is not None and draft.asked == DANGER else None
    if draft is None or rule is None:
        return ""
    if message.intent != "emergency" and _answers(message, draft) != YES:
        return ""
    words = rule["told_yes"] if message.tapped else message.verbatim.strip()
    return f"{draft.get('narrative')}\n{words}"


def _rule(draft: Draft, part: str = "leaves") -> Mapping[str, Any] | None:
    """Return what a part of the data says for the draft's leaf: the extra question, or its danger."""
    rule: Mapping[str, Any] | None = load("extra")[part].get(draft.get("leaf"))
    return rule


def _danger_open(draft: Draft, message: Message) -> bool:
    rule = _rule(draft, DANGER)
    if rule is None or draft.get(DANGER) or draft.asks.get(DANGER):
        return False
    story, leaf = str(draft.get("narrative") or ""), str(draft.get("leaf"))
    told = pattern("extra", "danger", leaf, "said").search(story)
    return bool(pattern("extra", "danger", leaf, "when").search(story)) and not told


def _answers(message: Message, draft: Draft) -> str:
    """Return ``YES`` or ``NO``, as the question about danger was answered; empty for neither."""
    if message.tapped:
        return str(message.about or "").removeprefix(f"{DANGER}:")
    words, leaf = bare(message.text), str(draft.get("leaf"))
    if pattern("extra", "open").match(words):
        return ""
    if pattern("extra", "danger", leaf, NO).search(words):
        return NO
    return YES if pattern("extra", "danger", leaf, YES).search(words) else ""


def _danger_answer(message: Message, draft: Draft) -> Values:
    rule, story = _rule(draft, DANGER), draft.get("narrative")
    if rule is None:
        return {}
    if _answers(message, draft) == NO:
        return {DANGER: NO, "narrative": f"{story}\n{rule['told_no']}"}
    if pattern("extra", "open").match(bare(message.text)):
        return {DANGER: "unknown", "narrative": f"{story}\n{rule['unknown']}"}
    return {}


def key(draft: Draft) -> str:
    """Return the key of the question for the draft's leaf; where the canteen may be meant, its phone stands in it."""
    rule = _rule(draft) or {}
    eaten = asks_eaten(draft) and draft.get(CANTEEN)
    return f"ask_extra_{rule['eaten' if eaten else 'key']}"


def asks_eaten(draft: Draft) -> bool:
    """Whether it is asked where something was eaten that made somebody ill."""
    leaf, rule = str(draft.get("leaf")), _rule(draft) or {}
    story = str(draft.get("narrative") or "")
    if "when_eaten" not in rule or pattern("extra", "leaves", leaf, "said").search(story):
        return False
    return bool(pattern("extra", "leaves", leaf, "when_eaten").search(story))


def _needed(draft: Draft, message: Message) -> bool:
    rule = _rule(draft)
    if rule is None or draft.get(FIELD) or draft.asks.get(FIELD) or draft.get("about"):
        return False
    if any(draft.asks.get(name) for name in BESIDE):
        return False
    if SUBMIT_NOW.search(message.text):
        return False  # it helps, and nothing is incomplete without it
    story = str(draft.get("narrative") or "")
    leaf = str(draft.get("leaf"))
    if "when" in rule and not pattern("extra", "leaves", leaf, "when").search(story):
        return False
    return not pattern("extra", "leaves", leaf, "said").search(story)


def _answer(message: Message, draft: Draft) -> Values:
    rule, words = _rule(draft), message.verbatim.strip()[:LONGEST]
    if rule is None or message.tapped or not bare(words) or is_question(message):
        return {}
    if pattern("extra", "open").match(bare(words)):
        return {}
    short = len(bare(words)) <= SHORT  # longer ones say more than yes or no
    no = short and (is_no(message) or bare(words) in load("extra")["bare_no"])
    yes = short and is_yes(message)
    if (no or yes) and "no" not in rule:
        return {}  # a yes or a no names no sum and no shop
    words = rule["no"] if no else rule["yes"] if yes else words
    return {FIELD: words, "narrative": f"{draft.get('narrative')}\n{words}"}
