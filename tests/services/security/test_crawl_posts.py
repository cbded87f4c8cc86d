"""What steps of the workflow answer, read by every role: nowhere is the reporter named. Which routes: ``posts.yml``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from services.catalogue.files import read
from services.config import ROOT
from services.context import Services
from services.seed.files import AccountsFile
from services.tickets.core.actor import SYSTEM
from services.web.routing import DECLARATIONS
from services.yaml_files import read_yaml
from tests.services.security.conftest import Client, Token
from tests.services.security.test_crawl import World, leaks, words, world

__all__ = ["world"]

DATA: dict[str, Any] = read_yaml(Path(__file__).with_name("posts.yml").read_text("utf-8"))
STEPS = ROOT / "data" / "api" / "steps.yml"


def test_every_route_that_changes_something_is_crawled_or_named(client: Client) -> None:
    app = client.server.app  # type: ignore[attr-defined]
    there = {
        f"{route.method} {route.resource.canonical}"
        for route, declaration in app[DECLARATIONS].items()
        if route.method not in ("GET", "HEAD") and declaration.auth.partition(":")[0] == "staff"
    }
    named = [*DATA["crawled"], *(r for routes in DATA["left_out"].values() for r in routes)]
    assert sorted(named) == sorted(there), "each once"


async def test_no_step_answers_with_the_reporter(
    client: Client, as_staff: Token, world: World, services: Services
) -> None:
    examples = read_yaml(STEPS.read_text("utf-8"))["examples"]
    steps = {a: given for a, given in examples.items() if a not in DATA["on_purpose"]}
    accounts = read(services.settings.locality_dir / "accounts.yml", AccountsFile).accounts
    first = {a.role: a.id for a in reversed(accounts)}
    done: set[str] = set()
    found: list[str] = []
    for username in first.values():
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
