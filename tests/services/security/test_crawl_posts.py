"""What every POST answers, sent blind by every role that may: nowhere is the reporter named, and nothing breaks. Words: ``posts.yml``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import aiohttp

from services.catalogue.files import read
from services.clock import ZONE
from services.config import ROOT
from services.context import Services
from services.seed.files import AccountsFile
from services.tickets.core.actor import SYSTEM
from services.web.openapi import example_of
from services.web.routing import DECLARATIONS, Declaration
from services.yaml_files import read_yaml
from tests.services.security.conftest import Client, Token
from tests.services.security.test_access import photo
from tests.services.security.test_crawl import World, leaks, order_of_the_reporter, words, world

__all__ = ["world"]

DATA: dict[str, Any] = read_yaml(Path(__file__).with_name("posts.yml").read_text("utf-8"))
STEPS = ROOT / "data" / "api" / "steps.yml"
ACTION = "/tickets/{ticket_no}/actions/{action}"
"""Has a test of its own: each step has its own facts."""


def first_of_each_role(services: Services) -> dict[str, str]:
    """Return the first account of each role."""
    accounts = read(services.settings.locality_dir / "accounts.yml", AccountsFile).accounts
    return {a.role: a.id for a in reversed(accounts)}


def plausible(schema: Mapping[str, Any], whole: Mapping[str, Any], name: str = "") -> Any:
    """Return a value that fits a JSON schema and could be meant."""
    if "$ref" in schema:
        return plausible(whole["$defs"][schema["$ref"].rpartition("/")[2]], whole, name)
    if "anyOf" in schema:
        return plausible(schema["anyOf"][0], whole, name)
    if "enum" in schema or "const" in schema:
        options = schema.get("enum", [schema.get("const")])
        given = DATA["values"].get(name)
        return given if given in options else options[0]
    match schema.get("type"):
        case "object":
            fields = schema.get("properties", {})
            wanted = {*schema.get("required", ()), *DATA["values"]}
            return {key: plausible(s, whole, key) for key, s in fields.items() if key in wanted}
        case "array":
            given = DATA["values"].get(name)
            return given if given else [plausible(schema.get("items", {}), whole, name)]
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "boolean":
            return True
    day = datetime.now(ZONE) + timedelta(days=1)
    dates = {"date": f"{day:%Y-%m-%d}", "date-time": day.isoformat(), "time": "10:00"}
    return DATA["values"].get(name) or dates.get(schema.get("format", "")) or "查一查"


def body_of(declaration: Declaration) -> dict[str, Any]:
    """Return a body for a route: the model's own example, else what its schema allows."""
    if declaration.body is None:
        return {}
    schema = declaration.body.model_json_schema()
    made = plausible(schema, schema)
    return {**made, **(example_of(declaration.body) or {})}


def posts(client: Client) -> dict[str, Declaration]:
    """Return every route that only staff may call and that changes something, as ``POST /…``."""
    app = client.server.app  # type: ignore[attr-defined]
    return {
        f"{route.method} {route.resource.canonical}": declaration
        for route, declaration in app[DECLARATIONS].items()
        if route.method not in ("GET", "HEAD") and declaration.auth.partition(":")[0] == "staff"
    }


def test_what_is_named_is_there(client: Client) -> None:
    named = [*DATA["shows"], *DATA["last"]]
    assert set(named) <= set(posts(client))


def paths(route: str, world: World) -> list[str]:
    """Return the addresses of a route: of some tickets, of whatever else there is."""
    found = [route]
    for name in re.findall(r"\{(\w+)\}", route):
        if name == "ticket_no":
            values = [world.numbers[n] for n in DATA["tickets"][1:3]]
        elif name in DATA["paths"]:
            values = DATA["paths"][name]
        else:
            values = world.values(route, name)
        found = [p.replace(f"{{{name}}}", v) for p, v in product(found, values)]
    return found


def upload(form: Mapping[str, str], what: str) -> aiohttp.FormData:
    """Return a form with a file: a photo, or a table of the platform."""
    sent = aiohttp.FormData(dict(form))
    if "图" in what or "照片" in what:
        sent.add_field("file", photo(), filename="a.jpg", content_type="image/jpeg")
    else:
        sent.add_field("file", order_of_the_reporter(), filename="a.csv")
    return sent


async def test_no_post_breaks_and_none_answers_with_the_reporter(
    client: Client, as_staff: Token, world: World, services: Services
) -> None:
    routes = posts(client)
    first = [r for r in sorted(routes) if r not in DATA["last"] and not r.endswith(ACTION)]
    DATA["values"] |= {"ticket_no": world.numbers["plain"], "ticket": world.numbers["plain"]}
    tokens = {r: (u, await as_staff(u)) for r, u in first_of_each_role(services).items()}
    done: set[str] = set()
    reached: set[str] = set()
    found: list[str] = []
    for route in (*first, *DATA["last"]):
        method, _, pattern = route.partition(" ")
        declaration = routes[route]
        body = body_of(declaration)
        form = {
            k: str(v)
            for k, v in {**DATA["values"], **body}.items()
            if not isinstance(v, list | dict)
        }
        for role in tokens.keys() & declaration.roles:  # all others: test_crawl_successes.py
            username, token = tokens[role]
            headers = {**token, "Idempotency-Key": f"{username}{route}"[:150]}
            for path in paths(pattern, world):
                as_form = pattern.startswith("/console") or declaration.upload
                sent: dict[str, Any] = {"data": form} if as_form else {"json": body}
                if declaration.upload and "file" in declaration.upload:
                    sent = {"data": upload(form, declaration.upload["file"])}
                answer = await client.request(
                    method, path, headers=headers, allow_redirects=False, **sent
                )
                text = await words(answer)
                if answer.status >= 500:
                    found.append(f"{username} {route} {answer.status}")
                if answer.status < 400:
                    done.add(route)
                if answer.status not in (401, 403):
                    reached.add(route)
                if route not in DATA["shows"]:
                    found += leaks(username, path, text, world)
    assert found == []
    assert reached == {*first, *DATA["last"]}, "each was asked by somebody who may"
    # What is sent blind is often refused with what is missing: that is an answer, too, and read.
    assert len(done) > 30, "the crawl came through"


async def test_no_step_answers_with_the_reporter(
    client: Client, as_staff: Token, world: World, services: Services
) -> None:
    examples = read_yaml(STEPS.read_text("utf-8"))["examples"]
    steps = {a: given for a, given in examples.items() if a not in DATA["on_purpose"]}
    done: set[str] = set()
    found: list[str] = []
    for username in first_of_each_role(services).values():
        headers = await as_staff(username)
        for number in (world.numbers[name] for name in DATA["tickets"]):
            for action, given in steps.items():
                seen = (await services.tickets.get(number, SYSTEM))["version"]
                step = {**given, "version": seen}
                for base, sent in (("/api/v1", {"json": step}), ("/console", {"data": {}})):
                    path = f"{base}/tickets/{number}/actions/{action}"
                    answer = await client.post(path, headers=headers, allow_redirects=False, **sent)
                    if answer.status >= 500:
                        found.append(f"{username} {path} {answer.status}")
                    elif answer.status == 200:
                        done.add(action)
                    found += leaks(username, path, await words(answer), world)
    assert found == []
    assert len(done) > 12, "the crawl came through the workflow"
