"""Addresses as people say them → places. The gazetteer is the demo locality's own."""

from __future__ import annotations

import pytest

from services.catalogue.files import read
from services.config import ROOT
from services.people.model import Home
from services.places.gazetteer import Gazetteer
from services.places.model import Building, Community, Compound, Grid, Resolution
from services.places.numbers import building_number, number, room_number, unit_number
from services.places.resolver import resolve
from services.seed.files import PlacesFile


def gazetteer_of(locality: str) -> Gazetteer:
    file = read(ROOT / "data" / "localities" / locality / "places.yml", PlacesFile)
    return Gazetteer(
        tuple(Community(c.id, c.name, tuple(c.aliases)) for c in file.communities),
        tuple(Compound(c.id, c.name, c.community, tuple(c.aliases)) for c in file.compounds),
        tuple(
            Building(f"{c.id}-{n}", c.id, n, b.units, b.grid, tuple(b.aliases))
            for c in file.compounds
            for b in c.buildings
            for n in b.each()
        ),
        tuple(Grid(g.id, g.name, g.community) for g in file.grids),
        {"qinghe-g1": "王秀英"},
    )


QINGHE = gazetteer_of("qinghe")
RONGXI = gazetteer_of("rongxi")
HOME = Home("xingfu", "幸福小区", "xingfu-3", "3", "2", "401")


def ids(resolution: Resolution) -> list[str]:
    return [
        "/".join(p for p in (c.building_id or c.compound_id, c.unit, c.room) if p)
        for c in resolution.candidates
    ]


@pytest.mark.parametrize(
    ("value", "text", "place"),
    [
        ({"community": "幸福小区", "building": "3", "unit": "2"}, "", "xingfu-3/2"),
        ({}, "幸福小区3号楼2单元", "xingfu-3/2"),
        ({}, "幸福小区三号楼二单元四〇一", "xingfu-3/2"),
        ({}, "幸福小区３号楼２单元４０１室", "xingfu-3/2/401"),
        ({}, "幸福小区3-2-401", "xingfu-3/2/401"),
        ({}, "幸福小区7-501", "xingfu-7/501"),
        ({}, "幸福小区十二栋一单元", "xingfu-12/1"),
        ({}, "幸福小区3#楼", "xingfu-3"),
        ({"community": "幸福里", "building": "三号楼"}, "", "xingfu-3"),
        ({"community": "幸福", "building": "3"}, "", "xingfu-3"),
        ({"community": "幸福 小区", "building": "03"}, "", "xingfu-3"),
        ({"community": "松江花园小区", "building": "14栋"}, "", "songjiang-14"),
        ({"community": "机械厂家属院", "building": "5"}, "", "jixie-5"),
        ({}, "老机械厂五号楼楼道灯坏了", "jixie-5"),
        ({}, "机械厂家属楼那个筒子楼没水了", "jixie-8"),
        ({"community": "农机厂家属院", "building": "1"}, "", "jixie-1"),
        ({}, "我住铁路北小区2号楼", "tiebei-2"),
        ({"community": "清河社区", "building": "3"}, "清河社区幸福小区3号楼", "xingfu-3"),
        ({"building": "3", "unit": "2"}, "幸福小区那边，三号楼二单元", "xingfu-3/2"),
    ],
)
def test_what_was_said_is_found(value: dict[str, str], text: str, place: str) -> None:
    found = resolve(QINGHE, value, text)
    assert (found.status, found.missing, ids(found)) == ("resolved", (), [place])


def test_a_place_comes_with_grid_worker_and_label_without_the_room() -> None:
    [found] = resolve(QINGHE, {}, "幸福小区3号楼2单元401室").candidates
    assert (found.grid_id, found.worker) == ("qinghe-g1", "王秀英")
    assert (found.community_id, found.community) == ("qinghe-c1", "清河社区")
    assert found.label == "幸福小区3号楼2单元"
    assert found.room == "401"


@pytest.mark.parametrize(
    ("value", "text", "suggested"),
    [
        ({"community": "阳光小区", "building": "3"}, "", None),
        ({}, "阳光小区3号楼楼道灯坏了", None),
        ({}, "我家在阳光小区3号楼", None),
        ({"community": "幸福花园", "building": "3"}, "", "xingfu"),
        ({"community": "行福小区", "building": "3"}, "", "xingfu"),
        ({"community": "松江家园"}, "松江家园3号楼", "songjiang"),
        ({}, "松江家园3号楼", "songjiang"),
        ({}, "我妈住金色家园5号楼", None),
    ],
)
@pytest.mark.parametrize("home", [None, HOME])
def test_a_compound_that_is_not_ours_stays_unknown_whatever_the_home(
    value: dict[str, str], text: str, suggested: str | None, home: Home | None
) -> None:
    found = resolve(QINGHE, value, text, home)
    assert found.status == "unknown"
    assert found.missing == ("compound",)
    assert all(c.building_id is None and c.confidence < 0.5 for c in found.candidates)
    if suggested:
        assert suggested in [c.compound_id for c in found.candidates]


@pytest.mark.parametrize("text", ["松江路的路灯不亮", "机械厂医院门口有积水", "河街小学门口"])
def test_a_street_or_school_of_the_name_is_not_the_compound(text: str) -> None:
    for gazetteer in (QINGHE, RONGXI):
        assert resolve(gazetteer, {}, text).status == "unknown"


def test_a_building_that_is_not_there_is_asked_again() -> None:
    found = resolve(QINGHE, {"community": "幸福小区", "building": "99"})
    assert (found.status, found.missing) == ("unknown", ("building",))
    assert ids(found) == ["xingfu"]


