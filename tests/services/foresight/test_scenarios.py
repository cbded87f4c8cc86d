"""未诉先办 from neighbours' reports to the figure, and a season from its plan to its checks. On both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.context import Services
from services.errors import LindaError
from services.metrics.periods import around
from services.tickets.core.actor import SYSTEM, Actor
from services.tickets.core.commands import CreateTicket
from tests.services.conftest import NOW
from tests.services.tickets.world import ACTORS

CLERK, DISPATCHER, GRID = ACTORS["clerk"], ACTORS["dispatcher"], ACTORS["grid"]
WORKER = Actor(
    "staff", "grid1", "grid", "grid", "qinghe-c1", ("qinghe-g1", "qinghe-g2", "qinghe-g3")
)


async def report(services: Services, who: str, **given: object) -> str:
    body = {
        "conversation_id": who, "leaf": "H7", "narrative": "地下室下水道返味",
        "place": {"building_id": "xingfu-3", "unit": "2"}, **given,
    }  # fmt: skip
    filed = await services.tickets.create(CreateTicket.model_validate(body), SYSTEM)
    return str(filed["ticket_no"])


async def test_a_hot_spot_from_three_households_to_a_ticket_of_our_own(services: Services) -> None:
    first = await report(services, "a")
    await report(services, "a")  # the same household again
    await report(
        services, "b", confidential=True
    )  # who asked for secrecy is in no list of neighbours
    waits, _ = await services.foresight.findings(CLERK)
    assert not waits
    await report(services, "c")
    await report(services, "d")
    (found,), _ = await services.foresight.findings(CLERK)
    assert found.cluster.households == 3 and first in found.cluster.tickets
    assert "3户" in found.why and "幸福小区3号楼" in found.where

    number = await services.foresight.file(found.cluster.key, CLERK, "下水主管道整体疏通")
    view = await services.tickets.get(number, DISPATCHER)
    assert (view["channel"], view["leaf"], view["reporter"]["role"]) == ("hotspot", "H7", "staff")
    assert view["location"]["building_id"] == "xingfu-3"
    assert view["state"] == "DISPATCHED", "it goes the usual way, to whoever the directory names"
    # Nobody reported it: nobody is called when its time is over, and it makes no cluster itself.
    await services.clock.set(services.db, NOW + timedelta(days=10))
    await services.tickets.tick()
    late = await services.tickets.get(number, DISPATCHER)
    assert "due" in late["missed"] and "to_call" not in late["flags"]
    # It counts as what we did first; the four of the neighbours do not.
    shown = await services.metrics.dashboard(DISPATCHER, around("month", NOW.date()))
    (share,) = [f for f in shown["figures"] if f["key"] == "proactive"]
    assert (share["numerator"], share["denominator"]) == (1, 6)
    with pytest.raises(LindaError) as caught:
        await services.foresight.file(found.cluster.key, CLERK, "再建一件")
    assert caught.value.code == "cluster_not_found"


async def test_a_season_begins_is_checked_ends_and_begins_anew_next_year(
    services: Services,
) -> None:
    now, _ = services.foresight.seasons()
    heating = next(s for s in now if s.plan.id == "heating")
    assert (heating.starts.isoformat(), heating.until.isoformat()) == ("2026-10-15", "2027-04-15")
    await report(services, "cold", leaf="H4", narrative="家里不热")
    assert await services.foresight.heard(heating, "qinghe-c1") == 1
    assert await services.foresight.heard(heating, "qinghe-c2") == 0
    await services.foresight.check("heating", "elders", "qinghe-g1", WORKER, "501摸了，热")
    await services.foresight.check("heating", "elders", "qinghe-g1", WORKER, "501又凉了")
    checks = await services.foresight.checks(heating, ["qinghe-g1", "qinghe-g2"])
    assert {k: r.found for k, r in checks.items()} == {("elders", "qinghe-g1"): "501又凉了"}
    await services.foresight.publish("heating", CLERK, "清河社区")
    (told,) = [n for n in await services.information.told() if n.topic == "heating"]
    assert (told.text, told.elder) == (heating.plan.message, heating.plan.elder)

    await services.clock.set(services.db, NOW.replace(year=2027, month=4, day=15, hour=20))
    assert "heating" in {s.plan.id for s in services.foresight.seasons()[0]}, "the last day counts"
    await services.clock.set(services.db, NOW.replace(year=2027, month=4, day=16, hour=0, minute=5))
    assert "heating" not in {s.plan.id for s in services.foresight.seasons()[0]}
    with pytest.raises(LindaError) as caught:
        await services.foresight.check("heating", "elders", "qinghe-g1", WORKER, "晚了")
    assert caught.value.code == "check_not_found"

    await services.clock.set(services.db, NOW.replace(year=2027, month=10, day=15))
    again = next(s for s in services.foresight.seasons()[0] if s.plan.id == "heating")
    assert again.starts.year == 2027
    assert await services.foresight.checks(again, ["qinghe-g1"]) == {}, (
        "what was checked is of last year"
    )
