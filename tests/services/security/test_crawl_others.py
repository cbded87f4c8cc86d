"""What is not for staff – residents', public, internal – refuses whoever may not. Words: ``others.yml``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from aiohttp import FormData

from services.config import ROOT
from services.context import Services
from services.outbox.worker import run_due
from services.web.routing import DECLARATIONS, Declaration
from services.yaml_files import read_yaml
from tests.services.security.conftest import Client, FileTicket, Token, file_ticket, open_chat
from tests.services.security.test_access import photo
from tests.services.security.test_crawl_posts import body_of
from tests.services.security.test_crawl_successes import filled

__all__ = ["file_ticket"]

DATA: dict[str, Any] = read_yaml(Path(__file__).with_name("others.yml").read_text("utf-8"))
INTERNAL = {"Authorization": "Bearer internal-token-of-the-tests"}


def others(client: Client) -> dict[str, Declaration]:
    """Return every route that changes something and is not for staff, as ``POST /…``."""
    app = client.server.app  # type: ignore[attr-defined]
    return {
        f"{route.method} {route.resource.canonical}": declaration
        for route, declaration in app[DECLARATIONS].items()
        if route.method not in ("GET", "HEAD", "OPTIONS")
        and declaration.auth.partition(":")[0] not in ("staff", "admin-test")
    }


def path_of(route: str, number: str, also: Mapping[str, Any] | None = None) -> str:
    known = {**DATA["paths"], "ticket_no": number, **(also or {})}
    return re.sub(r"\{(\w+)\}", lambda m: str(known[m[1]]), route.partition(" ")[2])


def test_each_public_route_says_what_it_asks_for(client: Client) -> None:
    public = {r for r, d in others(client).items() if d.auth == "public"}
    assert {*DATA["anybody"], *(k["route"] for k in DATA["knows"])} == public


async def test_residents_and_internal_routes_are_closed_to_everybody_else(
    client: Client, as_staff: Token, file_ticket: FileTicket
) -> None:
    number = str((await file_ticket())["ticket_no"])
    _, resident = await open_chat(client)
    staff = {f"{r}1": await as_staff(f"{r}1") for r in ("clerk", "admin", "dispatcher")}
    strangers: dict[str, dict[str, dict[str, str]]] = {
        "resident": {"nobody": {}, "internal": INTERNAL, **staff},
        "internal": {"nobody": {}, "resident": resident, **staff},
    }
    wrong: list[str] = []
    asked = 0
    for route, declaration in others(client).items():
        method = route.partition(" ")[0]
        for who, headers in strangers.get(declaration.auth, {}).items():
            asked += 1
            answer = await client.request(
                method, path_of(route, number), headers=headers, json=body_of(declaration)
            )
            if answer.status not in (401, 403):
                wrong.append(f"{who} {route} {answer.status}")
    assert wrong == []
    assert asked > 70, "all were asked"


async def test_who_does_not_know_it_is_refused_at_the_public_routes(
    client: Client, file_ticket: FileTicket
) -> None:
    filed = await file_ticket()
    for known in DATA["knows"]:
        route = known["route"]
        sent = {"json": known["json"]} if "json" in known else {"data": known["form"]}
        method = route.partition(" ")[0]
        answer = await client.request(
            method, path_of(route, filed["ticket_no"]), allow_redirects=False, **sent
        )
        text = await answer.text()
        assert answer.status == known["status"], (route, answer.status, text)
        assert "张三丰" not in text and "13800138000" not in text, route


def days(services: Services) -> dict[str, str]:
    """Return days on which a meal can be ordered, and a room be booked: the clock is the real one."""
    soon = services.clock.now().date() + timedelta(days=3)
    ahead = [soon + timedelta(days=n) for n in range(14)]
    meal = next(d for d in ahead if services.catalogue.meal_status(d, "lunch")["open"])
    room = next(d for d in ahead if services.catalogue.booking("K2", d)["open"])
    return {"meal_day": meal.isoformat(), "room_day": room.isoformat()}


async def test_who_may_succeeds(client: Client, services: Services) -> None:
    own, resident = await open_chat(client)
    who = {"resident": resident, "internal": INTERNAL, "nobody": {}}
    known: dict[str, Any] = {"own": own, "password": services.settings.demo_password}
    known |= days(services)
    for number, step in enumerate(DATA["steps"]):
        route, sent = step["route"], filled(step, known)
        also = filled({"json": step.get("path", {})}, known)["json"]
        path = path_of(route, known.get("number", ""), also).replace("/nobody/", f"/{own}/")
        if step.get("worker"):
            await run_due(services)
        if step.get("photo"):
            form = FormData()
            form.add_field("file", photo(), filename="a.jpg", content_type="image/jpeg")
            given: dict[str, Any] = {"data": form}
        else:
            given = {"json": sent["json"]} if "json" in step else {"data": sent["form"]}
        answer = await client.request(
            route.partition(" ")[0], path, allow_redirects=False,
            headers={**who[step["as"]], "Idempotency-Key": f"step-{number}"}, **given,
        )  # fmt: skip
        assert answer.status < 400, (route, answer.status, await answer.text())
        if keep := step.get("keep"):
            found = await answer.json()
            known |= {name: found[part] for name, part in keep.items()}


def test_every_route_is_done_for_real_here_or_there(client: Client) -> None:
    done, there = {s["route"] for s in DATA["steps"]}, {e["route"] for e in DATA["elsewhere"]}
    assert done | there == set(others(client)) and not done & there
    for each in DATA["elsewhere"]:
        assert each["mark"] in (ROOT / each["file"]).read_text("utf-8"), each["route"]
