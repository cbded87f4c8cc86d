"""Residents without a chat: what somebody tells them on the phone, and what is written down for them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.channels.texts import Texts
from services.errors import LindaError
from services.metrics import score
from services.tickets.core import fold, telling
from services.tickets.core.actor import SYSTEM, Actor
from services.tickets.core.context import Refusal
from services.tickets.core.event import Event
from services.tickets.core.states import State
from services.tickets.core.ticket import Ticket
from services.tickets.service import TicketService
from tests.services.conftest import NOW, TestClock
from tests.services.tickets.conftest import request
from tests.services.tickets.test_calls import PHONED, by
from tests.services.tickets.test_workflow_scenarios import (
    CALLBACK,
    CLERK,
    DISPATCHER,
    DONE,
    GRID,
    SUPERVISOR,
    Case,
    filed,
)
from tests.services.tickets.world import (
    ACTORS,
    CONTEXT,
    DATA,
    T0,
    contacted,
    do,
    in_state,
    led,
    must,
)

PHONE = {"role": "self", "phone": "138****5678"}
LATER = T0 + timedelta(hours=1)


def phoned(state: State = State.ACTIVE, **fields: Any) -> Ticket:
    return replace(in_state(state), conversation_id=None, reporter=PHONE, **fields)


def more_time(ticket: Ticket) -> Ticket:
    return must(ticket, "extend", "supervisor", LATER, {"days": 1, "reason": "等配件"})


# ── to_tell ─────────────────────────────────────────────────────────────────────────────────────


def test_news_wait_for_a_call_only_where_there_is_no_chat() -> None:
    told = more_time(phoned()).to_tell
    assert told is not None and [n["event"] for n in told["news"]] == ["extended"]
    assert more_time(in_state(State.ACTIVE)).to_tell is None
    assert more_time(replace(phoned(), reporter={"role": "self"})).to_tell is None
    assert more_time(replace(phoned(), reporter={**PHONE, "role": "patrol"})).to_tell is None


def test_news_gather_and_one_call_tells_them_all() -> None:
    ticket = must(more_time(phoned()), "suspend", "supervisor", LATER)
    ticket = must(ticket, "resume", "supervisor", LATER + timedelta(hours=2))
    assert ticket.to_tell is not None and "to_tell" in ticket.flags
    assert [n["event"] for n in ticket.to_tell["news"]] == ["extended", "suspended", "resumed"]
    made = do(ticket, "tell", "clerk", LATER + timedelta(hours=3), {"result": "told"})
    assert isinstance(made, Event) and made.actor.id == "clerk1"
    assert made.data["news"] == ["extended", "suspended", "resumed"]
    assert fold.apply(ticket, made).to_tell is None


def test_who_is_not_reached_is_tried_as_often_as_at_a_callback_and_each_try_is_on_record() -> None:
    ticket = more_time(phoned())
    for day in range(CONTEXT.profile.callback_attempts):
        assert ticket.to_tell is not None and len(ticket.to_tell["tries"]) == day
        at = LATER + timedelta(days=day)
        ticket = must(ticket, "tell", "handler", at, {"result": "not_reached"})
    assert ticket.to_tell is None
    refused = do(ticket, "tell", "handler", LATER, {"result": "told"})
    assert isinstance(refused, Refusal) and refused.code == "nothing_to_tell"


def test_once_it_is_reported_done_the_callback_desk_calls() -> None:
    ticket = must(contacted(more_time(phoned())), "resolve", "handler", LATER, {
        "outcome": "solved", "reply": "换了", "evidence": ["p"]})  # fmt: skip
    assert ticket.to_tell is None


def test_every_event_that_is_told_has_its_words() -> None:
    words = Texts(DATA / "texts" / "resident.yml")
    assert CONTEXT.rules.tell and all(event in words for event in CONTEXT.rules.tell)
    assert fold.EFFECTS.keys() >= CONTEXT.rules.tell


def test_who_dispatches_rings_to_tell_and_for_nothing_else() -> None:
    assert isinstance(do(more_time(phoned()), "relay", "dispatcher", LATER), Event)
    refused = do(phoned(), "relay", "dispatcher", LATER)
    assert isinstance(refused, Refusal) and refused.code == "nothing_to_tell"


async def test_the_desk_finds_them_and_the_handler_of_another_unit_does_not(
    tickets: TicketService,
) -> None:
    case = await by(tickets, **PHONED)
    await case.act(GRID, "sign")
    await case.act(SUPERVISOR, "extend", days=1, reason="等配件")
    for actor, wanted in ((CLERK, {"mine": True}), (DISPATCHER, {"flag": "to_tell"})):
        listed = (await tickets.list(actor, **wanted))["tickets"]
        assert [t["ticket_no"] for t in listed] == [case.number]
    await case.act(DISPATCHER, "tell", result="told", text="跟本人说了")
    assert (await tickets.list(CLERK, flag="to_tell"))["tickets"] == []
    other = Actor("staff", "handler1", "handler", "water")
    with pytest.raises(LindaError):
        await tickets.act(case.number, "tell", {"result": "told"}, other)


# ── on_behalf ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("state", "what", "event", "to"),
    [
        (State.ACTIVE, "supplement", "supplemented", State.ACTIVE),
        (State.NEED_INFO, "supplement", "supplemented", State.SUBMITTED),
        (State.ACTIVE, "urge", "urged", State.ACTIVE),
        (State.RESOLVED, "reject", "reworked", State.REWORK),
        (State.CLOSED, "reject", "reworked", State.REWORK),
        (State.NOT_ACCEPTED, "review", "review_requested", State.NOT_ACCEPTED),
        (State.CLOSED, "rate", "rated", State.CLOSED),
        (State.ACTIVE, "withdraw", "withdrawn", State.WITHDRAWN),
    ],
)
def test_what_is_said_counts_as_the_residents_and_is_marked_with_who_wrote_it(
    state: State, what: str, event: str, to: State
) -> None:
    payload = {"what": what, "text": "居民的话", "score": 2}
    ticket = phoned(state, review_due_at=None, review_due_reason=None)
    made = do(ticket, "on_behalf", "callback", LATER, payload)
    assert isinstance(made, Event), made
    assert (made.type, made.to_state, made.actor.kind) == (event, to, "resident")
    assert made.data["on_behalf"] == {"by": "callback1", "role": "callback"}
    assert made.data["said"] == "phone"
    after = fold.apply(ticket, made)
    assert "callback1" not in after.handlers
    if what == "rate":
        assert after.rating is not None and after.rating["on_behalf"] and after.rating["score"] == 2
    if what == "withdraw":
        assert after.reason == "居民的话"


def test_who_did_the_work_writes_down_neither_praise_nor_a_withdrawal() -> None:
    praise = {"what": "rate", "text": "挺好", "score": 5}
    for role in ("handler", "grid", "mediator"):
        refused = do(phoned(State.RESOLVED), "on_behalf", role, LATER, praise)
        assert isinstance(refused, Refusal)
    desk = replace(phoned(State.RESOLVED), owner_org="grid")
    refused = do(desk, "on_behalf", "clerk", LATER, praise)
    assert isinstance(refused, Refusal) and refused.code == "own_unit"
    back = {"what": "withdraw", "text": "不用了"}
    refused = do(replace(desk, state=State.ACTIVE), "on_behalf", "clerk", LATER, back)
    assert isinstance(refused, Refusal) and refused.code == "own_unit"
    once = replace(phoned(State.RESOLVED), handlers=["dispatcher1"])
    refused = do(once, "on_behalf", "dispatcher", LATER, praise)
    assert isinstance(refused, Refusal) and refused.code == "own_work"
    # What asks more of the own work may be written down by who does it.
    again = do(
        phoned(State.RESOLVED), "on_behalf", "handler", LATER, {"what": "reject", "text": "漏"}
    )
    assert isinstance(again, Event) and again.to_state is State.REWORK


def test_who_has_a_chat_speaks_there() -> None:
    refused = do(in_state(State.ACTIVE), "on_behalf", "clerk", LATER)
    assert isinstance(refused, Refusal) and refused.code == "has_chat"


def test_in_the_figures_it_is_the_residents_answer() -> None:
    ticket, events = led(State.RESOLVED)
    said = {k: v for k, v in events[0].data.items() if k != "conversation_id"}
    events = [replace(events[0], data={**said, "reporter": PHONE}), *events[1:]]
    made = do(fold.fold(events), "on_behalf", "callback", LATER, {"what": "reject", "text": "漏"})
    assert isinstance(made, Event)
    figures = score.fold([*events, made])
    assert ticket.state is State.RESOLVED and figures is not None
    assert figures.answer == "unsolved"


async def test_the_timeline_says_who_wrote_it_down_and_shows_no_id(
    tickets: TicketService, clock: TestClock
) -> None:
    case = await by(tickets, **PHONED)
    await case.act(GRID, "sign")
    await case.act(CLERK, "on_behalf", what="supplement", text="我是张桂兰，是三单元")
    last = (await tickets.events(case.number, CLERK))[-1]
    assert last["actor"]["name"] == "居民（社区窗口赵敏代记）"
    seen = await case.seen(GRID)
    assert seen["supplements"][-1]["by"] == "resident" and "张桂兰" not in str(seen["supplements"])
    await case.act(GRID, "resolve", **DONE)
    clock.go(NOW + timedelta(hours=3))
    view = await case.act(CALLBACK, "on_behalf", what="rate", text="还行", score=3)
    assert view["rating"]["score"] == 3 and view["state"] == "RESOLVED"
    assert (await tickets.get(case.number, ACTORS["clerk"])).get("rating") is None


async def test_the_form_insists_on_a_score_only_for_a_rating(tickets: TicketService) -> None:
    case = await by(tickets, **PHONED)
    await case.act(GRID, "sign")
    await case.act(GRID, "resolve", **DONE)
    offered = await tickets.allowed_actions(case.number, CALLBACK)
    (form,) = [a for a in offered if a["action"] == "on_behalf"]
    assert {f["name"] for f in form["fields"] if f["required"]} == {"what", "text"}
    refused = await case.refused(CALLBACK, "on_behalf", what="rate", text="还行")
    assert refused == "score_missing"


# ── what goes on in a neighbour's ───────────────────────────────────────────────────────────────


async def joined_by_phone(tickets: TicketService) -> tuple[Case, Case]:
    """A neighbour's ticket that is in work, and one filed by phone that was merged into it."""
    shared = await filed(tickets)
    filed_there = await tickets.create(request(**PHONED), CLERK, follow_up=False)
    case = Case(tickets, filed_there["ticket_no"])
    await case.act(CLERK, "merge", into=shared.number)
    await shared.act(GRID, "sign")
    return shared, case


