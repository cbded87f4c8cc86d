"""What residents said, kept redacted, and what followed.

The gateway adds one row in the transaction that marks a message answered
(:func:`services.training.hearing.row_of`). All else – what followed, which group it belongs to, when it
is forgotten – is done by the worker a moment later, or where it happens.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, delete, exists, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from services.channels.rasa import Understood
from services.channels.tables import ConversationRow, MessageRow
from services.clock import Clock
from services.config import Settings
from services.db import Database, Session
from services.training import groups, hearing
from services.training.heard_tables import GroupRow, HeardRow, OutcomeRow, RefusalRow, SuggestionRow
from services.training.knowledge import Knowledge
from services.training.outcomes import Outcome

if TYPE_CHECKING:
    from services.context import Services

log = logging.getLogger(__name__)

BATCH = 5
"""Messages in one transaction: on SQLite residents wait for it."""
FORGOTTEN_AT_ONCE = 200
ASK_HUMAN = "ask_human"


class HeardService:
    """See the module."""

    def __init__(
        self, settings: Settings, db: Database, clock: Clock, knowledge: Knowledge
    ) -> None:
        self._db = db
        self._clock = clock
        self._locality = settings.locality
        self._keep_for = timedelta(days=settings.heard_days)
        self.knowledge = knowledge

    # -- gateway -----------------------------------------------------------------------------

    async def keep(
        self,
        session: Session,
        conversation: ConversationRow,
        message: MessageRow,
        understood: Understood,
        name: str | None,
    ) -> None:
        """Keep what was understood of a message, in the transaction that marks it answered.

        Never an error: the resident's answer must not be lost because of what is only for learning.
        Nothing is kept of who has refused (:meth:`refuse`).

        Args:
            name: The resident's own name, when it is known.
        """
        try:
            row = hearing.row_of(
                understood,
                self.knowledge.wording,
                message_id=message.id,
                conversation_id=conversation.id,
                channel=conversation.channel,
                mode=conversation.mode,
                locality=self._locality,
                at=self._clock.now(),
                name=name,
            )
        except Exception:
            log.exception("message %s is not kept for learning", message.id)
            return
        if row is not None and await self.refused(session, [conversation.id]) is None:
            session.add(row)

    # -- worker ------------------------------------------------------------------------------

    async def digest(self) -> int:
        """Look at messages that are new: what they say about the one before, which group is theirs.

        Returns:
            How many were looked at.
        """
        new = select(HeardRow.id).where(HeardRow.group_id.is_(None)).order_by(HeardRow.id)
        async with self._db.read() as s:
            if await s.scalar(new.limit(1)) is None:
                return 0
        async with self._db.write() as s:
            await groups.lock(s)
            ids = (await s.scalars(new.limit(BATCH))).all()
            for heard_id in ids:
                row = await s.get_one(HeardRow, heard_id)
                if await self.refused(s, [row.conversation_id]) is None:
                    await self._look_at(s, row)
                else:  # it was being answered in one channel while they refused in another
                    await self._delete(s, [row.id])
        return len(ids)

    async def _look_at(self, session: Session, row: HeardRow) -> None:
        done = self.knowledge.outcomes.of_actions(row.actions)
        if done is not None:
            await self._note(session, row, done, row.at)
        before = await self._before(session, row.conversation_id, row.at, row.id)
        if before is not None:
            known = await self._outcomes(session, before.id)
            said = self.knowledge.outcomes.of_next(row.text, row.intent, known)
            if said is None and row.intent == ASK_HUMAN:
                said = "handed_off"
            if said is not None:
                await self.note(session, before, said, row.at)
        await groups.place(session, row, self.knowledge)

    async def forget(self) -> int:
        """Delete what is older than ``LINDA_HEARD_DAYS`` and teaches nothing.

        Returns:
            How many messages are gone.
        """
        until = self._clock.now() - self._keep_for
        teaches = exists().where(GroupRow.id == HeardRow.group_id, GroupRow.state == "decided")
        old = select(HeardRow.id).where(HeardRow.at < until, ~teaches).limit(FORGOTTEN_AT_ONCE)
        async with self._db.read() as s:
            if await s.scalar(old.limit(1)) is None:
                return 0
        async with self._db.write() as s:
            await groups.lock(s)
            ids = (await s.scalars(old)).all()
            await self._delete(s, ids)
        return len(ids)

    async def erase(self, session: Session, conversation_ids: Sequence[str]) -> None:
        """Delete everything kept of conversations, also what was taught from it alone.

        In the caller's transaction: their resident wants to be forgotten.
        """
        await groups.lock(session)
        mine = select(HeardRow.id).where(HeardRow.conversation_id.in_(conversation_ids))
        await self._delete(session, (await session.scalars(mine)).all())

    # -- refusals ----------------------------------------------------------------------------

    async def refuse(self, session: Session, conversation_ids: Sequence[str], version: str) -> None:
        """Take nothing that is said in conversations for learning any more, and erase what was.

        In the caller's transaction; twice is once. Holds until it is taken back (:meth:`allow`), also
        when the resident has their data erased or parts their channels.

        Args:
            session: The transaction.
            conversation_ids: All of the resident's.
            version: Of the words with which it was confirmed.
        """
        standing = select(RefusalRow.conversation_id).where(
            RefusalRow.conversation_id.in_(conversation_ids), RefusalRow.withdrawn_at.is_(None)
        )
        known = set(await session.scalars(standing))
        now = self._clock.now()
        session.add_all(
            RefusalRow(conversation_id=id, version=version, given_at=now)
            for id in dict.fromkeys(conversation_ids)
            if id not in known
        )
        await self.erase(session, conversation_ids)

    async def allow(self, session: Session, conversation_ids: Sequence[str]) -> None:
        """Take a refusal back: what is said from now on may be learned from; the record stays."""
        await session.execute(
            update(RefusalRow)
            .where(RefusalRow.id.in_(_refusals_of(conversation_ids)))
            .values(withdrawn_at=self._clock.now())
            .execution_options(synchronize_session=False)
        )

    async def refused(self, session: Session, conversation_ids: Sequence[str]) -> datetime | None:
        """Return since when nothing is learned from the resident of conversations; None: it may be.

        What was said in one of a resident's conversations holds in all of them.
        """
        return await session.scalar(
            select(func.min(RefusalRow.given_at)).where(
                RefusalRow.id.in_(_refusals_of(conversation_ids))
            )
        )

    async def spread(self, session: Session, conversation_ids: Sequence[str]) -> None:
        """Let a refusal in one of these conversations hold in each, as they are one person's now."""
        standing = select(RefusalRow.version).where(
            RefusalRow.id.in_(_refusals_of(conversation_ids))
        )
        version = await session.scalar(standing.limit(1))
        if version is not None:
            await self.refuse(session, conversation_ids, version)

    async def count(self, session: Session, conversation_ids: Sequence[str]) -> int:
        """Return how many messages of conversations are kept."""
        mine = HeardRow.conversation_id.in_(conversation_ids)
        return int(await session.scalar(select(func.count()).where(mine)) or 0)

    async def _delete(self, session: Session, ids: Sequence[int]) -> None:
        touched = set(
            await session.scalars(select(HeardRow.group_id).where(HeardRow.id.in_(ids)).distinct())
        )
        await session.execute(delete(OutcomeRow).where(OutcomeRow.heard_id.in_(ids)))
        await session.execute(delete(SuggestionRow).where(SuggestionRow.heard_id.in_(ids)))
        await session.execute(delete(HeardRow).where(HeardRow.id.in_(ids)))
        for group_id in touched - {None}:
            await groups.shrink(session, await session.get_one(GroupRow, group_id), self.knowledge)

    # -- what followed -----------------------------------------------------------------------

    async def off_topic(self, session: Session, message_id: str) -> None:
        """The resident says that the answer to this message had nothing to do with it."""
        await groups.lock(session)
        row = await self.of_message(session, message_id)
        if row is not None:
            await self.note(session, row, "off_topic", self._clock.now())

    async def useful(self, session: Session, message_id: str) -> None:
        """The resident says that the answer to this message helped."""
        await groups.lock(session)
        row = await self.of_message(session, message_id)
        if row is not None:
            await self.note(session, row, "useful", self._clock.now())

    async def handed_off(self, session: Session, conversation_id: str) -> None:
        """A person was asked for: what was said last had not been settled."""
        await groups.lock(session)
        row = await self._before(session, conversation_id, self._clock.now())
        if row is not None:
            await self.note(session, row, "handed_off", self._clock.now())

    async def note(self, session: Session, row: HeardRow, outcome: Outcome, at: datetime) -> None:
        """Add what followed a message, once; the order of its group follows (caller holds the lock)."""
        await self._note(session, row, outcome, at)
        if row.group_id is not None:
            group = await session.get_one(GroupRow, row.group_id)
            await groups.recount(session, group, self.knowledge)

    async def _note(self, session: Session, row: HeardRow, outcome: Outcome, at: datetime) -> None:
        dialect = session.get_bind().dialect.name
        insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
        values = {"heard_id": row.id, "outcome": outcome, "at": at}
        await session.execute(insert(OutcomeRow).values(values).on_conflict_do_nothing())

    async def _before(
        self, session: Session, conversation_id: str, at: datetime, but: int | None = None
    ) -> HeardRow | None:
        """The message that something said at this time is about, when that is not too long ago."""
        query = (
            select(HeardRow)
            .where(
                HeardRow.conversation_id == conversation_id,
                HeardRow.at <= at,
                HeardRow.at > at - self.knowledge.outcomes.within,
            )
            .order_by(HeardRow.at.desc(), HeardRow.id.desc())
            .limit(1)
        )
        if but is not None:
            query = query.where(HeardRow.id < but)
        return (await session.scalars(query)).first()

    async def _outcomes(self, session: Session, heard_id: int) -> set[str]:
        query = select(OutcomeRow.outcome).where(OutcomeRow.heard_id == heard_id)
        return set(await session.scalars(query))

    def watches(self, event: str) -> bool:
        """Whether an event of a ticket may say something about what was understood."""
        return event in self.knowledge.outcomes.watched

    async def of_message(self, session: Session, message_id: str) -> HeardRow | None:
        """Return what is kept of a message."""
        return await session.scalar(select(HeardRow).where(HeardRow.message_id == message_id))

    # -- tickets -----------------------------------------------------------------------------

    async def ticket_changed(self, payload: Mapping[str, Any], filed_at: datetime) -> None:
        """Staff sent a ticket elsewhere than what the model had understood.

        Args:
            payload: Of topic ``ticket.changed``.
            filed_at: When the ticket was filed.
        """
        data = payload.get("data") or {}
        async with self._db.write() as s:
            await groups.lock(s)
            row = await self.told(s, str(payload["conversation_id"]), filed_at)
            if row is None:
                return
            understood = self.knowledge.labels.shown_leaf(row.intent, row.leaf)
            if self.knowledge.outcomes.redispatches(payload["event"], data.get("leaf"), understood):
                await self.note(s, row, "redispatched", self._clock.now())

    async def told(
        self, session: Session, conversation_id: str, filed_at: datetime
    ) -> HeardRow | None:
        """The message that a ticket was written from: the last one with a leaf before it was filed."""
        query = (
            select(HeardRow)
            .where(
                HeardRow.conversation_id == conversation_id,
                HeardRow.leaf.is_not(None),
                HeardRow.intent.in_(self.knowledge.labels.with_leaf),
                HeardRow.at <= filed_at + _FILING,
                HeardRow.at > filed_at - self.knowledge.outcomes.ticket_within,
            )
            .order_by(HeardRow.at.desc(), HeardRow.id.desc())
            .limit(1)
        )
        return (await session.scalars(query)).first()


