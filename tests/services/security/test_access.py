"""Nobody reaches what is not theirs, whichever door they try."""

from __future__ import annotations

import asyncio
import io
import re

import aiohttp
import pytest
from PIL import Image

from services.context import Services
from tests.patience import PATIENCE_S
from tests.services.security.conftest import Client, FileTicket, Token, open_chat

PASSWORD = "password-of-the-tests"


def photo(color: str = "red") -> bytes:
    """A small picture."""
    out = io.BytesIO()
    Image.new("RGB", (9, 9), color).save(out, "PNG")
    return out.getvalue()


async def upload(client: Client, resident: dict[str, str]) -> str:
    """Upload a photo in a conversation and return its id."""
    form = aiohttp.FormData()
    form.add_field("file", photo(), filename="../../etc/passwd", content_type="image/png")
    answer = await client.post("/api/v1/chat/attachments", data=form, headers=resident)
    assert answer.status == 201
    return str((await answer.json())["attachment_id"])


async def log_in(client: Client, username: str) -> None:
    """Log in at the console; the client keeps the cookie."""
    form = {"username": username, "password": PASSWORD}
    answer = await client.post("/console/login", data=form, allow_redirects=False)
    assert answer.status == 303


@pytest.mark.parametrize("username", ["grid2", "handler1", "vendor1", "mediator1", "trainer1"])
async def test_a_ticket_of_others_can_be_neither_read_nor_changed(
    client: Client, as_staff: Token, file_ticket: FileTicket, username: str
) -> None:
    number, headers = (await file_ticket())["ticket_no"], await as_staff(username)
    for path in ("", "/events", "/actions"):
        answer = await client.get(f"/api/v1/tickets/{number}{path}", headers=headers)
        assert answer.status == 403
        assert "张三丰" not in await answer.text()
    for action in ("sign", "reveal", "resolve", "note", "close"):
        body = {"version": 3, "reason": "x", "text": "x"}
        answer = await client.post(
            f"/api/v1/tickets/{number}/actions/{action}", json=body, headers=headers
        )
        assert answer.status == 403
    listing = await client.get("/api/v1/tickets?q=张三丰", headers=headers)
    assert (await listing.json())["tickets"] == []


@pytest.mark.parametrize("username", ["vendor1", "admin1", "auditor1", "trainer1"])
async def test_contact_data_is_not_revealed_to_who_never_needs_it(
    client: Client, as_staff: Token, file_ticket: FileTicket, username: str
) -> None:
    number = (await file_ticket())["ticket_no"]
    answer = await client.post(
        f"/api/v1/tickets/{number}/actions/reveal",
        json={"version": 3, "reason": "想看看"},
        headers=await as_staff(username),
    )
    assert answer.status == 403


async def test_tokens_of_one_kind_open_no_door_of_another(
    client: Client, as_staff: Token, services: Services
) -> None:
    _, resident = await open_chat(client)
    staff = await as_staff("admin1")
    assert (await client.get("/api/v1/tickets", headers=resident)).status == 401
    assert (await client.get("/internal/v1/meals?date=2026-11-24", headers=staff)).status == 401
    assert (await client.get("/api/v1/chat/history", headers=staff)).status == 401
    assert (await client.post("/api/v1/test/tick", headers=await as_staff("clerk1"))).status == 403
    token = resident["Authorization"].removeprefix("Bearer ")
    client.session.cookie_jar.update_cookies({"linda_session": token}, client.make_url("/"))
    assert (await client.get("/api/v1/auth/me")).status == 401


async def test_a_photo_stays_in_its_conversation(client: Client) -> None:
    _, one = await open_chat(client)
    _, other = await open_chat(client)
    photo_id = await upload(client, one)
    path = f"/api/v1/chat/attachments/{photo_id}"
    assert (await client.get(path, headers=one)).status == 200
    assert (await client.get(path, headers=other)).status == 404
    body = {"client_message_id": "1", "type": "attachment", "attachment_id": photo_id}
    answer = await client.post("/api/v1/chat/messages", json=body, headers=other)
    assert answer.status == 404


async def test_naming_a_residents_photo_in_a_ticket_does_not_open_it(
    client: Client, file_ticket: FileTicket
) -> None:
    _, resident = await open_chat(client)
    photo_id = await upload(client, resident)
    number = (await file_ticket(attachments=[photo_id]))["ticket_no"]
    await log_in(client, "clerk1")
    answer = await client.get(f"/console/tickets/{number}/photos/{photo_id}")
    assert answer.status == 404


