"""What bounds a step to its place: merging to one matter, contact data to whose work needs it now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.tickets import views
from services.tickets.core import decide
from services.tickets.core.actor import Actor
from services.tickets.core.context import Refusal, Unit, belongs
from services.tickets.core.kinds import Kind
from services.tickets.core.location import Location
from services.tickets.core.neighbours import load_neighbours
from services.tickets.core.states import ASSIGNED, STORED, State
from services.tickets.core.ticket import Ticket
from services.tickets.service import TicketService
from tests.services.tickets.conftest import request
from tests.services.tickets.world import (
    ACTORS,
    CONTEXT,
    DATA,
    PLACE,
    T0,
    UNITS,
    do,
    in_state,
    parent,
)

LATER = T0 + timedelta(minutes=30)
NEIGHBOURS = replace(CONTEXT, neighbours=load_neighbours(DATA / "dialogue" / "neighbours.yml"))
ROAD = Location()
OTHER_HOUSE = replace(PLACE, building_id="xingfu-5", building="5", text="幸福小区5号楼")
NO_HOUSE = replace(PLACE, building_id=None, building=None, unit=None, text="幸福小区")


def at(place: Location) -> dict[str, Any]:
    return {"location": place.to_dict()}


# leaf, what is different here, what is different there, code
MERGES: list[tuple[str, Mapping[str, Any], Mapping[str, Any], str | None]] = [
    ("H1", {}, {}, None),
    ("H1", at(OTHER_HOUSE), {}, "not_same_matter"),
    ("H1", at(NO_HOUSE), {}, "not_same_matter"),
    ("H1", {}, at(NO_HOUSE), "not_same_matter"),
    ("H1", {}, {"leaf": "H2"}, "not_same_matter"),
    ("H1", {"leaf": None}, {"leaf": None}, "not_same_matter"),
    ("I1", at(OTHER_HOUSE), {}, None),  # what reaches through the compound
    ("I1", at(ROAD) | {"spot": "人民路"}, at(ROAD) | {"spot": "建设街"}, "not_same_matter"),
    ("I1", at(ROAD) | {"spot": "人民路"}, at(ROAD) | {"spot": "人民路"}, None),
    ("I1", at(ROAD), at(ROAD), "not_same_matter"),
    ("K4", at(ROAD), at(ROAD), "not_same_matter"),
    ("K4", at(NO_HOUSE), at(NO_HOUSE), None),
    ("K4", at(NO_HOUSE), {}, "not_same_matter"),
    ("H1", {}, {"created_at": T0 - timedelta(days=29)}, None),
    ("H1", {}, {"created_at": T0 - timedelta(days=200)}, "too_far_apart"),
    ("H1", {"confidential": True}, {}, "not_shared"),
    ("H1", {"restricted": True}, {}, "not_shared"),
    ("H1", {}, {"confidential": True}, "not_shared"),
    ("H1", {}, {"restricted": True}, "not_shared"),
    ("H1", {}, {"case_of": "SQ-261124-00004-0"}, "parent_not_found"),
    ("H1", {}, {"state": State.CLOSED}, "parent_closed"),
    ("H1", {}, {"state": State.WITHDRAWN}, "parent_closed"),
    ("H1", {"joined": [{"from": "x", "household": "h"}]}, {}, "others_joined"),
    ("H1", {}, {"ticket_no": "SQ-261124-00001-0"}, "merge_into_itself"),
]


@pytest.mark.parametrize(("leaf", "here", "there", "code"), MERGES)
@pytest.mark.parametrize("role", ["clerk", "dispatcher", "system"])
def test_only_one_matter_at_one_place_and_time_is_merged(
    leaf: str, here: Mapping[str, Any], there: Mapping[str, Any], code: str | None, role: str
) -> None:
    ticket = replace(in_state(State.ACCEPTED), **{"leaf": leaf, **here})
    other = replace(parent(), **{"leaf": leaf, **there})
    made = do(ticket, "merge", role, LATER, None, replace(NEIGHBOURS, parent=other))
    assert (made.code if isinstance(made, Refusal) else None) == code, made


@pytest.mark.parametrize(
    ("role", "code"),
    [("system", "not_shared"), ("clerk", "out_of_scope"), ("dispatcher", "out_of_scope")],
)
def test_a_case_about_pressure_is_merged_by_nobody(role: str, code: str) -> None:
    ticket = replace(in_state(State.ACCEPTED), case_of="SQ-261124-00004-0")
    made = do(ticket, "merge", role, LATER, None, replace(NEIGHBOURS, parent=parent()))
    assert isinstance(made, Refusal) and made.code == code


async def test_a_neighbour_who_asks_for_secrecy_is_not_joined(tickets: TicketService) -> None:
    """The words would stand on somebody else's ticket."""
    first = (await tickets.create(request("H6"), ACTORS["resident"]))["ticket_no"]
    who = {"conversation_id": "conversation-2", "join": first}
    secret = request("H6", "灯坏了，别说是我说的", confidential=True, **who)
    actor = Actor("resident", "conversation-2", "resident")
    filed = await tickets.create(secret, actor)
    assert filed["state"] != "MERGED"
    assert (await tickets.get(first, ACTORS["dispatcher"]))["joined"] == []
    openly = await tickets.create(request("H6", "灯坏了", **who), actor)
    assert openly["state"] == "MERGED"


# ── who may ask for contact data, and when ──────────────────────────────────────────────────────

