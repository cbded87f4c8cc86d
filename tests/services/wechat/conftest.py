"""The product with one account, before S's simulated platform, with a Rasa that the test controls."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from sqlalchemy import select

from services.channels.wechat import service
from services.channels.wechat.tables import WeChatDeliveryRow, WeChatUserRow
from services.clock import Clock
from services.config import Settings
from services.context import Services, build
from services.db import Database
from services.web.app import create_app
from tests.patience import PATIENCE_S
from tests.services.channels.conftest import rasa, rasa_settings, staffed  # noqa: F401
from tests.services.conftest import NOW
from tests.wechat_sim.account import Account, Mode, new_account, write_accounts
from tests.wechat_sim.courier import Timing
from tests.wechat_sim.phone import Phone
from tests.wechat_sim.simulator import Simulator

Start = Callable[[], Awaitable["Product"]]


class Server(TestServer):
    """As in production, a view goes on when its client has hung up; aiohttp's test server ends it."""

    async def _make_runner(self, **kwargs: Any) -> web.BaseRunner[Any]:
        return await super()._make_runner(**{**kwargs, "handler_cancellation": False})


class Product:
    """One web process: its services and where it listens."""

    def __init__(self, services: Services, server: TestServer) -> None:
        self.services = services
        self.server = server

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.port}"


@pytest.fixture
def mode() -> Mode:
    return "safe"


@pytest.fixture
def account(mode: Mode) -> Account:
    return new_account("demo", mode)


@pytest.fixture
def timing() -> Timing:
    return Timing(pause_s=0.1)


@pytest.fixture
async def simulator(account: Account, timing: Timing) -> AsyncIterator[Simulator]:
    made = Simulator([account], seed=7, timing=timing)
    await made.start()
    made.clock.set(NOW)
    yield made
    await made.stop()


@pytest.fixture
def wechat_settings(
    rasa_settings: Settings,  # noqa: F811
    db: Database,
    account: Account,
    simulator: Simulator,
    tmp_path: Path,
) -> Settings:
    path = tmp_path / "wechat.yml"
    write_accounts(path, [account], simulator.url)
    url = db.url.render_as_string(hide_password=False)
    values = {**rasa_settings.model_dump(), "database_url": url, "wechat_accounts": path}
    values["rasa_timeout_s"] = 8.0
    return Settings(**values)


@pytest.fixture
async def start(
    wechat_settings: Settings,
    db: Database,
    staffed: None,  # noqa: F811
    simulator: Simulator,
) -> AsyncIterator[Start]:
    """Each call starts one more web process on the same database."""
    async with AsyncExitStack() as stack:
        await _set_clock(db)

        async def one() -> Product:
            # A database of its own: what two processes share is on disk.
            services = build(wechat_settings)
            server = Server(create_app(wechat_settings, services), host="127.0.0.1")
            await server.start_server(shutdown_timeout=0)
            stack.push_async_callback(server.close)
            return Product(services, server)

        yield one


@pytest.fixture
async def product(start: Start, simulator: Simulator) -> Product:
    made = await start()
    simulator.connect(made.url)
    return made


@pytest.fixture
def phone(simulator: Simulator, product: Product) -> Phone:
    return simulator.phone()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> float:
    """WeChat is told “no reply” sooner, so that a test need not wait four seconds."""
    monkeypatch.setattr(service, "ANSWER_S", 0.7)
    return 0.7


async def move(product: Product, simulator: Simulator, by: timedelta) -> None:
    """Let time pass for both."""
    now = product.services.clock.now() + by
    await product.services.clock.set(product.services.db, now)
    simulator.clock.set(now)


async def the_user(product: Product) -> WeChatUserRow:
    """Return the only person who has ever written."""
    async with product.services.db.read() as s:
        return (await s.scalars(select(WeChatUserRow))).one()


async def deliveries(product: Product) -> list[WeChatDeliveryRow]:
    """Return what anybody is or was owed, in order."""
    async with product.services.db.read() as s:
        rows = await s.scalars(select(WeChatDeliveryRow).order_by(WeChatDeliveryRow.seq))
        return list(rows)


async def tell(product: Product, text: str, buttons: list[dict[str, str]] | None = None) -> None:
    """Say something to the only person, as a change of a ticket does."""
    user = await the_user(product)
    async with product.services.db.write() as s:
        await product.services.channels.say(
            s, user.conversation_id, text, key=secrets.token_hex(8), buttons=buttons
        )


async def eventually(true: Callable[[], Awaitable[bool]], limit_s: float = PATIENCE_S) -> None:
    """Wait until it is so."""
    async with asyncio.timeout(limit_s):
        while not await true():
            await asyncio.sleep(0.02)


async def _set_clock(db: Database) -> None:
    await Clock(test_mode=True).set(db, NOW)
