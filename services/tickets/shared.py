"""What one who joined a neighbour's ticket has left there: words, name, photos."""

from __future__ import annotations

from services.db import Session
from services.tickets import store
from services.tickets.core.event import Event
from services.tickets.core.ticket import Ticket


async def steps(s: Session, ticket: Ticket) -> list[Event]:
    """Return the events on neighbours' tickets that hold something of who filed a ticket.

    Those are that it joined, and what was urged, added or rejected there afterwards. Tickets that it
    has parted from count, too. In a conversation in which the neighbour's ticket was filed as well,
    what was said afterwards is the neighbour's.
    """
    mine = {n for n in (ticket.conversation_id, ticket.resident_id, ticket.ticket_no) if n}
    joined = [e.data.get("merged_into") for e in await store.history(s, ticket.ticket_no)]
    found: list[Event] = []
    for number in dict.fromkeys(str(n) for n in joined if n):
        parent = await store.load(s, number)
        if parent is None:
            continue
        acts_as = mine - {parent.conversation_id, parent.resident_id}
        found += [
            e for e in await store.history(s, number)
            if (e.type == "joined" and e.data.get("from") == ticket.ticket_no)
            or (e.actor.kind == "resident" and e.actor.id in acts_as)
        ]  # fmt: skip
    return found
