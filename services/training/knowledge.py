"""The rules of this subject and what they are made from, read once and when they are needed."""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cached_property
from pathlib import Path

from services.catalogue.service import CatalogueService
from services.training.labels import Labels
from services.training.outcomes import Outcomes
from services.training.wording import Wording

_LEAST = 2
"""A name of one character stands in too many sentences to say what they are about."""


class Knowledge:
    """Labels, wording and outcomes.

    Args:
        data_dir: The folder ``data``.
        catalogue: Its cards are the leaves.
    """

    def __init__(self, data_dir: Path, catalogue: CatalogueService) -> None:
        self._data_dir = data_dir
        self._catalogue = catalogue

    @cached_property
    def labels(self) -> Labels:
        """What a message can be labelled as."""
        return Labels(self._data_dir, {c.id: c.name for c in self._catalogue.cards()})

    @cached_property
    def wording(self) -> Wording:
        """When two messages say the same."""
        topics: dict[str, set[str]] = defaultdict(set)
        for card in self._catalogue.cards():
            for name in (*re.split(r"[、（）]", card.name), *card.aliases):
                if len(name) >= _LEAST:
                    topics[name].add(card.id)
        return Wording(self._data_dir, {name: frozenset(ids) for name, ids in topics.items()})

    @cached_property
    def outcomes(self) -> Outcomes:
        """How a message went."""
        return Outcomes(self._data_dir)
