"""总机转接: who has the call to make rings without seeing the number; only a recorded result is a contact."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from services.config import ROOT
from services.db import Database
from services.errors import LindaError
from services.tickets.core.actor import Actor
from services.tickets.core.context import Refusal
from services.tickets.core.event import Event
from services.tickets.core.kinds import Kind
from services.tickets.core.relay import Relay, load_relay
from services.tickets.core.states import State
from services.tickets.core.ticket import Ticket
from services.tickets.service import TicketService
from tests.services.tickets.conftest import request
from tests.services.tickets.test_service import ME
from tests.services.tickets.world import ACTORS, CONTEXT, T0, do, in_state, must

PHONE, MASKED = "13812345678", {"role": "self", "phone": "138****5678"}


def reached_by_ring(state: State = State.ACTIVE, **fields: object) -> Ticket:
    given: dict[str, object] = {"reporter": MASKED, **fields}
    return replace(in_state(state, "grid", "H6"), **given)  # type: ignore[arg-type]


def test_a_ring_is_on_record_with_who_when_and_why_and_is_no_contact_by_itself() -> None:
    ticket = replace(reached_by_ring(), contacts=[], first_contact_at=None)
    made = do(ticket, "relay", "grid", T0)
    assert isinstance(made, Event)
    assert (made.type, made.actor.id, made.at, made.data) == (
        "relayed", "grid1", T0, {"reason": "约上门时间"},
    )  # fmt: skip
    after = must(ticket, "relay", "grid", T0)
    assert after.contacts == [] and after.first_contact_at is None
    told = must(after, "contact", "grid", T0, {"way": "phone", "result": "reached"})
    assert told.first_contact_at == T0 and len(told.contacts) == 1


def test_a_ring_of_the_callback_desk_is_no_callback_by_itself() -> None:
    ticket = reached_by_ring(State.RESOLVED)
    assert must(ticket, "relay", "callback", T0).callbacks == ticket.callbacks
    early = do(reached_by_ring(State.ACTIVE), "relay", "callback", T0)
    assert isinstance(early, Refusal) and early.code == "no_call_due"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"reporter": {"role": "self"}}, "no_phone"),
        ({"confidential": True}, "confidential"),
        ({"kind": Kind.REPORT}, "not_needed_to_act"),
        ({"owner_org": "water", "owner_person": None}, "not_owner"),
    ],
)
def test_who_may_not_have_the_number_does_not_ring_either(
    change: dict[str, object], code: str
) -> None:
    made = do(reached_by_ring(**change), "relay", "grid", T0)
    assert isinstance(made, Refusal) and made.code == code


def test_without_a_number_of_its_own_the_place_says_so() -> None:
    made = do(reached_by_ring(), "relay", "grid", T0, context=replace(CONTEXT, relay=None))
    assert isinstance(made, Refusal) and made.code == "no_relay" and "查看联系方式" in made.message


async def test_the_answer_has_the_office_number_and_the_code_and_never_the_residents(
    tickets: TicketService, db: Database
) -> None:
    filed = await tickets.create(request(), ME)
    number, grid = filed["ticket_no"], ACTORS["grid"]
    with pytest.raises(LindaError) as caught:
        await tickets.act(number, "relay", {}, grid)
    assert caught.value.code == "invalid_fields"
    shown = await tickets.act(number, "relay", {"reason": "约上门时间"}, grid)
    digits = "".join(c for c in number if c.isdigit())
    assert (shown["relay"]["number"], shown["relay"]["code"]) == ("0439-00000030", digits)
    events = await tickets.events(number, ACTORS["clerk"])
    assert (events[-1]["type"], events[-1]["actor"]["id"]) == ("relayed", "grid1")
    assert PHONE not in json.dumps([shown, events], ensure_ascii=False)
    assert "relay" not in await tickets.get(number, grid)


async def test_a_place_without_one_offers_only_to_see_the_number_with_a_reason(
    tickets: TicketService,
) -> None:
    number = (await tickets.create(request(), ME))["ticket_no"]
    tickets.relay = None
    offered = {a["action"] for a in await tickets.allowed_actions(number, ACTORS["grid"])}
    assert "reveal" in offered and "relay" not in offered
    vendor = Actor("staff", "vendor1", "vendor", "meal")
    with pytest.raises(LindaError):
        await tickets.act(number, "relay", {"reason": "送餐"}, vendor)


def test_the_code_is_the_end_of_the_ticket_number() -> None:
    assert Relay("1", 6).code("SQ-261124-00427-3") == "004273"
    assert Relay("1").code("SQ-261124-00427-3") == "261124004273"


def test_the_place_says_which_number(tmp_path: Path) -> None:
    places = ROOT / "data" / "localities"
    assert load_relay(places / "qinghe" / "locality.yml") is not None
    assert load_relay(places / "rongxi" / "locality.yml") is None
    path = tmp_path / "locality.yml"
    for wrong in (
        "{number: ''}",
        "{number: 1, digits: 0}",
        "{number: 1, digits: 13}",
        "{x: 1}",
        "5",
    ):
        path.write_text(f"relay: {wrong}", encoding="utf-8")
        with pytest.raises(ValueError, match="总机转接"):
            load_relay(path)
    path.write_text("relay: {number: 0439-1, extension: 8}", encoding="utf-8")
    assert load_relay(path) == Relay("0439-1", extension="8")
