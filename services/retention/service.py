"""Erasing what is due: by hand with ``linda purge``, every night by the worker."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from sqlalchemy import exists, or_, select

from services.audit import journal
from services.audit.tables import AuditEntryRow
from services.channels.tables import ConversationRow
from services.config import Settings
from services.consents.rules import load_rules as consent_rules
from services.people import residents
from services.people.tables import ResidentRow
from services.retention import consents
from services.retention import tickets as erasing
from services.retention.pending import Pending
from services.retention.rows import ROWS
from services.retention.rules import KeptClass, Kind, Rules, load_rules
from services.retention.tables import TombstoneRow
from services.tickets import store
from services.tickets.tables import TicketContactRow

if TYPE_CHECKING:
    from services.channels.service import ChannelService
    from services.clock import Clock
    from services.db import Database, Session
    from services.tickets.core.ticket import Ticket

EXAMPLES = 5
BATCH = 200
"""Things erased in one transaction, under one audit entry."""


@dataclass(frozen=True)
class Due:
    """What is due, or was erased, of one class; ``days``: after how many.

    ``refs`` are its ids, of rows that nothing hangs on only some.
    """

    kind: Kind | Literal["once"]
    name: str
    days: int
    refs: tuple[str, ...]
    count: int

    @property
    def examples(self) -> tuple[str, ...]:
        """A few ids, to look at before it is done."""
        return self.refs[:EXAMPLES]


class RetentionService:
    """Keeps to ``data/retention.yml``. What is held as evidence is never touched."""

    def __init__(
        self, settings: Settings, db: Database, clock: Clock, channels: ChannelService
    ) -> None:
        self._db = db
        self._clock = clock
        self._channels = channels
        self._file = settings.data_dir / "retention.yml"
        self.rules: Rules = load_rules(self._file)
        self.consents = consent_rules(settings.data_dir)
        self.pending = Pending(db, clock, channels, self.consents)

    async def due(self) -> list[Due]:
        """Return what is due now, by class, changing nothing."""
        async with self._db.read() as s:
            told = await consents.once_due(s, self.consents, self._clock.now())
            once = self._once(sorted({row.ticket_no for row in told}))
            return [once, *[await self._due(s, kind) for kind in self.rules.classes]]

    async def purge(self, who: tuple[str, str, str] = journal.SYSTEM) -> list[Due]:
        """Erase what is due; return what was erased, by class.

        Each batch is one transaction with its audit entry and tombstones: stopped in between, the rest is
        done the next time.
        """
        async with self._db.write() as s:
            # First: what joins a person's channels may be erased below.
            told = await consents.once_over(s, self.consents, self._clock.now())
        done = [self._once(told)]
        for kind in self.rules.classes:
            async with self._db.read() as s:
                due = await self._due(s, kind)
            if due.count:
                await self._erase(kind, due, who)
            done.append(due)
        await self.pending.work()
        return done

    async def nightly(self) -> int:
        """Purge once a night after the hour of the rules; return 0, as the night's work calls for no more."""
        now = self._clock.now()
        start = datetime.combine(now.date(), self.rules.nightly_at, now.tzinfo)
        if now < start:
            return 0
        subject = f"night:{now.date()}"
        async with self._db.read() as s:
            ran = select(AuditEntryRow.id).where(
                AuditEntryRow.subject == subject, AuditEntryRow.action == "purge"
            )
            if await s.scalar(ran.limit(1)) is not None:
                return 0
        done = await self.purge()
        async with self._db.write() as s:
            counts = {d.kind: d.count for d in done if d.count}
            await journal.note(s, now, journal.SYSTEM, "purge", subject, counts=counts)
        return 0

    def _once(self, refs: Sequence[str]) -> Due:
        """What was told for one order only (``dialogue/consents.yml``), by the orders that told it."""
        rules = self.consents
        return Due("once", rules.once_name, rules.once_days, tuple(refs), len(refs))

    # ── by class ────────────────────────────────────────────────────────────────────────────

    async def _due(self, s: Session, kind: Kind) -> Due:
        rule = self.rules.classes[kind]
        if kind in ("narrative", "contact", "attachment"):
            refs = await _TICKETS[kind](s, await erasing.ended(s, kind, self._before(rule)))
        elif kind == "profile":
            refs = await self._profiles(s, self._before(rule))
        elif kind == "conversation":
            refs = await self._conversations(s, self._before(rule))
        else:
            rows = ROWS[kind](self._before(rule))
            return Due(
                kind, rule.name, rule.days, await rows.examples(s, EXAMPLES), await rows.count(s)
            )
        return Due(kind, rule.name, rule.days, tuple(refs), len(refs))

    def _before(self, rule: KeptClass) -> datetime:
        return rule.before(self._clock.now())

    async def _profiles(self, s: Session, before: datetime) -> list[str]:
        known = or_(
            ResidentRow.name_enc.is_not(None), ResidentRow.phone_enc.is_not(None),
            ResidentRow.home.is_not(None),
        )  # fmt: skip
        seen = exists().where(
            ConversationRow.resident_id == ResidentRow.id, ConversationRow.last_seen_at >= before
        )
        query = select(ResidentRow.id).where(ResidentRow.updated_at < before, known, ~seen)
        ids = list(await s.scalars(query.order_by(ResidentRow.id)))
        return [id for id in ids if not await store.binds(s, (), id)]

    async def _conversations(self, s: Session, before: datetime) -> list[str]:
        # Who writes again in one that was erased begins anew in it.
        gone = exists().where(
            TombstoneRow.kind == "conversation", TombstoneRow.ref == ConversationRow.id,
            TombstoneRow.at > ConversationRow.last_seen_at,
        )  # fmt: skip
        query = select(ConversationRow.id).where(ConversationRow.last_seen_at < before, ~gone)
        return list(await s.scalars(query.order_by(ConversationRow.id)))

    async def _erase(self, kind: Kind, due: Due, who: tuple[str, str, str]) -> None:
        if kind == "conversation":
            for id in due.refs:
                await self._erase_conversation(id, who)
            return
        if kind in ROWS:
            async with self._db.write() as s:
                rows = ROWS[kind](self._before(self.rules.classes[kind]))
                if count := await rows.count(s):
                    await rows.clear(s)
                    await self._note(s, who, kind, count=count)
            return
        for at in range(0, len(due.refs), BATCH):
            refs = due.refs[at : at + BATCH]
            async with self._db.write() as s:
                if kind != "profile":
                    refs = await _still(s, refs)
                named = {"count": len(refs)} | ({} if kind == "profile" else {"tickets": [*refs]})
                entry = await self._note(s, who, kind, **named)
                await self._erase_batch(s, kind, refs, entry)
                await erasing.bury(s, kind, refs, self._clock.now(), entry)

    async def _erase_batch(self, s: Session, kind: Kind, refs: Sequence[str], entry: int) -> None:
        match kind:
            case "narrative":
                await erasing.erase_narratives(s, refs, entry)
            case "contact":
                await erasing.erase_contact(s, refs)
            case "attachment":
                await erasing.erase_photos(s, refs, self._clock.now())
            case _:
                for id in refs:
                    await residents.forget(s, id, self._clock.now())

    async def _erase_conversation(self, id: str, who: tuple[str, str, str]) -> None:
        """Erase one unless somebody needs it, or it is being answered at this moment."""
        if await self._channels.eraser.needed(id):
            return
        async with self._db.write() as s:
            if await self.pending.erase_talk(s, id):
                entry = await self._note(s, who, "conversation", count=1)
                await erasing.bury(s, "conversation", [id], self._clock.now(), entry)

    async def _note(self, s: Session, who: tuple[str, str, str], kind: Kind, **data: Any) -> int:
        basis = self.rules.classes[kind].basis
        return await journal.note(
            s, self._clock.now(), who, "purge", f"class:{kind}", basis, **data
        )


