"""Visits, clusters, seasons and lists through the pages and the API, on both databases."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from services.config import Settings
from services.context import Services, build
from services.db import Database
from services.tickets.core.actor import SYSTEM, Actor
from services.tickets.core.commands import CreateTicket
from services.tickets.tables import TicketRow
from services.visits.tables import CareTargetRow, CareVisitRow
from tests.services.conftest import NOW
from tests.services.seeded import plant
from tests.services.web.conftest import Client, Token

VISITS, FORESIGHT = "/console/visits", "/console/foresight"
SEASONS, LISTS = "/console/seasons", "/console/lists"
Enter = Callable[[str], Awaitable[Client]]


@pytest.fixture
async def services(db: Database, settings: Settings, cheap_passwords: None) -> Services:
    """As everywhere, but on a certain day: how a month went hangs on where in it we are."""
    built = build(settings.model_copy(update={"rasa_url": "http://127.0.0.1:9"}), db)
    await built.clock.set(db, NOW)
    await plant(built)
    return built


@pytest.fixture
def enter(client: Client, services: Services) -> Enter:
    async def go(username: str) -> Client:
        form = {"username": username, "password": services.settings.demo_password}
        answer = await client.post("/console/login", data=form, allow_redirects=False)
        assert answer.status == 303
        return client

    return go


async def text(client: Client, path: str, status: int = 200) -> str:
    answer = await client.get(path)
    body = await answer.text()
    assert answer.status == status, body
    return body


def form_of(page: str) -> str:
    found = re.search(r'name="form" value="([^"]+)"', page)
    assert found, page
    return found[1]


async def test_a_visit_is_kept_once_and_a_need_is_a_ticket(
    enter: Enter, services: Services
) -> None:
    client = await enter("grid1")
    page = await text(client, VISITS)
    assert "宋桂兰" in page and "白凤琴" not in page, "the other worker's grid"
    await text(client, f"{VISITS}/demo-elder-6", 404)
    one = await text(client, f"{VISITS}/demo-elder-1")
    assert "0439-00000201" not in one
    filled = {
        "form": form_of(one), "way": "door", "reached": "yes", "state": "weaker",
        "note": "腿肿了", "need": "卫生间灯坏了，老人怕摔",
    }  # fmt: skip
    for _ in range(2):
        answer = await client.post(f"{VISITS}/demo-elder-1/visit", data=filled)
        done = await answer.text()
        assert answer.status == 200 and "需要办的事已建单" in done and "腿肿了" in done
    async with services.db.read() as s:
        filed = list(await s.scalars(select(TicketRow)))
        kept = await s.get(CareVisitRow, filled["form"])
        row = await s.get(CareTargetRow, "demo-elder-1")
    assert len(filed) == 1 and filed[0].doc["channel"] == "patrol"
    assert filed[0].grid_id == "qinghe-g1" and "宋桂兰" not in str(filed[0].doc)
    assert kept and kept.ticket_no == filed[0].ticket_no
    assert "腿肿" not in (kept.note_enc or "") and row and "宋" not in row.name_enc
    again = await client.post(f"{VISITS}/demo-elder-2/visit", data=filled)
    assert again.status == 409, "the form belongs to another elder"


async def test_who_writes_down_a_no_is_told_before_that_the_notes_go(
    enter: Enter, services: Services
) -> None:
    client = await enter("grid1")
    path = f"{VISITS}/demo-elder-1"
    filled = {
        "form": form_of(await text(client, path)), "way": "door", "reached": "yes",
        "state": "weaker", "note": "腿肿了", "need": "血压计坏了，头晕",
    }  # fmt: skip
    assert (await client.post(f"{path}/visit", data=filled)).status == 200
    page = await text(client, path)
    before, button = page.split("马上清除，找不回来", 1)[0], page.split("马上清除，找不回来", 1)[1]
    assert "愿不愿意被探访" in before and "<button" in button and "腿肿了" in page
    said = {
        "form": form_of(page), "answer": "withdrawn", "said_by": "self", "how": "oral",
        "day": str(services.clock.now().date()),
    }  # fmt: skip
    for _ in range(2):
        after = await (await client.post(f"{path}/consent", data=said)).text()
        assert "腿肿了" not in after and "比上次差" not in after.split("探访记录")[1]
    async with services.db.read() as s:
        (filed,) = list(await s.scalars(select(TicketRow)))
    assert "头晕" not in str(filed.doc)


async def test_a_visit_without_meeting_anybody_does_not_count(
    enter: Enter, services: Services
) -> None:
    client = await enter("grid1")
    path = f"{VISITS}/demo-elder-4"
    filled = {"form": form_of(await text(client, path)), "way": "door", "reached": "yes"}
    refused = await client.post(f"{path}/visit", data={**filled, "note": "写了一半"})
    page = await refused.text()
    assert refused.status == 422 and "老人怎么样" in page and "写了一半" in page
    await client.post(f"{path}/visit", data={**filled, "reached": "no"})
    assert "没见到" in await text(client, path)
    async with services.db.read() as s:
        kept = await s.get(CareVisitRow, filled["form"])
    assert kept and not kept.counts and kept.state is None
    old = await client.post(f"{path}/visit", data={**filled, "form": ""})
    assert old.status == 422


async def test_phones_are_shown_with_a_reason_that_stays(enter: Enter, services: Services) -> None:
    client = await enter("grid1")
    path = f"{VISITS}/demo-elder-1/phone"
    refused = await client.post(path, data={"reason": " "})
    assert refused.status == 422 and "0439-00000201" not in await refused.text()
    shown = await client.post(path, data={"reason": "上门前说一声"})
    assert "0439-00000201" in await shown.text()
    entries = await services.audit.entries()
    assert ("elder:demo-elder-1", "上门前说一声") in {(e.subject, e.reason) for e in entries}
    client = await enter("supervisor1")
    assert (await client.post(path, data={"reason": "看看"})).status == 403
    assert "宋桂兰" not in await text(client, VISITS)


async def test_the_rate_with_exceptions_apart(enter: Enter, as_staff: Token) -> None:
    client = await enter("auditor1")
    page = await text(client, f"{VISITS}/figures")
    # Of six, four were visited this month; one has been in hospital for 21 of 24 days.
    assert "4/6" in page and "66.7%" in page and "宋桂兰" not in page
    await text(client, VISITS, 403)
    await text(client, f"{VISITS}/figures?month=soon", 422)
    client.session.cookie_jar.clear()
    answer = await client.get("/api/v1/visits/figures", headers=await as_staff("grid2"))
    (grid,) = (await answer.json())["grids"]
    assert (grid["grid_id"], grid["visited"], grid["rate"]) == ("qinghe-g4", 1, 1.0)


async def test_away_back_alert_and_leaving(enter: Enter, services: Services) -> None:
    client = await enter("clerk1")
    path = f"{VISITS}/demo-elder-3"
    today = services.clock.now().date()
    wrong = {"form": form_of(await text(client, path)), "kind": "away", "starts": str(today)}
    refused = await client.post(f"{path}/away", data={**wrong, "until": str(today - timedelta(1))})
    assert refused.status == 422 and "早了" in await refused.text()
    assert (
        '<span class="flag">外出</span>'
        in await (await client.post(f"{path}/away", data=wrong)).text()
    )
    await client.post(f"{path}/back")
    heard = {"form": form_of(await text(client, path)), "kind": "discharged"}
    await client.post(f"{path}/alert", data=heard)
    clerk = Actor("staff", "clerk1", "clerk", "community", "qinghe-c1")
    elder = next(e for e in await services.visits.elders(clerk) if e.id == "demo-elder-3")
    assert elder.due.why == "alert"
    assert elder.due.at - services.clock.now() <= timedelta(hours=24)
    assert (await client.post(f"{path}/leave", data={"why": ""})).status == 422
    await client.post(f"{path}/leave", data={"why": "搬去女儿家了"})
    assert "demo-elder-3" not in await text(client, VISITS)


async def test_a_clerk_adds_an_elder_of_the_own_community(enter: Enter) -> None:
    client = await enter("clerk1")
    page = await text(client, f"{VISITS}/new")
    wanted = {
        "form": form_of(page), "name": "佟大爷", "building_id": "tiebei-2", "door": "1单元102",
        "kinds": "alone", "risk": "high",
    }  # fmt: skip
    refused = await client.post(f"{VISITS}/new", data={**wanted, "building_id": "nowhere"})
    assert refused.status == 422 and "佟大爷" in await refused.text()
    assert "佟大爷" in await (await client.post(f"{VISITS}/new", data=wanted)).text()
    client = await enter("grid2")
    assert "佟大爷" in await text(client, VISITS)
    assert (await client.post(f"{VISITS}/new", data=wanted)).status == 403


async def test_reminders_come_once_a_day_and_are_put_away(enter: Enter, services: Services) -> None:
    written = await services.visits.work()
    assert written >= 1 and await services.visits.work() == 0
    client = await enter("grid1")
    assert "过了该探访的时间" in await text(client, VISITS)
    await client.post(f"{VISITS}/seen")
    assert "过了该探访的时间" not in await text(client, VISITS)


@pytest.mark.parametrize(
    ("who", "sees"),
    [
        ("grid1", True),
        ("supervisor1", True),
        ("clerk1", True),
        ("dispatcher1", False),
        ("handler1", False),
    ],
)
async def test_visits_that_are_due_stand_beside_the_reminders_of_the_clock(
    enter: Enter, services: Services, who: str, sees: bool
) -> None:
    await services.visits.work()
    client = await enter(who)
    page = await text(client, "/console/reminders")
    assert ("该去探访的" in page and "过了该探访的时间" in page) is sees
    assert "没有要提醒的" in page, "the clock of the tickets has nothing to say"
    if sees:
        await client.post(f"{VISITS}/seen")
        assert "该去探访的" not in await text(client, "/console/reminders")


@pytest.mark.parametrize(
    ("who", "says"),
    [("admin1", "只给办事的人看"), ("trainer1", "只给办事的人看"), ("clerk1", "这里还没有工单")],
)
async def test_an_empty_page_of_tickets_says_why(enter: Enter, who: str, says: str) -> None:
    client = await enter(who)
    assert says in await text(client, "/console/tickets")
    filtered = await text(client, "/console/tickets?q=没有这样的话")
    assert ("只给办事的人看" in filtered) is (who != "clerk1")


async def report(
    services: Services, n: int, leaf: str = "H6", building: str = "songjiang-3"
) -> str:
    """File what a household of its own says about a building."""
    filed = await services.tickets.create(
        CreateTicket(
            conversation_id=f"c-{building}-{leaf}-{n}", leaf=leaf, narrative=f"楼道灯不亮{n}",
            place={"building_id": building},
        ),
        SYSTEM,
    )  # fmt: skip
    return str(filed["ticket_no"])


async def test_a_cluster_is_dismissed_until_it_grows_and_then_a_ticket(
    enter: Enter, services: Services
) -> None:
    client = await enter("clerk1")
    for n in range(2):
        await report(services, n)
    assert "没有突然多起来的事" in await text(client, FORESIGHT)
    number = await report(services, 2)
    page = await text(client, FORESIGHT)
    assert "最近7天，松江花园3号楼有3户反映（3件），前4周平均每周0户" in page and number in page
    key = "H6:building:songjiang-3"
    assert (await client.post(f"{FORESIGHT}/dismiss", data={"key": key, "words": ""})).status == 422
    page = await (
        await client.post(f"{FORESIGHT}/dismiss", data={"key": key, "words": "物业在换"})
    ).text()
    assert "未诉先办（0）" in page and "不用办，物业在换" in page
    await report(services, 3)
    assert "未诉先办（0）" in await text(client, FORESIGHT), "one household more is not enough"
    await report(services, 4)
    assert "后来又多了2户" in await text(client, FORESIGHT)
    filed = await client.post(f"{FORESIGHT}/file", data={"key": key, "words": "整栋的灯都看一遍"})
    assert filed.status == 200 and "/console/tickets/" in str(filed.url)
    gone = await client.post(f"{FORESIGHT}/file", data={"key": key, "words": "再建一件"})
    assert gone.status == 404
    async with services.db.read() as s:
        channels = [t.doc["channel"] for t in await s.scalars(select(TicketRow))]
    assert channels.count("hotspot") == 1 and "已建单" in await text(client, FORESIGHT)
    await text(await enter("grid1"), FORESIGHT, 403)


async def test_what_is_restricted_is_in_no_cluster(services: Services, enter: Enter) -> None:
    for n in range(4):
        await report(services, n, leaf="J3")
    assert "未诉先办（0）" in await text(await enter("dispatcher1"), FORESIGHT)


async def test_a_season_is_checked_off_in_the_own_grid(enter: Enter, services: Services) -> None:
    client = await enter("grid1")
    assert "供暖" in await text(client, SEASONS)
    done = {"check": "elders", "grid": "qinghe-g1", "found": "5号楼有一户不热"}
    page = await (await client.post(f"{SEASONS}/heating/check", data=done)).text()
    assert "王秀英查过，5号楼有一户不热" in page
    other = {**done, "grid": "qinghe-g6"}
    assert (await client.post(f"{SEASONS}/heating/check", data=other)).status == 404
    assert (await client.post(f"{SEASONS}/flood/check", data=done)).status == 404
    assert (await client.post(f"{SEASONS}/heating/publish")).status == 403
    client = await enter("clerk1")
    assert "5号楼有一户不热" in await text(client, SEASONS)
    for _ in range(2):
        assert (await client.post(f"{SEASONS}/heating/publish")).status == 200
    said = (await services.information.answer("供暖有啥通知")).texts
    assert sum("摸一摸进水管" in t for t in said) == 1


async def test_the_board_from_ticket_to_done(enter: Enter, services: Services) -> None:
    number = await report(services, 1)
    client = await enter("supervisor1")
    for _ in range(2):
        page = await (await client.post(f"{LISTS}/from-ticket", data={"ticket_no": number})).text()
        assert page.count(f'href="/console/tickets/{number}"') == 1
    new = {
        "form": form_of(page), "kind": "project:project", "title": "楼道灯整栋换新",
        "owner": "supervisor1", "links": [f"need-{number}", "demo-resource-2"],
    }  # fmt: skip
    assert "楼道灯整栋换新" in await (await client.post(LISTS, data=new)).text()
    bad = await client.post(LISTS, data={**new, "kind": "need:demand", "form": "another-form"})
    assert bad.status == 422 and "只有项目能连" in await bad.text()
    move = {"state": "done", "note": "换完了", "version": "1"}
    assert (await client.post(f"{LISTS}/{new['form']}", data=move)).status == 200
    stale = await client.post(f"{LISTS}/{new['form']}", data=move)
    assert stale.status == 409 and "有人改过" in await stale.text()
    over = await text(client, f"{LISTS}?over=true")
    assert "待对接 → 已满足，楼道灯整栋换新" in over and "换完了" in over
    client = await enter("grid1")
    assert "四点半课堂" in await text(client, LISTS)
    assert (await client.post(f"{LISTS}/demo-need-2", data=move)).status == 403
    await text(await enter("vendor1"), LISTS, 403)


async def test_the_api_answers_the_same(
    client: Client, services: Services, as_staff: Token
) -> None:
    grid, clerk = await as_staff("grid1"), await as_staff("clerk1")
    listed = await (await client.get("/api/v1/visits", headers=grid)).json()
    assert {e["grid_id"] for e in listed["elders"]} <= {"qinghe-g1", "qinghe-g2", "qinghe-g3"}
    body = {"id": "visit-by-api", "way": "door", "reached": True, "state": "well"}
    kept = await client.post("/api/v1/visits/demo-elder-1", json=body, headers=grid)
    assert kept.status == 201 and await kept.json() == {"ticket_no": None}
    for n in range(3):
        await report(services, n)
    (one,) = (await (await client.get("/api/v1/foresight", headers=clerk)).json())["waiting"]
    await services.foresight.warn()
    told = (await (await client.get("/api/v1/reminders", headers=clerk)).json())["rising"]
    assert [(t["key"], t["step"], t["households"]) for t in told] == [(one["key"], 1, 3)]
    filed = await client.post(
        "/api/v1/foresight/file", json={"key": one["key"], "words": "去看看"}, headers=clerk
    )
    assert filed.status == 201 and (await filed.json())["ticket_no"]
    item = {"list": "resource", "kind": "venue", "title": "门球场", "owner": "clerk1"}
    made = await client.post(
        "/api/v1/lists", json=item, headers={**clerk, "Idempotency-Key": "gateball-1"}
    )
    assert made.status == 201
    board = await (await client.get("/api/v1/lists", headers=clerk)).json()
    assert "门球场" in {i["title"] for i in board["resource"]}
    line = (await made.json())["id"]
    moved = await client.post(
        f"/api/v1/lists/{line}", json={"state": "busy", "version": 1}, headers=clerk
    )
    assert moved.status == 200
    assert (await client.get("/api/v1/foresight", headers=grid)).status == 403
