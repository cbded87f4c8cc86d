"""A client of the interface, with a key, on both databases."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from jsonschema import Draft202012Validator

from services.config import Settings
from services.context import Services, build
from services.db import Database
from services.tickets.core.actor import resident
from services.tickets.core.commands import CreateTicket
from services.web.app import create_app
from tests.services.conftest import TestClock
from tests.services.open311 import schemas
from tests.services.seeded import plant
from tests.services.web.conftest import Client
from tests.services.webhooks.conftest import StandingClock

BASE = "/open311/v2"
ADMIN = ("admin1", "管理员", "admin")


@pytest.fixture
def clock() -> TestClock:
    """The one clock."""
    return StandingClock()


@pytest.fixture
async def services(
    db: Database, settings: Settings, clock: TestClock, cheap_passwords: None
) -> Services:
    """The services; photos may be fetched from the loopback."""
    changed = {
        "rasa_url": "http://127.0.0.1:9", "outbound_networks": "127.0.0.0/8", "open311_media": True,
    }  # fmt: skip
    built = build(settings.model_copy(update=changed), db, clock)
    await plant(built)
    return built


@pytest.fixture
async def client(services: Services) -> AsyncIterator[Client]:
    """A client of the running application."""
    async with TestClient(TestServer(create_app(services.settings, services))) as found:
        yield found


@dataclass
class Api:
    """The interface as a client program uses it; every JSON answer is checked against its schema."""

    client: Client
    key: str

    async def get(self, path: str, schema: schemas.Schema, code: int = 200, **query: Any) -> Any:
        """Return the JSON of a path."""
        answer = await self.client.get(f"{BASE}/{path}.json", params=query)
        return await self._read(answer, schema, code)

    async def post(self, code: int = 200, headers: Any = None, **form: Any) -> Any:
        """File a request under the key, about a lamp in a building, unless the form says otherwise."""
        known = {
            "api_key": self.key,
            "service_code": "H6",
            "address_string": "幸福小区3号楼2单元301",
        }
        sent = {k: v for k, v in (known | form).items() if v is not None}
        answer = await self.client.post(f"{BASE}/requests.json", data=sent, headers=headers)
        return await self._read(answer, schemas.FILED, code)

    async def _read(self, answer: Any, schema: schemas.Schema, code: int) -> Any:
        assert answer.status == code, await answer.text()
        assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
        found = await answer.json()
        Draft202012Validator(schemas.ERRORS if code >= 400 else schema).validate(found)
        if code >= 400:
            assert found[0]["code"] == code
        return found


@pytest.fixture
async def api(client: Client, services: Services) -> Api:
    """The interface with a key."""
    return Api(client, await services.open311.add_key("市民应用", ADMIN))


File = Callable[..., Any]


@pytest.fixture
def file_ticket(services: Services) -> File:
    """File a ticket as a resident does; return its number."""

    async def file(**changed: Any) -> str:
        request: dict[str, Any] = {
            "narrative": "我叫张桂兰，电话13812345678，楼道灯坏了", "leaf": "H6", "conversation_id": "c1",
            "place": {"building_id": "xingfu-3", "unit": "2", "room": "301"},
            "contact": {"name": "张桂兰", "phone": "13812345678"}, **changed,
        }  # fmt: skip
        view = await services.tickets.create(CreateTicket.model_validate(request), resident("c1"))
        return str(view["ticket_no"])

    return file
