"""A place is taken once, given back, and what is free is told; on SQLite and PostgreSQL."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from services.context import Services
from services.errors import LindaError
from services.tickets.core.actor import resident
from services.tickets.core.commands import CreateTicket

MEETING = {"venue": "meeting", "date": "2026-11-28", "part": "pm"}
Appointment = dict[str, Any]


async def book(services: Services, appointment: Appointment) -> tuple[str, dict[str, Any]]:
    """Book as a new resident; return the conversation and the ticket."""
    session = (await services.channels.open_session()).session_id
    body = CreateTicket.model_validate({
        "conversation_id": session, "kind": "booking", "leaf": "K2", "narrative": "约会议室",
        "appointment": appointment,
    })  # fmt: skip
    return session, await services.tickets.create(body, resident(session))


async def act(services: Services, session: str, no: str, action: str, **payload: Any) -> None:
    """Do what the resident asks of an own booking."""
    await services.tickets.resident_act(no, action, payload, session)


async def test_of_two_at_the_same_moment_one_gets_the_last_place(services: Services) -> None:
    made = await asyncio.gather(
        *(book(services, MEETING) for _ in range(4)), return_exceptions=True
    )
    refused = [m for m in made if isinstance(m, LindaError)]
    assert [r.code for r in refused] == ["booking_full"] * 3
    assert len([m for m in made if isinstance(m, tuple)]) == 1
    assert "11月28日（星期六）上午" in refused[0].message


async def test_a_refused_booking_leaves_nothing_behind(services: Services) -> None:
    await book(services, MEETING)
    session = (await services.channels.open_session()).session_id
    body = CreateTicket.model_validate({
        "conversation_id": session, "kind": "booking", "leaf": "K2", "narrative": "约会议室",
        "appointment": MEETING,
    })  # fmt: skip
    with pytest.raises(LindaError):
        await services.tickets.create(body, resident(session))
    assert await services.tickets.resident_list(session) == []


async def test_a_clock_time_takes_a_place_of_its_part_of_the_day(services: Services) -> None:
    await book(services, {"venue": "meeting", "date": "2026-11-28", "time": "14:00"})
    assert (await services.tickets.places_left("K2", MEETING))["free"] == 0


async def test_a_full_slot_names_at_most_three_others_the_nearest_first(services: Services) -> None:
    await book(services, MEETING)
    await book(services, {**MEETING, "part": "am"})
    left = await services.tickets.places_left("K2", MEETING)
    assert left["nearest"] == [
        {"date": "2026-11-28", "part": "eve"},
        {"date": "2026-11-29", "part": "pm"},
        {"date": "2026-11-29", "part": "am"},
    ]


async def test_what_has_no_number_is_not_counted(services: Services) -> None:
    reading = {**MEETING, "venue": "reading"}
    for _ in range(3):
        await book(services, reading)
    left = await services.tickets.places_left("K2", reading)
    assert left == {"free": None, "nearest": [], "elsewhere": []}


async def test_a_full_room_names_the_other_venues_that_are_free_then(services: Services) -> None:
    await book(services, MEETING)
    await book(services, {**MEETING, "venue": "dance"})
    left = await services.tickets.places_left("K2", MEETING)
    assert "dance" not in left["elsewhere"] and {"table_tennis", "reading"} <= set(
        left["elsewhere"]
    )


async def test_a_withdrawn_booking_gives_its_place_back(services: Services) -> None:
    session, ticket = await book(services, MEETING)
    await act(services, session, ticket["ticket_no"], "withdraw", reason="不用了")
    assert (await services.tickets.places_left("K2", MEETING))["free"] == 1
    await book(services, MEETING)


async def test_a_changed_booking_moves_to_the_other_slot(services: Services) -> None:
    session, ticket = await book(services, MEETING)
    moved = {"date": "2026-11-29"}
    await act(services, session, ticket["ticket_no"], "amend", appointment=moved)
    assert (await services.tickets.places_left("K2", MEETING))["free"] == 1
    assert (await services.tickets.places_left("K2", {**MEETING, **moved}))["free"] == 0


async def test_a_change_to_a_full_slot_keeps_the_old_place(services: Services) -> None:
    await book(services, {**MEETING, "part": "am"})
    session, ticket = await book(services, MEETING)
    with pytest.raises(LindaError) as refused:
        await act(services, session, ticket["ticket_no"], "amend", appointment={"part": "am"})
    assert refused.value.code == "booking_full"
    assert (await services.tickets.places_left("K2", MEETING))["free"] == 0


async def test_a_course_takes_as_many_as_it_has_seats(services: Services) -> None:
    assert (await services.tickets.places_left("K2", {"course": "erhu"}))["free"] == 15
    for _ in range(15):
        await book(services, {"course": "erhu"})
    with pytest.raises(LindaError, match="书法班\n声乐班"):
        await book(services, {"course": "erhu"})


async def test_a_day_that_is_none_is_not_counted(services: Services) -> None:
    strange = {**MEETING, "date": "下周"}
    assert (await services.tickets.places_left("K2", strange))["free"] is None
