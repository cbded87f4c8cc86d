"""Import of orders: check a file, look at the report, confirm; the worker then files line by line.

Checking files nothing. Each line is one transaction – ticket, both numbers and the line's result, or
none of them – so an import that is cut off goes on where it stood and never files a line twice.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, delete, func, insert, or_, select

from services.clock import Clock
from services.db import Database, Session
from services.errors import LindaError
from services.exchange.mapping import Platform
from services.exchange.reading import Draft, Known, missing_columns, read_row
from services.exchange.sheet import Table, read_table
from services.exchange.tables import BatchRow, LineRow, LogRow, OrderRow
from services.once import Once, keep, made_before
from services.outbox import enqueue
from services.people.crypto import Vault
from services.places import resolver
from services.places.gazetteer import Gazetteer
from services.places.model import Resolution
from services.places.service import PlaceService
from services.tickets.core.actor import Actor
from services.tickets.core.clocks import local_text
from services.tickets.core.commands import CreateTicket
from services.tickets.core.states import State
from services.tickets.service import TicketService
from services.tickets.tables import TicketRow

if TYPE_CHECKING:
    from services.context import Services

IMPORT = "exchange.import"
CHUNK = 50
"""Lines that one round of the worker files: well within the time a handler has."""
PAGE = 200
"""Lines of a report that one page shows."""
KEEP = timedelta(days=7)
"""An upload that nobody confirms is forgotten after this time."""
INSERT = 2000
FILED = frozenset({"create", "doubt", "due"})
"""Verdicts of lines that something is done about; of ``due`` only the platform's date is taken over."""

NO_BATCH = LindaError("batch_not_found", "没有这次导入，可能已经过期清掉了。", 404)


@dataclass(frozen=True)
class Report:
    """A batch with how many lines of it are of each kind, and some of its lines."""

    batch: BatchRow
    counts: Mapping[str, int]
    lines: Sequence[LineRow]
    left: int
    after: int | None
    repeated: bool


