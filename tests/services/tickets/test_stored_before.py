"""Tickets that were stored before the workflow knew so much still load, and people go on with them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from services.tickets.core.event import Event
from services.tickets.core.states import State
from services.tickets.core.ticket import Ticket
from tests.services.tickets.world import ACTORS, T0, contacted, do, in_state, must

LATER = T0 + timedelta(hours=1)
SINCE = (
    "disposition", "duplicate_of", "refused_at", "refused_by", "review_asked_by", "reviews",
    "review_due_at", "review_due_reason", "group_due_at", "group_due_reason", "group_answer",
    "directory", "dispatch_due_at", "dispatch_due_reason", "consults", "escalations", "protection", "case_of", "audits", "exclusion", "hold",
)  # fmt: skip


def stored_before(state: State, **old: Any) -> Ticket:
    doc = contacted(in_state(state)).to_doc()
    return Ticket.from_doc({k: v for k, v in doc.items() if k not in SINCE} | old)


def test_every_new_field_has_a_default() -> None:
    for state in State:
        if state is not State.DRAFT:
            old = stored_before(state)
            assert old.state is state
            assert old.exclusion is None and old.reviews == []


def test_an_old_refusal_can_be_reviewed() -> None:
    old = stored_before(State.NOT_ACCEPTED)
    asked = must(old, "review", "resident", LATER, {"text": "不同意"})
    made = do(
        asked, "review", "supervisor", LATER, {"decision": "correct", "explanation": "看错了"}
    )
    assert isinstance(made, Event) and made.to_state is State.ACCEPTED


def test_an_old_whistle_assistant_and_supervision_can_be_answered() -> None:
    unit = {"org": "water", "name": "供水公司"}
    old = stored_before(
        State.ACTIVE,
        whistles=[{"type": "problem", "units": [unit], "reason": "多头", "at": T0.isoformat()}],
        assists=[unit],
        supervisions=[{"level": "1", "text": "请抓紧", "at": T0.isoformat()}],
    )
    t = must(old, "report", "handler", LATER, {"stage": "sign"})
    t = must(t, "feedback", "handler", LATER)
    t = must(t, "answer_supervision", "handler", LATER)
    t = must(t, "end_whistle", "dispatcher", LATER)
    t = must(t, "rate_whistle", "dispatcher", LATER, {"score": 3, "org": "water"})
    assert t.whistles[0]["ratings"][0]["about_org"] == "water"
    assert ACTORS["handler"].id in t.handlers
