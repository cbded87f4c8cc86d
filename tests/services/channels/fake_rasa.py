"""A Rasa that does as it is told, over real HTTP: answer, hang, refuse, die.

Like the real channel it remembers what it has handled by message id: with ``retry`` it repeats
the stored replies.
"""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

TOKEN = "internal-token-of-the-tests"


class FakeRasa:
    """``handled`` lists the messages that had an effect; ``calls`` all requests, in order.

    ``forgotten`` lists the conversations it was told to forget, ``put_away`` the forms it was told to
    close, as ``(conversation, round)``. ``understood`` is put into the answer as it is, when the test
    sets it; ``more`` likewise, key by key.
    """

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []
        self.handled: list[str] = []
        self.replies: list[dict[str, Any]] | None = None
        self.understood: Any = None
        self.status = 200
        self.hang = asyncio.Event()
        self.hang.set()
        self.delay_s = 0.0
        self.forgotten: list[str] = []
        self.put_away: list[tuple[str, str]] = []
        self.more: dict[str, Any] = {}
        self._memory: dict[str, list[dict[str, Any]]] = {}
        self._server: TestServer | None = None
        self._port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    async def start(self) -> None:
        app = web.Application()
        app.router.add_post("/webhooks/linda/webhook", self._webhook)
        app.router.add_post("/webhooks/linda/forget", self._forget)
        app.router.add_post("/webhooks/linda/put_away", self._put_away)
        self._server = TestServer(app, host="127.0.0.1", port=self._port or None)
        await self._server.start_server(shutdown_timeout=0)
        self._port = self._server.port or 0

    async def die(self) -> None:
        if self._server is not None:
            self.hang.set()
            await self._server.close()
            self._server = None

    async def _forget(self, request: web.Request) -> web.Response:
        if request.query.get("token") != TOKEN:
            return web.Response(status=401)
        self.forgotten.append((await request.json())["sender"])
        return web.json_response({"status": "ok"})

    async def _put_away(self, request: web.Request) -> web.Response:
        if request.query.get("token") != TOKEN:
            return web.Response(status=401)
        body = await request.json()
        self.put_away.append((body["sender"], body["round"]))
        return web.json_response({"status": "ok"})

    async def _webhook(self, request: web.Request) -> web.Response:
        if request.query.get("token") != TOKEN:
            return web.Response(status=401)
        body = await request.json()
        self.calls.append(body)
        await asyncio.sleep(self.delay_s)
        await self.hang.wait()
        if self.status != 200:
            return web.Response(status=self.status, text="no")
        key = body["message_id"]
        if not (body["retry"] and key in self._memory):
            self.handled.append(body["text"])
            echo = [
                {"text": f"答:{body['text']}", "buttons": [{"title": "好", "payload": "/affirm"}]}
            ]
            self._memory[key] = echo if self.replies is None else self.replies
        answer: dict[str, Any] = {"messages": self._memory[key], **self.more}
        if self.understood is not None:
            answer["understood"] = self.understood
        return web.json_response(answer)
