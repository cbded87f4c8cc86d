"""One sentence for two or three places: 给3号楼501和5号楼202各订一份 is two orders.

The words that join the places and say “each” are data (``bot/data/joins.yml``). Without an “each”, or
where the matter lies between the places, it is one request.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.understanding.span import Span
from bot.understanding.words import about_food, load

_HOUSE = ("building", "room")
"""A place that is one of several is a house or a door."""


def may_list(text: str) -> bool:
    """Whether the words could list places; cheap, to be asked before places are looked for."""
    data = load("joins")
    return bool(re.search(data["places_join"], text)) and bool(
        re.search(data["each"], text) or about_food(text)
    )


def apart(text: str, places: Sequence[Span]) -> list[str]:
    """Return the sentence once for each of its places, with the compound that was said only once.

    Args:
        text: What was said.
        places: The addresses in it, in the order said.

    Returns:
        At least two sentences, or nothing when it is one request.
    """
    data = load("joins")
    chain = _chain(text, places, data["places_join"])
    if len(chain) < 2:
        return []
    head, tail = text[: chain[0].start], text[chain[-1].end :]
    each = re.match(data["each_behind"], tail)
    if re.match(data["between"], tail) or not (each or about_food(text)):
        return []
    for word in data["each_dropped"]:
        tail = tail.replace(word, "", 1)
    compound = str(chain[0].value.get("community") or "")
    return [f"{head}{_named(place, compound)}{tail}" for place in chain]


def _chain(text: str, places: Sequence[Span], join: str) -> list[Span]:
    """Return the first run of houses that stand beside each other, joined by “和”."""
    chain: list[Span] = []
    for place in places:
        house = any(place.value.get(part) for part in _HOUSE)
        joined = chain and re.fullmatch(join, text[chain[-1].end : place.start])
        if house and (joined or not chain):
            chain.append(place)
        elif len(chain) > 1:
            break
        else:
            chain = [place] if house else []
    return chain


def _named(place: Span, compound: str) -> str:
    return place.text if place.value.get("community") else f"{compound}{place.text}"
