"""The promises of the random walks (``test_sequences``) can be broken – and the walks would say so.

Each is broken on purpose: in the row, in one step, or by an engine that decides wrongly. And two tickets
that became one walk together.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.tickets.core import calls, effects, fold, guards, timing
from services.tickets.core.commands import Command
from services.tickets.core.event import Event
from services.tickets.core.states import OPEN, State
from services.tickets.core.ticket import Ticket
from tests.services.tickets.test_sequences import IN_HAND, WALKED, OneTicket, drawn
from tests.services.tickets.world import ACTORS, T0

HOUR = timedelta(hours=1)
CHILD = "SQ-261124-00003-0"


def begun(state: State = State.ACTIVE, phoned: bool = False) -> OneTicket:
    """A machine with a ticket of the water company in this state; everything holds."""
    machine = OneTicket()
    machine.file(state=state, leaf="H1", place="default", group=False, secret=False, phoned=phoned)
    machine.check_all()
    return machine


def iso(at: datetime) -> str:
    return at.isoformat()


# ── broken rows ─────────────────────────────────────────────────────────────────────────────────

At = Mapping[str, Any]
ROWS: list[tuple[str, State, Callable[[Ticket, datetime], At]]] = [
    ("the_row_is_what_its_events_make", State.ACTIVE, lambda t, at: {"transfers": 7}),
    ("no_deadline_without_its_reason", State.ACTIVE, lambda t, at: {"due_reason": None}),
    ("no_deadline_without_its_reason", State.ACTIVE, lambda t, at: {"due_at": t.created_at}),
    ("no_deadline_without_its_reason", State.ACTIVE,
     lambda t, at: {"supervisions": [{"level": "1", "due_reason": ""}]}),
    ("reminders_wait_in_order_and_only_where_somebody_can_be_reminded", State.ACTIVE,
     lambda t, at: {"planned": t.planned[::-1]}),
    ("reminders_wait_in_order_and_only_where_somebody_can_be_reminded", State.ACTIVE,
     lambda t, at: {"state": State.WITHDRAWN}),
    ("reminders_wait_in_order_and_only_where_somebody_can_be_reminded", State.ACTIVE,
     lambda t, at: {"reminders": [{"planned_at": iso(at + HOUR), "at": iso(at)}]}),
    ("what_units_owe_is_reminded_of_while_it_runs", State.ACTIVE,
     lambda t, at: {"planned": [*t.planned, {"clock": "assist:nobody", "at": iso(at + HOUR)}]}),
    ("only_who_has_no_chat_is_called", State.ACTIVE,
     lambda t, at: {"to_call": {"why": "expired", "since": iso(at)}}),
    ("clocks_never_run_backwards", State.ACTIVE,
     lambda t, at: {"pauses": [{"from": iso(at), "to": iso(at - HOUR), "why": "挂账"}]}),
    ("clocks_never_run_backwards", State.ACTIVE,
     lambda t, at: {"pauses": [{"from": iso(at + n * HOUR), "to": iso(at + n * HOUR), "why": "挂账"}
                               for n in (2, 1)]}),
    ("who_handled_it_did_not_judge_it", State.CLOSED, lambda t, at: {"closed_by": t.handlers[0]}),
    ("who_handled_it_did_not_judge_it", State.CLOSED, lambda t, at: {"closed_by": None}),
    ("a_unit_objects_once", State.ACTIVE,
     lambda t, at: {"objections": [{"org": "water"}, {"org": "property"}, {"org": "water"}]}),
    ("nobody_leads_what_is_not_their_duty", State.ACTIVE, lambda t, at: {"owner_org": "community"}),
    ("what_is_asked_for_waits_only_while_work_goes_on", State.CLOSED,
     lambda t, at: {"termination_request": {"by": "handler1"}}),
    ("a_unit_asks_about_scoring_once_and_appeals_once", State.ACTIVE,
     lambda t, at: {"exclusion_request": {"state": "granted"}}),
    ("a_risk_stands_once_and_only_for_who_may_see_it", State.ACTIVE,
     lambda t, at: {"risks": [{"risk": "minor", "reason": "x", "seen_by": []}] * 2}),
]  # fmt: skip
"""Invariant, state, what is wrong in the row."""


OVER = "what_is_over_waits_for_nobody"
"""What waits is told from the state: no row can be wrong here, only who tells it."""


def test_a_deadline_that_outlives_the_end_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = begun(State.CLOSED)
    monkeypatch.setattr(timing, "running", lambda ticket: {"due": ticket.due_at})
    with pytest.raises(AssertionError):
        machine.what_is_over_waits_for_nobody()


def test_what_waits_without_a_next_time_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = begun()
    monkeypatch.setattr(timing, "next_due", lambda ticket: None)
    with pytest.raises(AssertionError):
        machine.what_is_over_waits_for_nobody()


def invariants() -> set[str]:
    return {n for n, f in vars(OneTicket).items() if hasattr(f, "hypothesis_stateful_invariant")}


def test_every_invariant_is_broken_below_and_asked_on_every_walk(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = invariants()
    assert len(names) >= 10 and {OVER, *(name for name, *_ in ROWS)} == names
    asked: list[str] = []
    machine = begun()
    for name in names:
        monkeypatch.setattr(machine, name, lambda name=name: asked.append(name))
    machine.check_all()
    assert sorted(asked) == sorted(names)


@pytest.mark.parametrize(("name", "state", "wrong"), ROWS)
def test_a_wrong_row_is_noticed_by_its_invariant(
    name: str, state: State, wrong: Callable[[Ticket, datetime], At]
) -> None:
    machine = begun(state)
    getattr(machine, name)()
    machine.ticket = replace(machine.ticket, **wrong(machine.ticket, machine.at))
    with pytest.raises(AssertionError):
        getattr(machine, name)()


def test_an_event_before_the_one_before_it_is_noticed() -> None:
    machine = begun()
    last = machine.events[-1]
    machine.events[-1] = replace(last, at=machine.events[0].at - HOUR)
    with pytest.raises(AssertionError):
        machine.clocks_never_run_backwards()


@pytest.mark.parametrize("what", ["not planned", "suspended"])
def test_what_a_unit_owes_and_nobody_is_reminded_of_is_noticed(what: str) -> None:
    machine = begun()
    machine._act("whistle", ACTORS["dispatcher"])
    machine.what_units_owe_is_reminded_of_while_it_runs()
    silent = [e for e in machine.ticket.planned if "clock" not in e]
    change = {"planned": silent} if what == "not planned" else {"state": State.SUSPENDED}
    machine.ticket = replace(machine.ticket, **change)
    with pytest.raises(AssertionError):
        machine.what_units_owe_is_reminded_of_while_it_runs()


# ── broken steps ────────────────────────────────────────────────────────────────────────────────

STEPS: list[tuple[str, State, str, str, dict[str, Any], dict[str, Any]]] = [
    ("version", State.ACTIVE, "note", "clerk", {"version": 99}, {}),
    ("seq", State.ACTIVE, "note", "clerk", {}, {"seq": 99}),
    ("begin", State.ACTIVE, "note", "clerk", {"created_at": T0 - HOUR}, {}),
    ("back in time", State.ACTIVE, "note", "clerk",
     {"updated_at": T0 - HOUR}, {}),
    ("rounds", State.REWORK, "note", "clerk", {"rework_round": 0}, {}),
    ("transfers", State.ACTIVE, "note", "clerk", {"transfers": -1}, {}),
    ("a line that is not there", State.ACTIVE, "note", "clerk", {"state": State.CLOSED}, {}),
    ("due", State.DISPATCHED, "sign", "handler", {"due_at": T0 + 900 * HOUR}, {}),
    ("due goes back", State.ACTIVE, "extend", "supervisor", {"due_at": T0}, {}),
    ("too many", State.ACTIVE, "extend", "supervisor", {"extensions": [{}] * 9}, {}),
    ("a short round", State.RESOLVED, "reject", "resident", {"due_at": T0}, {}),
    ("a stranger's look", State.ACTIVE, "reveal", "handler", {},
     {"actor": replace(ACTORS["handler"], org_id="urban")}),
    ("own end", State.RESOLVED, "callback", "callback", {},
     {"actor": replace(ACTORS["callback"], id="handler1")}),
    ("own second look", State.NOT_ACCEPTED, "review", "dispatcher", {},
     {"actor": replace(ACTORS["dispatcher"], id="clerk1")}),
    ("came twice", State.ACTIVE, "note", "clerk", {}, {"type": "arrived"}),
    ("own end of the work", State.ACTIVE, "terminate", "dispatcher", {},
     {"actor": replace(ACTORS["dispatcher"], id="handler1")}),
    ("left out by the street", State.ACTIVE, "exclude", "auditor", {},
     {"actor": ACTORS["dispatcher"]}),
    ("left out by its own unit", State.ACTIVE, "exclude", "auditor", {},
     {"actor": replace(ACTORS["auditor"], org_id="water")}),
]  # fmt: skip
"""What is wrong, state, action, role, what is wrong in the ticket after it, and in its event."""


@pytest.mark.parametrize(("what", "state", "action", "role", "after", "event"), STEPS)
def test_a_wrong_step_is_noticed(
    what: str, state: State, action: str, role: str, after: dict[str, Any], event: dict[str, Any]
) -> None:
    machine = begun(state)
    before = machine.ticket
    given = {"result": "solved"} if action == "callback" else {}
    made = machine._act(action, ACTORS[role], **given)
    assert made is not None
    machine._step_is_sound(before, made)
    machine.ticket = replace(machine.ticket, **after)
    with pytest.raises(AssertionError):
        machine._step_is_sound(before, replace(made, **event))


def test_what_goes_on_record_twice_is_noticed() -> None:
    machine = begun()
    machine.at = machine.ticket.due_at or machine.at
    machine.the_worker_does_what_is_due(1)
    left = [stage for stage in machine.ticket.missed if stage != "due"]
    machine.ticket = replace(machine.ticket, missed=left)
    with pytest.raises(AssertionError):
        machine.the_worker_does_what_is_due(0)


# ── a wrong engine ──────────────────────────────────────────────────────────────────────────────


def allows(ticket: Ticket, command: Command, context: Any) -> None:
    """A guard that refuses nothing."""


def pause_turned_round(ticket: Ticket, command: Command, context: Any) -> effects.Facts:
    facts = RIGHT["resume"](ticket, command, context)
    *rest, last = facts["pauses"]
    return {**facts, "pauses": [*rest, {**last, "from": last["to"], "to": last["from"]}]}


def contact_runs_on(ticket: Ticket, command: Command, context: Any) -> effects.Facts:
    facts = RIGHT["resume"](ticket, command, context)
    return {name: fact for name, fact in facts.items() if not name.startswith("contact_due")}


def due_goes_along(ticket: Ticket, command: Command, context: Any) -> effects.Facts:
    facts = RIGHT["start_unit"](ticket, command, context)
    return {**facts, "due_at": iso(command.at + 99 * HOUR)}


def shorter(ticket: Ticket, command: Command, context: Any) -> effects.Facts:
    facts = RIGHT["extend"](ticket, command, context)
    return {**facts, "due_at": iso(command.at)}


def no_time(ticket: Ticket, command: Command, context: Any) -> effects.Facts:
    facts = RIGHT["rework"](ticket, command, context)
    return {**facts, "due_at": iso(command.at + timedelta(minutes=1))}


RIGHT = dict(effects.CLOCKS)
TWO_HATS = replace(ACTORS["callback"], id="handler1")
Script = list[tuple[str, Any, dict[str, Any]]]
Wrong = list[tuple[Any, str, Any]]
CLOCKS: Any = effects.CLOCKS
NO_SEPARATION: Wrong = [(guards.GUARDS, name, allows) for name in ("not_handler", "other_unit")]
PASSED_ON = fold.EFFECTS["redispatched"]
ENGINES: dict[str, tuple[Wrong, State, Script]] = {
    "the clock runs backwards": (
        [(CLOCKS, "resume", pause_turned_round)], State.SUSPENDED,
        [("resume", ACTORS["supervisor"], {})]),
    "the time for the first contact runs on": (
        [(CLOCKS, "resume", contact_runs_on)], State.SUSPENDED,
        [("resume", ACTORS["supervisor"], {})]),
    "the handler closes it": (
        NO_SEPARATION, State.RESOLVED, [("callback", TWO_HATS, {"result": "solved"})]),
    "passing it on moves the deadline": (
        [(CLOCKS, "start_unit", due_goes_along),
         (fold.EFFECTS, "redispatched", replace(PASSED_ON, copy=(*PASSED_ON.copy, "due_at")))],
        State.ACTIVE,
        [("dispatch", ACTORS["dispatcher"], {"org": "property", "reason": "归物业"})]),
    "more time is less": (
        [(CLOCKS, "extend", shorter)], State.ACTIVE,
        [("extend", ACTORS["supervisor"], {"days": 1, "reason": "等配件"})]),
    "a new round has no time": (
        [(CLOCKS, "rework", no_time)], State.RESOLVED,
        [("callback", ACTORS["callback"], {"result": "unsolved"})]),
    "a unit objects twice": (
        [(guards.GUARDS, name, allows) for name in ("objects_once", "not_designated")],
        State.DISPATCHED,
        [("object", ACTORS["handler"], {"basis": "职责清单第3条"}),
         ("decide_objection", ACTORS["dispatcher"], {"decision": "reject", "basis": "属供水"}),
         ("object", ACTORS["handler"], {"basis": "职责清单第3条"})]),
    "who has no duty leads": (
        [(guards.GUARDS, name, allows) for name in ("not_over_assigned", "led")], State.ACCEPTED,
        [("dispatch", ACTORS["dispatcher"], {"org": "community"})]),
    "who refused looks again": (
        [(guards.GUARDS, "not_refuser", allows)], State.NOT_ACCEPTED,
        [("review", replace(ACTORS["dispatcher"], id="clerk1"),
          {"decision": "uphold", "explanation": "不归我们"})]),
    "the history begins at another time": (
        [(fold.EFFECTS, "signed", replace(fold.EFFECTS["signed"], stamp="created_at"))],
        State.DISPATCHED, [("sign", ACTORS["handler"], {})]),
}  # fmt: skip
"""What the engine does wrongly: (table, name, the wrong one), state, who does what."""


def run(state: State, script: Script) -> OneTicket:
    """Do what a script says and ask all invariants after each step."""
    machine = begun(state)
    for action, actor, payload in script:
        machine.at += timedelta(minutes=5)
        machine._do(Command(action, actor, machine.at, payload))
        machine.check_all()
    return machine


@pytest.mark.parametrize("what", ENGINES)
def test_a_wrong_engine_is_noticed_by_the_walk(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong, state, script = ENGINES[what]
    run(state, script)  # the right one keeps its promises
    for table, name, one in wrong:
        assert name in table
        monkeypatch.setitem(table, name, one)
    with pytest.raises(AssertionError):
        run(state, script)


# ── two that became one ─────────────────────────────────────────────────────────────────────────


class Pair:
    """A neighbour's ticket that goes on (``lead``), and the one merged into it (``child``).

    What an event of one means for the other is done as :class:`~services.tickets.service.TicketService`
    does it.
    """

    def __init__(self, state: State, phoned: bool) -> None:
        self.child = begun(State.ACCEPTED, phoned)
        self.child.events = [replace(e, ticket_no=CHILD) for e in self.child.events]
        self.child.ticket = fold.fold(self.child.events)
        self.lead = begun(state)
        self._catch_up()
        into = {"into": self.lead.ticket.ticket_no}
        assert self.child._act("merge", ACTORS["clerk"], **into) is not None
        joined = {"from": CHILD, "household": "h2", "who": "conversation-2", "text": "我家也停水"}
        assert self.lead._act("join", ACTORS["system"], **joined) is not None

    def _catch_up(self) -> None:
        """The child's decisions look at the lead as it is now, at the same time."""
        self.lead.at = self.child.at = max(self.lead.at, self.child.at)
        self.child.context = replace(self.child.context, parent=self.lead.ticket)

    def lead_walks(self, name: str, facts: Mapping[str, Any]) -> None:
        """One rule of the walk on the lead; after each of its events the child hears of it."""
        seen = len(self.lead.events)
        getattr(self.lead, name)(**facts)
        self._catch_up()
        for event in self.lead.events[seen:]:
            self._elsewhere(event)

    def _elsewhere(self, event: Event) -> None:
        if self.child.ticket.state is not State.MERGED:
            return
        if event.to_state is State.WITHDRAWN:
            made = self.child._act("part", ACTORS["system"], reason="先反映的邻居撤回了")
            assert made is not None
            return
        ask = {State.RESOLVED: "yes", State.REWORK: "no"}.get(event.to_state)
        if event.to_state is event.from_state or ask is None:
            return
        if calls.by_phone(self.child.ticket) and (ask == "yes" or self.child.ticket.to_call):
            self.child._act("ask_joined", ACTORS["system"], ask=ask)

    def lead_does(self, action: str, role: str, **facts: Any) -> Event | None:
        """Do one action on the lead; the child hears of it."""
        made = self.lead._act(action, ACTORS[role], **facts)
        self._catch_up()
        if made is not None:
            self._elsewhere(made)
        return made

    def child_answers(self, role: str, result: str) -> None:
        """The household that joined says whether it is solved; “no” reopens what is shared."""
        made = self.child._act("callback", ACTORS[role], result=result)
        if made is not None and result == "unsolved":
            self.lead_does("reject", "resident", text="一起反映的邻居说没有解决")

    def check(self) -> None:
        """What holds for each alone, and what holds for both."""
        self.lead.check_all()
        self.child.check_all()
        lead, child = self.lead.ticket, self.child.ticket
        assert [j["from"] for j in lead.joined] == [CHILD]
        merged = [e for e in self.child.events if e.type == "merged"]
        if child.state is State.MERGED:
            assert child.merged_into == lead.ticket_no and lead.state is not State.WITHDRAWN
            # Whoever had been promised an earlier day keeps it; nobody gets a later one.
            first = fold.fold(e for e in self.child.events if e.seq < merged[-1].seq)
            if first.due_at is not None:
                assert child.due_at is not None and child.due_at <= first.due_at
        # No one of the neighbours ends the matter of all, and no handler answers for a household.
        for event in self.child.events:
            if event.type == "joined_answered" and event.actor.kind == "staff":
                assert event.actor.id not in {*lead.handlers, *child.handlers}
        assert child.state in OPEN | {State.MERGED, State.WITHDRAWN}
        assert (child.state in OPEN) <= (lead.state is State.WITHDRAWN)


