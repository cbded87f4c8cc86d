"""Reports of a day to a year and the months in a row, worked out by hand; on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from services.clock import ZONE
from services.db import Database
from services.errors import LindaError
from services.metrics import trends
from services.metrics.params import TrendRule
from services.metrics.periods import around, months_on, period_of
from services.metrics.report import change_of, changed, comparable, compared, name_of, rows_of
from services.metrics.score import Score
from services.metrics.service import MetricsService
from services.metrics.workbook import courses, report_book
from services.tickets.core.actor import Actor
from tests.services.conftest import NOW, TestClock
from tests.services.metrics.sheets import rows_of as sheets_of
from tests.services.metrics.test_service import GOOD, _store
from tests.services.tickets.world import ACTORS

YEAR = around("year", NOW.date())
RULE = TrendRule(months=12, span=3, least=20, share=0.25, rare=0.05, top=10)
OCTOBER = date(2026, 10, 1)


@pytest.mark.parametrize(
    ("kind", "label", "first", "last", "before", "year_ago"),
    [
        ("day", "2026年11月24日", "11-24", "11-24", "2026-11-23", "2025-11-24"),
        ("month", "2026年11月", "11-01", "11-30", "2026-10-01", "2025-11-01"),
        ("quarter", "2026年第4季度", "10-01", "12-31", "2026-07-01", "2025-10-01"),
        ("year", "2026年", "01-01", "12-31", "2025-01-01", "2025-01-01"),
    ],
)
def test_the_period_around_a_day(
    kind: Any, label: str, first: str, last: str, before: str, year_ago: str
) -> None:
    found = around(kind, NOW.date())
    assert (found.label, f"{found.first:%m-%d}", f"{found.last:%m-%d}") == (label, first, last)
    assert (f"{found.before.first}", f"{found.last_year.first}") == (before, year_ago)
    assert found.last_year.kind == kind and period_of(kind, NOW.date(), None, NOW.date()) == found


def test_what_of_a_year_ago_a_period_is_compared_with() -> None:
    assert around("month", date(2024, 2, 9)).last_year.last == date(2023, 2, 28)
    assert around("month", date(2025, 2, 9)).last_year.last == date(2024, 2, 29)
    monday = around("week", date(2026, 11, 24)).last_year
    assert (monday.first, monday.last) == (date(2025, 11, 24), date(2025, 11, 30))
    so_far = YEAR.until(NOW.date())
    assert (so_far.last_year.first, so_far.last_year.last) == (date(2025, 1, 1), date(2025, 11, 24))
    assert around("year", date(2025, 3, 1)).until(NOW.date()).kind == "year", "it is over"


def test_a_year_is_told_by_months_a_month_by_weeks() -> None:
    assert [p.first.month for p in rows_of(YEAR, NOW.date())] == list(range(1, 12)), "not December"
    assert [p.first.month for p in rows_of(around("quarter", NOW.date()), NOW.date())] == [10, 11]
    weeks = rows_of(around("month", date(2026, 10, 9)), NOW.date())
    assert [(p.first.day, p.last.day) for p in weeks] == [(1, 4), (5, 11), (12, 18), (19, 25), (26, 31)]  # fmt: skip
    assert rows_of(around("day", NOW.date()), NOW.date()) == []
    assert [name_of(weeks[0]), name_of(YEAR)] == ["10月1日至10月4日", "1月1日至12月31日"]
    assert [name_of(p) for p in rows_of(around("week", NOW.date()), NOW.date())] == ["11月23日", "11月24日"]  # fmt: skip
    assert name_of(rows_of(YEAR, NOW.date())[2]) == "3月"


def test_a_year_ago_counts_only_when_it_was_kept() -> None:
    assert (
        comparable(YEAR.last_year, None) == comparable(YEAR.last_year, NOW.date()) == "去年没有数据"
    )
    assert "2025年8月12日" in comparable(YEAR.last_year, date(2025, 8, 12))
    assert comparable(YEAR.last_year, date(2025, 1, 1)) == ""


def test_changes_in_words() -> None:
    assert change_of(30, 20, 20) == "+10（+50%）"
    assert change_of(30, 19, 20) == "+11", "of a small number no share"
    now = {"form": "percent", "value": 0.8, "denominator": 50}
    old = {"form": "percent", "value": 0.757, "denominator": 40}
    assert changed(now, old, 20) == "+4.3个百分点"
    assert changed(now, {**old, "denominator": 19}, 20) == "分母少于20，不比"
    assert changed(now, {**old, "value": None}, 20) == "—"


@pytest.mark.parametrize(("now", "then"), [(True, False), (False, True)])
def test_rates_are_compared_only_from_enough_answers_of_both_years(now: bool, then: bool) -> None:
    figure = {"label": "", "text": "90.0%", "form": "percent", "value": 0.9, "denominator": 50}
    figures = [{**figure, "key": "solved"}, {**figure, "key": "in_time"}]
    before = {"enough": then, "figures": [{**f, "value": 0.8, "text": "80.0%"} for f in figures]}
    found = {c["key"]: c["change"] for c in compared(figures, before, now, 20)}
    assert found == {"solved": "样本不足", "in_time": "+10.0个百分点"}


@pytest.mark.parametrize(
    ("recent", "before", "verdict"),
    [
        (20, 8, "rising"),  # P(20 or more of 28 | ½) = 0.018
        (8, 20, "falling"),
        (15, 8, "level"),  # nearly twice as many, but P(15 or more of 23 | ½) = 0.105
        (200, 180, "level"),  # no quarter more
        (200, 159, "rising"),  # a quarter more; P(200 or more of 359 | ½) = 0.017
        (12, 7, "few"),  # 19 together
        (0, 0, "few"),
        (None, 5, "short"),
    ],
)
def test_small_numbers_are_no_trend(recent: int | None, before: int, verdict: str) -> None:
    assert trends.compared(recent, before, 92, 92, RULE).key == verdict


def test_a_short_month_is_no_fall() -> None:
    # 28 days against 31: as many a day is level, though 10 % fewer.
    assert trends.compared(2800, 3100, 28, 31, RULE).key == "level"
    assert trends.compared(2800, 3900, 28, 31, RULE).key == "falling"  # 100 a day, 126
    assert trends.compared(2800, 3400, 28, 31, RULE).key == "level"  # 100 a day, 110


def test_months_before_the_first_ticket_are_no_zeros() -> None:
    counts = {date(2026, 3, 1): 4, date(2026, 4, 1): 9, OCTOBER: 11}
    found = trends.course(counts, OCTOBER, date(2026, 3, 20), RULE)
    assert found.months == (None, None, None, None, 4, 9, 0, 0, 0, 0, 0, 11)
    assert (found.total, found.verdict.key, found.verdict.recent, found.verdict.before) == (24, "few", 11, 0)  # fmt: skip
    assert (found.year_ago, found.season.key) == (None, "short")
    late = trends.course(counts, OCTOBER, date(2026, 5, 2), RULE)
    assert late.verdict.key == "short", "May was not kept from its first day on"
    assert trends.course(counts, OCTOBER, date(2026, 5, 1), RULE).verdict.key == "few"


def _filed(leaf: str, month: date, count: int, community: str = "qinghe-c1") -> list[Score]:
    at = datetime(month.year, month.month, 5, 10, tzinfo=ZONE)
    due = at + timedelta(days=4)
    return [
        replace(GOOD, leaf=leaf, community_id=community, created_at=at, due_at=due, due_day=due.date())
        for _ in range(count)
    ]  # fmt: skip


async def _two_years(db: Database) -> None:
    """H6: 8 in May to July, 20 in August to October; 30 last October. H1: 25 in both years' March."""
    await _store(
        db, *_filed("H6", date(2024, 12, 1), 1), *_filed("H6", date(2025, 10, 1), 30),
        *_filed("H1", date(2025, 3, 1), 25), *_filed("H1", date(2026, 3, 1), 25, "qinghe-c2"),
        *_filed("H6", date(2026, 6, 1), 8), *_filed("H6", date(2026, 8, 1), 12),
        *_filed("H6", OCTOBER, 8), *_filed("H6", date(2026, 11, 1), 2),
        *_filed("J3", date(2026, 9, 1), 3),
    )  # fmt: skip


