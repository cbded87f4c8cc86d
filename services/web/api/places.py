"""The locality's places."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from services.web.api.common import Answer
from services.web.keys import SERVICES
from services.web.routing import Routes

routes = Routes("地点")
setup = routes.setup


class PlaceAnswer(Answer):
    """A place with the other names that people call it by."""

    id: str
    name: str
    aliases: list[str]


class BuildingAnswer(Answer):
    """A building of a compound."""

    id: str
    compound_id: str
    number: str
    units: int
    grid_id: str
    aliases: list[str]


class CompoundAnswer(PlaceAnswer):
    """A housing compound with its buildings."""

    community_id: str
    buildings: list[BuildingAnswer]


class GridAnswer(Answer):
    """A grid with its buildings."""

    id: str
    name: str
    community_id: str
    building_ids: list[str]


class PlacesAnswer(Answer):
    """All places; ``buildings`` are those of all compounds in one list."""

    communities: list[PlaceAnswer]
    compounds: list[CompoundAnswer]
    buildings: list[BuildingAnswer]
    grids: list[GridAnswer]


@routes.get(
    "/api/v1/places", auth="public", response=PlacesAnswer, summary="社区、小区、楼栋和网格"
)
async def places(request: web.Request) -> dict[str, Any]:
    """Return all places; the names of grid workers are not given to everyone."""
    listing = await request.app[SERVICES].places.listing()
    for grid in listing["grids"]:
        del grid["worker"]
    return {**listing, "buildings": [b for c in listing["compounds"] for b in c["buildings"]]}
