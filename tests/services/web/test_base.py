"""What holds for every route: a rule, one shape of errors, headers, same site, the document."""

from __future__ import annotations

import logging
import re

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from services.config import Settings
from services.context import Services, build
from services.db import Database
from services.web.app import create_app
from services.web.csrf import SAFE_METHODS
from services.web.openapi import api_routes, document
from services.web.routing import DECLARATIONS, PLAIN_AUTH, Declaration
from tests.services.web.conftest import Client, Token

PUBLIC_WRITES = {
    "/api/v1/auth/token",
    "/api/v1/chat/sessions",
    "/channels/wechat/{account}",  # signed by WeChat
    "/console/login",
    "/console/logout",
    "/open311/v2/requests.{format}",  # asks for a key in the form
    "/progress/{ticket_no}",  # asks for the code; wrong ones are counted
}
"""Routes that change something and ask nobody who they are: each one thought about."""


@pytest.fixture
def app(settings: Settings) -> web.Application:
    return create_app(settings)


def path_of(route: web.AbstractRoute) -> str:
    assert route.resource is not None
    return route.resource.canonical


# -- every route has a rule -----------------------------------------------------------------


def test_every_route_declares_who_may_call_it(app: web.Application) -> None:
    declared = app[DECLARATIONS]
    missing = [f"{r.method} {path_of(r)}" for r in app.router.routes() if r not in declared]
    assert missing == []
    assert len(declared) > 40


def test_only_known_routes_change_something_for_anyone(app: web.Application) -> None:
    open_writes = {
        path_of(route)
        for route, declaration in app[DECLARATIONS].items()
        if declaration.auth == "public" and route.method not in SAFE_METHODS
    }
    assert open_writes <= PUBLIC_WRITES


def test_routes_of_other_sites_never_take_a_cookie(app: web.Application) -> None:
    for route, declaration in app[DECLARATIONS].items():
        if declaration.cross_origin:
            assert declaration.auth in ("public", "resident"), path_of(route)


@pytest.mark.parametrize("auth", ["", "anyone", "staff:", "staff:boss", "staff:grid,boss"])
def test_a_rule_that_is_none_is_an_error_at_once(auth: str) -> None:
    with pytest.raises(ValueError, match="unknown auth"):
        Declaration(auth, "")


async def test_without_credentials_every_guarded_route_is_closed(client: Client) -> None:
    for route, declaration in client.app[DECLARATIONS].items():
        if declaration.auth == "public":
            continue
        path = re.sub(r"{\w+}", "x", path_of(route))
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Cookie": "linda_session=wrong"}):
            answer = await client.request(
                route.method, path, headers=headers, json={}, allow_redirects=False
            )
            expected = 303 if declaration.page else 401
            assert answer.status == expected, f"{route.method} {path} {headers}"


async def test_a_route_without_a_rule_is_refused(services: Services) -> None:
    app = create_app(services.settings, services)

    async def forgotten(request: web.Request) -> web.Response:
        return web.Response(text="secret")

    app.router.add_get("/forgotten", forgotten)
    async with TestClient(TestServer(app)) as client:
        answer = await client.get("/forgotten")
        assert answer.status == 500
        assert "secret" not in await answer.text()


def test_test_mode_routes_do_not_exist_outside_test_mode(settings: Settings) -> None:
    app = create_app(settings.model_copy(update={"test_mode": False}))
    assert not [r for r in app[DECLARATIONS] if "/test/" in path_of(r)]


def test_test_mode_and_production_exclude_each_other() -> None:
    with pytest.raises(ValueError, match="LINDA_TEST_MODE"):
        Settings(env="production", test_mode=True, internal_token="x", data_key="x")


# -- one shape of errors --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "/nowhere", None, 404, "not_found"),
        ("GET", "/api/v1/nowhere", None, 404, "not_found"),
        ("GET", "/api/v1/places%00", None, 404, "not_found"),
        ("DELETE", "/healthz", None, 405, "method_not_allowed"),
        ("POST", "/api/v1/auth/token", b"{", 400, "bad_json"),
        ("POST", "/api/v1/auth/token", b"\xff\xfe", 400, "bad_json"),
        ("POST", "/api/v1/auth/token", b"[" * 100_000, 400, "bad_json"),
        ("POST", "/api/v1/auth/token", b"[]", 422, "invalid_fields"),
        ("POST", "/api/v1/auth/token", b"{}", 422, "invalid_fields"),
        ("POST", "/api/v1/auth/token", b" " * 300_000, 413, "too_large"),
        ("GET", "/api/v1/tickets", None, 401, "not_authenticated"),
        ("GET", "/api/v1/catalogue/Z9", None, 404, "card_not_found"),
        (
            "POST",
            "/api/v1/auth/token",
            b'{"username":"grid1\\u0000","password":"\\ud800"}',
            401,
            "login_failed",
        ),
    ],
)
async def test_errors_have_one_shape(
    client: Client, method: str, path: str, body: bytes | None, status: int, code: str
) -> None:
    answer = await client.request(method, path, data=body)
    assert answer.status == status
    error = (await answer.json())["error"]
    assert set(error) == {"code", "message", "fields"}
    assert error["code"] == code
    assert re.search(r"[\u4e00-\u9fff]", error["message"])
    assert isinstance(error["fields"], dict)


