"""The table of roles agrees with what the workflow, the views and every route really do."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, get_args

import pytest

from services.config import ROOT, Settings
from services.db import Database
from services.errors import LindaError
from services.people.model import Role, Staff
from services.people.roles import FILE, clash, holders, load_roles, permissions_of, roles, table
from services.people.service import PeopleService
from services.tickets.core.workflow import ACTIONS, TRANSITIONS
from services.tickets.views import Clear, revealed_view, staff_view
from services.web.keys import SERVICES
from services.web.routing import DECLARATIONS, Declaration
from tests.services.conftest import TestClock
from tests.services.tickets import world
from tests.services.web.conftest import Client, Token, as_staff, client, services

__all__ = ["as_staff", "client", "services"]

ROLES = get_args(Role)
PHONE, NAME = "13812345678", "张桂兰"
# What every member of staff may do at any place of the workflow's table.
EVERYBODY = frozenset({"submit"})


@pytest.mark.parametrize("role", ROLES)
def test_the_steps_of_a_role_are_those_of_the_workflow(role: Role) -> None:
    workflow = {t.action for t in TRANSITIONS if role in t.roles} - EVERYBODY
    assert workflow == set(roles().roles[role].acts)
    assert workflow <= set(ACTIONS)


@pytest.mark.parametrize("role", ROLES)
def test_a_role_sees_of_a_person_what_the_table_says(role: Role) -> None:
    ticket = replace(
        world.submitted()[0], narrative_original="楼道灯坏了", owner_person="me",
        reporter={"role": "self", "name": "张**", "phone": "138****5678"},
    )  # fmt: skip
    actor = replace(world.ACTORS[role], id="me")
    entry = roles().roles[role]
    clear = Clear(name=NAME, phone=PHONE)
    seen = str(staff_view(ticket, actor, clear))
    assert PHONE not in seen and NAME not in seen
    assert ("138****5678" in seen) is (entry.contact != "none")
    assert ("楼道灯坏了" in str(staff_view(ticket, actor).get("narrative_original"))) is (
        entry.content == "full"
    )
    assert ("reveal" in entry.acts) is (entry.contact == "reveal")
    if entry.contact == "reveal":
        assert revealed_view(ticket, actor, clear)["reporter"]["phone"] == PHONE


def example_path(resource: Any) -> str:
    """A path that the route matches: the first of named alternatives, else a 1."""
    pattern = resource.get_info().get("pattern")

    def part(found: re.Match[str]) -> str:
        said = re.search(rf"\(\?P<{found[1]}>([^)]*)\)", pattern.pattern)
        return said[1].split("|")[0] if said and "|" in said[1] else "1"

    return re.sub(r"\{(\w+)\}", part, resource.canonical)


async def test_every_role_gets_through_every_route_that_is_its_own_and_no_other(
    client: Client, as_staff: Token
) -> None:
    declared: dict[Any, Declaration] = client.server.app[DECLARATIONS]  # type: ignore[union-attr]
    staff_routes = [(r, d) for r, d in declared.items() if d.auth.startswith("staff")]
    assert len(staff_routes) > 50
    headers = {role: await as_staff(f"{role}1") for role in ROLES if role not in ("admin",)}
    headers["admin"] = await as_staff("admin1")
    wrong = []
    for route, declaration in staff_routes:
        if route.method == "HEAD" or route.resource.canonical.endswith("/logout"):
            continue
        path = example_path(route.resource)
        for role in ROLES:
            asked = {} if route.method == "GET" else {"data": b"{"}
            answer = await client.request(
                route.method, path, headers=headers[role], allow_redirects=False, **asked
            )
            refused = answer.status == 403 and "不能做这件事" in await answer.text()
            permission = declaration.auth.partition(":")[2]
            own = not permission or permission in permissions_of(role)
            if refused is own or answer.status == 401:
                wrong.append((route.method, path, role, answer.status))
    assert wrong == []


def test_every_permission_opens_something_and_is_in_no_other_words() -> None:
    for name in roles().permissions:
        assert holders(name)
    with pytest.raises(KeyError):
        holders("everything")
    with pytest.raises(ValueError, match="unknown auth"):
        Declaration(auth="staff:grid,clerk", tag="x")


WITHIN = {"reviews_all"}
"""Asked for behind a route: whose cards somebody may sign (``services.reviews``)."""


def test_every_permission_is_asked_for_by_some_route(client: Client) -> None:
    declared = client.server.app[DECLARATIONS].values()  # type: ignore[union-attr]
    asked = {d.auth.partition(":")[2] for d in declared if d.auth.startswith("staff:")}
    assert asked | WITHIN == set(roles().permissions) and not asked & WITHIN
    assert client.server.app[SERVICES]  # type: ignore[union-attr]


def test_the_page_of_the_documentation_is_that_of_the_table() -> None:
    page = (ROOT / "docs" / "roles.md").read_text(encoding="utf-8")
    assert page == table(ACTIONS), "run: linda roles > docs/roles.md"


def test_a_table_without_a_role_is_refused(tmp_path: Any) -> None:
    text = FILE.read_text(encoding="utf-8")
    path = tmp_path / "roles.yml"
    path.write_text(text.replace("  grid:\n    name: 网格员", "  grid:\n    name: 格子员"), "utf-8")
    with pytest.raises(ValueError, match="grid"):
        load_roles(path)


# -- one person, two accounts ---------------------------------------------------------------

MINE = Staff("a", "陈师傅", "handler", "water", None, (), "138 1234 5678")


def other(role: Role, **changed: Any) -> Staff:
    """Another account of the same person."""
    return replace(MINE, id="b", role=role, org_id="street", phone="+86-13812345678", **changed)


@pytest.mark.parametrize("role", ["callback", "dispatcher", "supervisor", "auditor", "admin"])
def test_who_handles_holds_no_account_that_judges_it(role: Role) -> None:
    found = clash(other(role), [MINE])
    assert found is not None and found.account == "a"
    assert clash(MINE, [other(role)]) is not None


@pytest.mark.parametrize("judge", ["callback", "supervisor", "dispatcher", "auditor", "admin"])
@pytest.mark.parametrize("role", ["grid", "clerk", "handler", "vendor", "mediator"])
def test_no_worker_is_also_a_judge(role: Role, judge: Role) -> None:
    assert clash(other(judge), [replace(MINE, role=role)]) is not None


@pytest.mark.parametrize("judge", ["supervisor", "dispatcher", "auditor", "admin"])
def test_who_calls_back_neither_rules_nor_audits(judge: Role) -> None:
    assert clash(other(judge), [replace(MINE, role="callback")]) is not None


@pytest.mark.parametrize("role", ["handler", "grid", "clerk", "mediator", "vendor"])
def test_two_accounts_that_only_handle_are_no_conflict(role: Role) -> None:
    assert clash(other(role), [MINE]) is None


def test_another_person_and_another_community_are_no_conflict() -> None:
    assert clash(replace(other("callback"), phone="13900000000"), [MINE]) is None
    here, there = replace(MINE, community_id="c1"), other("callback", community_id="c2")
    assert clash(there, [here]) is None
    assert clash(replace(there, community_id="c1"), [here]) is not None


def test_without_a_phone_the_same_name_in_the_same_unit_is_the_same_person() -> None:
    bare = replace(MINE, phone=None)
    assert clash(replace(bare, id="b", role="callback"), [bare]) is not None
    assert clash(replace(bare, id="b", role="callback", org_id="street"), [bare]) is None


async def test_the_second_account_is_refused_and_so_is_a_change_of_role(
    db: Database, settings: Settings, clock: TestClock, cheap_passwords: None
) -> None:
    people = PeopleService(settings, db, clock)
    street = replace(other("grid"), org_id="grid")
    async with db.write() as s:
        await people.add_staff(s, MINE, "a-good-password")
        await people.add_staff(s, street, "a-good-password")
    for attempt in ("add", "change"):
        with pytest.raises(LindaError) as error:
            async with db.write() as s:
                if attempt == "add":
                    await people.add_staff(s, replace(other("callback"), id="c"), "a-good-password")
                else:
                    await people.update_staff(s, replace(street, role="callback"))
        assert (error.value.code, error.value.status) == ("duties_conflict", 409)
        assert "不能自己回访" in error.value.message
