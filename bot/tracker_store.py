"""Rasa's durable memory: one row per conversation, compressed, and short.

Rasa's own SQL store writes a row per event and reads all of them at each turn. Here a turn is one
read and one write of a few kilobytes. When no form is open, old turns are folded into the slots
they left behind: the words themselves are kept by the services, where retention and erasure are
handled, so Rasa needs no second archive of what people said.
"""

from __future__ import annotations

import json
import logging
import time
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from rasa.core.brokers.broker import EventBroker
from rasa.core.tracker_store import SerializedTrackerAsText, TrackerStore
from rasa.shared.core.constants import ACTION_LISTEN_NAME, ACTION_SESSION_START_NAME
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import (
    ActionExecuted,
    Event,
    SessionStarted,
    SlotSet,
    UserUttered,
)
from rasa.shared.core.trackers import DialogueStateTracker
from sqlalchemy.engine import Engine

from bot.settings import tracker_url

logger = logging.getLogger(__name__)

#: Turns kept word for word, so that a retried message finds its stored replies.
KEEP_TURNS = 4
#: Turns after which old ones are folded away.
COMPACT_AFTER = 10

_metadata = sa.MetaData()
_rows = sa.Table(
    "rasa_conversations",
    _metadata,
    sa.Column("sender_id", sa.String(128), primary_key=True),
    sa.Column("events", sa.LargeBinary, nullable=False, comment="zlib of the JSON list of events"),
    sa.Column("updated_at", sa.Float, nullable=False, comment="seconds since 1970"),
)


def connect(url: str) -> Engine:
    """Engine for ``url`` with the table in place; SQLite in WAL mode, so that readers never wait."""
    if not url.startswith("sqlite"):
        engine = sa.create_engine(url, future=True, pool_pre_ping=True, pool_size=4)
    else:
        path = url.removeprefix("sqlite:///")
        if path and path != ":memory:":
            Path(path).parent.mkdir(parents=True, exist_ok=True)
        # Kept open: SQLAlchemy's default for files opens one per turn, and closing the last
        # connection makes SQLite fold its log back with three waits for the disk.
        engine = sa.create_engine(
            url,
            future=True,
            poolclass=sa.pool.QueuePool,
            connect_args={"check_same_thread": False, "timeout": 10},
        )

        @sa.event.listens_for(engine, "connect")
        def _pragmas(connection: Any, _record: Any) -> None:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=NORMAL")

    _metadata.create_all(engine)
    return engine


def pack(events: list[dict[str, Any]]) -> bytes:
    """Events as stored."""
    return zlib.compress(json.dumps(events, ensure_ascii=False).encode(), 3)


def unpack(stored: bytes) -> list[dict[str, Any]]:
    """Stored events."""
    return list(json.loads(zlib.decompress(stored)))


def compact(tracker: DialogueStateTracker, domain: Domain) -> list[Event]:
    """The events to store: all of them, or what old turns left behind plus the last turns.

    Nothing is folded while a form is open, and a cut is made only where none was.
    """
    events = list(tracker.events)
    turns = [i for i, e in enumerate(events) if isinstance(e, UserUttered)]
    if tracker.active_loop_name is not None or len(turns) <= COMPACT_AFTER:
        return events
    past = DialogueStateTracker(tracker.sender_id, domain.slots)
    wanted = turns[-KEEP_TURNS]
    cut, slots = 0, {}
    for index, event in enumerate(events[: wanted + 1]):
        listening = past.latest_action_name == ACTION_LISTEN_NAME
        if isinstance(event, UserUttered) and past.active_loop_name is None and listening:
            cut = index
            slots = {n: s.value for n, s in past.slots.items() if s.value != s.initial_value}
        past.update(event)
    if cut == 0:
        return events
    at = events[cut].timestamp
    folded: list[Event] = [
        ActionExecuted(ACTION_SESSION_START_NAME, timestamp=at),
        SessionStarted(timestamp=at),
        *(SlotSet(name, value, timestamp=at) for name, value in sorted(slots.items())),
        ActionExecuted(ACTION_LISTEN_NAME, timestamp=at),
    ]
    return folded + events[cut:]


class LindaTrackerStore(TrackerStore, SerializedTrackerAsText):
    """Conversations in SQLite or PostgreSQL (``LINDA_TRACKER_URL``, ``LINDA_DATABASE_URL``)."""

    def __init__(
        self,
        domain: Domain | None,
        host: Any = None,
        event_broker: EventBroker | None = None,
        url: str | None = None,
        **kwargs: Any,
    ) -> None:
        """Open the database; ``url`` overrides the environment."""
        super().__init__(domain, event_broker, **kwargs)
        self._engine = connect(url or tracker_url())

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Write the conversation in one statement."""
        await self.stream_events(tracker)
        events = [e.as_dict() for e in compact(tracker, self.domain)]
        values = {"events": pack(events), "updated_at": time.time()}
        insert = self._insert()(_rows).values(sender_id=tracker.sender_id, **values)
        statement = insert.on_conflict_do_update(index_elements=["sender_id"], set_=values)
        with self._engine.begin() as connection:
            connection.execute(statement)

    def _insert(self) -> Any:
        if self._engine.dialect.name == "postgresql":
            from sqlalchemy.dialects.postgresql import insert
        else:
            from sqlalchemy.dialects.sqlite import insert  # type: ignore[assignment]
        return insert

    async def retrieve(self, sender_id: str) -> DialogueStateTracker | None:
        """Read the conversation, ``None`` when there is none."""
        query = sa.select(_rows.c.events).where(_rows.c.sender_id == sender_id)
        with self._engine.connect() as connection:
            stored = connection.execute(query).scalar()
        if stored is None:
            return None
        return DialogueStateTracker.from_dict(sender_id, unpack(stored), self.domain.slots)

    async def keys(self) -> Iterable[str]:
        """Ids of all conversations."""
        with self._engine.connect() as connection:
            return list(connection.execute(sa.select(_rows.c.sender_id)).scalars())

    async def delete(self, sender_id: str) -> None:
        """Forget a conversation (erasure)."""
        with self._engine.begin() as connection:
            connection.execute(_rows.delete().where(_rows.c.sender_id == sender_id))
