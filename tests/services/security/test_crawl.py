"""Every page and every answer of the staff's interfaces, read by everybody: nowhere is the reporter named.

Domain rule (roles and permissions): name and phone of a reporter are masked for each role until one
reveals them for a reason, which no GET does; the room is shown to the unit that goes there, and to
nobody else. New routes are taken in by themselves; one whose parameters nothing fills is a fault.
"""

from __future__ import annotations

import asyncio
import io
import re
import zipfile
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest
from sqlalchemy import select

from services.catalogue.files import read
from services.channels.tables import HandoffRow
from services.context import Services
from services.outbox.worker import run_due
from services.people.model import Staff
from services.seed.files import AccountsFile
from services.themes.service import NewTheme
from services.tickets.core.actor import SYSTEM, Actor
from services.tickets.core.commands import CreateTicket
from services.training.heard_tables import GroupRow, HeardRow
from services.training.model_tables import ModelRow, RunRow
from services.visits.tables import CareTargetRow
from services.web.routing import DECLARATIONS
from services.webhooks.service import NewWebhook
from tests.services.exchange.conftest import HEADS, csv
from tests.services.security.conftest import Client, Token, open_chat
from tests.services.security.test_access import photo

NAME, PHONE, ROOM = "司马桂香", "13712349876", "7788"
SAID = f"我叫{NAME}，电话{PHONE}，楼道灯坏了好几天了"
PLACE = {"compound_id": "xingfu", "building_id": "xingfu-3", "unit": "2", "room": ROOM}
ADMIN = Staff("admin1", "韩工", "admin", "street")
CLERK = Staff("clerk1", "赵敏", "clerk", "community", "qinghe-c1")
SHA = "a" * 64
TICKETS: Mapping[str, dict[str, Any]] = {
    "plain": {"leaf": "H6"},
    "resolved": {"leaf": "H6"},
    "confidential": {"leaf": "I2", "confidential": True},
    "about the grid worker": {"leaf": "K4", "about": "grid"},
    "about the property": {"leaf": "K4", "about": "property"},
    "restricted": {"leaf": "F4"},
    "violence": {"leaf": "J3"},
    "water": {"leaf": "H1"},
    "meal": {"leaf": "C1", "appointment": {"date": "2030-11-25", "meal": "lunch"}},
    "certificate": {"leaf": "A1"},
    "unclear": {"leaf": None},
}  # fmt: skip
GRID = Actor("staff", "grid1", "grid", "grid", "qinghe-c1", ("qinghe-g1", "qinghe-g2", "qinghe-g3"))
DONE = {"outcome": "solved", "reply": "换了灯泡，试过亮了", "evidence_note": "天黑看得见"}
GOES_THERE = {"handler1": {"water"}, "vendor1": {"meal"}}
"""Who is shown the room of which ticket, because their unit has to go there."""
QUERIES: Mapping[str, str] = {
    "/api/v1/dispatch-directory/route": "?leaf=H6&community=qinghe-c1",
    "/console/register": "?form=form-of-the-crawl", "/api/v1/tickets": f"?q={PHONE}", "/console/tickets": f"?q={NAME}", "/console/audit": "?verify=true",
}  # fmt: skip
"""Asked beside the plain address: what is required, and what a curious person would look for."""


@dataclass
class World:
    """What the routes' parameters are filled with."""

    numbers: dict[str, str] = field(default_factory=dict)
    filled: dict[str, list[str]] = field(default_factory=dict)

    def paths(self, route: str) -> list[str]:
        """Return the addresses of a route.

        Raises:
            LookupError: Nothing here fills a parameter.
        """
        found = [route]
        for name in re.findall(r"\{(\w+)\}", route):
            if name == "ticket_no":
                values = [*self.numbers.values()]
            else:
                values = self.values(route, name)
            found = [p.replace(f"{{{name}}}", v) for p in found for v in values]
        return found + [p + QUERIES[route] for p in found if route in QUERIES]

    def values(self, route: str, name: str) -> list[str]:
        subject = re.sub(r"^/(api/v1|console)/", "", route)
        keys = [
            k for k in self.filled if k.endswith(f":{name}") and subject.startswith(k.split(":")[0])
        ]
        if not keys:
            raise LookupError(f"{route}: nothing fills {name}")
        return self.filled[max(keys, key=len)]


def order_of_the_reporter() -> bytes:
    """A platform's file with the same reporter in it."""
    line = ("BJ1", SAID, "楼道照明", "幸福小区3号楼2单元", NAME, PHONE, "2026-11-24 09:00:00",
            "2030-11-27 18:00:00", "办理中")  # fmt: skip
    return csv([line], "utf-8") if len(line) == len(HEADS) else b""


