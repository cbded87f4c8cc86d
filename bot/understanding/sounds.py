"""How a message sounds: one letter for each syllable, so that 楼到 and 楼道 are the same.

Whoever types pinyin or speaks into a phone gets characters of the right sound and the wrong meaning.
Tones are left out, and what many speakers do not tell apart counts as one: n/l, zh/z, ch/c, sh/s,
f/h, -ing/-in, -eng/-en, -ang/-an.
"""

from __future__ import annotations

import re
from functools import cache

from pypinyin import Style, pinyin

_MERGED = (
    (re.compile(r"^(z|c|s)h"), r"\1"),
    (re.compile(r"^n(?=.)"), "l"),
    (re.compile(r"^hui$"), "fei"),
    (re.compile(r"^hun$"), "fen"),
    (re.compile(r"^hu(?=[ao])"), "f"),
    (re.compile(r"^hu$"), "fu"),
    (re.compile(r"(?<=[aei])ng$"), "n"),
)
#: Where the letters that stand for syllables begin: Unicode's private area.
_FIRST = 0xE000
#: As many places as there are letters for; with this number no two of the syllables share one.
_PLACES = 6357


@cache
def _letter(syllable: str) -> str:
    """The letter of a syllable, made from its own letters: the same in every model."""
    number = 0
    for letter in syllable:
        number = number * 27 + ord(letter) - 96
    return chr(_FIRST + number % _PLACES)


@cache
def _syllable(character: str) -> str | None:
    """The character's most frequent sound, merged; ``None`` if it has none."""
    said = pinyin(character, style=Style.NORMAL, errors="ignore")
    if not said:
        return None
    syllable = str(said[0][0])
    for pattern, by in _MERGED:
        syllable = pattern.sub(by, syllable)
    return syllable


@cache
def _sound(character: str) -> str:
    """The letter of the character's sound; the character itself if it has none."""
    syllable = _syllable(character)
    return character if syllable is None else _letter(syllable)


def sounds(text: str) -> str:
    """The text with one letter for each syllable; same length, other characters as they are.

    >>> sounds("楼到") == sounds("楼道") == sounds("喽道")
    True
    """
    return "".join(map(_sound, text))
