"""The service catalogue for people and programs."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from services.errors import LindaError
from services.web.keys import SERVICES
from services.web.routing import Routes

routes = Routes("办事目录")
setup = routes.setup


@routes.get("/api/v1/catalogue", auth="public", summary="全部办事卡片的名称")
async def listing(request: web.Request) -> dict[str, Any]:
    """Return leaf, name, kind and one line of every card."""
    cards = request.app[SERVICES].catalogue.cards()
    wanted = {"id", "slug", "name", "kind", "summary", "valid_from", "valid_to"}
    return {"cards": [card.model_dump(mode="json", include=wanted) for card in cards]}


@routes.get("/api/v1/catalogue/{leaf}", auth="public", summary="一张办事卡片")
async def card(request: web.Request) -> dict[str, Any]:
    """Return one card with ``valid`` today."""
    found = request.app[SERVICES].catalogue.card(request.match_info["leaf"])
    if found is None:
        raise LindaError("card_not_found", "目录里没有这一项。", 404)
    return found