def _refusals_of(conversation_ids: Sequence[str]) -> Select[int]:
    """Return the standing refusals in conversations and in the others of their resident."""
    whose = select(ConversationRow.resident_id).where(
        ConversationRow.id.in_(conversation_ids), ConversationRow.resident_id.is_not(None)
    )
    all_of_them = select(ConversationRow.id).where(ConversationRow.resident_id.in_(whose))
    return select(RefusalRow.id).where(
        or_(
            RefusalRow.conversation_id.in_(conversation_ids),
            RefusalRow.conversation_id.in_(all_of_them),
        ),
        RefusalRow.withdrawn_at.is_(None),
    )


_FILING = timedelta(seconds=30)
"""The message that completes a form is marked answered after its ticket is filed."""


async def on_ticket_changed(services: Services, payload: Mapping[str, Any]) -> None:
    """Note what staff did to a ticket that the bot had filed (topic ``ticket.changed``)."""
    conversation_id = payload.get("conversation_id")
    by_staff = (payload.get("data") or {}).get("actor_kind") == "staff"
    if not conversation_id or not by_staff:
        return
    if not services.heard.watches(str(payload["event"])):
        return
    ticket = await services.tickets.resident_get(str(payload["ticket_no"]), conversation_id)
    await services.heard.ticket_changed(payload, datetime.fromisoformat(ticket["created_at"]))
