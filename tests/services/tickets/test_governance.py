"""Ending work, scoring and risks as they run through the service: who sees, who decides, what is counted."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.errors import LindaError
from services.tickets.core import decide, fold
from services.tickets.core.commands import Command
from services.tickets.core.event import Event
from services.tickets.core.riskkinds import Risk
from services.tickets.core.risks import by_rule
from services.tickets.core.states import State
from services.tickets.service import TicketService
from services.tickets.views import events_view, staff_view
from tests.services.conftest import TestClock
from tests.services.tickets.conftest import request
from tests.services.tickets.test_workflow_scenarios import (
    AUDITOR,
    CLERK,
    DISPATCHER,
    GRID,
    SUPERVISOR,
    Case,
    filed,
)
from tests.services.tickets.world import ACTORS, CONTEXT, in_state, led, submitted

ENDS = {"ground": "gone", "explanation": "灯杆拆了", "redirect": "新灯归路灯所，电话8800"}
SNOW = {"reason": "force_majeure", "basis": "暴雪红色预警公告", "text": "三天停工，附通知"}


async def test_who_works_proposes_the_end_and_another_decides(tickets: TicketService) -> None:
    case = await filed(tickets)
    await case.act(GRID, "sign")
    view = await case.act(GRID, "terminate", **ENDS)
    assert view["state"] == "ACTIVE" and "termination_requested" in view["flags"]
    waiting = await tickets.list(DISPATCHER, flag="termination_requested")
    assert [t["ticket_no"] for t in waiting["tickets"]] == [case.number]
    mine = await tickets.list(DISPATCHER, mine=True)
    assert case.number in [t["ticket_no"] for t in mine["tickets"]]
    assert await case.refused(SUPERVISOR, "terminate", decision="approve") == "own_unit"
    view = await case.act(DISPATCHER, "terminate", decision="refuse", text="去看看新灯")
    assert view["termination_request"] is None and view["state"] == "ACTIVE"
    again = await case.refused(DISPATCHER, "terminate", decision="refuse", text="x")
    assert again == "nothing_requested"
    await case.act(GRID, "terminate", **ENDS)
    view = await case.act(DISPATCHER, "terminate", decision="approve")
    assert view["state"] == "TERMINATED" and view["refused_by"] == DISPATCHER.id
    mine_view = await case.mine()
    assert "灯杆拆了" in mine_view["state_text"] and mine_view["redirect"] == ENDS["redirect"]
    assert mine_view["review"]["can_ask"]


async def test_what_was_proposed_is_over_when_the_order_goes_elsewhere(
    tickets: TicketService,
) -> None:
    case = await filed(tickets)
    await case.act(GRID, "sign")
    await case.act(GRID, "terminate", **ENDS)
    view = await case.act(DISPATCHER, "dispatch", org="property", reason="归物业")
    assert view["termination_request"] is None


async def test_a_unit_asks_to_be_left_out_and_appeals_once(tickets: TicketService) -> None:
    case = await filed(tickets)
    await case.act(GRID, "sign")
    await case.act(GRID, "ask_exclusion", **SNOW)
    assert await case.refused(GRID, "ask_exclusion", **SNOW) == "asked_already"
    assert await case.refused(GRID, "appeal_exclusion", text="x") == "nothing_refused"
    waiting = await tickets.list(AUDITOR, mine=True)
    assert case.number in [t["ticket_no"] for t in waiting["tickets"]]
    own = replace(AUDITOR, org_id="grid")
    assert await case.refused(own, "decide_exclusion", decision="approve") == "own_unit"
    view = await case.act(AUDITOR, "decide_exclusion", decision="refuse", text="那天没下雪")
    assert view["exclusion"] is None and view["exclusion_request"]["state"] == "refused"
    await case.act(GRID, "appeal_exclusion", text="补上停工通知")
    second = replace(AUDITOR, id="auditor2")
    offered = [await tickets.allowed_actions(case.number, a) for a in (AUDITOR, second)]
    assert ["decide_exclusion" in {o["action"] for o in some} for some in offered] == [False, True]
    assert not {"exclude", "include"} & {o["action"] for o in offered[0]}
    for action, facts in (
        ("decide_exclusion", {"decision": "approve"}),
        ("decide_exclusion", {"decision": "refuse", "text": "x"}),
        ("exclude", {"reason": "force_majeure", "basis": "x"}),
    ):
        with pytest.raises(LindaError, match="请由另一位审计同志来定") as caught:
            await case.act(AUDITOR, action, **facts)
        assert caught.value.code == "own_decision"
    view = await case.act(second, "decide_exclusion", decision="refuse", text="日期不符")
    assert view["exclusion_request"]["state"] == "settled"
    assert await case.refused(GRID, "appeal_exclusion", text="再看看") == "appealed_already"
    assert await case.refused(GRID, "ask_exclusion", **SNOW) == "asked_already"


async def test_what_was_granted_is_left_out_and_may_be_taken_in_again(
    tickets: TicketService, clock: TestClock
) -> None:
    case = await filed(tickets)
    await case.act(GRID, "sign")
    await case.act(GRID, "ask_exclusion", **SNOW)
    view = await case.act(AUDITOR, "decide_exclusion", decision="approve")
    assert view["exclusion"]["reason"] == "force_majeure"
    assert view["exclusion"]["decided_by"] == AUDITOR.id
    assert "excluded" in view["flags"] and "exclusion_requested" not in view["flags"]
    view = await case.act(AUDITOR, "include", reason="公告撤销")
    assert view["exclusion"] is None and view["exclusion_request"]["state"] == "settled"
    clock.advance(days=60)
    late = await filed(tickets)
    await late.act(GRID, "sign")
    clock.advance(days=60)
    assert await late.refused(GRID, "ask_exclusion", **SNOW) == "period_closed"


async def test_what_another_grants_on_appeal_who_had_refused_does_not_take_back(
    tickets: TicketService,
) -> None:
    case = await filed(tickets)
    await case.act(GRID, "sign")
    await case.act(GRID, "ask_exclusion", **SNOW)
    await case.act(AUDITOR, "decide_exclusion", decision="refuse", text="那天没下雪")
    await case.act(GRID, "appeal_exclusion", text="补上停工通知")
    second = replace(AUDITOR, id="auditor2")
    view = await case.act(second, "decide_exclusion", decision="approve")
    assert view["exclusion"]["decided_by"] == "auditor2"
    assert await case.refused(AUDITOR, "include", reason="还是不对") == "own_decision"
    view = await case.act(second, "include", reason="公告撤销")
    assert view["exclusion"] is None


async def test_the_rule_marks_what_was_said_and_not_again_what_a_person_took_away(
    tickets: TicketService,
) -> None:
    view = await tickets.create(request(narrative="我是独居老人，楼道灯坏了"), ACTORS["resident"])
    case = Case(tickets, view["ticket_no"])
    seen = await case.seen()
    assert [r["risk"] for r in seen["risks"]] == ["alone"] and "risk" in seen["flags"]
    assert "独居" in seen["risks"][0]["reason"]
    view = await case.act(CLERK, "clear_risk", risk="alone", reason="女儿已经搬来")
    assert view["risks"] == [] and "risk" not in view["flags"]
    view = await case.act(CLERK, "note", text="看过")
    assert view["risks"] == []
    view = await case.act(CLERK, "flag_risk", risk="alone", reason="女儿又走了")
    assert [r["reason"] for r in view["risks"]] == ["女儿又走了"]


async def test_a_list_narrowed_to_risks_is_the_desks(tickets: TicketService) -> None:
    await tickets.create(request(narrative="独居，灯坏了"), ACTORS["resident"])
    for actor in (CLERK, SUPERVISOR, DISPATCHER):
        assert len((await tickets.list(actor, flag="risk"))["tickets"]) == 1
    for role in ("grid", "handler", "vendor", "callback", "auditor", "admin"):
        with pytest.raises(LindaError) as caught:
            await tickets.list(ACTORS[role], flag="risk")
        assert caught.value.code == "flag_unknown"


SEES = {
    # who → of a risk that the owning worker, the callback desk and the auditor may see
    "clerk": True, "supervisor": True, "dispatcher": True, "grid": True, "callback": True,
    "auditor": True, "handler": False, "vendor": False, "mediator": False, "trainer": False,
    "admin": False,
}  # fmt: skip


@pytest.mark.parametrize(("role", "sees"), SEES.items())
def test_a_risk_is_shown_to_who_may_see_it_in_ticket_flags_and_timeline(
    role: str, sees: bool
) -> None:
    ticket, events = led(State.ACTIVE, owner="grid", leaf="H6")
    facts = {"risk": "safety", "reason": "院里有人拿刀"}
    made = decide.decide(ticket, Command("flag_risk", CLERK, events[-1].at, facts), CONTEXT)
    assert isinstance(made, Event)
    ticket = fold.apply(ticket, made)
    actor = ACTORS[role]
    view = staff_view(ticket, actor)
    assert bool(view.get("risks")) is sees
    assert ("risk" in view["flags"]) is sees
    shown = events_view(ticket, [*events, made], actor, {})
    assert ("risk_flagged" in [e["type"] for e in shown]) is sees
    assert sees or "拿刀" not in str(shown) + str(view)


def test_a_worker_sees_risks_only_of_the_own_orders() -> None:
    ticket = in_state(State.ACTIVE, owner="grid", leaf="H6")
    one = {"risk": "safety", "name": "人身安全", "seen_by": ["grid"], "reason": "x"}
    ticket = replace(ticket, risks=[one])
    assert staff_view(ticket, ACTORS["grid"])["risks"] == [one]
    other = replace(ACTORS["grid"], id="grid2", grid_ids=("qinghe-g2",))
    assert staff_view(replace(ticket, owner_person=None), other)["risks"] == []


def test_a_kind_is_marked_by_matter_or_word_once() -> None:
    kinds = {
        "minor": Risk("涉及未成年人", leaves=frozenset({"F4"}), words=("小孩没人管",)),
        "alone": Risk("独居", words=("独居",)),
    }
    by_matter, _ = submitted("F4", "邻居家的事")
    assert by_rule(by_matter, kinds) == {"risk": "minor", "reason": "按规则：这类事项"}
    both, _ = submitted("H6", "独居，小孩没人管")
    assert by_rule(both, kinds) == {"risk": "minor", "reason": "按规则：居民说到“小孩没人管”"}
    known = replace(both, risks=[{"risk": "minor", "cleared": {}}])
    assert (by_rule(known, kinds) or {})["risk"] == "alone"
    plain, _ = submitted("H6", "灯不亮")
    assert by_rule(plain, kinds) is None


@pytest.mark.parametrize("data", [
    {"name": "x", "seen_by": ["vendor"]}, {"name": "x", "seen_by": ["admin"]},
    {"name": "x", "word": ["a"]},
])  # fmt: skip
def test_a_kind_that_would_be_shown_to_a_provider_is_refused(data: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="风险提示"):
        Risk.parse(data)
