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
BESIDE = ("contact", "occurred")
"""Who was asked one of these has been asked enough beside what and where."""
SHORT = 4
"""So many characters are a bare yes or no."""
LONGEST = 120
"""So many characters of an answer are kept."""


def field() -> Field:
    """Return the question; an answer goes into the story, where whoever handles it reads it."""
    return Field(FIELD, _needed, answer=_answer, optional=True)


def key(draft: Draft) -> str:
    """Return the key of the question for the draft's leaf."""
    return f"ask_extra_{(_rule(draft) or {})['key']}"


def _rule(draft: Draft) -> Mapping[str, Any] | None:
    rule: Mapping[str, Any] | None = load("extra")["leaves"].get(draft.get("leaf"))
    return rule


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
