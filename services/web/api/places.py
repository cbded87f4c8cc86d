"""The locality's places."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from services.web.keys import SERVICES
from services.web.routing import Routes

routes = Routes("地点")
setup = routes.setup


@routes.get("/api/v1/places", auth="public", summary="社区、小区、楼栋和网格")
async def places(request: web.Request) -> dict[str, Any]:
    """Return all places; the names of grid workers are not given to everyone."""
    listing = await request.app[SERVICES].places.listing()
    for grid in listing["grids"]:
        del grid["worker"]
    return listing
