"""Steps that the tests of retention and of people's rights share."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from services.context import Services
from services.tickets.core.actor import Actor, resident
from services.tickets.core.ticket import Ticket
from services.tickets.tables import TicketContactRow, TicketEventRow, TicketRow
from tests.services.tickets.conftest import request

AUDITOR = Actor("staff", "auditor1", "auditor", "street")
PHONE, NAME = "13812345678", "张桂兰"
WORDS = "我叫张桂兰，楼道灯坏了好几天了，电话13812345678"


async def withdrawn(services: Services, conversation: str = "conversation-1", **more: Any) -> str:
    """File a ticket and take it back: it has ended; return its number."""
    number = await filed(services, conversation, **more)
    await services.tickets.resident_act(number, "withdraw", {"reason": "修好了"}, conversation)
    return number


async def filed(services: Services, conversation: str = "conversation-1", **more: Any) -> str:
    """File a ticket; return its number."""
    who = resident(conversation)
    view = await services.tickets.create(
        request(narrative=WORDS, conversation_id=conversation, **more), who
    )
    return str(view["ticket_no"])


async def stored(services: Services, number: str) -> tuple[Ticket, str, bool]:
    """Return the ticket, everything stored of it as one text, and whether contact data is there."""
    async with services.db.read() as s:
        row = await s.get(TicketRow, number)
        assert row is not None
        events = await s.scalars(select(TicketEventRow).where(TicketEventRow.ticket_no == number))
        text = f"{row.title} {row.narrative} {row.doc} {row.conversation_id} {row.resident_id}"
        text += " ".join(f"{e.data} {e.actor}" for e in events)
        contact = await s.get(TicketContactRow, number)
    return Ticket.from_doc(row.doc), text, contact is not None


async def sealed(services: Services) -> None:
    """Seal all that waits."""
    while await services.audit.seal():
        pass
