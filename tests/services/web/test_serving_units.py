"""物业 and vendors: they know where and when, never who asked, whatever they try."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from services.context import Services
from services.errors import LindaError
from services.people.model import Role, Staff
from services.people.roles import roles
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
