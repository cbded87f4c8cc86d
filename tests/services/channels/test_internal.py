"""The internal API, as the action server uses it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from services.context import Services
from services.outbox.worker import run_due
from services.seed.seed import seed
from services.web.app import create_app

Client = TestClient[Any, Any]
HEADERS = {"Authorization": "Bearer internal-token-of-the-tests"}


@pytest.fixture
async def client(services: Services) -> AsyncIterator[Client]:
    await seed(services)
    async with TestClient(TestServer(create_app(services.settings, services))) as c:
        yield c


async def call(
    client: Client, method: str, path: str, body: Any = None, status: int = 200, key: str = ""
) -> dict[str, Any]:
    headers = {**HEADERS, **({"Idempotency-Key": key} if key else {})}
    response = await client.request(method, f"/internal/v1{path}", json=body, headers=headers)
    assert response.status == status, await response.text()
    return dict(await response.json())


async def test_a_report_from_address_to_rating(client: Client, services: Services) -> None:
    conversation = (await services.channels.open_session()).session_id
    place = await call(
        client, "POST", "/places/resolve",
        {"text": "幸福小区3号楼2单元", "value": {"place": "幸福小区", "building": "3", "unit": "2"}},
    )  # fmt: skip
    assert place["status"] == "resolved"
    body = {
        "conversation_id": conversation, "kind": "repair", "leaf": "H6", "narrative": "楼道灯坏了",
        "place": place["candidates"][0], "contact": {"name": "张桂兰", "phone": "13812345678"},
    }  # fmt: skip
    await call(client, "POST", "/tickets", body, status=400)
    first = await call(client, "POST", "/tickets", body, status=201, key="c:1")
    again = await call(client, "POST", "/tickets", body, status=201, key="c:1")
    assert first["ticket_no"] == again["ticket_no"]
    number = first["ticket_no"]
    own = await call(client, "GET", f"/conversations/{conversation}/tickets")
    assert [t["ticket_no"] for t in own["tickets"]] == [number]
    one = await call(client, "GET", f"/tickets/{number}?query_code={first['query_code']}")
    assert one["ticket_no"] == number
    await call(client, "GET", f"/tickets/{number}?query_code=000000x", status=404)
    await call(
        client, "POST", f"/tickets/{number}/resident/urge",
        {"conversation_id": conversation, "text": "太黑了"},
    )  # fmt: skip
    await call(
        client, "POST", f"/tickets/{number}/resident/explode",
        {"conversation_id": conversation}, status=404,
    )  # fmt: skip
    known = await services.channels.conversation(conversation)
    async with services.db.read() as s:
        resident = await services.people.resident(s, known.resident_id or "")
    assert resident is not None and resident.phone == "13812345678"
    assert [c.purpose for c in resident.consents] == ["contact"]
    stranger = (await services.channels.open_session()).session_id
    await call(
        client, "POST", f"/tickets/{number}/resident/withdraw",
        {"conversation_id": stranger}, status=404,
    )  # fmt: skip
    answer = {"conversation_id": conversation, "stage": "solved"}
    await call(client, "POST", f"/tickets/{number}/callback", answer, status=422)


async def test_what_the_dialogue_looks_up(client: Client) -> None:
    assert (await call(client, "GET", "/catalogue/H6"))["id"] == "H6"
    await call(client, "GET", "/catalogue/Z99", status=404)
    assert (await call(client, "GET", "/certificates?name=不存在的证明"))["allowed"] is None
    safety = await call(client, "GET", "/hotlines?leaf=H3")
    assert safety["card"]["lines"] and safety["numbers"]
    meal = await call(client, "GET", "/meals?date=2026-11-25&meal=lunch")
    assert meal["open"] is True
    await call(client, "GET", "/meals?date=yesterday", status=422)


async def test_an_emergency_calls_people_and_is_logged_once(
    client: Client, services: Services
) -> None:
    conversation = (await services.channels.open_session()).session_id
    body = {
        "conversation_id": conversation, "kind": "emergency", "leaf": "H3", "text": "屋里煤气味大",
    }  # fmt: skip
    first = await call(client, "POST", "/alerts", body)
    again = await call(client, "POST", "/alerts", body)
    assert first["ticket_no"] and first["ticket_no"] == again["ticket_no"]
    assert first["mode"] == "bot" and first["on_duty"]["phone"]
    view = await services.tickets.resident_get(first["ticket_no"], conversation)
    assert view["state"] == "HANDED_OFF"
    await run_due(services)
    login = await client.post(
        "/api/v1/auth/token",
        json={"username": "dispatcher1", "password": "password-of-the-tests"},
    )
    headers = {"Authorization": f"Bearer {(await login.json())['token']}"}
    listed = (await (await client.get("/api/v1/handoffs", headers=headers)).json())["handoffs"]
    assert [(h["reason"], h["leaf"], h["ticket_no"]) for h in listed] == [
        ("emergency", "H3", first["ticket_no"])
    ]
