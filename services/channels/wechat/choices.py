"""Buttons as WeChat has none: numbered lines, and the number that a resident types."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from services.words import piece

_DIGITS = {d: i for i, d in enumerate("零一二三四五六七八九")}
_CHOICE = re.compile(
    r"(?:(?:我?要?选择?|回复?|点)第?(?P<chosen>[0-9]{1,2}|[一二三四五六七八九十]{1,2})(?:个|项|条)?"
    r"|第(?P<nth>[0-9]{1,2}|[一二三四五六七八九十]{1,2})(?:个|项|条)"
    r"|(?P<bare>[0-9]{1,2}|[一二三四五六七八九十]{1,2}))"
)
"""“选2”, “第二个”, “２”, “二”. Not “2个” or “2号”: these say how many, or which house."""
_AROUND = re.compile(r"^[\W_]+|[\W_]+$")


def listed(titles: Sequence[str]) -> str:
    """Return the numbered lines, empty when there is nothing to choose."""
    if not titles:
        return ""
    return "\n".join(
        [piece("choose_by_number"), *(f"{n}. {title}" for n, title in enumerate(titles, 1))]
    )


def chosen(text: str, count: int) -> int | None:
    """Return the index of the choice that the words name, None when they name none of ``count``."""
    # NFKC makes one of ２, ② and 2.
    words = _AROUND.sub("", unicodedata.normalize("NFKC", text).replace(" ", ""))
    found = _CHOICE.fullmatch(words)
    if found is None:
        return None
    index = _number(next(g for g in found.groups() if g)) - 1
    return index if 0 <= index < count else None


def _number(said: str) -> int:
    if said.isdecimal():
        return int(said)
    if said == "十":
        return 10
    tens, ten, ones = said.partition("十")
    if not ten:
        return _DIGITS[said] if said in _DIGITS else 0
    return (_DIGITS[tens] if tens else 1) * 10 + (_DIGITS[ones] if ones else 0)
