"""A year's themes from the proposal to 回头看, on both databases."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import select

from services.audit.tables import AuditEntryRow
from services.clock import ZONE
from services.context import Services
from services.db import Session
from services.errors import LindaError
from services.lists.service import NewItem
from services.people.model import Staff
from services.themes.service import NewMeasure, NewTheme
from services.themes.tables import ThemeRow
from tests.services.conftest import NOW, TestClock
from tests.services.metrics.test_report import _filed
from tests.services.metrics.test_service import _store
from tests.services.tickets.world import ACTORS

MONTHS = [date(2026, m, 1) for m in range(1, 11)]


def wanted(**given: object) -> NewTheme:
    body = {
        "year": 2026, "month": 7, "title": "楼道灯和下水", "leaves": ("H6", "H7"), "lead": "property",
        "assists": ("urban",), "goal": "整栋查一遍", "target": 3, **given,
    }  # fmt: skip
    return NewTheme.model_validate(body)


async def people(services: Services) -> dict[str, Staff]:
    return {s.id: s for s in await services.people.roster()}


async def filed(services: Services) -> None:
    """H6: ten a month to July, then three; H7: two a month; another community: five a month."""
    scores = [
        s
        for m in MONTHS
        for s in (
            *_filed("H6", m, 10 if m.month <= 7 else 3), *_filed("H7", m, 2),
            *_filed("H6", m, 5, "elsewhere"),
        )
    ]  # fmt: skip
    await _store(services.db, *_filed("H1", date(2025, 10, 1), 20), *scores)


async def refused(code: str, promise: object) -> None:
    with pytest.raises(LindaError) as caught:
        await promise  # type: ignore[misc]
    assert caught.value.code == code


async def test_a_theme_from_the_top_ten_to_looking_again(
    services: Services, clock: TestClock
) -> None:
    await filed(services)
    who, themes = await people(services), services.themes
    supervisor, dispatcher = who["supervisor1"], who["dispatcher1"]
    (proposal,) = await themes.proposals(dispatcher, 2026)
    assert proposal.leaves == ("H6", "H7") and "第1位" in proposal.reason

    made = await themes.propose(supervisor, wanted(), "theme-1")
    assert made == await themes.propose(supervisor, wanted(title="另一题"), "theme-1")
    assert await themes.proposals(supervisor, 2026) == [], "its matters have a theme"
    await refused("leaf_taken", themes.propose(supervisor, wanted(month=8), "theme-2"))
    await refused("role_not_allowed", themes.decide(supervisor, "theme-1", True, "", 1))
    await themes.edit(supervisor, "theme-1", wanted(target=5), 1)
    await refused("version_conflict", themes.decide(dispatcher, "theme-1", True, "", 1))
    await refused("month_over", themes.decide(dispatcher, "theme-1", True, "办公会定的", 2))
    clock.go(datetime(2026, 7, 31, 23, tzinfo=ZONE))
    await themes.decide(dispatcher, "theme-1", True, "办公会定的", 2)
    clock.go(NOW)
    await refused("state_wrong", themes.edit(supervisor, "theme-1", wanted(), 3))

    theme = await themes.one(supervisor, "theme-1")
    # Its own community only: (10 + 2) × 6 before, (3 + 2) × 3 after.
    assert (theme.effect.before, theme.effect.after, theme.effect.reached) == (12, 5, True)
    assert theme.effect.verdict == "falling" and "达到了" in theme.outcome
    assert "楼道灯不亮" in theme.row.reason and "第1位" in theme.row.reason

    await themes.add_measure(
        supervisor, "theme-1", NewMeasure(text="整栋查灯", org="property", due=date(2026, 7, 20)), 3
    )
    measure = (await themes.one(supervisor, "theme-1")).measures[0]
    late = [w.text for w in await themes.due(supervisor)]
    assert late == ["楼道灯和下水：“整栋查灯”过了7月20日还没办好。"]
    assert await themes.due(who["clerk1"]) == [], "the clerk keeps none"
    await refused("measures_open", themes.close(supervisor, "theme-1", "查完了", 4))
    await refused("choice_unknown", themes.move_measure(supervisor, "theme-1", measure.id, "gone", "", 4))  # fmt: skip
    await refused("measure_not_found", themes.move_measure(supervisor, "theme-1", 999, "done", "", 4))  # fmt: skip
    await themes.move_measure(supervisor, "theme-1", measure.id, "done", "三栋", 4)
    assert await themes.due(supervisor) == []
    await refused("summary_missing", themes.close(supervisor, "theme-1", " ", 5))
    await themes.close(supervisor, "theme-1", "灯都换了", 5)

    closed = await themes.one(supervisor, "theme-1")
    assert (closed.row.review_due, closed.waits) == (date(2027, 5, 24), False)
    await refused("too_early", themes.review(supervisor, "theme-1", True, "没再坏", 6))
    clock.go(datetime(2027, 5, 24, 9, tzinfo=ZONE))
    assert (await themes.one(supervisor, "theme-1")).waits
    assert ["回头看" in w.text for w in await themes.due(dispatcher)] == [True]
    await themes.review(supervisor, "theme-1", True, "没再坏", 6)
    assert await themes.due(dispatcher) == []
    done = await themes.one(who["auditor1"], "theme-1")
    assert (done.row.state, done.row.kept) == ("reviewed", True)
    assert [c.what for c in done.changes] == [
        "propose", "edit", "adopt", "measure", "measure", "close", "review",
    ]  # fmt: skip
    assert done.changes[5].figures["after"] == 5, "the figures of that day stay"
    async with services.db.read() as s:
        noted = await s.scalars(
            select(AuditEntryRow.action).where(AuditEntryRow.subject == "theme:theme-1")
        )
    assert {"theme.propose", "theme.adopt", "theme.close", "theme.review"} <= set(noted)


async def test_one_theme_a_month_and_who_sees_which(services: Services) -> None:
    who, themes = await people(services), services.themes
    supervisor, dispatcher = who["supervisor1"], who["dispatcher1"]
    await themes.propose(dispatcher, wanted(month=11), "street-1")
    await themes.propose(dispatcher, wanted(month=11, leaves=("H1", "H2")), "street-2")
    await themes.propose(supervisor, wanted(month=11), "own-1")
    await themes.decide(dispatcher, "street-1", True, "", 1)
    await refused("month_taken", themes.decide(dispatcher, "street-2", True, "", 1))
    await themes.decide(dispatcher, "own-1", True, "", 1)
    await refused("reason_missing", themes.decide(dispatcher, "street-1", False, "", 2))
    await themes.decide(dispatcher, "street-1", False, "明年再做", 2)
    await themes.decide(dispatcher, "street-2", True, "", 1)
    await refused("role_not_allowed", themes.close(supervisor, "street-2", "做完了", 2))
    seen = [t.row.id for t in await themes.of_year(who["clerk1"], 2026)]
    assert seen == ["street-2", "own-1", "street-1"], "what was dropped stands last"
    assert [t.row.id for t in await themes.of_year(dispatcher, 2025)] == []
    await refused("theme_not_found", themes.one(dispatcher, "nothing"))
    for role in ("grid1", "handler1", "trainer1"):
        await refused("role_not_allowed", themes.of_year(who[role], 2026))
    await refused("role_not_allowed", themes.propose(who["clerk1"], wanted(month=9), "own-2"))


async def test_two_who_decide_the_same_month_at_once_make_one_theme(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both would look before either has written, if the first did not hold the month's themes."""
    who, themes = await people(services), services.themes
    street = who["dispatcher1"], who["dispatcher2"]
    await themes.propose(street[0], wanted(month=12), "street-1")
    await themes.propose(street[1], wanted(month=12, leaves=("H1", "H2")), "street-2")
    look, looked, both = themes._month_taken, 0, asyncio.Event()

    async def slowly(s: Session, row: ThemeRow) -> bool:
        nonlocal looked
        found, looked = await look(s, row), looked + 1
        if looked == 2:
            both.set()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(both.wait(), 1)
        return found

    monkeypatch.setattr(themes, "_month_taken", slowly)
    said = await asyncio.gather(
        themes.decide(street[0], "street-1", True, "", 1),
        themes.decide(street[1], "street-2", True, "", 1), return_exceptions=True,
    )  # fmt: skip
    refusals = [e for e in said if isinstance(e, LindaError)]
    assert [e.code for e in refusals] == ["month_taken"] and said.count(None) == 1, said
    states = sorted(t.row.state for t in await themes.of_year(street[0], 2026))
    assert states == ["adopted", "proposed"]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"leaves": ("H6",)}, "leaves_wrong"),
        ({"leaves": ("H6", "H6")}, "leaves_wrong"),
        ({"leaves": ("H1", "H2", "H3", "H4")}, "leaves_wrong"),
        ({"leaves": ("H6", "J3")}, "leaves_wrong"),  # restricted: it would be told of families
        ({"leaves": ("H6", "Z9")}, "leaves_wrong"),
        ({"lead": "nobody"}, "unit_unknown"),
        ({"assists": ("nobody",)}, "unit_unknown"),
        ({"project_id": "demo-need-1"}, "links_wrong"),
    ],
)
async def test_what_is_no_theme(services: Services, given: dict[str, object], code: str) -> None:
    supervisor = (await people(services))["supervisor1"]
    await refused(code, services.themes.propose(supervisor, wanted(**given), "theme-1"))
    assert await services.themes.of_year(supervisor, 2026) == []


async def test_a_theme_is_tied_to_a_project(services: Services, clock: TestClock) -> None:
    supervisor = (await people(services))["supervisor1"]
    project = NewItem(list="project", kind="project", title="装声控灯", owner="supervisor1")
    await services.lists.add(project, ACTORS["supervisor"], "lights-1")
    await services.themes.propose(supervisor, wanted(project_id="lights-1"), "theme-1")
    theme = await services.themes.one(supervisor, "theme-1")
    assert theme.project is not None and theme.project.title == "装声控灯"
    clock.advance(days=1)
    assert theme.row.created_at < clock.now() - timedelta(hours=23)
