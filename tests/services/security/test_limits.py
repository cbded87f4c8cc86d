"""Nobody wears the system out or guesses their way in, and nobody else pays for who tries."""

from __future__ import annotations

import io
import time
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiohttp import FormData, web
from aiohttp.test_utils import TestServer
from multidict import CIMultiDict
from PIL import Image
from pydantic import ValidationError

from services.channels import attachments
from services.channels.service import SESSIONS
from services.config import Settings
from services.context import Services
from services.errors import LindaError
from services.people import logins
from services.tickets.core.actor import resident
from services.tickets.core.commands import CreateTicket
from services.web.api import health
from services.web.auth import client_address
from services.web.console import forms
from services.web.keys import SERVICES
from tests.services.security.conftest import Client, FileTicket, Token, open_chat

INTERNAL = {"Authorization": "Bearer internal-token-of-the-tests"}


async def refused(code: str, awaitable: Any) -> LindaError:
    with pytest.raises(LindaError) as caught:
        await awaitable
    assert caught.value.code == code
    return caught.value


# -- photos ---------------------------------------------------------------------------------


def test_a_photo_that_unpacks_to_too_much_is_refused_before_it_does() -> None:
    out = io.BytesIO()
    Image.new("1", (5001, 5000)).save(out, "PNG")
    with pytest.raises(LindaError) as caught:
        attachments.reencode(out.getvalue())
    assert caught.value.code == "not_an_image"


def test_a_large_photo_becomes_small_and_upright() -> None:
    out, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    Image.new("RGB", (4000, 3000), "red").save(out, "JPEG", exif=exif)
    kept = attachments.reencode(out.getvalue())
    assert (kept.width, kept.height) == (1920, 2560)


# -- sessions, tickets, codes ---------------------------------------------------------------


async def test_the_limit_of_sessions_is_by_address_and_ends(services: Services) -> None:
    channels = services.channels
    for _ in range(services.settings.sessions_per_address):
        await channels.open_session(address="192.0.2.1")
    error = await refused("too_many_sessions", channels.open_session(address="192.0.2.1"))
    assert 0 < error.fields["retry_after"] <= 600
    await channels.open_session(address="192.0.2.2")
    services.clock._offset += SESSIONS.window
    await channels.open_session(address="192.0.2.1")


async def test_a_conversation_files_only_so_many_tickets_an_hour(services: Services) -> None:
    def ticket(text: str, **more: Any) -> CreateTicket:
        return CreateTicket(conversation_id="c1", leaf="H6", narrative=text, **more)

    tickets = services.tickets
    most = services.settings.tickets_per_conversation
    for n in range(most):
        await tickets.create(ticket(f"第{n}件"), resident("c1"), f"k{n}", origin="here")
    error = await refused(
        "too_many_tickets", tickets.create(ticket("还有"), resident("c1"), "more")
    )
    assert error.status == 429 and error.fields["retry_after"] > 0
    again = await tickets.create(ticket("第0件"), resident("c1"), "k0")
    assert again["ticket_no"], "sending the same once more is no new ticket"
    danger = ticket("着火了", handed_off=True)
    assert (await tickets.create(danger, resident("c1"), "fire"))["state"] == "HANDED_OFF"
    await tickets.create(ticket("别人的"), resident("c2"), "c2", origin="here")


async def test_query_codes_cannot_be_tried_without_end(
    client: Client, file_ticket: FileTicket, services: Services
) -> None:
    filed = await file_ticket()
    number, wrong = filed["ticket_no"], f"{(int(filed['query_code']) + 1) % 1_000_000:06d}"
    conversation, _ = await open_chat(client)
    path = f"/internal/v1/tickets/{number}?conversation_id={conversation}&query_code="
    for _ in range(5):
        assert (await client.get(path + wrong, headers=INTERNAL)).status == 404
    assert (await client.get(path + filed["query_code"], headers=INTERNAL)).status == 429
    # Another address is not locked out by that.
    elsewhere = (await services.channels.open_session(address="192.0.2.9")).session_id
    path = path.replace(conversation, elsewhere)
    assert (await client.get(path + filed["query_code"], headers=INTERNAL)).status == 200


# -- login ----------------------------------------------------------------------------------


