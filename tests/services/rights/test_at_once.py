"""Erasing a conversation while somebody else writes: either comes first, nothing is half done."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from services.audit.tables import AuditEntryRow
from services.channels.tables import ConversationRow, MessageRow
from services.channels.types import Incoming
from services.context import Services
from services.retention.tables import ErasureRow, TombstoneRow, put
from services.tickets.core.actor import resident
from services.tickets.core.commands import CreateTicket

ROUNDS = 5


@pytest.fixture(autouse=True)
def dialogue(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rasa forgets at once."""

    async def forget(_: str) -> None:
        return None

    monkeypatch.setattr(services.channels.eraser, "forget_dialogue", forget)


async def talked(services: Services, words: str = "楼道灯坏了") -> str:
    """Return a conversation in which something was said and that is to be erased."""
    here = (await services.channels.open_session()).session_id
    await services.channels.accept(here, Incoming("one", "text", text=words))
    async with services.db.write() as s:
        await s.execute(update(MessageRow).values(state="answered"))
        await put(s, "talk", [here], services.clock.now())
    return here


async def words(services: Services, here: str) -> list[str]:
    async with services.db.read() as s:
        query = select(MessageRow.text).where(
            MessageRow.conversation_id == here, MessageRow.sender == "resident"
        )
        return [text for text in await s.scalars(query.order_by(MessageRow.seq)) if text]


async def graves(services: Services, here: str) -> int:
    async with services.db.read() as s:
        of = select(func.count()).select_from(TombstoneRow).where(TombstoneRow.ref == here)
        return await s.scalar(of) or 0


async def test_two_workers_erase_one_conversation_once(services: Services) -> None:
    for _ in range(ROUNDS):
        here = await talked(services)
        done = await asyncio.gather(*(services.retention.pending.work() for _ in range(3)))
        while more := await services.retention.pending.work():
            done.append(more)
        assert await words(services, here) == [] and await graves(services, here) == 1
        async with services.db.read() as s:
            assert await s.scalar(select(func.count()).select_from(ErasureRow)) == 0
    async with services.db.read() as s:
        entries = (
            select(func.count())
            .select_from(AuditEntryRow)
            .where(AuditEntryRow.action == "dsar.erase")
        )
        assert await s.scalar(entries) == ROUNDS, "each is on record once"


async def test_who_writes_at_that_moment_is_heard_whole_or_not_there_yet(
    services: Services,
) -> None:
    for n in range(ROUNDS):
        here = await talked(services)
        late = Incoming(f"late{n}", "text", text="还有一件事")
        await asyncio.gather(
            services.retention.pending.work(), services.channels.accept(here, late)
        )
        left = await words(services, here)
        if await graves(services, here):
            assert "楼道灯坏了" not in left
        else:
            assert left == ["楼道灯坏了", "还有一件事"]
        async with services.db.read() as s:
            row = await s.get_one(ConversationRow, here)
            assert row.last_seq == await s.scalar(
                select(func.max(MessageRow.seq)).where(MessageRow.conversation_id == here)
            ), "the thread goes on"
        async with services.db.write() as s:
            await s.execute(update(MessageRow).values(state="answered"))


async def test_while_a_turn_goes_on_nothing_is_erased_and_its_ticket_keeps_the_talk(
    services: Services,
) -> None:
    here = await talked(services)
    now = services.clock.now()
    async with services.db.write() as s:
        (await s.get_one(ConversationRow, here)).lease_until = now + timedelta(minutes=1)
    asked = CreateTicket(conversation_id=here, leaf="H6", narrative="楼道灯坏了")
    await asyncio.gather(
        services.retention.pending.work(),
        services.tickets.create(asked, resident(here), "at-once"),
    )
    assert await words(services, here) == ["楼道灯坏了"]
    async with services.db.write() as s:
        (await s.get_one(ConversationRow, here)).lease_until = None
        await s.execute(update(ErasureRow).values(due_at=now))
    await services.retention.pending.work()
    assert await words(services, here) == ["楼道灯坏了"], "an open ticket keeps it"
    async with services.db.read() as s:
        assert (await s.scalars(select(ErasureRow.ground))).all() == ["needed"]
