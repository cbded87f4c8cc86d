"""Routes that say, where they are declared, who may call them and what they take.

A subject's module declares its routes on a :class:`Routes` object and exports ``setup``::

    routes = Routes("工单")

    @routes.post("/api/v1/tickets", auth="staff:register", body=NewTicket, status=201,
                 summary="登记一件诉求")
    async def create(request: web.Request, body: NewTicket) -> dict[str, Any]:
        ...

    setup = routes.setup

``auth`` is one of

* ``"public"`` – anyone;
* ``"staff"`` – any logged-in member of staff, ``"staff:<permission>"`` – only the roles that
  ``data/roles.yml`` gives it to (session cookie or bearer token); the view finds the person in
  ``request[STAFF]``;
* ``"resident"`` – the bearer token of a chat session; ``request[CONVERSATION]``;
* ``"internal"`` – Rasa's action server, bearer ``LINDA_INTERNAL_TOKEN``;
* ``"admin-test"`` – an administrator's bearer token, and only in test mode.

A request to a route without a declaration is refused (:mod:`services.web.middlewares`), so a
forgotten rule is an error and not a hole.

A view gets ``body`` and ``query`` as validated models when the route declares them, and returns a
mapping or list (sent as JSON with the declared status) or any aiohttp response.
"""

from __future__ import annotations

import json
import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from aiohttp import web
from pydantic import BaseModel

from services.errors import LindaError
from services.people.model import Role
from services.people.roles import holders, roles
from services.web.validation import validated
from services.words import piece

View = Callable[..., Awaitable[Any]]

ROLES: frozenset[str] = frozenset(get_args(Role))
PLAIN_AUTH = frozenset({"public", "staff", "resident", "internal", "admin-test"})


@dataclass(frozen=True)
class Variant:
    """One of several bodies of a route, for the OpenAPI document.

    Attributes:
        summary: One Chinese line.
        schema: JSON Schema of the body.
        example: A body that fits it.
        roles: Who may send it; more may be asked of them.
    """

    summary: str
    schema: Mapping[str, Any]
    example: Mapping[str, Any]
    roles: tuple[str, ...] = ()


@dataclass(frozen=True)
class Declaration:
    """What a route promises; read by the auth middleware, the OpenAPI document and the tests.

    Attributes:
        auth: See the module's docstring.
        tag: Chapter of the OpenAPI document.
        summary: One Chinese line for it.
        body: Model of the JSON body, if there is one.
        query: Model of the query string, if there is one.
        response: Model of the answer, if it is described.
        status: Status of a successful answer.
        page: An HTML page: someone who is not logged in is sent to the login page.
        cross_origin: May be called by the widget from another site (bearer tokens, never cookies).
        idempotency_key: Whether the ``Idempotency-Key`` header is required.
        variants: Gives the bodies by the last part of the path, where that says what is asked.
        upload: Parts of a multipart body by name, with what each is; ``file`` is the file.
        media: Media type of a successful answer that is no JSON.
    """

    auth: str
    tag: str
    summary: str = ""
    body: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    response: type[BaseModel] | None = None
    status: int = 200
    page: bool = False
    cross_origin: bool = False
    idempotency_key: bool = False
    variants: Callable[[], Mapping[str, Variant]] | None = None
    upload: Mapping[str, str] | None = None
    media: str = "application/json"

    def __post_init__(self) -> None:
        kind, _, permission = self.auth.partition(":")
        known = self.auth in PLAIN_AUTH or (kind == "staff" and permission in roles().permissions)
        if not known:
            raise ValueError(f"unknown auth {self.auth!r}")

    @property
    def of_residents(self) -> bool:
        """Whether what it refuses may be read by a resident: on a page, in the widget, in an answer."""
        return self.auth in ("public", "resident", "internal")

    @property
    def roles(self) -> frozenset[str]:
        """Roles that a ``staff`` route lets in."""
        _, _, permission = self.auth.partition(":")
        return frozenset(holders(permission)) if permission else ROLES


DECLARATIONS: web.AppKey[dict[web.AbstractRoute, Declaration]] = web.AppKey("declarations", dict)
"""Declaration of each route of the application."""


def declaration_of(request: web.Request) -> Declaration | None:
    """Return what the matched route declares; None when no route matched."""
    return request.app[DECLARATIONS].get(request.match_info.route)


