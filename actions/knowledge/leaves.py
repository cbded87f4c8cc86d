"""What the dialogue knows about the leaves of the catalogue: names, and what each one needs.

Names come from the service cards (data/catalogue), the same that the services read. Sets are data:
a leaf is in a set because the regulation or the work demands it, as said beside it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from actions.dialogue import load
from actions.texts import say

CARDS = Path(__file__).resolve().parents[2] / "data" / "catalogue"
NAME_SHORTEST = 3
"""A part of a name this long or longer names it; “补贴” alone does not."""

# Inside a building: without its number nobody can find the lamp, the pipe or the lift.
BUILDING = frozenset("H1 H2 H3 H4 H5 H6 H7 H8 H9 I2 I6 I7 I8 I10 C7 J1 A2 C4 C6 D3 E7".split())
# In the street or the yard, never in a flat.
OUTDOORS = frozenset("I1 I3 I4 I5 I9 I12 I13 I14".split())
# Somebody comes to the door or must be reached quickly: a phone number is worth one question.
VISIT = frozenset("H1 H2 H3 H4 H5 H7 H8 B7 C7 F4 J1".split())
# The hours decide who can check it and with what: night noise, fumes at dinner time.
HOURS = frozenset("I2 I10 I11 I12".split())
# Who told stays with us by default (个人信息保护; 《北京市接诉即办工作条例》第三十二条 保密).
CONFIDENTIAL = frozenset("F4 I2 I5 I6 I7 I8 I9 I10 I11 I12 J1 J3 J4 J6 J7 J8 M11".split())
# Led by the firm that is complained of, whose people never see who told (docs/roles.md: 物业); the resident is
# told so. It is not confidential: neighbours may join it, and a department that assists may call back.
FIRM_UNTOLD = frozenset({"G5"})
# Certificates themselves, not what they are for.
PAPERS = frozenset("A2 A4 A5 A9".split())
# About a person, an office or an order, not about a spot. Who feels bad is heard, not asked for an address.
PLACELESS = frozenset("C1 J5 J6 J7 J8 M11 none".split())


@lru_cache(maxsize=1)
def _cards() -> tuple[dict[str, Any], ...]:
    return tuple(
        card
        for path in sorted(CARDS.glob("*.yml"))
        for card in (yaml.safe_load(path.read_text(encoding="utf-8")) or {}).get("cards") or []
    )


@lru_cache(maxsize=1)
def names() -> dict[str, str]:
    """Return leaf id → name from the service cards; ids without a card are absent."""
    return {str(card["id"]): str(card["name"]) for card in _cards()}


@lru_cache(maxsize=128)
def card(leaf: str | None) -> dict[str, Any] | None:
    """Return the service card of a leaf as it stands in the file; None without one."""
    return next((card for card in _cards() if card["id"] == leaf), None)


@lru_cache(maxsize=1)
def errands() -> frozenset[str]:
    """Return the leaves done at a window, whose card offers an appointment or somebody to do it."""
    return frozenset(
        str(card["id"])
        for card in _cards()
        if card["kind"] == "办事" and {"appointment", "proxy"} & set(card.get("offers") or [])
    )


def errand_named(words: str) -> str | None:
    """Return the leaf of the errand whose card's name or other name stands in the words, or None for none or several."""
    found = [leaf for leaf in sorted(errands()) if any(n in words for n in _called(leaf))]
    return found[0] if len(found) == 1 else None


@lru_cache(maxsize=128)
def _called(leaf: str) -> tuple[str, ...]:
    known = card(leaf) or {}
    return (*str(known.get("name") or "").split("、"), *(known.get("aliases") or ()))


def name(leaf: str | None) -> str:
    """Return what people call the leaf; for an unknown one ``这件事``."""
    return names().get(leaf or "", say("this_matter"))


def whereabouts(leaf: str | None, told: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of a place, told for another matter, a matter shares: out of doors the house, without floor and door."""
    inside = ("floor", "room") if leaf in OUTDOORS else ()
    return {k: v for k, v in told.items() if k not in inside}


def may_be_offered(leaf: str | None) -> bool:
    """Whether somebody who was not understood may be asked whether this matter is meant (``data/dialogue/misses.yml``)."""
    return leaf not in load("misses")["never_offered"]


def named_in(leaf: str, text: str) -> bool:
    """Whether words name a leaf by what its name begins with (“高龄津贴多少钱”)."""
    words = re.split(r"[\uff08(、，/与和]", name(leaf))
    return any(len(w) >= NAME_SHORTEST and w in text for w in words)
