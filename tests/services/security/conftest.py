"""The application as an attacker meets it: seeded, on both databases, Rasa away."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.services.web.conftest import Client, Token, as_staff, client, services

__all__ = ["Client", "Token", "as_staff", "client", "services"]

FileTicket = Callable[..., Awaitable[dict[str, Any]]]

LAMP = {
    "narrative": "楼道灯坏了",
    "leaf": "H6",
    "place": {"compound_id": "xingfu", "building_id": "xingfu-3", "unit": "2", "room": "301"},
    "contact": {"name": "张三丰", "phone": "13800138000"},
}


@pytest.fixture
def file_ticket(client: Client, as_staff: Token) -> FileTicket:
    """File a ticket at the counter (grid1's grid gets it); keyword arguments change the body."""

    async def file(**changed: Any) -> dict[str, Any]:
        headers = {**await as_staff("clerk1"), "Idempotency-Key": uuid.uuid4().hex}
        answer = await client.post("/api/v1/tickets", json={**LAMP, **changed}, headers=headers)
        assert answer.status == 201, await answer.text()
        return dict(await answer.json())

    return file


async def open_chat(client: Client) -> tuple[str, dict[str, str]]:
    """Open a resident's conversation; return its id and the headers of its token."""
    answer = await client.post("/api/v1/chat/sessions", json={})
    assert answer.status == 201
    body = await answer.json()
    return body["session_id"], {"Authorization": f"Bearer {body['token']}"}
