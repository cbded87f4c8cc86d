"""The services on a time that stands where the tests say, and a real receiver on the loopback."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from services.config import Settings
from services.context import Services, build
from services.db import Database
from services.outbox.worker import run_due
from services.tickets.core.actor import Actor, resident
from services.tickets.core.commands import CreateTicket
from services.webhooks.service import NewWebhook
from tests.services.conftest import NOW, TestClock
from tests.services.seeded import plant
from tests.services.web.conftest import as_staff, client

__all__ = ["as_staff", "client"]


class StandingClock(TestClock):
    """Stands until the test moves it: no other process shares it through the database."""

    _at = NOW

    def now(self) -> datetime:
        """Return where it stands."""
        return self._at

    def go(self, to: datetime) -> None:
        """Make it that time."""
        self._at = to

    def advance(self, **span: float) -> None:
        """Let time pass."""
        self._at += timedelta(**span)

    async def refresh(self, db: Database) -> None:
        """Stay as it is."""


@pytest.fixture
def clock() -> TestClock:
    """The one clock."""
    return StandingClock()


ADMIN = ("admin1", "管理员", "admin")
GRID = Actor("staff", "grid1", "grid", "grid", "qinghe-c1", ("qinghe-g1", "qinghe-g2"))
NARRATIVE = "我叫张桂兰，电话13812345678，楼道灯坏了"


@pytest.fixture
async def services(
    db: Database, settings: Settings, clock: TestClock, cheap_passwords: None
) -> AsyncIterator[Services]:
    """The services; what is on the loopback may be reached, and answers within half a second."""
    changed = {"rasa_url": "http://127.0.0.1:9", "outbound_networks": "127.0.0.0/8"}
    built = build(settings.model_copy(update=changed), db, clock)
    built.webhooks.rules = built.webhooks.rules.model_copy(update={"limit_s": 0.5})
    await plant(built)
    yield built
    await built.outbound.close()


@dataclass
class Receiver:
    """Takes what comes; ``answers`` are given in turn, then 204. ``hang`` never answers."""

    url: str = ""
    answers: list[int | str] = field(default_factory=list)
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.StreamResponse:
        """Note the request and answer."""
        self.got.append(({k.lower(): v for k, v in request.headers.items()}, await request.read()))
        match self.answers.pop(0) if self.answers else 204:
            case "hang":
                await asyncio.sleep(30)
            case "close":
                assert request.transport is not None
                request.transport.close()
            case "endless":
                answer = web.StreamResponse()
                await answer.prepare(request)
                for _ in range(600):
                    await answer.write(b"x" * 65536)
                    await asyncio.sleep(0.05)
            case "redirect":
                return web.Response(status=302, headers={"Location": self.url})
            case int() as status:
                return web.Response(status=status)
        return web.Response(status=204)

    def told(self) -> list[dict[str, Any]]:
        """Return the bodies."""
        return [json.loads(body) for _, body in self.got]

    def ids(self) -> list[str]:
        """Return the ids of the messages."""
        return [headers["webhook-id"] for headers, _ in self.got]


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """A receiver that is there."""
    found = Receiver()
    app = web.Application()
    app.router.add_post("/hook", found.take)
    async with TestServer(app, handler_cancellation=True) as server:
        found.url = str(server.make_url("/hook"))
        yield found


Subscribe = Callable[..., Awaitable[tuple[str, str]]]


@pytest.fixture
def subscribe(services: Services, receiver: Receiver) -> Subscribe:
    """Add a subscription of the receiver; keyword arguments change it."""

    async def add(**changed: Any) -> tuple[str, str]:
        known = {
            "name": "市平台",
            "url": receiver.url,
            "events": ["submitted", "dispatched", "signed"],
        }
        return await services.webhooks.add(
            NewWebhook.model_validate(known | changed), ADMIN, {"qinghe-c1"}
        )

    return add


async def filed(services: Services, **changed: Any) -> str:
    """File a ticket as a resident; return its number, with the worker's work done."""
    request: dict[str, Any] = {
        "narrative": NARRATIVE, "leaf": "H6", "conversation_id": "c1",
        "place": {"building_id": "xingfu-3", "unit": "2", "room": "301"},
        "contact": {"name": "张桂兰", "phone": "13812345678"}, **changed,
    }  # fmt: skip
    view = await services.tickets.create(CreateTicket.model_validate(request), resident("c1"))
    await run_due(services)
    return str(view["ticket_no"])


async def sent(services: Services) -> int:
    """Send what is due; return how many attempts that were."""
    total = 0
    while done := await services.webhooks.work():
        total += done
    return total