@pytest.mark.parametrize(
    ("path", "accept", "kind"),
    [
        ("/console/nowhere", "text/html,application/xhtml+xml;q=0.9", "text/html"),
        ("/console/tickets/x/nowhere", "text/html", "text/html"),
        ("/console/nowhere", "application/json", "application/json"),
        ("/consoles", "text/html", "application/json"),
        ("/api/v1/nowhere", "text/html", "application/json"),
    ],
)
async def test_an_unknown_address_of_the_console_is_a_page_in_a_browser(
    client: Client, path: str, accept: str, kind: str
) -> None:
    answer = await client.get(path, headers={"Accept": accept})
    assert (answer.status, answer.content_type) == (404, kind)
    assert "没有这个地址" in await answer.text()


async def test_an_unknown_address_of_the_console_leads_back_to_the_desk(
    client: Client, services: Services
) -> None:
    page = {"Accept": "text/html"}
    stranger = await (await client.get("/console/nowhere", headers=page)).text()
    assert 'class="button" href="/console"' in stranger and 'href="/"' not in stranger
    form = {"username": "grid1", "password": services.settings.demo_password}
    assert (await client.post("/console/login", data=form, allow_redirects=False)).status == 303
    answer = await client.get("/console/nowhere", headers=page)
    known = await answer.text()
    assert answer.status == 404
    assert 'href="/console/tickets?mine=true">回到开头' in known and 'href="/"' not in known


async def test_wrong_fields_are_named_in_chinese(client: Client) -> None:
    answer = await client.post("/api/v1/auth/token", json={"username": "", "password": 1})
    fields = (await answer.json())["error"]["fields"]
    assert fields == {"username": "太短了，至少 1 个字", "password": "应当是文字"}


async def test_a_fault_of_ours_says_nothing_about_itself(
    client: Client, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken() -> None:
        raise RuntimeError("password=hunter2")

    monkeypatch.setattr(services.places, "listing", broken)
    answer = await client.get("/api/v1/places")
    assert answer.status == 500
    text = await answer.text()
    assert "hunter2" not in text and "Traceback" not in text
    assert (await answer.json())["error"]["fields"]["request_id"] == answer.headers["X-Request-ID"]


# -- headers and log ------------------------------------------------------------------------


async def test_every_answer_has_security_headers_and_an_id(client: Client) -> None:
    for path in ("/healthz", "/nowhere", "/api/v1/tickets"):
        headers = (await client.get(path)).headers
        assert "script-src 'self';" in headers["Content-Security-Policy"]
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert re.fullmatch(r"[0-9a-f]{16}", headers["X-Request-ID"])
    given = await client.get("/healthz", headers={"X-Request-ID": "proxy-7"})
    assert given.headers["X-Request-ID"] == "proxy-7"
    hostile = await client.get("/healthz", headers={"X-Request-ID": "x" * 300})
    assert len(hostile.headers["X-Request-ID"]) == 16
    assert (await client.get("/api/v1/tickets")).headers["Cache-Control"] == "no-store"


async def test_the_log_says_the_route_and_no_ids(
    client: Client, as_staff: Token, caplog: pytest.LogCaptureFixture
) -> None:
    headers = await as_staff("grid1")
    with caplog.at_level(logging.INFO, "linda.web"):
        await client.get("/api/v1/tickets/SQ-1?q=13812345678", headers=headers)
    [line] = [r.getMessage() for r in caplog.records if r.name == "linda.web"]
    assert "/api/v1/tickets/{ticket_no}" in line
    assert "13812345678" not in line and "SQ-1" not in line


# -- same site ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({}, True),
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "none"}, True),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Origin": "https://evil.example"}, False),
        ({"Origin": "null"}, False),
        ({"Sec-Fetch-Site": "cross-site", "Authorization": "Bearer x"}, False),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "https://evil.example"}, True),
    ],
)
async def test_with_a_cookie_only_this_site_may_write(
    client: Client, services: Services, headers: dict[str, str], allowed: bool
) -> None:
    password = services.settings.demo_password
    login = await services.people.login("grid1", password, "::1")
    cookie = {"Cookie": f"linda_session={login.secret}"}
    answer = await client.post("/api/v1/auth/logout", headers=cookie | headers)
    assert answer.status == (204 if allowed else 403)
    if not allowed:
        assert (await answer.json())["error"]["code"] == "cross_site"
        assert await services.people.staff_of_session(login.secret) is not None


