"""The sums in SQL, on both databases, and who sees which of them."""

from __future__ import annotations

import zipfile
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any

import pytest

from services.channels.tables import RedirectRow
from services.clock import ZONE
from services.db import Database
from services.errors import LindaError
from services.metrics.periods import around
from services.metrics.score import Score
from services.metrics.service import MetricsService
from services.metrics.tables import TicketScoreRow
from services.metrics.workbook import workbook
from services.tickets.core.actor import Actor
from tests.services.conftest import NOW, TestClock
from tests.services.tickets.world import ACTORS

NOVEMBER = around("month", NOW.date())
DUE = datetime(2026, 11, 10, 17, 30, tzinfo=ZONE)
DAY = 86_400

GOOD = Score(
    "", DUE - timedelta(days=4), community_id="qinghe-c1", leaf="H6", channel="web",
    state="CLOSED", due_at=DUE, due_day=DUE.date(), dispatched=1, first_org="grid", org="grid",
    sign_required=1, sign_in_time=1, contact_required=1, contacted=1, contact_in_time=1,
    begun_s=int((DUE - timedelta(days=4)).timestamp()), limit_s=4 * DAY, took_s=2 * DAY, in_time=1,
    resolved=1, resolved_s=int((DUE - timedelta(days=2)).timestamp()), left_s=2 * DAY,
    outcome="solved", evidence=1, answer="solved", answered_after_s=DAY, score=5,
    rated_after_s=DAY,
)  # fmt: skip


async def _store(db: Database, *scores: Score) -> None:
    async with db.write() as s:
        for n, score in enumerate(scores):
            s.add(TicketScoreRow(**asdict(replace(score, ticket_no=f"SQ-{n}"))))


def _values(found: dict[str, Any]) -> dict[str, Any]:
    return {f["key"]: f["value"] for f in found["figures"]}


async def test_the_sums_by_hand(db: Database, metrics: MetricsService) -> None:
    water = replace(GOOD, org="water", leaf="H1", community_id="qinghe-c2")
    await _store(
        db,
        GOOD,
        # late by half: 6 of 4 days; solved in part, 3 stars, one new round
        replace(GOOD, in_time=0, took_s=6 * DAY, left_s=None, answer="partial", score=3, rounds=1),
        # was the grid's first, the objection was upheld; nobody was reached; rated by nobody
        replace(water, objections=1, upheld=1, transfers=1, answer=None, score=None, sign_in_time=0),
        # still open, two weeks of four days; no contact
        replace(water, first_org="water", resolved=0, resolved_s=None, took_s=None, in_time=0,
                answer=None, score=None, contacted=0, contact_in_time=0, outcome=None),
        # not counted: excluded, 挂账, never dispatched, due in October, due tomorrow
        replace(GOOD, excluded="out_of_area"),
        replace(GOOD, suspended=1),
        replace(GOOD, dispatched=0, org=None, first_org=None),
        replace(GOOD, due_at=datetime(2026, 10, 31, 23, 59, tzinfo=ZONE)),
        replace(GOOD, due_at=NOW + timedelta(days=1)),
    )  # fmt: skip
    found = await metrics.dashboard(ACTORS["dispatcher"], NOVEMBER)
    values = _values(found)

    assert values["due"] == 4
    assert values["contact"] == 0.75  # 3 ÷ 4
    assert values["signed"] == 0.75  # 3 ÷ 4
    assert values["in_time"] == 0.5  # first and third of 4
    assert values["first_right"] == 0.75  # 3 ÷ 4
    assert values["transfers"] == 0.25  # 1 ÷ 4
    assert values["reached"] == pytest.approx(2 / 3)  # two of three resolved
    assert values["solved"] == 0.75  # (1 + 0.5) ÷ 2
    assert values["solved_strict"] == 0.5  # 1 ÷ 2
    assert values["satisfied"] == 1.0  # 5 and 3 stars of 2
    assert values["satisfied_strict"] == 0.5
    assert values["rework"] == pytest.approx(1 / 3)
    # 0.50, 1.50, 0.50 and the open one from 6 Nov 17:30 to 24 Nov 10:00: 17.6875 days of 4 → 4.42
    assert values["lateness"] == 4.42
    assert found["excluded"] == [{"reason": "out_of_area", "label": "不在本辖区", "count": 1}]
    assert found["suspended"] == 1
    units = {u["unit"]: u for u in found["units"]}
    assert set(units) == {"grid", "water"}
    # The grid had three of the four first, and one of those went back.
    assert units["grid"]["figures"]["first_right"]["numerator"] == 2
    assert units["grid"]["figures"]["first_right"]["denominator"] == 3
    assert units["water"]["figures"]["first_right"]["denominator"] == 1
    assert units["grid"]["figures"]["due"]["value"] == 2
    # Two answers are no sample: said, not computed, and no place in an order.
    assert units["grid"]["figures"]["solved"]["text"] == "样本不足"
    assert units["grid"]["rank"] is None
    assert [(p["first"].day, p["due"]) for p in found["trend"] if p["due"]] == [(10, 4)]


