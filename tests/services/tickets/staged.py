"""Every line of the workflow table on stage: a ticket, a role and facts with which it can be done."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from services.tickets.core.actor import Actor
from services.tickets.core.context import Context, Person, Refusal
from services.tickets.core.event import Event
from services.tickets.core.states import STORED, State
from services.tickets.core.ticket import Ticket
from services.tickets.core.workflow import Transition
from tests.services.tickets.world import (
    ACTORS,
    CONTEXT,
    FORMER,
    GOOD_PAYLOADS,
    T0,
    do,
    in_state,
    parent,
    ready,
)

LATER = T0 + timedelta(minutes=30)
PASSED_ON = {"org": "property", "reason": "管道归物业"}
WITHIN = {"org": "community", "reason": "窗口先联系"}
ASKED = {"by": "handler9", "at": T0.isoformat()}
PENDING: dict[str, dict[str, Any]] = {
    "extend": {"extension_request": {**ASKED, "days": 1, "reason": "等配件"}},
    "suspend": {"suspension_request": {**ASKED, **GOOD_PAYLOADS["suspend"]}},
    "terminate": {"termination_request": {**ASKED, **GOOD_PAYLOADS["terminate"]}},
}
"""What somebody else has asked for, where a line decides on it."""
CHOSEN: dict[tuple[str, str], dict[str, Any]] = {
    ("review", "uphold"): {"explanation": "看过了，确实不归我们"},
    ("review", "correct"): {"explanation": "应当受理"},
    ("terminate", "refuse"): {"text": "还能办"},
    ("suspend", "refuse"): {"text": "能修先修"},
    ("extend", "refuse"): {"reason": "时间够"},
    ("decide_exclusion", "refuse"): {"text": "不属实"},
    ("supplement", "no"): {"text": "三号楼", "rest": ["什么时候开始的"]},
    ("amend", "yes"): {"reporter": {"contact_pref": "微信"}},
    ("amend", "no"): {"reporter": {"contact_pref": "微信"}},
}
"""What else a line asks for, by action and the answer that chooses it."""


def owner_for(role: str) -> tuple[str, str]:
    """The unit that this role belongs to, and a leaf it may lead."""
    return {"grid": ("grid", "H6"), "vendor": ("meal", "C1"), "clerk": ("community", "K4")}.get(
        role, ("legal", "J2") if role == "mediator" else ("water", "H1")
    )


STATES = {
    (state, owner): in_state(state, owner, leaf)
    for state in STORED
    for owner, leaf in {owner_for(r) for r in ACTORS if r != "mediator"}
}


def started(state: State, role: str) -> Ticket:
    """A ticket in a state, given to the unit of this role."""
    owner, _ = owner_for(role)
    if owner == "legal":
        return replace(STATES[(state, "water")], owner_org=owner)
    return STATES[(state, owner)]


def said(line: Transition, role: str, state: State) -> dict[str, Any]:
    """The facts that choose a line of the table and are enough for it."""
    facts = dict(GOOD_PAYLOADS.get(line.action, {}))
    if line.action == "dispatch":
        facts = dict(WITHIN if role == "supervisor" else PASSED_ON)
        if state is State.ACCEPTED and role != "supervisor":
            facts = dict(GOOD_PAYLOADS["dispatch"])
    if line.action == "callback":
        facts = {"result": "no_answer" if role == "system" else "unsolved"}
    if line.action == "amend":
        facts = {"reporter": {"contact_pref": "微信"}}
    if line.when:
        name, chosen = line.when
        facts = {**facts, **CHOSEN.get((line.action, chosen), {}), name: chosen}
    return facts


@dataclass(frozen=True)
class Scene:
    """One line of the table, about to be done by a role on a ticket."""

    line: Transition
    role: str
    ticket: Ticket
    payload: dict[str, Any]
    context: Context
    at: datetime = LATER
    actor: Actor = field(default=ACTORS["system"])

    def play(self) -> Event | Refusal:
        """Do it."""
        return do(
            self.ticket, self.line.action, self.role, self.at, self.payload, self.context, self.actor
        )  # fmt: skip


def scene(line: Transition, role: str, state: State) -> Scene:
    """Put a line on stage: all that it presupposes beside state and role is there."""
    actor, action = ACTORS[role], line.action
    # The desk writes down nothing that judges or ends its own work: it does so for another unit's.
    whose = "handler" if role == "clerk" and "other_unit" in line.guards else role
    ticket = ready(started(state, whose), action, actor)
    if line.when == ("decision", "refuse"):
        ticket = replace(ticket, **PENDING.get(action, {}))
    if action == "dispatch" and role == "supervisor":
        # The head of a community passes on within it.
        ticket = replace(ticket, leaf="H6", owner_org="grid" if ticket.owner_org else None)
    shared = replace(parent(), state=State.RESOLVED, leaf=ticket.leaf)
    other = {
        "merge": replace(parent(), leaf=ticket.leaf),
        "part": replace(shared, state=State.WITHDRAWN),
    }.get(action, shared)
    context = replace(CONTEXT, parent=other, former=FORMER)
    if action == "assign":
        context = replace(context, person=Person("handler9", "新来的", str(ticket.owner_org)))
    at = T0 + timedelta(days=8) if action in ("close", "lapse") else LATER
    return Scene(line, role, ticket, said(line, role, state), context, at, actor)
