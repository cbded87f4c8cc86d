"""Writing down that a limit has stopped somebody, and whether that was lifted, for whoever checks a limit."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, select

from services.channels.tables import ConversationRow
from services.db import Database, Session
from services.limits import Stopped
from services.stops.networks import Network
from services.stops.tables import StopRow
from services.tickets.tables import TicketRow


async def note(
    db: Database, stopped: Stopped, now: datetime, *, conversation: str | None = None,
    network: Network | None = None,
) -> None:  # fmt: skip
    """Keep who was stopped, in a transaction of its own: the one that was refused is rolled back.

    Args:
        db: The database.
        stopped: The refusal.
        now: The present time.
        conversation: In which it happened: its newest ticket says whose staff are told.
        network: The shared network, when it has a name.
    """
    async with db.write() as s:
        known = await standing(s, stopped.what, stopped.who, now)
        if known is not None:
            known.last_at, known.until = now, max(known.until, stopped.until(now))
            known.times += 1
            return
        community = network.community if network else await _community(s, conversation)
        talk = await s.get(ConversationRow, conversation) if conversation else None
        s.add(StopRow(
            what=stopped.what, who=stopped.who, community_id=community,
            channel=talk.channel if talk else None,
            network=network.name if network else None, since=now, last_at=now,
            until=stopped.until(now), times=1,
        ))  # fmt: skip


async def standing(s: Session, what: str, who: str, now: datetime) -> StopRow | None:
    """Return the stop that is not over and not lifted."""
    query = select(StopRow).where(
        StopRow.what == what, StopRow.who == who, StopRow.until > now, StopRow.lifted_at.is_(None)
    )
    return (await s.scalars(query.order_by(StopRow.id.desc()).limit(1))).first()


async def counts_from(s: Session, what: str, who: str, since: datetime) -> datetime:
    """Return from when on a limit counts: from ``since``, or from when it was lifted after that."""
    query = select(func.max(StopRow.lifted_at)).where(
        StopRow.what == what, StopRow.who == who, StopRow.lifted_at > since
    )
    lifted = await s.scalar(query)
    return lifted or since


async def _community(s: Session, conversation: str | None) -> str | None:
    if conversation is None:
        return None
    query = select(TicketRow.community_id).where(TicketRow.conversation_id == conversation)
    return (await s.scalars(query.order_by(TicketRow.created_at.desc()).limit(1))).first()


KEPT = timedelta(days=30)
"""So long a stop stays, for who asks what happened."""
