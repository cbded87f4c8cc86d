"""Duties are kept apart for persons and units, not for accounts: what one did the other does not judge."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from services.people.model import Staff
from services.people.service import PeopleService
from services.people.staff import save_staff
from services.people.tables import StaffRow
from services.tickets.core import timing
from services.tickets.core.context import Person, Refusal
from services.tickets.core.states import STORED, State
from services.tickets.core.ticket import Ticket
from services.tickets.core.workflow import TRANSITIONS
from services.tickets.service import TicketService
from tests.services.conftest import TestClock
from tests.services.tickets.conftest import request
from tests.services.tickets.world import (
    ACTORS,
    CONTEXT,
    T0,
    contacted,
    do,
    exclusion_request,
    in_state,
    must,
    ready,
)

LATER = T0 + timedelta(minutes=30)
JUDGING = [
    # action, role, state, payload
    ("callback", "callback", State.RESOLVED, {"result": "solved"}),
    ("callback", "callback", State.RESOLVED, {"result": "unsolved"}),
    ("callback", "callback", State.RESOLVED, {"result": "no_answer"}),
    ("callback", "callback", State.ACTIVE, {"result": "unsolved"}),
    ("callback", "callback", State.MERGED, {"result": "solved"}),
    ("close", "supervisor", State.RESOLVED, None),
    ("close", "callback", State.RESOLVED, None),
    ("close", "auditor", State.RESOLVED, None),
    ("rework", "supervisor", State.RESOLVED, None),
    ("rework", "dispatcher", State.RESOLVED, None),
    ("rework", "callback", State.RESOLVED, None),
    ("rework", "auditor", State.RESOLVED, None),
    ("rework", "auditor", State.CLOSED, None),
    ("audit", "auditor", State.RESOLVED, {"finding": "genuine", "text": "x"}),
    ("audit", "auditor", State.CLOSED, {"finding": "false", "text": "x"}),
    ("terminate", "supervisor", State.ACTIVE, None),
    ("terminate", "dispatcher", State.SUSPENDED, None),
    ("review", "supervisor", State.TERMINATED, None),
    ("review", "dispatcher", State.TERMINATED, None),
]  # fmt: skip
"""Every step that says whether work was done, and everybody who may take it."""


def judged(action: str, role: str, state: State) -> Ticket:
    ticket = ready(contacted(in_state(state)), action, ACTORS[role])
    return replace(ticket, owner_org="water", handlers=["handler1"])


@pytest.mark.parametrize(("action", "role", "state", "payload"), JUDGING)
@pytest.mark.parametrize(
    ("account", "org", "also", "code"),
    [
        ("x1", "street", (), None),
        ("handler1", "street", (), "own_work"),
        ("x1", "street", (Person("handler1", "陈师傅", "power"),), "own_work"),
        ("x1", "water", (), "own_unit"),
        ("x1", "street", (Person("x2", "陈师傅", "water"),), "own_unit"),
        ("x1", "street", (Person("x2", "陈师傅", "power"),), None),
    ],
)  # fmt: skip
def test_who_judges_the_work_is_neither_who_did_it_nor_of_their_unit(
    action: str, role: str, state: State, payload: dict[str, str] | None,
    account: str, org: str, also: tuple[Person, ...], code: str | None,
) -> None:  # fmt: skip
    ticket = judged(action, role, state)
    actor = replace(ACTORS[role], id=account, org_id=org)
    shared = replace(in_state(State.RESOLVED), owner_org="water", handlers=["handler1"])
    context = replace(CONTEXT, also=also, parent=shared)
    at = T0 + timedelta(days=8) if action == "close" else LATER
    made = do(ticket, action, role, at, payload, context, actor)
    assert (made.code if isinstance(made, Refusal) else None) == code


def test_no_step_of_the_table_that_judges_is_left_out() -> None:
    ends = {
        "callback_solved", "callback_unsolved", "callback_missed", "called_at_expiry",
        "joined_answered", "closed", "audited", "found_false", "terminated", "review_upheld",
    }  # fmt: skip
    for line in TRANSITIONS:
        if line.event in ends or line.action == "rework":
            assert {"not_handler", "other_unit"} <= set(line.guards), line
            for role in line.roles - {"resident", "system"}:
                assert any(
                    (line.action, role) == (a, r) and state in line.sources
                    for a, r, state, _ in JUDGING
                ), (line.action, role)
    assert {s for _, _, s, _ in JUDGING} <= STORED


APPEALED = {
    **exclusion_request("appealed", "water"),
    "decisions": [{"state": "refused", "by": "me2", "at": T0.isoformat()}],
    "appeal": {"text": "再看看", "by": "handler1", "at": (T0 + timedelta(minutes=5)).isoformat()},
}
"""Refused by one, appealed: another decides."""

# whose deed is judged → the step, who takes it, what the ticket says of who did it
OWN: list[tuple[str, str, State, dict[str, object], str]] = [
    ("decide_objection", "dispatcher", State.OBJECTED,
     {"objections": [{"by": "me2", "org": "power"}]}, "own_objection"),
    ("extend", "supervisor", State.ACTIVE,
     {"extension_request": {"by": "me2", "days": 1, "at": T0.isoformat()}}, "own_request"),
    ("suspend", "supervisor", State.ACTIVE, {"suspension_request": {"by": "me2"}}, "own_request"),
    ("terminate", "supervisor", State.ACTIVE, {"termination_request": {"by": "me2"}}, "own_request"),
    ("review", "dispatcher", State.NOT_ACCEPTED, {"refused_by": "me2"}, "own_refusal"),
    ("exclude", "auditor", State.ACTIVE, {"handlers": ["me2"]}, "own_unit"),
    ("decide_exclusion", "auditor", State.ACTIVE, {"handlers": ["me2"]}, "own_unit"),
    *(
        (action, "auditor", State.ACTIVE,
         {"exclusion_request": APPEALED, "exclusion": {"reason": "merged"} if action == "include" else None},
         "own_decision")
        for action in ("decide_exclusion", "exclude", "include")
    ),
]  # fmt: skip


@pytest.mark.parametrize(("action", "role", "state", "facts", "code"), OWN)
@pytest.mark.parametrize("same", [True, False])
def test_nobody_decides_with_one_account_on_what_the_other_asked_for(
    action: str, role: str, state: State, facts: dict[str, object], code: str, same: bool
) -> None:
    ticket = replace(ready(in_state(state), action, ACTORS[role]), **facts)  # type: ignore[arg-type]
    also = (Person("me2" if same else "other", "我", "power"),)
    made = do(ticket, action, role, LATER, context=replace(CONTEXT, also=also))
    assert (made.code if isinstance(made, Refusal) else None) == (code if same else None)


def test_a_shared_ticket_is_not_called_about_by_who_worked_on_it() -> None:
    merged = in_state(State.MERGED)
    shared = replace(in_state(State.RESOLVED), handlers=["callback1"], owner_org="power")
    context = replace(CONTEXT, parent=shared)
    made = do(merged, "callback", "callback", LATER, {"result": "solved"}, context)
    assert isinstance(made, Refusal) and made.code == "own_work"


# phone of the account that worked, phone of the account that closes, name of both → one person?
PHONES = [
    ("138 1234 5678", "+86-13812345678", "甲", "乙", True),
    ("13812345678", "13900000000", "甲", "甲", False),
    (None, None, "甲", "甲", False),  # another unit: only the name is the same
]


@pytest.mark.parametrize(("first", "second", "name", "other", "same"), PHONES)
@pytest.mark.parametrize("old", [True, False])
async def test_a_second_account_is_found_by_its_phone(
    tickets: TicketService, people: PeopleService, clock: TestClock,
    first: str | None, second: str | None, name: str, other: str, same: bool, old: bool,
) -> None:  # fmt: skip
    """Accounts that an earlier version let through, some of them before phones were hashed."""
    async with tickets._db.write() as s:
        for staff in (
            Staff("w1", name, "handler", "lift", None, (), first),
            Staff("w2", other, "callback", "street", "qinghe-c1", (), second),
        ):
            row = StaffRow(id=staff.id, password_hash="!", created_at=clock.now())
            await save_staff(s, people.vault, staff, row)
            row.phone_hash = None if old else row.phone_hash
    if old:
        await people.hash_phones()
    number = (await tickets.create(request(), ACTORS["resident"]))["ticket_no"]
    worker = replace(ACTORS["grid"], id="w1")
    caller = replace(ACTORS["callback"], id="w2")
    await tickets.act(number, "sign", {}, worker)
    done = {"outcome": "solved", "reply": "换了灯泡", "evidence": ["p1"]}
    await tickets.act(number, "resolve", done, worker)
    offered = {a["action"] for a in await tickets.allowed_actions(number, caller)}
    assert ("callback" in offered) is not same
    try:
        await tickets.act(number, "callback", {"result": "solved"}, caller)
        code = None
    except Exception as error:
        code = getattr(error, "code", str(error))
    assert code == ("own_work" if same else None)


@pytest.mark.parametrize(
    ("owner", "by_head"),
    [("property", True), ("elevator", True), ("water", False), ("police", False), ("grid", False),
     ("community", False)],
)  # fmt: skip
def test_the_street_rules_on_objections_of_departments_and_of_the_community(
    owner: str, by_head: bool
) -> None:
    """The community's head looks at what who serves the community objects to, not at its own grid's."""
    objected = must(in_state(State.DISPATCHED), "object", "handler", LATER)
    objected = replace(objected, owner_org=owner, leaf="H6")
    made = do(objected, "decide_objection", "supervisor", LATER)
    assert (made.code if isinstance(made, Refusal) else None) == (
        None if by_head else "street_decides"
    )
    assert must(objected, "decide_objection", "dispatcher", LATER).state is State.DISPATCHED


@pytest.mark.parametrize(
    ("leaf", "owner", "org", "code"),
    [
        ("H6", None, "grid", None), ("K4", None, "community", None), ("H6", "grid", "community", None),
        ("H1", None, "water", "beyond_community"), ("J4", None, "police", "beyond_community"),
        ("H6", "grid", "property", "beyond_community"),
        ("H6", "property", "grid", "beyond_community"), ("H6", "water", "grid", "beyond_community"),
    ],
)  # fmt: skip
def test_the_head_of_a_community_gives_orders_within_it(
    leaf: str, owner: str | None, org: str, code: str | None
) -> None:
    """Neither to others, nor away from them; the street gives orders to all."""
    ticket = replace(in_state(State.DISPATCHED if owner else State.ACCEPTED), leaf=leaf)
    ticket = replace(ticket, owner_org=owner)
    order = {"org": org, "reason": "换人", "duty": "主责"}
    made = do(ticket, "dispatch", "supervisor", LATER, order)
    assert (made.code if isinstance(made, Refusal) else None) == code
    assert must(ticket, "dispatch", "dispatcher", LATER, order).owner_org == org


@pytest.mark.parametrize("decision", ["reject", "uphold"])
def test_an_objection_in_vain_gives_no_fresh_clocks(decision: str) -> None:
    """Time is not won by sending back; an upheld objection starts the next unit's clocks."""
    order = in_state(State.DISPATCHED)
    objected = must(order, "object", "handler", LATER)
    ruling = {"decision": decision, "basis": "职责清单", "org": "property"}
    after = must(objected, "decide_objection", "dispatcher", LATER + timedelta(hours=3), ruling)
    clock = ("sign_due_at", "sign_due_reason", "contact_due_at", "contact_due_reason")
    names = (*clock, "dispatched_at")
    kept = all(getattr(after, n) == getattr(order, n) for n in names)
    assert kept is (decision == "reject")
    assert (after.sign_due_at is not None) and (decision == "reject" or after.sign_due_at > LATER)