async def test_guessing_locks_the_guesser_out_and_slows_the_name_down(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr(logins, "asyncio", SimpleNamespace(sleep=sleep))
    people, password = services.people, services.settings.demo_password
    for n in range(10):
        address = f"198.51.100.{n // 5}"
        await refused("login_failed", people.login("grid1", "wrong", address))
    await refused("login_locked", people.login("grid1", password, "198.51.100.0"))
    assert (await people.login("grid1", password, "192.0.2.1")).staff.id == "grid1"
    assert waited[:5] == [0.0] * 5 and waited[5:] == [1.0, 2.0, 4.0, 8.0, 8.0, 8.0]


@pytest.mark.parametrize(
    ("remote", "forwarded", "address"),
    [
        ("203.0.113.5", "192.0.2.1", "203.0.113.5"),
        ("127.0.0.1", "192.0.2.1", "192.0.2.1"),
        ("127.0.0.1", "6.6.6.6, 192.0.2.1, 10.0.0.3", "192.0.2.1"),
        ("127.0.0.1", "", "127.0.0.1"),
        ("127.0.0.1", "not an address", "127.0.0.1"),
        ("::1", "192.0.2.1", "::/64"),
        ("2001:db8:1:2:3::4", "", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.5", "", "203.0.113.5"),
        (None, "", "unknown"),
    ],
)
def test_only_our_proxy_says_who_is_calling(
    remote: str | None, forwarded: str, address: str
) -> None:
    settings = Settings(trusted_proxy="127.0.0.1, 10.0.0.0/8")
    headers = CIMultiDict({"X-Forwarded-For": forwarded} if forwarded else {})
    request = SimpleNamespace(
        app={SERVICES: SimpleNamespace(settings=settings)}, headers=headers, remote=remote
    )
    assert client_address(cast(web.Request, request)) == address


def test_a_proxy_that_is_no_address_is_refused_at_start() -> None:
    with pytest.raises(ValidationError, match=r"proxy\.example"):
        Settings(trusted_proxy="proxy.example")


# -- forms, readiness -----------------------------------------------------------------------


async def test_a_form_is_given_up_as_soon_as_it_is_too_long(
    client: Client, file_ticket: FileTicket
) -> None:
    number = (await file_ticket())["ticket_no"]
    login = {"username": "clerk1", "password": "password-of-the-tests"}
    await client.post("/console/login", data=login, allow_redirects=False)
    path = f"/console/tickets/{number}/actions/note"
    for parts in ([("text", "长" * forms.MAX_TEXT)], [("x", "1")] * (forms.MAX_FIELDS + 1)):
        form = FormData()
        for name, value in parts:
            form.add_field(name, value, content_type="text/plain")
        assert (await client.post(path, data=form)).status == 413


@pytest.fixture
async def parses(services: Services) -> AsyncIterator[list[str]]:
    """A Rasa that answers its probe; the list has what it was asked."""
    asked: list[str] = []

    async def parse(request: web.Request) -> web.Response:
        asked.append((await request.json())["text"])
        return web.json_response({"intent": {"name": "greet"}})

    app = web.Application()
    app.router.add_post("/model/parse", parse)
    async with TestServer(app) as server:
        services.settings.rasa_url = str(server.make_url(""))
        yield asked


async def test_asking_whether_it_is_ready_costs_one_parse_in_five_seconds(
    client: Client, parses: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        assert (await client.get("/readyz")).status == 200
    assert len(parses) == 1
    later = time.monotonic() + health.KEPT_S
    monkeypatch.setattr(health, "time", SimpleNamespace(monotonic=lambda: later))
    assert (await client.get("/readyz")).status == 200
    assert len(parses) == 2


async def test_rasa_that_answers_without_a_model_is_not_ready(services: Services) -> None:
    async with TestServer(web.Application()) as server:
        services.settings.rasa_url = str(server.make_url(""))
        assert not await health.rasa_answers(services)


async def test_locked_names_are_told_when_to_come_back(client: Client, as_staff: Token) -> None:
    body = {"username": "grid1", "password": "wrong"}
    for _ in range(5):
        assert (await client.post("/api/v1/auth/token", json=body)).status == 401
    answer = await client.post("/api/v1/auth/token", json=body)
    assert answer.status == 429 and int(answer.headers["Retry-After"]) > 0
    await as_staff("grid2")
