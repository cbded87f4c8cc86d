"""Numbers of buildings, units and rooms as people write them: 三号楼, ３栋, 十二, B座."""

from __future__ import annotations

import re
import unicodedata

_DIGITS = {c: i for i, c in enumerate("零一二三四五六七八九")} | {
    "〇": 0,
    "两": 2,
    "俩": 2,
    "幺": 1,
}
_UNITS = {"十": 10, "百": 100}

NUMERAL = r"(?:\d+|[零〇一二三四五六七八九十百两幺]+)"


def normal(text: str) -> str:
    """Return text with full-width letters and digits narrowed and all white space gone."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text))


def number(text: str) -> str:
    """Return a number as digits without leading zeros; a letter or a name comes back as it is.

    >>> number("十二"), number("三0三"), number("b"), number("筒子楼")
    ('12', '303', 'B', '筒子楼')
    """
    text = normal(text)
    if text.isdigit():
        return text.lstrip("0") or "0"
    if re.fullmatch(r"[零〇一二三四五六七八九两幺\d]+", text):
        digits = "".join(c if c.isdigit() and c.isascii() else str(_DIGITS[c]) for c in text)
        return digits.lstrip("0") or "0"
    if re.fullmatch(r"[零〇一二三四五六七八九十百两]+", text):
        return str(_spelled(text))
    return text.upper() if re.fullmatch(r"[a-zA-Z]\d*", text) else text


def _spelled(text: str) -> int:
    total, digit = 0, 0
    for c in text:
        if c in _UNITS:
            total += (digit or 1) * _UNITS[c]
            digit = 0
        else:
            digit = _DIGITS[c]
    return total + digit


_SUFFIX = re.compile(r"(?:号楼|#楼|楼栋|栋楼|号栋|栋|幢|座|号|#|楼)$")


def building_name(number: str) -> str:
    """Return a building's number with its word, as people say it: 3 → 3号楼, B → B座."""
    return number + ("号楼" if number.isdigit() else "座" if number.isalpha() else "")


def building_number(text: str) -> str:
    """Return a building's number without its word: 三号楼 → 3, 3# → 3, B座 → B."""
    text = normal(text)
    stem = _SUFFIX.sub("", text)
    value = number(stem) if stem else text
    return value if value.isascii() else text


def unit_number(text: str) -> str:
    """Return a unit's number without its word: 二单元 → 2."""
    return number(re.sub(r"(?:单元|门洞|门|洞)$", "", normal(text)))


def room_number(text: str) -> str:
    """Return a room's number without its word: 四〇一室 → 401."""
    return number(re.sub(r"(?:号房|号室|室|号|房)$", "", normal(text)))
