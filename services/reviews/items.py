"""What is reviewed here: cards, safety cards, certificates, redirects and further words, as they are told.

Only the words count, and what is told with them (a unit's phone, the sentence on power); patterns by
which a message is recognised are no words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any

import yaml

from services.catalogue.files import DataFileError
from services.catalogue.model import Card, CertificateItem, Source
from services.catalogue.service import GENERAL as GENERAL_CARD
from services.catalogue.service import CatalogueService
from services.config import Settings
from services.reviews.model import GENERAL, UNREAD, Content, Filed, Item, Rules, Wording, rows_of
from services.tickets import profiles
from services.tickets.core.leaves import load_leaves
from services.tickets.core.sla import load_profile
from services.yaml_files import read_yaml

ALLOWED: Mapping[bool | None, str] = {True: "given", False: "refused", None: "depends"}
DEADLINES = "deadlines"
"""The wording that is no text but the time limits of this place."""


class Items:
    """Everything that is reviewed.

    Args:
        settings: Where the data files are, and which time limits count here.
        rules: Units, names and further words.
        catalogue: Cards, certificates, redirects as they are told.
        unit: Gives a unit's name.
    """

    def __init__(
        self, settings: Settings, rules: Rules, catalogue: CatalogueService, unit: Callable[[str], str]
    ) -> None:  # fmt: skip
        self._settings, self._rules = settings, rules
        self._catalogue, self._unit = catalogue, unit

    def all(self) -> list[Item]:
        """Return all items by kind, cards first.

        Raises:
            DataFileError: A file cannot be read.
        """
        found = [*self._cards(), *self._safety(), *self._certificates(), *self._redirects()]
        return [*found, *self._wordings]

    def card(self, card: Card) -> Item:
        """Return a card, also one that is not in the files yet, with what it is told with here."""
        told = self._catalogue.told(card)
        parts = {name: value for name, value in told.items() if name not in UNREAD}
        parts["owner"] = self._unit(card.owner)
        seen = Filed(card.reviewed.by, card.reviewed.on) if card.reviewed else None
        content = tuple(rows_of(parts))
        return Item(f"card-{card.id}", "card", f"{card.id} {card.name}", card.owner, content, seen)

    def _cards(self) -> Iterator[Item]:
        return (self.card(card) for card in self._catalogue.cards())

    def _safety(self) -> Iterator[Item]:
        cards = {card.id: card for card in self._catalogue.cards()}
        signed, numbers = self._catalogue.safety_signed(), self._catalogue.safety_numbers()
        seen = Filed(*signed) if signed else None
        for words in self._catalogue.safety_cards():
            leaf = GENERAL if words.leaf == GENERAL_CARD else words.leaf
            parts = words.model_dump(mode="json", exclude={"leaf"})
            parts["numbers"] = [numbers[n] for n in words.numbers if n in numbers]
            name = f"{leaf} {words.title}" if leaf in cards else words.title
            owner = cards[leaf].owner if leaf in cards else self._rules.owner("safety", leaf)
            yield Item(f"safety-{leaf}", "safety", name, owner, tuple(rows_of(parts)), seen)

    def _certificates(self) -> Iterator[Item]:
        policy = self._catalogue.certificate_policy()
        day = policy.reviewed_on
        seen = Filed(policy.reviewed_by or "", day) if day else None
        for item in policy.items:
            owner = item.owner or policy.owner or self._rules.owner("certificate", item.key)
            key, content = f"certificate-{item.key}", tuple(rows_of(self._certificate(item)))
            yield Item(key, "certificate", item.name, owner, content, seen)

    def _certificate(self, item: CertificateItem) -> dict[str, Any]:
        policy = self._catalogue.certificate_policy()
        listed, source = item.no is not None, policy.source
        if isinstance(source, Source):
            source = f"{source.title} {source.ref or ''}".strip()
        return {
            "name": item.name, "aliases": item.aliases, "allowed": ALLOWED[item.allowed],
            "why": item.why, "redirect": item.redirect, "bring": item.bring,
            "elder": item.elder.model_dump(), "asks": item.asks if item.allowed is not False else (),
            "card": self._name(item.leaf), "basis": f"{policy.basis}第{item.no}项" if listed else None,
            "source": source if listed else None,
            "valid_from": policy.valid_from,
        }  # fmt: skip

    def _redirects(self) -> Iterator[Item]:
        for row in self._catalogue.redirects():
            parts = self._catalogue.told_redirect(row)
            parts["leaves"] = [self._name(leaf) for leaf in row.leaves]
            owner = self._rules.owner("redirect", row.id, row.phone_of)
            content = tuple(rows_of({k: v for k, v in parts.items() if k not in UNREAD}))
            yield Item(f"redirect-{row.id}", "redirect", row.name, owner, content)

    @cached_property
    def _wordings(self) -> list[Item]:
        """Read once: a change of the files counts after a restart, as everywhere."""
        found = []
        for id, row in self._rules.wordings.items():
            content = self._limits() if id == DEADLINES else tuple(self._said(row))
            owner = row.owner or self._rules.general
            found.append(Item(f"{row.kind}-{id}", row.kind, row.name, owner, content))
        return found

    def _said(self, row: Wording) -> Iterator[tuple[str, tuple[str, ...]]]:
        for name, parts in row.said.items():
            words = self._file(name, row.local)
            for path, label in parts.items():
                yield from rows_of(_part(words, path), label)

    def problems(self) -> list[str]:
        """Return what ``reviews.yml`` names and no file has: words that nobody would be shown."""
        return [
            f"reviews.yml：{id} 的 {path} 在 {name} 里没有"
            for id, row in self._rules.wordings.items()
            for name, parts in row.said.items()
            for words in [self._file(name, row.local)]
            for path in parts
            if _part(words, path) is None
        ]

    def _file(self, name: str, local: bool) -> Any:
        path = (self._settings.locality_dir if local else self._settings.data_dir) / name
        try:
            return read_yaml(path.read_text("utf-8"))
        except OSError:
            raise DataFileError(f"{name}：读不到文件 {path}") from None
        except yaml.YAMLError as error:
            raise DataFileError(f"{name}：不是合法的 YAML：{error}") from None

    def _limits(self) -> Content:
        """The time limits that count here and their sources, in words."""
        folder = self._settings.data_dir / "sla"
        profile = load_profile(folder, self._settings.sla_profile)
        told = profiles.told(profile, load_leaves(folder / "leaves.yml"))
        return tuple(rows_of(told))

    def _name(self, leaf: str) -> str:
        card = next((c for c in self._catalogue.cards() if c.id == leaf), None)
        return f"{leaf} {card.name}" if card else leaf


def _part(words: Any, path: str) -> Any:
    """Return what stands at ``kinds.refuse.paragraphs`` or ``versions.0``; None: nothing does."""
    for name in path.split("."):
        if isinstance(words, Mapping):
            words = words.get(name)
        elif isinstance(words, list) and name.isdigit() and int(name) < len(words):
            words = words[int(name)]
        else:
            return None
    return words
