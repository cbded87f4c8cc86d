"""What other tables hold of a ticket or of a conversation: it goes in the transaction that erases them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, delete, select, update

from services.audit.chain import GONE, without_content
from services.bookings.tables import BookingPlaceRow, StandingOrderRow
from services.channels.wechat.tables import WeChatInboundRow, WeChatUserRow
from services.db import Session
from services.exchange.tables import LineRow
from services.lists.tables import ListChangeRow, ListItemRow
from services.metrics.tables import TicketScoreRow
from services.open311.tables import RequestRow
from services.outbox.tables import OF_CONVERSATION, OutboxRow
from services.paper.tables import SheetRow
from services.tickets.tables import StaffReminderRow
from services.webhooks.tables import MessageRow


async def erase(s: Session, ticket_nos: Sequence[str]) -> None:
    """Erase what was copied from tickets, or typed about them, elsewhere.

    Lines of the three lists and issued sheets stay as records of what was done, without words.
    """
    emptied: tuple[tuple[Any, ColumnElement[bool], dict[str, Any]], ...] = (
        (SheetRow, SheetRow.ticket_no.in_(ticket_nos), {"fields_enc": ""}),
        (LineRow, LineRow.ticket_no.in_(ticket_nos), {"summary": "", "notes": [], "request_enc": None}),
        (RequestRow, RequestRow.ticket_no.in_(ticket_nos), {"waiting_enc": None}),
        (TicketScoreRow, TicketScoreRow.ticket_no.in_(ticket_nos), {"household": None}),
        (ListItemRow, ListItemRow.ticket_no.in_(ticket_nos), {"title": GONE, "detail": ""}),
    )  # fmt: skip
    items = select(ListItemRow.id).where(ListItemRow.ticket_no.in_(ticket_nos))
    for table, where, values in (
        *emptied, (ListChangeRow, ListChangeRow.item_id.in_(items), {"note": ""})
    ):  # fmt: skip
        await _run(s, update(table).where(where).values(values))
    for table, where in (
        (StaffReminderRow, StaffReminderRow.ticket_no.in_(ticket_nos)),
        (BookingPlaceRow, BookingPlaceRow.ticket_no.in_(ticket_nos)),
        # An order may go on for longer than its first meal is kept.
        (StandingOrderRow, StandingOrderRow.ticket_no.in_(ticket_nos)),
        # What is still to be delivered are facts of the work: they go when they were delivered.
        (MessageRow, MessageRow.ticket_no.in_(ticket_nos) & (MessageRow.state != "waiting")),
    ):
        await _run(s, delete(table).where(where))
    await erase_notices(s, ticket_nos)


async def erase_notices(s: Session, ticket_nos: Sequence[str]) -> None:
    """Erase what internal notices hold of tickets."""
    await _erase_notices(s, OutboxRow.payload["ticket_no"].as_string().in_(ticket_nos))


async def end_orders(s: Session, ticket_nos: Sequence[str]) -> None:
    """End the standing orders that began with some tickets, for who asked to have them erased."""
    await _run(s, delete(StandingOrderRow).where(StandingOrderRow.first_ticket.in_(ticket_nos)))


async def end_orders_of(s: Session, conversation_ids: Sequence[str]) -> None:
    """End the standing orders of conversations: no meal is filed any more for who asks to be erased."""
    mine = StandingOrderRow.conversation_id.in_(conversation_ids)
    await _run(s, delete(StandingOrderRow).where(mine))


async def erase_of_conversations(s: Session, conversation_ids: Sequence[str], ended: bool) -> None:
    """Erase what was kept of conversations in the outbox and in WeChat's inbound rows.

    Args:
        s: The transaction.
        conversation_ids: The conversations.
        ended: They are erased, too: what still waits for them is told to nobody any more.
    """
    users = select(WeChatUserRow.id).where(WeChatUserRow.conversation_id.in_(conversation_ids))
    taken = WeChatInboundRow.user_id.in_(users) & (WeChatInboundRow.state == "taken")
    # An answer that WeChat has not taken yet is still owed to the resident.
    answered = taken & WeChatInboundRow.handed_over.is_(True)
    for where, values in ((taken, {"content": {}, "meaning": None}), (answered, {"answer": ""})):
        await _run(s, update(WeChatInboundRow).where(where).values(values))
    await _erase_notices(s, OF_CONVERSATION.in_(conversation_ids), ended)


async def _erase_notices(s: Session, mine: ColumnElement[bool], ended: bool = True) -> None:
    """Delete internal notices that are done or dead; of those that wait only facts of the work stay."""
    await _run(s, delete(OutboxRow).where(mine, OutboxRow.state != "pending"))
    if not ended:
        return
    waiting = select(OutboxRow).where(OutboxRow.state == "pending", mine)
    for row in await s.scalars(waiting.with_for_update()):
        if "data" in row.payload:
            row.payload = {
                **row.payload, "data": without_content(row.payload["data"]), "conversation_id": None
            }  # fmt: skip
            row.last_error = None
        elif "conversation_id" in row.payload:
            await s.delete(row)
    await s.flush()


async def _run(s: Session, statement: Any) -> None:
    await s.execute(statement.execution_options(synchronize_session=False))
