"""How what is reviewed stands: pure functions over the words as residents are told them.

A review belongs to the words that were read, by their digest. Other words are other words, whoever
changed them and wherever: the card, the unit's phone, the dispatch directory's sentence on power.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from services.catalogue.files import read

Kind = Literal["card", "safety", "certificate", "redirect", "wording"]
State = Literal["none", "changed", "expired", "wrong", "good"]
KIND_NAMES: Mapping[Kind, str] = {
    "card": "办事卡片", "safety": "安全提示卡", "certificate": "证明开不开", "redirect": "归别处管的事",
    "wording": "别的说法",
}  # fmt: skip
STATE_NAMES: Mapping[State, str] = {
    "wrong": "有人说有错",
    "changed": "改过，要再看",
    "expired": "到期了，要再看",
    "none": "还没人看过",
    "good": "看过，没问题",
}
"""In the order in which they are shown: what is said to be wrong first."""
UNREAD = frozenset({
    "reviewed", "version", "examples", "valid", "notice", "id", "slug", "kind", "phone_of",
})  # fmt: skip
"""Parts of a card or redirect that say nothing to a resident, or say when it was read."""


Content = tuple[tuple[str, tuple[str, ...]], ...]
"""Path of each part of the words, and its lines."""


GAP = re.compile(r"\{(\w+)[^{}]*\}")
"""What is filled in when words are told: ``{place}``, ``{due:.0f}``."""


GENERAL = "general"
"""The safety card of every danger that has none of its own."""


class Wording(BaseModel):
    """Further words that answer residents on policy or in danger.

    Attributes:
        kind: ``safety`` where lives depend on them: counted and kept like a safety card.
        owner: Unit that keeps them true; None: the general one.
        local: The files are the locality's.
        said: By file the places in it (``versions.0``) with their names for the page.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    kind: Literal["safety", "wording"] = "wording"
    owner: str | None = None
    local: bool = False
    said: Mapping[str, Mapping[str, str]] = Field(default_factory=dict)


class Rules(BaseModel):
    """``data/reviews.yml``: how long a review holds (days, the usual first), names for the page.

    Attributes:
        general: Unit of what nobody else is named for.
        owners: By kind the unit of an item: safety cards that no leaf has, redirects.
        wordings: Further words by id.
        joined: Parts whose lines are single words, shown in one line.
        words: Values that the program knows by a key, as people read them.
        gaps: What is filled in when the words are told: ``{place}`` is read as 〔地方〕.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    holds: Mapping[Kind, Annotated[tuple[int, ...], Field(min_length=1)]]
    general: str
    owners: Mapping[Kind, Mapping[str, str]]
    wordings: Mapping[str, Wording]
    labels: Mapping[str, str]
    joined: frozenset[str]
    words: Mapping[str, str]
    gaps: Mapping[str, str]

    def owner(self, kind: Kind, id: str, else_: str | None = None) -> str:
        """Return the unit of an item; nobody named: ``else_`` or the general one, so that no new card breaks the page."""
        return self.owners.get(kind, {}).get(id) or else_ or self.general

    def label(self, path: str) -> str:
        """Return the name of a part: ``elder.after.worse`` → 大字版 · 接着说 · 更重了."""
        return " · ".join(self.labels.get(part, part) for part in path.split("."))

    def word(self, value: str) -> str:
        """Return a value as people read it, its gaps by their names."""
        named = self.words.get(value, value)
        return GAP.sub(lambda gap: f"〔{self.gaps.get(gap[1], gap[1])}〕", named)


def load_rules(data_dir: Path) -> Rules:
    """Read ``reviews.yml``.

    Raises:
        DataFileError: It cannot be read.
    """
    return read(data_dir / "reviews.yml", Rules)


@dataclass(frozen=True)
class Filed:
    """A review that stands in the data file: by whom and when, of the words of that day."""

    by: str
    on: date


@dataclass(frozen=True)
class Item:
    """A card or another text with the words that are read.

    Attributes:
        key: ``card-A1``, ``safety-H3``, ``certificate-1``, ``redirect-passport``, ``wording-privacy``;
            ``safety-general`` is the general safety card.
        owner: Unit (``orgs.yml``) that must keep it true.
        content: In the card's own order.
        filed: What the data file says of a review.
    """

    key: str
    kind: Kind
    name: str
    owner: str
    content: Content
    filed: Filed | None = None

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the words, the same as long as nothing in them changes."""
        text = json.dumps(self.content, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class Review:
    """A review, or a remark that something is wrong (``ok`` False), and how that was answered."""

    id: int
    digest: str
    content: Content
    ok: bool
    remark: str
    by: str
    by_name: str
    office: str
    at: datetime
    until: date | None
    answered_by: str = ""
    answered_at: datetime | None = None
    answer: str = ""


@dataclass(frozen=True)
class Standing:
    """How an item stands: its state, the review that says so, remarks that wait for an answer."""

    state: State
    review: Review | None = None
    remarks: tuple[Review, ...] = ()


def rows_of(given: Any, path: str = "") -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield path and lines of each part that says something; mappings are gone into, lists are lines."""
    if isinstance(given, Mapping):
        for name, value in given.items():
            yield from rows_of(value, f"{path}.{name}" if path else name)
    elif isinstance(given, bool):
        yield path, ("true" if given else "false",)
    elif isinstance(given, (list, tuple)):
        if lines := tuple(" ".join(_line(each)) for each in given):
            yield path, lines
    elif given not in (None, ""):
        yield path, (str(given),)


def _line(given: Any) -> list[str]:
    """The words of one line; keys and flags by which the program tells entries apart are no words."""
    if isinstance(given, bool):
        return []
    if isinstance(given, Mapping):
        given = [value for name, value in given.items() if name != "id"]
    elif not isinstance(given, (list, tuple)):
        return [] if given in (None, "") else [str(given)]
    return [word for each in given for word in _line(each)]


def standing(item: Item, reviews: Sequence[Review], today: date, holds: int) -> Standing:
    """Return how an item stands.

    Args:
        item: As it is now.
        reviews: All of it, the oldest first.
        today: A review holds on its last day, too.
        holds: Days for which a review of the data file holds.
    """
    here = [r for r in reviews if r.digest == item.digest]
    waiting = tuple(r for r in here if not r.ok and r.answered_at is None)
    last = next((r for r in reversed(here) if r.ok), None)
    if waiting:
        return Standing("wrong", last, waiting)
    if last is not None:
        over = last.until is not None and last.until < today
        return Standing("expired" if over else "good", last)
    before = next((r for r in reversed(reviews) if r.ok), None)
    if any(r.digest != item.digest for r in reviews):
        return Standing("changed", before)
    if item.filed is None:
        return Standing("none")
    over = item.filed.on + timedelta(days=holds) < today
    return Standing("expired" if over else "good")


def changes(before: Content, now: Content) -> dict[str, tuple[str, ...]]:
    """Return the parts that are other than before, with the lines of then; none for a new part."""
    then, here = dict(before), dict(now)
    differing = [path for path in {**then, **here} if then.get(path) != here.get(path)]
    return {path: then.get(path, ()) for path in differing}


def counted(standings: Collection[Standing]) -> dict[State, int]:
    """Return how many items stand in each state, those of nobody included."""
    return {state: sum(s.state == state for s in standings) for state in STATE_NAMES}
