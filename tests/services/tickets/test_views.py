"""What is shown of a ticket: nothing a resident wrote names anybody, nor tells who is judged by it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from services.tickets import views
from services.tickets.core import fold
from services.tickets.core.actor import Actor
from services.tickets.core.commands import CreateTicket
from services.tickets.core.event import Event
from services.tickets.core.states import State
from services.tickets.core.ticket import Ticket
from services.tickets.core.workflow import TRANSITIONS, WORKERS, Field, Transition
from tests.services.tickets.world import ACTORS, CONTEXT, T0, do, led, parent, ready, submitted

PHONE, NAME = "13500000012", "刘桂芬"
SAID = f"{NAME}家的事，打{PHONE}找我"
CLEAR = views.Clear(name=NAME, phone=PHONE)
STAFF = [a for a in ACTORS.values() if a.kind == "staff"]
BY_RESIDENTS = [
    (line, state)
    for line in TRANSITIONS
    if "resident" in line.roles and line.action != "submit"
    for state in sorted(line.sources, key=str)
]
JUDGED = ("grid", "clerk", "handler", "vendor", "mediator", "supervisor")


def told(field: Field) -> Any:
    """The words with name and number, in the shape of a field; None: a field without words."""
    return {
        "text": SAID, "items": [SAID], "facts": {"note": SAID, "needs": [SAID]},
    }.get(field.type)  # fmt: skip


def payload(line: Transition) -> dict[str, Any]:
    """A payload of a line in which the resident tells name and number wherever words are taken."""
    given = {f.name: words for f in line.fields if (words := told(f)) is not None}
    given |= {f.name: 3 for f in line.fields if f.type == "number"}
    given |= {
        f.name: next(iter(f.options)) for f in line.fields if f.type == "choice" and f.options
    }
    return given | ({line.when[0]: line.when[1]} if line.when else {})


def shown(ticket: Ticket, events: list[Event], actor: Actor, clear: views.Clear = CLEAR) -> str:
    """Everything that an actor gets to see without asking for contact data, as one text."""
    pages = [
        views.staff_view(ticket, actor, clear), views.list_view(ticket, actor),
        views.events_view(ticket, events, actor, {}, clear),
    ]  # fmt: skip
    return json.dumps(pages, ensure_ascii=False)


@pytest.mark.parametrize(("line", "state"), BY_RESIDENTS)
def test_no_words_of_a_resident_give_the_resident_away(line: Transition, state: State) -> None:
    """Crawled: every field of every step that residents take, seen by every role."""
    ticket, events = led(state)
    ticket = ready(ticket, line.action, ACTORS["resident"])
    ticket = replace(ticket, need_items=[SAID] if state is State.NEED_INFO else ticket.need_items)
    context = replace(CONTEXT, parent=replace(parent(), state=State.RESOLVED))
    made = do(ticket, line.action, "resident", T0.replace(hour=12), payload(line), context)
    assert isinstance(made, Event), (line.action, made)
    assert not any(told(f) for f in line.fields) or SAID in json.dumps(
        made.data, ensure_ascii=False
    )
    after = replace(fold.apply(ticket, made), need_items=[])
    for actor in STAFF:
        seen = shown(after, [*events, made], actor)
        assert PHONE not in seen and NAME not in seen, actor.role


def test_what_is_told_while_filing_gives_nobody_away() -> None:
    texts: dict[str, Any] = {
        name: {"note": SAID} if "dict" in str(f.annotation) else SAID
        for name, f in CreateTicket.model_fields.items()
        if name in ("gist", "occurred", "occurred_text", "appointment", "certificate", "address")
    }
    kept = {"role": "self", "contact_pref": SAID.replace(NAME, "我")}
    ticket, events = submitted("H1", SAID, **texts, reporter=kept)
    assert json.dumps(ticket.to_doc(), ensure_ascii=False).count(PHONE) >= 6
    for actor in STAFF:
        seen = shown(ticket, events, actor)
        assert PHONE not in seen and NAME not in seen, actor.role


@pytest.mark.parametrize("role", ["grid", "handler", "clerk"])
def test_who_asks_with_a_reason_reads_what_was_said_in_withdrawing(role: str) -> None:
    ticket = led(State.ACTIVE)[0]
    made = do(ticket, "withdraw", "resident", T0.replace(hour=12), {"reason": SAID})
    assert isinstance(made, Event)
    after = fold.apply(ticket, made)
    assert views.revealed_view(after, ACTORS[role], CLEAR)["reason"] == SAID


@pytest.mark.parametrize(("action", "owner", "leaf"), [
    ("withdraw", "water", "H1"), ("callback", "water", "H1"),
    ("withdraw", "grid", "H6"), ("callback", "grid", "H6"),
    ("withdraw", "community", "K4"), ("callback", "community", "K4"),
])  # fmt: skip
def test_who_is_judged_does_not_read_that_the_resident_was_pressed(
    action: str, owner: str, leaf: str
) -> None:
    ticket, events = led(State.RESOLVED, owner, leaf)
    facts = {
        "withdraw": {"reason": "陈师傅打电话让我撤的", "persuaded": True},
        "callback": {"result": "unsolved", "text": "陈师傅让我给五星我没给", "pressured": True},
    }[action]
    made = do(ticket, action, "resident", T0.replace(hour=12), facts)
    assert isinstance(made, Event)
    after, told_to = fold.apply(ticket, made), []
    for actor in STAFF:
        seen = shown(after, [*events, made], actor)
        if actor.role in WORKERS:
            seen += json.dumps(views.revealed_view(after, actor, CLEAR), ensure_ascii=False)
        if any(words in seen for words in ("陈师傅", "persuaded", "pressure", "让我")):
            told_to.append(actor.role)
    above = ["dispatcher", "callback", "auditor"]
    assert set(told_to) == {*above, *(() if owner != "water" else ("supervisor",))}


def test_why_it_came_back_stays_readable_where_nobody_was_pressed() -> None:
    ticket, _ = led(State.RESOLVED)
    made = do(
        ticket,
        "callback",
        "resident",
        T0.replace(hour=12),
        {"result": "unsolved", "text": "还在滴水"},
    )
    assert isinstance(made, Event)
    after = fold.apply(ticket, made)
    assert views.staff_view(after, ACTORS["handler"])["rework_reason"] == "还在滴水"


@pytest.mark.parametrize("role", JUDGED)
def test_the_mark_of_a_rating_is_not_for_who_is_rated(role: str) -> None:
    ticket = replace(led(State.CLOSED, "grid", "H6")[0], pressured=True, rating={"score": 1})
    view = views.staff_view(ticket, ACTORS[role])
    assert "rating" not in view and "rating_pressure" not in view["flags"]


def test_the_head_of_another_unit_s_ticket_reads_the_rating() -> None:
    ticket = replace(led(State.CLOSED)[0], pressured=True, rating={"score": 1})
    view = views.staff_view(ticket, ACTORS["supervisor"])
    assert view["rating"]["score"] == 1 and "rating_pressure" in view["flags"]
