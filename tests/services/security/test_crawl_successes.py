"""Every POST of the staff's interfaces succeeds for who may, is refused for who may not, and names no reporter.

The steps are data: ``successes.yml``. A new route that stands there nowhere is a fault.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from sqlalchemy import select

from services.channels.store import append
from services.channels.tables import HandoffRow
from services.config import ROOT, Settings
from services.context import Services, build
from services.db import Database
from services.limits import Stopped
from services.outbox.worker import run_due
from services.people.model import Staff
from services.stops import records
from services.tickets.core.actor import SYSTEM
from services.tickets.core.commands import CreateTicket
from services.tickets.tables import StaffReminderRow
from services.training.heard_tables import HeardRow
from services.web.routing import Declaration
from services.yaml_files import read_yaml
from tests.services.conftest import NOW
from tests.services.security.conftest import Client, Token
from tests.services.security.test_access import photo
from tests.services.security.test_crawl import (
    NAME,
    PHONE,
    World,
    leaks,
    order_of_the_reporter,
    words,
    world,
)
from tests.services.security.test_crawl_posts import (
    DATA,
    body_of,
    first_of_each_role,
    paths,
    posts,
)
from tests.services.seeded import plant
from tests.services.tickets.world import ACTORS

__all__ = ["world"]

Step = Mapping[str, Any]
SAID = read_yaml(Path(__file__).with_name("successes.yml").read_text("utf-8"))
STEPS: list[Step] = SAID["steps"]
ELSEWHERE: Mapping[str, str] = SAID["elsewhere"]


@pytest.fixture
async def services(db: Database, settings: Settings, cheap_passwords: None) -> Services:
    """The services on a Tuesday in the heating season; Rasa is not there."""
    built = build(settings.model_copy(update={"rasa_url": "http://127.0.0.1:9"}), db)
    await plant(built)
    await built.clock.set(db, NOW)
    return built


async def clusters(services: Services) -> list[str]:
    """Three houses in each of which three households report the same, and their keys."""
    for leaf in ("H7", "H4", "I1"):
        for who in "abc":
            body = {
                "conversation_id": f"{leaf}{who}", "leaf": leaf, "narrative": "又是这样",
                "place": {"building_id": "xingfu-3", "unit": "2"},
            }  # fmt: skip
            await services.tickets.create(CreateTicket.model_validate(body), SYSTEM)
    waits, _ = await services.foresight.findings(ACTORS["clerk"])
    return [w.cluster.key for w in waits]


async def heard(services: Services, number: str, conversation: str) -> str:
    """Keep for learning what a ticket was written from and one message; return that message."""
    _, filed_from, _ = await services.tickets.origin(number)
    async with services.db.write() as s:
        message = await append(s, conversation, sender="resident", now=NOW, text="味道往上翻")
        for id, talk in ((message.id, conversation), ("ticket-message", str(filed_from))):
            s.add(HeardRow(
                message_id=id, conversation_id=talk, channel="web", locality="qinghe", mode="bot",
                at=NOW, text="味道往上翻", key=id, intent="report_problem", leaf="H6",
                uncertainty=0.5,
            ))  # fmt: skip
        return message.id


@pytest.fixture
async def known(world: World, services: Services, client: Client) -> dict[str, Any]:
    """What the steps may name with ``$``."""
    first, second, third = await clusters(services)
    number = world.numbers["plain"]
    async with services.db.write() as s:
        for each in ("1", "2"):
            s.add(StaffReminderRow(
                key=f"test:{each}", ticket_no=number, told="dispatcher", text="时限用了一半",
                at=NOW,
            ))  # fmt: skip
        await s.flush()
        reminders = (
            await s.scalars(select(StaffReminderRow.id).where(StaffReminderRow.key.like("test:%")))
        ).all()
    said = await services.channels.open_session()
    await services.channels.raise_alert(said.session_id, "human", None, "找人")
    async with services.db.read() as s:
        query = select(HandoffRow.id).where(HandoffRow.conversation_id == said.session_id)
        handoff = await s.scalar(query)
    message = await heard(services, number, said.session_id)
    for who in ("talk-1", "talk-2"):
        stopped = Stopped("message", who, "rate_limited", "发得太快了", 3600)
        await records.note(services.db, stopped, services.clock.now())
    stops = [
        s.id for s in await services.stops.list(Staff("dispatcher1", "", "dispatcher", "street"))
    ]
    calendar = next(d for r, d in posts(client).items() if r == "POST /api/v1/calendar/notices")
    return {
        **world.numbers, "name": NAME, "phone": PHONE, "cluster": first, "cluster_2": second,
        "cluster_3": third, "reminder": reminders[0], "reminder_2": reminders[1],
        "handoff": handoff, "said": message, "stop": stops[0], "stop_2": stops[1], "holidays": body_of(calendar)["text"],
    }  # fmt: skip


def filled(value: Any, known: Mapping[str, Any]) -> Any:
    """Put what is known in the place of ``$name``."""
    if isinstance(value, dict):
        return {k: filled(v, known) for k, v in value.items()}
    if isinstance(value, list):
        return [filled(v, known) for v in value]
    return known[value[1:]] if isinstance(value, str) and value.startswith("$") else value


def sent(step: Step, declaration: Any, known: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the client sends: JSON, a form, or a form with a file."""
    given = filled(step["send"], known) if "send" in step else body_of(declaration)
    if "file" in step:
        form = aiohttp.FormData(given)
        if step["file"] == "photo":
            form.add_field("file", photo(), filename="a.jpg", content_type="image/jpeg")
        else:
            order = order_of_the_reporter().replace(b"BJ1", step["number"].encode())
            form.add_field("file", order, filename="a.csv")
        return {"data": form}
    return {"data": given} if "/console/" in step["route"] else {"json": given}


