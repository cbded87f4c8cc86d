"""Requests about own data from the counter and from the chat; emergency looks by two persons."""

from __future__ import annotations

import json
from collections.abc import Awaitable
from datetime import date
from typing import Any

import pytest

from services.channels import own_data
from services.channels.types import Conversation
from services.context import Services
from services.errors import LindaError
from services.rights.tables import RequestRow
from services.tickets.core.actor import Actor
from tests.services.conftest import TestClock
from tests.services.retention.steps import (
    AUDITOR as ACTOR,
)
from tests.services.retention.steps import (
    NAME,
    PHONE,
    filed,
    sealed,
    stored,
    withdrawn,
)
from tests.services.rights.conftest import ADMIN, AUDITOR, CLERK

GRID = Actor("staff", "grid1", "grid", "grid", "qinghe-c1", ("qinghe-g1", "qinghe-g2"))


async def refused(code: str, attempt: Awaitable[Any]) -> LindaError:
    """Expect a refusal."""
    with pytest.raises(LindaError) as error:
        await attempt
    assert error.value.code == code
    assert error.value.message
    return error.value


async def asked(services: Services, kind: str, wish: str = "") -> RequestRow:
    """Register a request at the counter."""
    return await services.rights.register(CLERK, kind, "138 1234 5678", "id_seen", wish)


async def test_an_export_holds_everything_and_who_looked(
    services: Services, clock: TestClock
) -> None:
    number = await filed(services)
    other = await services.tickets.create(
        _of_another(), Actor("resident", "conversation-2", "resident")
    )
    await services.tickets.act(number, "reveal", {"reason": "去修灯要先约时间"}, GRID)
    row = await asked(services, "copy")
    assert row.due_on == date(2026, 12, 15)  # 15 working days after 24 November
    await refused("not_its_turn", services.rights.export(CLERK, row.id))
    await services.rights.decide(AUDITOR, row.id, True, "核对过身份")
    found = await services.rights.export(CLERK, row.id)
    text = json.dumps(found, ensure_ascii=False)
    assert [t["ticket_no"] for t in found["tickets"]] == [number]
    assert other["ticket_no"] not in text
    assert found["tickets"][0]["contact"]["name"] == NAME
    assert PHONE in text
    looks = [(e["who"], e["what"], e["why"]) for e in found["looks"]]
    assert ("王秀英", "查看联系方式", "去修灯要先约时间") in looks
    assert (await services.rights.get(row.id)).state == "done"
    steps = [e.action for e in await services.audit.entries(subject=f"request:{row.id}")]
    assert steps == ["dsar.export", "dsar.approve", "dsar.register"]


def _of_another() -> Any:
    from tests.services.tickets.conftest import request

    contact = {"name": "李四", "phone": "13900000001"}
    return request(conversation_id="conversation-2", contact=contact)


async def test_who_registers_does_not_decide_and_who_decides_does_not_export(
    services: Services,
) -> None:
    own = await services.rights.register(AUDITOR, "copy", PHONE, "called_back")
    error = await refused("own_request", services.rights.decide(AUDITOR, own.id, True, "好"))
    assert error.status == 403
    row = await asked(services, "copy")
    await services.rights.decide(AUDITOR, row.id, True, "好")
    await refused("own_approval", services.rights.export(AUDITOR, row.id))
    gone = await asked(services, "delete")
    await services.rights.decide(AUDITOR, gone.id, True, "好")
    await refused("own_approval", services.rights.carry_out(AUDITOR, gone.id))


async def test_a_refusal_says_why_and_ends_it(services: Services) -> None:
    row = await asked(services, "access")
    await refused("reason_missing", services.rights.decide(AUDITOR, row.id, False, " "))
    await services.rights.decide(AUDITOR, row.id, False, "不是本人")
    await refused("not_its_turn", services.rights.export(CLERK, row.id))
    assert (await services.rights.get(row.id)).answer == "不是本人"


@pytest.mark.parametrize(
    ("given", "field"),
    [
        (("everything", PHONE, "id_seen", ""), "kind"),
        (("copy", "12", "id_seen", ""), "phone"),
        (("copy", PHONE, "", ""), "proof"),
        (("copy", PHONE, "chat", ""), "proof"),
        (("correct", PHONE, "id_seen", " "), "wish"),
        (("copy", PHONE, "id_seen", "长" * 501), "wish"),
    ],
)
async def test_bad_input_is_refused_by_field(
    services: Services, given: tuple[str, str, str, str], field: str
) -> None:
    error = await refused("invalid_fields", services.rights.register(CLERK, *given))
    assert field in error.fields


async def test_erasure_takes_what_is_over_and_says_what_stays(
    services: Services, clock: TestClock
) -> None:
    over = await withdrawn(services, "conversation-1")
    held = await withdrawn(services, "conversation-2")
    going = await filed(services, "conversation-3")
    await services.tickets.act(held, "hold", {"reason": "案件调查"}, ACTOR)
    await sealed(services)
    row = await asked(services, "delete")
    await refused("not_its_turn", services.rights.carry_out(CLERK, row.id))
    await services.rights.decide(AUDITOR, row.id, True, "本人要求")
    done = await services.rights.carry_out(CLERK, row.id)
    assert done.result["erased"] == [over]
    assert set(done.result["stays"]) == {held, going}
    _, text, contact = await stored(services, over)
    assert not contact
    assert NAME not in text and PHONE not in text
    for number in (held, going):
        assert "楼道灯" in (await stored(services, number))[1]
    await sealed(services)
    assert (await services.audit.verify()).count == 0