async def test_a_unit_sees_itself_as_the_whole_sees_it(
    db: Database, metrics: MetricsService
) -> None:
    objected = replace(GOOD, org="water", objections=1, upheld=1, transfers=1)
    await _store(db, GOOD, objected, replace(GOOD, org="water", first_org="water"))
    whole = await metrics.dashboard(ACTORS["dispatcher"], NOVEMBER)
    for unit in whole["units"]:
        alone = await metrics.dashboard(ACTORS["dispatcher"], NOVEMBER, unit=unit["unit"])
        assert {f["key"]: f["value"] for f in alone["figures"] if f["key"] in ("due", "first_right", "returned", "in_time", "lateness")} == {
            k: f["value"] for k, f in unit["figures"].items() if k in ("due", "first_right", "returned", "in_time", "lateness")
        }  # fmt: skip


async def test_an_empty_period_has_no_shares(metrics: MetricsService) -> None:
    found = await metrics.dashboard(ACTORS["auditor"], NOVEMBER)
    unknown = {"per_10000": "0.00"}
    for f in found["figures"]:
        nothing = unknown.get(f["key"], "—")
        assert f["text"] == ("0" if f["form"] == "number" else nothing), f["key"]
    assert found["units"] == found["signals"] == []
    assert found["note"] == "样本不足"


async def test_who_sees_what(db: Database, metrics: MetricsService) -> None:
    elsewhere = replace(GOOD, community_id="qinghe-c2", org="water", first_org="water")
    await _store(db, GOOD, elsewhere)

    async def due(actor: Actor, **narrowed: str) -> int:
        found = await metrics.dashboard(actor, NOVEMBER, **narrowed)  # type: ignore[arg-type]
        return int(_values(found)["due"])

    assert await due(ACTORS["dispatcher"]) == await due(ACTORS["auditor"]) == 2
    assert await due(ACTORS["supervisor"]) == 1
    assert await due(ACTORS["handler"]) == 1  # of the water company
    assert await due(ACTORS["dispatcher"], leaf="H1") == 0
    for role in ("admin", "trainer", "grid", "clerk", "callback", "vendor", "mediator"):
        with pytest.raises(LindaError, match="role_not_allowed"):
            await due(ACTORS[role])
    for role, narrowed in (
        ("supervisor", {"community": "qinghe-c2"}),
        ("handler", {"unit": "grid"}),
    ):
        with pytest.raises(LindaError, match="out_of_scope"):
            await due(ACTORS[role], **narrowed)
    with pytest.raises(LindaError, match="unknown_filter"):
        await due(ACTORS["dispatcher"], unit="nobody")
    found = await metrics.dashboard(ACTORS["handler"], NOVEMBER)
    shown = {f["key"]: f["text"] for f in found["figures"]}
    # One rating would be that resident's.
    assert shown["satisfied"] == shown["satisfied_strict"] == "样本不足"
    assert found["signals"] is None


