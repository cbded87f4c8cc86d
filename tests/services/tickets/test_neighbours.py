"""Neighbours: who reports one thing, who joins whom, and when many households make a group."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from actions.knowledge import leaves
from services.errors import LindaError
from services.tickets import views
from services.tickets.core.actor import resident
from services.tickets.core.location import Location
from services.tickets.core.neighbours import Neighbours, households, load_neighbours, same_spot
from services.tickets.core.states import State
from services.tickets.service import TicketService
from tests.services.conftest import TestClock
from tests.services.tickets.conftest import HOME, request
from tests.services.tickets.world import ACTORS, DATA, PLACE, T0, submitted

RULES = load_neighbours(DATA / "dialogue" / "neighbours.yml")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("我们这栋楼十几户都没暖气", 11),
        ("我们联名反映，二十三户都签了字", 23),
        ("好几户都停水了", 3),
        ("几十户人家没水", 20),
        ("三十多户都不热", 31),
        ("全楼102户都没电", 102),
        ("上下3家都淹了", 3),
        ("12名业主联名要求换电梯", 12),
        ("302户的下水堵了", None),
        ("户口的事", None),
        ("两户型的房子漏水", None),
        ("三家小饭馆排油烟", None),
        ("楼道灯坏了三天", None),
    ],
)
def test_how_many_households_are_spoken_for(text: str, number: int | None) -> None:
    assert RULES.said(text) == number


def test_a_joint_request_is_heard_and_so_is_its_denial() -> None:
    assert RULES.is_joint("我们联名要求恢复供暖") and not RULES.is_joint("我没联名，就我自己说")


@pytest.mark.parametrize(
    ("text", "group"),
    [
        ("我代表三里小区业委会反映，电梯要大修", True),
        ("以居委会名义申请装路灯", True),
        ("我是幸福小区业委会主任，物业不交接", True),
        ("我们业主委员会一致要求换物业", True),
        ("业委会不公开账目，要投诉", False),
        ("怎么成立业委会", False),
        ("可以投诉业委会吗", False),
        ("他代表不了业委会", False),
        ("居委会的人态度不好", False),
    ],
)
def test_a_committee_that_asks_is_a_group_and_one_that_is_asked_about_is_not(
    text: str, group: bool
) -> None:
    """《菏泽市物业管理条例》第二十八条: ten owners, or the owners' or residents' committee."""
    ticket, _ = submitted("G5", text)
    assert RULES.is_group(ticket) == group


def test_without_rules_nothing_is_shared_and_nobody_speaks_for_many() -> None:
    ticket, _ = submitted("H6")
    nobody = Neighbours()
    assert not nobody.same(ticket, "H6", PLACE, T0)
    assert nobody.said("二十户") is None and not nobody.is_group(ticket)


def test_no_confidential_or_restricted_leaf_is_ever_shared(tickets: TicketService) -> None:
    secret = leaves.CONFIDENTIAL | {i for i, leaf in tickets.leaves.items() if leaf.restricted}
    assert not secret & RULES.leaves.keys()
    assert RULES.leaves.keys() <= tickets.leaves.keys()


def test_how_far_one_thing_reaches() -> None:
    other_unit = replace(PLACE, unit="3")
    assert same_spot(PLACE, other_unit, "building") and not same_spot(PLACE, other_unit, "unit")
    no_unit = replace(PLACE, unit=None)
    assert not same_spot(no_unit, no_unit, "unit")
    next_door = replace(PLACE, building_id="xingfu-4", building="4")
    assert same_spot(PLACE, next_door, "compound") and not same_spot(PLACE, next_door, "building")
    assert not same_spot(Location(), Location(), "compound")


def test_only_what_is_open_recent_and_not_secret_is_joined() -> None:
    light, _ = submitted("H6", "楼道灯坏了")
    now = T0 + timedelta(hours=5)
    assert RULES.same(light, "H6", PLACE, now)
    assert not RULES.same(light, "H5", PLACE, now)
    assert not RULES.same(light, "H6", PLACE, T0 + timedelta(hours=73))
    for change in ({"confidential": True}, {"incomplete": True}, {"state": State.RESOLVED}):
        assert not RULES.same(replace(light, **change), "H6", PLACE, now)  # type: ignore[arg-type]


async def file(
    tickets: TicketService, who: str, text: str = "楼道灯坏了", **more: Any
) -> dict[str, Any]:
    more = {"place": {k: v for k, v in HOME.items() if k != "room"}, **more}
    body = request(conversation_id=who, narrative=text, **more)
    return await tickets.create(body, resident(who), f"key-{who}-{text}-{len(more)}")


async def test_a_neighbour_joins_and_hears_when_and_by_whom(
    tickets: TicketService, clock: TestClock
) -> None:
    first = await file(tickets, "c1")
    clock.advance(hours=2)
    found = await tickets.similar("H6", PLACE, "c2")
    assert found["own"] is None
    assert found["neighbours"] == {
        "ticket_no": first["ticket_no"], "households": 1, "due_text": first["due_text"],
    }  # fmt: skip
    joined = await file(tickets, "c2", "灯还是不亮，我妈摔了", join=first["ticket_no"])
    assert joined["state"] == "MERGED" and joined["ticket_no"] != first["ticket_no"]
    assert (joined["due_text"], joined["owner"]) == (first["due_text"], first["owner"])
    assert joined["households"] == 2 and first["ticket_no"] not in joined["state_text"]
    parent = await tickets.get(first["ticket_no"], ACTORS["grid"])
    assert parent["households"] == 2
    assert [(j["from"], j["text"]) for j in parent["joined"]] == [
        (joined["ticket_no"], "灯还是不亮，我妈摔了")
    ]
    events = await tickets.events(first["ticket_no"], ACTORS["grid"])
    assert events[-1]["type"] == "joined"
    told = str(parent) + str(events)
    assert "c2" not in told and "household'" not in told
    assert await tickets.followers(first["ticket_no"]) == [(joined["ticket_no"], "c2")]


async def test_who_joined_is_not_named_to_who_reads_the_timeline(tickets: TicketService) -> None:
    first = await file(tickets, "c1")
    await file(tickets, "c2", "我叫李桂花，电话13900000001，灯还是不亮", join=first["ticket_no"])
    for actor in (ACTORS["grid"], ACTORS["dispatcher"]):
        events = await tickets.events(first["ticket_no"], actor)
        assert events[-1]["data"]["text"] == "我叫李**，电话139****0001，灯还是不亮"


async def test_who_joined_may_urge_and_add_but_not_take_back_the_neighbours_ticket(
    tickets: TicketService,
) -> None:
    first = await file(tickets, "c1")
    mine = (await file(tickets, "c2", join=first["ticket_no"]))["ticket_no"]
    await tickets.resident_act(mine, "urge", {"text": "快点"}, "c2")
    await tickets.resident_act(mine, "supplement", {"text": "二楼也不亮"}, "c2")
    parent = await tickets.get(first["ticket_no"], ACTORS["grid"])
    assert parent["urges"][0]["text"] == "快点"
    assert parent["supplements"][0]["text"] == "二楼也不亮"
    left = await tickets.resident_act(mine, "withdraw", {"text": "不跟了"}, "c2")
    assert left["state"] == "WITHDRAWN"
    assert (await tickets.get(first["ticket_no"], ACTORS["grid"]))["state"] == "DISPATCHED"
    assert await tickets.followers(first["ticket_no"]) == []


async def test_who_joined_may_reject_what_was_done(tickets: TicketService) -> None:
    first = (await file(tickets, "c1"))["ticket_no"]
    mine = (await file(tickets, "c2", join=first))["ticket_no"]
    with pytest.raises(LindaError) as open_still:
        await tickets.resident_act(mine, "reject", {"text": "没好"}, "c2")
    assert open_still.value.code == "state_not_allowed"
    grid = ACTORS["grid"]
    done = {"outcome": "solved", "reply": "换了灯泡", "evidence_note": "现场已查看"}
    await tickets.act(first, "sign", {}, grid)
    await tickets.act(first, "contact", {"way": "phone", "result": "reached"}, grid)
    await tickets.act(first, "resolve", done, grid)
    shown = await tickets.resident_act(mine, "reject", {"text": "三楼还是黑的"}, "c2")
    assert (shown["state"], shown["goes_on"]) == ("MERGED", "REWORK")
    parent = await tickets.get(first, grid)
    assert (parent["state"], parent["rework_reason"]) == ("REWORK", "三楼还是黑的")


async def test_ones_own_repeat_is_found_and_is_no_neighbour(tickets: TicketService) -> None:
    first = await file(tickets, "c1")
    nothing_said = await tickets.similar("H6", Location(), "c1")
    assert nothing_said["own"]["ticket_no"] == first["ticket_no"]
    assert nothing_said["neighbours"] is None
    assert (await tickets.similar("H6", Location(building="5"), "c1"))["own"] is None
    joined = await file(tickets, "c2", join=first["ticket_no"])
    again = await tickets.similar("H6", PLACE, "c2")
    assert again["own"]["ticket_no"] == joined["ticket_no"]


async def test_what_ended_meanwhile_is_not_joined(tickets: TicketService) -> None:
    first = await file(tickets, "c1")
    await tickets.resident_act(first["ticket_no"], "withdraw", {"text": "好了"}, "c1")
    own = await file(tickets, "c2", join=first["ticket_no"])
    assert own["state"] == "DISPATCHED"


async def test_two_people_of_one_door_are_one_household(tickets: TicketService) -> None:
    first = await file(tickets, "c1", place=HOME)
    joined = await file(tickets, "c2", "我也说一声", join=first["ticket_no"], place=HOME)
    assert joined["households"] == 1


async def test_ten_households_make_a_group_demand(tickets: TicketService) -> None:
    first = (await file(tickets, "c1"))["ticket_no"]
    for n in range(2, 10):
        await file(tickets, f"c{n}", join=first)
    assert "group" not in (await tickets.get(first, ACTORS["grid"]))["flags"]
    await file(tickets, "c10", join=first)
    view = await tickets.get(first, ACTORS["dispatcher"])
    assert "group" in view["flags"] and view["households"] == 10
    events = await tickets.events(first, ACTORS["dispatcher"])
    assert [e["type"] for e in events].count("group_demand") == 1
    assert events[-1]["data"]["households"] == 10
    await file(tickets, "c11", join=first)
    kinds = [e["type"] for e in await tickets.events(first, ACTORS["dispatcher"])]
    assert kinds.count("group_demand") == 1


@pytest.mark.parametrize("text", ["我们楼十几户都没暖气", "我们联名反映楼道灯的事"])
async def test_who_speaks_for_many_files_a_group_demand_at_once(
    tickets: TicketService, text: str
) -> None:
    filed = await file(tickets, "c1", text)
    assert filed["group"]
    view = await tickets.get(filed["ticket_no"], ACTORS["dispatcher"])
    assert "group" in view["flags"]


def test_a_joined_view_never_shows_the_answer_given_to_the_neighbour() -> None:
    parent, _ = submitted("H6")
    parent = replace(parent, reply="给张姨家门口换了灯泡", state=State.RESOLVED)
    mine = replace(parent, ticket_no="SQ-261124-00009-0", state=State.MERGED, reply=None)
    shown = views.joined_view(mine, parent)
    assert shown["reply"] is None and "张姨" not in str(shown)
    assert households(parent) == 1
