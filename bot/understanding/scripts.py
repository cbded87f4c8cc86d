"""Traditional characters as simplified ones, so that every rule is written once."""

from __future__ import annotations

from functools import lru_cache

from opencc import OpenCC

from bot.understanding.words import load

_HAN = range(0x4E00, 0xA000)
"""The block of Chinese characters in daily use (CJK Unified Ideographs)."""


@lru_cache(maxsize=1)
def _table() -> dict[int, str]:
    """Character by character, so that offsets stay: OpenCC's own conversion looks at whole words."""
    convert = OpenCC("t2s").convert
    pairs = {code: convert(chr(code)) for code in _HAN}
    table = {code: plain for code, plain in pairs.items() if plain != chr(code) and len(plain) == 1}
    return table | {ord(pair[0]): pair[1] for pair in load("traditional")["pairs"].split()}


def simplify(text: str) -> str:
    """我媽要訂飯 → 我妈要订饭, code point by code point (offsets stay)."""
    return text.translate(_table())
