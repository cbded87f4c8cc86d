"""物业 and vendors: they know where and when, never who asked, whatever they try."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import update

from services.context import Services
from services.errors import LindaError
from services.people.model import Role, Staff
from services.people.roles import roles
from services.people.service import PeopleService
from services.people.tables import StaffRow
from services.tickets.store import history
from tests.services.web.conftest import Client, Token

API = "/api/v1/tickets"
PHONE, NAME, ROOM = "13500000012", "刘桂芬", "1203"
SAID = f"我是{NAME}，物业乱收费，打{PHONE}找我"
FIRM = Staff("property1", "高经理", "vendor", "property", "qinghe-c1")


async def complained(client: Client, as_staff: Token, leaf: str) -> str:
    """A request about something that the property company has in hand, taken down at the counter."""
    headers = {**await as_staff("clerk1"), "Idempotency-Key": f"firm-{leaf}"}
    body: dict[str, Any] = {
        "narrative": SAID, "leaf": leaf, "channel": "counter",
        "contact": {"name": NAME, "phone": PHONE},
        "place": {"compound_id": "xingfu", "building_id": "xingfu-3", "unit": "2", "room": ROOM},
    }  # fmt: skip
    made = await client.post(API, json=body, headers=headers)
    assert made.status == 201, await made.text()
    ticket = await made.json()
    assert ticket["owner_org"] == "property"
    return str(ticket["ticket_no"])


@pytest.mark.parametrize("leaf", ["G5", "H7"])
async def test_the_property_company_never_learns_who_asked(
    leaf: str, client: Client, as_staff: Token, services: Services
) -> None:
    number = await complained(client, as_staff, leaf)
    async with services.db.write() as s:
        await services.people.add_staff(s, FIRM, services.settings.demo_password)
    firm = await as_staff(FIRM.id)
    pages = [
        await (await client.get(path, headers=firm)).json()
        for path in (f"{API}/{number}", f"{API}/{number}/events", API)
    ]
    seen = json.dumps(pages, ensure_ascii=False)
    assert number in seen
    for secret in (PHONE, NAME, "乱收费", "reporter", PHONE[-4:]):
        assert secret not in seen, secret
    # A repair is at the door that is told; a complaint is not.
    assert (ROOM in seen) is (leaf == "H7")
    asked = await client.post(
        f"{API}/{number}/actions/reveal", json={"version": 1, "reason": "想知道"}, headers=firm
    )
    assert asked.status == 403 and (await asked.json())["error"]["code"] == "role_not_allowed"


async def test_an_account_of_the_property_company_from_before_becomes_a_vendors(
    client: Client, as_staff: Token, services: Services
) -> None:
    """Before 物业 had a role of its own its people were handlers, who see who asked."""
    number = await complained(client, as_staff, "G5")
    old = replace(FIRM, id="property9", name="老吴", phone="13900000009")
    async with services.db.write() as s:
        await services.people.add_staff(s, old, services.settings.demo_password)
        await s.execute(update(StaffRow).where(StaffRow.id == old.id).values(role="handler"))
    before = await as_staff(old.id)
    assert PHONE[-4:] in await (await client.get(f"{API}/{number}", headers=before)).text()
    water = await as_staff("handler1")
    again = PeopleService(services.settings, services.db, services.clock)
    for _ in range(2):
        await again.tidy_accounts()
    # Logged out at once; logged in again it is a vendor's account.
    assert (await client.get(f"{API}/{number}", headers=before)).status == 401
    seen = await (await client.get(f"{API}/{number}", headers=await as_staff(old.id))).text()
    assert number in seen and PHONE[-4:] not in seen and NAME not in seen
    # A department's handler is left alone.
    assert (await client.get(API, headers=water)).status == 200


async def test_who_plays_the_property_company_in_test_mode_is_a_vendor(
    client: Client, as_staff: Token, services: Services
) -> None:
    wanted = {"narrative": SAID, "leaf": "G5", "owner_org": "property", "state": "RESOLVED"}
    answer = await client.post(
        "/api/v1/test/tickets", json=wanted, headers=await as_staff("admin1")
    )
    assert answer.status == 201, await answer.text()
    number = (await answer.json())["ticket_no"]
    async with services.db.read() as s:
        actors = [e.actor for e in await history(s, number) if e.type in ("signed", "resolved")]
    assert [a.role for a in actors] == ["vendor", "vendor"]


@pytest.mark.parametrize("role", [r for r in roles().roles if r != "vendor"])
@pytest.mark.parametrize("org", ["property", "meal"])
async def test_a_serving_unit_has_no_other_accounts(
    role: Role, org: str, services: Services
) -> None:
    """Neither when an account is made nor when it is changed."""
    async with services.db.write() as s:
        staff = replace(FIRM, id="firm9", role=role, org_id=org)
        with pytest.raises(LindaError) as refused:
            await services.people.add_staff(s, staff, services.settings.demo_password)
        assert (refused.value.code, refused.value.status) == ("role_not_in_unit", 409)
        await services.people.add_staff(s, FIRM, services.settings.demo_password)
        with pytest.raises(LindaError) as refused:
            await services.people.update_staff(s, replace(FIRM, role=role, org_id=org))
        assert refused.value.code == "role_not_in_unit"
        with pytest.raises(LindaError) as refused:
            await services.people.update_staff(s, replace(FIRM, org_id="mars"))
        assert refused.value.code == "unknown_org"
