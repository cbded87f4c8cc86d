"""What the ticket subject has to know about a leaf of the catalogue, and urgency by words.

Both are data: ``data/sla/leaves.yml`` and ``data/sla/priorities.yml``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from services.tickets.core.kinds import Kind, Priority
from services.tickets.core.limits import Limit
from services.yaml_files import read_yaml


@dataclass(frozen=True)
class Law:
    """What a law sets for a leaf.

    Attributes:
        finish: Replaces the class's limit.
        source: Which law.
        extension: How much longer it lets the matter take; ``None``: as the class does.
    """

    finish: Limit
    source: str
    extension: Limit | None = None

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Law:
        """Read ``{finish: 7d, extension: 3d, source: …}``.

        Raises:
            KeyError: Without a limit or a source.
            ValueError: Malformed.
        """
        longer = data.get("extension")
        return cls(
            Limit.parse(data["finish"]),
            str(data["source"]),
            Limit.parse(longer) if longer else None,
        )


@dataclass(frozen=True)
class Leaf:
    """A leaf as the ticket sees it.

    Attributes:
        title: Short name used in the ticket's title.
        place: A place must be known before the ticket can be dispatched by itself.
        physical: Something is seen on the spot, so resolving needs a photo or the reason for none.
        restricted: Children, violence, mental crisis: neutral wording outside, fewer eyes inside.
        statutory: What a law sets instead of the class's limits.
    """

    id: str
    title: str
    kind: Kind
    place: bool = False
    physical: bool = False
    restricted: bool = False
    statutory: Law | None = None


RULE_KEYS = frozenset({"priority", "reason", "leaves", "words"})
"""Keys of an urgency rule. A half-width comma in a reason would make its rest a key of its own."""


@dataclass(frozen=True)
class PriorityRule:
    """One line of the urgency table: matches when leaf and a word match (empty: any)."""

    priority: Priority
    reason: str
    leaves: frozenset[str] = frozenset()
    words: tuple[str, ...] = ()

    def matches(self, leaf: str | None, text: str) -> bool:
        """Say whether the rule is for this leaf and text."""
        if self.leaves and leaf not in self.leaves:
            return False
        return not self.words or any(word in text for word in self.words)


@dataclass(frozen=True)
class Urgency:
    """The urgency table: first match wins."""

    rules: tuple[PriorityRule, ...]

    def of(self, leaf: str | None, text: str) -> tuple[Priority, str]:
        """Return priority and the reason in Chinese."""
        for rule in self.rules:
            if rule.matches(leaf, text):
                return rule.priority, rule.reason
        return Priority.U3, "普通事项"


@dataclass(frozen=True)
class Codes:
    """Version of the taxonomy, and what leaves are called elsewhere: empty until a place fills it in.

    Attributes:
        version: Stands on each ticket, so that an old one can still be read.
        gbt39666: Leaf → code of the national standard for hotlines.
        local: Leaf → code of the local catalogue of services.
    """

    version: str = ""
    gbt39666: Mapping[str, str] = field(default_factory=dict)
    local: Mapping[str, str] = field(default_factory=dict)

    @property
    def leaves(self) -> dict[str, str]:
        """Leaf by code, of either kind."""
        return {code: leaf for codes in (self.gbt39666, self.local) for leaf, code in codes.items()}

    @property
    def kinds(self) -> dict[str, dict[str, str]]:
        """Code by leaf, by kind: what an export keeps of them."""
        return {"gbt39666": dict(self.gbt39666), "local": dict(self.local)}

    def of(self, leaf: str) -> tuple[str, ...]:
        """Return the codes of a leaf that have been filled in."""
        return tuple(c[leaf] for c in (self.gbt39666, self.local) if leaf in c)


CODE_KEYS = frozenset({"gbt39666", "local"})


def load_codes(path: Path, leaves: Collection[str]) -> Codes:
    """Read version and codes; what is empty is left out.

    Raises:
        ValueError: Without a version, a leaf that is not there or has no line, another key, or a code
            of two leaves.
    """
    data: dict[str, Any] = read_yaml(path.read_text(encoding="utf-8"))
    given: Mapping[str, Mapping[str, str]] = data["codes"]
    if not data.get("version"):
        raise ValueError(f"{path.name}: version")
    if wrong := set(given) ^ set(leaves):
        raise ValueError(f"{path.name}: {'、'.join(sorted(wrong))}")
    if any(set(codes) - CODE_KEYS for codes in given.values()):
        raise ValueError(f"{path.name}: {'、'.join(sorted(CODE_KEYS))}")
    kinds = {
        key: {leaf: str(codes[key]) for leaf, codes in given.items() if codes.get(key)}
        for key in sorted(CODE_KEYS)
    }
    all_codes = [code for codes in kinds.values() for code in codes.values()]
    if twice := sorted({c for c in all_codes if all_codes.count(c) > 1}):
        raise ValueError(f"{path.name}: {'、'.join(twice)}")
    return Codes(str(data["version"]), kinds["gbt39666"], kinds["local"])


def load_leaves(path: Path) -> Mapping[str, Leaf]:
    """Read the leaves.

    Raises:
        ValueError: Malformed; the message names file and leaf.
    """
    leaves = {}
    for id, data in read_yaml(path.read_text(encoding="utf-8"))["leaves"].items():
        try:
            legal = data.get("statutory")
            leaves[id] = Leaf(
                id=id,
                title=data["title"],
                kind=Kind.parse(data["kind"]),
                place=bool(data.get("place")),
                physical=bool(data.get("physical")),
                restricted=bool(data.get("restricted")),
                statutory=Law.parse(legal) if legal else None,
            )
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise ValueError(f"事项配置有误：{path.name}:{id}:{error}") from error
    return leaves


def load_urgency(path: Path) -> Urgency:
    """Read the urgency table.

    Raises:
        ValueError: Malformed; the message names the file and the rule's number.
    """
    rules = []
    for n, data in enumerate(read_yaml(path.read_text(encoding="utf-8"))["priorities"], 1):
        try:
            if unknown := set(data) - RULE_KEYS:
                raise ValueError(f"没有这些项：{'、'.join(map(str, unknown))}")
            rules.append(
                PriorityRule(
                    Priority(data["priority"]),
                    data["reason"],
                    frozenset(data.get("leaves", ())),
                    tuple(data.get("words", ())),
                )
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"紧急程度配置有误：{path.name}:第{n}条：{error}") from error
    return Urgency(tuple(rules))
