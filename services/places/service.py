"""Places of the locality: the gazetteer from the database and the resolver on it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from sqlalchemy import select

from services.clock import Clock
from services.config import Settings
from services.db import Database, Session
from services.people.model import Home
from services.people.tables import StaffGridRow, StaffRow
from services.places import resolver
from services.places.gazetteer import Gazetteer
from services.places.model import (
    AddressValue,
    Building,
    Candidate,
    Community,
    Compound,
    Grid,
    Resolution,
)
from services.places.numbers import room_number, unit_number
from services.places.tables import BuildingRow, CommunityRow, CompoundRow, GridRow


class PlaceService:
    """Finds places. A county's places are some hundreds of rows, read afresh when they are needed:
    every process then sees a changed building or grid worker at once.
    """

    def __init__(self, settings: Settings, db: Database, clock: Clock) -> None:
        self._settings = settings
        self._db = db

    async def resolve(
        self, value: AddressValue, text: str = "", home: Home | None = None
    ) -> Resolution:
        """Say which place an address means (see :func:`services.places.resolver.resolve`)."""
        return resolver.resolve(await self.gazetteer(), value, text, home)

    async def locate(
        self,
        compound_id: str | None = None,
        building_id: str | None = None,
        unit: str | None = None,
        room: str | None = None,
    ) -> Candidate | None:
        """Return the place of these ids with names, community, grid and worker filled in.

        None when an id is unknown or the building is not in the compound: ids that come back from
        outside are looked up again and never trusted to fit together.
        """
        gazetteer = await self.gazetteer()
        building = gazetteer.building.get(building_id or "")
        if building_id and building is None:
            return None
        owner = building.compound_id if building else compound_id
        compound = gazetteer.compound.get(owner or "")
        if compound is None or (compound_id is not None and compound_id != compound.id):
            return None
        return gazetteer.candidate(
            compound,
            building,
            unit_number(unit) if unit else None,
            room_number(room) if room else None,
            1.0,
        )

    async def listing(self) -> dict[str, Any]:
        """Return communities, compounds with their buildings, and grids (``GET /places``)."""
        g = await self.gazetteer()
        return {
            "communities": [asdict(c) for c in g.communities],
            "compounds": [
                {**asdict(c), "buildings": [asdict(b) for b in g.buildings_of[c.id]]}
                for c in g.compounds
            ],
            "grids": [
                {
                    **asdict(grid),
                    "worker": g.workers.get(grid.id),
                    "building_ids": [b.id for b in g.buildings if b.grid_id == grid.id],
                }
                for grid in g.grids
            ],
        }

    async def gazetteer(self) -> Gazetteer:
        """Read all places."""
        async with self._db.read() as s:
            return await load(s)


async def load(s: Session) -> Gazetteer:
    """Read all places in a session, in the order of the locality's file."""
    communities = await s.scalars(select(CommunityRow).order_by(CommunityRow.position))
    compounds = await s.scalars(select(CompoundRow).order_by(CompoundRow.position))
    buildings = await s.scalars(select(BuildingRow).order_by(BuildingRow.position))
    grids = await s.scalars(select(GridRow).order_by(GridRow.position))
    workers = await s.execute(
        select(StaffGridRow.grid_id, StaffRow.name)
        .join(StaffRow, StaffRow.id == StaffGridRow.staff_id)
        .where(StaffRow.active, StaffRow.role == "grid")
        .order_by(StaffRow.id.desc())  # the first of several wins below
    )
    return Gazetteer(
        tuple(Community(c.id, c.name, tuple(c.aliases)) for c in communities),
        tuple(Compound(c.id, c.name, c.community_id, tuple(c.aliases)) for c in compounds),
        tuple(
            Building(b.id, b.compound_id, b.number, b.units, b.grid_id, tuple(b.aliases))
            for b in buildings
        ),
        tuple(Grid(g.id, g.name, g.community_id) for g in grids),
        {row.grid_id: row.name for row in workers},
    )
