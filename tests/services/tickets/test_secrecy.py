"""Residents may keep their name to themselves, or give it, after they have reported: only on what is their own."""

from __future__ import annotations

import pytest

from services.db import Database
from services.tickets import store
from services.tickets.core.fold import fold
from services.tickets.service import TicketService
from tests.services.tickets.conftest import request
from tests.services.tickets.test_service import ME, WHO, refused
from tests.services.tickets.world import ACTORS

NAMED = {"contact": {"name": "张桂兰", "phone": "13812345678"}}


async def test_what_is_asked_for_after_filing_holds_from_then_on(
    tickets: TicketService, db: Database
) -> None:
    filed = await tickets.create(request(**NAMED), ME)
    number = filed["ticket_no"]
    assert not filed["confidential"]
    before = await tickets.get(number, ACTORS["grid"])
    assert before["reporter"]["phone"]
    view = await tickets.resident_act(number, "secrecy", {"text": "刚才那个别说是我报的"}, WHO)
    assert view["confidential"] and view["state"] == filed["state"]
    assert view["due_at"] == filed["due_at"]
    after = await tickets.get(number, ACTORS["grid"])
    assert after["reporter"]["name"] is None and after["reporter"]["phone"] is None
    wrong = await refused(tickets.act(number, "reveal", {"reason": "上门"}, ACTORS["grid"]))
    assert wrong.code == "confidential"
    async with db.read() as s:
        events = await store.history(s, number)
        assert fold(events) == await store.load(s, number)
    assert events[-1].type == "secrecy_asked"


async def test_it_may_be_said_again_who_reported(tickets: TicketService) -> None:
    filed = await tickets.create(request(confidential=True, **NAMED), ME)
    view = await tickets.resident_act(filed["ticket_no"], "secrecy", {"secret": "no"}, WHO)
    assert not view["confidential"]
    seen = await tickets.get(filed["ticket_no"], ACTORS["grid"])
    assert seen["reporter"]["phone"]


@pytest.mark.parametrize("asked", ["yes", "no"])
async def test_what_staff_set_stays_and_who_asked_is_known(
    tickets: TicketService, asked: str
) -> None:
    filed = await tickets.create(request(), ME)
    number = filed["ticket_no"]
    level = {"level": "confidential", "reason": "怕报复"}
    await tickets.act(number, "protect", level, ACTORS["clerk"])
    view = await tickets.resident_act(number, "secrecy", {"secret": asked}, WHO)
    assert view["confidential"]
    normal = {"level": "normal", "reason": "不用了"}
    if asked == "yes":
        wrong = await refused(tickets.act(number, "protect", normal, ACTORS["clerk"]))
        assert wrong.code == "stays_confidential"
    else:
        done = await tickets.act(number, "protect", normal, ACTORS["clerk"])
        assert not done["confidential"]


async def test_nobody_sets_it_on_what_is_not_theirs(tickets: TicketService) -> None:
    filed = await tickets.create(request(confidential=True), ME)
    wrong = await refused(
        tickets.resident_act(filed["ticket_no"], "secrecy", {"secret": "no"}, "somebody")
    )
    assert wrong.code == "ticket_not_found"


async def test_it_is_kept_in_any_state_also_when_it_is_over(tickets: TicketService) -> None:
    filed = await tickets.create(request(), ME)
    number = filed["ticket_no"]
    await tickets.resident_act(number, "withdraw", {"reason": "自己修好了"}, WHO)
    view = await tickets.resident_act(number, "secrecy", {}, WHO)
    assert view["confidential"] and view["state"] == "WITHDRAWN"
