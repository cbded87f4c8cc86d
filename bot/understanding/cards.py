"""The service cards as the matcher sees them: their id, kind and the words that call for them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

from bot.understanding.gazetteer import ROOT

CATALOGUE = ROOT / "data" / "catalogue"


@dataclass(frozen=True)
class Card:
    """A service card: ``phrases`` are its name, aliases and examples."""

    id: str
    kind: str
    phrases: tuple[str, ...]


def load_cards(folder: Path = CATALOGUE) -> list[Card]:
    """All cards of ``folder``; a file that cannot be read as cards is passed over."""
    cards: list[Card] = []
    for path in sorted(folder.glob("*.yml")):
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        for item in (data or {}).get("cards") or []:
            words = [item.get("name"), *(item.get("aliases") or []), *(item.get("examples") or [])]
            phrases = tuple(dict.fromkeys(str(w) for w in words if w))
            cards.append(Card(str(item["id"]), str(item.get("kind") or ""), phrases))
    return cards


def catalogue_stamp(folder: Path = CATALOGUE) -> float:
    """Time of the last change of a card file; 0 when there is none."""
    return max((p.stat().st_mtime for p in folder.glob("*.yml")), default=0.0)
