"""A conversation that needs a person: who may see it, taking it over, giving it back."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from sqlalchemy import Select, or_, select

from services.channels import store
from services.channels.tables import ConversationRow, HandoffRow
from services.channels.types import HandoffView, MessageView
from services.db import Session
from services.errors import LindaError
from services.people.masking import mask_all, mask_text
from services.people.roles import holders

if TYPE_CHECKING:
    from services.tickets.core.actor import Actor

ROLES = holders("handoffs")
"""Who talks with residents through the console."""

REASONS = {
    "emergency": "紧急情况",
    "human": "居民要找工作人员",
    "unanswered": "系统没能回答",
}
Reason = Literal["emergency", "human", "unanswered"]

TEXT_KEPT = 1000
"""Characters of an emergency's words on its hand-off; all of them are in the conversation."""

MESSAGES_SHOWN = 100
"""Newest messages of the conversation that come with a hand-off."""


def in_scope(actor: Actor) -> Select[HandoffRow]:
    """Return the query of hand-offs this person may see.

    Street level sees all; a community's people see their own residents and those whose home is
    not known yet. Grid workers see the former only: the desk finds out whose the others are.
    """
    query = select(HandoffRow)
    if actor.role == "grid":
        return query.where(HandoffRow.community_id == actor.community_id)
    if actor.role == "dispatcher" or actor.community_id is None:
        return query
    return query.where(
        or_(HandoffRow.community_id.is_(None), HandoffRow.community_id == actor.community_id)
    )


async def open_one(
    session: Session,
    conversation: ConversationRow,
    reason: Reason,
    text: str,
    now: datetime,
    community_id: str | None = None,
    leaf: str | None = None,
    ticket_no: str | None = None,
) -> tuple[HandoffRow, bool]:
    """Open a hand-off unless the conversation has an open one; return it and whether it is new.

    An emergency makes an open one urgent; nothing makes an urgent one less so. What is said after
    an emergency (the same ``ticket_no``) stands behind the first words.
    """
    row = await session.scalar(
        select(HandoffRow).where(
            HandoffRow.conversation_id == conversation.id, HandoffRow.state != "released"
        )
    )
    if row is not None:
        if reason == "emergency":
            if ticket_no and ticket_no == row.ticket_no:
                text = f"{row.text}；{text}"[:TEXT_KEPT]
            row.reason, row.leaf, row.text, row.ticket_no = reason, leaf, text, ticket_no
        return row, False
    row = HandoffRow(
        id=store.new_id("h"),
        conversation_id=conversation.id,
        reason=reason,
        leaf=leaf,
        text=text,
        ticket_no=ticket_no,
        community_id=community_id,
        state="waiting",
        created_at=now,
    )
    session.add(row)
    return row, True


async def find(session: Session, actor: Actor, handoff_id: str) -> HandoffRow:
    """Return one this person may see; 404 ``handoff_not_found`` otherwise."""
    row = await session.scalar(in_scope(actor).where(HandoffRow.id == handoff_id))
    if row is None:
        raise not_found()
    return row


def not_found() -> LindaError:
    """Return the refusal of a hand-off that is not there for this person."""
    return LindaError("handoff_not_found", "没有找到这条转人工。", 404)


async def listing(
    session: Session, actor: Actor, state: str | None, public: Collection[str]
) -> list[HandoffView]:
    """Return hand-offs in scope: emergencies first, then who has waited longest."""
    query = in_scope(actor)
    query = query.where(HandoffRow.state == state if state else HandoffRow.state != "released")
    rows = (await session.scalars(query.order_by(HandoffRow.created_at).limit(200))).all()
    order = {"waiting": 0, "active": 1, "released": 2}
    return [
        view(r, actor, public)
        for r in sorted(rows, key=lambda r: (r.reason != "emergency", order[r.state]))
    ]


def readable(
    row: HandoffRow, messages: list[MessageView], actor: Actor, public: Collection[str]
) -> list[MessageView]:
    """Return what this person may read of messages of the conversation.

    What came after the release is left out; numbers to call and names that the resident gave are
    masked until the person has taken the conversation over; numbers that the locality published
    (``public``) never are.
    """
    until = row.released_at
    kept = [m for m in messages if until is None or m.created_at <= until]
    if row.staff_id == actor.id:
        return kept
    return [
        replace(m, text=mask_text(m.text, public=public), card=mask_all(m.card, public=public))
        for m in kept
    ]


def view(
    row: HandoffRow,
    actor: Actor,
    public: Collection[str],
    messages: list[MessageView] | None = None,
) -> HandoffView:
    """Return a hand-off as the staff API shows it to this person."""
    return HandoffView(
        id=row.id,
        conversation_id=row.conversation_id,
        reason=row.reason,
        reason_text=REASONS[row.reason],
        leaf=row.leaf,
        text=row.text if row.staff_id == actor.id else mask_text(row.text, public=public),
        ticket_no=row.ticket_no,
        state=row.state,  # type: ignore[arg-type]  # the column holds only these values
        staff_id=row.staff_id,
        staff_name=row.staff_name,
        created_at=row.created_at,
        taken_at=row.taken_at,
        released_at=row.released_at,
        messages=readable(row, messages or [], actor, public),
    )
