"""What staff raise about conduct becomes a case that neither they nor the unit concerned can see."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import select

from services.audit.tables import AuditEntryRow
from services.context import Services
from services.tickets import reminders
from services.tickets.core.actor import SYSTEM, resident
from services.tickets.core.commands import CreateTicket
from services.tickets.tables import StaffReminderRow
from tests.services.web.conftest import Client, Token
from tests.services.web.test_register import enter

__all__ = ["enter"]
PATH, PAGE = "/api/v1/integrity-matters", "/console/integrity"
LEAK = {"kind": "leak", "text": "有人把反映人的电话给了物业", "org": "property"}


async def raised(
    client: Client, headers: dict[str, str], key: str = "k1", **given: Any
) -> tuple[int, dict[str, Any]]:
    answer = await client.post(
        PATH, json={**LEAK, **given}, headers={**headers, "Idempotency-Key": key}
    )
    return answer.status, await answer.json()


async def test_a_case_opens_once_and_names_nobody(
    client: Client, as_staff: Token, services: Services
) -> None:
    grid = await as_staff("grid1")
    status, made = await raised(client, grid)
    assert status == 201 and (await raised(client, grid))[1] == made
    case = await services.tickets.get(made["number"], SYSTEM)
    assert (case["case_kind"], case["case_of"]) == ("leak", made["number"])
    assert "电话给了物业" in case["narrative_original"] and case["recused"] == ["property"]
    assert case["owner_org"] == "discipline"
    assert "grid1" not in f"{case}{await services.tickets.events(made['number'], SYSTEM)}"
    for username, status in (
        ("auditor1", 200), ("grid1", 403), ("clerk1", 403), ("dispatcher1", 403), ("vendor1", 403)
    ):  # fmt: skip
        seen = await client.get(
            f"/api/v1/tickets/{made['number']}", headers=await as_staff(username)
        )
        assert seen.status == status, username
    async with services.db.read() as s:
        entry = await s.scalar(
            select(AuditEntryRow).where(AuditEntryRow.action == "integrity.raise")
        )
    assert entry and (entry.who, entry.subject) == ("grid1", f"ticket:{made['number']}")
    assert LEAK["text"] not in f"{entry.reason}{entry.data}"


async def test_who_worked_on_the_ticket_stays_out(
    client: Client, as_staff: Token, services: Services
) -> None:
    wanted = CreateTicket(
        conversation_id="c-1", leaf="H6", narrative="灯坏了",
        place={"compound_id": "xingfu", "building_id": "xingfu-3"},
    )  # fmt: skip
    first = await services.tickets.create(wanted, resident("c-1"))
    clerk = await as_staff("clerk1")
    given = {"kind": "evasion", "org": None, "ticket_no": first["ticket_no"]}
    status, made = await raised(client, clerk, **given)
    assert status == 201
    case = await services.tickets.get(made["number"], SYSTEM)
    assert case["case_of"] == first["ticket_no"] and "grid" in case["recused"]
    timeline = await services.tickets.events(first["ticket_no"], SYSTEM)
    assert made["number"] not in str(timeline), "nothing stands on the first ticket"


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"kind": "persuaded"}, 422),
        ({"kind": "x"}, 422),
        ({"text": "坏"}, 422),
        ({"org": "nowhere"}, 422),
        ({"ticket_no": "SQ-261124-00001-2"}, 404),
    ],
)
async def test_what_is_refused(
    client: Client, as_staff: Token, given: dict[str, str], status: int
) -> None:
    assert (await raised(client, await as_staff("grid1"), **given))[0] == status


@pytest.mark.parametrize("username", ["auditor1", "admin1", "trainer1"])
async def test_who_judges_or_runs_the_system_raises_nothing(
    client: Client, as_staff: Token, username: str
) -> None:
    assert (await raised(client, await as_staff(username)))[0] == 403


async def test_the_page_keeps_what_was_typed_and_says_the_number(
    enter: Any, services: Services
) -> None:
    client = await enter("handler1")
    html = await (await client.get(PAGE)).text()
    form = {"form": re.search(r'name="form" value="([^"]+)"', html)[1]}  # type: ignore[index]
    refused = await client.post(PAGE, data={**form, "kind": "retaliation", "text": "嗯"})
    assert refused.status == 422 and "请写清" in await refused.text()
    done = await (
        await client.post(
            PAGE, data={**form, "kind": "retaliation", "text": "因为投诉过，故意不给他修"}
        )
    ).text()
    number = re.search(r"SQ-\d{6}-\d{5}-\d", done)
    assert number and "只有审计" in done
    assert (await services.tickets.get(number[0], SYSTEM))["case_kind"] == "retaliation"


async def test_a_case_that_is_late_is_told_to_who_looks_into_it_alone(services: Services) -> None:
    wanted = CreateTicket(conversation_id="c-1", leaf="M11", narrative="他们报复我", about="other")
    case = await services.tickets.create(wanted, resident("c-1"))
    payload = {
        "ticket_no": case["ticket_no"], "version": 9, "at": case["created_at"], "event": "reminded",
        "data": {"say": "快到期了", "step": "80％", "tell": ["handler", "supervisor", "dispatcher"]},
    }  # fmt: skip
    await reminders.on_changed(services, payload)
    async with services.db.read() as s:
        assert [*await s.scalars(select(StaffReminderRow.told))] == ["handler"]