PAIR_MUST_REACH = frozenset({
    "merged", "joined_asked", "joined_answered", "parted", "lead:joined", "lead:resolved",
    "lead:withdrawn", "lead:reworked", "lead:extended:unasked",
})  # fmt: skip


def test_two_that_became_one_keep_the_promises_together() -> None:
    rng, reached = random.Random(20261126), Counter[str]()
    choices = drawn(rng)
    for n in range(200):
        pair = Pair(rng.choice([*IN_HAND, State.ACCEPTED]), phoned=n % 2 == 0)
        if rng.random() < 0.1:  # before the walk has ended it one way or another
            pair.lead_does("extend", "supervisor")
        for _ in range(10):
            name = rng.choice(sorted(WALKED))
            pair.lead_walks(name, {arg: choices[arg]() for arg in WALKED[name]})
            pair.check()
            if rng.random() < 0.5:
                pair.child_answers(
                    rng.choice(["resident", "callback"]), rng.choice(["solved", "unsolved"])
                )
                pair.check()
        if rng.random() < 0.4:
            pair.lead_does("withdraw", "resident", reason="自己修好了")
            pair.check()
        reached += pair.child.reached
        reached += Counter({f"lead:{kind}": c for kind, c in pair.lead.reached.items()})
    assert {kind: reached[kind] for kind in PAIR_MUST_REACH if reached[kind] < 3} == {}


def test_a_handler_who_answers_for_a_neighbour_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def answered() -> Pair:
        pair = Pair(State.ACTIVE, phoned=True)
        for action in ("contact", "resolve"):
            assert pair.lead_does(action, "handler") is not None
        pair.child._act("callback", TWO_HATS, result="solved")
        return pair

    answered().check()
    for name in ("not_handler", "other_unit"):
        monkeypatch.setitem(guards.GUARDS, name, allows)
    with pytest.raises(AssertionError):
        answered().check()


def test_a_child_that_goes_on_beside_its_lead_is_noticed() -> None:
    pair = Pair(State.ACTIVE, phoned=False)
    pair.check()
    pair.child.context = replace(
        pair.child.context, parent=replace(pair.lead.ticket, state=State.WITHDRAWN)
    )
    assert pair.child._act("part", ACTORS["system"], reason="先反映的邻居撤回了") is not None
    with pytest.raises(AssertionError):
        pair.check()
