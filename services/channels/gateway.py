"""Handing residents' messages to Rasa: each one, in order, once.

A message is stored before anything else. Whoever then holds the conversation's lease – a row in
the database, so it counts across processes – calls Rasa and stores the replies and the mark
``answered`` in one transaction. A process that dies in between leaves the message ``received``
and a lease that runs out; the worker finds it and asks again with ``retry: true``, upon which
Rasa's channel repeats what it already answered instead of handling the message twice.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from sqlalchemy import or_, select, update

from services.channels import store
from services.channels.drafts import Drafts
from services.channels.hub import Hub
from services.channels.rasa import (
    Answer,
    RasaAway,
    RasaClient,
    RasaRefused,
    Redirected,
    Reply,
    Understood,
)
from services.channels.tables import ConversationRow, MessageRow
from services.channels.texts import Texts
from services.clock import Clock
from services.db import Database, Session

log = logging.getLogger(__name__)

RETRY_S = (2, 5, 10, 20, 30, 60)
"""Seconds until Rasa is asked again, by attempt; the last one repeats until it answers."""
MAX_REFUSALS = 5
"""After so many errors about one message it goes to a person, or it would block all that follow."""
LEASE_MARGIN_S = 5.0
"""Seconds a lease outlives the longest call of Rasa."""
LOOK_S = 0.1
"""Seconds between two looks while another process holds the lease."""

Metadata = Callable[[Session, ConversationRow], Awaitable[dict[str, Any]]]
GiveUp = Callable[[Session, ConversationRow, MessageRow], Awaitable[None]]
Redirect = Callable[[Session, ConversationRow, MessageRow, Redirected], Awaitable[None]]
Hear = Callable[[Session, ConversationRow, MessageRow, Understood, str | None], Awaitable[None]]


class Drained(Enum):
    """How handing over a conversation's messages ended."""

    DONE = "done"
    BUSY = "busy"
    """Another process holds the lease."""
    AWAY = "away"
    """Rasa is away; the messages wait."""


@dataclass(frozen=True)
class _Turn:
    conversation_id: str
    message_id: str
    owner: str
    attempts: int
    refusals: int
    body: dict[str, Any]