async def test_the_own_origin_may_write(client: Client, services: Services) -> None:
    login = await services.people.login("grid1", services.settings.demo_password, "::1")
    headers = {
        "Cookie": f"linda_session={login.secret}",
        "Origin": f"http://{client.host}:{client.port}",
    }
    assert (await client.post("/api/v1/auth/logout", headers=headers)).status == 204


async def test_a_bearer_token_without_a_cookie_may_come_from_anywhere(
    client: Client, as_staff: Token
) -> None:
    headers = await as_staff("grid1") | {"Sec-Fetch-Site": "cross-site"}
    assert (await client.post("/api/v1/auth/logout", headers=headers)).status == 204


async def test_another_site_cannot_log_someone_in(client: Client) -> None:
    answer = await client.post("/api/v1/auth/token", headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status == 403


# -- the document ---------------------------------------------------------------------------


def test_the_document_covers_every_api_route(app: web.Application) -> None:
    described = document(app)
    for route in app.router.routes():
        path = path_of(route)
        if path.startswith(("/api/v1", "/internal/v1")) and route.method not in SAFE_METHODS - {
            "GET"
        }:
            operation = described["paths"][path][route.method.lower()]
            assert operation["summary"], f"{route.method} {path} has no summary"


def test_the_document_is_whole(app: web.Application) -> None:
    described = document(app)
    assert described["openapi"] == "3.1.0"
    text = str(described)
    for name in set(re.findall(r"#/components/schemas/(\w+)", text)):
        assert name in described["components"]["schemas"], name
    ids = [o["operationId"] for p in described["paths"].values() for o in p.values()]
    assert len(ids) == len(set(ids))
    for method, path, declaration in api_routes(app):
        operation = described["paths"][path][method.lower()]
        assert bool(operation["security"]) is (declaration.auth != "public")
        named = {p["name"] for p in operation["parameters"] if p["in"] == "path"}
        assert named == set(re.findall(r"{(\w+)", path))
        assert declaration.auth in PLAIN_AUTH or declaration.auth.startswith("staff:")


def test_every_answer_of_the_api_is_described_field_by_field(app: web.Application) -> None:
    bare = [
        (method, path)
        for method, path, d in api_routes(app)
        if d.auth != "internal" and d.response is None and d.status != 204
        if d.media == "application/json" and path != "/api/v1/openapi.json"
    ]
    assert bare == []


async def test_the_document_is_served(client: Client) -> None:
    served = await (await client.get("/api/v1/openapi.json")).json()
    create = served["paths"]["/api/v1/tickets"]["post"]
    assert {"name": "Idempotency-Key", "in": "header"}.items() <= create["parameters"][0].items()
    assert create["x-roles"] == ["clerk", "grid", "mediator", "supervisor"]


# -- health ---------------------------------------------------------------------------------


async def test_alive_but_not_ready_without_rasa(client: Client) -> None:
    assert (await client.get("/healthz")).status == 200
    answer = await client.get("/readyz")
    assert answer.status == 503
    assert (await answer.json())["checks"] == {"database": True, "rasa": False}


async def test_ready_with_database_and_rasa(services: Services, db: Database) -> None:
    rasa = web.Application()
    rasa.router.add_post("/model/parse", _parse)
    async with TestServer(rasa) as server:
        settings = services.settings.model_copy(update={"rasa_url": str(server.make_url("/"))})
        async with TestClient(TestServer(create_app(settings, build(settings, db)))) as client:
            answer = await client.get("/readyz")
            assert (answer.status, (await answer.json())["status"]) == (200, "ready")


async def _parse(request: web.Request) -> web.Response:
    if request.query.get("token") != "internal-token-of-the-tests":
        return web.Response(status=401)
    return web.json_response({"intent": {"name": "greet"}})


async def test_figures_by_route(client: Client) -> None:
    await client.get("/api/v1/places")
    text = await (await client.get("/metrics")).text()
    assert 'linda_http_requests_total{method="GET",route="/api/v1/places",status="200"}' in text
