"""Any sequence of commands keeps the promises of the ticket core (property-based)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from services.tickets.core import decide, fold, timing
from services.tickets.core.commands import Command
from services.tickets.core.event import Event
from services.tickets.core.states import State
from services.tickets.core.ticket import Ticket
from services.tickets.core.workflow import ACTIONS
from tests.services.tickets.world import ACTORS, CONTEXT, GOOD_PAYLOADS, parent, submitted

CONTEXT_WITH_PARENT = replace(CONTEXT, parent=parent())
payloads = {
    "callback": [{"result": "solved"}, {"result": "unsolved"}, {"result": "no_answer"}],
    "extend": [{"days": 1, "reason": "等配件"}, {"decision": "refuse", "reason": "不行"}],
    "suspend": [GOOD_PAYLOADS["suspend"], {"decision": "refuse", "text": "再想想"}, {}],
    "decide_objection": [
        {"decision": "reject", "basis": "属供水"},
        {"decision": "uphold", "basis": "属物业", "org": "property"},
    ],
}
# Commands that lead on come more often than those that end everything.
actions = st.sampled_from(
    [a for a in ACTIONS if a not in ("submit", "withdraw", "not_accept", "merge", "hand_off")] * 3
    + ["withdraw", "not_accept", "merge", "sign", "dispatch", "resolve", "callback"]
)
steps = st.tuples(
    actions, st.sampled_from(sorted(ACTORS)), st.integers(0, 2), st.integers(1, 60 * 24 * 3)
)
DEADLINES = ("due", "sign_due", "contact_due", "accept_due", "info_due")


@settings(max_examples=150, deadline=None)
@given(st.lists(steps, min_size=5, max_size=60))
def test_promises_hold_whatever_people_do(sequence: list[tuple[str, str, int, int]]) -> None:
    ticket, events = submitted()
    at = events[0].at
    for action, role, choice, minutes in sequence:
        at += timedelta(minutes=minutes)
        given_here = payloads.get(action, [GOOD_PAYLOADS.get(action, {})])
        payload = dict(given_here[choice % len(given_here)])
        if action == "suspend" and payload.get("review_date"):
            payload["review_date"] = (at + timedelta(days=7)).date().isoformat()
        actor = ACTORS[role]
        if role == "handler" and ticket.owner_org:
            actor = replace(actor, org_id=ticket.owner_org)
        command = Command(action, actor, at, payload)
        made = decide.decide(ticket, command, CONTEXT_WITH_PARENT)
        if not isinstance(made, Event):
            assert made.code and made.message
            continue
        before, ticket = ticket, fold.apply(ticket, made)
        events.append(made)
        check(before, ticket, made)
    assert fold.fold(events) == ticket
    assert Ticket.from_doc(ticket.to_doc()) == ticket


def check(before: Ticket, after: Ticket, event: Event) -> None:
    assert after.version == before.version + 1
    assert after.created_at == before.created_at
    assert after.updated_at is not None and before.updated_at is not None
    assert after.updated_at >= before.updated_at
    for name in DEADLINES:
        due, why = getattr(after, f"{name}_at"), getattr(after, f"{name}_reason")
        assert (due is None) == (why is None), name
        assert due is None or due > after.created_at
    if event.type in ("dispatched", "objection_decided", "signed", "contacted", "objected"):
        # Passing an order on never moves the resident's deadline.
        assert after.due_at == before.due_at
    if event.type in ("extended", "resumed") and before.due_at:
        assert after.due_at is not None and after.due_at >= before.due_at
    if after.state is State.CLOSED and before.state is not State.CLOSED:
        assert event.actor.id not in after.handlers
        assert after.closed_by is not None
    stages = timing.running(after)
    assert timing.next_due(after) is None or stages
    assert after.rework_round >= before.rework_round
