"""Words that wish for something more on a visit (“再给她洗个头”): said before it is filed or after. Pure.

Which words these are is data (``data/dialogue/ordered.yml``, ``adds``).
"""

from __future__ import annotations

from actions.dialogue import load, pattern
from actions.forms.replies import bare
from actions.message import Message

RULES = "ordered"


def wished(message: Message, kind: str | None) -> bool:
    """Whether something more is wished for: marked as such, or named as what is done on visits.

    Args:
        message: What was said.
        kind: The kind of visit that the words name, if any (``booking.kind_in``).
    """
    words = bare(message.text)
    longest = int(load(RULES)["adds"]["longest"])
    if message.tapped or len(words) > longest or message.all("time") or message.all("address"):
        return False
    if note(message):
        return True
    if pattern(RULES, "adds_not").search(words):
        return False
    if marked(message):
        return True
    more = pattern(RULES, "adds", "more").search(words)
    return bool(more) and (kind is not None or named(message))


def note(message: Message) -> bool:
    """Whether whoever comes or brings it is only to know something (“放门口就行”, “敲门大点声”)."""
    return bool(pattern(RULES, "adds", "note").search(bare(message.text)))


def marked(message: Message) -> bool:
    """Whether the words themselves say that it goes along with something (“顺便…”)."""
    return bool(pattern(RULES, "adds", "marked").search(bare(message.text)))


def named(message: Message) -> bool:
    """Whether a task is named that is no kind of visit of its own."""
    return bool(pattern(RULES, "adds", "done").search(bare(message.text)))
