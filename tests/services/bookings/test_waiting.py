"""Waiting for a place: held for the first, told, taken once, handed on; on SQLite and PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import func, select

from services.bookings import waiting
from services.bookings.tables import BookingPlaceRow, BookingWaiterRow
from services.channels import own_data
from services.clock import ZONE
from services.config import Settings
from services.context import Services, build
from services.db import Database
from services.errors import LindaError
from services.outbox.worker import run_batch
from services.tickets.core.actor import resident
from services.tickets.core.commands import CreateTicket
from tests.services.conftest import TestClock

MEETING = {"venue": "meeting", "date": "2026-11-28", "part": "pm", "what": "活动场地：会议室"}
RULES = waiting.Rules.model_validate({"answer_hours": 4, "day_from": "08:00", "day_until": "20:00"})


def body(session: str, appointment: dict[str, Any]) -> CreateTicket:
    """Return what files a booking."""
    return CreateTicket.model_validate({
        "conversation_id": session, "kind": "booking", "leaf": "K2", "narrative": "约会议室",
        "appointment": appointment, "contact": {"name": "张桂兰", "phone": "13812345678"},
    })  # fmt: skip


async def book(services: Services, appointment: dict[str, Any]) -> tuple[str, str]:
    """Book as a new resident; return conversation and number."""
    session = (await services.channels.open_session()).session_id
    ticket = await services.tickets.create(body(session, appointment), resident(session))
    return session, ticket["ticket_no"]


async def wait(services: Services, appointment: dict[str, Any] = MEETING) -> tuple[str, Any]:
    """Get into the queue as a new resident; return conversation and view."""
    session = (await services.channels.open_session()).session_id
    return session, await services.waiting.join(body(session, appointment))


async def cancel(services: Services, booked: tuple[str, str]) -> None:
    """Take a booking back."""
    await services.tickets.resident_act(booked[1], "withdraw", {"reason": "不用了"}, booked[0])


async def run_due(services: Services) -> None:
    """Do what the worker does, at the test's time."""
    while await run_batch(services) + await services.waiting.work():
        pass


async def told(services: Services, session: str) -> str:
    """Return what the resident was told last."""
    return (await services.channels.history(session)).messages[-1].text


async def answer(services: Services, session: str, view: Any, accept: bool) -> Any:
    """Say yes or no to the place that is held."""
    conversation = await services.channels.conversation(session)
    if accept:
        return await services.waiting.accept(conversation, int(view["id"]))
    return await services.waiting.leave(conversation, int(view["id"]))


async def places(services: Services) -> int:
    """Return how many places are taken or held."""
    async with services.db.read() as s:
        return int(await s.scalar(select(func.count()).select_from(BookingPlaceRow)) or 0)


async def test_the_first_is_told_and_takes_the_place_that_is_held(services: Services) -> None:
    booked = await book(services, MEETING)
    first, one = await wait(services)
    second, two = await wait(services)
    assert (one["position"], two["position"]) == (1, 2)
    await cancel(services, booked)
    with pytest.raises(LindaError) as refused:  # held: nobody takes it from under them
        await book(services, MEETING)
    assert refused.value.code == "booking_full"
    await run_due(services)
    assert "空出来" in await told(services, first) and "会议室" in await told(services, first)
    assert "11月24日14:0" in await told(services, first)
    assert "空出来" not in await told(services, second)
    ticket = await answer(services, first, one, accept=True)
    assert ticket["appointment"]["venue"] == "meeting"
    assert await answer(services, first, one, accept=True) == ticket
    assert await places(services) == 1
    assert await services.tickets.own_contact(ticket["ticket_no"], first) == (
        "张桂兰",
        "13812345678",
    )


async def test_a_no_hands_on_to_the_next(services: Services) -> None:
    booked = await book(services, MEETING)
    first, one = await wait(services)
    second, two = await wait(services)
    await cancel(services, booked)
    await run_due(services)
    await answer(services, first, one, accept=False)
    await run_due(services)
    assert "空出来" in await told(services, second)
    with pytest.raises(LindaError, match="下一位"):
        await answer(services, first, one, accept=True)
    await answer(services, second, two, accept=True)
    assert await services.waiting.of([first, second]) == []


async def test_without_an_answer_the_next_is_asked(services: Services, clock: TestClock) -> None:
    booked = await book(services, MEETING)
    first, one = await wait(services)
    second, _ = await wait(services)
    await cancel(services, booked)
    await run_due(services)
    clock.advance(hours=5)
    with pytest.raises(LindaError, match="下一位"):
        await answer(services, first, one, accept=True)
    await run_due(services)
    assert "没等到您回话" in await told(services, first)
    assert "空出来" in await told(services, second)


async def test_nobody_is_told_at_night(services: Services, clock: TestClock) -> None:
    booked = await book(services, MEETING)
    first, _ = await wait(services)
    clock.go(datetime(2026, 11, 24, 22, 0, tzinfo=ZONE))
    await cancel(services, booked)
    await run_due(services)
    assert "空出来" not in await told(services, first)
    clock.go(datetime(2026, 11, 25, 8, 0, 1, tzinfo=ZONE))
    await run_due(services)
    assert "11月25日12:00前" in await told(services, first)


async def test_who_waited_in_vain_is_told(services: Services, clock: TestClock) -> None:
    await book(services, MEETING)
    first, _ = await wait(services)
    clock.go(datetime(2026, 11, 28, 13, 0, 1, tzinfo=ZONE))
    await run_due(services)
    assert "没排上" in await told(services, first)
    assert await services.waiting.of([first]) == []


