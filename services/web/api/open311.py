"""Open311 GeoReport v2: JSON and XML of one document, errors as the specification has them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from services.errors import LindaError
from services.open311.render import MIME, render
from services.open311.service import PATH
from services.web.keys import SERVICES
from services.web.routing import Routes, storable

routes = Routes("开放接口（Open311）")
setup = routes.setup

STATUSES = {401: 403, 422: 400}
"""Our statuses that GeoReport v2 says otherwise."""

Answered = tuple[str, Any]
View = Callable[[web.Request, dict[str, list[str]]], Awaitable[Answered]]


def _open(view: View) -> Callable[[web.Request], Awaitable[web.Response]]:
    """Read the parameters, render the answer or the error in the format of the path."""

    @wraps(view)
    async def handle(request: web.Request) -> web.Response:
        form = request.match_info["format"]
        try:
            if form not in MIME:
                form = "xml"
                raise LindaError("open311", "格式只有 .json 和 .xml。", 404)
            params = await _params(request)
            request.app[SERVICES].open311.check_jurisdiction(params)
            root, content = await view(request, params)
            return _answer(render(root, content, form), form)
        except LindaError as error:
            status = STATUSES.get(error.status, error.status)
            told = [{"code": status, "description": error.message}]
            response = _answer(render("errors", told, form), form, status)
            if "retry_after" in error.fields:
                response.headers["Retry-After"] = str(error.fields["retry_after"])
            return response

    return handle


def _answer(text: str, form: str, status: int = 200) -> web.Response:
    return web.Response(
        text=text, status=status, content_type=MIME[form], charset="utf-8",
        headers={"Content-Language": "zh-CN", "Cache-Control": "no-store"},
    )  # fmt: skip


async def _params(request: web.Request) -> dict[str, list[str]]:
    """Return the parameters of the query and of the form; the form's come first."""
    found: dict[str, list[str]] = {}
    form = await request.post() if request.method == "POST" else {}
    for name, value in (*form.items(), *request.query.items()):
        if isinstance(value, str):
            found.setdefault(storable(name), []).append(storable(value))
    return found


def _get(path: str, summary: str) -> Callable[[View], View]:
    def add(view: View) -> View:
        routes.get(f"{PATH}/{path}.{{format}}", auth="public", cross_origin=True, summary=summary)(
            _open(view)
        )
        return view

    return add


@_get("discovery", "服务发现")
async def discovery(request: web.Request, params: dict[str, list[str]]) -> Answered:
    """Which specification is served where."""
    services = request.app[SERVICES]
    base = services.settings.public_url.rstrip("/")
    if not base:
        parts = urlsplit(str(request.url))
        base = f"{parts.scheme}://{parts.netloc}"
    return "discovery", services.open311.discovery(base)


@_get("services", "能报的事项")
async def list_services(request: web.Request, params: dict[str, list[str]]) -> Answered:
    """What can be reported."""
    return "services", request.app[SERVICES].open311.services()


@_get("services/{code}", "一个事项要填什么")
async def definition(request: web.Request, params: dict[str, list[str]]) -> Answered:
    """What is asked about a service."""
    found = request.app[SERVICES].open311.definition(request.match_info["code"])
    return "service_definition", found


@_get("requests", "查工单")
async def list_requests(request: web.Request, params: dict[str, list[str]]) -> Answered:
    """Requests of public places."""
    return "service_requests", await request.app[SERVICES].open311.requests(params)


@_get("requests/{id}", "查一件工单")
async def one_request(request: web.Request, params: dict[str, list[str]]) -> Answered:
    """One request."""
    found = await request.app[SERVICES].open311.request(request.match_info["id"], params)
    return "service_requests", found


@_get("tokens/{token}", "用取号码查编号")
async def token(request: web.Request, params: dict[str, list[str]]) -> Answered:
    """The number that belongs to a token."""
    found = await request.app[SERVICES].open311.token(request.match_info["token"])
    return "service_requests", found


async def _file(request: web.Request, params: dict[str, list[str]]) -> Answered:
    """File a request; with an ``Idempotency-Key`` header sent again, it is the same one."""
    once = request.headers.get("Idempotency-Key", "").strip()[:255] or None
    return "service_requests", await request.app[SERVICES].open311.file(params, once)


routes.post(f"{PATH}/requests.{{format}}", auth="public", cross_origin=True, summary="报一件事")(
    _open(_file)
)
