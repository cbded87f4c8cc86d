"""Internal API for Rasa processes: the production model's bytes, and what each of them serves.

Bearer ``LINDA_INTERNAL_TOKEN``. The protocol is “Release” in docs/architecture.md: plain bytes
without a Content-Encoding, because what is hashed is what is sent.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from aiohttp import web

from services.errors import LindaError
from services.training.serving import ServingReport
from services.web.keys import SERVICES
from services.web.routing import Routes

routes = Routes("内部接口")
setup = routes.setup

BLOCK = 256 * 1024
"""Bytes that are sent at once."""


@routes.get("/internal/v1/models/current", auth="internal", summary="在用的模型（字节流）")
async def current(request: web.Request) -> web.StreamResponse:
    """Send the production model; 304 when the caller has it, 404 when there is none."""
    models = request.app[SERVICES].learning.models
    release = await models.current()
    if release is None:
        raise LindaError("no_model", "还没有模型。", 404)
    headers = {"ETag": f'"{release.model}"', "X-Linda-Sha256": release.model}
    known = request.if_none_match or ()
    if any(tag.value == release.model for tag in known):
        return web.Response(status=304, headers=headers)
    return await _send(request, await models.archives.file(release.model), headers)


async def _send(request: web.Request, path: Path, headers: dict[str, str]) -> web.StreamResponse:
    """Send a file as it is; ``FileResponse`` would call a ``.gz`` an encoding of something else."""
    # Opened before the first byte: cleared away meanwhile, it can still be read to its end.
    file = await asyncio.to_thread(path.open, "rb")
    try:
        size = await asyncio.to_thread(file.seek, 0, 2)
        await asyncio.to_thread(file.seek, 0)
        response = web.StreamResponse(
            headers={**headers, "Content-Type": "application/octet-stream"}
        )
        response.content_length = size
        await response.prepare(request)
        while block := await asyncio.to_thread(file.read, BLOCK):
            await response.write(block)
        await response.write_eof()
        return response
    finally:
        await asyncio.to_thread(file.close)


@routes.post(
    "/internal/v1/models/serving", auth="internal", body=ServingReport, summary="我在用哪个模型"
)
async def serving(request: web.Request, body: ServingReport) -> web.Response:
    """Keep what a Rasa process says about itself."""
    await request.app[SERVICES].learning.models.report_serving(body)
    return web.Response(status=204)