async def test_a_conversation_stays_as_long_as_what_was_filed_in_it_is_evidence(
    services: Services,
) -> None:
    number = await withdrawn(services, "conversation-2")
    assert not await services.tickets.binds("conversation-2", None)
    await services.tickets.act(number, "hold", {"reason": "案件调查"}, ACTOR)
    assert await services.tickets.binds("conversation-2", None)
    await services.tickets.act(number, "release", {"reason": "案件办结"}, ACTOR)
    assert not await services.tickets.binds("conversation-2", None)


async def test_a_correction_reaches_the_profile_and_open_tickets(services: Services) -> None:
    async with services.db.write() as s:
        known = await services.people.save_resident(s, name="张桂兰", phone=PHONE)
    number = await filed(services, resident_id=known.id)
    row = await asked(services, "correct", "电话换了")
    await refused("invalid_fields", services.rights.carry_out(CLERK, row.id, "", "12"))
    await services.rights.carry_out(CLERK, row.id, "", "139-0000-0001")
    async with services.db.read() as s:
        after = await services.people.resident(s, known.id)
    assert after is not None and (after.name, after.phone) == ("张桂兰", "13900000001")
    name, phone = await services.tickets.own_contact(number, "conversation-1")
    assert (name, phone) == (NAME, "13900000001")


async def test_withdrawing_consent_ends_it_with_its_version_on_record(services: Services) -> None:
    async with services.db.write() as s:
        known = await services.people.save_resident(s, name="张桂兰", phone=PHONE)
        await services.people.give_consent(s, known.id, "remember", "2026-11")
    row = await asked(services, "withdraw")
    await services.rights.carry_out(CLERK, row.id)
    async with services.db.read() as s:
        after = await services.people.resident(s, known.id)
    assert after is not None and after.phone is None
    assert [(c.purpose, c.version, c.withdrawn_at is None) for c in after.consents] == [
        ("remember", "2026-11", False)
    ]


async def test_what_was_asked_in_the_chat_is_on_record(services: Services) -> None:
    session = await services.channels.open_session()
    talk: Conversation = await services.channels.conversation(session.session_id)
    await own_data.change(services, talk, "correct", phone=PHONE)
    talk = await services.channels.conversation(talk.id)
    await own_data.change(services, talk, "withdraw")
    rows = [(r.kind, r.channel, r.state) for r in await services.rights.list()]
    assert sorted(rows) == [("correct", "chat", "done"), ("withdraw", "chat", "done")]


# -- emergency looks ------------------------------------------------------------------------


async def test_an_administrator_looks_only_with_a_second_person_for_half_an_hour_and_it_is_told(
    services: Services, clock: TestClock
) -> None:
    number = await filed(services)
    rights = services.rights
    await refused("reason_missing", rights.glass_ask(ADMIN, number, " "))
    glass = await rights.glass_ask(ADMIN, number, "系统出错，要看原始内容")
    await refused("glass_closed", rights.glass_open(ADMIN, glass.id))
    await refused("own_request", rights.glass_approve(ADMIN, glass.id))
    await rights.glass_approve(AUDITOR, glass.id)
    await refused("not_yours", rights.glass_open(AUDITOR, glass.id))
    seen = await rights.glass_open(ADMIN, glass.id)
    assert "楼道灯" in seen["narrative_original"]
    assert NAME not in str(seen) and PHONE not in str(seen)
    clock.advance(minutes=31)
    await refused("glass_closed", rights.glass_open(ADMIN, glass.id))
    row = await asked(services, "access")
    await rights.decide(AUDITOR, row.id, True, "好")
    found = await rights.export(CLERK, row.id)
    told = [(e["who"], e["what"]) for e in found["looks"]]
    assert told == [("韩工", "申请应急查看"), ("蒋正", "批准应急查看"), ("韩工", "应急查看内容")]


async def test_at_the_counter_words_are_taken_out_of_learning_and_the_copy_says_so(
    services: Services,
) -> None:
    talk = (await services.channels.open_session()).session_id
    async with services.db.write() as s:
        known = await services.people.save_resident(s, name=NAME, phone=PHONE)
        await services.channels.bind_resident(s, talk, known.id)
    row = await asked(services, "unlearn")
    done = await services.rights.carry_out(CLERK, row.id)
    assert done.state == "done"
    async with services.db.read() as s:
        assert await services.heard.refused(s, [talk])
    export = await asked(services, "copy")
    await services.rights.decide(AUDITOR, export.id, True, "核对过身份")
    chapters = {
        o["title"]: o["rows"] for o in (await services.rights.export(CLERK, export.id))["others"]
    }
    (told,) = chapters["您说过不拿您的话教机器人"]
    assert told["问您的话是哪一版"] == "2026-11" and told["哪天又让学的"] is None
    back = await asked(services, "relearn")
    await services.rights.carry_out(CLERK, back.id)
    async with services.db.read() as s:
        assert await services.heard.refused(s, [talk]) is None
