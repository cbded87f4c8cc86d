"""Places of the locality: the gazetteer from the database and the resolver on it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, cast

from sqlalchemy import Table, and_, bindparam, select

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

    async def certain(self, text: str) -> dict[str, Any] | None:
        """Return the one place that words mean, as it is filed; ``None`` when that is not clear."""
        found = await self.resolve({}, text)
        one = found.status == "resolved" and len(found.candidates) == 1
        return asdict(found.candidates[0]) if one else None

    async def locate(
        self,
        compound_id: str | None = None,
        building_id: str | None = None,
        unit: str | None = None,
        room: str | None = None,
        session: Session | None = None,
    ) -> Candidate | None:
        """Return the place of these ids with names, community, grid and worker filled in.

        None when an id is unknown or the building is not in the compound: ids that come back from
        outside are looked up again and never trusted to fit together.

        Args:
            session: The caller's transaction, when it has one.
        """
        if session is None:
            async with self._db.read() as s:
                return await self.locate(compound_id, building_id, unit, room, s)
        gazetteer = await _around(session, compound_id, building_id)
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

    async def area(
        self, community: str | None, grid: str | None, session: Session
    ) -> dict[str, Any] | None:
        """Return a community or grid as a place (:meth:`Gazetteer.area`)."""
        return (await load(session)).area(community, grid)

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


# Columns of tables, not of objects: what is read becomes values at once.
_COMMUNITIES, _COMPOUNDS, _BUILDINGS, _GRIDS, _WORK, _STAFF = (
    cast(Table, row.__table__)
    for row in (CommunityRow, CompoundRow, BuildingRow, GridRow, StaffGridRow, StaffRow)
)
_AROUND = (
    select(
        _COMPOUNDS.c.id, _COMPOUNDS.c.name, _COMMUNITIES.c.id, _COMMUNITIES.c.name,
        _BUILDINGS.c.id, _BUILDINGS.c.number, _BUILDINGS.c.units, _GRIDS.c.id, _GRIDS.c.name,
        _GRIDS.c.community_id, _STAFF.c.name,
    )
    .select_from(_COMPOUNDS)
    .join(_COMMUNITIES, _COMMUNITIES.c.id == _COMPOUNDS.c.community_id)
    .outerjoin(_BUILDINGS, _BUILDINGS.c.compound_id == _COMPOUNDS.c.id)
    .outerjoin(_GRIDS, _GRIDS.c.id == _BUILDINGS.c.grid_id)
    .outerjoin(_WORK, _WORK.c.grid_id == _GRIDS.c.id)
    .outerjoin(
        _STAFF,
        and_(_STAFF.c.id == _WORK.c.staff_id, _STAFF.c.active, _STAFF.c.role == "grid"),
    )
    .order_by(_BUILDINGS.c.position, _STAFF.c.id.desc())  # as in load
)  # fmt: skip
_BUILDING = _AROUND.where(_BUILDINGS.c.id == bindparam("building"))
_COMPOUND = _AROUND.where(_COMPOUNDS.c.id == bindparam("compound"))


async def _around(s: Session, compound_id: str | None, building_id: str | None) -> Gazetteer:
    """Read what a gazetteer says of one building, or of one compound with all its buildings.

    One statement: every ticket that is filed asks it.
    """
    where = {"building": building_id} if building_id else {"compound": compound_id}
    rows = await s.execute(_BUILDING if building_id else _COMPOUND, where)
    communities: dict[str, Community] = {}
    compounds: dict[str, Compound] = {}
    buildings: dict[str, Building] = {}
    grids: dict[str, Grid] = {}
    workers: dict[str, str] = {}
    for compound, its_name, community, called, building, number, units, *rest in rows:
        communities[community] = Community(community, called)
        compounds[compound] = Compound(compound, its_name, community)
        if building is None:
            continue
        grid, grid_name, grid_community, worker = rest
        buildings[building] = Building(building, compound, number, units, grid)
        grids[grid] = Grid(grid, grid_name, grid_community)
        if worker is not None:
            workers[grid] = worker
    return Gazetteer(
        tuple(communities.values()), tuple(compounds.values()), tuple(buildings.values()),
        tuple(grids.values()), workers,
    )  # fmt: skip
