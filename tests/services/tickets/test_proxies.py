"""代办: by what right somebody acts for another, where it is needed; nothing ever waits for it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.tickets.core import proxies
from services.tickets.core.kinds import Kind
from services.tickets.core.states import State
from services.tickets.core.ticket import Ticket
from services.tickets.service import TicketService
from tests.services.tickets.conftest import request
from tests.services.tickets.test_service import ME
from tests.services.tickets.world import ACTORS, CONTEXT, T0, in_state, must

FOR_MOTHER = {"relation": "mother"}


def errand(**fields: object) -> Ticket:
    given: dict[str, object] = {"kind": Kind.ERRAND, "subject": FOR_MOTHER, **fields}
    return replace(in_state(State.ACTIVE), **given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({}, True),
        ({"subject": {}}, False),
        ({"subject": {}, "reporter": {"role": "proxy"}}, True),
        ({"kind": Kind.REPAIR}, False),  # an ordinary report: from whomever
        ({"proxy_auth": {"kind": "oral"}}, False),
    ],
)
def test_the_desk_is_reminded_only_where_something_is_done_in_a_persons_name(
    fields: dict[str, object], wanted: bool
) -> None:
    assert proxies.unchecked(errand(**fields), CONTEXT.rules) is wanted


def test_what_was_checked_stays_with_who_and_when_and_the_latest_holds() -> None:
    ticket = must(errand(), "check_proxy", "clerk", T0, {"kind": "oral", "since": "2026-11-01"})
    ticket = must(ticket, "check_proxy", "clerk", T0)
    auth = ticket.proxy_auth or {}
    assert (auth["kind"], auth["since"], auth["checked_by"]) == ("written", "2026-11-20", "clerk1")
    assert auth["checked_at"] == T0.isoformat()
    assert not proxies.unchecked(ticket, CONTEXT.rules)


async def test_nothing_waits_for_it(tickets: TicketService) -> None:
    said = {"subject": {**FOR_MOTHER, "name": "王桂英"}, "reporter_role": "proxy"}
    filed = await tickets.create(request("A2", "给我妈开个居住证明", **said), ME)
    number, clerk = filed["ticket_no"], ACTORS["clerk"]
    assert filed["state"] not in ("SUBMITTED", "NEED_INFO"), "accepted all the same"
    assert await tickets.proxy_unchecked(number, clerk)
    shown = await tickets.act(
        number, "check_proxy", {"kind": "guardian", "since": "2020-01-01"}, clerk
    )
    assert shown["proxy_auth"]["checked_by_name"] == "赵敏"
    assert not await tickets.proxy_unchecked(number, clerk)