@pytest.fixture
async def world(client: Client, services: Services, as_staff: Token) -> World:
    """Tickets of all kinds by one reporter, and one of everything that a route may name."""
    made = World()
    conversation, headers = await open_chat(client)

    async def chunks() -> AsyncIterator[bytes]:
        yield photo()

    shown = await services.channels.add_attachment(conversation, chunks())
    for name, more in TICKETS.items():
        body = {
            "conversation_id": conversation, "narrative": SAID, "place": PLACE,
            "address_text": f"幸福小区3号楼2单元{ROOM}", "contact": {"name": NAME, "phone": PHONE},
            "attachments": [shown.id], **more,
        }  # fmt: skip
        view = await services.tickets.create(CreateTicket.model_validate(body), SYSTEM)
        made.numbers[name] = str(view["ticket_no"])
    for action, given in (
        ("sign", {}),
        ("contact", {"way": "phone", "result": "reached"}),
        ("resolve", DONE),
    ):
        await services.tickets.act(made.numbers["resolved"], action, given, GRID)
    number = made.numbers["plain"]
    said = {"client_message_id": "1", "text": SAID}
    sent = {"client_message_id": "2", "type": "attachment", "attachment_id": shown.id}
    for message in (said, sent):
        answer = await client.post("/api/v1/chat/messages", json=message, headers=headers)
        assert answer.status == 200, await answer.text()
    await services.channels.raise_alert(conversation, "human", None, f"{SAID}，找人")
    await services.rights.register(CLERK, "copy", PHONE, "id_seen", "想看看")
    glass = await services.rights.glass_ask(ADMIN, number, "页面打不开")
    hook, _ = await services.webhooks.add(
        NewWebhook(name="市平台", url="https://93.184.215.14/in", events=["submitted"]), ADMIN, ()
    )
    desk = await as_staff("dispatcher1")
    form = aiohttp.FormData({"source": "city"})
    form.add_field("file", order_of_the_reporter(), filename="a.csv")
    answer = await client.post(
        "/api/v1/exchange/imports", data=form, headers={**desk, "Idempotency-Key": "1"}
    )
    assert answer.status == 201, await answer.text()
    batch = (await answer.json())["batch"]["id"]
    await client.post(f"/api/v1/exchange/imports/{batch}/confirm", headers=desk)
    await run_due(services)
    answer = await client.post(
        "/api/v1/exchange/exports",
        json={"source": "city"},
        headers={**desk, "Idempotency-Key": "2"},
    )
    assert answer.status == 201, await answer.text()
    export = str((await answer.json())["id"])
    page = await client.get(f"/console/tickets/{number}/paper/task", headers=desk)
    version = re.search(r'name="version" value="(\d+)"', await page.text())
    assert version
    issued = {"version": version[1], "form": "1", "do": "issue"}
    await client.post(f"/console/tickets/{number}/paper/task", data=issued, headers=desk)
    street = next(s for s in await services.people.roster() if s.id == "dispatcher1")
    await services.themes.propose(
        street,
        NewTheme(
            year=2026, month=5, title="楼道和下水", leaves=("H6", "H7"), lead="property",
            goal="整栋查一遍", target=3,
        ),
        "theme-of-the-world",
    )  # fmt: skip
    now = datetime.now(UTC)
    async with services.db.write() as s:
        handoff = str(await s.scalar(select(HandoffRow.id)))
        elder = str(await s.scalar(select(CareTargetRow.id).order_by(CareTargetRow.id)))
        group = GroupRow(text="灯坏了", form="灯坏了", certain=True, first_at=now, last_at=now)
        s.add(group)
        await s.flush()
        s.add(HeardRow(
            message_id="m-1", conversation_id=conversation, channel="web", locality="qinghe",
            mode="bot", at=now, text="灯坏了", key="k", intent="report", confidence=0.5, leaf="H6",
            leaf_confidence=0.5, uncertainty=0.5, group_id=group.id,
        ))  # fmt: skip
        s.add(ModelRow(sha256=SHA, size=1, made_at=now, source="file"))
        s.add(RunRow(
            id="run-1", kind="train", state="done", staff_id="trainer1", staff_name="冯雪",
            requested_at=now,
        ))  # fmt: skip
        await s.flush()
        request = (await services.rights.list())[0].id
        made.filled = {
            "handoffs:id": [handoff], "handoffs:photo": [shown.id], "tickets:photo": [shown.id],
            "tickets:kind": ["task", "accept"], "tickets:id": ["1"], "tickets:no": ["1"],
            "catalogue:leaf": ["H6"], "training/groups:id": [str(group.id)],
            "training/runs:id": ["run-1"], "training/models:sha256": [SHA], "visits:elder": [elder],
            "rights/requests:id": [request], "exchange/imports:batch": [batch],
            "rights:id": [request], "rights/glass:id": [glass.id], "rights/glasses:id": [glass.id],
            "reminders:id": ["1"], "limits:id": ["1"], "open311-keys:id": ["1"], "interfaces/keys:id": ["1"],
            "exchange/import:batch": [batch], "exchange/exports:id": [export],
            "reviews:key": ["card-A1", "safety-general", "certificate-1"], "reviews:id": ["1"],
            "exchange/export:id": [export], "webhooks:id": [hook], "interfaces:id": [hook],
            "themes:theme": ["theme-of-the-world"], "themes:measure": ["1"],
        }  # fmt: skip
    return made


