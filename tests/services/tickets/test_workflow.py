"""The workflow table, both ways: every (state, action, role) is allowed or refused as written."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from services.tickets.core import decide, fold
from services.tickets.core.effects import CLOCKS
from services.tickets.core.event import Event
from services.tickets.core.guards import GUARDS, Refusal
from services.tickets.core.states import STATE_LABELS, STORED, State
from services.tickets.core.workflow import ACTIONS, TRANSITIONS, lines
from services.tickets.views import EVENT_TEXTS
from tests.services.tickets.world import ACTORS, CONTEXT, T0, do, in_state, must, parent

LATER = T0 + timedelta(minutes=30)
CONTRACT = (
    "accept need_info not_accept merge dispatch sign object decide_objection contact whistle "
    "assist extend suspend resume resolve callback rework close supervise terminate withdraw note "
    "reveal"
).split()
EVERY = [(s, a, r) for s in sorted(STORED) for a in ACTIONS if a != "submit" for r in ACTORS]


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
PAYLOADS = {
    "callback": {"result": "unsolved"},
    "amend": {"reporter": {"contact_pref": "微信"}},
}


@pytest.mark.parametrize("state", sorted(STORED))
@pytest.mark.parametrize("role", ACTORS)
def test_every_action_in_every_state_by_every_role(state: State, role: str) -> None:
    owner, _ = owner_for(role)
    ticket = STATES[(state, owner if owner != "legal" else "water")]
    if owner == "legal":
        ticket = replace(ticket, owner_org="legal")
    if role == "callback":
        ticket = replace(ticket, callbacks=[])
    context = replace(CONTEXT, parent=parent())
    for action in ACTIONS:
        if action == "submit":
            continue
        payload = PAYLOADS.get(action)
        if action == "callback" and role == "system":
            payload = {"result": "no_answer"}
        if action == "merge":
            context = replace(CONTEXT, parent=replace(parent(), leaf=ticket.leaf))
        at = LATER
        if action == "close":
            ticket, at = _unanswered(ticket)
        made = do(ticket, action, role, at, payload, context)
        known = lines(action, role=role)
        allowed = lines(action, state, role)
        if not known:
            assert isinstance(made, Refusal) and made.code == "role_not_allowed", (action, made)
        elif not decide.in_scope(ticket, ACTORS[role]):
            assert isinstance(made, Refusal) and made.code == "out_of_scope", (action, made)
        elif not allowed:
            assert isinstance(made, Refusal) and made.code == "state_not_allowed", (action, made)
        elif action == "accept" and role == "system" and state is State.NEED_INFO:
            assert isinstance(made, Refusal) and made.code == "info_wait_running"
        else:
            assert isinstance(made, Event), (action, made)
            assert made.from_state is state
            assert any(decide.target(line, ticket) is made.to_state for line in allowed)
            assert fold.apply(ticket, made).state is made.to_state


def _unanswered(ticket):  # type: ignore[no-untyped-def]
    tries = [{"result": "no_answer", "at": (T0 + timedelta(days=n)).isoformat()} for n in (1, 2, 3)]
    return replace(ticket, callbacks=tries), T0 + timedelta(days=4)


def test_the_table_covers_the_contract_and_names_only_what_exists() -> None:
    assert set(CONTRACT) <= {t.action for t in TRANSITIONS} == set(ACTIONS)
    for t in TRANSITIONS:
        assert set(t.guards) <= GUARDS.keys()
        assert t.clock in CLOCKS
        assert t.event in fold.EFFECTS
        assert t.event in EVENT_TEXTS
    assert {t.event for t in TRANSITIONS} == set(fold.EFFECTS) == set(EVENT_TEXTS)
    assert set(STATE_LABELS) == set(State)


def test_a_role_never_finds_two_lines_without_a_choice() -> None:
    for state, action, role in EVERY:
        found = lines(action, state, role)
        if len(found) > 1:
            chosen = [line.when for line in found]
            assert None not in chosen and len(set(chosen)) == len(chosen), (state, action, role)


def test_every_state_can_be_reached() -> None:
    reached = {t.to for t in TRANSITIONS if isinstance(t.to, State)}
    assert reached | {State.DRAFT} == set(State)


def test_time_never_closes_a_ticket() -> None:
    """《北京市接诉即办工作条例》第二十三条: expiry means asking the resident."""
    for t in TRANSITIONS:
        if t.to is State.CLOSED:
            assert "not_handler" in t.guards
            assert t.action == "callback" or "callbacks_exhausted" in t.guards


REFUSALS = [
    # state, action, role, payload, code
    (State.ACTIVE, "resolve", "handler", {"outcome": "solved", "reply": "修好了"}, "evidence_missing"),
    (State.ACTIVE, "resolve", "handler", {"outcome": "partial", "reply": "修了一半",
                                          "evidence": ["p"]}, "explanation_missing"),
    (State.ACTIVE, "resolve", "handler", {"outcome": "solved"}, "invalid_fields"),
    (State.ACTIVE, "resolve", "handler", {"outcome": "fixed", "reply": "好"}, "invalid_fields"),
    (State.ACTIVE, "extend", "handler", {"days": 99, "reason": "忙"}, "extension_length"),
    (State.ACTIVE, "extend", "handler", {"days": "三", "reason": "忙"}, "invalid_fields"),
    (State.ACTIVE, "extend", "supervisor", {"reason": "忙"}, "days_missing"),
    (State.ACTIVE, "extend", "supervisor", {"decision": "refuse", "reason": "不"}, "nothing_requested"),
    (State.ACTIVE, "suspend", "supervisor", {}, "suspension_incomplete"),
    (State.ACTIVE, "suspend", "supervisor", {"reason": "parts", "explanation": "等", "plan": "修",
                                             "review_date": "2027-03-01"}, "review_date"),
    (State.ACTIVE, "supervise", "dispatcher", {"level": "3", "text": "快"}, "level_skipped"),
    (State.ACTIVE, "whistle", "dispatcher", {"type": "problem", "orgs": ["mars"], "reason": "x"},
     "org_unknown"),
    (State.ACCEPTED, "dispatch", "dispatcher", {"org": "mars"}, "org_unknown"),
    (State.ACCEPTED, "dispatch", "dispatcher", {"org": "street"}, "street_dispatches"),
    (State.ACCEPTED, "dispatch", "dispatcher", {"org": "grid"}, "over_assignment"),
    (State.ACCEPTED, "dispatch", "dispatcher", {"org": "community"}, "over_assignment"),
    (State.ACCEPTED, "dispatch", "dispatcher", {}, "invalid_fields"),
    (State.SUBMITTED, "not_accept", "clerk", {"reason": "lazy", "explanation": "x", "redirect": "y"},
     "invalid_fields"),
    (State.SUBMITTED, "accept", "clerk", {"leaf": "Z9"}, "leaf_unknown"),
    (State.SUBMITTED, "merge", "clerk", {"into": "SQ-261124-00009-0"}, "parent_not_found"),
    (State.OBJECTED, "decide_objection", "dispatcher", {"decision": "uphold", "basis": "x"},
     "org_missing"),
    (State.OBJECTED, "decide_objection", "dispatcher", {"decision": "uphold", "basis": "x",
                                                        "org": "water"}, "same_org"),
    (State.RESOLVED, "close", "supervisor", {"reason": "久了"}, "callback_first"),
    (State.RESOLVED, "rate", "resident", {"score": 6}, "score_out_of_range"),
    (State.ACTIVE, "supplement", "resident", {}, "nothing_given"),
]  # fmt: skip


@pytest.mark.parametrize(("state", "action", "role", "payload", "code"), REFUSALS)
def test_guards_refuse_with_their_code_and_a_chinese_sentence(
    state: State, action: str, role: str, payload: dict[str, object], code: str
) -> None:
    made = do(in_state(state), action, role, LATER, payload)
    assert isinstance(made, Refusal), made
    assert made.code == code
    assert any("一" <= c <= "鿿" for c in made.message)


def test_another_unit_cannot_work_on_it() -> None:
    other = replace(ACTORS["handler"], org_id="power", id="handler9")
    made = do(in_state(State.ACTIVE), "resolve", "handler", LATER, actor=other)
    assert isinstance(made, Refusal) and made.code == "out_of_scope"
    helping = must(in_state(State.ACTIVE), "assist", "dispatcher", LATER,
                   {"orgs": ["power"], "task": "断电"})  # fmt: skip
    made = do(helping, "resolve", "handler", LATER, actor=other)
    assert isinstance(made, Refusal) and made.code == "not_owner"


def test_a_designated_unit_cannot_object_and_nobody_decides_their_own_objection() -> None:
    t = must(in_state(State.OBJECTED), "decide_objection", "dispatcher", LATER)
    assert t.state is State.DISPATCHED and t.transfers == 1 and t.designated
    made = do(t, "object", "handler", LATER)
    assert isinstance(made, Refusal) and made.code == "designated"
    objected = in_state(State.OBJECTED)
    own = replace(ACTORS["dispatcher"], id="handler1")
    made = do(objected, "decide_objection", "dispatcher", LATER, actor=own)
    assert isinstance(made, Refusal) and made.code == "own_objection"


def test_an_objection_comes_in_time_or_not_at_all() -> None:
    made = do(in_state(State.DISPATCHED), "object", "handler", T0 + timedelta(hours=3))
    assert isinstance(made, Refusal) and made.code == "objection_too_late"


def test_the_one_notice_is_given_once() -> None:
    t = must(in_state(State.NEED_INFO), "supplement", "resident", LATER)
    assert t.state is State.SUBMITTED and t.paused_since is None
    made = do(t, "need_info", "clerk", LATER)
    assert isinstance(made, Refusal) and made.code == "already_asked"


@pytest.mark.parametrize("action", ["callback", "rework", "terminate"])
def test_who_handled_it_does_not_judge_it(action: str) -> None:
    state = State.ACTIVE if action == "terminate" else State.RESOLVED
    t = must(in_state(State.ACTIVE), "contact", "handler", LATER)
    t = replace(t, state=state)
    role = "supervisor" if action == "terminate" else "callback"
    same_person = replace(ACTORS[role], id="handler1")
    payload = {"result": "solved"} if action == "callback" else None
    made = do(t, action, role, LATER, payload, actor=same_person)
    assert isinstance(made, Refusal) and made.code == "own_work"


def test_a_confidential_reporter_stays_unknown_to_who_handles_it() -> None:
    t = replace(in_state(State.ACTIVE), confidential=True)
    made = do(t, "reveal", "handler", LATER)
    assert isinstance(made, Refusal) and made.code == "confidential"
    assert isinstance(do(t, "reveal", "clerk", LATER), Event)


def test_three_reworks_go_up_the_ladder_by_rule() -> None:
    t = in_state(State.REWORK)
    for n in range(2):
        at = LATER + timedelta(minutes=n)
        t = must(must(t, "resolve", "handler", at), "reject", "resident", at)
    assert t.rework_round == 3 and "problem" in t.flags
    command = decide.follow_up(t, CONTEXT, LATER + timedelta(hours=1))
    assert command is not None and command.action == "supervise"
    made = decide.decide(t, command, CONTEXT)
    assert isinstance(made, Event)
    assert fold.apply(t, made).supervision_level == 3
    assert decide.follow_up(fold.apply(t, made), CONTEXT, LATER) is None


def test_reopening_ends_after_thirty_days() -> None:
    closed = in_state(State.CLOSED)
    assert isinstance(do(closed, "reject", "resident", T0 + timedelta(days=29)), Event)
    made = do(closed, "reject", "resident", T0 + timedelta(days=31))
    assert isinstance(made, Refusal) and made.code == "closed_too_long"


def test_chinese_labels_are_taken_for_codes() -> None:
    payload = {"outcome": "已解决", "reply": "换了水阀", "evidence": ["p1"]}
    t = must(in_state(State.ACTIVE), "resolve", "handler", LATER, payload)
    assert t.outcome == "solved"
