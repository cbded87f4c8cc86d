"""A higher platform's earlier date is reminded of; a resident is told when it comes forward."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.channels import closing
from services.tickets.core import fold, planning
from services.tickets.core.event import Event
from services.tickets.core.states import State
from services.tickets.core.ticket import Ticket
from tests.services.tickets.world import CONTEXT, T0, do, in_state, must

OURS = T0 + timedelta(days=7)
THEIRS = T0 + timedelta(hours=50)


def running(**fields: Any) -> Ticket:
    given = {"created_at": T0, "due_at": OURS, "due_reason": "5个工作日"} | fields
    return replace(in_state(State.ACTIVE), **given)


def told_by(ticket: Ticket, due: datetime, at: datetime = T0) -> Ticket:
    facts = {"due": due.isoformat(), "reason": "12345平台要求"}
    return must(ticket, "platform_due", "system", at, facts)


def steps(ticket: Ticket) -> list[tuple[datetime, tuple[str, ...]]]:
    return [
        (datetime.fromisoformat(e["at"]), tuple(e["tell"]))
        for e in ticket.planned
        if e.get("clock") == "platform"
    ]


def test_its_half_four_fifths_and_end_are_planned_for_the_unit_and_the_street() -> None:
    both = ("handler", "dispatcher")
    assert steps(told_by(running(), THEIRS)) == [
        (T0 + timedelta(hours=25), both), (T0 + timedelta(hours=40), both), (THEIRS, ("handler",)),
    ]  # fmt: skip


def test_a_later_one_is_not_reminded_of_and_one_that_moves_is_planned_anew() -> None:
    assert steps(told_by(running(), OURS + timedelta(days=1))) == []
    moved = told_by(told_by(running(), THEIRS), T0 + timedelta(hours=100))
    assert [at for at, _ in steps(moved)] == [T0 + timedelta(hours=h) for h in (50, 80, 100)]


def test_it_goes_on_while_ours_stands_still_and_ends_with_the_work() -> None:
    asked = told_by(running(), THEIRS)
    stopped = must(asked, "suspend", "supervisor", T0 + timedelta(hours=1))
    assert stopped.state is State.SUSPENDED and steps(stopped) == steps(asked)
    done = must(stopped, "withdraw", "resident", T0 + timedelta(hours=2))
    assert steps(done) == []


def test_of_an_older_ticket_the_steps_are_planned_by_themselves() -> None:
    older = running(platform_due_at=THEIRS, platform_due_reason="平台")
    assert planning.lacking(older, T0, CONTEXT)
    made = do(older, "plan", "system", T0)
    assert isinstance(made, Event) and len(steps(fold.apply(older, made))) == 3


def test_a_reminder_says_whose_date_it_is() -> None:
    said = [e for e in told_by(running(), THEIRS).planned if e.get("clock") == "platform"]
    assert all(e["say"].startswith("上级平台：") for e in said)
    assert said[0]["step"] == "上级平台时限用了50%"


@pytest.mark.parametrize(
    ("due", "news"),
    [(THEIRS, ["platform_due_set"]), (OURS + timedelta(days=1), [])],
)
def test_by_phone_it_is_news_only_when_the_promise_comes_forward(
    due: datetime, news: list[str]
) -> None:
    phoned = running(conversation_id=None, reporter={"role": "self", "phone": "138****5678"})
    waiting = told_by(phoned, due).to_tell or {"news": []}
    assert [n["event"] for n in waiting["news"]] == news
    # Back to a later date of theirs: nothing that was promised is broken, so nobody is rung up.
    back = told_by(replace(told_by(phoned, THEIRS), to_tell=None), OURS + timedelta(days=1))
    assert back.to_tell is None


def test_what_a_resident_reads_names_both_dates() -> None:
    facts = {"due": THEIRS.isoformat(), "reason": "12345平台要求"}
    made = do(running(), "platform_due", "system", T0, facts)
    assert isinstance(made, Event)
    assert closing._text_key("platform_due_set", made.data) == "platform_due_set"
    assert (
        closing._moved(made.data, elder=False) == "原来说12月1日10:00前，现在改到11月26日12:00前。"
    )
    later = do(
        running(), "platform_due", "system", T0, facts | {"due": (OURS + timedelta(1)).isoformat()}
    )
    assert isinstance(later, Event)
    assert closing._text_key("platform_due_set", later.data) == ""
