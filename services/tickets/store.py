"""Reading and writing tickets: SQL lives here and nowhere else in the subject."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any, cast

from sqlalchemy import (
    ColumnElement,
    Executable,
    Table,
    bindparam,
    exists,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.orm import aliased

from services.clock import ZONE
from services.db import Session, Write, execute_all, insert_or
from services.limits import Limit, counted
from services.metrics import keeping
from services.tickets.calendars import NEWEST
from services.tickets.core import sideclocks
from services.tickets.core.actor import Actor
from services.tickets.core.commands import Command
from services.tickets.core.event import Event
from services.tickets.core.states import OPEN, REFUSED, State
from services.tickets.core.ticket import Ticket
from services.tickets.core.timing import next_due, wake_at
from services.tickets.tables import (
    MARKS,
    BlockedAssignmentRow,
    TicketContactRow,
    TicketEventRow,
    TicketKeyRow,
    TicketRow,
    TicketSequenceRow,
    TicketWordsRow,
)
from services.tickets.words import grams
from services.words import refusal

MAX_KEY = 200
"""Characters of ``ticket_keys.key``."""
_TICKETS = cast(Table, TicketRow.__table__)
_CONTACTS = cast(Table, TicketContactRow.__table__)
_WORDS = cast(Table, TicketWordsRow.__table__)
# Statements that every ticket needs are made once.
_NEW_EVENTS = insert(cast(Table, TicketEventRow.__table__))
_NEW_TICKET = insert(_TICKETS)
_NEW_WORDS = insert(_WORDS)
_NEW_CONTACT = insert(_CONTACTS)
_CHANGED_TICKET = update(_TICKETS).where(_TICKETS.c.ticket_no == bindparam("number"))
_CHANGED_WORDS = update(_WORDS).where(_WORDS.c.ticket_no == bindparam("number"))
_KEYS = cast(Table, TicketKeyRow.__table__)
_KEY = select(_KEYS.c.digest, _KEYS.c.ticket_no).where(_KEYS.c.key == bindparam("stored_key"))
_BEFORE = select(
    NEWEST.label("newest"),
    *(_KEY.with_only_columns(c).scalar_subquery() for c in (_KEYS.c.digest, _KEYS.c.ticket_no)),
    counted("conversation"),
    counted("address"),
)
FAR = datetime(9999, 1, 1, tzinfo=ZONE)
"""Where what has nothing due stands in the order of lists."""


async def next_sequence(s: Session, day: date) -> int:
    """Return the next number of a day; two writers never get the same."""
    return await reserve(s, day, 1)


async def reserve(s: Session, day: date, count: int) -> int:
    """Take the next ``count`` numbers of a day; return the last of them.

    Until the transaction ends nobody else takes one of this day: -1 gives back the last.
    """
    done = await s.execute(_reserving(insert_or(s)), {"day": day, "last": count})
    return int(done.scalar_one())


@cache
def _reserving(insert: Callable[..., Any]) -> Executable:
    table = cast(Table, TicketSequenceRow.__table__)
    statement = insert(table)
    taken: Executable = statement.on_conflict_do_update(
        index_elements=["day"], set_={"last": table.c.last + statement.excluded.last}
    ).returning(table.c.last)
    return taken


async def claim_key(s: Session, key: str, digest: str, now: datetime) -> str | None:
    """Take an idempotency key for this transaction.

    Returns:
        ``None`` when the key is new (the caller goes on and calls :func:`bind_key`), else the
        number of the ticket that the same request made.

    Raises:
        LindaError: 409 ``idempotency_conflict``: the key was used for another body.
    """
    if await keep_key(s, key, digest, None, now):
        return None
    # A concurrent writer with the same key made us wait above; it has committed by now.
    known = await made_with(s, key, digest)
    assert known is not None  # its row was in our way
    return known


Older = Callable[[], Collection[str]]
"""Gives what earlier versions made of a body; asked only when the digest of today does not fit."""


async def made_with(s: Session, key: str, digest: str, older: Older = tuple) -> str | None:
    """Return the number of the ticket that the same request made, ``None`` when the key is new.

    Raises:
        LindaError: 409 ``idempotency_conflict``.
    """
    row = (await s.execute(_KEY, {"stored_key": _stored_key(key)})).one_or_none()
    return None if row is None else _same(digest, older, *row)


def _same(digest: str, older: Older, kept: str, ticket_no: str | None) -> str:
    """Return the number that a key made, if it was for the same request."""
    if ticket_no is None or (kept != digest and kept not in older()):
        raise refusal("idempotency_conflict", 409)
    return ticket_no


@dataclass(frozen=True)
class Before:
    """What a filing has to know beforehand.

    Attributes:
        newest: The newest notice of holidays (``calendars.NEWEST``).
        made: The number of the ticket that the same request made.
        used: How often each of the limits was used.
    """

    newest: int | None
    made: str | None
    used: tuple[int, int]


async def before(
    s: Session,
    key: str | None,
    digest: str,
    older: Older,
    limits: tuple[tuple[Limit, str | None], tuple[Limit, str | None]],
    now: datetime,
) -> Before:
    """Ask in one statement what a filing has to know.

    Args:
        limits: By conversation and by address, with who files; nobody: it is not limited.

    Raises:
        LindaError: 409 ``idempotency_conflict``.
    """
    (conversation, whose), (address, where) = limits
    given = conversation.asked("conversation", whose, now) | address.asked("address", where, now)
    given["stored_key"] = None if key is None else _stored_key(key)
    newest, kept, number, *used = (await s.execute(_BEFORE, given)).one()
    made = None if kept is None else _same(digest, older, kept, number)
    return Before(newest, made, (used[0], used[1]))


async def keep_key(s: Session, key: str, digest: str, ticket_no: str | None, now: datetime) -> bool:
    """Remember which ticket a key makes; say whether the key is new.

    A concurrent writer with the same key makes us wait.
    """
    values = {"key": _stored_key(key), "digest": digest, "ticket_no": ticket_no, "created_at": now}
    done = await s.execute(_new_key(insert_or(s)), values)
    return done.scalar_one_or_none() is not None


@cache
def _new_key(insert: Callable[..., Any]) -> Executable:
    statement: Executable = insert(_KEYS).on_conflict_do_nothing().returning(_KEYS.c.key)
    return statement


async def filed_with(s: Session, key: str) -> str | None:
    """Return the number of the ticket that a key made; None when there is none."""
    row = await s.get(TicketKeyRow, _stored_key(key))
    return row.ticket_no if row is not None else None


async def bind_key(s: Session, key: str, ticket_no: str) -> None:
    """Remember which ticket a key made."""
    row = await s.get(TicketKeyRow, _stored_key(key))
    assert row is not None  # claim_key has written it in this transaction
    row.ticket_no = ticket_no


def _stored_key(key: str) -> str:
    """Return the key as the column holds it: a long one by its hash."""
    if len(key) <= MAX_KEY:
        return key
    return "sha256:" + hashlib.sha256(key.encode()).hexdigest()


async def load(s: Session, ticket_no: str, lock: bool = False) -> Ticket | None:
    """Return a ticket; ``lock`` keeps other writers out until the transaction ends."""
    query = select(TicketRow.doc).where(TicketRow.ticket_no == ticket_no)
    if lock:
        query = query.with_for_update()
    doc = (await s.execute(query)).scalar_one_or_none()
    return None if doc is None else Ticket.from_doc(doc)


async def goes_on_in(s: Session, ticket_no: str) -> str | None:
    """Return the number of the ticket that a merged one goes on in; None of one that is not merged."""
    number = select(TicketRow.doc["merged_into"].as_string()).where(
        TicketRow.ticket_no == ticket_no, TicketRow.state == State.MERGED.value
    )
    found: str | None = await s.scalar(number)
    return found


async def append(s: Session, made: keeping.Made, also: Sequence[Write]) -> None:
    """Write events that follow each other and the row that they make, each table once.

    Statements instead of objects: what is written is known, so nothing has to be read before.

    Args:
        also: What belongs to it and is written with it.
    """
    ticket = made[-1][1]
    writes: list[Write] = [(_NEW_EVENTS, [event_values(event) for event, _ in made])]
    values = ticket_values(ticket)
    if made[0][0].seq == 1:
        writes += [(_NEW_TICKET, [values]), (_NEW_WORDS, [words_values(ticket)])]
        await execute_all(s, [*writes, *keeping.first(made), *also])
        return
    writes.append((_CHANGED_TICKET, [{"number": values.pop("ticket_no"), **values}]))
    if any("title" in event.data for event, _ in made):
        writes.append(_changed_words(ticket))
    await execute_all(s, [*writes, *also])
    await keeping.keep(s, made)
    await s.flush()


def event_values(event: Event) -> dict[str, Any]:
    """Return an event as its row holds it, by column."""
    return {
        "ticket_no": event.ticket_no, "seq": event.seq, "type": event.type, "action": event.action,
        "actor": {**vars(event.actor), "grid_ids": list(event.actor.grid_ids)}, "at": event.at,
        "from_state": event.from_state.value, "to_state": event.to_state.value,
        "data": dict(event.data),
    }  # fmt: skip


def ticket_values(ticket: Ticket) -> dict[str, Any]:
    """Return a ticket as its row holds it, by column."""
    place = ticket.place
    helpers = {a["org"] for a in ticket.assists}
    helpers |= {u["org"] for w in ticket.whistles for u in w["units"]}
    helpers |= {u["org"] for c in ticket.consults for u in c["units"]}
    return {
        "ticket_no": ticket.ticket_no, "version": ticket.version, "state": ticket.state.value,
        "priority": ticket.priority.value, "leaf": ticket.leaf, "title": ticket.title,
        "narrative": ticket.narrative_original, "conversation_id": ticket.conversation_id,
        "resident_id": ticket.resident_id, "community_id": place.community_id,
        "grid_id": place.grid_id, "owner_org": ticket.owner_org,
        "owner_person": ticket.owner_person,
        "helpers": _joined(sorted(helpers)), "created_at": ticket.created_at,
        "next_due_at": (due := next_due(ticket)), "sort_at": due or FAR,
        "marks": _joined(n for n in (*MARKS, "restricted") if n in ticket.flags),
        "recused": _joined(ticket.recused), "owing": _joined(sorted(sideclocks.owing(ticket))),
        "wake_at": wake_at(ticket), "doc": ticket.to_doc(),
    }  # fmt: skip


def _joined(names: Iterable[str]) -> str:
    return "".join(f",{n}," for n in names)


def words_values(ticket: Ticket) -> dict[str, Any]:
    """Return what a search looks for, by column."""
    made = grams(ticket.ticket_no, ticket.title, ticket.narrative_original)
    return {"ticket_no": ticket.ticket_no, "grams": made}


async def save_words(s: Session, ticket: Ticket) -> None:
    """Let searches find a ticket by the words that it has now, and by no others."""
    await execute_all(s, [_changed_words(ticket)])


def _changed_words(ticket: Ticket) -> Write:
    values = words_values(ticket)
    return _CHANGED_WORDS, [{"number": values.pop("ticket_no"), **values}]


async def note_blocked(s: Session, ticket: Ticket, command: Command) -> None:
    """Keep that somebody wanted to give a unit what is not its duty."""
    s.add(
        BlockedAssignmentRow(
            ticket_no=ticket.ticket_no, at=command.at, staff_id=command.actor.id,
            action=command.action, org=str(command.payload.get("org") or ""),
            duty=str(command.payload.get("duty") or "主责"), leaf=ticket.leaf,
            community_id=ticket.place.community_id,
        )
    )  # fmt: skip


async def history(s: Session, ticket_no: str) -> list[Event]:
    """Return all events of a ticket in order."""
    query = (
        select(TicketEventRow)
        .where(TicketEventRow.ticket_no == ticket_no)
        .order_by(TicketEventRow.seq)
    )
    return [_event(row) for row in (await s.execute(query)).scalars()]


async def save_contact(s: Session, ticket_no: str, **encrypted: str | None) -> None:
    """Keep encrypted contact data; a value not given stays as it was."""
    row = await s.get(TicketContactRow, ticket_no)
    if row is None:
        row = TicketContactRow(ticket_no=ticket_no)
        s.add(row)
    for name, value in encrypted.items():
        if value is not None:
            setattr(row, name, value)


async def forget_door(s: Session, ticket_no: str) -> None:
    """Forget which room or floor it is: the ticket is about another house now."""
    there = TicketContactRow.ticket_no == ticket_no
    await s.execute(update(TicketContactRow).where(there).values(room_enc=None))


def new_contact(ticket_no: str, encrypted: Mapping[str, str]) -> Write:
    """Return what keeps encrypted contact data of a new ticket."""
    empty = dict.fromkeys(_CONTACTS.columns.keys())
    return _NEW_CONTACT, [{**empty, "ticket_no": ticket_no, **encrypted}]


async def contact(s: Session, ticket_no: str) -> TicketContactRow | None:
    """Return the encrypted contact data."""
    return await s.get(TicketContactRow, ticket_no)


async def of_resident(
    s: Session, conversation_ids: Sequence[str], resident_id: str | None
) -> list[Ticket]:
    """Return a resident's own tickets, newest first."""
    query = (
        select(TicketRow.doc)
        .where(_own(conversation_ids, resident_id))
        .order_by(TicketRow.created_at.desc(), TicketRow.ticket_no.desc())
        .limit(100)
    )
    return [Ticket.from_doc(doc) for doc in (await s.execute(query)).scalars()]


