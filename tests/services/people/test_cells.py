"""Who may do what, cell by cell, held against what the API does for each role.

The cells are written here by hand and read from neither ``data/roles.yml`` nor the workflow's table:
what either allows too much or too little is found.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any, get_args

import pytest

from services.people.model import Role
from services.tickets.core.context import Person, Refusal
from services.tickets.core.event import Event
from services.tickets.core.kinds import Kind
from services.tickets.core.states import State
from services.tickets.views import events_view, staff_view
from tests.services.tickets import world
from tests.services.web.conftest import Client, Token, as_staff, client, services

__all__ = ["as_staff", "client", "services"]

ROLES: tuple[Role, ...] = get_args(Role)
WORKERS = {"grid", "clerk", "handler", "mediator"}
DOERS = WORKERS | {"vendor"}
HEADS = {"supervisor", "dispatcher"}

# cell → steps of a ticket that it opens → whose it is
STEPS: dict[str, tuple[tuple[str, ...], set[str]]] = {
    "intake": (("accept", "need_info", "not_accept", "merge"), HEADS | {"clerk"}),
    "mark a risk": (("flag_risk", "clear_risk"), HEADS | {"clerk"}),
    "propose whose it is": (("propose",), {"clerk"}),
    "assign to units": (("dispatch",), HEADS),
    "assign inside the unit": (("assign",), {"handler"}),
    "rule on an objection": (("decide_objection",), HEADS),
    "whistle": (("whistle", "end_whistle"), {"dispatcher"}),
    "press": (("supervise",), HEADS | {"auditor"}),
    "sign, object, resolve": (("sign", "object", "resolve", "escalate"), DOERS),
    "contact the resident": (("contact",), WORKERS),
    "see the number, with a reason": (("reveal",), WORKERS | {"callback"}),
    "ring through the office's number": (("relay",), WORKERS | {"callback", "dispatcher"}),
    "check by what right somebody acts for another": (("check_proxy",), {"clerk"}),
    "tell on the phone": (("tell",), WORKERS | {"dispatcher"}),
    "open a photo to who works from outside": (("mark_photo",), DOERS | {"dispatcher"}),
    "write down what a resident says": (("on_behalf",), WORKERS | {"callback", "dispatcher"}),
    "propose to end the work, or end it": (("terminate",), HEADS | DOERS),
    "close": (("close",), {"supervisor", "callback", "auditor"}),
    "ask and record the answer": (("callback",), {"callback"}),
    "send back": (("rework",), HEADS | {"callback", "auditor"}),
    "audit, score": (
        ("audit", "exclude", "include", "decide_exclusion", "hold", "release"), {"auditor"},
    ),
    "note who came when": (("arrive",), DOERS),
    "ask to be left out of scoring": (("ask_exclusion", "appeal_exclusion"), DOERS),
    "note": (("note",), DOERS | HEADS | {"callback", "auditor"}),
}  # fmt: skip
RESIDENTS_ONLY = ("urge", "supplement", "amend", "withdraw", "rate", "reject")

# cell → a call that it opens → whose it is
CALLS: dict[str, tuple[str, str, set[str]]] = {
    "create": ("POST", "/api/v1/tickets", {"grid", "clerk", "supervisor", "mediator"}),
    "teach the bot": ("GET", "/api/v1/training/inbox", {"trainer"}),
    "suggest what the bot took wrong": (
        "POST", "/api/v1/tickets/SQ-1/misunderstood", {"grid", "clerk"},
    ),
    "train the bot": ("POST", "/api/v1/training/groups/1/decision", {"trainer"}),
    "look at models": ("GET", "/api/v1/training/models", {"trainer", "admin"}),
    "put a model into production": ("POST", "/api/v1/training/releases", {"admin"}),
    "read the audit trail": ("GET", "/api/v1/audit/entries", {"auditor"}),
    "carry out requests about own data": (
        "GET", "/api/v1/rights/requests", {"clerk", "auditor"},
    ),
    "exchange orders": ("GET", "/api/v1/exchange/imports", {"dispatcher", "auditor"}),
}  # fmt: skip


async def test_each_cell_is_what_the_api_does(client: Client, as_staff: Token) -> None:
    heads = {role: await as_staff(f"{role}1") for role in ROLES}
    desk = {**heads["clerk"], "Idempotency-Key": "cells"}
    body = {"narrative": "楼道灯坏了", "leaf": "H6", "channel": "counter"}
    made = await client.post("/api/v1/tickets", json=body, headers=desk)
    assert made.status == 201, await made.text()
    ticket = await made.json()
    number, wrong = ticket["ticket_no"], []
    for cell, (actions, whose) in STEPS.items():
        for action in actions:
            for role in ROLES:
                refused = await _refused(client, heads[role], number, action)
                if refused is (role in whose):
                    wrong.append((cell, action, role))
    for action in RESIDENTS_ONLY:
        wrong += [
            (action, r) for r in ROLES if not await _refused(client, heads[r], number, action)
        ]
    assert wrong == []


async def _refused(client: Client, who: dict[str, str], number: str, action: str) -> bool:
    """Say whether a step is not for the role at all, whatever the state and the words."""
    answer = await client.post(
        f"/api/v1/tickets/{number}/actions/{action}", json={"version": 1}, headers=who
    )
    error = (await answer.json())["error"] if answer.status >= 400 else {}
    return answer.status in (403, 404) and error["code"] in ("role_not_allowed", "unknown_action")


@pytest.mark.parametrize("cell", CALLS)
async def test_each_part_of_the_api_is_open_to_its_roles(
    cell: str, client: Client, as_staff: Token
) -> None:
    method, path, whose = CALLS[cell]
    for role in ROLES:
        sent: Any = {} if method == "GET" else {"data": b"{"}
        answer = await client.request(method, path, headers=await as_staff(f"{role}1"), **sent)
        assert answer.status != 404, path
        assert (answer.status == 403) is (role not in whose), (cell, role, answer.status)


LATER = world.T0 + timedelta(minutes=30)


@pytest.mark.parametrize("role", ["grid", "handler", "mediator", "clerk", "callback"])
@pytest.mark.parametrize("kind", ["report", "complaint", "help"])
def test_contact_data_goes_out_by_kind_of_request(role: str, kind: str) -> None:
    """Who reports somebody to the authorities stays with the desk and the callback."""
    actor = world.ACTORS[role]
    ticket = replace(
        world.in_state(State.ACTIVE), kind=Kind(kind), owner_org=actor.org_id or "water",
        owner_person=actor.id, to_call={"why": "expired", "since": world.T0.isoformat()},
    )  # fmt: skip
    made = world.do(ticket, "reveal", role, LATER)
    withheld = kind == "report" and role in ("grid", "handler", "mediator")
    assert (made.code if isinstance(made, Refusal) else None) == (
        "not_needed_to_act" if withheld else None
    )


@pytest.mark.parametrize(
    ("org", "code"), [("water", None), ("power", "person_not_in_org"), (None, "person_unknown")]
)  # fmt: skip
def test_a_unit_gives_an_order_to_its_own_people_only(org: str | None, code: str | None) -> None:
    person = Person("w9", "新来的", org) if org else None
    context = replace(world.CONTEXT, person=person)
    before = world.in_state(State.DISPATCHED)
    made = world.do(before, "assign", "handler", LATER, {"person": "w9"}, context)
    if code is not None:
        assert isinstance(made, Refusal) and made.code == code
        return
    after = world.must(before, "assign", "handler", LATER, {"person": "w9"}, context)
    assert (after.owner_person, after.owner_person_name) == ("w9", "新来的")
    assert (after.state, after.transfers, after.handlers) == (State.DISPATCHED, 0, [])


def test_a_proposal_changes_nothing_and_is_there_to_be_read() -> None:
    before = world.in_state(State.ACCEPTED)
    made = world.do(before, "propose", "clerk", LATER)
    assert isinstance(made, Event)
    assert made.data["proposed_org"] == "property" and made.data["proposed_org_name"]
    after = world.must(before, "propose", "clerk", LATER)
    assert (after.state, after.owner_org) == (State.ACCEPTED, None)


@pytest.mark.parametrize(("spoke_for", "marked"), [("proxy", True), ("self", None)])
@pytest.mark.parametrize("action", ["rate", "callback"])
def test_the_rating_of_who_spoke_for_somebody_says_so(
    spoke_for: str, marked: bool | None, action: str
) -> None:
    ticket = replace(world.in_state(State.RESOLVED), reporter={"role": spoke_for})
    payload = {"score": 4} if action == "rate" else {"score": 4, "result": "solved"}
    after = world.must(ticket, action, "resident", LATER, payload)
    assert after.rating is not None and after.rating.get("proxy") is marked


@pytest.mark.parametrize(
    ("role", "reads"),
    [("mediator", True), ("handler", False), ("callback", False), ("auditor", False),
     ("dispatcher", True), ("clerk", True), ("admin", False)],
)  # fmt: skip
def test_notes_of_a_restricted_case_are_read_by_who_works_on_it(role: str, reads: bool) -> None:
    ticket, events = world.led(State.ACTIVE)
    ticket = replace(ticket, restricted=True, owner_org="legal", owner_person="mediator1")
    noted = world.do(ticket, "note", "mediator", LATER, {"text": "当事人情绪不稳"})
    assert isinstance(noted, Event)
    shown = str(events_view(ticket, [*events, noted], world.ACTORS[role], {}, None))
    shown += str(staff_view(ticket, world.ACTORS[role]))
    assert ("情绪不稳" in shown) is reads
