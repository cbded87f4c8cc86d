"""The address that WeChat calls: ``/channels/wechat/{account}``.

Not for people and not JSON: query, XML and status are what WeChat prescribes. What does not come
from WeChat is refused and counted; nothing of it is stored.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

from aiohttp import web
from prometheus_client import Counter

from services.channels.wechat.checks import MAX_BODY, STATUS, Refused
from services.channels.wechat.service import NO_REPLY
from services.errors import LindaError
from services.web.keys import SERVICES
from services.web.metrics import REGISTRY
from services.web.routing import Routes

routes = Routes("微信")

REFUSED = Counter(
    "linda_wechat_refused_total",
    "Requests to the WeChat address that were not taken, by reason",
    ("account", "reason"),
    registry=REGISTRY,
)
ANSWERED = Counter(
    "linda_wechat_answered_total",
    "Messages and events of WeChat, by how the request was answered",
    ("account", "answer"),
    registry=REGISTRY,
)


@routes.get("/channels/wechat/{account}", auth="public", summary="微信核对服务器地址")
async def echo(request: web.Request) -> web.Response:
    """Say back what WeChat sends when the address is saved there."""
    try:
        said = request.app[SERVICES].wechat.echo(request.match_info["account"], request.query)
    except Refused as refused:
        raise _refusal(request, refused) from None
    return web.Response(text=said)


@routes.post("/channels/wechat/{account}", auth="public", summary="微信推送消息和事件")
async def receive(request: web.Request) -> web.StreamResponse:
    """Take a message or event; answer with a passive reply or ``success``."""
    arrived = asyncio.get_running_loop().time()
    wechat, account = request.app[SERVICES].wechat, request.match_info["account"]
    try:
        reply = await wechat.receive(account, request.query, await _body(request), arrived)
    except Refused as refused:
        raise _refusal(request, refused) from None
    kind = "text/plain" if reply == NO_REPLY else "application/xml"
    response = web.Response(body=reply.body, content_type=kind, charset="utf-8")
    ANSWERED.labels(account, "none" if reply.inbound_id is None else "passive").inc()
    if reply.inbound_id is not None:
        # WeChat hangs up when it is tired of waiting; that is no error, and it comes again.
        with suppress(ConnectionError):
            # Written here, not when the view is done: only then is it known whether it went out.
            await response.prepare(request)
            await response.write_eof()
            wechat.handed_over(reply.inbound_id)
    return response


async def _body(request: web.Request) -> bytes:
    """Read at most what a message of WeChat may have."""
    data = bytearray()
    try:
        async for chunk in request.content.iter_chunked(16 * 1024):
            data += chunk
            if len(data) > MAX_BODY:
                raise Refused("too_large")
    except ConnectionError:
        raise Refused("cut_off") from None  # nobody hears that; it is counted
    return bytes(data)


def _refusal(request: web.Request, refused: Refused) -> LindaError:
    name = request.match_info["account"]
    # Anyone may call any address: only names of ours become time series.
    known = name if name in request.app[SERVICES].wechat.accounts else "unknown"
    REFUSED.labels(known, refused.reason).inc()
    return LindaError("wechat_refused", "这个请求没有通过核对。", STATUS[refused.reason])


def setup(app: web.Application) -> None:
    """Add the routes, and carry on what waits for as long as the process lives."""
    routes.setup(app)
    app.cleanup_ctx.append(_carrying_on)


async def _carrying_on(app: web.Application) -> AsyncIterator[None]:
    task = asyncio.create_task(app[SERVICES].wechat.run())
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