class Gateway:
    """See the module.

    Args:
        timeout_s: How long to wait for Rasa.
        metadata: Makes the metadata of a message (docs/architecture.md, Gateway → Rasa).
        give_up: Called for a message that Rasa refuses for good, in the transaction that marks
            it answered; tells the resident and brings in a person.
        waits: Called for a message that the bot leaves to a person (human mode), in the transaction
            that marks it answered; tells the resident that it is seen.
        hear: Keeps what was understood, in the same transaction; the last argument is the
            resident's name, when it is known.
        redirected: Keeps that somebody was shown where to go instead of a certificate, in the same
            transaction.
        drafts: Keeps the form that is open after an answer, in the same transaction, and asks about
            one that waits in another channel.
    """

    def __init__(
        self,
        db: Database,
        clock: Clock,
        rasa: RasaClient,
        hub: Hub,
        texts: Texts,
        timeout_s: float,
        metadata: Metadata,
        give_up: GiveUp,
        waits: GiveUp,
        hear: Hear,
        redirected: Redirect,
        drafts: Drafts,
    ) -> None:
        self._db = db
        self._clock = clock
        self._rasa = rasa
        self._hub = hub
        self._texts = texts
        self._timeout_s = timeout_s
        self._metadata = metadata
        self._give_up = give_up
        self._waits = waits
        self._hear = hear
        self._redirected = redirected
        self._drafts = drafts
        self._drains: dict[str, asyncio.Task[Drained]] = {}

    @property
    def lease(self) -> timedelta:
        """How long a lease lasts; longer than any call of Rasa."""
        return timedelta(seconds=self._timeout_s + LEASE_MARGIN_S)

    def first_retry_at(self, now: datetime) -> datetime:
        """When the worker may take a message that its own process has not had answered."""
        return now + self.lease

    async def answer(self, conversation_id: str, message_id: str) -> bool:
        """Try to have a message answered now; False when it must wait for the worker."""
        end = asyncio.get_running_loop().time() + self._timeout_s
        while (left := end - asyncio.get_running_loop().time()) > 0:
            drain = self.drain(conversation_id)
            # Waiting may end early, handing over must not: others wait for the same drain.
            await asyncio.wait([drain], timeout=left)
            if await self._answered(message_id):
                return True
            if drain.done() and drain.result() is Drained.AWAY:
                return False
            await asyncio.sleep(min(LOOK_S, max(left, 0)))
        return await self._answered(message_id)

    def drain(self, conversation_id: str) -> asyncio.Task[Drained]:
        """Hand over what waits in a conversation; one task a conversation in this process."""
        task = self._drains.get(conversation_id)
        if task is None or task.done():
            task = asyncio.create_task(self._drain(conversation_id))
            self._drains[conversation_id] = task
            task.add_done_callback(lambda t: self._forget(conversation_id, t))
        return task

    async def waiting(self, limit: int) -> list[str]:
        """Return conversations with a message whose next attempt is due, oldest first."""
        now = self._clock.now()
        query = (
            select(MessageRow.conversation_id)
            .where(
                MessageRow.state == "received",
                or_(
                    MessageRow.next_attempt_at <= now,
                    # Planned before the clock was set back (test mode).
                    MessageRow.next_attempt_at > now + 2 * self.lease + timedelta(minutes=5),
                ),
            )
            .order_by(MessageRow.created_at)
            .limit(limit)
        )
        async with self._db.read() as s:
            return list(dict.fromkeys((await s.scalars(query)).all()))

    async def close(self) -> None:
        """Wait for calls under way: their answers are worth keeping."""
        if self._drains:
            await asyncio.wait(list(self._drains.values()), timeout=self._timeout_s)

    def _forget(self, conversation_id: str, task: asyncio.Task[Drained]) -> None:
        if self._drains.get(conversation_id) is task:
            del self._drains[conversation_id]

    async def _drain(self, conversation_id: str) -> Drained:
        owner = store.new_id("l")
        turn = await self._begin(conversation_id, owner)
        while isinstance(turn, _Turn):
            try:
                answer = await self._rasa.send(turn.body)
            except (RasaAway, RasaRefused) as e:
                refused = isinstance(e, RasaRefused)
                log.warning("message %s not answered: %s", turn.message_id, e)
                if not refused or turn.refusals + 1 < MAX_REFUSALS:
                    await self._put_back(turn, refused)
                    return Drained.AWAY
                await self._finish(turn, None)
            else:
                await self._finish(turn, answer)
            self._hub.wake(conversation_id)
            turn = await self._begin(conversation_id, owner)
        return turn

    async def _begin(self, conversation_id: str, owner: str) -> _Turn | Drained:
        """Take (or keep) the lease and the oldest waiting message; count the attempt."""
        now = self._clock.now()
        async with self._db.write() as s:
            lease = await s.execute(
                update(ConversationRow)
                .where(
                    ConversationRow.id == conversation_id,
                    or_(
                        ConversationRow.lease_until.is_(None),
                        ConversationRow.lease_owner == owner,
                        ConversationRow.lease_until < now,
                        # Taken before the clock was set back (test mode): it has run out as well.
                        ConversationRow.lease_until > now + 2 * self.lease,
                    ),
                )
                .values(lease_owner=owner, lease_until=now + self.lease)
                .execution_options(synchronize_session=False)
            )
            if lease.rowcount == 0:  # type: ignore[attr-defined]
                return Drained.BUSY
            message = await s.scalar(
                select(MessageRow)
                .where(
                    MessageRow.conversation_id == conversation_id, MessageRow.state == "received"
                )
                .order_by(MessageRow.seq)
                .limit(1)
            )
            if message is None:
                await _release(s, conversation_id, owner)
                return Drained.DONE
            message.attempts += 1
            # While this process lives it retries by itself; the worker comes when it has died.
            message.next_attempt_at = self.first_retry_at(now)
            conversation = await store.conversation(s, conversation_id)
            return _Turn(
                conversation_id=conversation_id,
                message_id=message.id,
                owner=owner,
                attempts=message.attempts,
                refusals=message.refusals,
                body=_body(message, await self._metadata(s, conversation)),
            )

    async def _finish(self, turn: _Turn, answer: Answer | None) -> None:
        """Store the replies (None: Rasa refuses for good) and the mark in one transaction."""
        async with self._db.write() as s:
            # Locks the row first, as every writer of messages does, and proves that the lease is
            # still ours: whoever took it over asks Rasa again and stores the same replies.
            mine = await s.execute(
                update(ConversationRow)
                .where(
                    ConversationRow.id == turn.conversation_id,
                    ConversationRow.lease_owner == turn.owner,
                )
                .values(last_seen_at=self._clock.now())
                .execution_options(synchronize_session=False)
            )
            message = await s.get(MessageRow, turn.message_id)
            if mine.rowcount == 0 or message is None or message.state != "received":  # type: ignore[attr-defined]
                return
            message.state = "answered"
            conversation = await store.conversation(s, turn.conversation_id)
            if answer is None:
                await self._give_up(s, conversation, message)
                return
            if answer.understood is not None:
                name = turn.body["metadata"]["resident"]["name"]
                await self._hear(s, conversation, message, answer.understood, name)
            if not answer.messages and conversation.mode == "bot":
                said = self._texts.say("no_answer", conversation.elder)
                await store.append(
                    s,
                    turn.conversation_id,
                    sender="system",
                    now=self._clock.now(),
                    text=said.text,
                    buttons=said.buttons,
                    reply_to=message.id,
                )
            elif not answer.messages:
                await self._waits(s, conversation, message)
            for reply in answer.messages:
                conversation.elder = _reading(reply, conversation.elder)
                await store.append(
                    s,
                    turn.conversation_id,
                    sender="bot",
                    now=self._clock.now(),
                    reply_to=message.id,
                    **_columns(reply),
                )
            shown = (r.custom.redirected for r in answer.messages if r.custom is not None)
            if redirected := next(filter(None, shown), None):
                await self._redirected(s, conversation, message, redirected)
            now = self._clock.now()
            if answer.tells_draft:
                await self._drafts.keep(s, turn.conversation_id, answer.draft, now)
            await self._drafts.ask(s, conversation, answer, message.id, now)

    async def _put_back(self, turn: _Turn, refused: bool) -> None:
        wait = RETRY_S[min(turn.attempts, len(RETRY_S)) - 1]
        async with self._db.write() as s:
            await store.lock(s, turn.conversation_id)
            await s.execute(
                update(MessageRow)
                .where(MessageRow.id == turn.message_id, MessageRow.state == "received")
                .values(
                    next_attempt_at=self._clock.now() + timedelta(seconds=wait),
                    refusals=turn.refusals + int(refused),
                )
            )
            await _release(s, turn.conversation_id, turn.owner)

    async def _answered(self, message_id: str) -> bool:
        async with self._db.read() as s:
            state = await s.scalar(select(MessageRow.state).where(MessageRow.id == message_id))
        return state == "answered"


