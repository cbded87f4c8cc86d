"""From a file to tickets, on both databases: nothing before the yes, nothing twice, nothing lost."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from services.context import Services
from services.errors import LindaError
from services.exchange import importing
from services.exchange.tables import LineRow
from services.outbox.worker import run_due
from services.tickets.core.actor import Actor
from services.tickets.tables import TicketRow
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
