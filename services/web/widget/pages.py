"""``/`` and ``/widget.js``."""

from __future__ import annotations

from aiohttp import web

from services.web.routing import Routes
from services.web.templates import page
from services.web.widget.bundle import widget_script, widget_words
from services.words import texts

routes = Routes("居民页面")


@routes.get("/", auth="public", page=True, summary="居民页面")
async def resident_page(request: web.Request) -> web.Response:
    """The widget on the whole screen."""
    said = {name: words[0] for name, words in widget_words().items()}
    return page("resident.html", widget=said, words=texts("page")["resident"])


@routes.get("/widget.js", auth="public", cross_origin=True, summary="嵌入其他网页的脚本")
async def script(request: web.Request) -> web.Response:
    """The widget's script; asked for again each time, sent again only when it has changed."""
    made = widget_script()
    headers = {"ETag": f'"{made.etag}"', "Cache-Control": "no-cache"}
    known = request.if_none_match or ()
    if any(tag.value == made.etag for tag in known):
        return web.Response(status=304, headers=headers)
    return web.Response(
        text=made.text, content_type="text/javascript", charset="utf-8", headers=headers
    )


setup = routes.setup