async def test_trends_by_hand(db: Database, metrics: MetricsService, clock: TestClock) -> None:
    await _two_years(db)
    for summed in (False, True):
        while summed and await metrics.refresh():
            clock.advance(minutes=1)
        found = await metrics.trends(ACTORS["dispatcher"])
        lines = {m["key"]: m for m in found["matters"]}
        assert set(lines) == {"H6", "H1"}, "violence at home has no line of its own"
        h6 = lines["H6"]
        assert found["months"][0] == date(2025, 11, 1) and found["months"][-1] == OCTOBER
        assert h6["months"] == [0, 0, 0, 0, 0, 0, 0, 8, 0, 12, 0, 8]
        assert (h6["verdict"], h6["so_far"], h6["year_ago"]) == ("rising", 2, 30)
        assert h6["said"] == "上升：近3个月20件，再前3个月8件"
        assert h6["season"] == "比去年同月少", "8 against 30"
        assert (lines["H1"]["verdict"], lines["H1"]["total"]) == ("few", 25)
        places = {p["key"]: p["total"] for p in found["places"]}
        assert places == {"qinghe-c1": 31, "qinghe-c2": 25}
        narrowed = await metrics.trends(ACTORS["dispatcher"], leaf="H6")
        assert {p["key"]: p["total"] for p in narrowed["places"]} == {"qinghe-c1": 28}


