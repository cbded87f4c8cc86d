"""Figures over HTTP: the API, the pages of the console, the workbook, the public month."""

from __future__ import annotations

import pytest

from services.context import Services
from services.tickets.core.actor import resident
from services.tickets.core.commands import CreateTicket
from tests.services.web.conftest import Client, Token

API = "/api/v1/metrics"


@pytest.mark.parametrize(
    ("who", "status"),
    [("dispatcher1", 200), ("auditor1", 200), ("supervisor1", 200), ("handler1", 200),
     ("admin1", 403), ("grid1", 403), ("clerk1", 403), ("trainer1", 403)],
)  # fmt: skip
async def test_who_may_ask(client: Client, as_staff: Token, who: str, status: int) -> None:
    headers = await as_staff(who)
    for path in (API, "/console/data", API + "/workbook"):
        assert (await client.get(path, headers=headers)).status == status, path


async def test_a_figure_says_what_it_is_made_of(
    client: Client, as_staff: Token, services: Services
) -> None:
    await services.tickets.create(
        CreateTicket.model_validate({"conversation_id": "c1", "leaf": "H6", "narrative": "灯坏了"}),
        resident("c1"),
    )
    answer = await client.get(API, headers=await as_staff("dispatcher1"))
    found = await answer.json()
    filed = next(f for f in found["figures"] if f["key"] == "filed")
    assert (filed["value"], filed["numerator"], filed["denominator"]) == (1, 1, None)
    assert filed["definition"]
    reached = next(f for f in found["figures"] if f["key"] == "reached")
    assert (reached["value"], reached["text"]) == (None, "—")


@pytest.mark.parametrize(
    "query",
    ["from=2026-11-02&to=2026-11-01&period=custom", "from=gestern", "period=decade",
     "unit=nobody", "from=2026-11-01&period=custom", "from=0001-01-01"],
)  # fmt: skip
async def test_bad_filters_are_said_in_words(client: Client, as_staff: Token, query: str) -> None:
    answer = await client.get(f"{API}?{query}", headers=await as_staff("auditor1"))
    assert answer.status == 422
    assert (await answer.json())["error"]["message"]


async def test_the_page_keeps_standing_after_a_bad_filter(client: Client, as_staff: Token) -> None:
    query = "period=custom&from=2026-11-02&to=2026-11-01"
    answer = await client.get(f"/console/data?{query}", headers=await as_staff("auditor1"))
    text = await answer.text()
    assert answer.status == 422
    assert "结束不能早于开始" in text and "有效回访率" in text


async def test_the_page_shows_to_each_what_is_theirs(client: Client, as_staff: Token) -> None:
    auditor = await (await client.get("/console/data", headers=await as_staff("auditor1"))).text()
    handler = await (await client.get("/console/data", headers=await as_staff("handler1"))).text()
    assert "<h2>线索</h2>" in auditor and "机器人" in auditor
    assert "<h2>线索</h2>" not in handler and 'name="unit"' not in handler


async def test_the_monthly_reports(client: Client, as_staff: Token) -> None:
    headers = await as_staff("dispatcher1")
    page = await client.get("/console/data/reports?month=2026-11", headers=headers)
    assert page.status == 200
    assert "这个月没有吹哨" in await page.text()
    for path in ("whistles", "assignments", "dialogue"):
        assert (await client.get(f"{API}/{path}", headers=headers)).status == 200, path
    bad = await client.get(f"{API}/whistles?month=2026-13", headers=headers)
    assert bad.status == 422
    handler = await as_staff("handler1")
    assert (await client.get("/console/data/reports", headers=handler)).status == 403


async def test_anybody_reads_the_published_month_and_not_the_running_one(
    client: Client, services: Services
) -> None:
    page = await client.get("/report")
    assert page.status == 200
    assert "口径" in await page.text()
    assert (await client.get("/api/v1/public/metrics")).status == 200
    running = services.clock.now()
    early = await client.get(f"/api/v1/public/metrics?month={running:%Y-%m}")
    assert early.status == 404
    assert (await early.json())["error"]["code"] == "not_published"


@pytest.mark.parametrize(
    ("who", "reports", "trends"),
    [("dispatcher1", 200, 200), ("auditor1", 200, 200), ("supervisor1", 200, 200),
     ("clerk1", 403, 200), ("handler1", 403, 403), ("grid1", 403, 403), ("admin1", 403, 403)],
)  # fmt: skip
async def test_reports_and_trends_as_pages_workbooks_and_json(
    client: Client, as_staff: Token, who: str, reports: int, trends: int
) -> None:
    headers = await as_staff(who)
    for where in ("/console/data", API):
        for kind in ("day", "week", "month", "quarter", "year"):
            answer = await client.get(f"{where}/report?period={kind}", headers=headers)
            assert answer.status == reports, (where, kind)
        for end, status in (("report/workbook", reports), ("trends", trends), ("trends/workbook", trends)):  # fmt: skip
            assert (await client.get(f"{where}/{end}", headers=headers)).status == status, end


async def test_the_yearly_report_says_what_is_missing_and_prints(
    client: Client, as_staff: Token, services: Services
) -> None:
    await services.tickets.create(
        CreateTicket.model_validate({"conversation_id": "c1", "leaf": "H6", "narrative": "灯坏了"}),
        resident("c1"),
    )
    headers = await as_staff("dispatcher1")
    text = await (await client.get("/console/data/report?period=year", headers=headers)).text()
    for said in (
        "年报",
        "去年没有数据",
        f"数到 {services.clock.now():%Y-%m-%d}",
        "1. 楼道灯不亮",
        "样本不足",
        "data-print",
    ):
        assert said in text, said
    assert "下一期" not in text, "next year has not begun"
    older = await client.get("/console/data/report?period=year&from=2025-03-01", headers=headers)
    assert "下一期" in await older.text()
    ahead = await client.get("/console/data/report?period=day&from=2030-01-01", headers=headers)
    text = await ahead.text()
    assert "还没到这个时候，没有数。" in text and "数到" not in text
    bad = await client.get("/console/data/report?community=nowhere", headers=headers)
    assert bad.status == 422
    here = await client.get("/console/data/trends?community=qinghe-c1", headers=headers)
    assert here.status == 200 and "‹ 数据" in await here.text()
    clerk = await client.get("/console/data/trends", headers=await as_staff("clerk1"))
    assert "‹ 未诉先办" in await clerk.text(), "a clerk has no page of figures to go back to"
