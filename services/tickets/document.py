"""The workflow as a page for people: ``docs/workflow.md``, made from the table. Pure."""

from __future__ import annotations

import inspect
from collections import defaultdict
from collections.abc import Iterable, Mapping

from services.people.model import ROLE_NAMES
from services.tickets.core.effects import CLOCKS
from services.tickets.core.guards import GUARDS
from services.tickets.core.states import (
    ASSIGNED,
    OPEN,
    REFUSED,
    STORED,
    WAITING,
    WORKING,
    State,
)
from services.tickets.core.workflow import ACTIONS, TRANSITIONS, Field, To, Transition
from services.tickets.views import EVENT_TEXTS
from services.words import forms

ROLES = {"resident": "居民", "system": "系统", **ROLE_NAMES}
GROUPS: Mapping[str, frozenset[State]] = {
    "any stored": STORED,
    "any open": OPEN,
    "assigned": ASSIGNED,
    "waiting": WAITING,
    "working": WORKING,
    "refused": REFUSED,
}
BACK = (State.ACTIVE, State.REWORK)
"""Where ``To.BACK`` can lead."""

HEAD = """# The workflow

Made by `linda workflow` from `TRANSITIONS` in `services/tickets/core/workflow.py`; not edited by hand. What is not
a line of the table cannot happen: no line leads from “time is up” to `CLOSED`, and none lets who handled a ticket close it.
Rules of the place (limits, sentences, sources) are in `data/workflow.yml` and `data/sla`, the terms in
[glossary.md](glossary.md).
"""


def _told(state: State) -> str:
    """Return the sentence of a state for residents; of a booking or a certificate it can be another."""
    told = forms("pieces")
    also = f"（预约、证明：{told['state.materials'][0]}）" if state is State.NEED_INFO else ""
    return f"{told[f'state.{state}'][0]}{also}"


def document() -> str:
    """Return the whole page as Markdown."""
    parts = [
        HEAD,
        "## States",
        _table(
            ("state", "中文", "what the resident reads"),
            ((f"`{s}`", s.label, _told(s)) for s in State),
        ),
        "Groups of states in the table below:",
        "\n".join(
            f"* *{name}*: {', '.join(f'`{s}`' for s in State if s in members)}"
            for name, members in GROUPS.items()
        ),
        "## Diagram",
        "Actions that change the state. All others leave it as it is.",
        f"```mermaid\n{diagram()}\n```",
        "## Lines",
        "**Bold** facts are required. A condition in brackets chooses between lines of one action.",
        _table(
            ("action", "from", "to", "who", "facts", "guards", "clock", "event"),
            (_line(t) for t in TRANSITIONS),
        ),
        "## Guards",
        _table(("guard", "what it asks"), ((f"`{n}`", _first(g)) for n, g in GUARDS.items())),
        "## Clocks",
        _table(("effect", "what it does"), ((f"`{n}`", _first(c)) for n, c in CLOCKS.items())),
    ]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def diagram() -> str:
    """Return the changes of state as a Mermaid state diagram."""
    edges: dict[tuple[State, State], list[str]] = defaultdict(list)
    for line in TRANSITIONS:
        for source in State:
            if source not in line.sources:
                continue
            for to in _targets(line):
                if to is not source and ACTIONS[line.action] not in edges[source, to]:
                    edges[source, to].append(ACTIONS[line.action])
    drawn = [f"    [*] --> {State.DRAFT}"]
    drawn += [f"    {state} : {state.label}" for state in State]
    drawn += [f"    {a} --> {b} : {'、'.join(names)}" for (a, b), names in edges.items() if names]
    return "\n".join(["stateDiagram-v2", *drawn])


def _targets(line: Transition) -> tuple[State, ...]:
    if line.to is To.SAME:
        return ()
    return BACK if line.to is To.BACK else (State(line.to),)


def _line(t: Transition) -> tuple[str, ...]:
    chosen = f" [{t.when[0]}={t.when[1]}]" if t.when else ""
    to = {To.SAME: "same", To.BACK: "state before"}.get(t.to) if isinstance(t.to, To) else None
    return (
        f"{ACTIONS[t.action]} `{t.action}`{chosen}",
        _sources(t.sources),
        to or f"`{t.to}`",
        "、".join(name for role, name in ROLES.items() if role in t.roles),
        "、".join(_field(f) for f in t.fields) or "–",
        " ".join(f"`{g}`" for g in t.guards) or "–",
        f"`{t.clock}`",
        f"{EVENT_TEXTS[t.event]} `{t.event}`",
    )


def _sources(sources: frozenset[State]) -> str:
    for name, members in GROUPS.items():
        if members == sources:
            return f"*{name}*"
    return " ".join(f"`{s}`" for s in State if s in sources)


def _field(f: Field) -> str:
    words = f"{f.label} `{f.name}`"
    return f"**{words}**" if f.required else words


def _first(thing: object) -> str:
    return (inspect.getdoc(thing) or "").partition("\n\n")[0].replace("\n", " ")


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(c.replace("|", "\\|") for c in r) + " |" for r in lines)
