"""Waiting for a place in a full slot: in, told when one is free, yes or no, the next.

A place that is given back is held for the first who waits in the same transaction
(``queue.hand_on``), so nobody takes it from under them; the yes files the booking with that place.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from services.bookings import queue, slots, waiting
from services.bookings.places import PARTS, WEEKDAYS, BookingPlaces
from services.bookings.slots import Slot
from services.bookings.tables import BookingWaiterRow
from services.channels.service import ChannelService, Conversation
from services.channels.texts import Texts
from services.clock import Clock
from services.config import Settings
from services.db import Database, Session
from services.people.service import PeopleService
from services.tickets.core.actor import resident
from services.tickets.core.clocks import local_text
from services.tickets.core.commands import CreateTicket
from services.tickets.service import TicketService
from services.words import piece, refusal

if TYPE_CHECKING:
    from services.context import Services

SLOT_PARTS = ("date", "part", "time", "venue", "course", "what")
BATCH = 50
GONE = refusal("place_gone", 409)
View = dict[str, Any]


class WaitingList:
    """Who waits for which slot; what a resident sees of it is the ``View``.

    ``{id, what, when, position, answer_by, ticket}``: ``position`` from 1, ``answer_by`` while a place
    is held, in words.
    """

    def __init__(
        self,
        settings: Settings,
        db: Database,
        clock: Clock,
        tickets: TicketService,
        channels: ChannelService,
        people: PeopleService,
    ) -> None:
        self._db = db
        self._clock = clock
        self._tickets = tickets
        self._channels = channels
        self._vault = people.vault
        self._places = BookingPlaces(settings)
        self._rules = waiting.rules(settings.data_dir)
        self._texts = Texts(settings.data_dir / "texts" / "waiting.yml")

    async def join(self, body: CreateTicket) -> View:
        """Put a booking into the queue of its slot; again it is the same place in the queue.

        Args:
            body: What would file the booking.

        Returns:
            The view; ``{"free": True}`` alone when there is a place after all: it is filed then.

        Raises:
            LindaError: 422 ``not_counted``: there is no queue for what has as many places as one likes.
        """
        now, wanted = self._clock.now(), body.appointment or {}
        leaf, conversation_id = str(body.leaf or ""), str(body.conversation_id)
        rules = self._places.rules(leaf)
        slot = slots.slot(leaf, rules, wanted) if rules else None
        if rules is None or slot is None:
            raise refusal("not_counted")
        starts = slots.starts(rules, wanted, now)
        async with self._db.write() as s:
            mine = select(BookingWaiterRow).where(
                BookingWaiterRow.conversation_id == conversation_id,
                BookingWaiterRow.slot == slot.key,
            )
            row = await s.scalar(mine)
            if row is None:
                if starts <= now or await self._is_free(s, leaf, wanted, now):
                    return {"free": True}
                row = BookingWaiterRow(
                    slot=slot.key,
                    conversation_id=conversation_id,
                    leaf=leaf,
                    appointment={k: wanted[k] for k in SLOT_PARTS if wanted.get(k)},
                    content_enc=self._vault.encrypt(body.model_dump_json()),
                    starts=starts,
                )
                s.add(row)
                await s.flush()
            return {**_view(row), "position": await queue.position(s, row)}

    async def of(self, conversation_ids: Collection[str]) -> list[View]:
        """Return what is waited for in these conversations, in the order it was asked for."""
        query = select(BookingWaiterRow).where(
            BookingWaiterRow.conversation_id.in_(conversation_ids)
        )
        async with self._db.read() as s:
            rows = (await s.scalars(query.order_by(BookingWaiterRow.id))).all()
            return [{**_view(row), "position": await queue.position(s, row)} for row in rows]

    async def accept(self, conversation: Conversation, waiter: int) -> View:
        """File the booking with the place that is held; the key makes it happen once.

        Raises:
            LindaError: 409 ``place_gone``: it was not answered in time, or not offered.
        """
        key = f"waiting:{waiter}:{conversation.id}"
        async with self._db.write() as s:
            row = await self._own(s, conversation, waiter)
            if row is None and (filed := await self._tickets.filed_with(s, key)):
                return filed
            if row is None or row.answer_by is None or row.answer_by <= self._clock.now():
                raise GONE
            body = CreateTicket.model_validate_json(self._vault.decrypt(row.content_enc))
            # Filing takes the place that is held (``BookingPlaces.move``).
            who = resident(str(body.conversation_id))
            return await self._tickets.create_in(s, body, who, key)

    async def leave(self, conversation: Conversation, waiter: int) -> None:
        """Take a resident out of the queue; what was held for them goes to the next. Twice is once."""
        async with self._db.write() as s:
            row = await self._own(s, conversation, waiter)
            if row is not None:
                await self._places.leave(s, row, self._clock.now())

    async def work(self) -> int:
        """End what is over, and hand on places that became free unseen; return how many changed.

        Two who act at the same moment may not see each other: one gives a place back while the other
        begins to wait. That is seen here.
        """
        now, done = self._clock.now(), 0
        over = (BookingWaiterRow.answer_by <= now) | (BookingWaiterRow.starts <= now)
        async with self._db.read() as s:
            found = (await s.scalars(select(BookingWaiterRow.id).where(over).limit(BATCH))).all()
        for waiter in found:
            async with self._db.write() as s:
                row = await s.get(BookingWaiterRow, waiter, with_for_update=True)
                if row is not None and (row.starts <= now or (row.answer_by or now) <= now):
                    await self._tell(s, row, "passed" if row.answer_by else "never")
                    await self._places.leave(s, row, now)
                    done += 1
        async with self._db.read() as s:
            wanted = await self._slots(s, now)
        for slot in wanted:
            async with self._db.write() as s:
                done += await queue.hand_on(s, slot, now, self._rules)
        return done

    async def tell(self, waiter: int) -> None:
        """Tell who is first that a place is held, where they wrote last; twice is once."""
        async with self._db.write() as s:
            row = await s.get(BookingWaiterRow, waiter, with_for_update=True)
            if row is not None and row.answer_by is not None and row.asked_seq is None:
                await self._tell(s, row, "free")

    async def _tell(self, s: Session, row: BookingWaiterRow, key: str) -> None:
        target = await self._channels.where_to_tell(s, row.conversation_id)
        said = self._texts.say(
            key,
            await self._channels.elder(s, target),
            id=row.id,
            what=_thing(row),
            until=local_text(row.answer_by) if row.answer_by else "",
        )
        told = await self._channels.say(
            s, target, said.text, key=f"waiting:{row.id}:{key}", buttons=said.buttons
        )
        if told is not None and key == "free":
            row.asked_in, row.asked_seq = target, told.seq

    async def _own(
        self, s: Session, conversation: Conversation, waiter: int
    ) -> BookingWaiterRow | None:
        row = await s.get(BookingWaiterRow, waiter, with_for_update=True)
        ids = (conversation.id, *conversation.siblings)
        return row if row is not None and row.conversation_id in ids else None

    async def _is_free(
        self, s: Session, leaf: str, wanted: Mapping[str, Any], now: datetime
    ) -> bool:
        return bool((await self._places.state(s, leaf, wanted, now))["free"])

    async def _slots(self, s: Session, now: datetime) -> list[Slot]:
        """Return the slots that somebody waits for, with the places that they have today."""
        query = select(BookingWaiterRow).where(queue.WAITS, BookingWaiterRow.starts > now)
        found = {row.slot: self._places.slot(row) for row in (await s.scalars(query)).all()}
        return [slot for slot in found.values() if slot is not None]


def _view(row: BookingWaiterRow) -> View:
    until = local_text(row.answer_by) if row.answer_by else None
    return {"id": str(row.id), "what": _thing(row), "answer_by": until, "free": False}


def _thing(row: BookingWaiterRow) -> str:
    """Return what is waited for in words: ``活动场地：会议室（11月28日（星期六）下午）``."""
    wanted = row.appointment
    what = str(wanted.get("what") or piece("booking.unnamed"))
    if wanted.get("course") or not wanted.get("date"):
        return what
    day = date.fromisoformat(str(wanted["date"])[:10])
    part = PARTS.get(slots.part_of(wanted), "")
    return f"{what}，{day.month}月{day.day}日星期{WEEKDAYS[day.weekday()]}{part}"


async def on_free(services: Services, payload: Mapping[str, Any]) -> None:
    """Tell who is first (topic ``booking.free``)."""
    await services.waiting.tell(int(payload["waiter"]))
