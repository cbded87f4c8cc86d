"""Seeding many tickets: real histories, whose rows are their folds, in states as in an office."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest
from sqlalchemy import func, select

from services.context import Services
from services.metrics import keeping
from services.metrics.score import fold as score_of
from services.outbox.tables import OutboxRow
from services.seed import bulk
from services.tickets import store
from services.tickets.core import fold
from services.tickets.core.actor import Actor
from services.tickets.core.commands import CreateTicket
from services.tickets.tables import TicketEventRow, TicketRow

COUNT = 400


@pytest.fixture
async def filled(services: Services) -> Services:
    """The demo county with many tickets."""
    await bulk.fill(services, COUNT)
    return services


async def test_rows_are_folds_of_their_events(filled: Services) -> None:
    async with filled.db.read() as s:
        rows = list(await s.scalars(select(TicketRow).order_by(TicketRow.ticket_no)))
        assert len(rows) == COUNT
        for row in rows[::7]:
            events = await store.history(s, row.ticket_no)
            ticket = fold.fold(events)
            assert [e.seq for e in events] == list(range(1, ticket.version + 1))
            assert all(a.at <= b.at for a, b in pairwise(events))
            values = store.ticket_values(ticket)
            assert {name: getattr(row, name) for name in values} == values
            assert await keeping.stored(s, row.ticket_no) == score_of(events)


async def test_a_mix_as_in_an_office(filled: Services) -> None:
    async with filled.db.read() as s:
        rows = list(await s.scalars(select(TicketRow)))
        types = Counter(await s.scalars(select(TicketEventRow.type)))
        waiting = await s.scalar(select(func.count()).select_from(OutboxRow))
    assert waiting == 0
    states = Counter(r.state for r in rows)
    assert states["CLOSED"] > COUNT // 2
    assert {"WITHDRAWN", "NOT_ACCEPTED", "TERMINATED"} <= states.keys()
    assert len({r.leaf for r in rows}) > 40
    assert len({r.owner_org for r in rows}) > 10
    assert len({r.grid_id for r in rows}) == 7  # six grids, and what has no place
    span = max(r.created_at for r in rows) - min(r.created_at for r in rows)
    assert span.days > bulk.DAYS - 10
    assert {
        "reminded",
        "deadline_missed",
        "objected",
        "callback_unsolved",
        "suspended",
    } <= types.keys()


async def test_work_goes_on_from_there(filled: Services) -> None:
    """The worker finds what is due, a ticket can be acted on, the next number is free."""
    await filled.tickets.tick()
    clerk = Actor("staff", "clerk1", "clerk", "community", "qinghe-c1")
    one = (await filled.tickets.list(clerk, limit=1))["tickets"][0]
    after = await filled.tickets.act(one["ticket_no"], "note", {"text": "看过"}, clerk)
    assert after["version"] == one["version"] + 1
    made = await filled.tickets.create(
        CreateTicket(conversation_id="c-1", leaf="H6", narrative="楼道灯不亮"), clerk
    )
    assert made["ticket_no"] != one["ticket_no"]


async def test_twice_is_twice_as_many_and_parts_are_the_whole(filled: Services) -> None:
    for part in range(2):
        await bulk.fill(filled, COUNT, part=part, parts=2)
    assert await bulk.count_tickets(filled) == 2 * COUNT
