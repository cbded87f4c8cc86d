"""What helping units owe has a real clock: reminded of, on record, moved, shown. On both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from services.clock import ZONE
from services.context import Services
from services.db import Database
from services.outbox.worker import run_due
from services.tickets import reminders
from services.tickets.core import sideclocks
from services.tickets.core.actor import SYSTEM
from services.tickets.core.calendar import Year
from services.tickets.core.states import State
from services.tickets.core.ticket import Ticket
from services.tickets.service import TicketService
from services.web.console import standing
from tests.services.conftest import TestClock
from tests.services.tickets.conftest import request
from tests.services.tickets.test_workflow_scenarios import (
    CLERK,
    DISPATCHER,
    GRID,
    PROPERTY,
    SUPERVISOR,
    URBAN,
    Case,
    filed,
)

NAME = "城市管理执法大队"
ASSIST = {"orgs": ["urban"], "task": "把占道的车挪开"}
WHISTLE = {"type": "problem", "orgs": ["urban"], "reason": "要多部门一起",
           "approver": "街道副主任 李强"}  # fmt: skip
CONSULT = {"orgs": ["property", "urban"], "question": "这段管道归谁"}


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


async def asked(tickets: TicketService, action: str) -> Case:
    """A ticket of Tuesday, 10:00, on which another unit owes something."""
    if action == "consult":
        case = await filed(tickets, wait=True, leaf="H1", narrative="管道漏水")
        await tickets.act(case.number, "accept", {}, DISPATCHER, follow_up=False)
        await tickets.act(case.number, "consult", CONSULT, DISPATCHER, follow_up=False)
        return case
    case = await filed(tickets)
    await case.act(GRID, "sign")
    await case.act(
        DISPATCHER if action == "whistle" else GRID, action,
        **(WHISTLE if action == "whistle" else ASSIST),
    )  # fmt: skip
    return case


async def beside(case: Case, kind: str, prefix: str) -> list[dict[str, Any]]:
    """Events of a kind that are about side clocks of a stage."""
    found = [e["data"] for e in await case.tickets.events(case.number, SYSTEM) if e["type"] == kind]
    return [d for d in found if str(d.get("clock", d.get("stage"))).startswith(prefix)]


def planned(view: dict[str, Any], key: str) -> list[str]:
    return [e["at"][:16] for e in view["planned"] if key in e.get("clock", "")]


# Asked on Tuesday 24 November at 10:00; each time by hand: half, four fifths, all of the limit.
PLANS = {
    # 3 working days of 9 hours: 13.5 h on (4.5 h into Wednesday), 21.6 h on, Friday 10:00.
    ("assist", "assist:urban"): ("2026-11-25T14:30", "2026-11-26T13:36", "2026-11-27T10:00"),
    # 4 working hours, the same day.
    ("consult", "consult:C1"): ("2026-11-24T12:00", "2026-11-24T13:12", "2026-11-24T14:00"),
    # A whistle: natural hours to sign and to call, working days to come and to solve.
    ("whistle", "urban:sign"): ("2026-11-24T10:30", "2026-11-24T10:48", "2026-11-24T11:00"),
    ("whistle", "urban:contact"): ("2026-11-24T22:00", "2026-11-25T05:12", "2026-11-25T10:00"),
    ("whistle", "urban:arrive"): ("2026-11-25T14:30", "2026-11-26T13:36", "2026-11-27T10:00"),
    ("whistle", "urban:solve"): ("2026-11-26T14:30", "2026-11-30T10:00", "2026-12-01T10:00"),
}  # fmt: skip


@pytest.mark.parametrize(("action", "key"), PLANS)
async def test_reminders_at_half_four_fifths_and_the_end(
    tickets: TicketService, action: str, key: str
) -> None:
    case = await asked(tickets, action)
    assert tuple(planned(await case.seen(), key)) == PLANS[action, key]


@pytest.mark.parametrize(
    ("action", "key", "end"),
    [("assist", "assist:urban", "2026-11-27T10:05"), ("consult", "consult:C1", "2026-11-24T14:05"),
     ("whistle", "whistle:W1:urban:sign", "2026-11-24T11:05")],
)  # fmt: skip
async def test_each_is_reminded_three_times_and_goes_on_record_once(
    tickets: TicketService, clock: TestClock, action: str, key: str, end: str
) -> None:
    case = await asked(tickets, action)
    clock.go(at(end))
    await tickets.tick()
    await tickets.tick()
    told = await beside(case, "reminded", key)
    assert [d["tell"] for d in told] == [["unit"], ["unit"], ["unit", "dispatcher"]]
    assert all("urban" in d["orgs"] for d in told)
    (late,) = [d for d in await beside(case, "deadline_missed", action) if NAME in d["owed"]]
    assert late["stage"] == action
    said = [e["text"] for e in await tickets.events(case.number, SYSTEM)]
    assert f"{late['owed']}超时" in said
    assert (await case.seen())["state"] not in ("RESOLVED", "CLOSED"), "time alone ends nothing"


async def test_one_unit_called_twice_in_one_instant_owes_two_answers(
    tickets: TicketService, clock: TestClock
) -> None:
    case = await filed(tickets)
    await case.act(GRID, "sign")
    for task in ("挪车", "拆棚"):
        await case.act(GRID, "assist", orgs=["urban"], task=task)
    asked_for = [a for a in (await case.seen())["assists"] if a["org"] == "urban"]
    same = {"at": asked_for[0]["at"]}
    ticket = Ticket(state=State.ACTIVE, assists=[{**a, **same} for a in asked_for])
    first, second = sideclocks.owed(ticket).values()
    assert (first.path, second.path) == (("assists", 0, None), ("assists", 1, None))
    assert second.key == f"{first.key}:2"
    # The name of the second stays when the first has been answered.
    done = [{**ticket.assists[0], "done_at": same["at"]}, ticket.assists[1]]
    assert list(sideclocks.owed(ticket.changed({"assists": done}))) == [second.key]


async def test_an_answer_ends_the_clock_of_who_answered_and_of_nobody_else(
    tickets: TicketService, clock: TestClock
) -> None:
    case = await asked(tickets, "consult")
    opinion = {"stance": "assist", "opinion": "配合开门"}
    await tickets.act(case.number, "opinion", opinion, PROPERTY, follow_up=False)
    view = await case.seen()
    left = [e for e in view["planned"] if e.get("clock") == "consult:C1"]
    assert [e["orgs"] for e in left] == [["urban"]] * 3
    await tickets.act(case.number, "opinion", opinion, URBAN, follow_up=False)
    assert not planned(await case.seen(), "consult")

    helped = await asked(tickets, "assist")
    await helped.act(URBAN, "feedback", progress="ongoing", text="在路上")
    assert planned(await helped.seen(), "assist:urban"), "on the way is not there"
    await helped.act(URBAN, "feedback", progress="done", text="挪开了")
    assert not planned(await helped.seen(), "assist:urban")

    whistled = await asked(tickets, "whistle")
    await whistled.act(URBAN, "report", stage="sign")
    assert not planned(await whistled.seen(), "urban:sign")
    await whistled.act(URBAN, "report", stage="arrive")
    await whistled.act(URBAN, "report", stage="solve", text="拆了")
    assert not planned(await whistled.seen(), "urban:"), "who has solved it owes no call"


@pytest.mark.parametrize("action", ["assist", "whistle"])
async def test_a_suspension_stops_them_and_they_go_on_with_what_was_left(
    tickets: TicketService, clock: TestClock, action: str
) -> None:
    case = await asked(tickets, action)
    clock.go(at("2026-11-25T10:00"))  # a third of three working days
    await tickets.tick()
    clock.go(at("2026-11-25T10:00"))  # however long the worker took
    await case.act(
        SUPERVISOR, "suspend", reason="parts", explanation="等灯头", plan="到货就换",
        review_date="2026-12-07",
    )  # fmt: skip
    assert not [e for e in (await case.seen())["planned"] if "clock" in e]
    clock.go(at("2026-12-02T10:00"))  # five working days later
    assert await tickets.tick() == 0
    view = await case.act(GRID, "resume")
    key = "urban:arrive" if action == "whistle" else "assist:urban"
    assert planned(view, key) == ["2026-12-02T14:30", "2026-12-03T13:36", "2026-12-04T10:00"]
    clock_of = {k: c for k, c in owed(view).items() if key in k}
    (moved,) = clock_of.values()
    assert moved.at.isoformat()[:16] == "2026-12-04T10:00"
    assert "挂账期间（11月25日10:00至12月2日10:00）不计" in moved.reason


async def test_what_was_missed_before_a_suspension_stays_missed(
    tickets: TicketService, clock: TestClock
) -> None:
    case = await asked(tickets, "whistle")
    clock.go(at("2026-11-24T12:00"))
    await tickets.tick()
    await case.act(
        SUPERVISOR, "suspend", reason="parts", explanation="等灯头", plan="到货就换",
        review_date="2026-12-07",
    )  # fmt: skip
    clock.go(at("2026-12-02T10:00"))
    await case.act(GRID, "resume")
    await tickets.tick()
    late = await beside(case, "deadline_missed", "whistle")
    assert [d["owed"].split()[-1] for d in late] == ["吹哨签收"]


NOTICE = Year.from_doc({
    "year": 2027, "source": "2027年放假安排",
    "holidays": [{"name": "元旦", "from": "2026-12-31", "to": "2027-01-03"}],
    "workdays": [{"date": "2026-12-27", "for": "元旦"}],
})  # fmt: skip


async def test_a_new_notice_moves_working_days_and_leaves_hours_of_the_clock(
    tickets: TicketService, clock: TestClock
) -> None:
    clock.go(at("2026-12-30T10:00"))
    case = await filed(tickets)
    await case.act(GRID, "sign")
    await case.act(GRID, "assist", **ASSIST)
    await case.act(DISPATCHER, "whistle", **WHISTLE)
    moved = {m.label: m for _, moves in await tickets.take_notice(NOTICE, "admin1") for m in moves}
    for what in ("吹哨到场报到", "吹哨解决", "协办反馈"):
        assert any(label.endswith(f"{NAME}{what}时限") for label in moved), what
    assert not any("吹哨签收" in label for label in moved), "an hour is an hour"
    view = await case.seen()
    (helping,) = [a for a in view["assists"] if a["org"] == "urban"]
    # Before: Thursday, Monday, Tuesday (Friday is New Year). Thursday to Sunday are off now.
    assert helping["due_at"][:16] == "2027-01-06T10:00"
    assert "由1月5日10:00改为1月6日10:00" in helping["due_reason"]
    assert "12月31日至1月3日放假不计" in helping["due_reason"]
    assert planned(view, "assist:urban")[-1] == "2027-01-06T10:00"
    texts = [c.text for c in await tickets.deadline_history(case.number, SYSTEM)]
    assert any("协办反馈时限由1月5日10:00改为1月6日10:00" in t for t in texts)
    assert any("协办反馈时限定为1月5日10:00" in t for t in texts)


async def test_the_page_says_until_when_and_why(tickets: TicketService) -> None:
    said: dict[str, str] = {}
    for action in ("assist", "consult", "whistle"):
        view = await (await asked(tickets, action)).seen()
        lines = standing.threads(view)
        said |= {name: words for name, words in lines if NAME in words}
    assert "11月27日10:00前反馈（协办反馈，3个工作日" in said["协办"]
    assert "11月24日14:00前回（会商意见，4个工作小时" in said["会商"]
    assert "11月24日11:00前签收（吹哨签收，1小时" in said["吹哨"]


async def test_the_unit_reads_it_on_its_page_of_reminders_and_the_street_at_the_end(
    services: Services, db: Database
) -> None:
    body = request(conversation_id=None, channel="phone")
    case = Case(services.tickets, (await services.tickets.create(body, CLERK))["ticket_no"])
    await case.act(GRID, "sign")
    await case.act(GRID, "assist", **ASSIST)
    await services.clock.set(db, at("2026-11-27T10:05"))
    await run_due(services)
    assert len(await texts(services, URBAN, f"{NAME}协办反馈")) == 3
    assert len(await texts(services, DISPATCHER, f"{NAME}协办反馈")) == 1
    nobody = replace(URBAN, id="handler9", org_id="fire")
    assert not await texts(services, nobody, "协办反馈")


async def texts(services: Services, actor: Any, word: str) -> list[str]:
    async with services.db.read() as s:
        return [r.text for r in await reminders.waiting(s, actor) if word in r.text]


def owed(view: dict[str, Any]) -> dict[str, sideclocks.SideClock]:
    """Side clocks of a ticket as its view has them."""
    return sideclocks.owed(Ticket.from_doc(view))
