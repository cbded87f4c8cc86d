"""What a search looks for: short pieces ("grams") of words and numbers. Pure.

Chinese has no spaces, and most searches are two characters long, so words are cut into pairs and a
number into threes. Who has all grams of a question may contain it; only the text itself says so.
"""

from __future__ import annotations

import zlib

PAIR, THREE = 2, 3


def grams(number: str, *texts: str) -> list[int]:
    """Return the grams of a ticket: of its number and of its texts, each by itself."""
    found = set(_pieces(number, THREE))
    for text in texts:
        found.update(_pieces(plain(text), PAIR))
    return sorted(map(_hashed, found))


def asked(text: str) -> tuple[list[int], list[int]]:
    """Return the grams that words containing a text have, and those of such a number.

    None of a kind: it is too short to have any.
    """
    words, number = _pieces(plain(text), PAIR), _pieces(text.upper(), THREE)
    return sorted(map(_hashed, words)), sorted(map(_hashed, number))


def plain(text: str) -> str:
    """Return a text in small letters, each for itself: whatever a database takes as alike is alike."""
    return "".join(c.lower() for c in text)


def _pieces(text: str, size: int) -> set[str]:
    return {text[i : i + size] for i in range(len(text) - size + 1)}


def _hashed(gram: str) -> int:
    """A number of 32 bits with a sign; two grams with the same only cost a look at the text."""
    return zlib.crc32(gram.encode("utf-8", "surrogatepass")) - 2**31
