"""Places as values: what the gazetteer holds and what resolving gives back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Community:
    """A community (社区), the area of one residents' committee."""

    id: str
    name: str
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True)
class Compound:
    """A housing compound (小区, 家属院) with the names people call it by."""

    id: str
    name: str
    community_id: str
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True)
class Building:
    """A building; ``number`` as digits or a letter, ``units`` the number of entrances (单元)."""

    id: str
    compound_id: str
    number: str
    units: int
    grid_id: str
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True)
class Grid:
    """A grid (网格): some buildings that one grid worker looks after."""

    id: str
    name: str
    community_id: str


@dataclass(frozen=True)
class Candidate:
    """A place that an address may mean. Ids are null from the first thing that is not known."""

    compound_id: str
    compound: str
    community_id: str
    community: str
    building_id: str | None
    building: str | None
    unit: str | None
    room: str | None
    grid_id: str | None
    grid: str | None
    worker: str | None
    label: str
    confidence: float


@dataclass(frozen=True)
class Resolution:
    """What an address came to.

    ``resolved``: exactly one candidate, and it is what was said.
    ``ambiguous``: one of the candidates, someone has to choose or confirm.
    ``unknown``: no such place here; candidates are only suggestions by similar name.
    ``missing`` names what to ask for: ``compound``, ``building``.
    """

    status: Literal["resolved", "ambiguous", "unknown"]
    missing: tuple[str, ...] = ()
    candidates: tuple[Candidate, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return the answer of ``/internal/v1/places/resolve``."""
        return {
            "status": self.status,
            "missing": list(self.missing),
            "candidates": [asdict(c) for c in self.candidates],
        }


AddressValue = Mapping[str, Any]
"""``{community?, building?, unit?, floor?, room?, place?}`` as the NLU gives it."""
