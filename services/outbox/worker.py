"""Doing what is due: outbox rows, what the tickets' clocks ask for, messages without an answer."""

from __future__ import annotations

import asyncio
import logging
import random
import secrets
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import and_, or_, select, update

from services.db import Database, Session
from services.errors import LindaError
from services.limits import forget
from services.outbox.handlers import HANDLERS
from services.outbox.tables import OutboxRow

if TYPE_CHECKING:
    from services.context import Services

log = logging.getLogger(__name__)

RETRY_S = (0, 30, 120, 600, 3600, 6 * 3600, 24 * 3600)
"""Seconds before each further attempt; after the last one the row is dead and waits for a person."""
JITTER = 0.2
"""Attempts are spread by so much of their pause, so that they do not all come at once."""
CLAIM = timedelta(seconds=60)
"""How long a claimed row is this worker's; a worker that dies gives it back by then."""
HANDLER_S = 30.0
"""A handler that takes longer has failed; shorter than the claim, so nobody works on it twice."""
BATCH = 20
ROUNDS = 1000
"""Rounds of one ``run_due``; more than any honest backlog, so an endless loop becomes an error."""


async def run_due(services: Services) -> int:
    """Do everything that is due at ``services.clock.now()`` until nothing is left.

    Returns:
        How many pieces of work were done. Used by the loop process and by the test tick.
    """
    total = 0
    for _ in range(ROUNDS):
        done = await _round(services)
        if done == 0:
            return total
        total += done
    raise RuntimeError(f"work keeps appearing after {ROUNDS} rounds")


async def _round(services: Services) -> int:
    """Do one batch of each kind; one kind that fails does not stop the others.

    Each begins at the present time: in test mode the clock may have been moved meanwhile.
    """
    done = 0
    steps: tuple[Callable[[], Awaitable[int]], ...] = (
        partial(run_batch, services),
        services.tickets.tick,
        services.standing.work,
        services.waiting.work,
        services.visits.work,
        services.channels.answer_waiting,
        services.channels.sweep,
        services.wechat.work,
        services.heard.digest,
        services.heard.forget,
        services.retention.pending.work,
        services.retention.nightly,
        lambda: forget(services.db, services.clock.now()),
        services.audit.seal,
        services.metrics.refresh,
    )
    for step in steps:
        try:
            await services.clock.refresh(services.db)
            done += await step()
        except Exception:
            log.exception("worker step failed")
    return done


async def run_batch(services: Services) -> int:
    """Claim and do up to ``BATCH`` due rows; return how many were claimed."""
    worker = secrets.token_hex(8)
    rows = await claim(services.db, services.clock.now(), worker)
    for row in rows:
        await _do(services, row, worker)
    return len(rows)


async def claim(db: Database, now: datetime, worker: str) -> Sequence[OutboxRow]:
    """Take due rows for this worker, the longest due first.

    On PostgreSQL rows that another worker is taking are skipped; SQLite has one writer at a time.
    A claim that has run out, or reaches further than any claim can (the clock was set back), is
    no claim.
    """
    unclaimed = or_(
        OutboxRow.claimed_until.is_(None),
        OutboxRow.claimed_until <= now,
        OutboxRow.claimed_until > now + 2 * CLAIM,
    )
    due = (
        select(OutboxRow)
        .where(and_(OutboxRow.state == "pending", OutboxRow.not_before <= now, unclaimed))
        .order_by(OutboxRow.not_before, OutboxRow.id)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    )
    async with db.write() as s:
        rows = (await s.scalars(due)).all()
        for row in rows:
            row.claimed_by, row.claimed_until = worker, now + CLAIM
            row.attempts += 1
    return rows


async def _do(services: Services, row: OutboxRow, worker: str) -> None:
    if row.claimed_until is not None and services.clock.now() >= row.claimed_until:
        return  # the rows before took too long; whoever claims it next does it
    handler = HANDLERS.get(row.topic)
    error: str | None = None
    final = False
    if handler is None:
        error, final = f"no handler for topic {row.topic}", True
    else:
        try:
            await asyncio.wait_for(handler(services, row.payload), HANDLER_S)
        except Exception as e:
            error = f"{type(e).__name__}: {e}"
            # A refusal by a rule or a missing thing stays so; what is away comes back.
            final = isinstance(e, LindaError) and e.status in (400, 403, 404, 422)
            log.warning("outbox %s %s attempt %d: %s", row.topic, row.key, row.attempts, error)
    async with services.db.write() as s:
        await _settle(s, row, worker, services.clock.now(), error, final)


async def _settle(
    session: Session, row: OutboxRow, worker: str, now: datetime, error: str | None, final: bool
) -> None:
    """Write down how it went, if the row is still ours."""
    values: dict[str, object] = {"claimed_by": None, "claimed_until": None, "last_error": error}
    if error is None:
        values |= {"state": "done", "done_at": now}
    elif final or row.attempts > len(RETRY_S):
        values |= {"state": "dead", "done_at": now}
    else:
        pause = RETRY_S[row.attempts - 1] * (1 + random.uniform(0, JITTER))
        values["not_before"] = now + timedelta(seconds=pause)
    await session.execute(
        update(OutboxRow)
        .where(OutboxRow.id == row.id, OutboxRow.claimed_by == worker)
        .values(**values)
    )