async def test_who_need_not_wait_does_not(services: Services) -> None:
    _, view = await wait(services)
    assert view == {"free": True}
    with pytest.raises(LindaError, match="不用排队"):
        await wait(services, {**MEETING, "venue": "reading"})


async def test_twice_in_the_queue_is_once(services: Services) -> None:
    await book(services, MEETING)
    session, view = await wait(services)
    assert await services.waiting.join(body(session, MEETING)) == view


async def test_of_many_at_the_same_moment_one_gets_it(
    services: Services,
    settings: Settings,
    clock: TestClock,
    other_connection: Callable[[], Database],
) -> None:
    booked = await book(services, MEETING)
    waiters = [await wait(services) for _ in range(3)]
    there = build(settings, other_connection(), clock)
    await asyncio.gather(
        cancel(services, booked),
        *(book(there, MEETING) for _ in range(3)),
        there.waiting.work(),
        services.waiting.work(),
        return_exceptions=True,
    )
    await run_due(services)
    made = await asyncio.gather(
        *(answer(s, *w, accept=True) for s in (services, there) for w in waiters),
        *(book(there, MEETING) for _ in range(2)),
        return_exceptions=True,
    )
    numbers = {m["ticket_no"] for m in made if isinstance(m, dict)}
    assert all(isinstance(m, dict | LindaError) for m in made), made
    assert await places(services) == 1 and len(numbers) <= 1
    async with services.db.read() as s:
        held = (await s.scalars(select(BookingPlaceRow.ticket_no))).all()
        left = (await s.scalars(select(BookingWaiterRow.id))).all()
    if numbers:
        assert set(held) == numbers and len(left) == 2
    await there.close()


async def test_a_place_freed_unseen_is_found_by_the_worker(services: Services) -> None:
    booked = await book(services, MEETING)
    first, _ = await wait(services)
    async with services.db.write() as s:  # as if the two had not seen each other
        row = await s.scalar(select(BookingPlaceRow).where(BookingPlaceRow.ticket_no == booked[1]))
        await s.delete(row)
    await run_due(services)
    assert "空出来" in await told(services, first)


async def by_the_eraser(services: Services, session: str) -> None:
    async with services.db.write() as s:
        await services.channels.eraser.erase(s, session, services.clock.now())


async def by_a_word_in_the_chat(services: Services, session: str) -> None:
    conversation = await services.channels.conversation(session)
    assert (await own_data.show(services, conversation))["waiting"] == [
        "活动场地：会议室，11月28日星期六下午"
    ]
    gone = await own_data.change(services, conversation, "delete")
    assert gone["waiting"] == []


@pytest.mark.parametrize("erase", [by_the_eraser, by_a_word_in_the_chat])
async def test_who_is_erased_waits_for_nothing_and_the_next_is_asked(
    services: Services, erase: Callable[[Services, str], Awaitable[None]]
) -> None:
    booked = await book(services, MEETING)
    first, _ = await wait(services)
    second, _ = await wait(services)
    await cancel(services, booked)
    await erase(services, first)
    with pytest.raises(LindaError) as refused:  # at once, as when somebody leaves the queue
        await book(services, MEETING)
    assert refused.value.code == "booking_full"
    await run_due(services)
    assert "空出来" not in await told(services, first)
    assert "空出来" in await told(services, second)


async def test_what_was_said_of_the_person_is_encrypted(services: Services) -> None:
    await book(services, MEETING)
    await wait(services)
    async with services.db.read() as s:
        row = await s.scalar(select(BookingWaiterRow))
    assert row is not None and "13812345678" not in f"{row.content_enc}{row.appointment}"


async def test_the_dialogue_knows_of_the_question(services: Services, clock: TestClock) -> None:
    booked = await book(services, MEETING)
    first, one = await wait(services)
    await cancel(services, booked)
    await run_due(services)
    there = await asked_about(services, first)
    assert there == {"id": one["id"], "fresh": True}
    clock.advance(hours=5)
    assert await asked_about(services, first) is None


async def asked_about(services: Services, session: str) -> Any:
    """Return the place that is offered, as the dialogue hears of it."""
    from services.channels import store

    async with services.db.read() as s:
        row = await store.conversation(s, session)
        return (await services.channels._metadata(s, row))["place"]


@pytest.mark.parametrize(
    ("free_at", "told", "until"),
    [
        ("24T10:00", "24T10:00", "24T14:00"),
        ("24T07:00", "24T08:00", "24T12:00"),
        ("24T18:00", "24T18:00", "25T10:00"),
        ("24T20:00", "25T08:00", "25T12:00"),
        ("24T23:30", "25T08:00", "25T12:00"),
        ("28T12:00", "28T12:00", "28T13:00"),
    ],
)
def test_when_one_is_told_and_how_long_it_is_held(free_at: str, told: str, until: str) -> None:
    def at(text: str) -> datetime:
        return datetime.fromisoformat(f"2026-11-{text}").replace(tzinfo=ZONE)

    assert waiting.tell_at(at(free_at), RULES) == at(told)
    assert waiting.answer_by(at(told), at("28T13:00"), RULES) == at(until)


async def test_who_books_anew_while_a_place_is_held_gets_it(services: Services) -> None:
    booked = await book(services, MEETING)
    first, _ = await wait(services)
    await cancel(services, booked)
    await services.tickets.create(body(first, MEETING), resident(first))
    assert await services.waiting.of([first]) == [] and await places(services) == 1
