"""The platform's API: tokens, customer-service messages, typing, media.

Sources: 公众号文档 “发送客服消息”, “客服输入状态”, “获取临时素材”, “全局返回码”. Errors come with
status 200 and a code in the JSON, as WeChat's do.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from aiohttp import web

from tests.wechat_sim.account import Account
from tests.wechat_sim.clock import SimClock
from tests.wechat_sim.errcodes import BUSY, answer
from tests.wechat_sim.faults import Faults
from tests.wechat_sim.media import MediaStore
from tests.wechat_sim.record import Exchange, Recorder
from tests.wechat_sim.tokens import AccessTokens

if TYPE_CHECKING:
    from tests.wechat_sim.phone import Phone

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

MAX_BYTES = 2048
"""Of a text (measured by users of the API, WeChat's page names no number): 45002 beyond."""
TYPING_AFTER = timedelta(seconds=30)
TYPING_LASTS = timedelta(seconds=15)
_ESCAPED = re.compile(rb"(?<!\\)((?:\\\\)*)\\u(?!00[01])([0-9a-fA-F]{4})")
"""An escape of a character that JSON does not make one escape; its backslash is not itself escaped."""


class Platform:
    """The server.

    Attributes:
        phones: Users by OpenID.
    """

    def __init__(
        self, accounts: list[Account], clock: SimClock, faults: Faults, recorder: Recorder
    ) -> None:
        self.accounts = {a.name: a for a in accounts}
        self.phones: dict[str, Phone] = {}
        self.media = MediaStore()
        self.tokens = AccessTokens(clock)
        self.url = ""
        self._clock = clock
        self._faults = faults
        self._recorder = recorder
        self._typing: dict[str, datetime] = {}
        self._runner: web.AppRunner | None = None

    async def start(self, port: int = 0) -> None:
        """Listen on loopback; :attr:`url` is then the product's ``api_base``."""
        app = web.Application(middlewares=[self._record])
        app.router.add_get("/cgi-bin/token", self._token)
        app.router.add_post("/cgi-bin/stable_token", self._stable_token)
        app.router.add_post("/cgi-bin/message/custom/send", self._send)
        app.router.add_post("/cgi-bin/message/custom/typing", self._typing_state)
        app.router.add_get("/cgi-bin/media/get", self._media)
        app.router.add_get("/cgi-bin/getcallbackip", self._addresses)
        app.router.add_get("/cgi-bin/get_api_domain_ip", self._addresses)
        app.router.add_route("*", "/{path:.*}", self._unknown)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        """Stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()

    # -- recording and faults ----------------------------------------------------------------

    @web.middleware
    async def _record(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        body = await request.read()
        exchange = Exchange(
            "api", self._clock.now(), request.method, request.path, body.decode(errors="replace")
        )
        self._recorder.exchanges.append(exchange)
        began = time.monotonic()
        try:
            response = await self._maybe(request, handler, exchange)
        finally:
            exchange.took_s = time.monotonic() - began
        exchange.status = response.status
        if isinstance(response, web.Response) and isinstance(response.body, bytes):
            exchange.answer = response.body[:5000].decode(errors="replace")
        return response

    async def _maybe(
        self, request: web.Request, handler: Handler, exchange: Exchange
    ) -> web.StreamResponse:
        await asyncio.sleep(self._faults.between(self._faults.api.delay_s))
        fault = self._faults.of_call(request.path)
        exchange.fault = fault or ""
        match fault:
            case "busy":
                return self._refuse(BUSY)
            case "error":
                return web.Response(status=502, text="<html>502 Bad Gateway</html>")
            case "hang":
                await asyncio.sleep(self._faults.api.hang_s)
            case "drop_after":
                exchange.answer = str(getattr(await handler(request), "text", ""))
            case None:
                return await handler(request)
        if request.transport is not None:
            request.transport.abort()
        raise web.HTTPServiceUnavailable

    # -- tokens ------------------------------------------------------------------------------

    async def _token(self, request: web.Request) -> web.Response:
        return self._issue(dict(request.query), self.tokens.fetch)

    async def _stable_token(self, request: web.Request) -> web.Response:
        body = await self._json(request)
        if isinstance(body, web.Response):
            return body
        force = bool(body.get("force_refresh", False))
        return self._issue(body, lambda account: self.tokens.fetch_stable(account, force))

    def _issue(
        self, asked: dict[str, Any], fetch: Callable[[Account], dict[str, Any]]
    ) -> web.Response:
        if asked.get("grant_type") != "client_credential":
            return self._refuse(40002)
        account = next((a for a in self.accounts.values() if a.app_id == asked.get("appid")), None)
        if account is None:
            return self._refuse(40013)
        if not asked.get("secret"):
            return self._refuse(41004)
        if asked["secret"] != account.app_secret:
            return self._refuse(40125)
        found = fetch(account)
        return self._refuse(found["errcode"]) if "errcode" in found else _answer(found)

    # -- customer service --------------------------------------------------------------------

    async def _send(self, request: web.Request) -> web.Response:
        phone = await self._addressed(request)
        if isinstance(phone, web.Response):
            return phone
        raw = await request.read()
        if _ESCAPED.search(raw):
            self._violation("\\u escapes in JSON: the user reads them literally", raw)
        body = _literal(raw)
        text = self._content(body)
        if isinstance(text, web.Response):
            return text
        if not phone.subscribed:
            return self._refuse(45015)
        code = phone.window.spend(self._clock.now())
        if code:
            return self._refuse(code)
        self._typing.pop(phone.openid, None)
        phone.screen.show("service", text)
        return _answer(answer(0))

    def _content(self, body: dict[str, Any]) -> str | web.Response:
        """Return what the user will see of a message, or the refusal of its content."""
        kind = body.get("msgtype")
        part = body.get(str(kind))
        if kind not in ("text", "msgmenu", "news") or not isinstance(part, dict):
            return self._refuse(40008)
        match kind:
            case "text":
                text = str(part.get("content") or "")
            case "msgmenu":
                entries = [
                    f'<a href="weixin://bizmsgmenu?msgmenucontent={quote(str(e["content"]))}'
                    f'&msgmenuid={quote(str(e["id"]))}">{e["content"]}</a>'
                    for e in part.get("list", ())
                ]
                lines = [part.get("head_content", ""), *entries, part.get("tail_content", "")]
                text = "\n".join(str(line) for line in lines if line)
            case _:
                articles = part.get("articles", ())
                text = "\n".join(f"[图文] {a.get('title')} {a.get('url')}" for a in articles)
        if not text:
            return self._refuse(44004)
        if len(text.encode()) > MAX_BYTES:
            self._violation(f"a text of {len(text.encode())} bytes, at most {MAX_BYTES}")
            return self._refuse(45002)
        return text

    async def _typing_state(self, request: web.Request) -> web.Response:
        phone = await self._addressed(request)
        if isinstance(phone, web.Response):
            return phone
        now, command = self._clock.now(), _literal(await request.read()).get("command")
        if command not in ("Typing", "CancelTyping"):
            return self._refuse(45072)
        if command == "CancelTyping":
            self._typing.pop(phone.openid, None)
            return _answer(answer(0))
        if phone.left == 0 or now - self._last_line(phone) > TYPING_AFTER:
            return self._refuse(45080)
        if now - self._typing.get(phone.openid, now - TYPING_LASTS) < TYPING_LASTS:
            return self._refuse(45081)
        self._typing[phone.openid] = now
        return _answer(answer(0))

    def _last_line(self, phone: Phone) -> datetime:
        return phone.screen.lines[-1].at if phone.screen.lines else self._clock.now()

    async def _addressed(self, request: web.Request) -> Phone | web.Response:
        """Return whom a call is about, after everything that can be wrong before that."""
        name, code = self.tokens.check(request.query.get("access_token", ""))
        if name is None:
            return self._refuse(code)
        body = await self._json(request)
        if isinstance(body, web.Response):
            return body
        phone = self.phones.get(str(body.get("touser")))
        if phone is None or phone.account.name != name:
            self._violation("an OpenID that is not of this account", await request.read())
            return self._refuse(40003)
        return phone

    # -- the rest ----------------------------------------------------------------------------

    async def _media(self, request: web.Request) -> web.Response:
        name, code = self.tokens.check(request.query.get("access_token", ""))
        if name is None:
            return self._refuse(code)
        media = self.media.get(request.query.get("media_id", ""), self._clock.now())
        if media is None:
            return self._refuse(40007)
        return web.Response(
            body=media.data,
            headers={
                "Content-Type": media.mime,
                "Content-disposition": f'attachment; filename="{media.filename}"',
                "Cache-Control": "no-cache, must-revalidate",
            },
        )

    async def _addresses(self, request: web.Request) -> web.Response:
        name, code = self.tokens.check(request.query.get("access_token", ""))
        return self._refuse(code) if name is None else _answer({"ip_list": ["127.0.0.1"]})

    async def _unknown(self, request: web.Request) -> web.Response:
        self._violation(f"{request.method} {request.path} does not exist or is not simulated")
        return self._refuse(43002 if request.path.startswith("/cgi-bin/message") else 40066)

    async def _json(self, request: web.Request) -> dict[str, Any] | web.Response:
        raw = await request.read()
        if not raw:
            return self._refuse(44002)
        try:
            body = json.loads(raw)
        except ValueError:
            body = None
        if not isinstance(body, dict):
            self._violation("a body that is no JSON object", raw)
            return self._refuse(47001)
        return body

    def _refuse(self, code: int) -> web.Response:
        self._recorder.refusals[code] += 1
        return _answer(answer(code))

    def _violation(self, what: str, raw: bytes = b"") -> None:
        self._recorder.violation(self._clock.now(), what, raw.decode(errors="replace"))


def _literal(raw: bytes) -> dict[str, Any]:
    """Read JSON as WeChat does: ``\\uXXXX`` stays what it is and is shown that way."""
    body: dict[str, Any] = json.loads(_ESCAPED.sub(rb"\1\\\\u\2", raw))
    return body


def _answer(content: dict[str, Any]) -> web.Response:
    return web.Response(
        text=json.dumps(content, ensure_ascii=False), content_type="application/json"
    )