@pytest.mark.parametrize(("org", "kept"), [("water", True), ("property", False)])
def test_another_person_of_the_unit_gets_no_fresh_clocks(org: str, kept: bool) -> None:
    work = in_state(State.ACTIVE)
    person = Person("w9", "新来的", org)
    order = {"org": org, "person": "w9", "reason": "换人"}
    after = must(work, "dispatch", "dispatcher", LATER, order, replace(CONTEXT, person=person))
    assert (after.sign_due_at == work.sign_due_at) is kept
    assert (after.dispatched_at == work.dispatched_at) is kept
    assert (after.signed_at == work.signed_at) is kept and after.owner_person == "w9"
    # Signed once in time is signed in time: no alarm, whoever of the unit goes on.
    assert ("sign" in timing.running(after)) is not kept
    again = must(after, "sign", "handler", LATER + timedelta(days=1), actor=replace(
        ACTORS["handler"], id="w9", org_id=org))  # fmt: skip
    assert again.state is State.ACTIVE and "w9" in again.handlers


@pytest.mark.parametrize(("approver", "names", "code"), [
    ("街道副主任 李强", ("周莉",), None), ("周莉", ("周莉",), "own_whistle"),
    ("街道 周莉", ("周莉",), "own_whistle"), ("dispatcher1", (), "own_whistle"),
])  # fmt: skip
def test_a_whistle_is_approved_by_another(
    approver: str, names: tuple[str, ...], code: str | None
) -> None:
    person = next((Person("dispatcher1", n, "street") for n in names), None)
    call = {"type": "problem", "orgs": ["urban"], "reason": "联合", "approver": approver}
    made = do(in_state(State.ACTIVE), "whistle", "dispatcher", LATER, call,
              replace(CONTEXT, person=person))  # fmt: skip
    assert (made.code if isinstance(made, Refusal) else None) == code
