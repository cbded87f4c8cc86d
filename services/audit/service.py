"""Sealing records into the chain, and finding what was done to them behind its back."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

from sqlalchemy import ColumnElement, Table, exists, func, insert, select

from services.audit import chain, journal
from services.audit.tables import AuditAnchorRow, AuditEntryRow, AuditHeadRow, AuditSealRow
from services.clock import ZONE, Clock
from services.db import Database, Session
from services.people.model import Staff
from services.people.roles import roles
from services.people.service import PeopleService
from services.tickets.tables import TicketEventRow

BATCH = 1000
LATE = 500
"""So far beneath the newest sealed number a record may still appear: it was numbered before others and
committed after them. What appears further down was put there by other means."""
PAGE = 5000
MOST_TOLD = 200
"""Findings that are told one by one; more are only counted."""

SOURCES: Mapping[str, tuple[Any, Any]] = {
    "event": (TicketEventRow, chain.event_parts),
    "entry": (AuditEntryRow, chain.entry_parts),
}
_SEALS: Table = AuditSealRow.__table__  # type: ignore[assignment]


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong: a link's position (None: outside the chain) and what was found."""

    position: int | None
    text: str


@dataclass
class Report:
    """What a verification found; ``head`` is the last hash, to be written down elsewhere."""

    checked: int = 0
    waiting: int = 0
    count: int = 0
    findings: list[Finding] = field(default_factory=list)
    head: str = chain.START
    position: int = 0

    def add(self, position: int | None, text: str) -> None:
        """Take note of a finding."""
        self.count += 1
        if len(self.findings) < MOST_TOLD:
            self.findings.append(Finding(position, text))


