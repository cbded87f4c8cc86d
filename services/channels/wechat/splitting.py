"""Putting what is to be said into WeChat's texts: as few as possible, none too long.

A text may have 2,048 bytes (45002 beyond; 公众号文档 “全局返回码”, the number from the platform's
behaviour). Several messages go into one text, because only so many texts may be sent; a message that
is too long is cut where a sentence ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

MAX_BYTES = 2048
BETWEEN = "\n\n"
_ENDS = ("\n", "。！？…!?", "；;", "，、,： ")
"""Where to cut, best first."""
_FURTHEST_BACK = 3
"""A better place is taken only when it leaves more than one part in so many."""


@dataclass(frozen=True)
class Piece:
    """A message, or what is left of it; ``closes``: it ends with choices, nothing may follow."""

    key: str
    text: str
    closes: bool = False


@dataclass(frozen=True)
class Taken:
    """How many characters of a piece a parcel holds; ``ends``: all that there were."""

    key: str
    length: int
    ends: bool


@dataclass(frozen=True)
class Parcel:
    """One text to send."""

    text: str
    taken: tuple[Taken, ...]


def pack(
    pieces: Sequence[Piece], limit: int = MAX_BYTES, lead: str = "", tail: str = ""
) -> Parcel | None:
    """Return the first text: whole pieces while they fit; None when there is nothing to say.

    Only a piece that does not fit into a text of its own is cut.

    Args:
        limit: Bytes of the text.
        lead: Stands before it, ``tail`` after it; both count.
    """
    room = limit - sum(len(f"{part}{BETWEEN}".encode()) for part in (lead, tail) if part)
    texts: list[str] = []
    taken: list[Taken] = []
    for piece in pieces:
        body = BETWEEN.join([*texts, piece.text.strip()])
        if len(body.encode()) > room:
            if not texts:
                length = cut(piece.text, room)
                texts.append(piece.text[:length].strip())
                taken.append(Taken(piece.key, length, not piece.text[length:].strip()))
            break
        texts.append(piece.text.strip())
        taken.append(Taken(piece.key, len(piece.text), True))
        if piece.closes:
            break
    if not texts:
        return None
    return Parcel(BETWEEN.join(part for part in (lead, *texts, tail) if part), tuple(taken))


def cut(text: str, limit: int) -> int:
    """Return how many characters of a text to take so that they have at most ``limit`` bytes."""
    most = len(text.encode()[:limit].decode(errors="ignore"))
    if most == len(text):
        return most
    for ends in _ENDS:
        place = max(text.rfind(end, 0, most) for end in ends) + 1
        if place > most // _FURTHEST_BACK:
            return place
    return most