def address(step: Step, known: Mapping[str, Any], world: World) -> str:
    """Return where the step goes: its own parts of the address, else the first that there are."""
    pattern = step["route"].partition(" ")[2]
    for name, value in filled(step.get("path", {}), known).items():
        pattern = pattern.replace(f"{{{name}}}", str(value))
    return paths(pattern.replace("{ticket_no}", world.numbers["plain"]), world)[0]


def picked(found: Any, path: str) -> Any:
    """Return a part of a JSON answer: names and numbers with points between them."""
    for part in path.split("."):
        found = found[int(part)] if isinstance(found, list) else found[part]
    return found


async def remember(step: Step, answer: aiohttp.ClientResponse, known: dict[str, Any]) -> None:
    """Keep what later steps need."""
    for name, path in step.get("keep", {}).items():
        known[name] = picked(await answer.json(), path)
    for name, pattern in step.get("location", {}).items():
        hit = re.search(pattern, answer.headers.get("Location", ""))
        assert hit, (step["route"], pattern)
        known[name] = hit[1]


def test_every_route_that_changes_something_is_done_for_real(client: Client) -> None:
    done = {s["route"] for s in STEPS}
    assert done | ELSEWHERE.keys() == set(posts(client))
    assert not done & ELSEWHERE.keys()
    for route, file in ELSEWHERE.items():
        assert route.rpartition("/")[2] in (ROOT / file).read_text("utf-8")


@dataclass
class Crawl:
    """The requests of a crawl, and what was found in their answers."""

    client: Client
    world: World
    known: dict[str, Any]
    tokens: Mapping[str, tuple[str, dict[str, str]]]
    routes: Mapping[str, Declaration]
    found: list[str] = field(default_factory=list)

    async def ask(
        self, step: Step, role: str, key: str, shows: bool = False
    ) -> tuple[aiohttp.ClientResponse, str]:
        """Send what the step says as somebody of this role; read the answer."""
        route, (username, token) = step["route"], self.tokens[role]
        path = address(step, self.known, self.world)
        answer = await self.client.request(
            route.partition(" ")[0], path, headers=token | {"Idempotency-Key": key},
            allow_redirects=False, **sent(step, self.routes[route], self.known),
        )  # fmt: skip
        text = await words(answer)
        if not shows:
            self.found += leaks(username, path, text, self.world)
        return answer, text

    async def refused(self, step: Step) -> None:
        """Ask as everybody who may not."""
        for role in self.tokens.keys() - self.routes[step["route"]].roles:
            answer, _ = await self.ask(step, role, f"refused-{role}")
            if answer.status != 403:
                self.found.append(f"{role} {step['route']} is not refused: {answer.status}")


async def test_who_may_succeeds_who_may_not_is_refused_and_nobody_reads_the_reporter(
    client: Client, as_staff: Token, world: World, known: dict[str, Any], services: Services
) -> None:
    tokens = {r: (u, await as_staff(u)) for r, u in first_of_each_role(services).items()}
    roles = {username: role for role, (username, _) in tokens.items()}
    crawl = Crawl(client, world, known, tokens, posts(client))
    for route in ELSEWHERE:
        await crawl.refused({"route": route})
    tried: set[str] = set()
    for number, step in enumerate(STEPS):
        route, role = step["route"], roles[step["as"]]
        known["seen"] = (await services.tickets.get(world.numbers["plain"], SYSTEM))["version"]
        if step.get("worker"):
            await run_due(services)
        for path, wanted in step.get("read", {}).items():
            answer = await client.get(path, headers=tokens[role][1])
            known |= {n: picked(await answer.json(), where) for n, where in wanted.items()}
        if route not in tried:
            tried.add(route)
            await crawl.refused(step)
        answer, text = await crawl.ask(step, role, f"success-{number}", route in DATA["shows"])
        assert answer.status < 400, (step["as"], route, answer.status, text)
        await remember(step, answer, known)
    assert crawl.found == []