class AuditService:
    """The chain over ticket events and audit entries (docs/adr/0014)."""

    def __init__(self, db: Database, clock: Clock, people: PeopleService) -> None:
        self._db = db
        self._clock = clock
        self._people = people

    # ── sealing ─────────────────────────────────────────────────────────────────────────────

    async def seal(self) -> int:
        """Add the next records to the chain, at most ``BATCH`` of each kind; return how many.

        Records are sealed after they are committed, by one process at a time: who writes a ticket never
        waits for the chain.
        """
        async with self._db.read() as s:
            head = await s.get(AuditHeadRow, 1)
            upto = (head.events_upto, head.entries_upto) if head else (0, 0)
            newest = (await _newest(s, TicketEventRow.id), await _newest(s, AuditEntryRow.id))
        if newest == upto:
            return 0
        async with self._db.write() as s:
            return await self._seal(s)

    async def _seal(self, s: Session) -> int:
        now = self._clock.now()
        head = await s.get(AuditHeadRow, 1, with_for_update=True)
        if head is None:
            head = AuditHeadRow(
                id=1, position=0, hash=chain.START, events_upto=0, entries_upto=0, mac=""
            )
            s.add(head)
            await (
                s.flush()
            )  # a second process that begins at this moment fails here and comes again
        links: list[dict[str, Any]] = []
        position, before = head.position, head.hash
        for source, upto in (("event", head.events_upto), ("entry", head.entries_upto)):
            for row in await _unsealed(s, source, upto - LATE):
                position += 1
                made = self._link(source, row, position, before, now)
                before = made["hash"]
                links.append(made)
                if source == "event":
                    head.events_upto = max(head.events_upto, row["id"])
                else:
                    head.entries_upto = max(head.entries_upto, row["id"])
        if links:
            await s.execute(insert(_SEALS), links)
            head.position, head.hash, head.mac = position, before, self._mac(position, before)
            await s.merge(
                AuditAnchorRow(
                    day=now.date(), position=position, hash=before,
                    mac=self._mac(position, before, now.date()),
                )
            )  # fmt: skip
        return len(links)

    def _link(
        self, source: str, row: Mapping[str, Any], position: int, before: str, now: datetime
    ) -> dict[str, Any]:
        kept, content = SOURCES[source][1](row)
        salt = secrets.token_hex(16)
        hashes = chain.digest(kept), chain.digest(content, salt)
        return {
            "position": position, "source": source, "row_id": row["id"], "sealed_at": now,
            "kept": hashes[0], "content": hashes[1], "salt": salt, "erased_by": None, "before": before,
            "hash": chain.link(before, position, source, row["id"], *hashes, now),
        }  # fmt: skip

    def _mac(self, position: int, hash: str, day: date | None = None) -> str:
        """Sign a point of the chain with the installation's key, which the database does not know."""
        return self._people.vault.fingerprint(f"audit:{position}:{hash}:{day or ''}")

    # ── verifying ───────────────────────────────────────────────────────────────────────────

    async def head(self) -> tuple[int, str]:
        """Return position and hash of the chain's last link, to be written down elsewhere."""
        async with self._db.read() as s:
            row = await s.get(AuditHeadRow, 1)
        return (row.position, row.hash) if row is not None else (0, chain.START)

    async def verify(
        self, first: date | None = None, last: date | None = None,
        written: Sequence[tuple[int, str]] = (),
    ) -> Report:  # fmt: skip
        """Check the chain and every record in it.

        Args:
            first: Only what was sealed from this day on; the link before it is taken as it stands.
            last: Only what was sealed up to this day.
            written: Heads (position, hash) that were written down outside the database: the chain
                must still pass through them. Who has database and key can make a chain that holds in
                itself, but not one that holds these.

        Returns:
            What was changed, deleted, inserted or put in another order, by position and record.
        """
        report = Report()
        async with self._db.read() as s:
            await self._check_links(s, report, first, last)
            await self._check_marks(s, report, last)
            await self._check_written(s, report, written)
            await self._check_outside(s, report)
        return report

    async def _check_links(
        self, s: Session, report: Report, first: date | None, last: date | None
    ) -> None:
        steps: dict[str, int] | None = {} if first is None else None
        erasers: dict[int, frozenset[str] | None] = {}
        expected: tuple[int, str] | None = (0, chain.START) if first is None else None
        async for seal, row in _links(s, _between(first, last)):
            position = seal["position"]
            if expected is not None and (position, seal["before"]) != (
                expected[0] + 1, expected[1],
            ):  # fmt: skip
                report.add(position, _gap(expected[0], position))
            made = chain.link(
                seal["before"], position, seal["source"], seal["row_id"], seal["kept"],
                seal["content"], seal["sealed_at"],
            )  # fmt: skip
            if made != seal["hash"]:
                report.add(position, "封条本身被改过")
            expected = (position, seal["hash"])
            report.checked += 1
            report.position, report.head = expected
            for text in await self._faults(s, seal, row, erasers):
                report.add(position, text)
            if steps is not None and row is not None and seal["source"] == "event":
                number, seq = row["ticket_no"], row["seq"]
                if seq != steps.get(number, 0) + 1:
                    report.add(
                        position,
                        f"工单{number}的第{seq}步次序不对（前面是第{steps.get(number, 0)}步）",
                    )
                steps[number] = seq

    async def _faults(
        self, s: Session, seal: Mapping[str, Any], row: Mapping[str, Any] | None,
        erasers: dict[int, frozenset[str] | None],
    ) -> list[str]:  # fmt: skip
        name = _name(seal, row)
        if row is None:
            return [f"{name}被删除"]
        kept, content = SOURCES[seal["source"]][1](row)
        if chain.digest(kept) != seal["kept"]:
            return [f"{name}被改过"]
        if seal["salt"] is not None:
            changed = chain.digest(content, seal["salt"]) != seal["content"]
            return [f"{name}的内容被改过"] if changed else []
        by = seal["erased_by"]
        if by not in erasers:
            erasers[by] = await _erased(s, by)
        covered = erasers[by]
        if covered is None or row.get("ticket_no") not in covered:
            return [f"{name}的内容被抹去，没有清除记录"]
        return []

    async def _check_marks(self, s: Session, report: Report, last: date | None) -> None:
        """The chain reaches the signed head, and passes through every signed day."""
        head = await s.get(AuditHeadRow, 1)
        if head is None:
            if report.checked:
                report.add(None, "链头的记录不见了")
            return
        if head.position and head.mac != self._mac(head.position, head.hash):
            report.add(None, "链头的签名不对")
        end = await s.scalar(select(func.max(AuditSealRow.position))) or 0
        if end != head.position:
            report.add(None, f"链尾不对：应到第{head.position}条，现在到第{end}条")
        anchors = select(AuditAnchorRow).order_by(AuditAnchorRow.day)
        for anchor in await s.scalars(anchors):
            if last is not None and anchor.day > last:
                continue
            there = await s.scalar(
                select(AuditSealRow.hash).where(AuditSealRow.position == anchor.position)
            )
            signed = anchor.mac == self._mac(anchor.position, anchor.hash, anchor.day)
            if not signed or there != anchor.hash:
                report.add(anchor.position, f"与{anchor.day}的日结不符")

    async def _check_written(
        self, s: Session, report: Report, written: Sequence[tuple[int, str]]
    ) -> None:
        for position, hash in written:
            there = chain.START
            if position:
                there = (
                    await s.scalar(
                        select(AuditSealRow.hash).where(AuditSealRow.position == position)
                    )
                    or ""
                )
            if not there:
                report.add(position, "记下来的这一条没有了：链尾被截掉，或者整个库退回过")
            elif there != hash:
                report.add(position, "和记下来的不一样：从这一条或更早起被整个重做过")

    async def _check_outside(self, s: Session, report: Report) -> None:
        """Records without a seal: the newest still wait for it, others were put there."""
        head = await s.get(AuditHeadRow, 1)
        for source, (table, _) in SOURCES.items():
            upto = (
                0 if head is None else head.events_upto if source == "event" else head.entries_upto
            )
            query = select(table.id).where(_no_seal(source, table)).order_by(table.id)
            for id in await s.scalars(query):
                if id > upto - LATE:
                    report.waiting += 1
                else:
                    report.add(
                        None, f"{'工单事件' if source == 'event' else '审计记录'}{id}是后来插进去的"
                    )

    # ── looks ───────────────────────────────────────────────────────────────────────────────

    async def viewed(self, staff: Staff, subject: str) -> None:
        """Keep that somebody opened what shows a person; again within ten minutes is the same look."""
        if roles().roles[staff.role].content == "none":
            return
        await self._once(staff, subject, "view")

    async def printed(self, staff: Staff, subject: str) -> None:
        """Keep that somebody opened a sheet to print it; again within ten minutes is the same sheet."""
        await self._once(staff, subject, "print")

    async def _once(self, staff: Staff, subject: str, action: str) -> None:
        now = self._clock.now()
        async with self._db.read() as s:
            if await journal.seen(s, now, staff, subject, action):
                return
        async with self._db.write() as s:
            await journal.note(s, now, staff, action, subject)

    # ── reading ─────────────────────────────────────────────────────────────────────────────

    async def entries(
        self, subject: str | None = None, who: str | None = None, limit: int = 200,
        *, action: str | None = None, before: int | None = None,
    ) -> Sequence[AuditEntryRow]:  # fmt: skip
        """Return entries, newest first, narrowed by what is given; ``before``: with smaller numbers."""
        query = select(AuditEntryRow).order_by(AuditEntryRow.id.desc()).limit(limit)
        if subject:
            query = query.where(AuditEntryRow.subject == subject)
        if who:
            query = query.where(AuditEntryRow.who == who)
        if action:
            query = query.where(AuditEntryRow.action == action)
        if before:
            query = query.where(AuditEntryRow.id < before)
        async with self._db.read() as s:
            return list(await s.scalars(query))


