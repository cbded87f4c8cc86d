"""How long what is kept, in words: from the rules that erase it (``data/retention.yml``)."""

from __future__ import annotations

from functools import lru_cache

import yaml

from actions.dialogue import FOLDER
from actions.texts import Gaps, say

TOLD = ("contact", "attachment", "narrative", "profile")
"""Classes that a resident is told of."""
YEAR, MONTH = 365, 30


@lru_cache(maxsize=1)
def _days() -> dict[str, int]:
    rules = yaml.safe_load((FOLDER.parent / "retention.yml").read_text(encoding="utf-8"))
    return {name: int(rules["classes"][name]["days"]) for name in TOLD}


def spans() -> Gaps:
    """Return for each class that is told of how long it is kept, in words."""
    return {name: in_words(days) for name, days in _days().items()}


def in_words(days: int) -> str:
    """Return a number of days in the largest unit that fits: 1095 are three years, 180 six months."""
    if days and days % YEAR == 0:
        return say("span_years", n=days // YEAR)
    if days and days % MONTH == 0:
        return say("span_months", n=days // MONTH)
    return say("span_days", n=days)
