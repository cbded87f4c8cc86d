"""Is it alive, can it work, what are its figures."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
from aiohttp import web
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from services.context import Services
from services.db import DatabaseAway
from services.web import metrics
from services.web.keys import SERVICES
from services.web.routing import Routes, json_response

routes = Routes("运行")
setup = routes.setup

CHECK_TIMEOUT_S = 2.0


@routes.get("/healthz", auth="public", summary="进程活着")
async def healthz(request: web.Request) -> dict[str, Any]:
    """Say that the process answers, whatever it depends on."""
    return {"status": "ok"}


@routes.get("/readyz", auth="public", summary="数据库和对话引擎都在")
async def readyz(request: web.Request) -> web.Response:
    """Check what the service depends on; 503 when something is away."""
    services = request.app[SERVICES]
    checks = {"database": await database_answers(services), "rasa": await rasa_answers(services)}
    ready = all(checks.values())
    body = {"status": "ready" if ready else "not_ready", "checks": checks}
    return json_response(body, 200 if ready else 503)


@routes.get("/metrics", auth="public", summary="Prometheus 指标")
async def prometheus(request: web.Request) -> web.Response:
    """Return the figures of this process."""
    return web.Response(body=metrics.exposition(), headers={"Content-Type": metrics.CONTENT_TYPE})


async def database_answers(services: Services) -> bool:
    """Return whether the database answers in time."""
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_S), services.db.read() as s:
            await s.execute(text("SELECT 1"))
    except (DatabaseAway, SQLAlchemyError, TimeoutError):
        return False
    return True


async def rasa_answers(services: Services) -> bool:
    """Return whether the Rasa server answers in time."""
    timeout = aiohttp.ClientTimeout(total=CHECK_TIMEOUT_S)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as client,
            client.get(services.settings.rasa_url) as answer,
        ):
            return answer.status == 200
    except (aiohttp.ClientError, OSError, TimeoutError):
        return False
