"""每月一题 over HTTP: pages for who may see them, forms that keep what was typed, review half a year later."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.context import Services
from services.people.model import Staff
from services.themes.service import NewTheme
from tests.services.web.conftest import Client, Token

PAGE, API = "/console/themes", "/api/v1/themes"
FORM = {
    "form": "form-of-the-page", "year": "2027", "month": "3", "title": "停水和停电", "leaf1": "H1",
    "leaf2": "H2", "leaf3": "", "lead": "water", "assists": "power", "goal": "停之前说清楚",
    "target": "2",
}  # fmt: skip
STREET = NewTheme(
    year=2026, month=12, title="楼道灯和下水", leaves=("H6", "H7"), lead="property", goal="整栋查一遍",
    target=3,
)  # fmt: skip


async def someone(services: Services, username: str) -> Staff:
    return next(s for s in await services.people.roster() if s.id == username)


@pytest.mark.parametrize(
    ("who", "status"),
    [("dispatcher1", 200), ("supervisor1", 200), ("clerk1", 200), ("auditor1", 200),
     ("grid1", 403), ("handler1", 403), ("trainer1", 403)],
)  # fmt: skip
async def test_who_sees_the_plan(
    client: Client, as_staff: Token, services: Services, who: str, status: int
) -> None:
    await services.themes.propose(await someone(services, "dispatcher1"), STREET, "theme-1")
    headers = await as_staff(who)
    for path in (f"{PAGE}?year=2026", f"{API}?year=2026", f"{PAGE}/theme-1", f"{API}/theme-1"):
        assert (await client.get(path, headers=headers)).status == status, path


async def test_a_form_that_is_refused_keeps_what_was_typed(client: Client, as_staff: Token) -> None:
    headers = await as_staff("supervisor1")
    answer = await client.post(PAGE, data={**FORM, "leaf2": "H1"}, headers=headers)
    text = await answer.text()
    assert answer.status == 422 and "一个题目管2到3个事项" in text
    assert 'value="停水和停电"' in text and "停之前说清楚" in text
    answer = await client.post(PAGE, data=FORM, headers=headers, allow_redirects=False)
    assert answer.status == 303
    path = answer.headers["Location"]
    text = await (await client.get(path, headers=headers)).text()
    assert "青禾县自来水公司" in text and "等街道定" in text and "定下来" not in text
    assert "以前" in text and "data-print" in text
    late = {**FORM, "version": "7", "title": "别的"}
    del late["form"]
    answer = await client.post(path, data=late, headers=headers)
    assert answer.status == 409 and "刚刚有人改过" in await answer.text()


async def test_a_month_that_is_over_is_not_decided(
    client: Client, as_staff: Token, services: Services
) -> None:
    street = await someone(services, "dispatcher1")
    past = STREET.model_copy(update={"month": 5})
    await services.themes.propose(street, past, "theme-1")
    headers = await as_staff("dispatcher1")
    answer = await client.post(
        f"{PAGE}/theme-1/decision", data={"do": "adopt", "version": "1"}, headers=headers
    )
    assert answer.status == 422
    assert "2026年5月已经过去了，请改成这个月或者以后的月份再定。" in await answer.text()
    await services.themes.edit(street, "theme-1", STREET, 1)
    answer = await client.post(
        f"{PAGE}/theme-1/decision", data={"do": "adopt", "version": "2"}, headers=headers
    )
    assert answer.status == 200 and "正在做" in await answer.text()


async def test_looking_again_waits_half_a_year(
    client: Client, as_staff: Token, services: Services
) -> None:
    street = await someone(services, "dispatcher1")
    await services.themes.propose(street, STREET, "theme-1")
    await services.themes.decide(street, "theme-1", True, "", 1)
    await services.themes.close(street, "theme-1", "都换了", 2)
    headers = await as_staff("dispatcher1")
    body = {"kept": True, "words": "没再坏", "version": 3}
    early = await client.post(f"{API}/theme-1/review", json=body, headers=headers)
    assert early.status == 422 and (await early.json())["error"]["code"] == "too_early"
    page = await client.post(
        f"{PAGE}/theme-1/review", data={"kept": "yes", "words": "没再坏", "version": "3"},
        headers=headers,
    )  # fmt: skip
    assert page.status == 422 and "以后再回头看" in await page.text()
    await services.clock.set(services.db, services.clock.now() + timedelta(days=185))
    headers = await as_staff("dispatcher1")
    done = await client.post(f"{API}/theme-1/review", json=body, headers=headers)
    assert done.status == 200, await done.text()
    found = await (await client.get(f"{API}/theme-1", headers=headers)).json()
    assert (found["state"], found["kept"], found["review"]) == ("reviewed", True, "没再坏")
    report = await client.get("/console/data/report?period=year&from=2026-05-01", headers=headers)
    assert "楼道灯和下水" in await report.text(), "it stands in the report of its year"
    book = await client.get(
        "/console/data/report/workbook?period=year&from=2026-05-01", headers=headers
    )
    assert book.status == 200
