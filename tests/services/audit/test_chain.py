"""Whoever alters what is sealed is found, with the record's name."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import delete, func, insert, select, text, update

from services.audit import chain, journal
from services.audit.service import AuditService, Report
from services.audit.tables import AuditAnchorRow, AuditEntryRow, AuditHeadRow, AuditSealRow
from services.db import Database
from services.tickets.core.actor import resident
from services.tickets.service import TicketService
from services.tickets.tables import TicketEventRow
from tests.services.conftest import TestClock
from tests.services.tickets.conftest import request


async def filled(
    tickets: TicketService, audit: AuditService, db: Database, clock: TestClock
) -> str:
    """Three tickets and a look at one of them, sealed; return the first number."""
    numbers = []
    for n in range(3):
        who = resident(f"conversation-{n}")
        view = await tickets.create(request(conversation_id=f"conversation-{n}"), who)
        numbers.append(str(view["ticket_no"]))
    async with db.write() as s:
        await journal.note(s, clock.now(), journal.SYSTEM, "view", f"ticket:{numbers[0]}", "看看")
    while await audit.seal():
        pass
    return numbers[0]


def told(report: Report) -> str:
    """All findings as one text."""
    return "\n".join(f"{f.position} {f.text}" for f in report.findings)


async def first_event(db: Database, number: str) -> Any:
    """The first event of a ticket."""
    async with db.read() as s:
        query = select(TicketEventRow).where(TicketEventRow.ticket_no == number)
        return (await s.scalars(query.order_by(TicketEventRow.seq))).first()


async def test_an_untouched_chain_holds_and_takes_no_record_twice(
    tickets: TicketService, audit: AuditService, db: Database, clock: TestClock
) -> None:
    await filled(tickets, audit, db, clock)
    report = await audit.verify()
    async with db.read() as s:
        events = len(list(await s.scalars(select(TicketEventRow.id))))
    assert (report.count, report.waiting, report.checked) == (0, 0, events + 1)
    assert await audit.seal() == 0


async def test_what_is_not_yet_sealed_waits_and_is_no_finding(
    tickets: TicketService, audit: AuditService, db: Database, clock: TestClock
) -> None:
    await filled(tickets, audit, db, clock)
    await tickets.create(request(conversation_id="conversation-9"), resident("conversation-9"))
    report = await audit.verify()
    assert report.count == 0
    assert report.waiting > 0


@pytest.mark.parametrize(
    ("column", "value", "found"),
    [
        ("action", "close", "被改过"),
        ("to_state", "CLOSED", "被改过"),
        ("data", {"title": "别的事"}, "被改过"),
        ("actor", {"kind": "staff", "id": "x", "role": "clerk"}, "被改过"),
    ],
)
async def test_a_changed_event_is_named(
    tickets: TicketService, audit: AuditService, db: Database, clock: TestClock,
    column: str, value: Any, found: str,
) -> None:  # fmt: skip
    number = await filled(tickets, audit, db, clock)
    event = await first_event(db, number)
    async with db.write() as s:
        change = update(TicketEventRow).where(TicketEventRow.id == event.id)
        await s.execute(change.values({column: value}))
    report = await audit.verify()
    assert report.count == 1
    assert f"{number}第1步" in told(report)
    assert found in told(report)


async def test_changed_words_alone_are_named(
    tickets: TicketService, audit: AuditService, db: Database, clock: TestClock
) -> None:
    number = await filled(tickets, audit, db, clock)
    event = await first_event(db, number)
    async with db.write() as s:
        data = {**event.data, "narrative_original": "没有这回事"}
        await s.execute(
            update(TicketEventRow).where(TicketEventRow.id == event.id).values(data=data)
        )
    assert f"{number}第1步（事件{event.id}）的内容被改过" in told(await audit.verify())


async def test_a_deleted_event_and_a_deleted_look_are_named(
    tickets: TicketService, audit: AuditService, db: Database, clock: TestClock
) -> None:
    number = await filled(tickets, audit, db, clock)
    event = await first_event(db, number)
    async with db.write() as s:
        await s.execute(delete(TicketEventRow).where(TicketEventRow.id == event.id))
        await s.execute(delete(AuditEntryRow))
    report = await audit.verify()
    assert f"工单事件{event.id}被删除" in told(report)
    assert "审计记录1被删除" in told(report)


async def test_an_event_put_among_sealed_ones_is_named(
    tickets: TicketService, audit: AuditService, db: Database, clock: TestClock
) -> None:
    number = await filled(tickets, audit, db, clock)
    event = await first_event(db, number)
    async with db.write() as s:
        values = {
            c: getattr(event, c)
            for c in (
                "ticket_no",
                "type",
                "action",
                "actor",
                "at",
                "from_state",
                "to_state",
                "data",
            )
        }
        await s.execute(insert(TicketEventRow).values(id=-1000, seq=99, **values))
    report = await audit.verify()
    assert "工单事件-1000是后来插进去的" in told(report)


async def test_two_events_that_change_places_are_named(
    tickets: TicketService, audit: AuditService, db: Database, clock: TestClock
) -> None:
    number = await filled(tickets, audit, db, clock)
    event = await first_event(db, number)
    async with db.write() as s:
        for old, new in ((1, 100), (2, 1), (100, 2)):
            await s.execute(
                update(TicketEventRow)
                .where(TicketEventRow.ticket_no == number, TicketEventRow.seq == old)
                .values(seq=new)
            )
    report = await audit.verify()
    assert report.count >= 2
    assert f"（事件{event.id}）被改过" in told(report)


async def test_links_taken_out_or_exchanged_are_found(
    tickets: TicketService, audit: AuditService, db: Database, clock: TestClock
) -> None:
    await filled(tickets, audit, db, clock)
    async with db.write() as s:
        await s.execute(delete(AuditSealRow).where(AuditSealRow.position == 2))
        await s.execute(update(AuditSealRow).where(AuditSealRow.position == 3).values(position=999))
    report = await audit.verify()
    assert "封条不见了" in told(report)
    assert "999 封条本身被改过" in told(report)


async def test_a_chain_cut_short_is_found_by_its_signed_head(
    tickets: TicketService, audit: AuditService, db: Database, clock: TestClock
) -> None:
    await filled(tickets, audit, db, clock)
    async with db.write() as s:
        last = await s.scalar(select(AuditSealRow.position).order_by(AuditSealRow.position.desc()))
        assert last is not None
        row = await s.get(AuditSealRow, last - 1)
        assert row is not None
        await s.execute(delete(AuditSealRow).where(AuditSealRow.position == last))
        head = await s.get(AuditHeadRow, 1)
        assert head is not None
        head.position, head.hash = last - 1, row.hash  # without the key the signature is wrong
    report = await audit.verify()
    assert "链头的签名不对" in told(report)
    assert "日结不符" in told(report)


async def test_a_chain_made_anew_after_a_change_does_not_pass_the_signed_day(
    tickets: TicketService, audit: AuditService, db: Database, clock: TestClock
) -> None:
    await filled(tickets, audit, db, clock)
    async with db.write() as s:
        await s.execute(text("DELETE FROM audit_seals"))
        await s.execute(text("DELETE FROM audit_heads"))
        await s.execute(text("UPDATE ticket_events SET action = 'note' WHERE seq = 1"))
    while await audit.seal():
        pass
    async with db.write() as s:
        # The old day's mark is the one that was written down; the attacker cannot sign another.
        anchor = (await s.scalars(select(AuditAnchorRow))).one()
        anchor.hash = chain.digest("another")
    assert "日结不符" in told(await audit.verify())


async def made_anew(db: Database, audit: AuditService, *changes: str) -> None:
    """Alter records and make seals, head and days anew, as who has database and key can."""
    async with db.write() as s:
        for table in ("audit_seals", "audit_heads", "audit_anchors"):
            await s.execute(text(f"DELETE FROM {table}"))
        for change in changes:
            await s.execute(text(change))
    while await audit.seal():
        pass


async def test_a_chain_made_anew_with_the_key_does_not_pass_a_head_that_was_written_down(
    tickets: TicketService, audit: AuditService, db: Database, clock: TestClock
) -> None:
    await filled(tickets, audit, db, clock)
    head = await audit.head()
    assert (await audit.verify(written=[head])).count == 0
    await made_anew(db, audit, "UPDATE ticket_events SET action = 'note' WHERE seq = 1")
    assert (await audit.verify()).count == 0, "in itself it holds: this is what cannot be seen"
    report = await audit.verify(written=[head])
    assert report.count == 1
    assert f"{head[0]} 和记下来的不一样" in told(report)


async def test_a_database_set_back_does_not_reach_a_head_that_was_written_down(
    tickets: TicketService, audit: AuditService, db: Database, clock: TestClock
) -> None:
    number = await filled(tickets, audit, db, clock)
    early = await audit.head()
    async with db.write() as s:
        await journal.note(s, clock.now(), journal.SYSTEM, "view", f"ticket:{number}", "又看了")
    while await audit.seal():
        pass
    late = await audit.head()
    assert late[0] == early[0] + 1
    await made_anew(db, audit, f"DELETE FROM audit_entries WHERE id = {await newest_entry(db)}")
    assert (await audit.verify()).count == 0
    report = await audit.verify(written=[late])
    assert f"{late[0]} 记下来的这一条没有了" in told(report)


async def newest_entry(db: Database) -> int:
    """Number of the last audit entry."""
    async with db.read() as s:
        return int(await s.scalar(select(func.max(AuditEntryRow.id))) or 0)


async def test_before_anything_is_sealed_the_head_is_the_beginning(
    audit: AuditService,
) -> None:
    assert await audit.head() == (0, chain.START)
    assert (await audit.verify(written=[(0, chain.START)])).count == 0
    assert (await audit.verify(written=[(0, "f" * 64)])).count == 1


async def test_days_are_verified_alone(
    tickets: TicketService, audit: AuditService, db: Database, clock: TestClock
) -> None:
    number = await filled(tickets, audit, db, clock)
    clock.advance(days=1)
    await tickets.create(request(conversation_id="conversation-9"), resident("conversation-9"))
    while await audit.seal():
        pass
    async with db.write() as s:
        change = update(TicketEventRow).where(TicketEventRow.ticket_no == number)
        await s.execute(change.values(action="note"))
    today = date(2026, 11, 25)
    assert (await audit.verify(first=today)).count == 0
    assert (await audit.verify(last=date(2026, 11, 24))).count > 0


async def test_content_without_an_entry_of_its_erasure_is_a_finding(
    tickets: TicketService, audit: AuditService, db: Database, clock: TestClock
) -> None:
    number = await filled(tickets, audit, db, clock)
    async with db.write() as s:
        await s.execute(update(AuditSealRow).where(AuditSealRow.position == 1).values(salt=None))
    assert f"{number}第1步" in told(await audit.verify())


def test_emptied_facts_keep_codes_times_and_counts_and_no_word_of_a_person() -> None:
    data = {
        "title": "楼道灯坏了", "narrative_original": "我叫张桂兰，13812345678", "leaf": "H6",
        "reporter": {"name": "张**", "phone": "138****5678"}, "due_at": "2026-12-01T17:30:00+08:00",
        "location": {"community_id": "qinghe-c1", "building": "3", "unit": "2"},
        "assists": [{"org": "water", "task": "去看看张桂兰家", "at": "2026-11-24T10:00:00+08:00"}],
        "attachments": ["a1b2"], "query_code": "123456", "callback": 13812345678901,
        "later_field": "13812345678",
    }  # fmt: skip
    emptied = chain.without_content(data)
    assert emptied["leaf"] == "H6"
    assert emptied["due_at"] == data["due_at"]
    assert emptied["location"] == {"community_id": "qinghe-c1"}
    assert emptied["assists"][0]["org"] == "water"
    whole = str({k: v for k, v in emptied.items() if k != "callback"})
    for word in ("张", "138", "楼道灯", "a1b2", "123456"):
        assert word not in whole
