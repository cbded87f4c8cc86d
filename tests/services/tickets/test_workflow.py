"""The workflow table, both ways: every (state, action, role) is allowed or refused as written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.tickets.core import decide, fold, integrity, timing
from services.tickets.core.context import Person, Refusal
from services.tickets.core.effects import CLOCKS
from services.tickets.core.event import Event
from services.tickets.core.guards import GUARDS
from services.tickets.core.states import OPEN, STATE_LABELS, STORED, State
from services.tickets.core.workflow import ACTIONS, TRANSITIONS, Transition, lines
from services.tickets.views import EVENT_TEXTS
from tests.services.tickets.staged import LATER, scene
from tests.services.tickets.world import (
    ACTORS,
    CONTEXT,
    T0,
    contacted,
    do,
    in_state,
    must,
    parent,
)

CONTRACT = (
    "accept need_info not_accept merge dispatch sign object decide_objection contact whistle "
    "assist extend suspend resume resolve callback rework close supervise terminate withdraw note "
    "reveal"
).split()
EVERY = [(s, a, r) for s in sorted(STORED) for a in ACTIONS for r in ACTORS]


def answers(line: Transition, facts: Mapping[str, Any]) -> bool:
    """Say whether a line is the one that these facts choose."""
    if line.when is None:
        return True
    name, chosen = line.when
    default = next(f.default for f in line.fields if f.name == name)
    return bool(facts.get(name, default) == chosen)


@pytest.mark.parametrize("state", sorted(STORED))
@pytest.mark.parametrize("role", ACTORS)
def test_every_line_in_every_state_by_every_role(state: State, role: str) -> None:
    for line in TRANSITIONS:
        action = line.action
        staged = scene(line, role, state)
        made = staged.play()
        here = lines(action, state, role)
        # Where another line of the table answers to the same facts, it is looked at there.
        fits = next((t for t in here if answers(t, staged.payload)), None)
        if not lines(action, role=role):
            assert isinstance(made, Refusal) and made.code == "role_not_allowed", (line, made)
        elif not decide.in_scope(staged.ticket, staged.actor):
            assert isinstance(made, Refusal) and made.code == "out_of_scope", (line, made)
        elif not here:
            assert isinstance(made, Refusal) and made.code == "state_not_allowed", (line, made)
        elif fits is None:
            assert isinstance(made, Refusal) and made.code == "invalid_fields", (line, made)
        elif fits is not line:
            continue
        elif action == "accept" and role == "system" and state is State.NEED_INFO:
            assert isinstance(made, Refusal) and made.code == "info_wait_running"
        else:
            assert isinstance(made, Event), (line, made)
            assert made.type == line.event and made.from_state is state
            assert made.to_state is decide.target(line, staged.ticket)
            assert fold.apply(staged.ticket, made).state is made.to_state


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
            asked = t.action == "callback" or "callbacks_exhausted" in t.guards
            # A case about pressure on a resident has nobody to ask; the auditor ends it.
            assert asked or ("is_case" in t.guards and t.roles == {"auditor"})


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
    (State.ACTIVE, "whistle", "dispatcher", {"type": "problem", "orgs": ["mars"], "reason": "x", "approver": "李强"},
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
    (State.ACTIVE, "callback", "resident", {"result": "unsolved"}, "no_call_due"),
    (State.ACTIVE, "callback", "callback", {"result": "unsolved"}, "no_call_due"),
    (State.ACTIVE, "resolve", "handler", None, "contact_first"),
    (State.ACTIVE, "resolve", "handler", {"outcome": "redirected", "reply": "已转", "explanation":
                                          "归法院", "evidence_note": "无"}, "redirect_missing"),
    (State.ACTIVE, "resolve", "handler", {"outcome": "unverifiable", "reply": "没看到",
                                          "explanation": "x", "evidence": ["p"]}, "not_tried"),
    (State.ACTIVE, "dispatch", "dispatcher", {"org": "water", "reason": "x"}, "same_org"),
    (State.ACTIVE, "dispatch", "dispatcher", {"org": "property"}, "invalid_fields"),
    (State.ACTIVE, "report", "handler", None, "not_invited"),
    (State.ACTIVE, "end_whistle", "dispatcher", None, "no_open_whistle"),
    (State.ACTIVE, "rate_whistle", "dispatcher", None, "no_ended_whistle"),
    (State.ACTIVE, "feedback", "handler", None, "not_assisting"),
    (State.ACTIVE, "answer_supervision", "handler", None, "not_supervised"),
    (State.ACTIVE, "answer_group", "handler", None, "no_group_demand"),
    (State.ACTIVE, "include", "auditor", None, "not_excluded"),
    (State.ACTIVE, "release", "auditor", None, "not_held"),
    (State.ACTIVE, "whistle", "dispatcher", {"type": "problem", "orgs": ["urban"], "reason": "x",
                                             "approver": "李强", "lead": "fire"}, "lead_not_called"),
    (State.ACTIVE, "supervise", "dispatcher", {"level": "1", "text": "快", "until": "2026-11-01"},
     "until_past"),
    (State.ACTIVE, "exclude", "auditor", {"reason": "merged", "basis": "x"}, "exclusion_unfounded"),
    (State.ACTIVE, "exclude", "auditor", {"reason": "lost", "basis": "x"}, "invalid_fields"),
    (State.ACCEPTED, "opinion", "handler", None, "out_of_scope"),
    (State.ACCEPTED, "opinion", "dispatcher", None, "not_consulted"),
    (State.SUBMITTED, "not_accept", "clerk", {"reason": "no_news", "explanation": "没新情况"},
     "earlier_missing"),
    (State.TERMINATED, "review", "dispatcher", None, "nothing_requested"),
    (State.NOT_ACCEPTED, "review", "resident", None, "review_running"),
    (State.MERGED, "callback", "resident", {"result": "solved"}, "not_resolved_yet"),
]  # fmt: skip


@pytest.mark.parametrize(("state", "action", "role", "payload", "code"), REFUSALS)
def test_guards_refuse_with_their_code_and_a_chinese_sentence(
    state: State, action: str, role: str, payload: dict[str, object], code: str
) -> None:
    ticket = in_state(state)
    if code != "contact_first":
        ticket = contacted(ticket)
    made = do(ticket, action, role, LATER, payload)
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
    assert t.state is State.DISPATCHED and t.transfers == 0 and t.designated
    made = do(t, "object", "handler", LATER)
    assert isinstance(made, Refusal) and made.code == "designated"
    objected = in_state(State.OBJECTED)
    own = replace(ACTORS["dispatcher"], id="handler1")
    made = do(objected, "decide_objection", "dispatcher", LATER, actor=own)
    assert isinstance(made, Refusal) and made.code == "own_objection"


# what the dispatcher does after the ruling → may the unit that has the order then object
AFTER_RULING = [
    ([], "designated"),
    ([{"org": "property", "person": "p9", "reason": "换人"}], "designated"),
    ([{"org": "property", "person": "p9", "reason": "换人"},
      {"org": "property", "person": "p8", "reason": "又换人"}], "designated"),
    ([{"org": "power", "reason": "先断电"}], None),
    ([{"org": "power", "reason": "先断电"}, {"org": "property", "reason": "断好了"}], "designated"),
]  # fmt: skip


@pytest.mark.parametrize(("passes", "code"), AFTER_RULING)
def test_the_unit_of_a_ruling_stays_designated_whoever_of_it_works(
    passes: list[dict[str, str]], code: str | None
) -> None:
    ruling = {"decision": "uphold", "basis": "属物业", "org": "property"}
    t = must(in_state(State.OBJECTED), "decide_objection", "dispatcher", LATER, ruling)
    for payload in passes:
        person = Person(payload["person"], "换的人", "property") if "person" in payload else None
        t = must(t, "dispatch", "dispatcher", LATER, payload, replace(CONTEXT, person=person))
    actor = replace(ACTORS["handler"], id="w9", org_id=str(t.owner_org))
    made = do(t, "object", "handler", LATER, actor=actor)
    assert (made.code if isinstance(made, Refusal) else None) == code


# what the resident says with the withdrawal → refused with this code, or a case of pressure
WITHDRAWALS: list[tuple[dict[str, object], str | None, bool]] = [
    ({}, "invalid_fields", False),
    ({"reason": "  "}, "invalid_fields", False),
    ({"persuaded": True}, "invalid_fields", False),
    ({"reason": "自己修好了"}, None, False),
    ({"reason": "物业让我撤的", "persuaded": True}, None, True),
]


@pytest.mark.parametrize("state", sorted({*OPEN, State.MERGED}))
@pytest.mark.parametrize(("payload", "code", "pressed"), WITHDRAWALS)
def test_a_withdrawal_says_why(
    state: State, payload: dict[str, object], code: str | None, pressed: bool
) -> None:
    made = do(in_state(state), "withdraw", "resident", LATER, payload)
    if code is not None:
        assert isinstance(made, Refusal) and made.code == code and "reason" in made.fields
        return
    assert isinstance(made, Event) and made.to_state is State.WITHDRAWN
    after = fold.apply(in_state(state), made)
    assert after.reason == payload["reason"] and after.persuaded is pressed
    assert (integrity.cause(made) is not None) is pressed


def test_an_objection_comes_in_time_or_not_at_all() -> None:
    made = do(in_state(State.DISPATCHED), "object", "handler", T0 + timedelta(hours=3))
    assert isinstance(made, Refusal) and made.code == "objection_too_late"


def test_what_others_have_joined_is_not_merged_away() -> None:
    joined = must(in_state(State.SUBMITTED), "join", "system", LATER)
    made = do(joined, "merge", "clerk", LATER, context=replace(CONTEXT, parent=parent()))
    assert isinstance(made, Refusal) and made.code == "others_joined"


def test_who_joined_goes_on_alone_only_when_the_lead_has_withdrawn() -> None:
    made = do(
        in_state(State.MERGED), "part", "system", LATER, context=replace(CONTEXT, parent=parent())
    )
    assert isinstance(made, Refusal) and made.code == "still_shared"


def test_a_suspension_is_renewed_on_its_review_day_and_the_clock_goes_on_standing() -> None:
    t = in_state(State.SUSPENDED)
    assert t.review_at is not None and t.review_at.date().isoformat() == "2026-12-01"
    day = t.review_at
    payload = {
        "reason": "season",
        "explanation": "还在冻",
        "plan": "开春就挖",
        "review_date": "2026-12-28",
    }
    renewed = must(t, "suspend", "supervisor", day, payload)
    assert renewed.state is State.SUSPENDED and renewed.paused_since == t.paused_since
    assert renewed.review_at is not None and renewed.review_at.date().isoformat() == "2026-12-28"
    assert [p["at"][:13] for p in renewed.planned] == ["2026-12-28T08", "2026-12-28T17"]
    assert "还在冻" in str(renewed.reason)
    late = do(t, "suspend", "supervisor", day, {**payload, "review_date": "2027-01-01"})
    assert isinstance(late, Refusal) and late.code == "review_date"
    again = must(renewed, "resume", "supervisor", day + timedelta(days=1))
    assert again.state is State.ACTIVE and len(again.pauses) == 1


# how long accepting took (of the 30 minutes that U2 has for both) → when it has to be dispatched
TAKEN = [(5, 30), (29, 30), (40, 30)]


@pytest.mark.parametrize(("minutes", "due"), TAKEN)
def test_accepting_and_dispatching_share_one_limit(minutes: int, due: int) -> None:
    t = must(in_state(State.SUBMITTED), "accept", "clerk", T0 + timedelta(minutes=minutes))
    assert t.dispatch_due_at == T0 + timedelta(minutes=due)
    assert t.dispatch_due_reason and "受理和派单" in t.dispatch_due_reason
    at = max(T0 + timedelta(minutes=due), t.updated_at or T0) + timedelta(seconds=1)
    command = timing.next_command(t, at)
    assert command is not None and command.payload == {"stage": "dispatch"}
    t = must(t, "deadline", "system", at, command.payload)
    t = must(t, "dispatch", "dispatcher", at)
    assert t.dispatch_due_at is None and timing.running(t).keys() == {"sign", "contact", "due"}


def test_after_waiting_for_the_resident_dispatching_has_its_limit_from_then() -> None:
    at = T0 + timedelta(days=8)
    t = must(in_state(State.NEED_INFO), "accept", "system", at)
    assert t.dispatch_due_at == at + timedelta(minutes=30)


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


@pytest.mark.parametrize(
    ("days", "hours", "taken"), [(29, 0, True), (30, 13, True), (31, 0, False)]
)
@pytest.mark.parametrize("action", ["reject", "rate"])
def test_reopening_and_rating_end_with_the_thirtieth_day(
    action: str, days: int, hours: int, taken: bool
) -> None:
    made = do(in_state(State.CLOSED), action, "resident", T0 + timedelta(days=days, hours=hours))
    assert isinstance(made, Event) if taken else made.code == "closed_too_long"  # type: ignore[union-attr]


@pytest.mark.parametrize(("days", "taken"), [(30, True), (31, False)])
def test_a_second_look_is_asked_for_until_the_thirtieth_day(days: int, taken: bool) -> None:
    ended = in_state(State.TERMINATED)
    made = do(ended, "review", "resident", T0 + timedelta(days=days, hours=2), {})
    assert isinstance(made, Event) if taken else made.code == "review_too_late"  # type: ignore[union-attr]


# owner of the ticket → unit of who calls back → whether that is somebody else
INDEPENDENT = [
    ("water", "water", False), ("water", "street", True), ("water", None, True),
    ("grid", "community", False), ("community", "grid", False), ("grid", "street", True),
    ("property", "community", True),
]  # fmt: skip


@pytest.mark.parametrize(("owner", "mine", "independent"), INDEPENDENT)
@pytest.mark.parametrize("result", ["solved", "unsolved", "no_answer"])
def test_who_calls_back_is_of_another_unit(
    owner: str, mine: str | None, independent: bool, result: str
) -> None:
    ticket = replace(in_state(State.RESOLVED), owner_org=owner)
    actor = replace(ACTORS["callback"], org_id=mine)
    made = do(ticket, "callback", "callback", LATER, {"result": result}, actor=actor)
    assert isinstance(made, Event) if independent else made.code == "own_unit"  # type: ignore[union-attr]
    audit = replace(ACTORS["auditor"], org_id=mine)
    made = do(ticket, "audit", "auditor", LATER, actor=audit)
    assert isinstance(made, Event) if independent else made.code == "own_unit"  # type: ignore[union-attr]


def test_who_joined_is_not_called_back_by_the_unit_of_the_shared_ticket() -> None:
    shared = replace(in_state(State.RESOLVED), ticket_no="SQ-261124-00002-0")
    context = replace(CONTEXT, parent=shared)
    actor = replace(ACTORS["callback"], org_id="water")
    merged = in_state(State.MERGED)
    made = do(merged, "callback", "callback", LATER, {"result": "solved"}, context, actor)
    assert isinstance(made, Refusal) and made.code == "own_unit"


# hours after the report of the result at which nobody answered → may it be closed at the last one
ATTEMPTS = [
    ([1, 2], False),
    ([1, 2, 3], False),
    ([1, 2, 25], False),
    ([1, 25, 49], True),
    ([24, 48, 72], True),
]


@pytest.mark.parametrize(("hours", "closes"), ATTEMPTS)
def test_three_attempts_are_on_three_days(hours: list[int], closes: bool) -> None:
    ticket = in_state(State.RESOLVED)
    for h in hours:
        ticket = must(
            ticket, "callback", "callback", T0 + timedelta(hours=h), {"result": "no_answer"}
        )
    made = do(ticket, "close", "supervisor", T0 + timedelta(hours=hours[-1] + 1))
    assert isinstance(made, Event) if closes else made.code == "callback_first"  # type: ignore[union-attr]


def test_a_pending_request_does_not_keep_the_door_open_for_a_late_one() -> None:
    asked = must(contacted(in_state(State.ACTIVE)), "extend", "handler", LATER)
    late = T0 + timedelta(days=2)
    made = do(asked, "extend", "handler", late)
    assert isinstance(made, Refusal) and made.code == "too_late"
    # What was asked in time may be granted later.
    granted = must(
        asked, "extend", "supervisor", late, {"decision": "approve", "reason": "按时申请"}
    )
    assert granted.due_at is not None and asked.due_at is not None
    assert granted.due_at == asked.due_at + timedelta(days=1)


@pytest.mark.parametrize(
    ("org", "code"), [("property", None), ("nowhere", "suggestion_unknown"), ("water", "suggestion_unknown")]
)  # fmt: skip
def test_an_objection_suggests_another_unit_of_the_directory(org: str, code: str | None) -> None:
    payload = {"basis": "职责清单第3条", "suggested_org": org}
    made = do(in_state(State.DISPATCHED), "object", "handler", LATER, payload)
    assert (made.code if isinstance(made, Refusal) else None) == code


# what is decided → the unit after it, and how often the order has changed hands
PASSES: list[tuple[State, str, dict[str, object], str, int]] = [
    (State.OBJECTED, "decide_objection", {"decision": "reject", "basis": "属供水"}, "water", 0),
    (State.OBJECTED, "decide_objection",
     {"decision": "uphold", "basis": "属物业", "org": "property"}, "property", 1),
    (State.ACTIVE, "dispatch", {"org": "property", "reason": "归物业"}, "property", 1),
    (State.ACTIVE, "dispatch", {"org": "water", "person": "handler9", "reason": "换人"}, "water", 0),
]  # fmt: skip


@pytest.mark.parametrize(("state", "action", "payload", "org", "transfers"), PASSES)
def test_only_another_unit_is_a_transfer(
    state: State, action: str, payload: dict[str, object], org: str, transfers: int
) -> None:
    person = Person("handler9", "新来的", "water") if payload.get("person") else None
    context = replace(CONTEXT, person=person)
    t = must(in_state(state), action, "dispatcher", LATER, payload, context)
    assert (t.state, t.owner_org, t.transfers) == (State.DISPATCHED, org, transfers)


def test_an_order_has_a_lead() -> None:
    made = do(in_state(State.ACCEPTED), "dispatch", "dispatcher", LATER,
              {"org": "community", "duty": "协助"})  # fmt: skip
    assert isinstance(made, Refusal) and made.code == "no_lead"


def test_chinese_labels_are_taken_for_codes() -> None:
    payload = {"outcome": "已解决", "reply": "换了水阀", "evidence": ["p1"]}
    t = must(contacted(in_state(State.ACTIVE)), "resolve", "handler", LATER, payload)
    assert t.outcome == "solved"