class Importing:
    """Files to batches to tickets.

    All methods raise ``LindaError``: 404 ``unknown_platform`` or ``batch_not_found``, 409
    ``batch_not_open``, 413 and 422 of ``sheet.read_table``, 422 ``missing_columns``.
    """

    def __init__(
        self, db: Database, clock: Clock, vault: Vault, places: PlaceService,
        tickets: TicketService, platforms: Mapping[str, Platform],
    ) -> None:  # fmt: skip
        self._db = db
        self._clock = clock
        self._vault = vault
        self._places = places
        self._tickets = tickets
        self._platforms = platforms

    async def check(
        self, source: str, file_name: str, content: bytes, actor: Actor, once: Once | None = None
    ) -> str:
        """Read a file and keep what each line means; return the batch. Nothing is filed yet."""
        platform = platform_of(self._platforms, source)
        marks = platform.number
        table = await asyncio.to_thread(read_table, content, platform.most_rows, marks)
        if missing := missing_columns(platform, table.heads):
            raise LindaError(
                "missing_columns",
                f"表里没有这些列：{'；'.join(missing)}。请核对是不是选错了平台。",
                422,
            )
        if not table.rows:
            raise LindaError("bad_table", "表里只有表头，没有工单。", 422)
        gazetteer = await self._places.gazetteer()
        async with self._db.read() as s:
            known = await _known(s, source)
        drafts = await asyncio.to_thread(self._drafts, table, platform, gazetteer, known)
        batch = secrets.token_urlsafe(12)
        rows = await asyncio.to_thread(self._lines, batch, drafts)
        now = self._clock.now()
        async with self._db.write() as s:
            if (made := await made_before(once, s, now)) is not None:
                return made
            await keep(once, s, batch)
            await self._forget(s)
            s.add(BatchRow(
                id=batch, source=source, file_name=file_name[-120:] or "（没有名字）",
                sha256=hashlib.sha256(content).hexdigest(), state="checked", lines=len(drafts),
                at=now, by=actor.id,
            ))  # fmt: skip
            for at in range(0, len(rows), INSERT):
                await s.execute(insert(LineRow), rows[at : at + INSERT])
            s.add(LogRow(at=now, by=actor.id, what=f"试导入 {file_name[-60:]}：{len(drafts)}行"))
        return batch

    def _drafts(
        self, table: Table, platform: Platform, gazetteer: Gazetteer, known: Mapping[str, Known]
    ) -> list[Draft]:
        now, seen = self._clock.now(), dict[str, int]()
        found: dict[str, Resolution] = {}

        def resolve(text: str) -> Resolution:
            if text not in found:
                found[text] = resolver.resolve(gazetteer, {}, text)
            return found[text]

        return [read_row(r, platform, resolve, known, seen, now) for r in table.rows]

    def _lines(self, batch: str, drafts: Sequence[Draft]) -> list[dict[str, Any]]:
        return [
            {
                "batch": batch, "line": d.line, "ref": d.ref, "verdict": d.verdict,
                "notes": d.notes, "summary": d.summary, "due_there": d.due,
                "ticket_no": d.ticket_no, "open": d.verdict in FILED,
                "request_enc": self._vault.encrypt(json.dumps(d.request, ensure_ascii=False))
                if d.verdict in ("create", "doubt") else None,
            }
            for d in drafts
        ]  # fmt: skip

    async def _forget(self, s: Session) -> None:
        old = select(BatchRow.id).where(
            BatchRow.state == "checked", BatchRow.at < self._clock.now() - KEEP
        )
        ids = list((await s.execute(old)).scalars())
        if ids:
            await s.execute(delete(LineRow).where(LineRow.batch.in_(ids)))
            await s.execute(delete(BatchRow).where(BatchRow.id.in_(ids)))

    async def report(
        self, batch: str, verdict: str | None = None, after: int = 0, limit: int = PAGE
    ) -> Report:
        """Return a batch's counts and a page of its lines.

        Args:
            verdict: Only lines of this kind.
            after: Lines after this one.
        """
        async with self._db.read() as s:
            row = await s.get(BatchRow, batch)
            if row is None:
                raise NO_BATCH
            mine = LineRow.batch == batch
            counts = await s.execute(
                select(LineRow.verdict, func.count()).where(mine).group_by(LineRow.verdict)
            )
            left = await s.scalar(select(func.count()).where(mine, LineRow.open.is_(True)))
            query = select(LineRow).where(mine, LineRow.line > after)
            if verdict:
                query = query.where(LineRow.verdict == verdict)
            found = (await s.execute(query.order_by(LineRow.line).limit(limit + 1))).scalars().all()
            same = select(BatchRow.id).where(
                BatchRow.sha256 == row.sha256, BatchRow.id != batch,
                BatchRow.state.in_(("running", "done")),
            )  # fmt: skip
            return Report(
                row, {str(v): int(n) for v, n in counts}, found[:limit], left or 0,
                found[limit - 1].line if len(found) > limit else None,
                await s.scalar(same.limit(1)) is not None,
            )  # fmt: skip

    async def batches(
        self, limit: int = 20, after: tuple[datetime, str] | None = None
    ) -> list[BatchRow]:
        """Return the latest batches; ``after``: those from before this time, or at it with a smaller id."""
        query = select(BatchRow).order_by(BatchRow.at.desc(), BatchRow.id.desc()).limit(limit)
        if after:
            at, id = after
            query = query.where(or_(BatchRow.at < at, and_(BatchRow.at == at, BatchRow.id < id)))
        async with self._db.read() as s:
            return list((await s.execute(query)).scalars())

    async def confirm(self, batch: str, actor: Actor) -> None:
        """Have the lines filed that can be; confirmed twice it is one import."""
        now = self._clock.now()
        async with self._db.write() as s:
            row = await self._open(s, batch)
            if row.state == "running":
                return
            row.state, row.confirmed_by, row.confirmed_at = "running", actor.id, now
            s.add(LogRow(at=now, by=actor.id, what=f"确认导入 {row.file_name}"))
            await enqueue(s, IMPORT, {"batch": batch}, f"{IMPORT}:{batch}:0", now)

    async def drop(self, batch: str, actor: Actor) -> None:
        """Give a checked file up: its lines are forgotten."""
        now = self._clock.now()
        async with self._db.write() as s:
            row = await self._open(s, batch)
            if row.state != "checked":
                raise LindaError("batch_not_open", "已经开始导入，不能放弃了。", 409)
            row.state = "dropped"
            await s.execute(delete(LineRow).where(LineRow.batch == batch))
            s.add(LogRow(at=now, by=actor.id, what=f"放弃导入 {row.file_name}"))

    async def _open(self, s: Session, batch: str) -> BatchRow:
        row = await s.get(BatchRow, batch, with_for_update=True)
        if row is None:
            raise NO_BATCH
        if row.state not in ("checked", "running"):
            raise LindaError("batch_not_open", "这次导入已经结束。", 409)
        return row

    async def go_on(self, batch: str) -> bool:
        """File the next lines of a confirmed batch; say whether some are left."""
        async with self._db.read() as s:
            row = await s.get(BatchRow, batch)
            query = (
                select(LineRow.line)
                .where(LineRow.batch == batch, LineRow.open.is_(True))
                .order_by(LineRow.line)
                .limit(CHUNK)
            )
            lines = list((await s.execute(query)).scalars())
        if row is None or row.state != "running":
            return False
        for line in lines:
            await self._file(row, line)
        async with self._db.write() as s:
            now = self._clock.now()
            if len(lines) == CHUNK:
                key = f"{IMPORT}:{batch}:{lines[-1]}"
                await enqueue(s, IMPORT, {"batch": batch}, key, now)
                return True
            ended = await s.get(BatchRow, batch, with_for_update=True)
            if ended is not None and ended.state == "running":
                ended.state, ended.done_at = "done", now
                s.add(LogRow(at=now, by=row.confirmed_by or "", what=f"导入完 {row.file_name}"))
        return False

    async def _file(self, batch: BatchRow, number: int) -> None:
        """File one line: the ticket, both numbers and the line's result, or only why not."""
        try:
            async with self._db.write() as s:
                line = await s.get(LineRow, (batch.id, number), with_for_update=True)
                if line is None or not line.open:
                    return
                known = await s.get(OrderRow, (batch.source, line.ref))
                if line.verdict == "due":
                    await self._move_due(s, batch, line, known)
                elif line.request_enc is None:
                    return
                elif known is not None:
                    line.verdict, line.ticket_no = "known", known.ticket_no
                    line.notes = [*line.notes, f"已经导入过，是我们的{known.ticket_no}，不改动"]
                else:
                    given = json.loads(self._vault.decrypt(line.request_enc))
                    actor = Actor("staff", batch.confirmed_by or batch.by, "dispatcher")
                    view = await self._tickets.create_in(
                        s, CreateTicket.model_validate(given), actor,
                        f"import:{batch.source}:{line.ref}",
                    )  # fmt: skip
                    s.add(OrderRow(
                        source=batch.source, ref=line.ref, ticket_no=view["ticket_no"],
                        batch=batch.id, due_there=line.due_there, sent_version=0, sent_digest="",
                    ))  # fmt: skip
                    line.ticket_no = view["ticket_no"]
                    if line.due_there:
                        await self._tickets.platform_due(
                            s, view["ticket_no"], line.due_there, self._source(batch)
                        )
                line.request_enc, line.open = None, False
        except LindaError as error:
            if error.status >= 500:
                raise
            async with self._db.write() as s:
                line = await s.get(LineRow, (batch.id, number), with_for_update=True)
                if line is not None and line.open:
                    line.verdict, line.open, line.request_enc = "refuse", False, None
                    line.notes = [*line.notes, error.message]

    async def _move_due(
        self, s: Session, batch: BatchRow, line: LineRow, known: OrderRow | None
    ) -> None:
        """Take over another date of an order that was imported before; nothing else of it."""
        if known is None or line.due_there is None:
            return
        known.due_there = line.due_there
        moved = await self._tickets.platform_due(
            s, known.ticket_no, line.due_there, self._source(batch)
        )
        if not moved:
            line.notes = [*line.notes, "工单已经办结或时限没有变，没有改"]

    def _source(self, batch: BatchRow) -> str:
        """Return where a date comes from, in words: platform and day of the import."""
        name = self._platforms[batch.source].name
        return f"{name}要求的办结时限，{local_text(batch.at)}导入"


async def on_import(services: Services, payload: Mapping[str, Any]) -> None:
    """File the next lines of a batch (outbox topic :data:`IMPORT`)."""
    await services.exchange.importing.go_on(str(payload["batch"]))


def platform_of(platforms: Mapping[str, Platform], source: str) -> Platform:
    """Return a platform by its id."""
    if source not in platforms:
        raise LindaError("unknown_platform", "没有这个平台的对照表。", 404)
    return platforms[source]


async def _known(s: Session, source: str) -> dict[str, Known]:
    query = (
        select(OrderRow.ref, OrderRow.ticket_no, TicketRow.state, OrderRow.due_there)
        .join(TicketRow, TicketRow.ticket_no == OrderRow.ticket_no)
        .where(OrderRow.source == source)
    )
    return {ref: Known(no, State(state), due) for ref, no, state, due in await s.execute(query)}
