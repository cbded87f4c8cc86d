"""Is it alive, can it work, what are its figures."""

from __future__ import annotations

import asyncio
import math
import time
from typing import Any, Literal

import aiohttp
from aiohttp import web
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from services.context import Services
from services.db import DatabaseAway
from services.errors import LindaError
from services.web import metrics
from services.web.api.common import Answer
from services.web.keys import SERVICES
from services.web.routing import Routes, json_response

routes = Routes("运行")

CHECK_TIMEOUT_S = 2.0
PARSE_TIMEOUT_S = 5.0
"""Longer: behind the messages of a busy morning a parse waits its turn."""
PROBE = "你好"
KEPT_S = 5.0
"""Seconds that an answer of Rasa's probe is good for: anyone may ask, and a parse costs."""


class RasaProbe:
    """Asks Rasa once for all who want to know at the same time."""

    def __init__(self) -> None:
        self._asking = asyncio.Lock()
        self._asked_at = -math.inf
        self._answer = False

    async def answers(self, services: Services) -> bool:
        """Return what Rasa's probe gave, now or within the last :data:`KEPT_S`."""
        async with self._asking:
            if time.monotonic() - self._asked_at >= KEPT_S:
                self._answer = await rasa_answers(services)
                self._asked_at = time.monotonic()
        return self._answer


RASA_PROBE = web.AppKey("rasa_probe", RasaProbe)


def setup(app: web.Application) -> None:
    """Add the routes."""
    app[RASA_PROBE] = RasaProbe()
    routes.setup(app)


class AliveAnswer(Answer):
    """The process answers."""

    status: Literal["ok"]


class Checks(Answer):
    """What the service depends on."""

    database: bool
    rasa: bool


class ReadyAnswer(Answer):
    """All of it is there; without it the answer is an error with ``checks`` beside it."""

    status: Literal["ready"]
    checks: Checks


@routes.get("/healthz", auth="public", response=AliveAnswer, summary="进程活着")
async def healthz(request: web.Request) -> dict[str, Any]:
    """Say that the process answers, whatever it depends on."""
    return {"status": "ok"}


@routes.get("/readyz", auth="public", response=ReadyAnswer, summary="数据库和对话引擎都在")
async def readyz(request: web.Request) -> web.Response:
    """Check what the service depends on; 503 when something is away."""
    services, probe = request.app[SERVICES], request.app[RASA_PROBE]
    checks = {
        "database": await database_answers(services),
        "rasa": await probe.answers(services),
    }
    ready = all(checks.values())
    if ready:
        return json_response({"status": "ready", "checks": checks})
    away = LindaError("not_ready", "还没有准备好，请稍后再试。", 503, checks)
    return json_response({**away.body(), "status": "not_ready", "checks": checks}, 503)


@routes.get("/metrics", auth="public", media="text/plain", summary="Prometheus 指标")
async def prometheus(request: web.Request) -> web.Response:
    """Return the figures of this process, and what is counted in the database when that is there."""
    shared = []
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_S):
            shared = [metrics.wechat_sends(await request.app[SERVICES].wechat.sends())]
    except (DatabaseAway, SQLAlchemyError, TimeoutError):
        pass
    body = metrics.exposition(*shared)
    return web.Response(body=body, headers={"Content-Type": metrics.CONTENT_TYPE})


async def database_answers(services: Services) -> bool:
    """Return whether the database answers in time."""
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_S), services.db.read() as s:
            await s.execute(text("SELECT 1"))
    except (DatabaseAway, SQLAlchemyError, TimeoutError):
        return False
    return True


async def rasa_answers(services: Services) -> bool:
    """Return whether Rasa has a model that understands a word, in time.

    Its server answers ``/`` also without one, and when every message fails.
    """
    settings = services.settings
    timeout = aiohttp.ClientTimeout(total=PARSE_TIMEOUT_S)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as client,
            client.post(
                f"{settings.rasa_url.rstrip('/')}/model/parse",
                params={"token": settings.secret("internal_token")},
                json={"text": PROBE},
            ) as answer,
        ):
            return answer.status == 200 and bool((await answer.json())["intent"]["name"])
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError, KeyError, TypeError):
        return False