async def waits_for_info(
    s: Session, conversation_ids: Sequence[str], resident_id: str | None
) -> Ticket | None:
    """Return the newest of a resident's own tickets that waits for what only they can say, or None."""
    query = (
        select(TicketRow.doc)
        .where(_own(conversation_ids, resident_id), TicketRow.state == State.NEED_INFO.value)
        .order_by(TicketRow.created_at.desc(), TicketRow.ticket_no.desc())
        .limit(1)
    )
    doc = await s.scalar(query)
    return Ticket.from_doc(doc) if doc else None


async def open_about(s: Session, leaf: str, states: Collection[State]) -> list[Ticket]:
    """Return the newest open tickets of a leaf (at most 200), for finding what neighbours report."""
    query = (
        select(TicketRow.doc)
        .where(TicketRow.state.in_([st.value for st in states]), TicketRow.leaf == leaf)
        .order_by(TicketRow.created_at.desc())
        .limit(200)
    )
    return [Ticket.from_doc(doc) for doc in (await s.execute(query)).scalars()]


async def binds(s: Session, conversation_ids: Sequence[str], resident_id: str | None) -> bool:
    """Say whether a ticket of a resident has not ended, or is kept as evidence (legal hold).

    Until then neither the conversation nor what is known of the resident may be erased.
    """
    parent = aliased(TicketRow)
    joined = exists().where(
        parent.ticket_no == TicketRow.doc["merged_into"].as_string(), _held(parent)
    )
    still = or_(TicketRow.state.in_([st.value for st in OPEN]), _held(TicketRow), joined)
    return bool(await s.scalar(select(exists().where(_own(conversation_ids, resident_id), still))))


