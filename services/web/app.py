"""The aiohttp application: middlewares, then one ``routes`` function per subject."""

from __future__ import annotations

from aiohttp import web

from services.config import Settings
from services.context import build
from services.web.keys import SERVICES
from services.web.middlewares import MIDDLEWARES
from services.web.routes import ROUTE_MODULES

MAX_BODY = 256 * 1024
"""Largest JSON body in bytes; uploads stream and have their own limit."""


def create_app(settings: Settings) -> web.Application:
    """Build the application for these settings; it connects when it starts."""
    app = web.Application(middlewares=MIDDLEWARES, client_max_size=MAX_BODY)
    app[SERVICES] = build(settings)
    for module in ROUTE_MODULES:
        module.setup(app)

    async def _close(_app: web.Application) -> None:
        await _app[SERVICES].close()

    app.on_cleanup.append(_close)
    return app