async def erase_content(
    s: Session, ticket_nos: Sequence[str], entry_id: int, seqs: Sequence[int] | None = None
) -> None:
    """Forget the salts of tickets' events, in the transaction that erases their content.

    Args:
        s: The transaction.
        ticket_nos: Tickets that the entry names in ``data["tickets"]``.
        entry_id: The entry that says who erased them and why.
        seqs: Only these steps of them; None: all.
    """
    ids = select(TicketEventRow.id).where(TicketEventRow.ticket_no.in_(ticket_nos))
    if seqs is not None:
        ids = ids.where(TicketEventRow.seq.in_(seqs))
    await s.execute(
        _SEALS.update()
        .where(_SEALS.c.source == "event", _SEALS.c.row_id.in_(ids))
        .values(salt=None, erased_by=entry_id)
    )


async def _newest(s: Session, column: Any) -> int:
    return int(await s.scalar(select(func.max(column))) or 0)


def _no_seal(source: str, table: Any) -> ColumnElement[bool]:
    return ~exists().where(AuditSealRow.source == source, AuditSealRow.row_id == table.id)


async def _unsealed(s: Session, source: str, above: int) -> list[Mapping[str, Any]]:
    table = SOURCES[source][0]
    query = (
        select(table.__table__)
        .where(table.id > above, _no_seal(source, table))
        .order_by(table.id)
        .limit(BATCH)
    )
    return [dict(row) for row in (await s.execute(query)).mappings()]


