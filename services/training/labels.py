"""What a message can be labelled as: intents with their leaves, and entities, in people's words."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from services.catalogue.files import read

NO_LEAF = ""
OUT_OF_SCOPE = "out_of_scope"
EMERGENCY = "emergency"


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Intent(_Entry):
    """One intent.

    Attributes:
        leaf: ``any`` – a leaf of the catalogue or one of ``also``; ``optional`` – a leaf or none;
            ``only`` – one of ``leaves``; ``without`` – none.
        default: What it means that the model names no leaf.
        card: The card of the catalogue that means just this intent, so it is no leaf of another.
    """

    id: str
    name: str
    means: str
    leaf: Literal["any", "optional", "only", "without"]
    also: tuple[str, ...] = ()
    leaves: tuple[str, ...] = ()
    card: str | None = None
    default: str = NO_LEAF


class EntityType(_Entry):
    """One kind of words that mean something."""

    id: str
    name: str


class LabelFile(_Entry):
    """``data/learning/intents.yml``; Rasa would take a key named ``intents`` for a domain."""

    version: int
    intent_words: tuple[Intent, ...]
    unused_cards: tuple[str, ...]
    special_leaves: Mapping[str, str]
    entity_words: tuple[EntityType, ...]


class Labels:
    """The file, read once.

    Args:
        data_dir: The folder ``data``.
        cards: Leaf → name of its card, in the catalogue's order.
    """

    def __init__(self, data_dir: Path, cards: Mapping[str, str]) -> None:
        self._path = data_dir / "learning" / "intents.yml"
        self._cards = cards

    @cached_property
    def _file(self) -> LabelFile:
        return read(self._path, LabelFile)

    @cached_property
    def intents(self) -> Mapping[str, Intent]:
        """By id, in the order of the file."""
        return {i.id: i for i in self._file.intent_words}

    @cached_property
    def entities(self) -> Mapping[str, str]:
        """Type → Chinese name."""
        return {e.id: e.name for e in self._file.entity_words}

    @cached_property
    def leaf_names(self) -> Mapping[str, str]:
        """Leaf → Chinese name, the special ones last."""
        return {**self._cards, **self._file.special_leaves}

    @cached_property
    def intent_of_card(self) -> Mapping[str, str]:
        """Card → the intent that it means by itself (M2 → urge_ticket)."""
        return {i.card: i.id for i in self._file.intent_words if i.card}

    @cached_property
    def _leaves(self) -> tuple[str, ...]:
        taken = {*self.intent_of_card, *self._file.unused_cards}
        return tuple(leaf for leaf in self._cards if leaf not in taken)

    @cached_property
    def with_leaf(self) -> tuple[str, ...]:
        """Intents that may have a leaf."""
        return tuple(i.id for i in self._file.intent_words if i.leaf != "without")

    def intent_name(self, intent: str | None) -> str:
        """Return the Chinese name; of an unknown one what it is called."""
        known = self.intents.get(intent or "")
        return known.name if known else intent or "没听懂"

    def leaf_name(self, leaf: str | None) -> str:
        """Return the Chinese name; empty when there is no leaf."""
        return self.leaf_names.get(leaf, leaf) if leaf else ""

    def leaves_of(self, intent: str) -> Collection[str]:
        """Return the leaves that an intent may have; the empty one when it may have none."""
        known = self.intents[intent]
        match known.leaf:
            case "any":
                return (*self._leaves, *known.also)
            case "optional":
                return (*self._leaves, NO_LEAF)
            case "only":
                return known.leaves
            case "without":
                return (NO_LEAF,)

    def shown_leaf(self, intent: str | None, leaf: str | None) -> str:
        """Return the model's leaf as it would be taught."""
        known = self.intents.get(intent or "")
        if known is None or known.leaf == "without":
            return NO_LEAF
        return leaf or known.default
