"""Standing orders: the worker files the next meal as soon as the present one can no longer change."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import or_, select

from services.bookings.standing import Next, is_standing, next_meal
from services.bookings.tables import StandingOrderRow
from services.catalogue.service import CatalogueService
from services.channels.service import ChannelService
from services.channels.texts import Texts
from services.clock import Clock
from services.config import Settings
from services.db import Database, Session
from services.errors import LindaError
from services.tickets.service import TicketService
from services.words import piece, refusal

if TYPE_CHECKING:
    from services.context import Services

FOLLOWED = frozenset({"submitted", "amended", "withdrawn", "terminated", "not_accepted"})
"""Events after which the next meal may be due at another time, or never."""
OVER = frozenset({"WITHDRAWN", "TERMINATED", "NOT_ACCEPTED"})
"""States of the newest ticket that end the order."""
BATCH = 20
PAUSED = "先停送，等居民说接着送"
NOT_STANDING = refusal("not_standing", 404)
WEEKDAYS = "一二三四五六日"


class StandingOrders:
    """Standing orders of one locality's canteen."""

    def __init__(
        self,
        settings: Settings,
        db: Database,
        clock: Clock,
        catalogue: CatalogueService,
        tickets: TicketService,
        channels: ChannelService,
    ) -> None:
        self._db = db
        self._clock = clock
        self._catalogue = catalogue
        self._tickets = tickets
        self._channels = channels
        self._texts = Texts(settings.data_dir / "texts" / "standing.yml")

    async def follow(self, ticket_no: str, conversation_id: str) -> None:
        """Take in that an order was made or changed; twice is once.

        The first ticket of a habit makes a standing order; what is no habit is left alone.
        """
        ticket = await self._tickets.resident_get(ticket_no, conversation_id)
        async with self._db.write() as s:
            row = await s.scalar(
                select(StandingOrderRow)
                .where(
                    or_(
                        StandingOrderRow.first_ticket == ticket_no,
                        StandingOrderRow.ticket_no == ticket_no,
                    )
                )
                .with_for_update()
            )
            if row is None and is_standing(ticket["appointment"]):
                row = StandingOrderRow(
                    first_ticket=ticket_no, ticket_no=ticket_no, conversation_id=conversation_id
                )
                s.add(row)
            if row is not None and row.ticket_no == ticket_no:
                row.check_at = self._clock.now()

    async def pause(self, ticket_no: str, conversation_ids: Collection[str]) -> dict[str, Any]:
        """Stop an order until the resident says that they are back; twice is once.

        The newest meal is taken back, unless it is being cooked already.

        Returns:
            ``{"cooking": date | None}``: the day of a meal that still comes.

        Raises:
            LindaError: 404 ``not_standing``.
        """
        _, filed_in, _ = await self._tickets.origin(ticket_no)
        async with self._db.write() as s:
            row = await self._row(s, ticket_no, conversation_ids, filed_in)
            ticket = await self._tickets.resident_get_in(s, row.ticket_no)
            if ticket["state"] in OVER and row.paused_at is None:
                raise NOT_STANDING
            row.paused_at, row.check_at = row.paused_at or self._clock.now(), None
            if ticket["state"] in OVER:
                return {"cooking": None}
            try:
                self._catalogue.check_meal_withdrawal(ticket["appointment"])
            except LindaError:
                return {"cooking": ticket["appointment"]["date"]}
            if ticket["appointment"]["date"] >= self._clock.now().date().isoformat():
                await self._tickets.take_back(s, row.ticket_no, PAUSED)
            return {"cooking": None}

    async def resume(
        self, ticket_no: str, conversation_ids: Collection[str], first: date | None = None
    ) -> dict[str, Any]:
        """File the next meal of a paused order; an order that goes on is left alone.

        Args:
            first: The day from which on it goes on; at once when omitted.

        Returns:
            ``{"ticket": resident view}`` of the newest meal.

        Raises:
            LindaError: 404 ``not_standing``; 409 ``standing_over``: its last day is over.
        """
        now = self._clock.now()
        _, filed_in, _ = await self._tickets.origin(ticket_no)
        async with self._db.write() as s:
            row = await self._row(s, ticket_no, conversation_ids, filed_in)
            last = await self._tickets.resident_get_in(s, row.ticket_no)
            if row.paused_at is None:
                return {"ticket": last}
            order = last["appointment"]
            eaten = "" if last["state"] in OVER else str(order["date"])
            before = max((first or now.date()) - timedelta(days=1), now.date() - timedelta(days=1))
            order = {**order, "date": max(before.isoformat(), eaten)}
            after = self._next(order, now)
            if after.day is None:
                raise refusal("standing_over", 409)
            since = row.paused_at.isoformat()
            row.paused_at = None
            key = f"standing:{row.first_ticket}:{after.day.isoformat()}:{since}"
            return {"ticket": await self._file(s, row, order, after.day, key)}

    async def paused(self, conversation_ids: Collection[str]) -> list[dict[str, Any]]:
        """Return the newest tickets (resident views) of the orders that are paused."""
        query = select(StandingOrderRow).where(
            StandingOrderRow.conversation_id.in_(conversation_ids),
            StandingOrderRow.paused_at.is_not(None),
        )
        async with self._db.read() as s:
            rows = (await s.scalars(query.order_by(StandingOrderRow.first_ticket))).all()
            return [await self._tickets.resident_get_in(s, row.ticket_no) for row in rows]

    async def _row(
        self, s: Session, ticket_no: str, conversation_ids: Collection[str], filed_in: str | None
    ) -> StandingOrderRow:
        """Return the order that a ticket is a meal of, if it is the resident's own.

        One that was made a moment ago is not followed yet: it is taken in here.
        """
        order = (await self._tickets.resident_get_in(s, ticket_no))["appointment"] or {}
        first = str(order.get("series") or ticket_no)
        row = await s.get(StandingOrderRow, first, with_for_update=True)
        if row is None and first == ticket_no and is_standing(order):
            row = StandingOrderRow(
                first_ticket=first, ticket_no=first, conversation_id=filed_in or ""
            )
            s.add(row)
        if row is None or row.conversation_id not in conversation_ids:
            raise NOT_STANDING
        return row

    async def work(self) -> int:
        """File what is due; return how many orders were looked at.

        An order is looked at when the cut-off of its newest meal has passed. The next ticket and the
        order's row change in one transaction that holds the row: a day is filed once, however many
        workers there are and wherever one dies.
        """
        now = self._clock.now()
        await self._tickets.refresh_calendar()
        due = (
            select(StandingOrderRow)
            .where(StandingOrderRow.check_at < now)
            .order_by(StandingOrderRow.check_at)
            .limit(BATCH)
        )
        async with self._db.read() as s:
            found = [row.first_ticket for row in (await s.scalars(due)).all()]
        for first in found:
            async with self._db.write() as s:
                row = await s.get(StandingOrderRow, first, with_for_update=True)
                if row is not None and row.check_at is not None and row.check_at < now:
                    await self._go_on(s, row, now)
        return len(found)

    async def _go_on(self, s: Session, row: StandingOrderRow, now: datetime) -> None:
        ticket = await self._tickets.resident_get_in(s, row.ticket_no)
        order = ticket["appointment"] or {}
        if row.paused_at or ticket["state"] in OVER or not is_standing(order):
            row.check_at = None
            return
        meal = str(order["meal"])
        cutoff = self._catalogue.meal_cutoff(date.fromisoformat(order["date"]), meal, now)
        if cutoff is not None and now <= cutoff:
            row.check_at = cutoff
            return
        after = self._next(order, now)
        if after.day is None:
            row.check_at = None
        else:
            key = f"standing:{row.first_ticket}:{after.day.isoformat()}"
            await self._file(s, row, order, after.day, key)
        await self._tell(s, row, order, after)

    def _next(self, order: Mapping[str, Any], now: datetime) -> Next:
        meal = str(order["meal"])
        return next_meal(
            order,
            closed=lambda day: self._catalogue.meal_closed(day, meal),
            late=lambda day: (self._catalogue.meal_cutoff(day, meal, now) or now) < now,
        )

    async def _file(
        self, s: Session, row: StandingOrderRow, order: Mapping[str, Any], day: date, key: str
    ) -> dict[str, Any]:
        """File the meal of a day; it is the newest of the order from now on."""
        again = {**order, "date": day.isoformat(), "series": row.first_ticket}
        filed = await self._tickets.order_again(s, row.ticket_no, again, key)
        row.ticket_no = filed["ticket_no"]
        row.check_at = self._catalogue.meal_cutoff(day, str(order["meal"]), self._clock.now())
        return filed

    async def _tell(
        self, s: Session, row: StandingOrderRow, order: Mapping[str, Any], after: Next
    ) -> None:
        """Tell ahead which days fall out, and that the order has ended; what goes on is not told."""
        target = await self._channels.where_to_tell(s, row.conversation_id)
        elder = await self._channels.elder(s, target)
        facts = {
            "meal": self._catalogue.meal_name(str(order["meal"])),
            "next": _day(after.day) if after.day else "",
        }
        told: list[tuple[str, dict[str, str]]] = []
        if after.closed:
            why = self._catalogue.meal_closed(after.closed[0], str(order["meal"])) or ""
            told.append(("closed", {"days": _days(after.closed), "why": why}))
        if after.missed:
            told.append(("missed", {"days": _days(after.missed), **self._catalogue.kitchen()}))
        if after.day is None:
            told.append(("ended", {}))
        elif told:
            told.append(("goes_on", {}))
        words = [self._texts.say(key, elder, **facts, **more).text for key, more in told]
        if words:
            key = f"standing:{row.first_ticket}:{order['date']}"
            await self._channels.say(s, target, "".join(words), key=key)


async def on_changed(services: Services, payload: Mapping[str, Any]) -> None:
    """Follow what happens to orders (topic ``ticket.changed``)."""
    conversation_id = payload.get("conversation_id")
    if conversation_id and payload["event"] in FOLLOWED:
        await services.standing.follow(str(payload["ticket_no"]), str(conversation_id))


def _day(day: date) -> str:
    named = f"{day.month}月{day.day}日"
    return piece("date_far", date=named, weekday=WEEKDAYS[day.weekday()])


def _days(days: tuple[date, ...]) -> str:
    """Return the days in words: each of up to three, else the first and the last."""
    if len(days) > 3:
        return f"{_day(days[0])}到{_day(days[-1])}的{len(days)}顿"
    return "、".join(_day(d) for d in days)
