"""Who speaks, and for whom: “我是他邻居” says that the matter is a neighbour's, not that the speaker has one.

The reporter and the person concerned stay apart: the relation is that of whom it is for, the phone stays the
speaker's. Which words say it is data (``data/dialogue/relations.yml``, ``speaker``). Pure.
"""

from __future__ import annotations

import re
from functools import lru_cache

from actions.dialogue import load
from actions.forms.replies import bare
from actions.message import Message

WHO = (("she", "female"), ("he", "male"))
"""Keys of a relation, each with the words that tell whom it is for."""


def concerned(message: Message) -> str | None:
    """Return what the one it is for is to the speaker (``neighbor``, ``mother`` …); None when that is not said."""
    if message.tapped:
        return None
    words = _clauses(message.text)
    found = ((kind, m) for kind, fits in _kinds() for clause in words if (m := fits.search(clause)))
    kind, match = next(found, (None, None))
    if kind is None or match is None:
        return None
    rules = load("relations")["speaker"]
    one, told = match.groupdict().get("one") or "", dict(rules["kinds"][kind])
    who = next((w for w, key in WHO if re.search(rules[key], one)), "")
    return str(told.get(who) or told.get("any"))


@lru_cache(maxsize=1)
def _kinds() -> tuple[tuple[int, re.Pattern[str]], ...]:
    rules = load("relations")["speaker"]
    found = []
    for n, kind in enumerate(rules["kinds"]):
        led = f"{rules['before']}(?P<one>{rules['one']})"
        if kind.get("alone"):
            led = f"(?:{led}|{rules['alone']})"
        found.append((n, re.compile(f"{led}(?:{kind['says']}){rules['after']}")))
    return tuple(found)


def _clauses(text: str) -> list[str]:
    return [bare(c) for c in re.split("[，,。；;！!？?]", text) if bare(c)]
