"""Reading and writing conversations; every function works in its caller's transaction."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import func, select, update

from services.channels.tables import ConversationRow, HandoffRow, MessageRow
from services.channels.types import Button, Conversation, MessageView
from services.channels.wechat.tables import WeChatDeliveryRow
from services.db import Session
from services.words import refusal

KNOWLEDGE = ("service", "safety")
"""Types of cards that tell something from the catalogue."""
WECHAT = "wechat"
"""The channel whose messages are carried to the resident, instead of being fetched."""
OFFERS_LOOKED_AT = 300
"""Messages with which a button may still be tapped, newest first; older buttons have expired."""


def new_id(prefix: str) -> str:
    """Return a random id such as ``c_…`` (conversation), ``m_…`` (message)."""
    return f"{prefix}_{secrets.token_urlsafe(18)}"


def new_conversation_id() -> str:
    """Return a random id of a conversation; without a dot, which separates the parts of tokens."""
    return new_id("c").replace(".", "")


def view(row: MessageRow, name: str | None = None) -> MessageView:
    """Return a stored message as the Chat API shows it; ``name`` of the person who wrote it."""
    return MessageView(
        id=row.id,
        seq=row.seq,
        sender=row.sender,  # type: ignore[arg-type]  # the column holds only Sender values
        kind=row.kind,
        text=row.text,
        buttons=tuple(Button(b["title"], b["payload"]) for b in row.buttons),
        card=row.card,
        ticket=row.ticket,
        attachment=row.attachment_id,
        client_message_id=row.client_message_id,
        reply_to=row.reply_to,
        state=row.state,
        created_at=row.created_at,
        name=name,
    )


def conversation_view(row: ConversationRow, siblings: tuple[str, ...] = ()) -> Conversation:
    """Return a conversation as others see it."""
    return Conversation(
        id=row.id,
        channel=row.channel,
        elder=row.elder,
        mode=row.mode,  # type: ignore[arg-type]  # the column holds only Mode values
        resident_id=row.resident_id,
        pending_callback=row.pending_callback,
        opened_from=row.opened_from,
        siblings=siblings,
    )


async def conversation(session: Session, conversation_id: str) -> ConversationRow:
    """Return a conversation; 404 ``conversation_not_found``."""
    row = await session.get(ConversationRow, conversation_id)
    if row is None:
        raise refusal("conversation_not_found", 404)
    return row


async def lock(session: Session, conversation_id: str) -> None:
    """Keep other writers of a conversation out until the transaction ends.

    Who changes its messages takes the conversation first: two that take a message and its
    conversation in different orders wait for each other, until the database ends one of them.
    """
    await session.execute(
        update(ConversationRow)
        .where(ConversationRow.id == conversation_id)
        .values(last_seq=ConversationRow.last_seq)
        .execution_options(synchronize_session=False)
    )


async def open_one(
    session: Session,
    conversation_id: str,
    channel: str,
    elder: bool,
    now: datetime,
    token_hash: str = "",
    opened_from: str | None = None,
) -> None:
    """Open a conversation; without a token's hash no token ever opens it."""
    session.add(
        ConversationRow(
            id=conversation_id,
            channel=channel,
            token_hash=token_hash,
            elder=elder,
            mode="bot",
            last_seq=0,
            opened_from=opened_from,
            created_at=now,
            last_seen_at=now,
        )
    )
    await session.flush()


async def append(
    session: Session,
    conversation_id: str,
    *,
    sender: str,
    now: datetime,
    kind: str = "text",
    text: str = "",
    state: str = "sent",
    quiet: bool = False,
    **columns: Any,
) -> MessageRow:
    """Add a message with the next number of its conversation.

    Counting up locks the conversation's row until the commit: numbers become visible in order. What
    is said to a resident in WeChat is owed to them from this very transaction on.

    Args:
        quiet: The resident is told elsewhere: here it waits until they come by.
    """
    found = await session.execute(
        update(ConversationRow)
        .where(ConversationRow.id == conversation_id)
        .values(last_seq=ConversationRow.last_seq + 1)
        .returning(ConversationRow.last_seq, ConversationRow.channel)
        .execution_options(synchronize_session=False)
    )
    counted = found.one_or_none()
    if counted is None:
        raise refusal("conversation_not_found", 404)
    seq, channel = counted
    row = MessageRow(
        id=new_id("m"),
        conversation_id=conversation_id,
        seq=seq,
        sender=sender,
        kind=kind,
        text=text,
        state=state,
        created_at=now,
        **{"buttons": [], **columns},
    )
    session.add(row)
    if channel == WECHAT and sender != "resident":
        session.add(
            WeChatDeliveryRow(
                message_id=row.id,
                conversation_id=conversation_id,
                seq=seq,
                due_at=None if quiet else now,
            )
        )
    await session.flush()
    return row


