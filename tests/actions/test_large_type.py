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