def _held(row: Any) -> ColumnElement[bool]:
    held: ColumnElement[bool] = row.doc["hold"].as_string().is_not(None)
    return held


async def photos(
    s: Session, conversation_ids: Sequence[str], resident_id: str | None
) -> frozenset[str]:
    """Return the ids of all photos that a resident's tickets name."""
    docs = await s.scalars(select(TicketRow.doc).where(_own(conversation_ids, resident_id)))
    return frozenset(photo for doc in docs for photo in Ticket.from_doc(doc).attachments)


async def of_person(
    s: Session, conversation_id: str | None, resident_id: str | None, limit: int = 20
) -> list[Ticket]:
    """Return what somebody asked for before, the newest first."""
    asked = [conversation_id] if conversation_id else []
    query = select(TicketRow.doc).where(_own(asked, resident_id))
    newest = query.order_by(TicketRow.ticket_no.desc()).limit(limit)
    return [Ticket.from_doc(doc) for doc in await s.scalars(newest)]


def _own(conversation_ids: Sequence[str], resident_id: str | None) -> ColumnElement[bool]:
    own: ColumnElement[bool] = TicketRow.conversation_id.in_(conversation_ids)
    return own if resident_id is None else or_(own, TicketRow.resident_id == resident_id)


async def timed_out(s: Session, now: datetime, limit: int = 500) -> list[str]:
    """Return numbers of tickets whose clock has something to do, the longest waiting first."""
    query = (
        select(TicketRow.ticket_no)
        .where(TicketRow.wake_at <= now)
        .order_by(TicketRow.wake_at)
        .limit(limit)
    )
    return list((await s.execute(query)).scalars())


