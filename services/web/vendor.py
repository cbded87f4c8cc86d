"""Files for browsers: our own under ``/static``, and of the npm packages only those listed here."""

from __future__ import annotations

from pathlib import Path

from aiohttp import web

from services.config import ROOT
from services.errors import LindaError
from services.web.routing import Routes

STATIC = Path(__file__).parent / "static"
NODE_MODULES = ROOT / "node_modules"

ALLOWED = {
    "htmx.js": "htmx.org/dist/htmx.min.js",
    "htmx-sse.js": "htmx-ext-sse/dist/sse.min.js",
}
"""Name in the address → file in ``node_modules``. Nothing else of it is ever served."""

routes = Routes("页面文件")


@routes.get("/vendor/{name}", auth="public", summary="第三方脚本")
async def vendor(request: web.Request) -> web.StreamResponse:
    """Serve an allowed file; 404 for any other name, 503 when the packages are not installed."""
    file = ALLOWED.get(request.match_info["name"])
    if file is None:
        raise LindaError("not_found", "没有这个文件。", 404)
    path = NODE_MODULES / file
    if not path.is_file():
        raise LindaError(
            "vendor_missing", "网页组件还没有安装：请在项目目录执行 npm ci，再重新启动。", 503
        )
    # Revalidated, not kept: an upgrade of the package reaches browsers at the next page.
    return web.FileResponse(path, headers={"Cache-Control": "no-cache"})


routes.static("/static", STATIC)
setup = routes.setup
