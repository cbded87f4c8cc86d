"""Doing what is due: outbox rows, what the tickets' clocks ask for, messages without an answer."""

from __future__ import annotations

import asyncio
import logging
import random
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import inf
from typing import TYPE_CHECKING

from sqlalchemy import Select, and_, or_, select, update

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


@dataclass(frozen=True)
class Step:
    """A kind of work.

    Attributes:
        every_s: Seconds between two looks of the worker process at it: what residents wait for is
            looked at in every round, what nobody sees happen is not.
        do: Does a batch of what is due and returns how much it was.
    """

    every_s: float
    do: Callable[[Services], Awaitable[int]]


async def run_batch(services: Services) -> int:
    """Claim and do up to ``BATCH`` due rows; return how many were claimed."""
    worker = secrets.token_hex(8)
    rows = await claim(services.db, services.clock.now(), worker)
    for row in rows:
        await _do(services, row, worker)
    return len(rows)


STEPS = (
    Step(0, run_batch),
    Step(2, lambda services: services.tickets.tick()),
    Step(30, lambda services: services.standing.work()),
    Step(2, lambda services: services.waiting.work()),
    Step(30, lambda services: services.visits.work()),
    Step(60, lambda services: services.foresight.warn()),
    Step(0, lambda services: services.channels.answer_waiting()),
    Step(2, lambda services: services.channels.sweep()),
    Step(0, lambda services: services.wechat.work()),
    Step(2, lambda services: services.heard.digest()),
    Step(60, lambda services: services.heard.forget()),
    Step(10, lambda services: services.retention.pending.work()),
    Step(30, lambda services: services.retention.nightly()),
    Step(30, lambda services: forget(services.db, services.clock.now())),
    Step(3600, lambda services: services.stops.forget()),
    Step(5, lambda services: services.audit.seal()),
    Step(5, lambda services: services.metrics.refresh()),
)
"""All kinds, in the order in which they are done."""


class Rhythm:
    """When the worker process looks at which kind of work."""

    def __init__(self, steps: Sequence[Step] = STEPS) -> None:
        self._steps = steps
        self._looked: dict[Step, float] = {}
        self._offset: timedelta | None = None

    def due(self, at_s: float, offset: timedelta) -> list[Step]:
        """Return what is to be looked at now, and take it as looked at.

        Args:
            at_s: The present second of a clock that only goes on.
            offset: How far test mode's clock has been moved: when that changes, everything is due.
        """
        if offset != self._offset:
            self._offset = offset
            self._looked.clear()
        due = [s for s in self._steps if at_s - self._looked.get(s, -inf) >= s.every_s]
        self._looked |= dict.fromkeys(due, at_s)
        return due


async def run_due(services: Services, steps: Sequence[Step] = STEPS) -> int:
    """Do everything that is due at ``services.clock.now()`` until nothing is left.

    Args:
        steps: The kinds of work to look at; all of them in the test tick.

    Returns:
        How many pieces of work were done.
    """
    total = 0
    for _ in range(ROUNDS):
        done = await _round(services, steps)
        if done == 0:
            return total
        total += done
    raise RuntimeError(f"work keeps appearing after {ROUNDS} rounds")


async def _round(services: Services, steps: Sequence[Step]) -> int:
    """Do one batch of each kind; one kind that fails does not stop the others.

    Each begins at the present time: in test mode the clock may have been moved meanwhile.
    """
    done = 0
    for step in steps:
        try:
            await services.clock.refresh(services.db)
            done += await step.do(services)
        except Exception:
            log.exception("worker step failed")
    return done


def due_rows(now: datetime) -> Select[OutboxRow]:
    """Return the query of what is due and nobody's, the longest due first: ``ix_outbox_due``'s order.

    A claim that has run out, or reaches further than any claim can (the clock was set back), is
    no claim.
    """
    unclaimed = or_(
        OutboxRow.claimed_until.is_(None),
        OutboxRow.claimed_until <= now,
        OutboxRow.claimed_until > now + 2 * CLAIM,
    )
    return (
        select(OutboxRow)
        .where(and_(OutboxRow.state == "pending", OutboxRow.not_before <= now, unclaimed))
        .order_by(OutboxRow.not_before, OutboxRow.id)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    )


async def claim(db: Database, now: datetime, worker: str) -> Sequence[OutboxRow]:
    """Take due rows for this worker, the longest due first.

    On PostgreSQL rows that another worker is taking are skipped; SQLite has one writer at a time.
    """
    async with db.write() as s:
        rows = (await s.scalars(due_rows(now))).all()
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
