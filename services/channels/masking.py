"""What was said of violence at home is not shown again: whoever looks over somebody's shoulder reads nothing.

The words stay in the database, for the person who helps and for the ticket; only the resident's own
window no longer shows them once the talk about it is over, and changes are told in this conversation
alone, never in a second channel that is joined with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import select

from services.channels.tables import MessageRow
from services.channels.types import MessageView
from services.db import Session

LEAF = "J3"
"""家里有人打人, whose safety card says that the words can be deleted."""
PAUSE = timedelta(minutes=30)
"""After so long without a word the talk is over (the crisis is remembered as long: crisis.yml)."""


async def talks(s: Session, conversation_id: str) -> list[tuple[int, int, datetime]]:
    """Return each talk about it: number of its first and last message, and when that was said.

    It begins with the message that the safety card answers and goes on until a pause.
    """
    of_this = MessageRow.conversation_id == conversation_id
    cards = await s.execute(
        select(MessageRow.seq, MessageRow.reply_to, MessageRow.card)
        .where(of_this, MessageRow.card.is_not(None))
        .order_by(MessageRow.seq)
    )
    shown = [
        (seq, reply) for seq, reply, card in cards
        if card and card.get("type") == "safety" and card.get("leaf") == LEAF
    ]  # fmt: skip
    found: list[tuple[int, int, datetime]] = []
    for seq, reply in shown:
        if found and seq <= found[-1][1]:
            continue
        asked = await s.scalar(select(MessageRow.seq).where(of_this, MessageRow.id == reply))
        first = last = asked or seq
        at: datetime | None = None
        rows = await s.execute(
            select(MessageRow.seq, MessageRow.created_at)
            .where(of_this, MessageRow.seq >= first)
            .order_by(MessageRow.seq)
        )
        for number, said_at in rows:
            if at is not None and said_at - at > PAUSE:
                break
            last, at = number, said_at
        if at is not None:
            found.append((first, last, at))
    return found


async def masked(
    s: Session,
    conversation_id: str,
    messages: Sequence[MessageView],
    now: datetime,
    words: str,
) -> list[MessageView]:
    """Return messages for the resident's window: one line with ``words`` instead of a talk that is over."""
    over = [(a, b) for a, b, at in await talks(s, conversation_id) if now - at > PAUSE]
    shown: list[MessageView] = []
    for message in messages:
        inside = next((span for span in over if span[0] <= message.seq <= span[1]), None)
        if inside is None:
            shown.append(message)
        elif message.seq == inside[0]:
            line = replace(
                message, sender="system", kind="text", text=words, buttons=(), card=None,
                ticket=None, attachment=None, client_message_id=None, name=None,
            )  # fmt: skip
            shown.append(line)
    return shown
