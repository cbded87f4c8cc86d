"""A ticket written anew from what an erasure left of its events."""

from __future__ import annotations

from typing import Any

from sqlalchemy import update

from services.db import Session
from services.retention import copies
from services.tickets import store
from services.tickets.core import fold
from services.tickets.tables import TicketRow


async def refold(s: Session, ticket_no: str, **emptied: Any) -> None:
    """Fold a ticket's row and its words for search anew, and empty its internal notices.

    Args:
        s: The transaction in which something of the ticket's events was erased.
        ticket_no: The ticket.
        emptied: Columns of its row that are none of the fold's and go as well.
    """
    await s.flush()
    ticket = fold.fold(await store.history(s, ticket_no))
    values = store.ticket_values(ticket) | emptied
    await s.execute(update(TicketRow).where(TicketRow.ticket_no == ticket_no).values(values))
    await store.save_words(s, ticket)
    await copies.erase_notices(s, [ticket_no])
