"""The names that one county's people use: communities, compounds, streets, landmarks.

Read from ``data/localities/<name>/places.yml`` (edited by the locality). Missing files give an
empty gazetteer: the general patterns of ``addresses`` still work.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
LOCALITIES = ROOT / "data" / "localities"

_COMPOUND_KEYS = frozenset({"compounds", "communities"})


_LONG = 3


@dataclass(frozen=True)
class Gazetteer:
    """Names of one locality, or of all when the locality is not known."""

    names: frozenset[str]

    @property
    def pattern(self) -> str:
        """Alternation of all names, longest first; matches nothing when there are none."""
        if not self.names:
            return r"(?!)"
        return "|".join(re.escape(n) for n in sorted(self.names, key=lambda n: (-len(n), n)))

    @property
    def long(self) -> str:
        """Alternation of the names that are hardly part of another one: 铁北小区, 机械厂."""
        names = [re.escape(n) for n in sorted(self.names, key=lambda n: (-len(n), n))]
        return "|".join(n for n in names if len(n) >= _LONG) or r"(?!)"


def _named(node: Any, wanted: bool = False) -> Iterator[str]:
    """Names and aliases of everything listed under one of ``_COMPOUND_KEYS``."""
    if isinstance(node, list):
        for item in node:
            yield from _named(item, wanted)
    elif isinstance(node, dict):
        if wanted:
            names = [node.get("name"), *(node.get("aliases") or [])]
            yield from (str(n) for n in names if n)
        for key, value in node.items():
            if key in _COMPOUND_KEYS and isinstance(value, dict):
                yield from _named(list(value.values()), wanted=True)
            else:
                yield from _named(value, wanted=key in _COMPOUND_KEYS)


@lru_cache(maxsize=16)
def load_gazetteer(locality: str | None = None, folder: Path = LOCALITIES) -> Gazetteer:
    """Names of ``locality``, or of every locality in ``folder`` when it is ``None``."""
    pattern = f"{locality}/places.yml" if locality else "*/places.yml"
    names: set[str] = set()
    for path in sorted(folder.glob(pattern)):
        names.update(_named(yaml.safe_load(path.read_text(encoding="utf-8"))))
    return Gazetteer(frozenset(n for n in names if len(n) >= 2))
