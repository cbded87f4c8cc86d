"""The pages on a real server, with stand-ins for the services behind them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from services.web import vendor
from services.web.console import views as console
from services.web.keys import SERVICES
from services.web.middlewares import MIDDLEWARES, add_headers
from services.web.routing import DECLARATIONS
from services.web.widget import pages as widget
from tests.services.frontend import stand_in

Enter = Callable[[str], Awaitable[TestClient[Any, Any]]]


@pytest.fixture
def services() -> Any:
    return stand_in.services()


@pytest.fixture
async def server(services: Any) -> AsyncIterator[TestServer]:
    app = web.Application(middlewares=MIDDLEWARES, client_max_size=256 * 1024)
    app[SERVICES], app[DECLARATIONS] = services, {}
    app.on_response_prepare.append(add_headers)
    for module in (widget, console, vendor):
        module.setup(app)
    async with TestServer(app) as running:
        yield running


@pytest.fixture
async def client(server: TestServer) -> AsyncIterator[TestClient[Any, Any]]:
    async with TestClient(server) as opened:
        yield opened


@pytest.fixture
def enter(client: TestClient[Any, Any]) -> Enter:
    """Log in through the form."""

    async def go(username: str) -> TestClient[Any, Any]:
        form = {"username": username, "password": "right"}
        answer = await client.post("/console/login", data=form, allow_redirects=False)
        assert answer.status == 303, await answer.text()
        return client

    return go