async def sleep(s: Session, ticket: Ticket, now: datetime) -> None:
    """Let a ticket that was woken for nothing wait for its next time (rows of older versions)."""
    at = wake_at(ticket)
    row = await s.get(TicketRow, ticket.ticket_no)
    assert row is not None  # it has just been loaded
    row.wake_at = at if at is None or at > now else now + timedelta(minutes=1)


async def with_deadlines(s: Session) -> list[Ticket]:
    """Return the tickets that have a deadline ahead or stand still with one, in order of number.

    What is closed is among them while something still runs there (差评整改).
    """
    counts = TicketRow.state.in_([st.value for st in (*OPEN, *REFUSED)])
    closed = (TicketRow.state == State.CLOSED.value) & TicketRow.wake_at.is_not(None)
    query = select(TicketRow.doc).where(counts | closed).order_by(TicketRow.ticket_no)
    return [Ticket.from_doc(doc) for doc in (await s.execute(query)).scalars()]


async def open_after(s: Session, ticket_no: str, limit: int = 500) -> list[Ticket]:
    """Return the open tickets with the next higher numbers, in order of number."""
    query = (
        select(TicketRow.doc)
        .where(TicketRow.ticket_no > ticket_no, TicketRow.state.in_([st.value for st in OPEN]))
        .order_by(TicketRow.ticket_no)
        .limit(limit)
    )
    return [Ticket.from_doc(doc) for doc in (await s.execute(query)).scalars()]


def _event(row: TicketEventRow) -> Event:
    actor: dict[str, Any] = {**row.actor, "grid_ids": tuple(row.actor.get("grid_ids", ()))}
    return Event(
        row.ticket_no, row.seq, row.type, row.action, Actor(**actor), row.at,
        State(row.from_state), State(row.to_state), row.data,
    )  # fmt: skip
