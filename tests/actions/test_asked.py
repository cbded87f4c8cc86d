"""A calm question where words of dying would only be thanked, and what is said before a report."""

from __future__ import annotations

import pytest

from actions.safety import crisis
from actions.safety.crisis import WISH_TO_DIE
from tests.actions.conftest import Talk
from tests.actions.fake_services import FakeServices
from tests.actions.helpers import msg


async def asked(
    talk: Talk, text: str = "老伴不在以后我也该去找他了", intent: str = "join_volunteer"
) -> None:
    talk.hear(text, intent, confidence=0.9)
    await talk.run("action_emergency")


async def test_words_of_dying_are_asked_about_and_a_person_is_told(
    talk: Talk, services: FakeServices
) -> None:
    await asked(talk)
    assert talk.slots["crisis"]["asked"] and talk.slots["crisis"]["leaf"] == WISH_TO_DIE
    assert not talk.slots["crisis"]["holds"]


async def test_a_no_ends_it(talk: Talk, services: FakeServices) -> None:
    await asked(talk)
    talk.hear("没有，我随口说的", "deny")
    await talk.run("action_emergency_follow")
    assert talk.slots["crisis"]["over"]


@pytest.mark.parametrize("text", ["是啊", "不想活了", "屋里就我一个人"])
async def test_a_yes_brings_the_card(talk: Talk, services: FakeServices, text: str) -> None:
    await asked(talk)
    talk.hear(text, "affirm")
    await talk.run("action_emergency_follow")
    now = talk.slots["crisis"]
    assert not now["asked"] and now["holds"] and now["card"] == WISH_TO_DIE


@pytest.mark.parametrize(
    ("leaf", "text", "card"),
    [
        ("I4", "路口的井盖没了", "manhole"), ("I4", "井盖叫人偷走好几天", "manhole"), ("I4", "车一压井盖就响", None),
        ("I14", "楼前雪没铲，我八十二，门都出不去", "snow"), ("I14", "院里结冰滑得很", None),
        ("H2", "开关打火花", "H2"), ("H2", "一楼停电了", None), ("H3", "灶台旁边有点味", "H3"),
        ("I7", "楼道里充电的线太乱", "charging"), ("I7", "车棚不够停", None), ("J3", "想问家暴的事", "J3"), ("J3", "邻居上个月打了我", "hit"),
        ("J3", "老公上个月打了我", "J3"), ("H8", "外墙瓷砖往下掉", "falling"), ("H8", "墙皮往下掉砸着车了", "falling"),
        ("H8", "楼上漏水，墙皮掉下来了", None), ("I13", "大树快倒了，底下老过人", "falling"), ("H6", "灯不亮", None),
    ],
)  # fmt: skip
def test_what_comes_before_a_report(leaf: str, text: str, card: str | None) -> None:
    assert crisis.lead_card(leaf, text) == card


@pytest.mark.parametrize("text", ["那我咋整啊", "我记不住这么多", "慌了，不知道咋弄"])
def test_too_much_at_once_gets_one_thing(text: str) -> None:
    words = {"lost": "现在就出门", "follow": ["1"]}
    assert (
        crisis.kind(crisis.begin("H3", msg("漏气"), named=True, ticket_no=""), msg(text), words)
        == "lost"
    )
    assert (
        crisis.kind(
            crisis.begin("J5", msg("x"), named=True, ticket_no=""), msg(text), {"follow": ["1"]}
        )
        == "follow"
    )
