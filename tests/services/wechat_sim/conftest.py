"""A simulator with little patience, and a product whose answers the test decides."""

from __future__ import annotations

import asyncio
import time
import xml.etree.ElementTree as ET
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from aiohttp import ClientSession, web

from tests.wechat_sim.account import Account, Mode, new_account
from tests.wechat_sim.courier import Timing
from tests.wechat_sim.crypto import signature
from tests.wechat_sim.simulator import Simulator
from tests.wechat_sim.xml import render

PATIENCE_S = 0.3


class Product:
    """A callback that remembers what it got and answers as told.

    Attributes:
        got: Messages in plain text, by arrival; ``queries`` the query of each.
        answer: Returns status and body for a message (its fields, and which request it is).
    """

    def __init__(self, account: Account) -> None:
        self.account = account
        self.got: list[dict[str, str]] = []
        self.queries: list[dict[str, str]] = []
        self.answer: Callable[[dict[str, str], int], Awaitable[tuple[int, str]]] = self.silence
        self.url = ""
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        app = web.Application()
        app.router.add_get("/channels/wechat/{name}", self._echo)
        app.router.add_post("/channels/wechat/{name}", self._take)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    async def silence(self, message: dict[str, str], number: int) -> tuple[int, str]:
        return 200, "success"

    async def late_once(self, message: dict[str, str], number: int) -> tuple[int, str]:
        if number == 0:
            await asyncio.sleep(PATIENCE_S * 1.5)
        return 200, self.reply(message, "好的")

    def says(self, text: str, **changed: str | int) -> None:
        """Answer each message with a text; ``changed``: fields that differ from the right ones."""

        async def answer(message: dict[str, str], number: int) -> tuple[int, str]:
            return 200, self.reply(message, text, **changed)

        self.answer = answer

    def returns(self, status: int, body: str) -> None:
        """Answer each message with this."""

        async def answer(message: dict[str, str], number: int) -> tuple[int, str]:
            return status, body

        self.answer = answer

    def reply(self, message: dict[str, str], text: str, **changed: str | int) -> str:
        plain = render(
            {
                "ToUserName": message["FromUserName"],
                "FromUserName": message["ToUserName"],
                "CreateTime": int(time.time()),
                "MsgType": "text",
                "Content": text,
                **changed,
            }
        )
        return plain if self.account.mode == "plain" else self.sealed(plain)

    def sealed(self, plain: str, token: str | None = None) -> str:
        sealed = self.account.envelope.encrypt(plain)
        stamp, nonce = str(int(time.time())), "12345"
        return render(
            {
                "Encrypt": sealed,
                "MsgSignature": signature(token or self.account.token, stamp, nonce, sealed),
                "TimeStamp": int(stamp),
                "Nonce": nonce,
            }
        )

    async def _echo(self, request: web.Request) -> web.Response:
        q = request.query
        right = q["signature"] == signature(self.account.token, q["timestamp"], q["nonce"])
        return web.Response(text=q["echostr"] if right else "no", status=200 if right else 403)

    async def _take(self, request: web.Request) -> web.Response:
        root = ET.fromstring(await request.read())
        if self.account.mode == "safe":
            assert {c.tag for c in root} == {"ToUserName", "Encrypt"}
        if self.account.mode != "plain":
            root = ET.fromstring(self.account.envelope.decrypt(root.findtext("Encrypt") or ""))
        message = {child.tag: child.text or "" for child in root}
        key = message.get("MsgId") or message["CreateTime"]
        number = sum((m.get("MsgId") or m["CreateTime"]) == key for m in self.got)
        self.got.append(message)
        self.queries.append(dict(request.query))
        status, body = await self.answer(message, number)
        return web.Response(status=status, text=body, content_type="application/xml")


@pytest.fixture
def mode() -> Mode:
    return "safe"


@pytest.fixture
def account(mode: Mode) -> Account:
    return new_account("demo", mode)


@pytest.fixture
async def product(account: Account) -> AsyncIterator[Product]:
    made = Product(account)
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def simulator(account: Account, product: Product) -> AsyncIterator[Simulator]:
    made = Simulator([account], seed=7, timing=Timing(PATIENCE_S, 3, pause_s=0.02))
    await made.start()
    made.connect(product.url)
    yield made
    await made.stop()


@pytest.fixture
async def client() -> AsyncIterator[ClientSession]:
    async with ClientSession() as session:
        yield session