async def test_the_report_of_a_year_by_hand(db: Database, metrics: MetricsService) -> None:
    await _two_years(db)
    found = await metrics.report(ACTORS["dispatcher"], YEAR)
    assert (found["title"], found["so_far"]["last"]) == ("年报", NOW.date())
    assert found["before"]["period"]["label"] == "2025-01-01 至 2025-11-24"
    values = {c["key"]: c for c in found["compared"]}
    # 25 + 8 + 12 + 8 + 2 + 3 this year, 25 + 30 the year before.
    assert (values["filed"]["text"], values["filed"]["before"]) == ("58", "55")
    assert values["filed"]["change"] == "+3（+5%）"
    assert values["in_time"]["change"] == "一样"
    rows = {r["name"]: r["figures"]["filed"]["value"] for r in found["rows"]}
    assert rows["3月"] == 25 and rows["8月"] == 12 and rows["2月"] == 0 and "12月" not in rows
    by_month = {r["name"]: r["figures"]["solved"]["text"] for r in found["rows"]}
    assert by_month["3月"] == "100.0%" and by_month["8月"] == "样本不足", "12 answers are no sample"
    top = [(t["place"], t["key"], t["filed"], t["before"], t["change"], t["said"]) for t in found["top"]]  # fmt: skip
    assert top[:2] == [
        (1, "H6", 30, 30, "一样", "和去年差不多"), (2, "H1", 25, 25, "一样", "和去年差不多"),
    ]  # fmt: skip
    assert top[2][1:] == ("J3", 3, 0, "+3", "件数少，不比")
    assert found["trends"]["months"][-1] == OCTOBER
    assert [f["key"] for f in found["put_right"]][:2] == ["rectified", "bad_called"]
    data = {f["key"]: f["value"] for f in (await metrics.dashboard(ACTORS["dispatcher"], YEAR))["figures"]}  # fmt: skip
    assert {f["key"]: f["value"] for f in found["figures"]} == data, "the figures of the data page"


async def test_without_a_year_before_nothing_is_compared(
    db: Database, metrics: MetricsService
) -> None:
    await _store(db, *_filed("H6", OCTOBER, 3))
    found = await metrics.report(ACTORS["auditor"], YEAR)
    assert found["before"]["why_not"] == "去年没有数据" and found["compared"] == []
    assert [(t["before"], t["change"], t["said"]) for t in found["top"]] == [(None, "—", "")]
    assert sheets_of(report_book(found))["和去年比"][1:] == [["去年没有数据"]]


async def test_the_report_as_a_workbook(db: Database, metrics: MetricsService) -> None:
    await _two_years(db)
    book = sheets_of(report_book(await metrics.report(ACTORS["dispatcher"], YEAR)))
    assert book["总表"][0] == ["2026年年报"]
    assert ["收到诉求", "58", "55", "+3（+5%）"] in book["和去年比"]
    march = next(r for r in book["分段"] if r[0] == "3月")
    assert march[1] == 25, "what was filed stands first"
    assert book["最多的事项"][1][:3] == [1, "楼道灯不亮", 30]
    (line,) = [r for r in book["事项走势"] if r[0] == "楼道灯不亮"]
    assert line[8:13] == [8, 0, 12, 0, 8]
    assert "上升：近3个月20件，再前3个月8件" in line
    one = sheets_of(courses(await metrics.trends(ACTORS["clerk"])))
    assert list(one) == ["事项走势", "社区走势"]


async def test_who_reads_reports_and_trends(db: Database, metrics: MetricsService) -> None:
    await _two_years(db)
    for role in ("grid", "clerk", "handler", "vendor", "callback", "trainer", "admin"):
        with pytest.raises(LindaError, match="role_not_allowed"):
            await metrics.report(ACTORS[role], YEAR)
        if role != "clerk":
            with pytest.raises(LindaError, match="role_not_allowed"):
                await metrics.trends(ACTORS[role])
    own = await metrics.report(ACTORS["supervisor"], YEAR)
    assert {t["key"] for t in own["top"]} == {"H6", "J3"}, "March's was another community's"
    seen: Actor = ACTORS["clerk"]
    assert [p["key"] for p in (await metrics.trends(seen))["places"]] == ["qinghe-c1"]
    for role in ("supervisor", "clerk"):
        with pytest.raises(LindaError, match="out_of_scope"):
            await metrics.trends(ACTORS[role], community="qinghe-c2")
    assert months_on(OCTOBER, -12) == date(2025, 10, 1)
