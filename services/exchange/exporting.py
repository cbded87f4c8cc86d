"""Export to the platform: what changed since the last export, as a workbook that can be made again.

Which versions of which tickets an export tells of is kept, not the file: fetched again it is the
same, with the codes (``data/codes.yml``) of then; where those have changed since the last export, the
next one tells every order anew whose codes read differently. Personal columns are masked until the auditor has approved (《个人信息保护法》第二十三条:
what is given to another handler of personal information needs its ground).
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Mapping, Sequence
from io import BytesIO

import xlsxwriter  # type: ignore[import-untyped]
from sqlalchemy import insert, select, update

from services.clock import Clock
from services.db import Database, Session
from services.errors import LindaError
from services.exchange.feedback import VALUES, coded_values, harmless
from services.exchange.importing import platform_of
from services.exchange.mapping import Platform
from services.exchange.tables import ExportRow, LogRow, OrderRow, SentRow
from services.once import Once, keep, made_before
from services.people.crypto import Vault
from services.tickets import store
from services.tickets.core.actor import Actor
from services.tickets.core.fold import fold
from services.tickets.core.leaves import Codes
from services.tickets.core.ticket import Ticket
from services.tickets.tables import TicketContactRow, TicketRow
from services.tickets.views import Clear

CHUNK = 500
MISSING = LindaError("export_not_found", "没有这次导出。", 404)
EXPORT_STATES = {
    "ready": "可以下载",
    "waiting": "等审计批准",
    "refused": "没批准，个人信息遮住",
}


class Exporting:
    """Feedback for platforms.

    All methods raise ``LindaError``: 404 ``unknown_platform`` or ``export_not_found``, 409
    ``not_approved`` or ``decided_already``, 422 ``nothing_new`` or ``reason_missing``.
    """

    def __init__(
        self,
        db: Database,
        clock: Clock,
        vault: Vault,
        platforms: Mapping[str, Platform],
        codes: Codes,
    ) -> None:
        self._db = db
        self._clock = clock
        self._vault = vault
        self._platforms = platforms
        self._codes = codes

    async def make(
        self, source: str, actor: Actor, whole: bool = False, reason: str = "",
        once: Once | None = None,
    ) -> int:  # fmt: skip
        """Fix what the next export tells of; return its number.

        Args:
            whole: Ask the auditor for the personal columns in the clear; needs a reason.
        """
        platform = platform_of(self._platforms, source)
        if whole and not reason.strip():
            raise LindaError(
                "reason_missing", "要带个人信息，请写明用途。", 422, {"reason": "请填写。"}
            )
        now = self._clock.now()
        async with self._db.write() as s:
            if (known := await made_before(once, s, now)) is not None:
                return int(known)
            changed = await self._changed(s, platform)
            if not changed:
                raise LindaError("nothing_new", "上次导出以后没有新的办理结果。", 422)
            row = ExportRow(
                source=source, state="waiting" if whole else "ready", whole=whole,
                reason=reason.strip()[:500], lines=len(changed), at=now, by=actor.id,
                codes=self._codes.kinds,
            )  # fmt: skip
            s.add(row)
            await s.flush()
            await keep(once, s, str(row.id))
            await s.execute(insert(SentRow), [
                {"export": row.id, "at": at, "ref": ref, "ticket_no": t.ticket_no, "version": t.version}
                for at, (ref, t, _) in enumerate(changed)
            ])  # fmt: skip
            for ref, ticket, digest in changed:
                await s.execute(
                    update(OrderRow)
                    .where(OrderRow.source == source, OrderRow.ref == ref)
                    .values(sent_version=ticket.version, sent_digest=digest)
                )
            words = f"第{row.id}次导出（{platform.name}）：{len(changed)}件"
            s.add(LogRow(at=now, by=actor.id, what=words + ("，申请带个人信息" if whole else "")))
            return row.id

    async def _changed(self, s: Session, platform: Platform) -> list[tuple[str, Ticket, str]]:
        """Return orders whose row would now read differently than the last one sent.

        A row changes with its ticket, or with the codes of its matter.
        """
        last = await s.scalar(
            select(ExportRow.codes).where(ExportRow.source == platform.id)
            .order_by(ExportRow.id.desc()).limit(1)
        )  # fmt: skip
        moved = [] if last != self._codes.kinds else [TicketRow.version > OrderRow.sent_version]
        query = (
            select(OrderRow.ref, OrderRow.sent_digest, TicketRow.doc)
            .join(TicketRow, TicketRow.ticket_no == OrderRow.ticket_no)
            .where(OrderRow.source == platform.id, *moved)
            .order_by(OrderRow.ticket_no)
        )  # fmt: skip
        found = []
        for ref, sent, doc in await s.execute(query):
            ticket = Ticket.from_doc(doc)
            row = _cells(platform, ref, ticket, Clear(), False, self._codes)
            digest = hashlib.sha256(json.dumps(row, ensure_ascii=False).encode()).hexdigest()
            if digest != sent:
                found.append((ref, ticket, digest))
        return found

    async def decide(self, id: int, approve: bool, actor: Actor) -> None:
        """Say yes or no to personal data in an export; by another person than who asked."""
        now = self._clock.now()
        async with self._db.write() as s:
            row = await self._row(s, id)
            if row.state != "waiting":
                raise LindaError("decided_already", "这次导出不用批，或者已经批过了。", 409)
            if row.by == actor.id:
                raise LindaError("own_request", "自己申请的，不能自己批。", 403)
            row.state, row.whole = ("ready", True) if approve else ("refused", False)
            row.decided_by, row.decided_at = actor.id, now
            words = "批准" if approve else "不批准"
            s.add(LogRow(at=now, by=actor.id, what=f"{words}第{id}次导出带个人信息"))

    async def exports(self, limit: int = 20, before: int | None = None) -> list[ExportRow]:
        """Return the latest exports; ``before``: those with smaller numbers."""
        query = select(ExportRow).order_by(ExportRow.id.desc()).limit(limit)
        if before is not None:
            query = query.where(ExportRow.id < before)
        async with self._db.read() as s:
            return list((await s.execute(query)).scalars())

    async def log(self, limit: int = 50, before: int | None = None) -> list[LogRow]:
        """Return who did what, the latest first; ``before``: with smaller numbers."""
        query = select(LogRow).order_by(LogRow.id.desc()).limit(limit)
        if before is not None:
            query = query.where(LogRow.id < before)
        async with self._db.read() as s:
            return list((await s.execute(query)).scalars())

    async def export(self, id: int) -> ExportRow:
        """Return one export."""
        async with self._db.read() as s:
            row = await s.get(ExportRow, id)
        if row is None:
            raise MISSING
        return row

    async def fetch(self, id: int, actor: Actor) -> tuple[str, bytes]:
        """Return the file's name and the workbook of an export, and put on record who has it."""
        now = self._clock.now()
        async with self._db.write() as s:
            row = await self._row(s, id)
            if row.state == "waiting":
                raise LindaError(
                    "not_approved", "这次导出带个人信息，等审计批准以后才能下载。", 409
                )
            words = "，带个人信息" if row.whole else ""
            s.add(LogRow(at=now, by=actor.id, what=f"下载第{id}次导出{words}"))
            platform = platform_of(self._platforms, row.source)
            source, whole, day = row.source, row.whole, row.at
            codes = (
                self._codes
                if row.codes is None
                else Codes("", row.codes["gbt39666"], row.codes["local"])
            )
        async with self._db.read() as s:
            query = select(SentRow).where(SentRow.export == id).order_by(SentRow.at)
            sent = list((await s.execute(query)).scalars())
            lines: list[list[str]] = []
            for at in range(0, len(sent), CHUNK):
                lines += await self._rows(s, platform, sent[at : at + CHUNK], whole, codes)
        content = await asyncio.to_thread(_workbook, platform, lines)
        return f"{source}-{day:%Y%m%d}-{id}.xlsx", content

    async def _rows(
        self, s: Session, platform: Platform, sent: Sequence[SentRow], whole: bool, codes: Codes
    ) -> list[list[str]]:
        numbers = [r.ticket_no for r in sent]
        docs = await s.execute(select(TicketRow.doc).where(TicketRow.ticket_no.in_(numbers)))
        tickets = {t.ticket_no: t for t in (Ticket.from_doc(d) for d in docs.scalars())}
        query = select(TicketContactRow).where(TicketContactRow.ticket_no.in_(numbers))
        contacts = {c.ticket_no: c for c in (await s.execute(query)).scalars()}
        found = []
        for row in sent:
            ticket = tickets.get(row.ticket_no)
            if ticket is None or ticket.version != row.version:
                ticket = fold((await store.history(s, row.ticket_no))[: row.version])
            contact = contacts.get(row.ticket_no)
            clear = Clear(
                name=self._opened(contact.name_enc) if contact else None,
                phone=self._opened(contact.phone_enc) if contact else None,
            )
            found.append(_cells(platform, row.ref, ticket, clear, whole, codes))
        return found

    def _opened(self, sealed: str | None) -> str | None:
        return self._vault.decrypt(sealed) if sealed else None

    async def _row(self, s: Session, id: int) -> ExportRow:
        row = await s.get(ExportRow, id, with_for_update=True)
        if row is None:
            raise MISSING
        return row


def _cells(
    platform: Platform, ref: str, ticket: Ticket, clear: Clear, whole: bool, codes: Codes
) -> list[str]:
    coded = coded_values(ticket, codes)
    return [
        harmless(coded[c.value] if c.value in coded else VALUES[c.value](ref, ticket, clear, whole))
        for c in platform.export
    ]


def _workbook(platform: Platform, lines: Sequence[Sequence[str]]) -> bytes:
    """Return the workbook; the same lines give the same cells. All cells are texts."""
    target = BytesIO()
    book = xlsxwriter.Workbook(
        target, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    sheet = book.add_worksheet("办理结果")
    bold, text = book.add_format({"bold": True}), book.add_format({"num_format": "@"})
    for column, c in enumerate(platform.export):
        sheet.write_string(0, column, c.head, bold)
    for at, line in enumerate(lines, start=1):
        for column, value in enumerate(line):
            sheet.write_string(at, column, value[:32767], text)
    sheet.set_column(0, len(platform.export) - 1, 20)
    sheet.freeze_panes(1, 1)
    book.close()
    return target.getvalue()
