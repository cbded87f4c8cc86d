"""Which modules add routes: each has ``setup(app)``. The order is that of the OpenAPI document."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from aiohttp import web

from services.web.api import auth, catalogue, health, openapi, places, testmode, tickets


class RouteModule(Protocol):
    """A module (or :class:`services.web.routing.Routes`) that adds routes."""

    setup: Callable[[web.Application], None]


ROUTE_MODULES: list[RouteModule] = [
    auth,
    tickets,
    places,
    catalogue,
    health,
    openapi,
    testmode,
]
