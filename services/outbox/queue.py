"""Putting work into the outbox."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select

from services.db import Session
from services.outbox.tables import OutboxRow


async def enqueue(
    session: Session,
    topic: str,
    payload: dict[str, Any],
    key: str,
    now: datetime,
    not_before: datetime | None = None,
) -> None:
    """Add work to the caller's transaction.

    Args:
        session: The transaction that makes the change; both are kept or neither.
        topic: Which handler does it (``ticket.changed``).
        payload: What the handler needs, JSON.
        key: Unique name of the effect; a second enqueue of the same key does nothing.
        now: Present time of the one clock.
        not_before: Earliest time to do it; at once when omitted.
    """
    if await session.scalar(select(OutboxRow.id).where(OutboxRow.key == key)) is not None:
        return
    session.add(
        OutboxRow(
            key=key,
            topic=topic,
            payload=payload,
            state="pending",
            attempts=0,
            not_before=not_before or now,
            created_at=now,
        )
    )
