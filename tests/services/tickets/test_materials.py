"""Bookings and certificates that wait for materials: what stands still, what does not, and how they go on."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from services.clock import ZONE
from services.tickets import views
from services.tickets.core import timing
from services.tickets.core.actor import SYSTEM, resident
from services.tickets.core.states import State
from services.tickets.core.ticket import Ticket
from services.tickets.service import TicketService
from tests.services.conftest import TestClock
from tests.services.tickets.conftest import request
from tests.services.tickets.world import T0, must, submitted

ME = resident("conversation-1")
ASKED, CAME = T0 + timedelta(minutes=30), T0 + timedelta(hours=2, minutes=30)
ITEMS = {"items": ["老年证照片", "家里人的电话"]}
LUNCH = {"date": "2026-11-25", "meal": "lunch", "portions": 1}
TODAY = {"date": "2026-11-24", "time": "15:00"}
LATER = {"date": "2026-12-10", "time": "09:00"}
PAPER = {"name": "居住证明", "purpose": "孩子上学"}


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


def waiting(leaf: str, **asked: Any) -> Ticket:
    ticket, _ = submitted(leaf, **asked)
    return must(ticket, "need_info", "clerk", ASKED, ITEMS)


# Filed on Tuesday, 24 November at 10:00, asked at 10:30, answered at 12:30; worked by hand.
# what it is; until when it is waited for; when it is due once the supplement has come
CASES: list[tuple[str, str, dict[str, Any], str, str]] = [
    ("a meal waits to the cut-off of the day before and stays at its own time",
     "C1", {"appointment": LUNCH}, "2026-11-24T17:30", "2026-11-25T12:30"),
    ("a visit this afternoon is waited for until it takes place",
     "C6", {"appointment": TODAY}, "2026-11-24T15:00", "2026-11-24T15:00"),
    ("one in two weeks three working days", "C6", {"appointment": LATER}, "2026-11-27T10:30", "2026-12-10T09:00"),
    ("a booking without a day: the two hours of waiting are added to five working days",
     "C6", {"appointment": {"what": "理发"}}, "2026-11-27T10:30", "2026-12-01T12:00"),
    ("a certificate as well", "A4", {"certificate": PAPER}, "2026-11-27T10:30", "2026-12-01T12:00"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "leaf", "asked", "until", "due"), CASES, ids=[c[0] for c in CASES]
)
def test_what_waits_stands_still_and_goes_on_when_the_supplement_comes(
    name: str, leaf: str, asked: dict[str, Any], until: str, due: str
) -> None:
    ticket = waiting(leaf, **asked)
    assert ticket.info_due_at == at(until) and ticket.paused_since == ASKED
    assert timing.running(ticket) == {"info": at(until)}, "nothing else runs"
    shown = views.resident_view(ticket)
    assert shown["state_text"] == "等您补材料：老年证照片、家里人的电话。补来了接着办"
    back = must(ticket, "supplement", "resident", CAME, {"text": "老年证在这儿"})
    assert back.state is State.SUBMITTED and back.paused_since is None and back.need_items == []
    on = must(back, "accept", "clerk", CAME)
    assert on.due_at == at(due), on.due_reason
    assert "等您补材料" not in views.resident_view(on)["state_text"]


def test_of_anything_else_it_is_said_as_before() -> None:
    shown = views.resident_view(waiting("H6"))
    assert shown["state_text"] == "还差一点信息：老年证照片、家里人的电话"


@pytest.mark.parametrize(("appointment", "reminded"), [(LUNCH, []), (LATER, ["resident"])])
def test_who_has_a_day_to_answer_is_reminded_and_nobody_after_the_wait(
    appointment: dict[str, Any], reminded: list[str]
) -> None:
    ticket = waiting("C6" if "time" in appointment else "C1", appointment=appointment)
    assert [who for entry in ticket.planned for who in entry["tell"]] == reminded


def test_an_agreed_time_that_is_changed_is_not_moved_by_the_wait_before() -> None:
    ticket = must(waiting("C6", appointment=LATER), "supplement", "resident", CAME)
    ticket = must(ticket, "accept", "clerk", CAME)
    moved = {"appointment": {"date": "2026-12-11"}, "moves": "no"}
    assert must(ticket, "amend", "resident", CAME, moved).due_at == at("2026-12-11T09:00")


async def test_a_meal_nobody_completed_is_taken_on_as_it_is_at_the_cut_off(
    tickets: TicketService, clock: TestClock
) -> None:
    filed = await tickets.create(
        request("C1", "给我妈订明天中午的饭", appointment=LUNCH, missing=ITEMS["items"]), ME
    )
    number = filed["ticket_no"]
    assert filed["state"] == "NEED_INFO" and filed["state_text"].startswith("等您补材料：")
    (listed,) = await tickets.resident_list("conversation-1")
    assert listed["state_text"] == filed["state_text"], "on the list as on the page"
    clock.go(at("2026-11-24T17:31"))
    await tickets.act(number, "accept", {}, SYSTEM)
    view = await tickets.get(number, SYSTEM)
    assert view["state"] == "DISPATCHED" and view["due_at"] == at("2026-11-25T12:30").isoformat()


async def test_a_supplement_sends_a_certificate_on_by_itself(tickets: TicketService) -> None:
    filed = await tickets.create(
        request("A2", "开个居住证明", certificate=PAPER, missing=["租房合同"]), ME
    )
    assert filed["state_text"] == "等您补材料：租房合同。补来了接着办"
    after = await tickets.resident_act(
        filed["ticket_no"], "supplement", {"text": "合同发您了"}, "conversation-1"
    )
    assert after["state"] not in ("NEED_INFO", "SUBMITTED") and after["due_at"]
