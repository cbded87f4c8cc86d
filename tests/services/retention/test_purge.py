"""What is due goes at its time, what is held stays, and the chain goes on holding."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from services.audit.tables import AuditEntryRow
from services.channels.tables import AttachmentRow
from services.context import Services
from services.outbox.queue import enqueue
from services.outbox.tables import OutboxRow
from services.outbox.worker import run_due
from services.retention.rules import answer_by, load_rules
from services.retention.tables import TombstoneRow
from services.tickets.core import fold
from services.tickets.core.calendar import WorkCalendar
from services.tickets.store import history
from tests.services.conftest import NOW, TestClock
from tests.services.retention.steps import (
    AUDITOR,
    NAME,
    PHONE,
    filed,
    sealed,
    stored,
    withdrawn,
)


async def counts(services: Services) -> dict[str, int]:
    """What is due, by class."""
    return {d.kind: d.count for d in await services.retention.due() if d.count}


async def test_nothing_is_due_at_first_and_a_dry_run_changes_nothing(
    services: Services, clock: TestClock
) -> None:
    number = await withdrawn(services)
    assert await counts(services) == {}
    clock.advance(days=366)
    before = await stored(services, number)
    due = {d.kind: d for d in await services.retention.due()}
    assert due["contact"].examples == (number,)
    assert await stored(services, number) == before


async def test_contact_data_goes_after_a_year_and_the_words_stay(
    services: Services, clock: TestClock
) -> None:
    number = await withdrawn(services)
    clock.advance(days=366)
    await services.retention.purge()
    ticket, text, contact = await stored(services, number)
    assert not contact
    assert "楼道灯" in text
    assert ticket.conversation_id == "conversation-1"
    async with services.db.read() as s:
        tomb = await s.get(TombstoneRow, ("contact", number))
        assert tomb is not None
        entry = await s.get(AuditEntryRow, tomb.entry_id)
    assert entry is not None
    assert entry.data["tickets"] == [number]
    assert "一年" in entry.reason


async def test_after_three_years_only_what_figures_need_is_left_and_the_chain_holds(
    services: Services, clock: TestClock
) -> None:
    number = await withdrawn(services)
    await sealed(services)
    clock.advance(days=1096)
    await services.retention.purge()
    ticket, text, contact = await stored(services, number)
    assert not contact
    for word in (NAME, PHONE, "138", "楼道灯", "conversation-1", "xingfu", "修好了"):
        assert word not in text
    assert (ticket.leaf, ticket.place.community_id) == ("H6", "qinghe-c1")
    assert ticket.closed_at is None and ticket.created_at is not None
    async with services.db.read() as s:
        assert fold.fold(await history(s, number)) == ticket
    await sealed(services)
    report = await services.audit.verify()
    assert report.count == 0, report.findings
    assert await counts(services) == {}


async def test_a_ticket_that_is_held_is_never_touched_until_it_is_released(
    services: Services, clock: TestClock
) -> None:
    number = await withdrawn(services)
    await services.tickets.act(number, "hold", {"reason": "案件调查"}, AUDITOR)
    clock.advance(days=2000)
    before = await stored(services, number)
    await services.retention.purge()
    assert await stored(services, number) == before
    await services.tickets.act(number, "release", {"reason": "案件已结"}, AUDITOR)
    clock.advance(days=1096)
    await services.retention.purge()
    assert "楼道灯" not in (await stored(services, number))[1]


async def test_a_ticket_that_is_open_is_not_touched_however_old(
    services: Services, clock: TestClock
) -> None:
    number = await filed(services)
    clock.advance(days=2000)
    assert not {"narrative", "contact", "attachment"} & set(await counts(services))
    await services.retention.purge()
    assert "楼道灯" in (await stored(services, number))[1]


async def test_photos_go_after_a_year_with_their_files(
    services: Services, clock: TestClock
) -> None:
    folder = services.channels.uploads
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "one.jpg").write_bytes(b"picture")
    async with services.db.write() as s:
        s.add(AttachmentRow(
            id="a_1", conversation_id="conversation-1", sha256="0" * 64, path="one.jpg",
            mime="image/jpeg", width=9, height=9, size=7, created_at=clock.now(),
        ))  # fmt: skip
    await withdrawn(services, attachments=["a_1"])
    clock.advance(days=366)
    await services.retention.purge()
    async with services.db.read() as s:
        assert await s.get(AttachmentRow, "a_1") is None
    assert not (folder / "one.jpg").exists()


async def test_an_unused_profile_goes_and_one_with_an_open_ticket_stays(
    services: Services, clock: TestClock
) -> None:
    async with services.db.write() as s:
        gone = await services.people.save_resident(s, name="李四", phone="13900000001")
        kept = await services.people.save_resident(s, name="王五", phone="13900000002")
        await services.people.give_consent(s, gone.id, "remember", "2026-11")
    await filed(services, resident_id=kept.id)
    clock.advance(days=1096)
    await services.retention.purge()
    async with services.db.read() as s:
        forgotten = await services.people.resident(s, gone.id)
        still = await services.people.resident(s, kept.id)
    assert forgotten is not None and still is not None
    assert (forgotten.name, forgotten.phone, still.phone) == (None, None, "13900000002")
    assert forgotten.consents[0].withdrawn_at is not None


async def test_internal_notices_that_are_done_go_and_those_that_wait_stay(
    services: Services, clock: TestClock
) -> None:
    async with services.db.write() as s:
        for key, state in (("a", "done"), ("b", "pending"), ("c", "dead")):
            await enqueue(s, "topic", {"text": "话"}, key, clock.now())
            await s.flush()
            row = await s.scalar(select(OutboxRow).where(OutboxRow.key == key))
            assert row is not None
            row.state, row.done_at = state, clock.now() if state != "pending" else None
    clock.advance(days=31)
    await services.retention.purge()
    async with services.db.read() as s:
        left = sorted(await s.scalars(select(OutboxRow.key)))
    assert left == ["b", "c"]


async def test_the_worker_purges_once_a_night_and_writes_it_down(
    services: Services, clock: TestClock
) -> None:
    number = await withdrawn(services)
    two = (NOW + timedelta(days=367)).replace(hour=2, minute=0)
    await clock.set(services.db, two)
    await run_due(services)
    assert (await stored(services, number))[2]  # half past two has not come
    await clock.set(services.db, two + timedelta(hours=1))
    await run_due(services)
    await run_due(services)
    assert not (await stored(services, number))[2]
    nights = await services.audit.entries(subject=f"night:{clock.now().date()}")
    assert [n.data["counts"]["contact"] for n in nights] == [1]


async def test_a_purge_that_is_done_again_does_nothing_more(
    services: Services, clock: TestClock
) -> None:
    await withdrawn(services)
    clock.advance(days=1096)
    await services.retention.purge()
    entries = len(await services.audit.entries())
    await services.retention.purge()
    assert len(await services.audit.entries()) == entries


def test_the_limit_of_an_answer_counts_working_days_only() -> None:
    plain = WorkCalendar()
    assert answer_by(date(2026, 11, 26), 15, plain) == date(2026, 12, 17)
    assert answer_by(date(2026, 11, 28), 1, plain) == date(2026, 11, 30)


def test_rules_with_an_unknown_class_are_refused(tmp_path: object) -> None:
    from pathlib import Path

    path = Path(str(tmp_path)) / "retention.yml"
    path.write_text(
        'nightly_at: "02:30"\ndsar_working_days: 15\nclasses:\n'
        "  diary: {name: 日记, days: 1, after: ended, basis: 无}\n", encoding="utf-8",
    )  # fmt: skip
    with pytest.raises(ValueError, match="diary"):
        load_rules(path)