def test_a_unit_that_is_not_there_has_to_be_confirmed() -> None:
    found = resolve(QINGHE, {"community": "幸福小区", "building": "3", "unit": "9"})
    assert (found.status, ids(found)) == ("ambiguous", ["xingfu-3"])


def test_only_the_compound_asks_for_the_building() -> None:
    found = resolve(QINGHE, {"community": "幸福小区"})
    assert (found.status, found.missing, ids(found)) == ("ambiguous", ("building",), ["xingfu"])


def test_a_spot_in_a_compound_needs_no_building() -> None:
    found = resolve(QINGHE, {"community": "铁北小区", "place": "大门口"}, "铁北小区大门口")
    assert (found.status, found.missing, ids(found)) == ("resolved", (), ["tiebei"])
    assert found.candidates[0].grid_id == "qinghe-g6"


def test_a_building_without_a_compound_is_offered_wherever_there_is_one() -> None:
    found = resolve(QINGHE, {"building": "3", "unit": "2"}, "三号楼二单元")
    assert (found.status, found.missing) == ("ambiguous", ("compound",))
    assert ids(found) == ["xingfu-3/2", "jixie-3/2", "songjiang-3/2", "tiebei-3/2"]
    assert resolve(QINGHE, {"building": "14"}).status == "ambiguous"  # one, and still not said
    assert resolve(QINGHE, {"building": "88"}).status == "unknown"


def test_the_home_is_proposed_for_a_building_without_a_compound() -> None:
    found = resolve(QINGHE, {"building": "5", "unit": "1"}, "五号楼一单元", HOME)
    assert (found.status, ids(found)) == ("resolved", ["xingfu-5/1"])
    # 14号楼 is not in the home's compound, so it is not there.
    elsewhere = resolve(QINGHE, {"building": "14"}, "14号楼", HOME)
    assert (elsewhere.status, ids(elsewhere)) == ("ambiguous", ["songjiang-14"])


@pytest.mark.parametrize(
    ("text", "status"),
    [("我家暖气不热", "resolved"), ("咱家没水了", "resolved"), ("楼道灯坏了", "ambiguous")],
)
def test_the_home_itself_is_taken_when_said_and_proposed_when_not(text: str, status: str) -> None:
    found = resolve(QINGHE, {}, text, HOME)
    assert (found.status, ids(found)) == (status, ["xingfu-3/2/401"])


def test_our_compound_without_a_name_is_the_home() -> None:
    value = {"community": "我们小区", "building": "6"}
    assert ids(resolve(QINGHE, value, "我们小区6号楼", HOME)) == ["xingfu-6"]
    assert resolve(QINGHE, value, "我们小区6号楼").missing == ("compound",)


def test_another_unit_of_the_home_does_not_take_its_room() -> None:
    found = resolve(QINGHE, {"unit": "1"}, "一单元", HOME)
    assert ids(found) == ["xingfu-3/1"]


def test_nothing_said_and_nothing_known_asks_for_both() -> None:
    found = resolve(QINGHE, {}, "灯坏了")
    assert (found.status, found.missing) == ("unknown", ("compound", "building"))


def test_two_compounds_in_one_sentence_have_to_be_chosen_from() -> None:
    found = resolve(QINGHE, {}, "幸福小区和松江花园中间那条沟")
    assert (found.status, found.missing) == ("ambiguous", ("compound",))
    assert {c.compound_id for c in found.candidates} == {"xingfu", "songjiang"}


def test_a_named_community_narrows_the_choice() -> None:
    found = resolve(RONGXI, {"community": "河街社区", "building": "3"}, "河街社区3栋", None)
    assert {c.compound_id for c in found.candidates} == {"binhe", "hejie"}
    assert found.missing == ("compound",)


def test_a_home_of_another_locality_is_not_used() -> None:
    assert resolve(RONGXI, {"building": "3"}, "3栋", HOME).status == "ambiguous"


@pytest.mark.parametrize(
    ("said", "digits"),
    [("三", "3"), ("十", "10"), ("十二", "12"), ("二十一", "21"), ("一百零三", "103"),
     ("四〇一", "401"), ("007", "7"), ("１２", "12"), ("b", "B")],
)  # fmt: skip
def test_numbers_in_words(said: str, digits: str) -> None:
    assert number(said) == digits


def test_numbers_with_their_words() -> None:
    assert [building_number(s) for s in ("三号楼", "3栋", "3#", "B座", "3号")] == list("333B3")
    assert [unit_number(s) for s in ("二单元", "2门洞", "十门")] == ["2", "2", "10"]
    assert [room_number(s) for s in ("四〇一室", "401号")] == ["401", "401"]


@pytest.mark.parametrize("gazetteer", [QINGHE, RONGXI])
def test_the_demo_locality_is_as_large_as_promised(gazetteer: Gazetteer) -> None:
    assert len(gazetteer.compounds) >= 3
    assert len(gazetteer.buildings) == 40
    assert len(gazetteer.grids) == 6
    names = [name for name, _ in gazetteer.compound_names()]
    assert len(names) == len(set(names)), "one name must not mean two compounds"


@pytest.mark.parametrize(
    ("said", "suggested"),
    [("阳光花园", []), ("松浆花园", ["松江花园"]), ("幸福家园", ["幸福小区"]), ("锦江苑", [])],
)
def test_only_a_name_that_is_alike_is_suggested_and_no_mere_kind_of_place(
    said: str, suggested: list[str]
) -> None:
    found = resolve(QINGHE, {"community": said, "building": "3"}, said)
    assert found.status == "unknown"
    assert [c.compound for c in found.candidates] == suggested
