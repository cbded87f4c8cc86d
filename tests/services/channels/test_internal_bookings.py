"""The internal API for bookings and for what neighbours have reported."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from aiohttp.test_utils import TestClient, TestServer

from services.context import Services
from services.seed.seed import seed
from services.web.app import create_app
from tests.services.channels.test_internal import Client, call

LAMP = {
    "leaf": "H6", "narrative": "楼道灯坏了",
    "place": {"compound_id": "xingfu", "building_id": "xingfu-3", "unit": "2"},
}  # fmt: skip


@pytest.fixture
async def client(services: Services) -> AsyncIterator[Client]:
    await seed(services)
    async with TestClient(TestServer(create_app(services.settings, services))) as c:
        yield c


async def test_how_a_service_is_booked(client: Client) -> None:
    rooms = await call(client, "GET", "/bookings/options?leaf=K2")
    assert rooms["open"] is None and rooms["venues"] and rooms["courses"]
    sunday = await call(client, "GET", "/bookings/options?leaf=C6&date=2026-11-29")
    assert sunday["open"] is False and sunday["next_open"] == "2026-11-30"
    await call(client, "GET", "/bookings/options?leaf=H6", status=404)
    for day in ("tomorrow", "2026-13-01"):
        await call(client, "GET", f"/bookings/options?leaf=C6&date={day}", status=422)


async def test_what_is_open_about_a_lamp_and_who_joins(client: Client, services: Services) -> None:
    first, second = [(await services.channels.open_session()).session_id for _ in range(2)]
    body = {"conversation_id": first, **LAMP}
    number = (await call(client, "POST", "/tickets", body, status=201, key="n:1"))["ticket_no"]
    where = "leaf=H6&compound_id=xingfu&building_id=xingfu-3&building=3&unit=2"
    mine = await call(client, "GET", f"/similar?conversation_id={first}&{where}")
    assert mine["own"]["ticket_no"] == number and mine["neighbours"] is None
    theirs = await call(client, "GET", f"/similar?conversation_id={second}&{where}")
    assert theirs["own"] is None and theirs["neighbours"]["households"] == 1
    body = {"conversation_id": second, **LAMP, "join": number}
    joined = await call(client, "POST", "/tickets", body, status=201, key="n:2")
    again = await call(client, "POST", "/tickets", body, status=201, key="n:2")
    assert joined["state"] == "MERGED" and again["ticket_no"] == joined["ticket_no"]
    assert (await call(client, "GET", f"/similar?conversation_id={first}&{where}"))["own"][
        "households"
    ] == 2
    await call(client, "GET", f"/tickets/{number}?conversation_id={second}", status=404)


async def test_where_nobody_is_asked_to_join(client: Client, services: Services) -> None:
    services.tickets._join_neighbours = False
    first, second = [(await services.channels.open_session()).session_id for _ in range(2)]
    body = {"conversation_id": first, **LAMP}
    await call(client, "POST", "/tickets", body, status=201, key="o:1")
    where = "leaf=H6&compound_id=xingfu&building_id=xingfu-3&unit=2"
    found = await call(client, "GET", f"/similar?conversation_id={second}&{where}")
    assert found["neighbours"] is None
