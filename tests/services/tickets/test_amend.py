"""What a resident corrects of an own ticket is changed on the ticket, not only written beside it."""

from __future__ import annotations

from services.db import Database
from services.tickets import store
from services.tickets.core.fold import fold
from services.tickets.service import TicketService
from tests.services.conftest import TestClock
from tests.services.tickets.conftest import request
from tests.services.tickets.test_service import ME, WHO, refused, worked
from tests.services.tickets.world import ACTORS

HERE = {"compound_id": "xingfu", "building_id": "xingfu-3", "unit": "2", "room": "302"}
FAR = {"compound_id": "songjiang", "building_id": "songjiang-7", "unit": "1"}
MEAL = {"date": "2026-11-25", "meal": "lunch", "portions": 2, "mode": "delivery", "delivery": True}


async def test_a_place_said_later_sends_somebody(tickets: TicketService) -> None:
    filed = await tickets.create(
        request(place=None, incomplete=True, narrative="暖气不热", leaf="H4"), ME
    )
    assert filed["state"] == "SUBMITTED" and filed["incomplete"]
    number = filed["ticket_no"]
    body = {"text": "幸福小区3号楼2单元302", "place": HERE, "address_text": "幸福小区3号楼2单元302"}
    view = await tickets.resident_act(number, "amend", body, WHO)
    assert view["state"] == "DISPATCHED" and not view["incomplete"]
    assert view["location_text"] == "幸福小区3号楼2单元" and view["owner"]["phone"]
    revealed = await tickets.act(number, "reveal", {"reason": "上门"}, ACTORS["clerk"])
    assert revealed["location"]["room"] == "302"
    types = [e["type"] for e in await tickets.events(number, ACTORS["dispatcher"])]
    assert types == ["submitted", "amended", "accepted", "dispatched", "revealed"]


async def test_another_grid_is_another_worker_and_the_clock_goes_on(
    tickets: TicketService, clock: TestClock, db: Database
) -> None:
    filed = await tickets.create(request(), ME)
    clock.advance(hours=2)
    view = await tickets.resident_act(filed["ticket_no"], "amend", {"place": FAR}, WHO)
    assert view["state"] == "DISPATCHED" and view["due_at"] == filed["due_at"]
    assert view["owner"]["person"] != filed["owner"]["person"]
    assert view["title"].startswith(view["location_text"])
    async with db.read() as s:
        events = await store.history(s, filed["ticket_no"])
        assert fold(events) == await store.load(s, filed["ticket_no"])
    assert [e.type for e in events][-2:] == ["amended", "dispatched"]


async def test_who_is_on_the_way_keeps_a_moved_matter(tickets: TicketService) -> None:
    filed = await tickets.create(request(), ME)
    await tickets.act(filed["ticket_no"], "sign", {}, ACTORS["grid"])
    view = await tickets.resident_act(filed["ticket_no"], "amend", {"place": FAR}, WHO)
    assert view["state"] == "ACTIVE" and view["owner"]["person"] == filed["owner"]["person"]


async def test_a_phone_is_kept_encrypted_and_shown_masked(tickets: TicketService) -> None:
    filed = await tickets.create(request(), ME)
    contact = {"contact": {"phone": "13812345678"}, "text": "电话13812345678"}
    view = await tickets.resident_act(filed["ticket_no"], "amend", contact, WHO)
    assert view["phone"] == "138****5678"
    events = await tickets.events(filed["ticket_no"], ACTORS["dispatcher"])
    assert "13812345678" not in str(events)
    revealed = await tickets.act(filed["ticket_no"], "reveal", {"reason": "联系"}, ACTORS["grid"])
    assert revealed["reporter"]["phone"] == "13812345678"


async def test_an_order_changes_and_its_deadline_with_it(tickets: TicketService) -> None:
    filed = await tickets.create(
        request(kind="booking", leaf="C1", narrative="订饭", appointment=MEAL), ME
    )
    assert filed["due_at"][:10] == "2026-11-25"
    number = filed["ticket_no"]
    patch = {"appointment": {"date": "2026-11-27", "portions": 3}}
    view = await tickets.resident_act(number, "amend", patch, WHO, idempotency_key="k1")
    again = await tickets.resident_act(number, "amend", patch, WHO, idempotency_key="k1")
    assert again["version"] == view["version"]
    assert view["appointment"] == {**MEAL, "date": "2026-11-27", "portions": 3}
    assert view["due_at"][:10] == "2026-11-27"
    event = (await tickets.events(number, ACTORS["dispatcher"]))[-1]
    assert event["data"]["before"] == {"appointment": {"date": "2026-11-25", "portions": 2}}


async def test_an_amendment_says_something_and_is_ones_own(tickets: TicketService) -> None:
    filed = await tickets.create(request(), ME)
    number = filed["ticket_no"]
    error = await refused(tickets.resident_act(number, "amend", {"text": "嗯"}, WHO))
    assert error.code == "nothing_given"
    many = {"appointment": {"portions": 0}}
    assert (await refused(tickets.resident_act(number, "amend", many, WHO))).code == "bad_portions"
    error = await refused(tickets.resident_act(number, "amend", {"place": FAR}, "stranger"))
    assert error.status == 404


async def test_who_was_told_to_give_good_points_is_looked_into(tickets: TicketService) -> None:
    filed = await tickets.create(request(), ME)
    number = filed["ticket_no"]
    await worked(tickets, number)
    answer = {"stage": "solved", "solved": False, "pressured": True}
    await tickets.callback_answer(number, WHO, answer)
    seen = await tickets.get(number, ACTORS["dispatcher"])
    assert "rating_pressure" in seen["flags"]
    grid = await tickets.get(number, ACTORS["grid"])
    assert "rating_pressure" not in grid["flags"] and "pressured" not in grid
    assert "pressured" not in str(await tickets.events(number, ACTORS["grid"]))
