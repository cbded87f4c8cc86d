"""Rows that nothing else hangs on go at their time, by class; what is held as evidence stays."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sqlalchemy import select

from services.audit.chain import GONE
from services.bookings.tables import StandingOrderRow
from services.context import Services
from services.exchange.tables import BatchRow, LineRow
from services.lists.tables import ListChangeRow, ListItemRow
from services.open311.tables import RequestRow as OpenRequestRow
from services.outbox.tables import OutboxRow
from services.paper.tables import SheetRow
from services.rights.tables import RequestRow
from services.tickets.tables import StaffReminderRow
from services.visits.tables import CareReminderRow, CareTargetRow, CareVisitRow
from tests.services.conftest import TestClock
from tests.services.retention.steps import AUDITOR, NAME, filed, stored, withdrawn


async def test_each_class_of_rows_goes_after_its_days_and_only_once(
    services: Services, clock: TestClock
) -> None:
    free = await withdrawn(services, "conversation-1")
    held = await withdrawn(services, "conversation-2")
    await services.tickets.act(held, "hold", {"reason": "案件调查"}, AUDITOR)
    now, seal = clock.now(), services.people.vault.encrypt
    async with services.db.write() as s:
        for number in (free, held):
            s.add(StaffReminderRow(
                key=f"k-{number}", ticket_no=number, told="desk", text="楼道灯坏了", at=now
            ))  # fmt: skip
        s.add(OutboxRow(
            key="dead", topic="t", payload={"text": "话"}, state="dead", attempts=7,
            not_before=now, created_at=now, done_at=now,
        ))  # fmt: skip
        s.add(OpenRequestRow(token="o-1", key_id="k", waiting_enc=seal("话"), created_at=now))
        s.add(RequestRow(
            id="d-1", kind="copy", channel="counter", phone_enc=seal("1"), phone_hash="h",
            wish_enc=seal("话"), proof="id_seen", state="done", filed_at=now, filed_by="clerk1",
            due_on=date(2026, 12, 15), done_at=now, answer="给了", result={},
        ))  # fmt: skip
        s.add(CareTargetRow(
            id="elder-1", community_id="qinghe-c1", grid_id="qinghe-g1", building_id="xingfu-3",
            place="幸福小区3号楼", kinds=[], risk="low", name_enc=seal("张桂兰"), phone_enc=seal("1"),
            joined_on=now.date(), left_on=now.date(), left_why="搬走了", added_by="clerk1", added_at=now,
        ))  # fmt: skip
        await s.flush()
        s.add(CareVisitRow(
            id="visit-1", target_id="elder-1", at=now, by="grid1", way="door", reached=True,
            counts=True, note_enc=seal("话"),
        ))  # fmt: skip
    clock.advance(days=1097)
    counted = {d.kind: d.count for d in await services.retention.due()}
    wanted = {"dead": 1, "reminder": 1, "waiting": 1, "request": 1, "care": 1, "care_note": 1}
    assert {kind: counted[kind] for kind in wanted} == wanted  # type: ignore[index]
    await services.retention.purge()
    await services.retention.purge()
    async with services.db.read() as s:
        assert list(await s.scalars(select(StaffReminderRow.ticket_no))) == [held]
        assert await s.scalar(select(OutboxRow).where(OutboxRow.key == "dead")) is None
        request, elder = (
            await s.get_one(RequestRow, "d-1"),
            await s.get_one(CareTargetRow, "elder-1"),
        )
        visit = await s.get_one(CareVisitRow, "visit-1")
        waiting = (await s.get_one(OpenRequestRow, "o-1")).waiting_enc
    assert (request.phone_enc, request.phone_hash, request.wish_enc, waiting) == (None,) * 4
    assert (elder.name_enc, elder.phone_enc, elder.place, elder.left_why) == ("", None, "", None)
    assert (visit.note_enc, visit.counts) == (None, True)
    entries = await services.audit.entries(subject="class:care")
    assert [e.data["count"] for e in entries] == [1]


async def test_an_order_goes_on_when_the_words_of_its_first_meal_are_erased(
    services: Services, clock: TestClock
) -> None:
    first, ended = await withdrawn(services), await withdrawn(services)
    clock.advance(days=1090)
    newest = await filed(services)
    async with services.db.write() as s:
        for began, last in ((first, newest), (ended, ended)):
            s.add(StandingOrderRow(
                first_ticket=began, ticket_no=last, conversation_id="conversation-1", check_at=clock.now()
            ))  # fmt: skip
    clock.advance(days=10)
    await services.retention.purge()
    assert NAME not in (await stored(services, first))[1]
    assert await left(services, StandingOrderRow.ticket_no) == [newest]


async def left(services: Services, column: Any) -> list[Any]:
    """What stands in a column."""
    async with services.db.read() as s:
        return sorted(await s.scalars(select(column)))


async def test_lines_of_an_uploaded_file_lose_their_words_after_a_week(
    services: Services, clock: TestClock
) -> None:
    now, seal = clock.now(), services.people.vault.encrypt
    async with services.db.write() as s:
        for batch, state in (("done", "done"), ("checked", "checked"), ("runs", "running")):
            s.add(BatchRow(
                id=batch, source="12345", file_name="a.xlsx", sha256="0" * 64, state=state, lines=1,
                at=now, by="dispatcher1",
            ))  # fmt: skip
            s.add(LineRow(
                batch=batch, line=1, ref=f"R-{batch}", verdict="new", notes=["电话不全"],
                summary="张**说楼道灯坏了", request_enc=seal("话"), open=True,
            ))  # fmt: skip
    clock.advance(days=6)
    await services.retention.purge()
    assert "" not in await left(services, LineRow.summary)
    clock.advance(days=2)
    counted = {d.kind: d.count for d in await services.retention.due()}
    assert counted["upload"] == 2
    await services.retention.purge()
    async with services.db.read() as s:
        lines = {r.batch: r for r in await s.scalars(select(LineRow))}
    for batch in ("done", "checked"):
        row = lines[batch]
        assert (row.summary, row.notes, row.request_enc, row.open) == ("", [], None, False)
        assert row.ref == f"R-{batch}", "that it came, and as what, stays"
    assert lines["runs"].request_enc is not None, "it is being filed at this moment"
    assert {d.kind: d.count for d in await services.retention.due()}["upload"] == 0


async def test_reminders_of_visits_go_after_half_a_year(
    services: Services, clock: TestClock
) -> None:
    async with services.db.write() as s:
        s.add(CareReminderRow(
            key="old", community_id="qinghe-c1", grid_id="qinghe-g1", text="还有3位没去", at=clock.now()
        ))  # fmt: skip
    clock.advance(days=179)
    async with services.db.write() as s:
        s.add(CareReminderRow(
            key="new", community_id="qinghe-c1", grid_id="qinghe-g1", text="还有1位没去", at=clock.now()
        ))  # fmt: skip
    await services.retention.purge()
    assert await left(services, CareReminderRow.key) == ["new", "old"]
    clock.advance(days=2)
    await services.retention.purge()
    assert await left(services, CareReminderRow.key) == ["new"]


async def test_lines_of_the_lists_lose_their_words_when_they_are_long_over(
    services: Services, clock: TestClock
) -> None:
    now = clock.now()
    async with services.db.write() as s:
        for id, state in (("over", "met"), ("going", "open"), ("moved", "dropped")):
            s.add(ListItemRow(
                id=id, list="need", community_id="qinghe-c1", kind="suggestion", title="张桂兰家要扶手",
                detail="电话13812345678", owner="clerk1", state=state, version=1,
                created_by="clerk1", created_at=now,
            ))  # fmt: skip
        await s.flush()
        for id, at in (("over", now), ("going", now), ("moved", now + timedelta(days=600))):
            s.add(ListChangeRow(
                item_id=id, at=at, by="clerk1", from_state="open", to_state="met", note="问过张桂兰"
            ))  # fmt: skip
    clock.advance(days=1097)
    await services.retention.purge()
    async with services.db.read() as s:
        items = {r.id: r for r in await s.scalars(select(ListItemRow))}
        notes = {r.item_id: r.note for r in await s.scalars(select(ListChangeRow))}
    assert (items["over"].title, items["over"].detail, notes["over"]) == (GONE, "", "")
    assert items["over"].state == "met"
    for id in ("going", "moved"):
        assert "张桂兰" in items[id].title and notes[id] == "问过张桂兰"


async def test_sheets_and_list_lines_of_a_ticket_lose_their_words_with_it(
    services: Services, clock: TestClock
) -> None:
    number, now = await withdrawn(services), clock.now()
    async with services.db.write() as s:
        s.add(SheetRow(
            ticket_no=number, kind="task", no=1, version=1, form="f", issued_by="grid1",
            fields_enc=services.people.vault.encrypt('{"who": "张桂兰"}'), issued_name="王秀英",
            issued_at=now,
        ))  # fmt: skip
        s.add(ListItemRow(
            id=f"need-{number}", list="need", community_id="qinghe-c1", kind="ticket", title="张桂兰家的灯",
            detail="幸福小区", owner="clerk1", state="open", ticket_no=number, version=1,
            created_by="clerk1", created_at=now,
        ))  # fmt: skip
    clock.advance(days=1096)
    await services.retention.purge()
    async with services.db.read() as s:
        sheet = (await s.scalars(select(SheetRow))).one()
        item = await s.get_one(ListItemRow, f"need-{number}")
    assert (sheet.fields_enc, sheet.issued_name) == ("", "王秀英"), "who issued what when stays"
    assert (item.title, item.detail, item.state) == (GONE, "", "open")
