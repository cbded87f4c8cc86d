"""Who has the power over a nuisance, asked before it is reported: told honestly, with the way there is.

Which words ask and which card they are about is data (``data/dialogue/power.yml``); the sentence on the
power itself is the card's.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from actions.dialogue import load, pattern
from actions.message import Message

DATA = "power"
REDIRECTS = "redirects"
NOT_OURS = frozenset({"out_of_scope", "chitchat"})
"""Intents of what nobody here does."""
TELLS = 6
"""So many characters that ask nothing tell of something."""
_SPACE = re.compile(r"\s+")


def asked(message: Message) -> str | None:
    """Return the leaf whose power is asked for in a whole sentence, or None.

    Whoever says where it is, or that it is happening, has something to report.
    """
    words, data = _SPACE.sub("", message.text), load(DATA)
    if message.tapped or message.intent == "emergency":
        return None
    if _place(message) or pattern(DATA, "tells").search(words):
        return None
    asks = bool(pattern(DATA, "asks").search(words))
    return _matter(words, None if asks else data["asking"])


def _matter(words: str, of: Collection[str] | None = None) -> str | None:
    """Return the first matter that the words name, or None; ``of``: only one of these."""
    named = ((leaf, said) for leaf, said in load(DATA)["matters"].items() if not of or leaf in of)
    return next((leaf for leaf, said in named if re.search(said, words)), None)


def at_a_loss(message: Message) -> str | None:
    """Return the leaf of a nuisance that somebody asks what to do about, when it was taken for nothing of ours."""
    words = _SPACE.sub("", message.text)
    if message.tapped or message.intent not in NOT_OURS:
        return None
    return _matter(words) if pattern(DATA, "at_a_loss").search(words) else None


def tells(message: Message) -> bool:
    """Whether a question about a nuisance also tells of one (“…雨水全流到我屋头，找哪个嘛”)."""
    asks = pattern(DATA, "asks")
    clauses = re.split(r"[\uff0c,。；;\s]", message.text)
    told = any(len(c) >= TELLS and not asks.search(c) for c in clauses)
    return told or at_a_loss(message) is not None


def told_elsewhere(message: Message) -> bool:
    """Whether a redirect answers the words, whatever they are taken for (“两车追尾了”, “有没有网站”).

    Which rows of ``data/dialogue/redirects.yml`` do stands under ``told``. Of several matters told at once each
    is asked by itself, when it is its turn.
    """
    if message.tapped or message.intent == "emergency" or len(message.parts) > 1:
        return False
    return _told(message, "told")


def asked_elsewhere(message: Message) -> bool:
    """Whether a redirect answers a question that is taken for anything, where no form is open (“幼儿园收费好多”)."""
    if message.tapped or message.intent == "emergency" or len(message.parts) > 1:
        return False
    return _told(message, "asked")


def told_of_loss(message: Message) -> bool:
    """Whether something was found or lost, and nobody: a redirect answers it (“书包落公交上了”)."""
    return not message.tapped and _told(message, "losses")


def _told(message: Message, which: str) -> bool:
    ids = load(DATA)[which]
    rows = (row for row in load(REDIRECTS)["redirects"] if row["id"] in ids)
    return any(_fits(row, message.text) for row in rows)


def _fits(row: Mapping[str, Any], text: str) -> bool:
    """Whether a row answers a text: as the services read it (``services.catalogue.model``)."""
    unless = row.get("unless") or ()
    if any(re.search(words, text) for words in unless):
        return False
    return any(re.search(words, text) for words in row["says"])


def _place(message: Message) -> bool:
    return any(
        isinstance(e.value, dict) and e.value.get("building") for e in message.all("address")
    )
