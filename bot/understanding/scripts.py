"""Traditional characters as simplified ones, so that every rule is written once."""

from __future__ import annotations

from functools import lru_cache

from bot.understanding.words import load


@lru_cache(maxsize=1)
def _table() -> dict[int, str]:
    return str.maketrans({pair[0]: pair[1] for pair in load("traditional")["pairs"].split()})


def simplify(text: str) -> str:
    """我媽要訂飯 → 我妈要订饭, code point by code point (offsets stay)."""
    return text.translate(_table())
