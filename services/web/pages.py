"""Errors on HTML pages; the console puts its own page in place of the plain one."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

from aiohttp import web

from services.errors import LindaError
from services.words import texts

ErrorPage = Callable[[web.Request, LindaError], web.StreamResponse]

ERROR_PAGE: web.AppKey[ErrorPage] = web.AppKey("error_page")
"""Set by the console: renders a :class:`LindaError` in its own layout."""

CONSOLE = "/console"


def in_console(request: web.Request) -> bool:
    """Whether the address is one of the console's, or would be."""
    return request.path == CONSOLE or request.path.startswith(f"{CONSOLE}/")


def error_page(request: web.Request, error: LindaError) -> web.StreamResponse:
    """Return the error as a page."""
    return request.app.get(ERROR_PAGE, plain_error_page)(request, error)


def plain_error_page(request: web.Request, error: LindaError) -> web.Response:
    """A page that needs nothing else to work."""
    words = texts("page")["error"]
    html = (
        f'<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>{escape(words["title"])}</title>'
        f"<h1>{escape(error.message)}</h1><p><a href='/'>{escape(words['home'])}</a></p></html>"
    )
    return web.Response(text=html, content_type="text/html", status=error.status)
