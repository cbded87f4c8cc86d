"""What is offered to the public, as data (``data/open311.yml``, ``localities/*/points.yml``)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.catalogue.files import read
from services.tickets.core.states import STORED, State

EARTH_M = 6_371_000.0
"""Mean radius of the earth in metres."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Attribute(_Strict):
    """One thing that is asked about a service; ``values`` are the choices of a list."""

    code: str = Field(pattern=r"^[a-z_]+$")
    datatype: Literal["string", "number", "datetime", "text", "singlevaluelist", "multivaluelist"]
    description: str = Field(min_length=1)
    required: bool = False
    values: Mapping[str, str] = {}

    @model_validator(mode="after")
    def _listed(self) -> Attribute:
        if bool(self.values) != self.datatype.endswith("list"):
            raise ValueError(f"{self.code}：是选择项才有 values，也一定要有")
        return self


class Offered(_Strict):
    """A service. ``realtime`` gives the number at once, ``batch`` a token for it."""

    type: Literal["realtime", "batch"] = "realtime"
    attributes: tuple[Attribute, ...] = ()


class Offer(_Strict):
    """The whole file.

    Attributes:
        requests_per_hour: Requests that one key may file.
        near_m: Metres from a compound's point within which coordinates mean that compound.
        span_days: Days that one query may span (GeoReport v2: 90).
        most: Requests that one answer holds (GeoReport v2: 1000).
        notice: Sentence for who has filed; ``{due}`` is the sentence with the date, or nothing.
        groups: Name of each chapter of the catalogue.
        notes: What the public reads about each state.
        services: What is offered, by leaf.
    """

    requests_per_hour: int = Field(ge=1)
    near_m: float = Field(gt=0)
    span_days: int = Field(ge=1, le=90)
    most: int = Field(ge=1, le=1000)
    notice: str
    groups: Mapping[str, str]
    notes: Mapping[State, str]
    services: Mapping[str, Offered]

    @model_validator(mode="after")
    def _complete(self) -> Offer:
        if missing := [s.value for s in STORED if s not in self.notes]:
            raise ValueError(f"open311.yml 的 notes 里缺少：{'、'.join(sorted(missing))}")
        if unnamed := sorted({leaf[0] for leaf in self.services} - set(self.groups)):
            raise ValueError(f"open311.yml 的 groups 里缺少：{'、'.join(unnamed)}")
        return self


class Points(_Strict):
    """Where compounds are: latitude and longitude (WGS84), by compound id."""

    compounds: Mapping[str, tuple[float, float]]

    def nearest(self, lat: float, long: float, within_m: float) -> str | None:
        """Return the compound whose point is nearest, ``None`` when none is near enough."""
        found = [(_metres((lat, long), p), c) for c, p in self.compounds.items()]
        distance, compound = min(found, default=(math.inf, None))
        return compound if distance <= within_m else None


def load_offer(path: Path, known: Mapping[str, object]) -> Offer:
    """Read the offer.

    Args:
        known: Leaves of the catalogue.

    Raises:
        ValueError: The file is malformed, or names a leaf that is not there.
    """
    offer = read(path, Offer)
    if unknown := sorted(set(offer.services) - set(known)):
        raise ValueError(f"open311.yml 里没有这些事项：{'、'.join(unknown)}")
    return offer


def load_points(path: Path) -> Points:
    """Read the points; a locality without the file has none."""
    return read(path, Points) if path.exists() else Points(compounds={})


def _metres(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Return the great-circle distance of two points (haversine)."""
    (lat1, long1), (lat2, long2) = ((math.radians(x), math.radians(y)) for x, y in (a, b))
    h = math.sin((lat2 - lat1) / 2) ** 2
    h += math.cos(lat1) * math.cos(lat2) * math.sin((long2 - long1) / 2) ** 2
    return 2 * EARTH_M * math.asin(math.sqrt(min(h, 1.0)))
