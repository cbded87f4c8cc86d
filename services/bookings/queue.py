"""The queue of a full slot in the database: who is first has the free place held for them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite

from services.bookings.slots import Slot
from services.bookings.tables import BookingPlaceRow, BookingWaiterRow
from services.bookings.waiting import Rules, answer_by, tell_at
from services.db import Session
from services.outbox.queue import enqueue

FREE = "booking.free"
"""Topic: tell whoever is first that a place is held for them."""
WAITS = BookingWaiterRow.answer_by.is_(None)


def held_by(waiter: BookingWaiterRow) -> str:
    """Return the name under which a place is held for somebody who waits."""
    return f"W-{waiter.id}"


async def take(s: Session, slot: Slot, holder: str) -> bool:
    """Take the first place that is free: whoever comes second to one waits for the first to commit.

    Args:
        holder: The ticket, or who it is held for (:func:`held_by`).
    """
    insert = postgresql.insert if s.get_bind().dialect.name == "postgresql" else sqlite.insert
    for place in range(slot.places):
        took = (
            insert(BookingPlaceRow)
            .values(slot=slot.key, place=place, ticket_no=holder)
            .on_conflict_do_nothing(index_elements=["slot", "place"])
            .returning(BookingPlaceRow.place)
        )
        if (await s.execute(took)).scalar_one_or_none() is not None:
            return True
    return False


async def give_back(s: Session, holder: str) -> None:
    """Give back the place of a ticket, or one that is held; nothing when there is none."""
    await s.execute(delete(BookingPlaceRow).where(BookingPlaceRow.ticket_no == holder))


async def hand_on(s: Session, slot: Slot, now: datetime, rules: Rules) -> bool:
    """Hold a free place of a slot for the first who waits, and have them told.

    Returns:
        False: nobody waits, or no place is free.
    """
    waiting = (
        select(BookingWaiterRow)
        .where(BookingWaiterRow.slot == slot.key, WAITS, BookingWaiterRow.starts > now)
        .order_by(BookingWaiterRow.id)
        .limit(1)
        # Another transaction that hands on holds the first one: the next is not passed over it,
        # because that one then finds no place free.
        .with_for_update(skip_locked=True)
    )
    first = await s.scalar(waiting)
    if first is None or not await take(s, slot, held_by(first)):
        return False
    told = tell_at(now, rules)
    first.answer_by = answer_by(told, first.starts, rules)
    key = f"booking-free:{first.id}:{first.answer_by.isoformat()}"
    await enqueue(s, FREE, {"waiter": first.id}, key, now, not_before=told)
    return True


async def use_held(
    s: Session, slot: Slot, conversation_id: str | None, number: str, now: datetime
) -> bool:
    """Give a ticket the place that is held for its resident, who then waits no more; False: none is.

    The row is passed over while another transaction ends it: that place is lost then.
    """
    mine = (
        select(BookingWaiterRow)
        .where(
            BookingWaiterRow.conversation_id == conversation_id,
            BookingWaiterRow.slot == slot.key,
            BookingWaiterRow.answer_by > now,
        )
        .with_for_update(skip_locked=True)
    )
    row = await s.scalar(mine) if conversation_id else None
    if row is None:
        return False
    held = BookingPlaceRow.ticket_no == held_by(row)
    await s.execute(update(BookingPlaceRow).where(held).values(ticket_no=number))
    await s.delete(row)
    await s.flush()
    return True


async def remove(s: Session, waiter: BookingWaiterRow) -> None:
    """Take somebody out of the queue, and give back what is held for them."""
    await give_back(s, held_by(waiter))
    await s.delete(waiter)
    await s.flush()


async def position(s: Session, waiter: BookingWaiterRow) -> int:
    """Return which in the queue somebody is, from 1; who is being asked counts."""
    before = select(func.count()).where(
        BookingWaiterRow.slot == waiter.slot, BookingWaiterRow.id <= waiter.id
    )
    return int(await s.scalar(before) or 1)


async def asked(
    s: Session, conversation_id: str, last_seq: int | None, now: datetime
) -> dict[str, Any] | None:
    """Return ``{id, fresh}`` of the place that is offered in a conversation; None: none is.

    Args:
        last_seq: Number of the last message to the resident; ``fresh``: it is the question.
    """
    row = await s.scalar(
        select(BookingWaiterRow)
        .where(BookingWaiterRow.asked_in == conversation_id, BookingWaiterRow.answer_by > now)
        .order_by(BookingWaiterRow.asked_seq.desc())
        .limit(1)
    )
    if row is None:
        return None
    return {"id": str(row.id), "fresh": last_seq is not None and last_seq == row.asked_seq}
