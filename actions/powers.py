"""Who has the power over a nuisance, asked before it is reported: told honestly, with the way there is.

Which words ask and which card they are about is data (``data/dialogue/power.yml``); the sentence on the
power itself is the card's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from actions.dialogue import load, pattern
from actions.message import Message

DATA = "power"
REDIRECTS = "redirects"
_SPACE = re.compile(r"\s+")


def asked(message: Message) -> str | None:
    """Return the leaf whose power is asked for in a whole sentence, or None.

    Whoever says where it is, or that it is happening, has something to report.
    """
    words = _SPACE.sub("", message.text)
    if message.tapped or not pattern(DATA, "asks").search(words):
        return None
    if message.intent == "emergency" or _place(message) or pattern(DATA, "tells").search(words):
        return None
    return next(
        (leaf for leaf, said in load(DATA)["matters"].items() if re.search(said, words)), None
    )


def told_elsewhere(message: Message) -> bool:
    """Whether a redirect answers the words, whatever they are taken for (“两车追尾了”, “有没有网站”).

    Which rows of ``data/dialogue/redirects.yml`` do stands under ``told``.
    """
    if message.tapped or message.intent == "emergency":
        return False
    told = load(DATA)["told"]
    return any(
        _fits(row, message.text) for row in load(REDIRECTS)["redirects"] if row["id"] in told
    )


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
