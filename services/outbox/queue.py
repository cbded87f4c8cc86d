"""Putting work into the outbox."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Executable

from services.db import Session, Write, execute_all, insert_or
from services.outbox.tables import OutboxRow


@dataclass(frozen=True)
class Work:
    """One piece of work; the meaning of its parts is that of :func:`enqueue`."""

    topic: str
    payload: dict[str, Any]
    key: str
    now: datetime
    not_before: datetime | None = None

    def values(self) -> dict[str, Any]:
        """Return it as its row holds it, by column."""
        return {
            "key": self.key, "topic": self.topic, "payload": self.payload, "state": "pending",
            "attempts": 0, "not_before": self.not_before or self.now, "created_at": self.now,
        }  # fmt: skip


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
    await execute_all(session, [adding(session, [Work(topic, payload, key, now, not_before)])])


def adding(session: Session, work: Sequence[Work]) -> Write:
    """Return what adds some pieces of work, in this order, to the caller's transaction."""
    return _adding(insert_or(session)), [w.values() for w in work]


@cache
def _adding(insert: Callable[..., Any]) -> Executable:
    statement: Executable = insert(OutboxRow.__table__).on_conflict_do_nothing()
    return statement
