"""Words of an address as speech-to-text writes them: 三浩楼二单源 → 三号楼二单元."""

from __future__ import annotations

import re
from functools import lru_cache

from bot.understanding.words import load


@lru_cache(maxsize=1)
def _pairs() -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(heard), meant) for heard, meant in load("misheard")["address"])


def as_meant(text: str) -> str:
    """Return the text with misheard words of an address put right; offsets stay."""
    for heard, meant in _pairs():
        text = heard.sub(meant, text)
    return text