async def test_a_unit_with_enough_answers_is_judged_and_signals_point_at_the_other(
    db: Database, metrics: MetricsService
) -> None:
    odd = replace(
        GOOD, org="water", first_org="water", rated_after_s=60, answered_after_s=60, left_s=600,
        evidence=0, rating_changes=1,
    )  # fmt: skip
    await _store(db, *[GOOD] * 20, *[odd] * 12)
    found = await metrics.dashboard(ACTORS["auditor"], NOVEMBER)
    units = {u["unit"]: u for u in found["units"]}
    assert units["grid"]["figures"]["solved"]["text"] == "100.0%"
    assert units["water"]["figures"]["solved"]["text"] == "样本不足"
    flagged = {
        u["unit"]: {s["key"] for s in u["signals"] if s["flagged"]} for u in found["signals"]
    }
    assert flagged == {
        "grid": set(),
        "water": {"rating_changed", "satisfied_at_once", "answered_at_once", "last_minute"},
    }


async def test_whoever_was_shown_the_way_and_came_back_was_not_helped(
    db: Database, metrics: MetricsService, clock: TestClock
) -> None:
    asked = replace(
        GOOD, dispatched=0, state="NOT_ACCEPTED", certificate="无犯罪记录证明", household="a",
        created_at=datetime(2026, 10, 5, 9, 0, tzinfo=ZONE),
    )  # fmt: skip
    await _store(
        db,
        asked,
        replace(asked, created_at=asked.created_at + timedelta(days=29)),  # back: not helped
        replace(asked, household="b"),  # not seen again
        replace(asked, household="c"),
        replace(asked, household="c", certificate="居住证明"),  # another matter
        replace(
            asked, household="d", created_at=datetime(2026, 10, 28, tzinfo=ZONE)
        ),  # 27 days ago
        replace(asked, household="e", state="CLOSED"),  # was issued, not shown elsewhere
    )
    october = around("month", asked.created_at.date())
    values = {f["key"]: f for f in (await metrics.dashboard(ACTORS["auditor"], october))["figures"]}
    # a came back; b, c and c's other matter did not; d is not over; e was no redirect: 3 ÷ 4
    assert (values["redirected"]["numerator"], values["redirected"]["denominator"]) == (3, 4)


async def test_whom_the_bot_showed_the_way_counts_like_whom_the_clerk_did(
    db: Database, metrics: MetricsService
) -> None:
    at = datetime(2026, 10, 5, 9, 0, tzinfo=ZONE)

    def shown(household: str, days: float = 0, **other: Any) -> RedirectRow:
        facts: dict[str, Any] = {
            "certificate": "无犯罪记录证明", "community_id": "qinghe-c1", "leaf": "A4", **other,
        }  # fmt: skip
        return RedirectRow(
            message_id=f"m-{household}-{days}", conversation_id=f"c-{household}",
            household=household, at=at + timedelta(days=days), **facts,
        )  # fmt: skip

    ticket = replace(GOOD, dispatched=0, certificate="无犯罪记录证明", leaf="A4", outcome=None)
    async with db.write() as s:
        s.add_all([
            shown("a"), shown("a", 29),  # back: not helped; the second is not over
            shown("b"), shown("b", 0.05),  # asked twice in one talk: one asking, not back
            shown("c"),  # and told who demanded it, an hour later
            shown("d"),  # came to the window after a week
            shown("e", certificate="居住证明"), shown("e", 7),  # another paper; 无犯罪 is over, too
            shown("f", community_id="qinghe-c2"),
            shown("g", -45), shown("g", -9),  # of September
        ])  # fmt: skip
    await _store(
        db,
        replace(ticket, household="c", state="CLOSED", created_at=at + timedelta(hours=1)),
        replace(ticket, household="d", state="CLOSED", created_at=at + timedelta(days=7)),
        replace(ticket, household="h", state="NOT_ACCEPTED", created_at=at),  # by the clerk
    )
    october = around("month", at.date())

    async def rate(**scope: Any) -> tuple[float, float]:
        found = await metrics.dashboard(ACTORS["auditor"], october, **scope)
        (one,) = [f for f in found["figures"] if f["key"] == "redirected"]
        return one["numerator"], one["denominator"]

    # well: b, c, e twice, f, h; back: a, d
    assert await rate() == (6, 8)
    assert await rate(community="qinghe-c1") == (5, 7)  # without f
    # The bot's have no unit.
    assert await rate(unit="grid") == (1, 1)