async def test_news_of_a_shared_ticket_wait_for_a_call_to_who_joined_by_phone(
    tickets: TicketService,
) -> None:
    shared, case = await joined_by_phone(tickets)
    if (await case.seen())["to_tell"]:
        await case.act(CLERK, "tell", result="told")  # that it was merged
    await shared.act(SUPERVISOR, "extend", days=1, reason="等配件")
    waiting = (await case.seen())["to_tell"]
    assert [(n["event"], n["of"]) for n in waiting["news"]] == [("joined_extended", shared.number)]
    seq = waiting["news"][0]["seq"]
    events = {e["seq"]: e["type"] for e in await tickets.events(shared.number, SYSTEM)}
    assert events[seq] == "extended"
    view = await case.act(CLERK, "tell", result="told")
    assert view["to_tell"] is None


async def test_the_call_at_the_end_takes_the_news_along(tickets: TicketService) -> None:
    shared, case = await joined_by_phone(tickets)
    await shared.act(SUPERVISOR, "extend", days=1, reason="等配件")
    await shared.act(GRID, "contact", way="phone", result="reached")
    await shared.act(GRID, "resolve", **DONE)
    view = await case.seen()
    assert view["to_tell"] is None and view["to_call"]["why"] == "joined"


@pytest.mark.parametrize(("what", "kept"), [("urge", "urges"), ("supplement", "supplements")])
async def test_what_who_joined_says_on_the_phone_is_passed_on(
    tickets: TicketService, what: str, kept: str
) -> None:
    shared, case = await joined_by_phone(tickets)
    view = await case.act(CALLBACK, "on_behalf", what=what, text="三单元也黑了")
    assert view["state"] == "MERGED" and view[kept][-1]["text"] == "三单元也黑了"
    there = (await shared.seen())[kept]
    assert [one["text"] for one in there] == ["三单元也黑了"]


def test_news_that_are_shared_have_their_words() -> None:
    words = Texts(DATA / "texts" / "resident.yml")
    assert all(f"joined_{event}" in words for event in CONTEXT.rules.tell - telling.OWN_NEWS)
