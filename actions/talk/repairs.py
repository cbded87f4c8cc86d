"""“找个人来修水管”: whoever is wished for, something is out of order, and that is reported. Pure.

The words are data (``data/dialogue/repairs.yml``).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from actions.dialogue import load, pattern
from actions.message import Leaf, Message

DATA = "repairs"
LONGEST = 40
"""A longer message tells a story, which is understood as a whole."""
SURE = 0.5
"""From this confidence on a matter of house or street that was understood stays."""
DOUBT = 0.3
"""Confidence of a matter of which the words leave several."""
_KNOWN = frozenset("HIJG")
_NO_WISH = frozenset({"report_problem", "emergency", "reject_resolution", "urge_ticket"})
"""What is understood as told of trouble needs no other reading; its matter may."""
REPORT = "report_problem"
_MAY_BE_WISH = frozenset(
    "report_problem book_service ask_human out_of_scope supplement_ticket chitchat".split()
)
"""What a classifier makes of such a wish; anything else that it is sure of is meant."""
OTHERWISE_SURE = 0.6
_SPACE = re.compile(r"\s+")


def leaves_of(text: str) -> Sequence[str]:
    """Return the matters of what is to be mended, best first; empty when nobody is called for it."""
    words = _SPACE.sub("", text)
    if len(words) > LONGEST or pattern(DATA, "never").search(words):
        return ()
    if not pattern(DATA, "called").search(words) or hand_wanted(text):
        return ()
    data = load(DATA)
    trade = [leaf for leaf in data["trade"] if pattern(DATA, "trade", leaf).search(words)]
    if not trade and not pattern(DATA, "mend").search(words):
        return ()
    return named(words) or trade[-1:]


def named(words: str) -> Sequence[str]:
    """Return the matters of the first thing that is named, best first; empty when none is."""
    things = load(DATA)["things"]
    return next((t["leaf"] for t in things if re.search(t["words"], words)), ())


def hand_wanted(text: str) -> bool:
    """Whether somebody cannot reach or lift what is their own: volunteers help with that (K1)."""
    words = _SPACE.sub("", text)
    if len(words) > LONGEST or pattern(DATA, "hand", "never").search(words):
        return False
    return all(pattern(DATA, "hand", key).search(words) for key in ("cannot", "own", "wish"))


def fetch_wanted(text: str) -> bool:
    """Whether something is to be bought or fetched for somebody (“帮我买点菜行不，下不了楼”): volunteers help with that."""
    words = _SPACE.sub("", text)
    return len(words) <= LONGEST and bool(pattern(DATA, "hand", "fetch").search(words))


def wished(message: Message) -> bool:
    """Whether somebody is wished for who mends something, whatever the message was taken for."""
    if message.tapped or message.intent == "emergency":
        return False
    other = message.intent not in _MAY_BE_WISH and not message.uncertain
    if other and message.confidence >= OTHERWISE_SURE:
        return False
    return bool(leaves_of(message.text))


def as_report(message: Message) -> Message:
    """Return the message as the report that it is; itself when it wishes for nobody to mend anything."""
    if not wished(message):
        return message
    found, known = leaves_of(message.text), message.leaf
    told = message.intent in _NO_WISH and known is not None and known.id[0] in _KNOWN
    if told and known is not None and known.confidence >= SURE:
        return message
    first, *others = found
    sure = SURE if not others else DOUBT
    leaf = Leaf(first, sure, tuple((other, sure) for other in others))
    intent = message.intent if message.intent in _NO_WISH else REPORT
    return replace(message, intent=intent, leaf=leaf, uncertain=False)