async def _release(session: Session, conversation_id: str, owner: str) -> None:
    await session.execute(
        update(ConversationRow)
        .where(ConversationRow.id == conversation_id, ConversationRow.lease_owner == owner)
        .values(lease_owner=None, lease_until=None)
        .execution_options(synchronize_session=False)
    )


def _body(message: MessageRow, metadata: dict[str, Any]) -> dict[str, Any]:
    """Return the request to Rasa (docs/architecture.md, Gateway → Rasa)."""
    if message.attachment_id:
        metadata["attachments"] = [message.attachment_id]
    if message.location:
        metadata["location"] = message.location
    return {
        "sender": message.conversation_id,
        "message_id": message.id,
        "kind": message.kind,
        "text": message.payload if message.kind == "payload" else message.text,
        "retry": message.attempts > 1,
        "metadata": metadata,
    }


def _reading(reply: Reply, elder: bool) -> bool:
    """Return the elder mode after an answer: its card ``reading`` switches it, else it stays."""
    card = (reply.custom.card if reply.custom else None) or {}
    return bool(card.get("elder")) if card.get("type") == "reading" else elder


def _columns(reply: Reply) -> dict[str, Any]:
    custom = reply.custom
    return {
        "text": reply.text or "",
        "buttons": [b.model_dump() for b in reply.buttons or []],
        "card": custom.card if custom else None,
        "ticket": custom.ticket if custom else None,
    }
