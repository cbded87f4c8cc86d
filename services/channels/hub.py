"""Waking those who wait for new messages.

Messages may be written by another process (the worker, a second web process), so one poller a
process looks at the counters of the conversations that someone listens to. A process's own
writes wake at once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from sqlalchemy import select

from services.channels.tables import ConversationRow
from services.db import Database, DatabaseAway

log = logging.getLogger(__name__)

POLL_S = 0.5
"""Seconds between two looks; the longest a message of another process is late."""
CHUNK = 400
"""Conversations a query; below SQLite's limit of parameters."""


class Hub:
    """Listeners by conversation, and the poller that lives while there are any."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._listeners: dict[str, set[asyncio.Event]] = {}
        self._known: dict[str, int] = {}
        self._poller: asyncio.Task[None] | None = None
        self.closed = False

    def wake(self, conversation_id: str) -> None:
        """Tell listeners of this process that something was written."""
        for event in self._listeners.get(conversation_id, ()):
            event.set()

    @asynccontextmanager
    async def listen(self, conversation_id: str) -> AsyncIterator[asyncio.Event]:
        """Give an event that is set whenever the conversation may have new messages."""
        event = asyncio.Event()
        self._listeners.setdefault(conversation_id, set()).add(event)
        if self._poller is None or self._poller.done():
            self._poller = asyncio.create_task(self._poll())
        try:
            yield event
        finally:
            self._listeners[conversation_id].discard(event)
            if not self._listeners[conversation_id]:
                del self._listeners[conversation_id]
                self._known.pop(conversation_id, None)

    async def close(self) -> None:
        """Stop polling and let every listener end."""
        self.closed = True
        for conversation_id in list(self._listeners):
            self.wake(conversation_id)
        if self._poller is not None:
            self._poller.cancel()
            with suppress(asyncio.CancelledError):
                await self._poller

    async def _poll(self) -> None:
        while self._listeners and not self.closed:
            try:
                await self._look()
            except DatabaseAway:
                # Listeners outlive that: they are woken when it is back and something is new.
                log.warning("cannot look for new messages, the database is away")
            await asyncio.sleep(POLL_S)

    async def _look(self) -> None:
        ids = list(self._listeners)
        for start in range(0, len(ids), CHUNK):
            query = select(ConversationRow.id, ConversationRow.last_seq).where(
                ConversationRow.id.in_(ids[start : start + CHUNK])
            )
            async with self._db.read() as s:
                rows = (await s.execute(query)).all()
            for conversation_id, seq in rows:
                if self._known.get(conversation_id) != seq:
                    self._known[conversation_id] = seq
                    self.wake(conversation_id)
