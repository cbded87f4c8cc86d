"""The aiohttp application: middlewares, then one ``setup`` per subject."""

from __future__ import annotations

from aiohttp import web

from services.config import Settings
from services.context import Services, build
from services.web.keys import SERVICES
from services.web.middlewares import MIDDLEWARES, add_headers
from services.web.routes import ROUTE_MODULES
from services.web.routing import DECLARATIONS

MAX_BODY = 256 * 1024
"""Largest JSON body in bytes; uploads stream and have their own limit."""


def create_app(settings: Settings, services: Services | None = None) -> web.Application:
    """Build the application for these settings; ``services`` when they are built already."""
    app = web.Application(middlewares=MIDDLEWARES, client_max_size=MAX_BODY)
    app[SERVICES] = services or build(settings)
    app[DECLARATIONS] = {}
    for module in ROUTE_MODULES:
        module.setup(app)
    app.on_response_prepare.append(add_headers)
    app.on_cleanup.append(_close)
    return app


async def _close(app: web.Application) -> None:
    await app[SERVICES].close()
