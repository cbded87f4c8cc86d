"""The street's two monthly reports, from what people did: whistles, and over-assignment. On both databases."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from services.clock import ZONE
from services.errors import LindaError
from services.metrics.service import MetricsService
from services.metrics.workbook import reports
from services.tickets.service import TicketService
from tests.services.conftest import TestClock
from tests.services.metrics.sheets import rows_of
from tests.services.tickets.test_workflow_scenarios import (
    DISPATCHER,
    FIRE,
    GRID,
    SUPERVISOR,
    URBAN,
    Case,
    filed,
)

NOVEMBER = datetime(2026, 11, 1).date()


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


async def whistled(tickets: TicketService, kind: str = "enforcement") -> Case:
    case = await filed(tickets)
    await case.act(GRID, "sign")
    await case.act(
        DISPATCHER,
        "whistle",
        type=kind,
        orgs=["urban", "fire"],
        reason="多头管理",
        approver="街道副主任 李强",
    )
    return case


def unit(report: dict[str, Any], org: str) -> dict[str, tuple[int, int]]:
    (row,) = [u for u in report["units"] if u["unit"] == org]
    return {s["key"]: (s["done"], s["in_time"]) for s in row["stages"]}


async def test_a_month_of_whistles_assesses_both_sides(
    tickets: TicketService, metrics: MetricsService, clock: TestClock
) -> None:
    first = await whistled(tickets)  # Tuesday 24 November, 10:00
    clock.go(at("2026-11-24T10:50"))
    await first.act(URBAN, "report", stage="sign")
    clock.go(at("2026-11-24T11:30"))  # an hour to sign is over
    await first.act(FIRE, "report", stage="sign")
    clock.go(at("2026-11-26T09:00"))
    await first.act(URBAN, "report", stage="arrive")
    await first.act(URBAN, "report", stage="solve", text="清了楼道")
    await first.act(DISPATCHER, "end_whistle", result="partial", text="消防没来")
    await first.act(DISPATCHER, "rate_whistle", org="urban", score=5)
    await first.act(DISPATCHER, "rate_whistle", org="fire", score=1)
    await first.act(URBAN, "rate_whistle", score=4)
    clock.go(at("2026-11-30T23:00"))
    open_still = await whistled(tickets, "problem")
    clock.go(at("2026-12-01T00:10"))
    await whistled(tickets)  # of the next month

    report = await metrics.whistles(DISPATCHER, NOVEMBER)
    assert (report["count"], report["open"]) == (2, 1)
    assert report["results"] == [{"label": "部分解决", "count": 1}]
    assert report["street"] == {"ratings": 1, "rating": 4.0}
    assert unit(report, "urban") == {
        "sign": (1, 1), "contact": (0, 0), "arrive": (1, 1), "solve": (1, 1),
    }  # fmt: skip
    assert unit(report, "fire") == {
        "sign": (1, 0), "contact": (0, 0), "arrive": (0, 0), "solve": (0, 0),
    }  # fmt: skip
    ratings = {u["unit"]: (u["called"], u["rating"]) for u in report["units"]}
    assert ratings == {"urban": (2, 5.0), "fire": (2, 1.0)}
    # Three tickets were given to the grid, one of them in the next month.
    assert report["whistling"] == {"whistles": 2, "dispatched": 2, "rate": 1.0}
    (grid,) = report["owners"]
    assert (grid["unit"], grid["whistles"], grid["dispatched"]) == ("grid", 2, 2)
    assert (await open_still.seen())["whistles"][0]["type"] == "problem"

    book = rows_of(reports(report, await metrics.assignments(DISPATCHER, NOVEMBER), {}))
    assert dict(book["吹哨报到"]) == {
        "2026年11月": "次数", "吹哨": 2, "还在办": 1, "哨型：需要综合执法": 1,
        "哨型：街道难以解决的突出问题": 1, "结果：部分解决": 1, "部门评街道（次）": 1,
        "部门评街道（平均分）": 4,
    }  # fmt: skip
    head, *units = book["各单位报到"]
    shown = {row[0]: dict(zip(head, row, strict=False)) for row in units}
    urban = next(row for name, row in shown.items() if row["街道评分（平均）"] == 5)
    assert (urban["被吹哨"], urban["完成签收"], urban["按时签收"], urban["完成联系"]) == (
        2,
        1,
        1,
        0,
    )
    fire = next(row for row in shown.values() if row["街道评分（平均）"] == 1)
    assert (fire["完成签收"], fire["按时签收"]) == (1, 0)


async def test_the_whistle_rate_counts_for_who_had_the_ticket_when_it_was_blown(
    tickets: TicketService, metrics: MetricsService, clock: TestClock
) -> None:
    case = await whistled(tickets)
    await case.act(DISPATCHER, "end_whistle", result="partial", text="归城管")
    await case.act(DISPATCHER, "dispatch", org="urban", reason="归城管")
    await case.act(URBAN, "sign")
    clock.go(at("2026-11-25T09:00"))
    await case.act(
        DISPATCHER, "whistle", type="urgent", orgs=["fire"], reason="堵了消防通道", approver="李强"
    )
    await filed(tickets)  # given to the grid, no whistle
    report = await metrics.whistles(DISPATCHER, NOVEMBER)
    rates = {u["unit"]: (u["whistles"], u["dispatched"], u["rate"]) for u in report["owners"]}
    assert rates == {"grid": (1, 2, 0.5), "urban": (1, 1, 1.0)}
    sheet = rows_of(reports(report, await metrics.assignments(DISPATCHER, NOVEMBER), {}))["吹哨率"]
    assert sorted(row[1:] for row in sheet[1:]) == [[1, 1, 1], [1, 2, 0.5]]
    # A month in which a unit was given nothing has no rate.
    december = await metrics.whistles(DISPATCHER, datetime(2026, 12, 1).date())
    assert december["whistling"]["rate"] is None and december["owners"] == []


async def test_a_whistle_that_stood_still_with_its_ticket_is_in_time_by_its_new_deadline(
    tickets: TicketService, metrics: MetricsService, clock: TestClock
) -> None:
    case = await whistled(tickets)
    clock.go(at("2026-11-24T10:30"))
    await case.act(URBAN, "report", stage="sign")
    await case.act(
        SUPERVISOR, "suspend", reason="season", explanation="下大雪", plan="雪停就办",
        review_date="2026-12-01",
    )  # fmt: skip
    clock.go(at("2026-11-30T10:30"))
    await case.act(GRID, "resume")
    clock.go(at("2026-12-01T10:00"))  # three working days from 24 November were over on the 27th
    await case.act(URBAN, "report", stage="arrive")
    report = await metrics.whistles(DISPATCHER, NOVEMBER)
    assert unit(report, "urban")["arrive"] == (1, 1)


async def test_a_month_of_assignments_shows_what_was_refused_and_what_left_the_list(
    tickets: TicketService, metrics: MetricsService, clock: TestClock
) -> None:
    refused, moved = await filed(tickets, leaf="H1", narrative="家里停水了"), await filed(tickets)
    community = {"org": "community", "reason": "就近"}
    for _ in range(2):
        with pytest.raises(LindaError) as caught:
            await refused.act(DISPATCHER, "dispatch", **community)
        assert caught.value.code == "over_assignment"
    # To assist is allowed, and the directory's unit stays the lead.
    await moved.act(DISPATCHER, "dispatch", org="property", reason="灯座归物业")
    clock.go(at("2026-12-01T09:00"))
    with pytest.raises(LindaError):
        await refused.act(DISPATCHER, "dispatch", **community)

    report = await metrics.assignments(DISPATCHER, NOVEMBER)
    assert [(b["ticket_no"], b["org"], b["duty"], b["staff_id"]) for b in report["blocked"]] == [
        (refused.number, "community", "主责", DISPATCHER.id)
    ] * 2
    assert [(a["ticket_no"], a["org"], a["listed"]) for a in report["against"]] == [
        (moved.number, "property", "grid")
    ]
    assert report["assigned"] == 3, "two by the directory, one by a person"
    book = rows_of(reports(await metrics.whistles(DISPATCHER, NOVEMBER), report,
                           {DISPATCHER.id: "老周"}))  # fmt: skip
    assert book["越权派单"] == [
        ["2026年11月", "次数"], ["派单", 3], ["拦下越权派单", 2], ["没有按派单目录派", 1],
    ]  # fmt: skip
    assert [row[0] for row in book["拦下的"][1:]] == [refused.number] * 2
    assert book["拦下的"][1][4:] == ["主责", "老周"]
    assert [row[0] for row in book["没有按目录派的"][1:]] == [moved.number]
    december = await metrics.assignments(DISPATCHER, datetime(2026, 12, 1).date())
    assert len(december["blocked"]) == 1 and december["assigned"] == 0
