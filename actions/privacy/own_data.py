"""What somebody wants with their own data, by their words (``data/dialogue/my_data.yml``): pure."""

from __future__ import annotations

import re

from actions.dialogue import load, pattern
from actions.forms.replies import bare
from actions.message import Message
from actions.talk import contact

DATA = "my_data"
ACTION = "action_my_data"
PREFER = "prefer"
"""How to be reached from now on."""
_SPACE = re.compile(r"\s+")


def wished(message: Message, shown: bool = False) -> str | None:
    """Return what the words wish for (a key of ``wishes``), or None.

    Args:
        message: What was said.
        shown: What is kept was told right before, so that “都删了吧” is about it.
    """
    words = _SPACE.sub("", message.text)
    if message.tapped or not words:
        return None
    if shown and (about := _about_shown(message)):
        return about
    wishes = load(DATA)["wishes"]
    found = next((w for w in wishes if _wishes(w, words, message)), None)
    if found in load(DATA)["learning"]:
        return found
    return None if found and pattern(DATA, "not_own").search(words) else found


def _wishes(wish: str, words: str, message: Message) -> bool:
    told = bool(pattern(DATA, "wishes", wish).search(words))
    return told and (wish != PREFER or bool(contact.preference(message, asked=True)))


def _about_shown(message: Message) -> str | None:
    """Return what is wished for with what was just shown, in words that do not name it."""
    words, kinds = bare(message.text), load(DATA)["shown"]
    return next((k for k in kinds if pattern(DATA, "shown", k).search(words)), None)


def surely(message: Message, shown: bool = False) -> bool:
    """Whether the words wish for it whatever they were taken for (“把我忘了”)."""
    if message.intent == "emergency":
        return False
    about = _about_shown(message) if shown and not message.tapped else None
    return bool(about) or wished(message) in load(DATA)["surely"]


def about_learning(message: Message) -> bool:
    """Whether the words say whether we may learn from them (“我的话不能拿去训练”), in a form as well."""
    return message.intent != "emergency" and wished(message) in load(DATA)["learning"]
