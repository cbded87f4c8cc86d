"""What waits to be filed is found by the phone inside alone, erased when its owner asks, and not filed."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import select

from services.context import Services
from services.exchange.tables import BatchRow, LineRow
from services.open311.tables import RequestRow as OpenRequest
from services.rights import unfiled
from services.tickets.core.commands import Contact, CreateTicket
from services.tickets.tables import TicketRow
from tests.services.retention.steps import PHONE
from tests.services.rights.conftest import AUDITOR, CLERK

MINE = f"+86 {PHONE[:3]}-{PHONE[3:7]}-{PHONE[7:]}"
"""The same number as people write it."""
OTHERS = "13900000001"


def sealed(services: Services, phone: str | None) -> str:
    wanted = CreateTicket(
        conversation_id="x", narrative="楼道灯坏了", contact=Contact(name="张桂兰", phone=phone)
    )
    return services.people.vault.encrypt(json.dumps(wanted.model_dump(mode="json")))


async def waiting(services: Services) -> None:
    """An import that nobody has confirmed yet, one line whose words name the phone, and two tokens."""
    now = services.clock.now()
    line: dict[str, Any] = {"batch": "b1", "verdict": "create", "notes": [], "open": True}
    async with services.db.write() as s:
        s.add(BatchRow(id="b1", source="city", file_name="x.xlsx", sha256="0", state="running",
                       lines=4, at=now, by="dispatcher1", confirmed_by="dispatcher1"))  # fmt: skip
        for n, phone in enumerate((MINE, OTHERS, None), start=1):
            s.add(LineRow(**line, line=n, ref=f"R{n}", summary="灯坏了",
                          request_enc=sealed(services, phone)))  # fmt: skip
        s.add(LineRow(**{**line, "open": False, "verdict": "refuse"}, line=4, ref="R4",
                      summary=f"打{PHONE}找我"))  # fmt: skip
        for token, phone in (("mine", PHONE), ("others", OTHERS)):
            s.add(OpenRequest(token=token, key_id="k", waiting_enc=sealed(services, phone),
                              created_at=now))  # fmt: skip


async def test_what_waits_is_erased_and_never_filed(services: Services) -> None:
    await waiting(services)
    row = await services.rights.register(CLERK, "delete", PHONE, "id_seen")
    await services.rights.decide(AUDITOR, row.id, True, "本人要求")
    done = await services.rights.carry_out(CLERK, row.id)
    assert done.result["waiting"] == 3

    async with services.db.read() as s:
        lines = {li.line: li for li in await s.scalars(select(LineRow))}
        tokens = dict((await s.execute(select(OpenRequest.token, OpenRequest.waiting_enc))).all())
    assert (lines[1].verdict, lines[1].open, lines[1].summary) == ("refuse", False, "")
    assert lines[1].request_enc is None and lines[4].summary == ""
    assert lines[2].open and lines[3].open and lines[2].request_enc and lines[3].request_enc
    assert tokens["mine"] is None and tokens["others"] is not None

    await services.open311.file_waiting("mine")
    async with services.db.read() as s:
        assert (await s.scalars(select(TicketRow.ticket_no))).all() == []


async def test_without_a_phone_nothing_that_waits_is_touched(services: Services) -> None:
    await waiting(services)
    async with services.db.write() as s:
        assert await unfiled.erase(s, services.people.vault, "") == 0
        assert await unfiled.erase(s, services.people.vault, "13700000000") == 0
