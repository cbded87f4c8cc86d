"""Whether somebody came when it had been agreed: half an hour either way, or any time of the day."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.clock import ZONE
from services.metrics.score import fold as score_of
from services.tickets.core import decide, fold, timing
from services.tickets.core.clocks import appointment_time
from services.tickets.core.commands import Command
from services.tickets.core.event import Event
from services.tickets.core.states import State
from services.tickets.core.ticket import Ticket
from services.tickets.views import staff_view
from tests.services.tickets.world import ACTORS, CONTEXT, led, must

LUNCH = {"date": "2026-11-24", "meal": "lunch"}
VISIT = {"date": "2026-11-24", "time": "15:00"}
SOMETIME = {"date": "2026-11-24", "time": "下午"}


def at(clock: str, day: int = 24) -> datetime:
    hour, minute = map(int, clock.split(":"))
    return datetime(2026, 11, day, hour, minute, tzinfo=ZONE)


def came(appointment: dict[str, Any], when: datetime) -> tuple[Ticket, list[Event]]:
    """An order of this appointment on which somebody came at this time."""
    ticket, events = led(State.ACTIVE, owner="meal", leaf="C1", appointment=appointment)
    made = decide.decide(ticket, Command("arrive", ACTORS["vendor"], when), CONTEXT)
    assert isinstance(made, Event), made
    return fold.apply(ticket, made), [*events, made]


@pytest.mark.parametrize(("appointment", "when", "kept", "minutes"), [
    (LUNCH, at("12:30"), "kept", 0), (LUNCH, at("12:00"), "kept", -30),
    (LUNCH, at("13:00"), "kept", 30), (LUNCH, at("11:59"), "early", -31),
    (LUNCH, at("13:01"), "late", 31), (VISIT, at("15:20"), "kept", 20),
    (VISIT, at("10:30"), "early", -270), (VISIT, at("9:00", 25), "late", 1080),
    (SOMETIME, at("10:30"), "kept", -420), (SOMETIME, at("9:00", 25), "late", 930),
])  # fmt: skip
def test_coming_is_held_against_what_was_agreed(
    appointment: dict[str, Any], when: datetime, kept: str, minutes: int
) -> None:
    ticket, events = came(appointment, when)
    assert ticket.arrival is not None
    assert (ticket.arrival["kept"], ticket.arrival["minutes"]) == (kept, minutes)
    score = score_of(events)
    assert score is not None and score.appointment == kept


@pytest.mark.parametrize(("appointment", "last"), [
    (LUNCH, at("13:00")), (VISIT, at("15:30")), (SOMETIME, at("0:00", 25)),
])  # fmt: skip
def test_it_is_missed_only_when_coming_no_longer_keeps_it(
    appointment: dict[str, Any], last: datetime
) -> None:
    """The worker, the figures, the reminder and the judgement of who comes agree to the minute."""
    ticket, events = led(State.ACTIVE, owner="meal", leaf="C1", appointment=appointment)
    assert ticket.due_at == appointment_time(appointment, CONTEXT.profile), "promised as agreed"
    after = last + timedelta(minutes=1)
    assert "due" not in timing.missed(ticket, last) and "due" in timing.missed(ticket, after)
    assert [e["at"] for e in ticket.planned if e["step"] == "时限到了"] == [last.isoformat()]
    kept = [decide.decide(ticket, Command("arrive", ACTORS["vendor"], t), CONTEXT)
            for t in (last, after)]  # fmt: skip
    assert [e.data["arrival"]["kept"] for e in kept if isinstance(e, Event)] == ["kept", "late"]
    score = score_of(events)
    assert score is not None and score.due_at == last
    done = {"outcome": "solved", "reply": "送到了", "evidence_note": "不用照片"}
    ends = [decide.decide(ticket, Command("resolve", ACTORS["vendor"], t, done), CONTEXT)
            for t in (last, after)]  # fmt: skip
    found = [score_of([*events, e]) for e in ends if isinstance(e, Event)]
    assert [s.in_time for s in found if s] == [1, 0]


def test_moved_it_is_missed_by_its_new_time_and_a_new_round_has_no_such_margin() -> None:
    ticket, _ = led(State.ACTIVE, owner="meal", leaf="C1", appointment=SOMETIME)
    changed = {"appointment": {"date": "2026-11-25", "time": "09:00"}, "moves": "no"}
    ticket = must(ticket, "amend", "resident", at("11:00"), changed)
    assert ticket.overdue_at == at("9:30", 25)
    ticket = must(ticket, "resolve", "vendor", at("9:10", 25))
    ticket = must(ticket, "callback", "resident", at("9:20", 25), {"result": "unsolved"})
    assert ticket.overdue_at == ticket.due_at and ticket.due_grace == 0


def test_what_was_agreed_waits_until_somebody_comes_and_not_when_it_was_taken_back() -> None:
    _, events = led(State.ACTIVE, owner="meal", leaf="C1", appointment=LUNCH)
    score = score_of(events)
    assert score is not None and score.appointment == "waiting"
    _, events = led(State.WITHDRAWN, owner="meal", leaf="C1", appointment=LUNCH)
    score = score_of(events)
    assert score is not None and score.appointment is None
    _, events = led(State.ACTIVE, leaf="H1")
    score = score_of(events)
    assert score is not None and score.appointment is None


def test_a_place_sets_its_own_window() -> None:
    ticket, _ = led(State.ACTIVE, owner="meal", leaf="C1", appointment=LUNCH)
    window = replace(CONTEXT.profile.appointment_window, amount=10)
    context = replace(CONTEXT, profile=replace(CONTEXT.profile, appointment_window=window))
    made = decide.decide(ticket, Command("arrive", ACTORS["vendor"], at("12:45")), context)
    assert isinstance(made, Event) and made.data["arrival"]["kept"] == "late"


def test_the_provider_sees_the_own_arrival() -> None:
    ticket, _ = came(LUNCH, at("12:20"))
    assert staff_view(ticket, ACTORS["vendor"])["arrival"]["kept"] == "kept"
