"""Rooms and floors: nothing that was said is lost, nothing is said twice, no old door stays behind."""

from __future__ import annotations

import pytest

from services.tickets.core.doors import door, door_text, is_home
from services.tickets.service import TicketService
from tests.services.tickets.conftest import HOME, request
from tests.services.tickets.test_service import ME, WHO
from tests.services.tickets.world import ACTORS

HOUSE = {name: part for name, part in HOME.items() if name != "room"}
ELSEWHERE = {"compound_id": "songjiang", "building_id": "songjiang-7", "unit": "1"}
MEAL = {"date": "2026-11-25", "meal": "lunch", "portions": 1, "mode": "delivery", "delivery": True}


@pytest.mark.parametrize(
    ("said", "kept", "text", "home"),
    [
        ({"room": "502"}, "502", "502室", True),
        ({"floor": "3"}, "3楼", "3楼", False),
        ({"floor": "3", "room": "301"}, "301", "301室", True),
        ({"floor": "12", "room": "1203"}, "1203", "1203室", True),
        ({"floor": "3", "room": "12"}, "3楼12", "3楼12室", True),
        ({"floor": "1", "room": "12"}, "1楼12", "1楼12室", True),
        ({"floor": 3}, "3楼", "3楼", False),
        ({"room": "东户", "floor": "2"}, "2楼东户", "2楼东户", True),
    ],
)
def test_a_door_is_kept_in_its_shortest_words(
    said: dict[str, object], kept: str, text: str, home: bool
) -> None:
    assert door(said) == kept and door_text(kept) == text and is_home(kept) is home


def test_where_no_door_was_said_there_is_none() -> None:
    assert (
        door({"building": "3", "unit": "2"}) is None and door({"floor": "", "room": None}) is None
    )


async def ordered(tickets: TicketService, **address: str) -> str:
    """Number of a meal ordered to this door of the house."""
    body = request(
        leaf="C1", kind="booking", narrative="订饭", appointment=MEAL, place=HOUSE, address=address
    )
    return str((await tickets.create(body, ME))["ticket_no"])


async def seen(tickets: TicketService, number: str, role: str = "vendor") -> tuple[str, str | None]:
    """Where this role reads that it goes, and the door by itself."""
    there = (await tickets.get(number, ACTORS[role]))["location"]
    return there["text"], there["room"]


async def test_the_kitchen_reads_the_floor_and_nobody_else_does(tickets: TicketService) -> None:
    number = await ordered(tickets, floor="3")
    assert await seen(tickets, number) == ("幸福小区3号楼2单元3楼", "3楼")
    assert await seen(tickets, number, "dispatcher") == ("幸福小区3号楼2单元", "***")
    revealed = await tickets.act(number, "reveal", {"reason": "送餐"}, ACTORS["clerk"])
    assert revealed["location"]["text"] == "幸福小区3号楼2单元3楼"


async def test_another_house_is_not_gone_to_with_the_old_door(tickets: TicketService) -> None:
    number = await ordered(tickets, room="502")
    assert await seen(tickets, number) == ("幸福小区3号楼2单元502室", "502")
    await tickets.resident_act(number, "amend", {"place": ELSEWHERE}, WHO)
    assert await seen(tickets, number) == ("松江花园7号楼1单元", None)
    await tickets.resident_act(number, "amend", {"place": {**ELSEWHERE, "floor": "4"}}, WHO)
    assert await seen(tickets, number) == ("松江花园7号楼1单元4楼", "4楼")
    await tickets.resident_act(number, "amend", {"place": ELSEWHERE}, WHO)
    assert await seen(tickets, number) == ("松江花园7号楼1单元4楼", "4楼"), (
        "the same house, as it was"
    )


async def test_two_on_one_floor_are_two_households(tickets: TicketService) -> None:
    floors = await ordered(tickets, floor="3"), await ordered(tickets, floor="3", room="12")
    read = [await tickets.get(number, ACTORS["vendor"]) for number in floors]
    assert [each["location"]["room"] for each in read] == ["3楼", "3楼12"]
