"""A person's copy holds what stands in every table that leads to them, and nothing of others."""

from __future__ import annotations

import json

import pytest

from services.context import Services
from services.open311.tables import RequestRow as OpenRequestRow
from services.rights import person as persons
from tests.services.conftest import TestClock
from tests.services.retention.steps import NAME, PHONE, filed
from tests.services.rights.conftest import AUDITOR, CLERK
from tests.services.rights.marks import PERSONAL, rows_of


async def test_every_table_that_leads_to_a_person_is_found_in_their_copy(
    services: Services, clock: TestClock
) -> None:
    async with services.db.write() as s:
        known = await services.people.save_resident(s, name=NAME, phone=PHONE)
        await services.people.give_consent(s, known.id, "remember", "2026-11")
    number = await filed(services, resident_id=known.id)
    marks = await rows_of(services, number, known.id)
    async with services.db.read() as s:
        found = await persons.find(s, services.people.vault, PHONE)
        copy = await persons.document(s, services.people.vault, PERSONAL, found, clock.now())
    text = json.dumps(copy, ensure_ascii=False)
    assert sorted(m for m in marks if m not in text) == []
    assert {o["title"] for o in copy["others"]} == {c.title for c in PERSONAL.copied.values()}
    assert copy["profiles"][0]["phone"] == PHONE
    assert copy["profiles"][0]["consents"][0]["purpose"] == "remember"
    assert copy["tickets"][0]["contact"]["name"] == NAME


async def test_what_belongs_to_another_is_in_nobody_elses_copy(
    services: Services, clock: TestClock
) -> None:
    async with services.db.write() as s:
        known = await services.people.save_resident(s, name=NAME, phone=PHONE)
        other = await services.people.save_resident(s, name="李四", phone="13900000001")
    number = await filed(services, resident_id=known.id)
    await rows_of(services, number, known.id)
    async with services.db.read() as s:
        found = await persons.find(s, services.people.vault, "13900000001")
        copy = await persons.document(s, services.people.vault, PERSONAL, found, clock.now())
    assert [p["id"] for p in copy["profiles"]] == [other.id]
    text = json.dumps(copy, ensure_ascii=False)
    assert "mark-" not in text and PHONE not in text
    assert copy["others"] == [] and copy["tickets"] == []


@pytest.mark.parametrize(
    ("said", "theirs"),
    [
        ("13812345678", True),
        ("女儿 138 1234 5678", True),
        ("+86-138-1234-5678、13900000001", True),
        ("138123456780", False),
        ("单号20261381234567890", False),
    ],
)
async def test_a_number_inside_another_number_is_not_theirs(
    services: Services, clock: TestClock, said: str, theirs: bool
) -> None:
    waiting = services.people.vault.encrypt(json.dumps({"text": said}, ensure_ascii=False))
    async with services.db.write() as s:
        s.add(OpenRequestRow(token="o-1", key_id="k", waiting_enc=waiting, created_at=clock.now()))
    async with services.db.read() as s:
        found = await persons.find(s, services.people.vault, PHONE)
        copy = await persons.document(s, services.people.vault, PERSONAL, found, clock.now())
    assert bool(copy["others"]) is theirs


@pytest.mark.parametrize("kind", ["access", "copy"])
async def test_the_counter_hands_out_all_parts(services: Services, kind: str) -> None:
    await filed(services)
    row = await services.rights.register(CLERK, kind, PHONE, "id_seen")
    await services.rights.decide(AUDITOR, row.id, True, "好")
    copy = await services.rights.export(CLERK, row.id)
    assert set(copy) == {"made_at", "others", *PERSONAL.written}


async def test_a_conversation_is_theirs_who_left_their_number_in_it_and_no_other(
    services: Services,
) -> None:
    mine, shared = [(await services.channels.open_session()).session_id for _ in "12"]
    first = await filed(services, mine)
    second = await filed(services, shared)
    other = await filed(services, shared, contact={"name": "李四", "phone": "13900000001"})
    async with services.db.read() as s:
        found = await persons.find(s, services.people.vault, PHONE)
    assert found.conversation_ids == (mine,)
    assert found.ticket_nos == (first, second) and other not in found.ticket_nos
