"""From a file to tickets, on both databases: nothing before the yes, nothing twice, nothing lost."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from services.context import Services
from services.errors import LindaError
from services.exchange import importing
from services.exchange.tables import LineRow
from services.outbox.worker import run_due
from services.tickets import reminders
from services.tickets.core.actor import Actor
from services.tickets.tables import TicketRow
from tests.services.conftest import NOW, TestClock
from tests.services.exchange.conftest import LIGHT, changed, csv, xlsx

DESK = Actor("staff", "dispatcher1", "dispatcher", "street")


async def count(services: Services) -> int:
    async with services.db.read() as s:
        return await s.scalar(select(func.count()).select_from(TicketRow)) or 0


async def test_a_file_is_checked_then_filed_and_both_numbers_find_the_ticket(
    services: Services,
) -> None:
    work = services.exchange.importing
    rows = [LIGHT, changed(工单编号="BJ2", 事发地址="火星街1号"), changed(工单编号="")]
    batch = await work.check("city", "十一月.xlsx", xlsx(rows), DESK)
    report = await work.report(batch)
    assert report.counts == {"create": 1, "doubt": 1, "refuse": 1} and report.left == 2
    assert await count(services) == 0

    await work.confirm(batch, DESK)
    await work.confirm(batch, DESK)
    await run_due(services)
    report = await work.report(batch)
    assert report.batch.state == "done" and report.left == 0
    assert await count(services) == 2
    number = await services.exchange.own_number("BJ20261124001")
    assert number is not None
    view = await services.tickets.get(number, DESK)
    assert view["channel"] == "import12345" and view["leaf"] == "H6"
    assert view["location"]["compound"] == "幸福小区"
    order = await services.exchange.order(number)
    assert order is not None and order.ref == "BJ20261124001" and order.due_there is not None


async def test_importing_again_changes_nothing_and_says_what_differs(services: Services) -> None:
    work = services.exchange.importing
    await work.confirm(await work.check("city", "a.xlsx", xlsx([LIGHT]), DESK), DESK)
    await run_due(services)
    content = xlsx([changed(工单状态="已办结", 诉求内容="改了字"), changed(工单编号="BJ2")])
    batch = await work.check("city", "b.xlsx", content, DESK)
    report = await work.report(batch)
    assert report.counts == {"known": 1, "create": 1}
    assert "状态不一样" in "；".join(report.lines[0].notes)
    await work.confirm(batch, DESK)
    await run_due(services)
    assert await count(services) == 2
    again = await work.report(await work.check("city", "b.xlsx", content, DESK))
    assert again.repeated and again.left == 0


async def test_two_checked_files_with_the_same_order_file_it_once(services: Services) -> None:
    work = services.exchange.importing
    first = await work.check("city", "a.xlsx", xlsx([LIGHT]), DESK)
    second = await work.check("city", "b.csv", csv([LIGHT], "gbk"), DESK)
    for batch in (first, second):
        await work.confirm(batch, DESK)
    await run_due(services)
    assert await count(services) == 1
    verdicts = {(await work.report(b)).lines[0].verdict for b in (first, second)}
    assert verdicts == {"create", "known"}


async def test_an_import_that_was_cut_off_goes_on_where_it_stood(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "CHUNK", 2)
    work = services.exchange.importing
    rows = [changed(工单编号=f"BJ{i}") for i in range(5)]
    batch = await work.check("city", "a.xlsx", xlsx(rows), DESK)
    await work.confirm(batch, DESK)
    assert await work.go_on(batch)
    assert await count(services) == 2
    # The worker does the first round again: nothing of it is filed twice.
    await run_due(services)
    assert await count(services) == 5
    assert (await work.report(batch)).batch.state == "done"


async def test_what_is_personal_is_encrypted_and_gone_when_it_was_filed(
    services: Services,
) -> None:
    work = services.exchange.importing
    batch = await work.check("city", "a.xlsx", xlsx([LIGHT]), DESK)
    async with services.db.read() as s:
        kept = (await s.execute(select(LineRow.request_enc, LineRow.summary))).one()
    assert kept.request_enc and "13812345678" not in kept.request_enc + kept.summary
    await work.confirm(batch, DESK)
    await run_due(services)
    async with services.db.read() as s:
        assert await s.scalar(select(LineRow.request_enc)) is None


async def test_a_file_that_is_given_up_leaves_nothing(services: Services) -> None:
    work = services.exchange.importing
    batch = await work.check("city", "a.xlsx", xlsx([LIGHT]), DESK)
    await work.drop(batch, DESK)
    with pytest.raises(LindaError) as refused:
        await work.confirm(batch, DESK)
    assert refused.value.code == "batch_not_open"
    async with services.db.read() as s:
        assert await s.scalar(select(func.count()).select_from(LineRow)) == 0


@pytest.mark.parametrize(
    ("source", "content", "code"),
    [
        ("mars", xlsx([LIGHT]), "unknown_platform"),
        ("city", xlsx([["BJ1"]], heads=["工单编号"]), "missing_columns"),
        ("city", xlsx([]), "bad_table"),
    ],
)
async def test_a_file_that_does_not_fit_is_refused_whole(
    services: Services, source: str, content: bytes, code: str
) -> None:
    with pytest.raises(LindaError) as refused:
        await services.exchange.importing.check(source, "a.xlsx", content, DESK)
    assert refused.value.code == code
    assert await services.exchange.importing.batches() == []


async def test_fifty_thousand_lines_are_reported_page_by_page(services: Services) -> None:
    work = services.exchange.importing
    rows = [changed(工单编号=f"BJ{i}") for i in range(50_000)]
    batch = await work.check("city", "大.csv", csv(rows, "gb18030"), DESK)
    report = await work.report(batch)
    assert report.counts == {"create": 50_000}
    assert len(report.lines) == importing.PAGE and report.after == report.lines[-1].line
    last = await work.report(batch, "create", 49_990)
    assert [r.line for r in last.lines][-1] == 50_001 and last.after is None


async def imported(services: Services, **cells: str) -> tuple[str, str]:
    """Import one order as it now stands there; return our number and the line's verdict."""
    work = services.exchange.importing
    batch = await work.check("city", "a.xlsx", xlsx([changed(**cells)]), DESK)
    await work.confirm(batch, DESK)
    await run_due(services)
    line = (await work.report(batch)).lines[0]
    assert line.ticket_no is not None
    return line.ticket_no, line.verdict