OWNERS: dict[str, tuple[str, str]] = {
    "grid": ("grid", "H6"), "handler": ("water", "H1"), "mediator": ("legal", "J2"),
}  # fmt: skip


def refusal(ticket: Ticket, actor: Actor) -> str | None:
    made = do(ticket, "reveal", "handler", LATER, actor=actor)
    return made.code if isinstance(made, Refusal) else None


@pytest.mark.parametrize("role", OWNERS)
@pytest.mark.parametrize("state", sorted(STORED))
def test_contact_data_goes_to_the_unit_that_has_the_order_while_it_has_it(
    role: str, state: State
) -> None:
    owner, leaf = OWNERS[role]
    ticket = replace(in_state(state), owner_org=owner, leaf=leaf)
    works = state in ASSIGNED | {State.RESOLVED}
    assert refusal(ticket, ACTORS[role]) == (None if works else "state_not_allowed")


@pytest.mark.parametrize("how", ["assists", "consults", "whistles"])
def test_who_only_helps_gets_no_contact_data(how: str) -> None:
    unit = {"org": "property", "name": "物业"}
    helping = {"assists": [unit], "consults": [{"units": [unit]}], "whistles": [{"units": [unit]}]}
    ticket = replace(in_state(State.ACTIVE), **{how: helping[how]})
    helper = replace(ACTORS["handler"], id="urban1", org_id="property")
    assert decide.in_scope(ticket, helper)
    assert refusal(ticket, helper) == "not_owner"
    assert refusal(ticket, ACTORS["handler"]) is None


@pytest.mark.parametrize("state", sorted(STORED))
def test_who_calls_back_gets_the_number_while_there_is_a_call_to_make(state: State) -> None:
    quiet = replace(in_state(state), to_call=None)
    waiting = replace(quiet, to_call={"why": "expired", "since": T0.isoformat()})
    assert (refusal(quiet, ACTORS["callback"]) is None) is (state is State.RESOLVED)
    # Of what is closed a call is owed only after a 差评整改 (ratings.py).
    called = ASSIGNED | {State.ACCEPTED, State.RESOLVED, State.MERGED, State.CLOSED}
    assert (refusal(waiting, ACTORS["callback"]) is None) is (state in called)


@pytest.mark.parametrize("kind", ["property", "vendor"])
@pytest.mark.parametrize("role", ["handler", "mediator"])
def test_who_serves_the_compound_never_learns_who_asked_whatever_the_account(
    kind: str, role: str
) -> None:
    """Accounts from before there was a rule for them."""
    units = {**UNITS, "firm": Unit("firm", "公司", kind)}
    ticket = replace(in_state(State.ACTIVE), owner_org="firm")
    actor = replace(ACTORS["handler"], role=role, org_id="firm")
    made = do(ticket, "reveal", role, LATER, None, replace(CONTEXT, units=units), actor)
    assert isinstance(made, Refusal) and made.code == "not_needed_to_act"


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("role", ["handler", "vendor"])
def test_the_door_of_who_complains_is_not_told_to_who_is_complained_of(
    kind: Kind, role: str
) -> None:
    actor = ACTORS[role]
    ticket = replace(in_state(State.ACTIVE), kind=kind, owner_org=actor.org_id)
    view = views.staff_view(ticket, actor, views.Clear(room="502"))
    told = kind not in (Kind.COMPLAINT, Kind.REPORT)
    assert (view["location"]["room"] == "502") is told
    assert ("502" in view["location"]["text"]) is told


# ── mediators are case-based ────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("leaf", "theirs"), [
    ("J1", True), ("F4", True), ("K4", False), ("M11", False), ("A4", False), (None, False),
])  # fmt: skip
def test_of_the_desk_s_tickets_a_mediator_works_on_what_is_to_be_mediated(
    leaf: str | None, theirs: bool
) -> None:
    ticket = replace(in_state(State.ACTIVE, "community", "K4"), leaf=leaf)
    assert belongs(ticket, ACTORS["mediator"]) is theirs
    assert decide.in_scope(ticket, ACTORS["mediator"]) is theirs
    assert (refusal(ticket, ACTORS["mediator"]) is None) is theirs
    assert belongs(ticket, ACTORS["clerk"])
    by_person = replace(ticket, owner_person="mediator1")
    assert belongs(by_person, ACTORS["mediator"])


async def test_the_list_of_a_mediator_is_as_case_based(tickets: TicketService) -> None:
    numbers = {
        leaf: (await tickets.create(request(leaf, "想问一下"), ACTORS["resident"]))["ticket_no"]
        for leaf in ("J1", "K4", "M1")
    }
    listed = {t["ticket_no"] for t in (await tickets.list(ACTORS["mediator"]))["tickets"]}
    assert listed == {numbers["J1"]}
    mine = (await tickets.list(ACTORS["mediator"], mine=True))["tickets"]
    assert {t["ticket_no"] for t in mine} == {numbers["J1"]}


async def test_a_mediator_files_a_mediation_and_nothing_else(tickets: TicketService) -> None:
    said = {"conversation_id": None, "channel": "counter"}
    filed = await tickets.create(request("J1", "两家为漏水吵架", **said), ACTORS["mediator"])
    assert filed["owner_org"] == "community"
    with pytest.raises(Exception) as caught:
        await tickets.create(request("H1", "停水了", **said), ACTORS["mediator"])
    assert getattr(caught.value, "code", "") == "role_not_allowed"
