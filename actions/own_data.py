"""What somebody wants with their own data, by their words (``data/dialogue/my_data.yml``): pure."""

from __future__ import annotations

import re

from actions import contact
from actions.dialogue import load, pattern
from actions.message import Message

DATA = "my_data"
ACTION = "action_my_data"
PREFER = "prefer"
"""How to be reached from now on."""
_SPACE = re.compile(r"\s+")


def wished(message: Message) -> str | None:
    """Return what the words wish for (a key of ``wishes``), or None."""
    words = _SPACE.sub("", message.text)
    if message.tapped or not words:
        return None
    wishes = load(DATA)["wishes"]
    found = next((w for w in wishes if _wishes(w, words, message)), None)
    if found in load(DATA)["learning"]:
        return found
    return None if found and pattern(DATA, "not_own").search(words) else found


def _wishes(wish: str, words: str, message: Message) -> bool:
    told = bool(pattern(DATA, "wishes", wish).search(words))
    return told and (wish != PREFER or bool(contact.preference(message, asked=True)))


def surely(message: Message) -> bool:
    """Whether the words wish for it whatever they were taken for (“把我忘了”)."""
    return message.intent != "emergency" and wished(message) in load(DATA)["surely"]


def about_learning(message: Message) -> bool:
    """Whether the words say whether we may learn from them (“我的话不能拿去训练”), in a form as well."""
    return message.intent != "emergency" and wished(message) in load(DATA)["learning"]
