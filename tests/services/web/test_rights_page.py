"""The console's pages 数据权利 and 审计, the watermark, and the trace of each look."""

from __future__ import annotations

import re
import uuid

import pytest

from services.context import Services
from tests.services.security.conftest import LAMP
from tests.services.web.conftest import Client, Token

PASSWORD = "password-of-the-tests"


async def log_in(client: Client, username: str) -> None:
    """Log in at the console; the client keeps the cookie."""
    form = {"username": username, "password": PASSWORD}
    answer = await client.post("/console/login", data=form, allow_redirects=False)
    assert answer.status == 303


async def filed(client: Client, as_staff: Token) -> str:
    """File a ticket at the counter; return its number."""
    headers = {**await as_staff("clerk1"), "Idempotency-Key": uuid.uuid4().hex}
    answer = await client.post("/api/v1/tickets", json=LAMP, headers=headers)
    assert answer.status == 201, await answer.text()
    return str((await answer.json())["ticket_no"])


async def test_opening_and_revealing_leave_who_when_what_and_why(
    client: Client, as_staff: Token, services: Services
) -> None:
    number = await filed(client, as_staff)
    grid = await as_staff("grid1")
    for _ in range(2):
        answer = await client.get(f"/api/v1/tickets/{number}", headers=grid)
        assert answer.status == 200
    version = (await answer.json())["version"]
    path = f"/api/v1/tickets/{number}/actions/reveal"
    without = await client.post(path, json={"version": version}, headers=grid)
    assert without.status == 422
    body = {"version": version, "reason": "约上门时间"}
    answer = await client.post(path, json=body, headers=grid)
    assert (await answer.json())["reporter"]["phone"] == LAMP["contact"]["phone"]  # type: ignore[index]
    found = await services.audit.entries(subject=f"ticket:{number}")
    assert [(e.who, e.action, e.reason) for e in found] == [
        ("grid1", "reveal", "约上门时间"), ("grid1", "view", ""),
    ]  # fmt: skip
    await log_in(client, "auditor1")
    page = await (await client.get(f"/console/audit?ticket={number}")).text()
    assert "王秀英" in page and "约上门时间" in page and "查看联系方式" in page


async def test_pages_that_show_a_person_carry_who_looks_and_others_do_not(
    client: Client, as_staff: Token
) -> None:
    number = await filed(client, as_staff)
    await log_in(client, "grid1")
    for path in ("/console/tickets", f"/console/tickets/{number}", "/console/handoffs"):
        page = await (await client.get(path)).text()
        assert len(re.findall(r"<span>王秀英 grid1 \d{4}-\d\d-\d\d \d\d:\d\d</span>", page)) > 20
        assert 'class="watermark" aria-hidden="true"' in page
    await log_in(client, "trainer1")
    assert 'watermark"' not in await (await client.get("/console/training")).text()


async def test_a_request_goes_from_the_counter_over_the_auditor_to_the_paper(
    client: Client, as_staff: Token
) -> None:
    number = await filed(client, as_staff)
    await log_in(client, "clerk1")
    given = {"kind": "copy", "phone": "13800138000", "proof": ""}
    answer = await client.post("/console/rights", data=given)
    assert answer.status == 422
    page = await answer.text()
    assert "先核实是本人" in page and "13800138000" in page
    await client.post("/console/rights", data={**given, "proof": "id_seen"})
    page = await (await client.get("/console/rights")).text()
    assert "138****8000" in page and "13800138000" not in page
    found = re.search(r"d-[0-9a-f]{12}", page)
    assert found is not None
    one = f"/console/rights/{found[0]}"
    assert (await client.post(one + "/export.json")).status == 409
    assert (await client.post(one + "/decide", data={"answer": "x"})).status == 403
    await log_in(client, "auditor1")
    await client.post(one + "/decide", data={"decision": "approve", "answer": "核对过"})
    assert (await client.post(one + "/export")).status == 403
    await log_in(client, "clerk1")
    paper = await (await client.post(one + "/export")).text()
    assert "张三丰" in paper and number in paper and "谁看过" in paper
    answer = await client.post(one + "/export.json")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert (await answer.json(content_type=None))["tickets"][0]["ticket_no"] == number


async def test_an_emergency_look_takes_two_accounts(client: Client, as_staff: Token) -> None:
    number = await filed(client, as_staff)
    await log_in(client, "admin1")
    page = await (await client.get("/console/rights")).text()
    assert "应急查看" in page and "登记" not in page.split("<main")[1]
    asked = {"ticket_no": number, "reason": "排查故障"}
    await client.post("/console/rights/glass/ask", data=asked)
    await log_in(client, "auditor1")
    page = await (await client.get("/console/rights")).text()
    found = re.search(r"glass/(g-[0-9a-f]{12})/approve", page)
    assert found is not None
    await client.post(f"/console/rights/glass/{found[1]}/approve")
    await log_in(client, "admin1")
    shown = await (await client.post(f"/console/rights/glass/{found[1]}/open")).text()
    assert "楼道灯坏了" in shown
    assert "张三丰" not in shown and "13800138000" not in shown


async def test_the_audit_page_verifies_the_chain_and_refuses_a_number_that_is_none(
    client: Client, as_staff: Token, services: Services
) -> None:
    await filed(client, as_staff)
    while await services.audit.seal():
        pass
    await log_in(client, "auditor1")
    page = await (await client.get("/console/audit?verify=true")).text()
    assert "没有发现改动" in page
    answer = await client.get("/console/audit?ticket=12")
    assert answer.status == 422
    assert 'class="refusal"' in await answer.text()


@pytest.mark.parametrize("username", ["clerk1", "admin1", "grid1"])
async def test_the_audit_is_for_the_auditor(client: Client, username: str) -> None:
    await log_in(client, username)
    assert (await client.get("/console/audit")).status == 403
