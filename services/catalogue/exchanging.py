"""Cards out of the data files and back: one file for whoever edits them elsewhere.

An import adds and changes cards; it takes none away. What changes is said field by field before it is
written, and a card whose words changed gets a new version by itself.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from services.catalogue.files import DataFileError, read
from services.catalogue.model import Card, CardFile


@dataclass(frozen=True)
class Change:
    """A card that a file adds or changes; ``fields`` is empty for a new one."""

    card: Card
    fields: tuple[str, ...]

    @property
    def text(self) -> str:
        """One line for people."""
        what = f"改了 {'、'.join(self.fields)}" if self.fields else "新卡片"
        return f"{self.card.id} {self.card.name}：{what}"


@dataclass(frozen=True)
class Changes:
    """All that a file would change, and the cards as they would be then."""

    found: tuple[Change, ...]
    result: tuple[Card, ...]

    def __iter__(self) -> Iterator[Change]:
        return iter(self.found)

    def __len__(self) -> int:
        return len(self.found)


def to_yaml(cards: Iterable[Card]) -> str:
    """Return cards in the form of the data files."""
    told = [card.model_dump(mode="json", exclude_unset=True) for card in cards]
    return yaml.safe_dump({"cards": told}, allow_unicode=True, sort_keys=False, width=10_000)


def read_cards(path: Path) -> tuple[Card, ...]:
    """Read a file of cards, YAML or JSON.

    Raises:
        DataFileError: It cannot be read, or has a card twice.
    """
    cards = read(path, CardFile).cards
    twice = {c.id for c in cards if sum(o.id == c.id for o in cards) > 1}
    if twice:
        raise DataFileError(f"{path.name}：{'、'.join(sorted(twice))} 有两张卡片")
    return cards


def changes(known: Collection[Card], given: Iterable[Card]) -> Changes:
    """Return what the given cards change of the known ones. Pure."""
    result = {card.id: card for card in known}
    found = []
    for card in given:
        old = result.get(card.id)
        fields = () if old is None else _differing(old, card)
        if old is not None and not fields:
            continue
        if old is not None and card.version <= old.version:
            card = card.model_copy(update={"version": old.version + 1})
        found.append(Change(card, fields))
        result[card.id] = card
    return Changes(tuple(found), tuple(result.values()))


def _differing(old: Card, new: Card) -> tuple[str, ...]:
    names = (n for n in Card.model_fields if n != "version")
    return tuple(n for n in names if getattr(old, n) != getattr(new, n))


def write(folder: Path, wanted: Changes) -> None:
    """Write the chapters that a change concerns, each whole or not at all; its first lines stay."""
    for chapter in sorted({change.card.id[0] for change in wanted}):
        path = folder / f"{chapter}.yml"
        old = path.read_text(encoding="utf-8") if path.exists() else ""
        head = "".join(line for line in old.splitlines(keepends=True) if line.startswith("#"))
        cards = sorted(
            (c for c in wanted.result if c.id.startswith(chapter)), key=lambda c: int(c.id[1:])
        )
        part = path.with_name(f".{path.name}.part")
        part.write_text(head + to_yaml(cards), encoding="utf-8")
        part.replace(path)
