"""What may be done depends on whose work it is and what it is about: situations, one by one, as data.

Every line of the table that a role may do is done again in each situation of ``situations.yml``. What
is refused there, and with which code, is written there by hand; everything else still has to work.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any, get_args

import pytest

from services.tickets.core import decide
from services.tickets.core.commands import Channel, CreateTicket
from services.tickets.core.context import Person, Refusal
from services.tickets.core.event import Event
from services.tickets.core.kinds import Kind
from services.tickets.core.states import ASSIGNED, STORED, State
from services.tickets.core.workflow import ACTIONS, TRANSITIONS, Transition
from services.yaml_files import read_yaml
from tests.services.tickets.staged import Scene, scene
from tests.services.tickets.world import ACTORS, CONTEXT, NUMBER, PLACE, T0

DATA = read_yaml(Path(__file__).with_name("situations.yml").read_text("utf-8"))
SITUATIONS: dict[str, dict[str, Any]] = DATA["situations"]

KINDS: dict[str, Any] = {"kind": Kind}
"""Fields of a ticket that are more than what YAML holds."""


GIVEN = ASSIGNED | {State.RESOLVED, State.CLOSED, State.TERMINATED}
"""States in which a unit has, or had, the order."""


def possible() -> list[Scene]:
    """Every line, by each of its roles, in a state in which it can be done, a unit at work if it may."""
    found = []
    for line in TRANSITIONS:
        for role in sorted(line.roles):
            states = sorted(line.sources & STORED, key=lambda s: (s not in GIVEN, s))
            scenes = (scene(line, role, state) for state in states)
            if done := next((s for s in scenes if isinstance(s.play(), Event)), None):
                found.append(done)
    return found


@pytest.fixture(scope="module")
def scenes() -> list[Scene]:
    return possible()


def name(line: Transition, role: str) -> str:
    """How a line is called in the data: its action, the answer that chooses it, and where a role has
    several of these, the first state that it starts from."""
    same = [
        t for t in TRANSITIONS if role in t.roles and (t.action, t.when) == (line.action, line.when)
    ]
    called = f"{line.action}:{line.when[1]}" if line.when else line.action
    return f"{called}@{min(line.sources)}" if len(same) > 1 else called


def among(called: str, told: Sequence[str]) -> bool:
    """Say whether a line is one of these; without a state all of its kind are meant."""
    return called in told or called.partition("@")[0] in told


def put(staged: Scene, given: dict[str, Any]) -> Scene:
    """The scene in a situation; what is ``own`` is the actor's."""
    own = {"$id": staged.actor.id, "$org": staged.actor.org_id, "$lead": staged.ticket.owner_org}

    def filled(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: filled(v) for k, v in value.items()}
        if isinstance(value, list):
            return [filled(v) for v in value]
        return own.get(value, value) if isinstance(value, str) else value

    ticket, actor, context = staged.ticket, staged.actor, staged.context
    for field, changed in filled(given.get("ticket", {})).items():
        ticket = replace(ticket, **{field: KINDS[field](changed) if field in KINDS else changed})
    changed = filled(given.get("actor", {}))
    actor = replace(
        actor, **{k: tuple(v) if isinstance(v, list) else v for k, v in changed.items()}
    )
    if also := filled(given.get("also")):
        context = replace(context, also=(Person(also["id"], "同一个人", also["org"]),))
    if named := given.get("person"):
        context = replace(context, person=Person(named["id"], "点名的人", named["org"]))
    payload = {**staged.payload, **filled(given.get("payload", {}))}
    return replace(staged, ticket=ticket, actor=actor, context=context, payload=payload)


def expected(situation: dict[str, Any], here: Sequence[Scene]) -> dict[tuple[str, str], str]:
    """Return by role and line the code with which it is refused."""
    found = {}
    for told in situation["refused"]:
        for role in told["roles"]:
            every = [name(s.line, role) for s in here if s.role == role]
            if "all_but" in told:
                lines = [line for line in every if not among(line, told["all_but"])]
            else:
                lines = [line for line in every if among(line, told["lines"])]
            found |= {(role, line): told["code"] for line in lines}
    return found


def test_every_line_is_there_for_every_role_that_may(scenes: list[Scene]) -> None:
    wanted = {(id(t), r) for t in TRANSITIONS for r in t.roles if t.action != "submit"}
    assert {(id(s.line), s.role) for s in scenes} == wanted
    assert {s.line.action for s in scenes} == set(ACTIONS) - {"submit"}


@pytest.mark.parametrize("situation", SITUATIONS)
def test_what_is_refused_in_a_situation_and_nothing_else(
    situation: str, scenes: list[Scene]
) -> None:
    told = SITUATIONS[situation]
    assert set(told["roles"]) <= set(ACTORS)
    here = [s for s in scenes if s.role in told["roles"]]
    if "actions" in told:
        here = [s for s in here if s.line.action in told["actions"]]
    made = {(s.role, name(s.line, s.role)): put(s, told).play() for s in here}
    found = {case: m.code for case, m in made.items() if isinstance(m, Refusal)}
    assert found == expected(told, here)
    named = {line for t in told["refused"] for line in (*t.get("lines", ()), *t.get("all_but", ()))}
    there = {name(s.line, s.role) for s in here}
    assert named <= there | {line.partition("@")[0] for line in there}, "no such line"


@pytest.mark.parametrize("role", ACTORS)
def test_who_files_a_request_through_which_channel_about_what(role: str) -> None:
    channels, matters = DATA["channels"], DATA["matters"]
    assert {c for some in channels.values() for c in some} == set(get_args(Channel))
    may = {
        (channel, matters[matter])
        for row in DATA["submit"] if role in row["roles"]
        for kind in row["channels"] for channel in channels[kind]
        for matter in row["matters"]
    }  # fmt: skip
    for channel, leaf in product(get_args(Channel), matters.values()):
        found = decide.may_submit(ACTORS[role], channel, leaf)
        assert (found is None) == ((channel, leaf) in may), (channel, leaf, found)
        if found is None:
            request = CreateTicket(leaf=leaf, narrative="说说事情", channel=channel)
            made = decide.submit(
                NUMBER, "123456", request, ACTORS[role], T0, PLACE, {"role": "self"}, CONTEXT
            )
            assert (made.type, made.from_state, made.to_state) == (
                "submitted", State.DRAFT, State.SUBMITTED,
            )  # fmt: skip
            assert role in next(t.roles for t in TRANSITIONS if t.action == made.action)
        else:
            assert found.code == "role_not_allowed"
