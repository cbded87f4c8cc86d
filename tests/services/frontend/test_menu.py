"""Where a role can go, and where it begins."""

from __future__ import annotations

from typing import get_args

import pytest

from services.people.model import Role
from services.people.roles import permissions_of, roles
from services.web.console.menu import IN_REACH, MENU, home_of, menu_of, split
from tests.services.frontend.conftest import Enter


@pytest.mark.parametrize(
    ("role", "home"),
    [("grid", "/console/tickets?mine=true"), ("vendor", "/console/tickets?mine=true"),
     ("callback", "/console/tickets?mine=true"), ("dispatcher", "/console/tickets"),
     ("auditor", "/console/tickets"), ("admin", "/console/start"),
     ("trainer", "/console/training")],
)  # fmt: skip
def test_each_begins_where_the_work_is(role: Role, home: str) -> None:
    assert home_of(role) == home


@pytest.mark.parametrize("role", get_args(Role))
def test_nobody_is_shown_what_is_shut(role: Role) -> None:
    for entry in menu_of(role):
        if not entry.needs.startswith("*"):
            assert entry.needs in permissions_of(role), entry
    assert len({e.here for e in menu_of(role)}) == len(menu_of(role))


@pytest.mark.parametrize("role", get_args(Role))
def test_a_phone_has_room_for_five(role: Role) -> None:
    near, more = split(menu_of(role))
    assert len(near) + bool(more) <= IN_REACH + 1
    assert near + more == menu_of(role)


def test_every_page_of_the_menu_is_for_somebody() -> None:
    known = roles().permissions
    assert all(e.needs in known for e in MENU if not e.needs.startswith("*"))


async def test_the_rest_stands_under_more(enter: Enter) -> None:
    html = await (await (await enter("grid1")).get("/console/tickets")).text()
    near, more = html.split('<details class="more">')
    assert 'aria-current="page">工单</a>' in near
    for entry in menu_of("grid")[IN_REACH:]:
        assert f'href="{entry.path}"' in more.split("</details>")[0]