async def test_a_button_never_offered_does_nothing(client: Client) -> None:
    _, resident = await open_chat(client)
    for payload in ("/affirm", "/restart", '/rate{"score":5}'):
        body = {"client_message_id": payload[:8], "type": "payload", "payload": payload}
        answer = await client.post("/api/v1/chat/messages", json=body, headers=resident)
        assert answer.status == 422
        assert (await answer.json())["error"]["code"] == "payload_not_offered"


async def test_of_four_signatures_at_once_one_counts(
    client: Client, as_staff: Token, file_ticket: FileTicket
) -> None:
    filed, grid = await file_ticket(), await as_staff("grid1")
    path = f"/api/v1/tickets/{filed['ticket_no']}"
    version = (await (await client.get(path, headers=grid)).json())["version"]
    answers = await asyncio.gather(
        *(
            client.post(f"{path}/actions/sign", json={"version": version}, headers=grid)
            for _ in range(4)
        )
    )
    assert sorted(a.status for a in answers) == [200, 409, 409, 409]


async def test_an_action_without_the_version_that_was_seen_is_refused(
    client: Client, as_staff: Token, file_ticket: FileTicket
) -> None:
    number = (await file_ticket())["ticket_no"]
    answer = await client.post(
        f"/api/v1/tickets/{number}/actions/sign", json={}, headers=await as_staff("grid1")
    )
    assert answer.status == 422


async def test_a_released_conversation_is_no_longer_overheard(
    client: Client, as_staff: Token, services: Services
) -> None:
    conversation_id, resident = await open_chat(client)
    await services.channels.raise_alert(conversation_id, "human", None, "找人")
    staff = await as_staff("clerk1")
    (handoff,) = (await (await client.get("/api/v1/handoffs", headers=staff)).json())["handoffs"]
    await client.post(f"/api/v1/handoffs/{handoff['id']}/release", headers=staff)
    body = {"client_message_id": "later", "text": "交还之后说的话"}
    await client.post("/api/v1/chat/messages", json=body, headers=resident)
    answer = await client.get(f"/api/v1/handoffs/{handoff['id']}", headers=staff)
    assert "交还之后说的话" not in await answer.text()


async def test_a_carriage_return_forges_no_line_of_the_staff_stream(
    client: Client, services: Services, as_staff: Token
) -> None:
    conversation_id, resident = await open_chat(client)
    await services.channels.raise_alert(conversation_id, "human", None, "找人")
    await log_in(client, "clerk1")
    headers = await as_staff("clerk1")
    (handoff,) = (await (await client.get("/api/v1/handoffs", headers=headers)).json())["handoffs"]
    body = {"client_message_id": "forged", "text": "好\r\rid: 999999\rdata: 居民很满意"}
    await client.post("/api/v1/chat/messages", json=body, headers=resident)
    stream = await client.get(f"/console/handoffs/{handoff['id']}/events?after=0")
    seen = b""
    async with asyncio.timeout(PATIENCE_S):
        while "居民很满意".encode() not in seen:
            seen += await stream.content.readany()
    stream.close()
    # A carriage return ends a line of a stream just as a line feed does.
    assert not re.search(rb"[\r\n]id: 999999", seen)


async def test_an_open_stream_ends_with_the_session(
    client: Client, services: Services, as_staff: Token
) -> None:
    conversation_id, resident = await open_chat(client)
    await services.channels.raise_alert(conversation_id, "human", None, "找人")
    headers = await as_staff("clerk1")
    (handoff,) = (await (await client.get("/api/v1/handoffs", headers=headers)).json())["handoffs"]
    await log_in(client, "clerk1")
    stream = await client.get(f"/console/handoffs/{handoff['id']}/events")
    await client.post("/console/logout", allow_redirects=False)
    body = {"client_message_id": "late", "text": "退出之后说的话"}
    await client.post("/api/v1/chat/messages", json=body, headers=resident)
    seen = b""
    try:
        async with asyncio.timeout(3):
            while chunk := await stream.content.readany():
                seen += chunk
    except TimeoutError:
        pass
    stream.close()
    assert "退出之后说的话".encode() not in seen


async def test_the_session_before_a_new_login_ends(client: Client) -> None:
    await log_in(client, "clerk1")
    old = client.session.cookie_jar.filter_cookies(client.make_url("/"))["linda_session"].value
    await log_in(client, "clerk1")
    client.session.cookie_jar.clear()
    client.session.cookie_jar.update_cookies({"linda_session": old}, client.make_url("/"))
    assert (await client.get("/api/v1/auth/me")).status == 401


async def test_one_address_cannot_open_conversations_without_end(client: Client) -> None:
    answers = [(await client.post("/api/v1/chat/sessions", json={})).status for _ in range(200)]
    assert answers[0] == 201
    assert 429 in answers
