"""Erasing what is personal in tickets, so that history, figures and chain go on holding."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, delete, exists, select

from services.audit import chain
from services.audit.service import erase_content
from services.channels import erasing
from services.channels.tables import AttachmentRow
from services.db import Session
from services.retention import copies
from services.retention.folding import refold
from services.retention.tables import TombstoneRow
from services.tickets import shared, store
from services.tickets.core.states import OPEN, State
from services.tickets.core.ticket import Ticket
from services.tickets.tables import TicketContactRow, TicketEventRow, TicketRow

PAGE = 200


def held(ticket: Ticket, parent: Ticket | None) -> bool:
    """Say whether a ticket is kept as evidence (legal hold), itself or what it was merged into."""
    return ticket.hold is not None or (parent is not None and parent.hold is not None)


async def is_held(s: Session, ticket: Ticket) -> bool:
    """Like :func:`held`, with the ticket it was merged into looked up."""
    parent = await store.load(s, ticket.merged_into) if ticket.merged_into else None
    return held(ticket, parent)


async def is_over(s: Session, ticket: Ticket) -> bool:
    """Say whether nobody has anything to do with a ticket, or what it was merged into, any more."""
    if ticket.state is State.MERGED and ticket.merged_into:
        parent = await store.load(s, ticket.merged_into)
        return parent is None or not parent.is_open
    return not ticket.is_open


async def ground(s: Session, ticket: Ticket) -> str | None:
    """Return why a ticket must stay, a key of :data:`services.retention.pending.GROUNDS`; None: nothing."""
    if await is_held(s, ticket):
        return "held"
    return None if await is_over(s, ticket) else "open"


async def ended(s: Session, kind: str, before: datetime) -> list[Ticket]:
    """Return tickets that ended before a time, are not held and have no tombstone of a class."""
    found: list[Ticket] = []
    after = ""
    while True:
        query = (
            select(TicketRow.doc, TicketRow.ticket_no)
            .where(
                TicketRow.state.not_in([st.value for st in OPEN]), TicketRow.ticket_no > after,
                TicketRow.created_at < before, ~_erased(kind),
            )
            .order_by(TicketRow.ticket_no)
            .limit(PAGE)
        )  # fmt: skip
        page = (await s.execute(query)).all()
        if not page:
            return found
        for doc, _ in page:
            ticket = Ticket.from_doc(doc)
            old = ticket.updated_at is not None and ticket.updated_at < before
            if old and await is_over(s, ticket) and not await is_held(s, ticket):
                found.append(ticket)
        after = page[-1].ticket_no


def _erased(kind: str) -> ColumnElement[bool]:
    return exists().where(TombstoneRow.kind == kind, TombstoneRow.ref == TicketRow.ticket_no)


async def bury(s: Session, kind: str, refs: Sequence[str], at: datetime, entry_id: int) -> None:
    """Set tombstones; one that stands already tells of this time from now on."""
    for ref in refs:
        await s.merge(TombstoneRow(kind=kind, ref=ref, at=at, entry_id=entry_id))
    await s.flush()


async def erase_contact(s: Session, ticket_nos: Sequence[str]) -> None:
    """Erase name, phone, door and address."""
    await s.execute(delete(TicketContactRow).where(TicketContactRow.ticket_no.in_(ticket_nos)))


async def erase_narratives(s: Session, ticket_nos: Sequence[str], entry_id: int) -> None:
    """Erase everything personal from tickets' events, and fold the rows anew from what is left.

    Args:
        s: The transaction.
        ticket_nos: The tickets.
        entry_id: The audit entry that names them: the seals point to it.
    """
    await erase_content(s, ticket_nos, entry_id)
    for number in ticket_nos:
        query = select(TicketEventRow).where(TicketEventRow.ticket_no == number)
        for row in await s.scalars(query.with_for_update()):
            _empty(row)
        await refold(s, number, conversation_id=None, resident_id=None)
    await erase_contact(s, ticket_nos)
    await copies.erase(s, ticket_nos)


def _empty(row: TicketEventRow) -> None:
    row.data = chain.without_content(row.data)
    if row.actor.get("kind") == "resident":
        row.actor = {**row.actor, "id": "resident"}


async def _left_elsewhere(s: Session, ticket_nos: Sequence[str]) -> dict[str, set[int]]:
    """Return steps on neighbours' tickets that hold something of who filed some tickets."""
    found: dict[str, set[int]] = {}
    for number in ticket_nos:
        ticket = await store.load(s, number)
        for event in await shared.steps(s, ticket) if ticket is not None else ():
            found.setdefault(event.ticket_no, set()).add(event.seq)
    parents = {n: await store.load(s, n, lock=True) for n in sorted(found) if n not in ticket_nos}
    return {n: found[n] for n, parent in parents.items() if parent and not await is_held(s, parent)}


async def touched(s: Session, ticket_nos: Sequence[str]) -> list[str]:
    """Return the tickets that :func:`erase_all` empties something of: for the audit entry to name."""
    return [*ticket_nos, *await _left_elsewhere(s, ticket_nos)]


async def _erase_elsewhere(
    s: Session, ticket_nos: Sequence[str], now: datetime, entry_id: int
) -> None:
    """Erase what who filed some tickets has left on neighbours' that they joined; how many ask stays."""
    for number, seqs in (await _left_elsewhere(s, ticket_nos)).items():
        await erase_content(s, [number], entry_id, sorted(seqs))
        query = select(TicketEventRow).where(TicketEventRow.ticket_no == number)
        query = query.order_by(TicketEventRow.seq).with_for_update()
        rows = (await s.scalars(query)).all()
        # Whose household else asks there keeps its mark: it is theirs, too.
        others = {row.data.get("household") for row in rows if row.seq not in seqs}
        stand_ins: dict[str, str] = {}
        photos: set[str] = set()
        for row in rows:
            if row.seq not in seqs:
                continue
            before = row.data
            photos.update(before.get("attachments") or ())
            _empty(row)
            if row.type == "joined":
                mark = str(before["household"])
                if mark not in others:
                    mark = stand_ins.setdefault(mark, str(before["from"]))
                row.data = {**row.data, "household": mark}
        await refold(s, number)
        taken = await s.scalars(select(AttachmentRow).where(AttachmentRow.id.in_(photos)))
        await erasing.erase_photos(s, taken.all(), now)


async def erase_photos(s: Session, ticket_nos: Sequence[str], now: datetime) -> None:
    """Erase the photos of tickets; the worker removes their files."""
    ids: set[str] = set()
    for number in ticket_nos:
        ticket = await store.load(s, number)
        if ticket is not None:
            ids |= {*ticket.attachments, *ticket.evidence}
    rows = await s.scalars(select(AttachmentRow).where(AttachmentRow.id.in_(ids)))
    await erasing.erase_photos(s, rows.all(), now)


async def erase_all(s: Session, ticket_nos: Sequence[str], now: datetime, entry_id: int) -> None:
    """Erase everything personal of tickets at once: photos, words, contact data, copies, orders.

    What was left on neighbours' tickets goes, too; the entry must name all of :func:`touched`.
    """
    await _erase_elsewhere(s, ticket_nos, now, entry_id)
    await erase_photos(s, ticket_nos, now)
    await erase_narratives(s, ticket_nos, entry_id)
    await copies.end_orders(s, ticket_nos)
    for kind in ("narrative", "contact", "attachment"):
        await bury(s, kind, ticket_nos, now, entry_id)
