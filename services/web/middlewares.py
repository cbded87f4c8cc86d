"""What every request goes through, outermost first.

request id and log → security headers → errors in one shape → the clock → same site (CSRF) → who is
it (auth). A route without a declared rule is refused here.
"""

from __future__ import annotations

import logging
import re
import secrets
import time
from contextlib import suppress
from urllib.parse import quote

from aiohttp import web
from aiohttp.typedefs import Handler

from services.db import DatabaseAway
from services.errors import LindaError
from services.web import metrics
from services.web.auth import authenticate, recognise
from services.web.csrf import check_same_site
from services.web.keys import REQUEST_ID, SERVICES
from services.web.pages import CONSOLE, error_page, in_console
from services.web.routing import declaration_of, json_response
from services.words import piece, refusal

log = logging.getLogger("linda.web")

LOGIN_PAGE = f"{CONSOLE}/login"

SECURITY_HEADERS = {
    # No inline script anywhere: what residents write is shown on staff's screens.
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
        "connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), geolocation=(self), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}

CROSS_ORIGIN_HEADERS = {
    # Bearer tokens only: without Allow-Credentials a browser sends and keeps no cookie.
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, POST, PATCH, DELETE",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Last-Event-ID",
    "Access-Control-Max-Age": "600",
}

HTTP_ERRORS: dict[int, str] = {
    400: "bad_request",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    408: "timeout",
    411: "length_required",
    413: "too_large",
    415: "unsupported_media_type",
}
"""Status of an error of the HTTP server → code; what it says is ``http.<status>`` of ``pieces.yml``."""

ASKED_ALL_THE_TIME = frozenset({"/healthz", "/readyz", "/metrics"})
"""Routes whose good answers are not worth a line in the log."""

_REQUEST_ID = re.compile(r"[\w.-]{1,64}")


@web.middleware
async def request_id(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give the request an id (the proxy's, if it sent a sane one), log it and count it."""
    given = request.headers.get("X-Request-ID", "")
    rid = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
    request[REQUEST_ID] = rid
    started = time.perf_counter()
    response = await handler(request)
    seconds = time.perf_counter() - started
    if not response.prepared:
        response.headers["X-Request-ID"] = rid
    metrics.observe(request, response, seconds)
    # The route's pattern, not the path: ids in paths and queries stay out of the log. That all is well
    # and that there is no new model is asked every two seconds, and is no news.
    pattern = metrics.pattern(request)
    no_news = response.status == 304 or (response.status < 400 and pattern in ASKED_ALL_THE_TIME)
    log.log(
        logging.DEBUG if no_news else logging.INFO,
        "request.done %s %s %d %.0fms id=%s",
        request.method,
        pattern,
        response.status,
        seconds * 1000,
        rid,
    )
    return response


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Signal ``on_response_prepare``: security headers also on streams, files and errors."""
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
    declaration = declaration_of(request)
    if declaration is not None and declaration.cross_origin:
        response.headers.update(CROSS_ORIGIN_HEADERS)
    if declaration is None or declaration.auth != "public":
        response.headers.setdefault("Cache-Control", "no-store")


@web.middleware
async def errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn whatever goes wrong into ``{"error": {"code", "message", "fields"}}``."""
    try:
        return await handler(request)
    except LindaError as error:
        if error.status >= 500:
            cause = error.__cause__
            log.warning("request.refused %s (%r) id=%s", error, cause, request[REQUEST_ID])
        return _answer(request, error)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        code = HTTP_ERRORS.get(error.status, "http_error")
        message = piece(f"http.{error.status if error.status in HTTP_ERRORS else 'other'}")
        headers = {k: v for k, v in error.headers.items() if k in ("Allow", "Retry-After")}
        return _answer(request, LindaError(code, message, error.status), headers)
    except ConnectionResetError:
        raise
    except Exception:
        log.exception("request.failed id=%s", request[REQUEST_ID])
        fields = {"request_id": request[REQUEST_ID]}
        return _answer(
            request,
            refusal("internal", 500, fields),
        )


def _wants_page(request: web.Request) -> bool:
    """Say whether a person reads the answer: of a page, or of an address of the console that is none."""
    declaration = declaration_of(request)
    if declaration is not None:
        return declaration.page
    return in_console(request) and "text/html" in request.headers.get("Accept", "")


def _answer(
    request: web.Request, error: LindaError, headers: dict[str, str] | None = None
) -> web.StreamResponse:
    response: web.StreamResponse
    if _wants_page(request):
        if error.status == 401:
            target = f"{LOGIN_PAGE}?next={quote(request.path_qs, safe='')}"
            return web.Response(status=303, headers={"Location": target})
        response = error_page(request, error)
    else:
        response = json_response(error.body(), error.status)
    response.headers.update(headers or {})
    if "retry_after" in error.fields:
        response.headers["Retry-After"] = str(error.fields["retry_after"])
    if error.status == 401:
        response.headers.setdefault("WWW-Authenticate", 'Bearer realm="linda"')
    return response


@web.middleware
async def clock(request: web.Request, handler: Handler) -> web.StreamResponse:
    """In test mode, read the shared offset before anything asks for the time."""
    services = request.app[SERVICES]
    # Without the database the last known offset holds: /healthz must answer all the same.
    with suppress(DatabaseAway):
        await services.clock.refresh(services.db)
    return await handler(request)


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse requests from other sites, then those whom the route's rule does not let in."""
    declaration = declaration_of(request)
    if declaration is None:
        if request.match_info.http_exception is not None:
            if _wants_page(request):
                await recognise(request)  # the page that says so leads back to their desk
            return await handler(request)  # 404 and 405 of the router
        raise RuntimeError(f"route without a declared rule: {metrics.pattern(request)}")
    if "\x00" in request.path:
        raise web.HTTPNotFound  # no id has one, and no database could look for it
    check_same_site(request, declaration)
    await authenticate(request, declaration)
    return await handler(request)


MIDDLEWARES = [request_id, errors, clock, guard]
