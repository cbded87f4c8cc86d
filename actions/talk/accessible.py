"""What somebody who sees, hears, types or walks badly asks for, and the size of the letters.

The words are data (``data/dialogue/accessibility.yml``).
"""

from __future__ import annotations

import re
from typing import Any

from actions.dialogue import load, pattern

ACTION = "action_accessibility"
DATA = "accessibility"
_MARKS = re.compile(r"[^\w]+")


def wish(text: str) -> bool | None:
    """Return whether large letters (True) or usual ones (False) are asked for; None: neither."""
    if _says("smaller", text):
        return False
    return True if _says("larger", text) else None


def need(text: str) -> dict[str, Any] | None:
    """Return the entry of ``needs`` that fits the words, or None."""
    words = _short(text)
    return next((n for n in load(DATA)["needs"] if words and _fits(n, words)), None)


def _says(kind: str, text: str) -> bool:
    words = _short(text)
    return bool(words) and _fits(load(DATA)[kind], words)


def _short(text: str) -> str:
    words = _MARKS.sub("", text)
    return words if len(words) <= load(DATA)["longest"] else ""


def _fits(entry: dict[str, Any], words: str) -> bool:
    rest = re.sub(entry["words"], "", words)
    if rest == words or re.search(entry["unless"], words):
        return False
    # What tells of more is a matter in which somebody happens to see or walk badly.
    return len(pattern(DATA, "filler").sub("", rest)) <= int(load(DATA)["little"])
