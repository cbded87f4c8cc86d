"""The description of the API, served."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from services.web.openapi import document
from services.web.routing import Routes

routes = Routes("运行")
setup = routes.setup


@routes.get("/api/v1/openapi.json", auth="public", summary="本文档")
async def openapi(request: web.Request) -> dict[str, Any]:
    """Return the OpenAPI document of this very application."""
    return document(request.app)