def staff_routes(client: Client) -> list[str]:
    """Every GET route that only staff may call."""
    app = client.server.app  # type: ignore[attr-defined]
    declared = app[DECLARATIONS]
    return sorted(
        route.resource.canonical
        for route, declaration in declared.items()
        if route.method == "GET" and declaration.auth.partition(":")[0] == "staff"
    )


async def words(answer: aiohttp.ClientResponse) -> str:
    """What stands in an answer: of a workbook its cells, of a stream what has come by now."""
    kind = answer.content_type
    if kind == "text/event-stream":
        try:
            async with asyncio.timeout(0.5):
                return (await answer.content.read(100_000)).decode()
        except TimeoutError:
            return ""
        finally:
            answer.close()
    body = await answer.read()
    if "spreadsheet" in kind:
        with zipfile.ZipFile(io.BytesIO(body)) as book:
            return " ".join(book.read(n).decode() for n in book.namelist() if n.endswith(".xml"))
    return "" if kind.startswith("image/") else body.decode()


def leaks(username: str, path: str, text: str, world: World) -> list[str]:
    """Return what stands in an answer and may not."""
    plain = re.sub(r"[\s-]", "", text)
    found = [f"{username} {path} {what}" for what in (NAME, PHONE) if what in plain]
    goes = any(world.numbers[t] in path for t in GOES_THERE.get(username, ()))
    if re.search(rf"(?<![0-9a-zA-Z]){ROOM}(?![0-9a-zA-Z])", text) and not goes:
        found.append(f"{username} {path} {ROOM}")
    return found


async def test_no_page_and_no_answer_names_the_reporter_to_anybody(
    client: Client, as_staff: Token, world: World, services: Services
) -> None:
    routes = staff_routes(client)
    paths = {route: world.paths(route) for route in routes}
    answered: set[str] = set()
    masked: set[str] = set()
    found: list[str] = []
    accounts = [
        a.id for a in read(services.settings.locality_dir / "accounts.yml", AccountsFile).accounts
    ]
    for username in accounts:
        headers = await as_staff(username)
        for route in routes:
            for path in paths[route]:
                answer = await client.get(path, headers=headers, allow_redirects=False)
                if answer.status >= 500:  # what it would have shown is hidden
                    found.append(f"{username} {path} {answer.status}")
                if answer.status in (200, 204):
                    answered.add(route)
                shown = path.replace(PHONE, "").replace(NAME, "")
                text = await words(answer)
                asked = path.partition("?q=")[2]
                if asked:  # what one has typed stands in the search field
                    text = text.replace(f'value="{asked}"', "")
                found += leaks(username, shown, text, world)
                if "137****9876" in text:
                    masked.add(username)
    assert found == []
    assert {"clerk1", "grid1", "dispatcher1", "callback1"} <= masked, (
        "the crawl came where the reporter stands"
    )
    assert not masked & {"vendor1", "trainer1", "admin1"}, "these have nothing to do with reporters"
    assert sorted(set(routes) - answered) == [], "filled, but nobody was shown anything there"


async def test_the_crawl_would_notice_a_name(world: World) -> None:
    assert leaks("grid1", "/x", f"<td>{NAME}</td>", world)
    assert leaks("grid1", "/x", "137-1234-9876", world)
    assert leaks("handler1", f"/{world.numbers['plain']}", f"{ROOM}室", world)
    assert not leaks("handler1", f"/{world.numbers['water']}", f"{ROOM}室", world)
    with pytest.raises(LookupError, match="nothing fills thing"):
        world.paths("/api/v1/new/{thing}")
