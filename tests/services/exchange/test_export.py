"""What is told to the platform: only what changed, the same again, nothing personal without a yes."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO

import pytest
from openpyxl import load_workbook

from services.context import Services
from services.errors import LindaError
from services.exchange.feedback import harmless
from services.exchange.mapping import load_mappings
from services.outbox.worker import run_due
from services.tickets.core.actor import Actor
from tests.services.exchange.conftest import LIGHT, changed, xlsx
from tests.services.tickets.world import DATA

DESK = Actor("staff", "dispatcher1", "dispatcher", "street")
AUDITOR = Actor("staff", "auditor1", "auditor", "street")


async def imported(services: Services) -> str:
    """File two orders; return our number of the first."""
    work = services.exchange.importing
    content = xlsx([LIGHT, changed(工单编号="BJ2")])
    await work.confirm(await work.check("city", "a.xlsx", content, DESK), DESK)
    await run_due(services)
    number = await services.exchange.own_number("BJ20261124001")
    assert number is not None
    return number


def lines(content: bytes) -> list[dict[str, str]]:
    heads, *rows = load_workbook(BytesIO(content)).active.iter_rows(values_only=True)
    return [dict(zip(heads, row, strict=True)) for row in rows]


async def test_only_what_changed_since_the_last_export(services: Services) -> None:
    number, out = await imported(services), services.exchange.exporting
    first = await out.make("city", DESK)
    told = lines((await out.fetch(first, DESK))[1])
    assert [t["工单编号"] for t in told] == ["BJ20261124001", "BJ2"]
    assert {t["办理状态"] for t in told} == {"待签收"}
    assert told[0]["承办编号"] == number
    with pytest.raises(LindaError) as refused:
        await out.make("city", DESK)
    assert refused.value.code == "nothing_new"

    # A note changes nothing that the platform is told.
    await services.tickets.act(number, "note", {"text": "记一笔"}, DESK)
    with pytest.raises(LindaError):
        await out.make("city", DESK)
    grid = Actor(
        "staff", "grid1", "grid", "grid", "qinghe-c1", ("qinghe-g1", "qinghe-g2", "qinghe-g3")
    )
    await services.tickets.act(number, "sign", {}, grid)
    second = await out.make("city", DESK)
    told = lines((await out.fetch(second, DESK))[1])
    assert [(t["工单编号"], t["办理状态"]) for t in told] == [("BJ20261124001", "办理中")]
    # Fetched again, the first export still says what it said.
    again = lines((await out.fetch(first, DESK))[1])
    assert {t["办理状态"] for t in again} == {"待签收"}


async def test_personal_columns_need_the_auditors_yes(services: Services) -> None:
    await imported(services)
    out = services.exchange.exporting
    with pytest.raises(LindaError) as refused:
        await out.make("city", DESK, whole=True)
    assert refused.value.code == "reason_missing"
    id = await out.make("city", DESK, whole=True, reason="市平台要回访")
    with pytest.raises(LindaError) as refused:
        await out.fetch(id, DESK)
    assert refused.value.code == "not_approved"
    with pytest.raises(LindaError) as refused:
        await out.decide(id, True, Actor("staff", DESK.id, "auditor"))
    assert refused.value.code == "own_request"
    await out.decide(id, True, AUDITOR)
    assert lines((await out.fetch(id, DESK))[1])[0]["联系电话"] == "13812345678"
    said = [row.what for row in await out.log()]
    assert "下载第1次导出，带个人信息" in said and "批准第1次导出带个人信息" in said


@pytest.mark.parametrize("whole", [False, True])
async def test_without_a_yes_they_are_masked(services: Services, whole: bool) -> None:
    await imported(services)
    out = services.exchange.exporting
    id = await out.make("city", DESK, whole=whole, reason="要用")
    if whole:
        await out.decide(id, False, AUDITOR)
    told = lines((await out.fetch(id, DESK))[1])[0]
    assert told["联系电话"] == "138****5678" and told["来电人"] == "张**"


@pytest.mark.parametrize("text", ["=1+1", "+86", "-cmd", "@SUM(A1)", "\tx", "\rx"])
def test_no_cell_is_a_formula(text: str) -> None:
    assert harmless(text) == f"'{text}"
    assert harmless("灯=坏") == "灯=坏"


async def test_codes_that_a_place_has_filled_in_go_out_and_come_in(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    number, out = await imported(services), services.exchange.exporting
    leaf = (await services.tickets.get(number, DESK))["leaf"]
    told = lines((await out.fetch(await out.make("city", DESK), DESK))[1])
    # Nobody has filled in a code: none is invented.
    assert {(t["业务代码"], t["事项编号"]) for t in told} == {("", "")}
    assert {t["分类版本"] for t in told} == {services.tickets.codes.version}
    codes = replace(services.tickets.codes, gbt39666={leaf: "本地填-1"}, local={leaf: "XZ-07"})
    monkeypatch.setattr(out, "_codes", codes)
    # Nothing has happened to the orders: the present codes go out all the same, once.
    told = lines((await out.fetch(await out.make("city", DESK), DESK))[1])
    assert [t["工单编号"] for t in told] == ["BJ20261124001", "BJ2"]
    assert {(t["业务代码"], t["事项编号"]) for t in told} == {("本地填-1", "XZ-07")}
    with pytest.raises(LindaError) as refused:
        await out.make("city", DESK)
    assert refused.value.code == "nothing_new"
    # What another matter is called tells nothing new of these; the earlier export reads as it did.
    monkeypatch.setattr(out, "_codes", replace(codes, local={**codes.local, "A1": "XZ-01"}))
    with pytest.raises(LindaError):
        await out.make("city", DESK)
    again = lines((await out.fetch(1, DESK))[1])
    assert {(t["业务代码"], t["事项编号"]) for t in again} == {("", "")}
    monkeypatch.setattr(out, "_codes", codes)
    mappings = load_mappings(DATA / "exchange", services.tickets.leaves, codes.leaves)
    assert mappings["city"].leaf["XZ-07"] == leaf
    assert mappings["city"].leaf["供水"] == "H1"
