"""Places of bookings: a row for each place that is taken, in the transaction that files the ticket."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from services.bookings import queue, slots, waiting
from services.bookings.tables import BookingPlaceRow, BookingWaiterRow
from services.catalogue.files import read
from services.catalogue.model import Bookable, ServiceFile
from services.config import Settings
from services.db import Session
from services.errors import LindaError
from services.words import piece

PARTS = {"am": "上午", "noon": "中午", "pm": "下午", "eve": "傍晚", "night": "晚上"}
WEEKDAYS = "一二三四五六日"
Booking = Mapping[str, Any]


class BookingPlaces:
    """Who has which place; two who take the last one at the same moment: one gets it."""

    def __init__(self, settings: Settings) -> None:
        self._rules = read(settings.locality_dir / "services.yml", ServiceFile).services
        self._waiting = waiting.rules(settings.data_dir)

    def rules(self, leaf: str) -> Bookable | None:
        """Return the locality's rules for what can be booked; None for what is not."""
        return self._rules.get(leaf)

    async def move(
        self,
        s: Session,
        number: str,
        leaf: str | None,
        old: Booking,
        new: Booking,
        now: datetime,
        conversation_id: str | None = None,
    ) -> None:
        """Give back the place of the old appointment and take one of the new, in the caller's transaction.

        The place given back is held for the first who waits for it.

        Args:
            number: The ticket that holds the place.
            old: The appointment until now; empty: none.
            new: The appointment from now on; empty: none.
            conversation_id: Whose it is: a place that is held for them is theirs.

        Raises:
            LindaError: 409 ``booking_full`` with the nearest free slots in words.
        """
        rules = self._rules.get(leaf or "")
        if rules is None or leaf is None:
            return
        before, after = slots.slot(leaf, rules, old), slots.slot(leaf, rules, new)
        if before == after:
            return
        await queue.give_back(s, number)
        if after is not None and not (
            await queue.use_held(s, after, conversation_id, number, now)
            or await queue.take(s, after, number)
        ):
            raise LindaError("booking_full", _full(rules, await self._near(s, leaf, new, now)), 409)
        if before is not None:
            await queue.hand_on(s, before, now, self._waiting)

    async def leave(self, s: Session, waiter: BookingWaiterRow, now: datetime) -> None:
        """Take somebody out of the queue; what was held for them is held for the next."""
        await self._leave(s, [waiter], now)

    async def forget(self, s: Session, conversation_ids: Sequence[str], now: datetime) -> None:
        """Take everybody of these conversations out of every queue: they are erased."""
        query = select(BookingWaiterRow).where(
            BookingWaiterRow.conversation_id.in_(conversation_ids)
        )
        rows = await s.scalars(query.order_by(BookingWaiterRow.id).with_for_update())
        await self._leave(s, rows.all(), now)

    async def _leave(self, s: Session, waiters: Sequence[BookingWaiterRow], now: datetime) -> None:
        left = {w.slot: self.slot(w) for w in waiters}
        for waiter in waiters:
            await queue.remove(s, waiter)
        for slot in left.values():
            while slot is not None and await queue.hand_on(s, slot, now, self._waiting):
                pass

    def slot(self, waiter: BookingWaiterRow) -> slots.Slot | None:
        """Return what somebody waits for, with the places that it has today; None: it is not counted."""
        rules = self._rules.get(waiter.leaf)
        return slots.slot(waiter.leaf, rules, waiter.appointment) if rules else None

    async def _near(
        self, s: Session, leaf: str, wanted: Booking, now: datetime
    ) -> list[slots.Offer]:
        return slots.nearest(leaf, self._rules[leaf], wanted, await _taken(s, leaf), now)

    async def state(
        self, s: Session, leaf: str, appointment: Booking, now: datetime
    ) -> dict[str, Any]:
        """Return ``{"free": n | None, "nearest": […], "elsewhere": […]}`` of what is wanted.

        ``free`` is None when places are not counted or day and part are not known yet; when it is 0,
        ``nearest`` are other times (``slots.nearest``), ``elsewhere`` ids of other venues at that time.
        """
        rules = self._rules.get(leaf)
        found = slots.slot(leaf, rules, appointment) if rules else None
        if rules is None or found is None:
            return {"free": None, "nearest": [], "elsewhere": []}
        taken = await _taken(s, leaf)
        left = slots.free(found, taken)
        if left != 0:
            return {"free": left, "nearest": [], "elsewhere": []}
        near = slots.nearest(leaf, rules, appointment, taken, now)
        other = slots.elsewhere(leaf, rules, appointment, taken, now)
        return {"free": left, "nearest": near, "elsewhere": other}


async def _taken(s: Session, leaf: str) -> dict[str, int]:
    counted = (
        select(BookingPlaceRow.slot, func.count())
        .where(BookingPlaceRow.slot.startswith(f"{leaf}|", autoescape=True))
        .group_by(BookingPlaceRow.slot)
    )
    rows = (await s.execute(counted)).all()
    return {str(row[0]): int(row[1]) for row in rows}


def _full(rules: Bookable, offers: list[slots.Offer]) -> str:
    """Return in words that it is full and what is still free."""
    words = "\n".join(_offer(rules, o) for o in offers)
    if words:
        return piece("booking.full_offers", offers=words)
    return piece("booking.full", provider=rules.provider)


def _offer(rules: Bookable, offer: slots.Offer) -> str:
    if "course" in offer:
        return next(c.name for c in rules.courses if c.id == offer["course"])
    day = datetime.fromisoformat(offer["date"])
    named = f"{day.month}月{day.day}日"
    return piece("date_far", date=named, weekday=WEEKDAYS[day.weekday()]) + PARTS[offer["part"]]
