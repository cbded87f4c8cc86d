"""工作日历 and 时限提醒 in the console, on the real services: looked at, brought in, told, seen."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from datetime import date, datetime

import pytest
from sqlalchemy import select

from services.clock import ZONE
from services.context import Services
from services.outbox.worker import run_due
from services.tickets.core.actor import SYSTEM, Actor, resident
from services.tickets.core.commands import CreateTicket
from services.tickets.core.notices import read_notice
from services.tickets.tables import CalendarNoticeRow
from tests.services.web.conftest import Client

PATH = "/console/calendar"
NOTICE = """
year: 2027
source: 2027年放假安排的通知
holidays:
  - {name: 元旦, from: 2026-12-31, to: 2027-01-03}
workdays:
  - {date: 2026-12-27, for: 元旦}
"""
Enter = Callable[[str], Awaitable[Client]]


@pytest.fixture
def enter(client: Client, services: Services) -> Enter:
    async def go(username: str) -> Client:
        form = {"username": username, "password": services.settings.demo_password}
        answer = await client.post("/console/login", data=form, allow_redirects=False)
        assert answer.status == 303
        return client

    return go


async def at(services: Services, text: str) -> None:
    """Make it that time."""
    await services.clock.set(services.db, datetime.fromisoformat(text).replace(tzinfo=ZONE))


@pytest.fixture(autouse=True)
async def turn_of_the_year(services: Services) -> None:
    await at(services, "2026-12-30T10:00")


async def filed(services: Services) -> tuple[str, str]:
    """A dark stairwell, reported in a conversation: its number and the conversation."""
    here = (await services.channels.open_session()).session_id
    place = {"compound_id": "xingfu", "building_id": "xingfu-3", "unit": "2"}
    request = CreateTicket(conversation_id=here, leaf="H6", narrative="楼道灯坏了", place=place)
    view = await services.tickets.create(request, resident(here))
    return str(view["ticket_no"]), here


async def test_a_notice_is_looked_at_and_then_brought_in(enter: Enter, services: Services) -> None:
    number, _ = await filed(services)
    client = await enter("admin1")
    page = await (await client.get(PATH)).text()
    assert "2027年放假安排尚未录入" in page and "2026年" in page
    looked = await client.post(PATH, data={"text": NOTICE, "do": "preview"})
    page = await looked.text()
    assert looked.status == 200 and "有2天变了" in page and "1件没办完的工单时限会动" in page
    assert number in page and "办理时限由1月7日10:00改为1月8日10:00" in page and "没有春节" in page
    assert 2027 not in services.tickets.calendar.years, "looking at it changes nothing"
    found = re.search(r'name="seen" value="([0-9a-f]+)"', page)
    assert found
    typed = {"text": NOTICE, "do": "apply", "seen": found[1]}
    other = await client.post(
        PATH, data={**typed, "text": NOTICE.replace("2026-12-27", "2027-01-09")}
    )
    assert other.status == 409 and "请先看一看" in await other.text()
    applied = await client.post(PATH, data=typed)
    page = await applied.text()
    assert applied.status == 200 and "尚未录入" not in page and "1件工单的时限变了" in page
    view = await services.tickets.get(number, SYSTEM)
    assert view["due_at"][:16] == "2027-01-08T10:00"
    async with services.db.read() as s:
        rows = (await s.scalars(select(CalendarNoticeRow))).all()
    assert [(r.year, r.by, r.moved) for r in rows] == [(2027, "admin1", 1)]
    assert "2027年放假安排" in page


async def test_what_is_no_notice_comes_back_with_a_sentence(
    enter: Enter, services: Services
) -> None:
    client = await enter("admin1")
    answer = await client.post(PATH, data={"text": "<b>年</b>", "do": "apply"})
    page = await answer.text()
    assert answer.status == 422 and "读不懂" in page and "&lt;b&gt;" in page
    answer = await client.post(PATH, data={"text": NOTICE.replace("2027年放假安排的通知", "''")})
    assert answer.status == 422 and "依据哪份通知" in await answer.text()
    assert 2027 not in services.tickets.calendar.years


async def test_only_administrators_bring_in_notices(enter: Enter) -> None:
    client = await enter("clerk1")
    assert (await client.get(PATH)).status == 403
    assert (await client.post(PATH, data={"text": NOTICE})).status == 403


async def test_residents_are_told_that_the_day_moved(services: Services) -> None:
    _, here = await filed(services)
    await run_due(services)
    await services.tickets.take_notice(read_notice(NOTICE), "admin1")
    await run_due(services)
    said = [str(m.text) for m in (await services.channels.history(here)).messages]
    moved = [text for text in said if "放假安排有更新" in text]
    assert len(moved) == 1 and "原来说1月7日10:00前，现在改到1月8日10:00前。" in moved[0]


async def test_the_kitchen_is_closed_on_the_days_of_a_notice(services: Services) -> None:
    eve = date(2026, 12, 31)
    assert services.catalogue.meal_closed(eve, "lunch") is None
    await services.tickets.take_notice(read_notice(NOTICE), "admin1")
    assert services.catalogue.meal_closed(eve, "lunch") == "元旦放假"
    status = services.catalogue.meal_status(eve, "lunch")
    assert not status["open"] and "元旦放假" in status["reason"]


async def test_a_reminder_is_for_who_has_it_in_hand_and_goes_when_seen(
    enter: Enter, services: Services
) -> None:
    number, _ = await filed(services)
    grid = Actor("staff", "grid1", "grid", "grid", "qinghe-c1", ("qinghe-g1",))
    await services.tickets.act(number, "sign", {}, grid)
    await at(services, "2027-01-04T15:00")
    await run_due(services)
    await run_due(services)
    client = await enter("grid1")
    page = await (await client.get("/console/reminders")).text()
    assert "时限提醒（1）" in page and number in page and "时限用了一半" in page
    (id,) = re.findall(r'action="/console/reminders/(\d+)"', page)
    seen = await client.post(f"/console/reminders/{id}")
    assert "没有要提醒的" in await seen.text()
    assert (await client.post("/console/reminders/999999")).status == 404
    assert (await client.post("/console/reminders/x")).status == 404


async def test_the_supervisor_sees_what_is_late_and_others_do_not(
    enter: Enter, services: Services
) -> None:
    number, _ = await filed(services)
    await at(services, "2026-12-30T14:00")
    await run_due(services)
    client = await enter("supervisor1")
    page = await (await client.get("/console/reminders")).text()
    assert "签收超时" in page and number in page
    client = await enter("dispatcher1")
    assert number not in await (await client.get("/console/reminders")).text()
