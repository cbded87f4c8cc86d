"""Where a ticket is about, as resolved by the places subject."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any


@dataclass(frozen=True)
class Location:
    """A resolved place. Ids come from the locality's files; any part may be unknown.

    ``confidence`` is 0–1: how sure the resolver is that this is the place that was meant.
    """

    compound_id: str | None = None
    compound: str | None = None
    community_id: str | None = None
    community: str | None = None
    building_id: str | None = None
    building: str | None = None
    unit: str | None = None
    room: str | None = None
    grid_id: str | None = None
    grid: str | None = None
    text: str = ""
    confidence: float = 0.0

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Location:
        """Read a candidate of ``/places/resolve``; unknown keys are ignored, ``label`` is text."""
        values = {k: v for k, v in data.items() if k in _KNOWN and v is not None}
        values.setdefault("text", data.get("label") or "")
        return cls(**values)

    def to_dict(self) -> dict[str, Any]:
        """Return the parts that are known."""
        return {k: v for k, v in vars(self).items() if v not in (None, "")}

    def elsewhere(self, other: Location) -> bool:
        """Say whether the other is another house or unit, where the same door is somebody else's."""
        pairs = ((getattr(self, part), getattr(other, part)) for part in _STAIRS)
        return any(one != two for one, two in pairs if one and two)

    @property
    def public_text(self) -> str:
        """The place in words without the room, which is personal data: 幸福小区3号楼2单元."""
        parts = [self.compound or self.community or ""]
        if self.building:
            parts.append(_suffixed(self.building, "号楼"))
        if self.unit:
            parts.append(_suffixed(self.unit, "单元"))
        return "".join(parts)


_STAIRS = ("compound_id", "building_id", "unit")
_KNOWN = frozenset(f.name for f in fields(Location))


def _suffixed(value: str, suffix: str) -> str:
    """3 → 3号楼; a value that already has its own word (3栋) stays as it is."""
    return value + suffix if value[-1:].isdigit() else value
