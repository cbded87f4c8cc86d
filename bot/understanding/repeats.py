"""The same words said over and over in one message, once: “哎呀真是的哎呀真是的…” → “哎呀真是的”.

A point that stands beside them is lost among two thousand characters of filler. What is written down
stays as it was written; this is only what the model reads. Numbers stay: 13888888888 is no filler.
"""

from __future__ import annotations

import re

_TIMES = 4
"""Said so often one after the other, words are filler; three times may be meant (“快快快”)."""
_LONGEST = 24
"""Of a longer sentence a copy is a mistake of the hand, not a way of talking; it is left."""
_ROOM = 40
"""Shorter messages are read as they are: nothing gets lost in them."""
_AGAIN = re.compile(rf"([^\d\s]{{1,{_LONGEST}}}?)(?:\s*\1){{{_TIMES - 1},}}")


def said_once(text: str) -> str:
    """Return a long message with each run of the same words as one of them; else the text itself."""
    return _AGAIN.sub(r"\1", text) if len(text) > _ROOM else text
