"""The product with one account, before S's simulated platform, with a Rasa that the test controls."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer

from services.clock import Clock
from services.config import Settings
from services.context import Services, build
from services.db import Database
from services.web.app import create_app
from tests.services.channels.conftest import rasa, rasa_settings, staffed  # noqa: F401
from tests.services.conftest import NOW
from tests.wechat_sim.account import Account, Mode, new_account, write_accounts
from tests.wechat_sim.courier import Timing
from tests.wechat_sim.phone import Phone
from tests.wechat_sim.simulator import Simulator

Start = Callable[[], Awaitable["Product"]]


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
            server = TestServer(create_app(wechat_settings, services), host="127.0.0.1")
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


async def _set_clock(db: Database) -> None:
    await Clock(test_mode=True).set(db, NOW)
