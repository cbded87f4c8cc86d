"""Which modules add routes: each has ``setup(app)``. The order is that of the OpenAPI document."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from aiohttp import web

from services.web import notices, vendor
from services.web.api import (
    auth,
    catalogue,
    chat,
    handoffs,
    health,
    internal,
    learning,
    model_files,
    openapi,
    places,
    testmode,
    tickets,
    training,
    wechat,
)
from services.web.console import views as console
from services.web.widget import pages as widget


class RouteModule(Protocol):
    """A module (or :class:`services.web.routing.Routes`) that adds routes."""

    @property
    def setup(self) -> Callable[[web.Application], None]:
        """Adds the routes to an application."""
        ...


ROUTE_MODULES: list[RouteModule] = [
    chat,
    auth,
    tickets,
    handoffs,
    places,
    catalogue,
    training,
    learning,
    health,
    openapi,
    testmode,
    internal,
    model_files,
    wechat,
    notices,
    widget,
    console,
    vendor,
]
