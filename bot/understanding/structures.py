"""What a sentence is by its build (“三楼那家漏水漏到我家”), whatever its words were learned as.

The builds are reviewed data (``bot/data/structures.yml``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from bot.understanding.words import load

_SPACE = re.compile(r"\s+")


@dataclass(frozen=True)
class Structure:
    """What a message with this build asks for, and the matter it is about.

    Of several leaves it may be any (“楼道里一股臭味” does not say of what): they are the choice to offer.
    """

    intent: str
    leaf: str
    or_leaves: tuple[str, ...]
    words: re.Pattern[str]
    unless: re.Pattern[str]


@lru_cache(maxsize=1)
def _structures() -> tuple[int, tuple[Structure, ...]]:
    data = load("structures")
    rows = tuple(
        Structure(
            r["intent"],
            r["leaf"],
            tuple(r.get("or_leaves") or ()),
            re.compile(r["words"]),
            re.compile(r["unless"]),
        )
        for r in data["structures"]
    )
    return int(data["longest"]), rows


def structure_of(text: str) -> Structure | None:
    """The build of a short message, or ``None``; ``text`` is in simplified characters."""
    longest, rows = _structures()
    words = _SPACE.sub("", text)
    if len(words) > longest:
        return None
    return next((r for r in rows if r.words.search(words) and not r.unless.search(words)), None)
