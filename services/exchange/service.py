"""ExchangeService: the two directions, and the two numbers of a ticket."""

from __future__ import annotations

from sqlalchemy import select

from services.clock import Clock
from services.config import Settings
from services.db import Database, Session
from services.exchange.exporting import Exporting
from services.exchange.importing import Importing
from services.exchange.mapping import load_mappings
from services.exchange.tables import OrderRow
from services.people.service import PeopleService
from services.places.service import PlaceService
from services.tickets.service import TicketService


class ExchangeService:
    """Exchange with higher platforms; one mapping file a platform."""

    def __init__(
        self, settings: Settings, db: Database, clock: Clock, people: PeopleService,
        places: PlaceService, tickets: TicketService,
    ) -> None:  # fmt: skip
        self.platforms = load_mappings(
            settings.data_dir / "exchange", tickets.leaves, tickets.codes.leaves
        )
        self.importing = Importing(db, clock, people.vault, places, tickets, self.platforms)
        self.exporting = Exporting(db, clock, people.vault, self.platforms, tickets.codes)
        self._db = db

    async def order(self, ticket_no: str) -> OrderRow | None:
        """Return the platform's number of a ticket; ``None`` when it was filed here."""
        async with self._db.read() as s:
            return await order_of(s, ticket_no)

    async def own_number(self, ref: str) -> str | None:
        """Return our number of an order, by the platform's."""
        async with self._db.read() as s:
            query = select(OrderRow.ticket_no).where(OrderRow.ref == ref.strip()).limit(1)
            return await s.scalar(query)


async def order_of(s: Session, ticket_no: str) -> OrderRow | None:
    """Return the platform's number of a ticket, in the caller's session."""
    return await s.scalar(select(OrderRow).where(OrderRow.ticket_no == ticket_no))
