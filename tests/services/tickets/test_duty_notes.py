"""Restricted notes, who approves a whistle, and who rates the units called."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from services.db import Database
from services.rights import person
from services.tickets.core.actor import SYSTEM, Actor
from services.tickets.service import TicketService
from tests.services.tickets.test_workflow_scenarios import (
    AUDITOR,
    CLERK,
    DISPATCHER,
    FIRE,
    GRID,
    SUPERVISOR,
    URBAN,
    Case,
    filed,
    row_is_its_events,
)
from tests.services.tickets.world import ACTORS

__all__ = ["row_is_its_events"]
SECRET = "双方都有病史，调解时别提房子"
MEDIATOR = ACTORS["mediator"]


async def noted(tickets: TicketService, writer: Actor, **flags: Any) -> Case:
    case = await filed(tickets, leaf="J1", narrative="和楼上吵架，想请人调解")
    await case.act(writer, "note", text=SECRET, **flags)
    return case


@pytest.mark.parametrize(
    ("reader", "reads"),
    [
        (MEDIATOR, True), (SUPERVISOR, True), (AUDITOR, True), (SYSTEM, True),
        (CLERK, False), (DISPATCHER, False), (ACTORS["callback"], False),
        (replace(MEDIATOR, id="m9", org_id="elsewhere", community_id=None), None),
    ],
)  # fmt: skip
async def test_a_restricted_note_stays_with_its_desk(
    tickets: TicketService, reader: Actor, reads: bool | None
) -> None:
    case = await noted(tickets, MEDIATOR, restricted=True)
    seen = str(await tickets.events(case.number, reader))
    assert (SECRET in seen) is bool(reads)
    if reads is not None:
        assert SECRET not in str(await case.seen(reader)), "it stands in the timeline alone"


async def test_a_common_note_is_read_by_all_who_see_the_ticket(tickets: TicketService) -> None:
    case = await noted(tickets, MEDIATOR)
    for reader in (CLERK, DISPATCHER, MEDIATOR):
        assert SECRET in str(await tickets.events(case.number, reader))


async def test_a_copy_of_a_persons_data_holds_no_restricted_note(
    tickets: TicketService, db: Database
) -> None:
    case = await noted(tickets, MEDIATOR, restricted=True)
    async with db.read() as s:
        copy = str(await person._ticket(s, tickets._people.vault, case.number, {}))
    assert SECRET not in copy and "限阅备注" in copy


async def whistled(tickets: TicketService, approver: str = "李强") -> Case:
    case = await filed(tickets)
    await case.act(GRID, "sign")
    await case.act(
        DISPATCHER, "whistle", type="urgent", orgs=["urban", "fire"], reason="积水",
        approver=approver,
    )  # fmt: skip
    return case


async def test_only_a_leader_of_the_street_approves_a_whistle(tickets: TicketService) -> None:
    assert tickets.leaders, "the locality names them"
    case = await filed(tickets)
    await case.act(GRID, "sign")
    asked = {"type": "urgent", "orgs": ["urban"], "reason": "积水"}
    assert await case.refused(DISPATCHER, "whistle", **asked, approver="王师傅") == "not_a_leader"
    await case.act(DISPATCHER, "whistle", **asked, approver=tickets.leaders[0])


async def test_who_has_the_ticket_rates_the_units_called(tickets: TicketService) -> None:
    case = await whistled(tickets)
    await case.act(DISPATCHER, "end_whistle", result="solved", text="水退了")
    assert await case.refused(GRID, "rate_whistle", score=4) == "org_missing"
    assert await case.refused(GRID, "rate_whistle", score=4, org="water") == "not_invited"
    view = await case.act(GRID, "rate_whistle", score=4, org="urban")
    assert await case.refused(GRID, "rate_whistle", score=1, org="urban") == "rated_already"
    await case.act(GRID, "rate_whistle", score=2, org="fire")
    view = await case.act(URBAN, "rate_whistle", score=5)
    assert [(r["by_org"], r["about_org"], r["score"]) for r in view["whistles"][0]["ratings"]] == [
        ("grid", "urban", 4), ("grid", "fire", 2), ("urban", "street", 5),
    ]  # fmt: skip
    outside = replace(FIRE, id="x9", org_id="water")
    assert await case.refused(outside, "rate_whistle", score=1, org="fire") in (
        "not_invited", "out_of_scope",
    )  # fmt: skip


async def test_a_rating_says_how_it_was_given(tickets: TicketService) -> None:
    case = await filed(tickets)
    await case.resolved()
    await tickets.resident_act(case.number, "rate", {"score": 5}, "conversation-1")
    assert (await case.seen())["rating"]["channel"] == "message"
    await case.act(ACTORS["callback"], "callback", result="solved", method="phone", score=4)
    assert (await case.seen())["rating"]["channel"] == "phone"
