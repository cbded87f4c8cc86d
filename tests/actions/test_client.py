"""The client keeps its budget, tries again what may be tried again, and never hides an error."""

from __future__ import annotations

import time

import pytest

from actions.client import Client, Refused, ServiceAway
from tests.actions.fake_services import FakeServices

BODY = {"conversation_id": "c1", "narrative": "灯坏了"}


async def test_500_is_tried_again_with_one_effect(services: FakeServices) -> None:
    services.fail = [500, 503]
    async with Client() as client:
        ticket = await client.file_ticket(BODY, "c1:m1")
    assert ticket.ticket_no == "SQ-261124-00001-1"
    assert [key for *_, key in services.calls] == ["c1:m1"] * 3


async def test_a_lost_answer_makes_no_second_ticket(services: FakeServices) -> None:
    services.lose_answers = 1
    async with Client() as client:
        await client.file_ticket(BODY, "c1:m1")
    assert len(services.tickets) == 1
    assert len(services.calls) == 2


async def test_slow_services_cost_no_more_than_the_budget(services: FakeServices) -> None:
    services.slow = 5
    start = time.monotonic()
    with pytest.raises(ServiceAway):
        async with Client(budget=0.4) as client:
            await client.tickets("c1")
    assert time.monotonic() - start < 0.8


async def test_the_budget_is_shared_by_all_calls_of_an_action(services: FakeServices) -> None:
    services.slow = 0.25
    async with Client(budget=0.6) as client:
        await client.tickets("c1")
        await client.tickets("c1")
        with pytest.raises(ServiceAway):
            await client.tickets("c1")


async def test_nobody_listens() -> None:
    with pytest.raises(ServiceAway):
        async with Client("http://127.0.0.1:9", budget=0.3) as client:
            await client.tickets("c1")


async def test_an_error_is_an_error(services: FakeServices) -> None:
    services.fail = [422]
    async with Client() as client:
        with pytest.raises(Refused) as caught:
            await client.file_ticket(BODY, "c1:m1")
    assert (caught.value.status, caught.value.code) == (422, "internal")
    assert len(services.calls) == 1  # a clear no is not tried again


async def test_a_missing_card_is_none(services: FakeServices) -> None:
    async with Client() as client:
        assert await client.card("A1") is None