async def _still(s: Session, refs: Sequence[str]) -> tuple[str, ...]:
    """Return those that may be erased at this moment: a hold or a reopening may have come between."""
    kept = []
    for number in refs:
        ticket = await store.load(s, number, lock=True)
        if ticket and await erasing.is_over(s, ticket) and not await erasing.is_held(s, ticket):
            kept.append(number)
    return tuple(kept)


async def _with_contact(s: Session, found: Sequence[Ticket]) -> list[str]:
    numbers = [t.ticket_no for t in found]
    kept: list[str] = []
    for at in range(0, len(numbers), BATCH):
        some = TicketContactRow.ticket_no.in_(numbers[at : at + BATCH])
        kept += await s.scalars(select(TicketContactRow.ticket_no).where(some))
    return sorted(kept)


async def _with_photos(s: Session, found: Sequence[Ticket]) -> list[str]:
    return [t.ticket_no for t in found if t.attachments or t.evidence]


async def _all(s: Session, found: Sequence[Ticket]) -> list[str]:
    return [t.ticket_no for t in found]


_TICKETS: Mapping[str, Callable[[Session, Sequence[Ticket]], Awaitable[list[str]]]] = {
    "contact": _with_contact, "attachment": _with_photos, "narrative": _all,
}  # fmt: skip
