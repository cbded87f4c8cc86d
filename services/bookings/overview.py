"""Standing orders as staff see them: those whose newest ticket is in their scope."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from services.bookings.tables import StandingOrderRow
from services.db import Database
from services.errors import LindaError
from services.tickets.core.actor import Actor
from services.tickets.service import TicketService

MOST = 200


async def orders(db: Database, tickets: TicketService, actor: Actor) -> list[dict[str, Any]]:
    """Return the orders that go on or are paused, the next due first (at most :data:`MOST`)."""
    query = (
        select(StandingOrderRow)
        .where(StandingOrderRow.check_at.is_not(None) | StandingOrderRow.paused_at.is_not(None))
        .order_by(StandingOrderRow.check_at, StandingOrderRow.first_ticket)
        .limit(MOST)
    )
    async with db.read() as s:
        rows = list(await s.scalars(query))
    found = []
    for row in rows:
        try:
            view = await tickets.get(row.ticket_no, actor)
        except LindaError as error:
            if error.status != 403:
                raise
            continue
        found.append(
            {
                "first_ticket": row.first_ticket, "ticket_no": row.ticket_no,
                "state": view["state"], "appointment": view.get("appointment"),
                "paused_at": row.paused_at, "check_at": row.check_at,
            }
        )  # fmt: skip
    return found
