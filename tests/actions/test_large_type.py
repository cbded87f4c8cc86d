"""Large-type mode asks one thing at a time, with few buttons; every talk of these tests is held to it."""

from __future__ import annotations

import pytest

from actions.turn import FEW, button, few
from tests.actions.conftest import Talk, one_thing_at_a_time
from tests.actions.fake_services import FakeServices, view

NAMES = ["一", "二", "三", "四", "都不是"]


def test_the_way_out_stays_when_there_are_too_many() -> None:
    shown = few([button(name, f"/affirm{{{n}}}") for n, name in enumerate(NAMES)])
    assert [b["title"] for b in shown] == ["一", "二", "三", "都不是"] and len(shown) == FEW
    assert few(shown) == shown and few([]) == []


@pytest.mark.parametrize(("elder", "shown"), [(False, 5), (True, 3)])
async def test_of_many_orders_three_are_shown(
    talk: Talk, services: FakeServices, elder: bool, shown: int
) -> None:
    lunch = {"date": "2026-11-25", "meal": "lunch", "portions": 1, "mode": "pickup"}
    services.tickets = [
        view(n, kind="booking", leaf="C1", state="DISPATCHED",
             appointment={**lunch, "date": f"2026-11-{24 + n}"})
        for n in range(1, 7)
    ]  # fmt: skip
    talk.hear("我都订了啥", "query_progress", metadata={"elder": elder})
    await talk.run("action_query_progress")
    assert len(talk.buttons) == shown and f"还有{6 - shown}件" in talk.text


@pytest.mark.parametrize(
    "message",
    [
        {"text": "几号楼？几单元？"},
        {"text": "哪一个？", "buttons": [button(name, "/deny") for name in NAMES]},
    ],
)
def test_the_check_itself(message: dict[str, object]) -> None:
    with pytest.raises(AssertionError):
        one_thing_at_a_time([message])
    one_thing_at_a_time([{"text": "说“在哪儿？”就行，好吗？", "buttons": []}])


@pytest.mark.parametrize(("elder", "bubbles"), [(False, 1), (True, 2)])
async def test_an_answer_stands_apart_from_the_summary(
    talk: Talk, services: FakeServices, elder: bool, bubbles: int
) -> None:
    large = {"elder": elder}
    talk.hear(
        "明天中午订一份饭，自己来取，没忌口，不留电话",
        "book_meal",
        metadata=large,
        entities=[
            {
                "entity": "time",
                "value": {"start": "2026-11-25", "end": "2026-11-25"},
                "text": "明天",
            },
            {"entity": "meal", "value": "lunch", "text": "中午"},
            {"entity": "count", "value": 1, "text": "一份"},
        ],
    )
    await talk.run("validate_meal_form")
    talk.loop = "meal_form"
    talk.hear("要自己带饭盒不", "out_of_scope", metadata=large)
    await talk.run("validate_meal_form")
    assert len(talk.said) == bubbles and "写进去了" in talk.said[0]["text"]