def _between(first: date | None, last: date | None) -> list[ColumnElement[bool]]:
    where: list[ColumnElement[bool]] = []
    if first is not None:
        where.append(AuditSealRow.sealed_at >= datetime.combine(first, time.min, ZONE))
    if last is not None:
        where.append(AuditSealRow.sealed_at <= datetime.combine(last, time.max, ZONE))
    return where


async def _links(
    s: Session, where: list[ColumnElement[bool]]
) -> AsyncIterator[tuple[Mapping[str, Any], Mapping[str, Any] | None]]:
    """Yield the links in order, each with its record, a page at a time."""
    after = 0
    while True:
        query = select(_SEALS).where(_SEALS.c.position > after, *where)
        page = (await s.execute(query.order_by(_SEALS.c.position).limit(PAGE))).mappings().all()
        if not page:
            return
        rows: dict[tuple[str, int], Mapping[str, Any]] = {}
        for source, (table, _) in SOURCES.items():
            ids = [p["row_id"] for p in page if p["source"] == source]
            if ids:
                found = select(table.__table__).where(table.id.between(min(ids), max(ids)))
                for row in (await s.execute(found)).mappings():
                    rows[source, row["id"]] = dict(row)
        for seal in page:
            yield dict(seal), rows.get((seal["source"], seal["row_id"]))
        after = page[-1]["position"]


async def _erased(s: Session, entry_id: int | None) -> frozenset[str] | None:
    """Return which tickets an entry says it has erased; None when there is no such entry."""
    row = await s.get(AuditEntryRow, entry_id) if entry_id is not None else None
    words = row is not None and (row.action, row.subject) == ("purge", "class:narrative")
    if row is None or not (words or row.action in ("dsar.erase", "consent.withdraw")):
        return None
    return frozenset(row.data.get("tickets", ()))


def _gap(before: int, position: int) -> str:
    if position > before + 1:
        return f"第{before + 1}条到第{position - 1}条的封条不见了"
    return "接不上前一条：封条被改过或换了次序"


def _name(seal: Mapping[str, Any], row: Mapping[str, Any] | None) -> str:
    if seal["source"] == "entry":
        return f"审计记录{seal['row_id']}"
    if row is None:
        return f"工单事件{seal['row_id']}"
    return f"工单{row['ticket_no']}第{row['seq']}步（事件{seal['row_id']}）"
