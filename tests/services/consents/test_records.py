"""Separate consents: recorded with the ticket, shown, withdrawn with all that depended on them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from services.audit.tables import AuditEntryRow
from services.channels import own_data
from services.consents.tables import SensitiveConsentRow
from services.context import Services
from services.errors import LindaError
from services.people.model import Staff
from services.retention.tables import ErasureRow
from services.tickets import store
from services.tickets.core.actor import Actor, resident
from services.tickets.core.commands import CreateTicket
from services.tickets.tables import TicketEventRow
from tests.services.web.conftest import Client

AUDITOR = Staff("auditor1", "蒋正", "auditor", "street")
SAID = "给我妈约周四上午洗澡，她有糖尿病"
CONSENT = {"purpose": "care_health", "said_by": "proxy", "relation": "mother"}
ORDER = {"date": "2026-12-03", "part": "am", "kind": "bath", "what": "助浴", "needs": "糖尿病"}


def booking(here: str, **more: Any) -> dict[str, Any]:
    return {
        "conversation_id": here, "kind": "booking", "leaf": "C6", "narrative": SAID,
        "appointment": ORDER, "subject": {"relation": "mother"}, **more,
    }  # fmt: skip


async def post(client: Client, services: Services, body: dict[str, Any], key: str) -> Any:
    headers = {
        "Authorization": f"Bearer {services.settings.internal_token}", "Idempotency-Key": key,
    }  # fmt: skip
    answer = await client.post("/internal/v1/tickets", json=body, headers=headers)
    return answer.status, await answer.json()


async def later(services: Services, **time: int) -> None:
    """Set the clock on."""
    await services.clock.set(services.db, services.clock.now() + timedelta(**time))


async def rows(services: Services) -> list[SensitiveConsentRow]:
    async with services.db.read() as s:
        return [*await s.scalars(select(SensitiveConsentRow).order_by(SensitiveConsentRow.id))]


async def test_what_nobody_agreed_to_keep_is_told_for_this_once(
    client: Client, services: Services
) -> None:
    here = (await services.channels.open_session()).session_id
    assert (await post(client, services, booking(here), "k1"))[0] == 201
    (row,) = await rows(services)
    assert (row.purpose, row.answer, row.relation) == ("care_health", "once", "mother")
    status, _ = await post(client, services, booking(here, consents=[CONSENT]), "k2")
    assert status == 201
    row = (await rows(services))[1]
    assert (row.purpose, row.version, row.answer, row.said_by, row.relation) == (
        "care_health", "2026-11.1", "given", "proxy", "mother",
    )  # fmt: skip
    assert (row.channel, row.conversation_id, row.by) == ("web", here, None) and row.at is not None
    assert (await post(client, services, booking(here), "k3"))[0] == 201
    assert len(await rows(services)) == 2, "it stands for the same person"
    mine = booking(here)
    del mine["subject"]
    assert (await post(client, services, mine, "k4"))[0] == 201
    assert [r.answer for r in await rows(services)] == ["once", "given", "once"], "not for another"
    refused = booking(here, consents=[{**CONSENT, "answer": "refused"}])
    status, answer = await post(client, services, refused, "k5")
    assert (status, answer["error"]["code"]) == (422, "consent_refused"), "and yet it stands there"


async def test_what_was_told_for_once_goes_when_the_order_is_done_with(
    services: Services,
) -> None:
    here = (await services.channels.open_session()).session_id
    wanted = CreateTicket.model_validate(booking(here))
    number = str((await services.tickets.create(wanted, resident(here)))["ticket_no"])
    kept = CreateTicket.model_validate(booking(here, subject=None, consents=[
        {"purpose": "care_health", "said_by": "self"}
    ]))  # fmt: skip
    other = str((await services.tickets.create(kept, resident(here)))["ticket_no"])
    await later(services, days=40)
    await services.retention.purge()
    assert "糖尿病" in await stored(services, number), "it is still to be done"
    for no in (number, other):
        await services.tickets.resident_act(no, "withdraw", {"reason": "不用了"}, here)
    await later(services, days=29)
    await services.retention.purge()
    assert "糖尿病" in await stored(services, number), "somebody may ask about it"
    await later(services, days=2)
    await services.retention.purge()
    left = await stored(services, number)
    assert "糖尿病" not in left and "助浴" in left
    assert "糖尿病" in await stored(services, other), "what somebody agreed to keep stays"
    once, given = await rows(services)
    assert once.withdrawn_at is not None and given.withdrawn_at is None
    while await services.audit.seal():
        pass
    assert (await services.audit.verify()).count == 0


async def test_a_childs_is_the_guardians_and_may_be_refused(
    client: Client, services: Services
) -> None:
    here = (await services.channels.open_session()).session_id
    body = {"conversation_id": here, "kind": "booking", "leaf": "F3", "narrative": "报托管"}
    own = {**body, "consents": [{"purpose": "child", "said_by": "self"}]}
    status, answer = await post(client, services, own, "k2")
    assert (status, answer["error"]["code"]) == (422, "guardian_needed")
    for n, said in enumerate(({"said_by": "guardian"}, {"answer": "refused"})):
        wanted = {**body, "consents": [{"purpose": "child", **said}]}
        assert (await post(client, services, wanted, f"ok{n}"))[0] == 201


async def test_danger_never_waits(client: Client, services: Services) -> None:
    here = (await services.channels.open_session()).session_id
    headers = {
        "Authorization": f"Bearer {services.settings.internal_token}", "Idempotency-Key": "sos",
    }  # fmt: skip
    body = {
        "conversation_id": here,
        "kind": "emergency",
        "leaf": "J1",
        "text": "老伴糖尿病晕过去了",
    }
    answer = await client.post("/internal/v1/alerts", json=body, headers=headers)
    assert answer.status == 200 and await rows(services) == []


async def filed(services: Services, here: str, **more: Any) -> str:
    wanted = CreateTicket.model_validate(booking(here, consents=[CONSENT], **more))
    return str((await services.tickets.create(wanted, resident(here)))["ticket_no"])


async def stored(services: Services, number: str) -> str:
    """All that the ticket and its events hold, as text."""
    async with services.db.read() as s:
        events = await s.scalars(
            select(TicketEventRow.data).where(TicketEventRow.ticket_no == number)
        )
        ticket = await store.load(s, number)
    assert ticket is not None
    return f"{[*events]} {ticket.to_doc()}"


async def test_taken_back_it_goes_from_the_ticket_and_the_rest_stays(services: Services) -> None:
    here = (await services.channels.open_session()).session_id
    number = await filed(services, here)
    later = CreateTicket.model_validate(booking(here))
    other = str((await services.tickets.create(later, resident(here)))["ticket_no"])
    lamp = CreateTicket(conversation_id=here, leaf="H6", narrative="楼道灯坏了")
    apart = (await services.tickets.create(lamp, resident(here)))["ticket_no"]
    talk = await services.channels.conversation(here)
    shown = await own_data.show(services, talk)
    assert [c["purpose"] for c in shown["consents"]][:1] == [
        "记上门、日托要注意的身体情况，家里人代说同意"
    ]
    assert "糖尿病" in await stored(services, number)
    while await services.audit.seal():
        pass
    after = await own_data.change(services, talk, "withdraw")
    assert after["consents"] == []
    for no in (number, other):
        left = await stored(services, no)
        assert "糖尿病" not in left and "2026-12-03" in left and "助浴" in left
    assert "楼道灯坏了" in await stored(services, apart), "what rests on nothing of it stays"
    assert all(r.withdrawn_at is not None for r in await rows(services)), "the record stays"
    while await services.audit.seal():
        pass
    report = await services.audit.verify()
    assert report.count == 0, report.findings
    async with services.db.read() as s:
        entry = await s.scalar(
            select(AuditEntryRow).where(AuditEntryRow.action == "consent.withdraw")
        )
    assert entry is not None and entry.data["tickets"] == sorted([number, other])


async def test_evidence_waits_and_goes_when_it_is_freed(services: Services) -> None:
    here = (await services.channels.open_session()).session_id
    number = await filed(services, here)
    auditor = Actor("staff", "auditor1", "auditor", "street")
    await services.tickets.act(number, "hold", {"reason": "立案"}, auditor)
    await own_data.change(services, await services.channels.conversation(here), "withdraw")
    assert "糖尿病" in await stored(services, number)
    await services.retention.pending.work()
    assert "糖尿病" in await stored(services, number)
    await services.tickets.act(number, "release", {"reason": "结了"}, auditor)
    async with services.db.write() as s:
        (row,) = await s.scalars(select(ErasureRow))
        row.due_at = services.clock.now()
    assert await services.retention.pending.work() == 1
    assert "糖尿病" not in await stored(services, number)


async def test_the_desk_ticks_who_said_yes(services: Services) -> None:
    clerk = Actor("staff", "clerk1", "clerk", "community", community_id="qinghe-c1")
    wanted = CreateTicket(
        narrative="老人偏瘫，要轮椅", leaf="C6", channel="counter",
        consents=[{"purpose": "told_at_desk", "said_by": "guardian"}],  # type: ignore[list-item]
    )  # fmt: skip
    number = (await services.tickets.create(wanted, clerk))["ticket_no"]
    (row,) = await rows(services)
    assert (row.ticket_no, row.by, row.said_by, row.channel) == (
        number, "clerk1", "guardian", "counter",
    )  # fmt: skip
    here = (await services.channels.open_session()).session_id
    own = CreateTicket.model_validate(
        booking(here, appointment={}, consents=[{"purpose": "told_at_desk"}])
    )
    with pytest.raises(LindaError, match="没有这一项"):
        await services.tickets.create(own, resident(here))