async def test_a_month_is_published_when_its_scoring_is_final_and_not_before(
    db: Database, metrics: MetricsService, clock: TestClock
) -> None:
    secret = replace(GOOD, leaf="J3")
    await _store(db, *[GOOD] * 6, secret, replace(GOOD, leaf="H1"))
    with pytest.raises(LindaError, match="not_published"):
        await metrics.public(NOVEMBER.first)
    clock.go(datetime(2026, 12, 4, 12, 0, tzinfo=ZONE))
    with pytest.raises(LindaError, match="not_published"):
        await metrics.public(NOVEMBER.first)
    assert metrics.latest_public() == around("month", NOVEMBER.before.first).first

    clock.go(datetime(2026, 12, 8, 12, 0, tzinfo=ZONE))
    found = await metrics.public(NOVEMBER.first)

    assert metrics.latest_public() == NOVEMBER.first
    text = str(found)
    assert "家庭暴力" not in text and "家暴" not in text
    assert {leaf["count"] for leaf in found["leaves"]} == {6, None}
    assert {f["key"] for f in found["figures"]}.isdisjoint({"persuaded", "rating_changed"})


async def test_the_workbook_has_the_numbers_as_numbers(
    db: Database, metrics: MetricsService
) -> None:
    await _store(db, GOOD)
    found = await metrics.dashboard(ACTORS["auditor"], NOVEMBER)
    with zipfile.ZipFile(BytesIO(workbook(found))) as book:
        sheets = book.read("xl/workbook.xml").decode()
        first = book.read("xl/worksheets/sheet1.xml").decode()
        strings = book.read("xl/sharedStrings.xml").decode()
    for name in ("总表", "单位", "社区", "事项", "剔除", "线索"):
        assert f'name="{name}"' in sheets
    assert "样本不足" in strings
    assert '<c r="C4"' in first  # 响应率, the second figure
    assert "<f>" not in first


async def test_requests_and_appointments_are_counted_by_how_they_stand(
    db: Database, metrics: MetricsService
) -> None:
    ahead = NOW + timedelta(days=1)
    await _store(
        db,
        replace(GOOD, exclusion_asked="asked", appointment="kept"),
        replace(GOOD, exclusion_asked="granted", excluded="force_majeure", appointment="late"),
        replace(GOOD, exclusion_asked="granted", excluded="force_majeure"),
        replace(GOOD, appointment="kept"),
        replace(GOOD, appointment="waiting"),
        replace(GOOD, appointment="waiting", due_at=ahead, due_day=ahead.date(), org="meal"),
    )
    found = await metrics.dashboard(ACTORS["dispatcher"], NOVEMBER)
    asked = {one["state"]: one["count"] for one in found["exclusions_asked"]}
    assert asked == {"asked": 1, "granted": 2}
    kept = {one["how"]: one["count"] for one in found["appointments"]}
    assert kept == {"kept": 2, "missed": 1}, "what is left out or not over yet is not counted"
    none = await metrics.dashboard(ACTORS["dispatcher"], NOVEMBER, unit="meal")
    assert none["exclusions_asked"] == [] and none["appointments"] == []
