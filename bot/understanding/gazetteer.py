"""The names that one county's people use: communities, compounds, streets, landmarks.

Read from ``data/localities/<name>/places.yml`` (edited by the locality). Missing files give an
empty gazetteer: the general patterns of ``addresses`` still work.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
LOCALITIES = ROOT / "data" / "localities"

_COMPOUND_KEYS = frozenset({"compounds", "communities"})
_BUILDING_KEYS = frozenset({"buildings"})


_LONG = 3


@dataclass(frozen=True)
class Gazetteer:
    """Names of one locality, or of all when the locality is not known."""

    names: frozenset[str]
    buildings: frozenset[str] = frozenset()

    @property
    def pattern(self) -> str:
        """Alternation of all names, longest first; matches nothing when there are none."""
        return _alternation(self.names)

    @property
    def houses(self) -> str:
        """Alternation of the names that single buildings have: 红砖楼."""
        return _alternation(self.buildings)

    @property
    def long(self) -> str:
        """Alternation of the names that are hardly part of another one: 铁北小区, 机械厂."""
        return _alternation(n for n in self.names if len(n) >= _LONG)


def _alternation(names: Iterable[str]) -> str:
    """Pattern of ``names``, the longest first; matches nothing when there are none."""
    return "|".join(re.escape(n) for n in sorted(names, key=lambda n: (-len(n), n))) or r"(?!)"


def _named(node: Any, keys: frozenset[str], wanted: bool = False) -> Iterator[str]:
    """Names and aliases of everything listed under one of ``keys``."""
    if isinstance(node, list):
        for item in node:
            yield from _named(item, keys, wanted)
    elif isinstance(node, dict):
        if wanted:
            names = [node.get("name"), *(node.get("aliases") or [])]
            yield from (str(n) for n in names if n)
        for key, value in node.items():
            if key in keys and isinstance(value, dict):
                yield from _named(list(value.values()), keys, wanted=True)
            else:
                yield from _named(value, keys, wanted=key in keys)


@lru_cache(maxsize=16)
def load_gazetteer(locality: str | None = None, folder: Path = LOCALITIES) -> Gazetteer:
    """Names of ``locality``, or of every locality in ``folder`` when it is ``None``."""
    pattern = f"{locality}/places.yml" if locality else "*/places.yml"
    places = [
        yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(folder.glob(pattern))
    ]
    names, buildings = (
        frozenset(n for n in _named(places, keys) if len(n) > 1)
        for keys in (_COMPOUND_KEYS, _BUILDING_KEYS)
    )
    return Gazetteer(names, buildings)
