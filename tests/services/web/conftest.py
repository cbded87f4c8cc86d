"""The application on both databases, seeded, with a client and a way to be somebody."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from aiohttp.test_utils import TestClient, TestServer

from services.config import Settings
from services.context import Services, build
from services.db import Database
from services.web.app import create_app
from tests.services.published import held
from tests.services.seeded import plant

Client = TestClient  # type: ignore[type-arg]
Token = Callable[[str], Awaitable[dict[str, str]]]


@pytest.fixture
async def services(db: Database, settings: Settings, cheap_passwords: None) -> Services:
    """The services on the test's database, with the demo locality in it; Rasa is not there."""
    built = build(settings.model_copy(update={"rasa_url": "http://127.0.0.1:9"}), db)
    await plant(built)
    return built


@pytest.fixture
async def client(services: Services) -> AsyncIterator[Client]:
    """A client of the running application, without cookies or token."""
    async with TestClient(TestServer(held(create_app(services.settings, services)))) as found:
        yield found


@pytest.fixture
def as_staff(client: Client, settings: Settings) -> Token:
    """Return headers that make a request an account's: ``await as_staff("grid1")``."""

    async def headers(username: str) -> dict[str, str]:
        answer = await client.post(
            "/api/v1/auth/token", json={"username": username, "password": settings.demo_password}
        )
        assert answer.status == 200, await answer.text()
        return {"Authorization": f"Bearer {(await answer.json())['token']}"}

    return headers
