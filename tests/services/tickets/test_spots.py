"""Matters of the street: known by their road, named in the title, dispatched without a grid."""

from __future__ import annotations

from typing import Any

import pytest

from services.tickets.core.actor import resident
from services.tickets.core.spots import public_spot
from services.tickets.service import TicketService
from tests.services.tickets.conftest import request
from tests.services.tickets.world import ACTORS

ME = resident("conversation-1")
CROSSING = "人民路与青年街路口"


@pytest.mark.parametrize(
    "words",
    [
        CROSSING,
        "人民路",
        "解放大街",
        "人民路小卖部对面",
        "实验小学门口",
        "滨河公园东门",
        "火车站广场",
        "二道桥头",
        "青年街口",
        "农行银行门前",
    ],
)
def test_a_road_or_a_landmark_may_be_shown(words: str) -> None:
    assert public_spot({"place": words}) == words


@pytest.mark.parametrize(
    "address",
    [
        None, {}, {"place": ""}, {"place": "我家门口"}, {"place": "人民路王大爷家"}, {"place": "人民路12号楼3单元"},
        {"place": "人民路老张家楼下"}, {"place": "人民路", "room": "302"}, {"place": "人民路", "building": "3"},
        {"place": "人民路13812345678"}, {"place": "院里"}, {"place": "路边"}, {"place": "人民路" + "很长" * 12},
        {"community": "幸福小区"},
    ],
)  # fmt: skip
def test_what_may_be_a_home_or_names_nothing_is_not(address: dict[str, Any] | None) -> None:
    assert public_spot(address) is None


def street(leaf: str = "I3", place: str = CROSSING, **more: Any) -> Any:
    """A report from out in the street: no compound, only words."""
    given = {"address_text": place, "address": {"place": place}, "place": None, **more}
    return request(leaf, "路灯不亮", **given)


async def test_a_lamp_in_the_street_goes_to_its_unit_and_its_title_names_the_crossing(
    tickets: TicketService,
) -> None:
    """No grid is known; the line of the directory holds anywhere (``anywhere``)."""
    filed = await tickets.create(street(), ME)
    assert filed["state"] == "DISPATCHED" and filed["owner"]["org"] == "青禾县城市管理执法大队"
    assert filed["title"] == f"路灯不亮 · {CROSSING}" and filed["location_text"] == CROSSING
    seen = await tickets.get(filed["ticket_no"], ACTORS["dispatcher"])
    assert seen["title"] == filed["title"] and seen["location"]["text"] == CROSSING


async def test_a_matter_of_a_stairwell_is_not_sent_anywhere_by_its_words(
    tickets: TicketService,
) -> None:
    filed = await tickets.create(street("H6"), ME)
    assert filed["state"] == "SUBMITTED" and filed["owner"] is None


async def test_without_any_words_of_the_place_nobody_is_sent_looking(
    tickets: TicketService,
) -> None:
    filed = await tickets.create(street(address_text=None, address=None), ME)
    assert filed["state"] == "SUBMITTED" and filed["title"] == "路灯不亮"


async def test_a_known_compound_stands_before_the_matter_as_ever(tickets: TicketService) -> None:
    filed = await tickets.create(request("I3", "路灯不亮", address={"place": "人民路"}), ME)
    assert filed["title"] == "幸福小区3号楼2单元路灯不亮"


async def test_the_words_of_a_home_do_not_reach_the_title(tickets: TicketService) -> None:
    filed = await tickets.create(street(place="人民路王大爷家门口"), ME)
    assert filed["title"] == "路灯不亮" and filed["location_text"] == ""


async def test_a_matter_without_a_name_stands_in_few_words(tickets: TicketService) -> None:
    line = "凉亭顶上的瓦一到刮风就往下掉，三天了，找过物业三回"
    filed = await tickets.create(request(None, "说来话长", gist=line), ME)
    assert filed["title"].endswith("凉亭顶上的瓦一到刮风就往下掉"), filed["title"]
