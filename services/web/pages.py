"""Errors on HTML pages; the console puts its own page in place of the plain one."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

from aiohttp import web

from services.errors import LindaError
from services.web.routing import declaration_of
from services.words import texts

ErrorPage = Callable[[web.Request, LindaError], web.StreamResponse]

ERROR_PAGE: web.AppKey[ErrorPage] = web.AppKey("error_page")
"""Set by the console: renders a :class:`LindaError` in its own layout."""

CONSOLE = "/console"


def in_console(request: web.Request) -> bool:
    """Whether the address is one of the console's, or would be."""
    return request.path == CONSOLE or request.path.startswith(f"{CONSOLE}/")


def error_page(request: web.Request, error: LindaError) -> web.StreamResponse:
    """Return the error as a page: staff stay in the console's frame, residents read a page of their own."""
    declaration = declaration_of(request)
    of_staff = in_console(request) or (declaration is not None and not declaration.of_residents)
    made = request.app.get(ERROR_PAGE, plain_error_page) if of_staff else plain_error_page
    return made(request, error)


def plain_error_page(request: web.Request, error: LindaError) -> web.Response:
    """A page that needs nothing else to work."""
    words = texts("page")["error"]
    html = (
        f'<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>{escape(words["title"])}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<link rel="stylesheet" href="/static/notice.css"><script src="/static/letters.js" defer></script>'
        f'<main><p class="unit">{escape(error.message)}</p>'
        f'<nav><a href="/">{escape(words["home"])}</a></nav></main></html>'
    )
    return web.Response(text=html, content_type="text/html", status=error.status)