async def say_once(
    session: Session, conversation_id: str, key: str, now: datetime, **columns: Any
) -> MessageRow | None:
    """Add a system message unless one with this ``effect_key`` is there already."""
    # So that two workers with the same key come one after the other.
    await lock(session, conversation_id)
    said = await session.scalar(
        select(MessageRow.id).where(
            MessageRow.conversation_id == conversation_id, MessageRow.effect_key == key
        )
    )
    if said is not None:
        return None
    columns = {"sender": "system", **columns}
    return await append(session, conversation_id, now=now, effect_key=key, **columns)


async def said(session: Session, conversation_id: str, key: str) -> MessageRow:
    """Return the system message with this ``effect_key``, which has been said."""
    query = select(MessageRow).where(
        MessageRow.conversation_id == conversation_id, MessageRow.effect_key == key
    )
    return (await session.scalars(query)).one()


async def history(
    session: Session,
    conversation_id: str,
    after: int,
    limit: int,
    until: datetime | None = None,
) -> list[MessageView]:
    """Return messages after number ``after``, oldest first; ``after`` < 0: the newest ``limit``.

    ``until``: only those that had been said by then.
    """
    query = select(MessageRow).where(MessageRow.conversation_id == conversation_id)
    if until is not None:
        query = query.where(MessageRow.created_at <= until)
    if after < 0:
        newest = await session.scalars(query.order_by(MessageRow.seq.desc()).limit(limit))
        rows = list(newest)[::-1]
    else:
        query = query.where(MessageRow.seq > after).order_by(MessageRow.seq).limit(limit)
        rows = list(await session.scalars(query))
    names = await _names(session, conversation_id, rows)
    return [view(row, names.get(row.staff_id or "")) for row in rows]


async def with_delivery(session: Session, messages: list[MessageView]) -> list[MessageView]:
    """Return messages with what has become of those that are carried to the resident (WeChat)."""
    found = await session.execute(
        select(WeChatDeliveryRow.message_id, WeChatDeliveryRow.state).where(
            WeChatDeliveryRow.message_id.in_([m.id for m in messages])
        )
    )
    states = {row.message_id: row.state for row in found}
    return [replace(m, delivery=_delivery(states.get(m.id))) for m in messages]


def _delivery(state: str | None) -> Literal["waiting", "delivered", "failed"] | None:
    match state:
        case None | "delivered" | "failed":
            return state
        case _:
            return "waiting"


async def _names(
    session: Session, conversation_id: str, rows: Sequence[MessageRow]
) -> dict[str, str]:
    """Return staff id → name as it was when they took the conversation over."""
    if not any(row.staff_id for row in rows):
        return {}
    found = await session.execute(
        select(HandoffRow.staff_id, HandoffRow.staff_name)
        .where(HandoffRow.conversation_id == conversation_id, HandoffRow.staff_id.is_not(None))
        .order_by(HandoffRow.created_at)
    )
    return {staff_id: name for staff_id, name in found if staff_id and name}


async def replies(session: Session, message_id: str) -> list[MessageView]:
    """Return the answers to a message, in order."""
    query = select(MessageRow).where(MessageRow.reply_to == message_id).order_by(MessageRow.seq)
    return [view(row) for row in (await session.scalars(query)).all()]


async def was_offered(session: Session, conversation_id: str, payload: str) -> bool:
    """Whether a button with this very payload was shown in this conversation."""
    offers: Sequence[list[dict[str, str]]] = (
        await session.scalars(
            select(MessageRow.buttons)
            .where(MessageRow.conversation_id == conversation_id, MessageRow.sender != "resident")
            .order_by(MessageRow.seq.desc())
            .limit(OFFERS_LOOKED_AT)
        )
    ).all()
    return any(b["payload"] == payload for buttons in offers for b in buttons)


async def cards_shown(
    session: Session, conversation_id: str, since: datetime
) -> list[dict[str, Any]]:
    """Return the cards of the catalogue and of safety in the bot's answers since then, oldest first."""
    query = (
        select(MessageRow.card)
        .where(
            MessageRow.conversation_id == conversation_id,
            MessageRow.sender == "bot",
            MessageRow.created_at >= since,
            MessageRow.card["type"].as_string().in_(KNOWLEDGE),
        )
        .order_by(MessageRow.seq)
    )
    return [card for card in await session.scalars(query) if card]


async def last_said_about(session: Session, conversation_id: str) -> dict[str, Any] | None:
    """Return ``{ticket_no, state}`` of the ticket that the last message to the resident is about."""
    query = (
        select(MessageRow.ticket)
        .where(MessageRow.conversation_id == conversation_id, MessageRow.sender != "resident")
        .order_by(MessageRow.seq.desc())
        .limit(1)
    )
    return await session.scalar(query)


async def last_said_seq(session: Session, conversation_id: str) -> int | None:
    """Sequence number of the last message that was not the resident's; None when there is none."""
    return await session.scalar(
        select(func.max(MessageRow.seq)).where(
            MessageRow.conversation_id == conversation_id, MessageRow.sender != "resident"
        )
    )
