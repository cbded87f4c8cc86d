"""The locality's places in memory, with the look-ups that resolving needs. No database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from services.places.model import Building, Candidate, Community, Compound, Grid
from services.places.numbers import building_name, building_number, normal


@dataclass(frozen=True)
class Gazetteer:
    """All places. ``workers`` gives the name of a grid's worker by grid id."""

    communities: tuple[Community, ...] = ()
    compounds: tuple[Compound, ...] = ()
    buildings: tuple[Building, ...] = ()
    grids: tuple[Grid, ...] = ()
    workers: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def community(self) -> dict[str, Community]:
        """Communities by id."""
        return {c.id: c for c in self.communities}

    @cached_property
    def compound(self) -> dict[str, Compound]:
        """Compounds by id."""
        return {c.id: c for c in self.compounds}

    @cached_property
    def building(self) -> dict[str, Building]:
        """Buildings by id."""
        return {b.id: b for b in self.buildings}

    @cached_property
    def grid(self) -> dict[str, Grid]:
        """Grids by id."""
        return {g.id: g for g in self.grids}

    @cached_property
    def buildings_of(self) -> dict[str, list[Building]]:
        """Buildings by compound id."""
        found: dict[str, list[Building]] = {c.id: [] for c in self.compounds}
        for b in self.buildings:
            found[b.compound_id].append(b)
        return found

    @cached_property
    def _numbers(self) -> dict[tuple[str, str], Building]:
        found: dict[tuple[str, str], Building] = {}
        for b in self.buildings:
            for said in (b.number, *b.aliases):
                found.setdefault((b.compound_id, building_number(said)), b)
        return found

    def find_building(self, compound_id: str, said: str) -> Building | None:
        """Return the building of a compound by number or alias, None when it has none such."""
        return self._numbers.get((compound_id, building_number(said)))

    def grid_of_compound(self, compound_id: str) -> str | None:
        """Return the compound's grid when all its buildings share one."""
        grids = {b.grid_id for b in self.buildings_of[compound_id]}
        return grids.pop() if len(grids) == 1 else None

    def compound_names(self) -> Iterable[tuple[str, Compound]]:
        """Yield every name and alias with its compound, normalised."""
        for c in self.compounds:
            for name in (c.name, *c.aliases):
                yield normal(name), c

    def area(self, community: str | None, grid: str | None) -> dict[str, Any] | None:
        """Return a community, or one of its grids, as the place of what is no single house's.

        Args:
            community: Id or name; of a grid it may be left out.
            grid: Id or name.
        """
        grids = {name: g for g in self.grids for name in (g.id, g.name)}
        one = grids.get(grid) if grid else None
        wanted = community or (one.community_id if one else None)
        named = {name: c for c in self.communities for name in (c.id, c.name, *c.aliases)}
        found = named.get(wanted) if wanted else None
        if found is None or (grid and (one is None or one.community_id != found.id)):
            return None
        place = {"community_id": found.id, "community": found.name, "confidence": 1.0}
        if one is None:
            return place | {"text": found.name}
        return place | {"grid_id": one.id, "grid": one.name, "text": one.name}

    def candidate(
        self,
        compound: Compound,
        building: Building | None,
        unit: str | None,
        room: str | None,
        confidence: float,
    ) -> Candidate:
        """Return a place with everything that follows from its ids.

        The label goes into texts that others read as well, so it never has the room.
        """
        grid_id = building.grid_id if building else self.grid_of_compound(compound.id)
        grid = self.grid.get(grid_id) if grid_id else None
        number = building.number if building else None
        label = compound.name
        if number:
            label += building_name(number)
        if unit:
            label += f"{unit}单元"
        return Candidate(
            compound_id=compound.id,
            compound=compound.name,
            community_id=compound.community_id,
            community=self.community[compound.community_id].name,
            building_id=building.id if building else None,
            building=number,
            unit=unit,
            room=room if building else None,
            grid_id=grid_id,
            grid=grid.name if grid else None,
            worker=self.workers.get(grid_id) if grid_id else None,
            label=label,
            confidence=confidence,
        )