async def test_a_platforms_earlier_date_stands_beside_ours_and_is_what_the_resident_hears(
    services: Services,
) -> None:
    number, _ = await imported(services)
    view = await services.tickets.get(number, DESK)
    assert view["platform_due_at"][:16] == "2026-11-27T18:00"
    assert view["due_at"] > view["platform_due_at"] and "5个工作日" in view["due_reason"]
    assert "platform_due" in view["flags"] and "导入" in view["platform_due_reason"]
    listed = await services.tickets.list(DESK, flag="platform_due")
    assert [t["ticket_no"] for t in listed["tickets"]] == [number]
    assert view["due_text"].startswith("11月27日")


async def test_a_platforms_later_date_changes_nothing_for_the_resident(services: Services) -> None:
    number, _ = await imported(services, 办结时限="2026-12-20 18:00:00")
    view = await services.tickets.get(number, DESK)
    assert view["platform_due_at"][:10] == "2026-12-20" and "platform_due" not in view["flags"]
    assert not view["due_text"].startswith("12月20日")


async def test_only_another_import_moves_the_platforms_date_and_the_old_one_stays_in_the_reason(
    services: Services,
) -> None:
    number, verdict = await imported(services)
    assert verdict == "create"
    ours = (await services.tickets.get(number, DESK))["due_at"]
    again, verdict = await imported(services, 诉求内容="又写了一遍")
    assert (again, verdict) == (number, "known")
    again, verdict = await imported(services, 办结时限="2026-11-26 12:00:00")
    assert (again, verdict) == (number, "due")
    view = await services.tickets.get(number, DESK)
    assert view["platform_due_at"][:16] == "2026-11-26T12:00" and view["due_at"] == ours
    assert "原来是11月27日18:00前" in view["platform_due_reason"]
    order = await services.exchange.order(number)
    assert order is not None and order.due_there is not None and order.due_there.day == 26
    moves = [e for e in await services.tickets.events(number, DESK)
             if e["type"] == "platform_due_set"]  # fmt: skip
    assert len(moves) == 2


async def test_the_platforms_date_that_passes_goes_on_record_and_the_street_is_told(
    services: Services, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def stay(db: object) -> None:
        """No other process sets this clock."""

    number, _ = await imported(services)
    monkeypatch.setattr(clock, "refresh", stay)
    clock.go(NOW.replace(month=11, day=27, hour=18, minute=1))
    for _ in range(3):
        await services.tickets.tick()
        await run_due(services)
    missed = [e["data"]["stage"] for e in await services.tickets.events(number, DESK)
              if e["type"] == "deadline_missed"]  # fmt: skip
    assert "platform" in missed and "due" not in missed
    async with services.db.read() as s:
        texts = [r.text for r in await reminders.waiting(s, DESK)]
    assert any("上级平台要求的时限到了" in text for text in texts)
