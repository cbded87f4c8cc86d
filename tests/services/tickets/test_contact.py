"""先行联系 (《北京市接诉即办工作条例》第十五条): what stops the clock of the first contact, and what does not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from services.tickets.core import timing
from services.tickets.core.choices import REACHED, WAYS
from services.tickets.core.context import Refusal
from services.tickets.core.rules import load_rules
from services.tickets.core.states import State
from tests.services.tickets.world import CONTEXT, DATA, T0, do, in_state, must

LATER = T0 + timedelta(minutes=30)
COUNTS = {"reached": True, "delivered": True, "no_answer": False}
CASES = [(way, result) for way in WAYS for result in REACHED]


@pytest.mark.parametrize(("way", "result"), CASES)
@pytest.mark.parametrize("state", [State.ACTIVE, State.REWORK])
def test_only_who_was_reached_stops_the_clock(way: str, result: str, state: State) -> None:
    ticket = replace(in_state(state), first_contact_at=None, contacts=[])
    made = do(ticket, "contact", "handler", LATER, {"way": way, "result": result})
    if result == "delivered" and way != "message":
        assert isinstance(made, Refusal) and made.code == "not_delivered"
        return
    after = must(ticket, "contact", "handler", LATER, {"way": way, "result": result})
    assert [c["result"] for c in after.contacts] == [result], "the attempt is on record"
    assert (after.first_contact_at == LATER) is COUNTS[result]
    assert ("contact" in timing.running(after)) is not COUNTS[result]


def test_after_a_ring_in_vain_the_clock_goes_on_and_is_missed() -> None:
    ring = {"way": "phone", "result": "no_answer"}
    ticket = must(in_state(State.ACTIVE), "contact", "handler", LATER, ring)
    assert ticket.contact_due_at is not None
    late = ticket.contact_due_at + timedelta(minutes=1)
    assert timing.missed(ticket, late) == ["contact"]
    reached = must(ticket, "contact", "handler", LATER, {"way": "phone", "result": "reached"})
    assert timing.missed(reached, late) == []
    assert reached.first_contact_at == LATER and len(reached.contacts) == 2


def test_a_ring_in_vain_is_no_contact_before_resolving_but_an_attempt_to_verify() -> None:
    ring = {"way": "phone", "result": "no_answer"}
    ticket = must(in_state(State.ACTIVE), "contact", "handler", LATER, ring)
    made = do(ticket, "resolve", "handler", LATER)
    assert isinstance(made, Refusal) and made.code == "contact_first"
    lenient = replace(CONTEXT, rules=replace(CONTEXT.rules, contact_first=False))
    unsure = {"outcome": "unverifiable", "reply": "电话没人接", "explanation": "没接通",
              "evidence": ["p1"]}  # fmt: skip
    assert must(ticket, "resolve", "handler", LATER, unsure, lenient).outcome == "unverifiable"


def test_who_had_only_been_rung_up_is_contacted_first_by_the_next_unit() -> None:
    ring = {"way": "phone", "result": "no_answer"}
    ticket = must(in_state(State.ACTIVE), "contact", "handler", LATER, ring)
    passed = must(ticket, "dispatch", "dispatcher", LATER, {"org": "property", "reason": "归物业"})
    assert "contact" in timing.running(passed)


def test_what_counts_is_data(tmp_path: Path) -> None:
    text = (DATA / "workflow.yml").read_text(encoding="utf-8")
    strict = tmp_path / "workflow.yml"
    strict.write_text(text.replace("[reached, delivered]", "[reached]"), encoding="utf-8")
    context = replace(CONTEXT, rules=load_rules(strict))
    told = {"way": "message", "result": "delivered"}
    ticket = must(in_state(State.ACTIVE), "contact", "handler", LATER, told, context)
    assert ticket.first_contact_at is None
    for wrong in ("[]", "[rang]"):
        strict.write_text(text.replace("[reached, delivered]", wrong), encoding="utf-8")
        with pytest.raises(ValueError, match="办理规则有误"):
            load_rules(strict)
