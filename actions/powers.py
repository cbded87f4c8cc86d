"""Who has the power over a nuisance, asked before it is reported: told honestly, with the way there is.

Which words ask and which card they are about is data (``data/dialogue/power.yml``); the sentence on the
power itself is the card's.
"""

from __future__ import annotations

import re

from actions.dialogue import load, pattern
from actions.message import Message

DATA = "power"
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


def _place(message: Message) -> bool:
    return any(
        isinstance(e.value, dict) and e.value.get("building") for e in message.all("address")
    )
