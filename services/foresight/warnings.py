"""Telling people of what rises: once, again when it has grown, until somebody decides.

A sentence is a row under the cluster's key and the number of the step, so that two workers cannot
write it twice. What ends it is a decision (a ticket of our own, or that nothing has to be done),
the next step, or that the cluster no longer rises. Nothing of it goes to other systems: no ticket
has changed; the ticket that it becomes is told of like any other.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select, true, update

from services.db import Session, insert_or
from services.foresight.find import Cluster, Params
from services.foresight.tables import ClusterWarningRow

MOST = 50


@dataclass(frozen=True)
class Rising:
    """A cluster that waits for a decision, and what is said of it."""

    cluster: Cluster
    matter: str
    community: str | None


@dataclass(frozen=True)
class Plan:
    """What is to be written: new steps, and the keys of those that no longer rise."""

    steps: Sequence[tuple[Rising, int]]
    gone: Collection[str]

    @property
    def needed(self) -> bool:
        """Say whether there is anything to write."""
        return bool(self.steps or self.gone)


async def plan(
    s: Session, rising: Sequence[Rising], still: Collection[str], now: datetime, params: Params
) -> Plan:
    """Return what people have to be told now.

    Args:
        still: Keys of everything that rises, decided or not.
    """
    latest = await _latest(s, [r.cluster.key for r in rising])
    steps = [
        (r, known.step + 1 if known else 1)
        for r in rising
        if _tell(r.cluster, known := latest.get(r.cluster.key), now, params)
    ]
    open_keys = await s.scalars(
        select(ClusterWarningRow.key).where(ClusterWarningRow.ended_at.is_(None))
    )
    return Plan(steps, sorted({k for k in open_keys if k not in still}))


def _tell(cluster: Cluster, known: ClusterWarningRow | None, now: datetime, params: Params) -> bool:
    if known is None:
        return True
    if timedelta() <= now - known.at < timedelta(hours=params.warn.again_hours):
        return False
    # What was decided, or had gone, and waits for a decision anew has grown by itself.
    return known.ended_at is not None or cluster.households >= known.households + params.grown


async def _latest(s: Session, keys: Sequence[str]) -> dict[str, ClusterWarningRow]:
    row = ClusterWarningRow
    rows = await s.scalars(select(row).where(row.key.in_(keys)).order_by(row.key, row.step))
    return {r.key: r for r in rows}


async def write(s: Session, plan: Plan, now: datetime) -> int:
    """Write the steps in the caller's transaction; return how many there were not before."""
    for key in plan.gone:
        await end(s, key, now)
    written = 0
    for rising, step in plan.steps:
        values = {
            "key": rising.cluster.key, "step": step, "community_id": rising.community,
            "matter": rising.matter, "households": rising.cluster.households, "at": now,
        }  # fmt: skip
        added = insert_or(s)(ClusterWarningRow.__table__).values(values).on_conflict_do_nothing()
        if (await s.execute(added.returning(ClusterWarningRow.step))).first() is None:
            continue  # another worker told it a moment ago
        await end(s, rising.cluster.key, now, before=step)
        written += 1
    return written


async def end(s: Session, key: str, now: datetime, before: int | None = None) -> None:
    """End what is open about a cluster; with ``before`` only the steps before that one."""
    row = ClusterWarningRow
    of = [row.key == key, row.ended_at.is_(None)]
    if before is not None:
        of.append(row.step < before)
    await s.execute(update(row).where(*of).values(ended_at=now))


async def waiting(s: Session, community: str | None) -> list[ClusterWarningRow]:
    """Return what is open in a community (None: in all), the newest first (at most :data:`MOST`)."""
    row = ClusterWarningRow
    here = true() if community is None else or_(
        row.community_id.is_(None), row.community_id == community
    )  # fmt: skip
    query = select(row).where(row.ended_at.is_(None), here).order_by(row.at.desc(), row.key)
    return [*await s.scalars(query.limit(MOST))]