class Routes:
    """The routes of one subject, declared with decorators and added to an application by ``setup``.

    Args:
        tag: Chinese name of the subject in the OpenAPI document.
        test_only: Add them in test mode only.
    """

    def __init__(self, tag: str, test_only: bool = False) -> None:
        self.tag = tag
        self.test_only = test_only
        self._routes: list[tuple[str, str, View, Declaration]] = []
        self._folders: list[tuple[str, Path]] = []

    def route(
        self, method: str, path: str, *, auth: str, **declared: Any
    ) -> Callable[[View], View]:
        """Declare a view; keyword arguments are those of :class:`Declaration`."""
        declaration = Declaration(auth=auth, tag=self.tag, **declared)

        def keep(view: View) -> View:
            self._routes.append((method, path, view, declaration))
            return view

        return keep

    def get(self, path: str, *, auth: str, **declared: Any) -> Callable[[View], View]:
        """Declare a GET view."""
        return self.route("GET", path, auth=auth, **declared)

    def post(self, path: str, *, auth: str, **declared: Any) -> Callable[[View], View]:
        """Declare a POST view."""
        return self.route("POST", path, auth=auth, **declared)

    def patch(self, path: str, *, auth: str, **declared: Any) -> Callable[[View], View]:
        """Declare a PATCH view."""
        return self.route("PATCH", path, auth=auth, **declared)

    def delete(self, path: str, *, auth: str, **declared: Any) -> Callable[[View], View]:
        """Declare a DELETE view."""
        return self.route("DELETE", path, auth=auth, **declared)

    def static(self, prefix: str, folder: Path) -> None:
        """Serve the files of a folder to anyone."""
        self._folders.append((prefix, folder))

    def setup(self, app: web.Application) -> None:
        """Add the routes and their declarations to the application."""
        from services.web.keys import SERVICES

        if self.test_only and not app[SERVICES].settings.test_mode:
            return
        declared = app[DECLARATIONS]
        for method, path, view, declaration in self._routes:
            route = app.router.add_route(method, path, _handler(view, declaration))
            declared[route] = declaration
        self._add_preflights(app)
        for prefix, folder in self._folders:
            for route in app.router.add_static(prefix, folder):
                declared[route] = Declaration("public", self.tag)

    def _add_preflights(self, app: web.Application) -> None:
        """A browser on another site asks with OPTIONS before it sends a bearer token."""
        for path in dict.fromkeys(p for _, p, _, d in self._routes if d.cross_origin):
            route = app.router.add_route("OPTIONS", path, _preflight)
            app[DECLARATIONS][route] = Declaration("public", self.tag, cross_origin=True)


async def _preflight(request: web.Request) -> web.Response:
    return web.Response(status=204)


def _handler(view: View, declaration: Declaration) -> Callable[[web.Request], Awaitable[Any]]:
    async def handle(request: web.Request) -> web.StreamResponse:
        arguments: dict[str, Any] = {}
        if declaration.query is not None:
            arguments["query"] = _query(declaration, storable(dict(request.query)))
        if declaration.body is not None:
            arguments["body"] = validated(
                declaration.body, await _json(request), plainly=declaration.of_residents
            )
        result = await view(request, **arguments)
        if isinstance(result, web.StreamResponse):
            return result
        if isinstance(result, BaseModel):
            result = result.model_dump(mode="json")
        return json_response(result, status=declaration.status)

    return handle


def _query(declaration: Declaration, given: Mapping[str, str]) -> BaseModel:
    """Read the query string; on a page nobody is told the names of its fields, which stand nowhere on it."""
    assert declaration.query is not None
    try:
        return validated(declaration.query, given, plainly=declaration.of_residents)
    except LindaError as error:
        if not declaration.page:
            raise
        words = piece("refused.bad_address")
        raise LindaError(error.code, words, error.status, error.fields) from None


MAX_DEPTH = 32
"""Levels of a JSON body: far more than any of ours, far fewer than what exhausts a stack."""


async def _json(request: web.Request) -> Any:
    try:
        body = await request.read() or b"{}"
        return storable(json.loads(body, parse_constant=_finite, parse_float=_finite))
    # ValueError: no JSON, no UTF-8, or a whole number of thousands of digits.
    except (ValueError, RecursionError):
        raise LindaError("bad_json", piece("refused.malformed"), 400) from None


def _finite(text: str) -> float:
    """Read a number; NaN, Infinity and 1e999 are none that JSON or a database could hold."""
    number = float(text)
    if not math.isfinite(number):
        raise LindaError("bad_number", piece("refused.malformed"), 422)
    return number


def storable(value: Any, depth: int = 0) -> Any:
    """Return the value with texts that every database can hold: no NUL, no half surrogate pair.

    Raises:
        LindaError: 422 ``too_deep``.
    """
    if depth > MAX_DEPTH:
        raise LindaError("too_deep", piece("refused.malformed"), 422)
    match value:
        case str():
            return value.replace("\x00", "").encode("utf-8", "replace").decode()
        case list():
            return [storable(v, depth + 1) for v in value]
        case dict():
            return {storable(k): storable(v, depth + 1) for k, v in value.items()}
        case _:
            return value


def idempotency_key(request: web.Request) -> str:
    """Return the ``Idempotency-Key`` header.

    Raises:
        LindaError: 400 ``idempotency_key_required`` when it is missing or longer than 255.
    """
    key = request.headers.get("Idempotency-Key", "").strip()
    if not 1 <= len(key) <= 255:
        wanted = {"Idempotency-Key": {"min_length": 1, "max_length": 255}}
        raise LindaError("idempotency_key_required", piece("refused.malformed"), 400, wanted)
    return key


def json_response(data: Any, status: int = 200) -> web.Response:
    """Return JSON with Chinese left readable."""
    return web.json_response(
        data,
        status=status,
        dumps=lambda d: json.dumps(d, ensure_ascii=False, allow_nan=False, default=str),
    )
