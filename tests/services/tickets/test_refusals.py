"""Every refusal that the rules can give, given: none is a sentence that nobody has ever met."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from services.config import ROOT
from services.tickets.core.context import Refusal
from services.tickets.core.states import State
from services.tickets.core.ticket import Ticket
from tests.services.tickets.world import CONTEXT, PLACE, T0, do, in_state, must

LATER = T0 + timedelta(minutes=30)
NOWHERE = replace(PLACE, grid_id=None, grid=None, community_id=None, community=None).to_dict()
CHAT = {"conversation_id": "conversation-1", "reporter": {"phone": "138****5678"}}
RESTRICTED = {"restricted": True, "leaf": "F4"}

# state, facts of the ticket, action, role, payload, code
REFUSED: list[tuple[State, Mapping[str, Any], str, str, dict[str, Any] | None, str]] = [
    (State.ACCEPTED, {"location": NOWHERE, "leaf": "H6"}, "dispatch", "dispatcher", {"org": "grid"},
     "grid_unknown"),
    (State.ACCEPTED, {"location": NOWHERE, "leaf": "K4"}, "dispatch", "dispatcher",
     {"org": "community"}, "community_unknown"),
    (State.ACTIVE, RESTRICTED, "protect", "clerk", {"level": "normal", "reason": "没事了"},
     "stays_restricted"),
    (State.ACTIVE, {"due_at": None}, "extend", "handler", None, "no_deadline"),
    (State.MERGED, CHAT, "ask_joined", "system", {"ask": "yes"}, "asked_in_chat"),
    (State.ACTIVE, {"missed": ["due"]}, "deadline", "system", {"stage": "due"}, "already_on_record"),
    (State.ACTIVE, {"planned": []}, "remind", "system", None, "no_reminder_due"),
    (State.ACTIVE, {}, "plan", "system", None, "reminders_there"),
    (State.ACTIVE, {}, "reschedule", "system", None, "nothing_moves"),
]  # fmt: skip


@pytest.mark.parametrize(("state", "facts", "action", "role", "payload", "code"), REFUSED)
def test_what_does_not_fit_is_refused(
    state: State, facts: Mapping[str, Any], action: str, role: str,
    payload: dict[str, Any] | None, code: str,
) -> None:  # fmt: skip
    context = replace(CONTEXT, former=CONTEXT.calendar)
    made = do(replace(in_state(state), **facts), action, role, LATER, payload, context)
    assert isinstance(made, Refusal) and made.code == code, made
    assert any("一" <= c <= "鿿" for c in made.message)


def test_a_unit_objects_once_also_when_the_order_comes_back() -> None:
    t = must(in_state(State.DISPATCHED), "object", "handler", LATER)
    ruling = {"decision": "uphold", "org": "property", "basis": "归物业"}
    t = must(t, "decide_objection", "dispatcher", LATER, ruling)
    t = must(t, "dispatch", "dispatcher", LATER, {"org": "water", "reason": "管道归供水"})
    made = do(t, "object", "handler", LATER)
    assert isinstance(made, Refusal) and made.code == "already_objected"


def twice() -> Ticket:
    """A ticket of a class that is extended at most twice."""
    for leaf in CONTEXT.leaves:
        ticket = replace(in_state(State.ACTIVE), leaf=leaf)
        priority, _ = CONTEXT.urgency.of(leaf, "")
        ticket = replace(ticket, priority=priority, kind=CONTEXT.leaves[leaf].kind)
        if CONTEXT.sla(ticket).extensions == 2:
            return ticket
    raise AssertionError("no class is extended twice")


@pytest.mark.parametrize("role", ["handler", "supervisor"])
def test_a_ticket_is_extended_twice_and_no_more(role: str) -> None:
    ticket, more = twice(), {"decision": "approve", "days": 1, "reason": "等配件"}
    for n in (1, 2):
        ticket = must(ticket, "extend", "supervisor", LATER, more)
        assert len(ticket.extensions) == n
    made = do(ticket, "extend", role, LATER, more)
    assert isinstance(made, Refusal) and made.code == "no_extension_left"


# ── all of them ─────────────────────────────────────────────────────────────────────────────────


def codes(path: Path) -> Iterator[str]:
    """The codes of the refusals that a module gives."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Refusal":
            first = node.args[0]
            assert isinstance(first, ast.Constant), f"{path.name}:{node.lineno}"
            yield str(first.value)


def met() -> set[str]:
    """Words that stand alone in the tests of tickets, as codes do."""
    found: set[str] = set()
    for path in (ROOT / "tests" / "services").rglob("test_*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        found |= {
            n.value
            for n in ast.walk(tree)
            if isinstance(n, ast.Constant) and isinstance(n.value, str)
        }
    return found


def test_every_code_of_a_refusal_is_met_by_some_test() -> None:
    core = ROOT / "services" / "tickets" / "core"
    given = {code for path in core.glob("*.py") for code in codes(path)}
    assert len(given) > 90
    assert given <= met(), sorted(given - met())
