"""Reading and writing tickets: SQL lives here and nowhere else in the subject."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, false, func, literal, or_, select, true
from sqlalchemy.dialects import postgresql, sqlite

from services.clock import ZONE
from services.db import Session, UTCDateTime
from services.errors import LindaError
from services.tickets.core.actor import Actor
from services.tickets.core.event import Event
from services.tickets.core.states import OPEN, State
from services.tickets.core.ticket import Ticket
from services.tickets.core.timing import TIMED, next_due
from services.tickets.tables import (
    TicketContactRow,
    TicketEventRow,
    TicketKeyRow,
    TicketRow,
    TicketSequenceRow,
)

MAX_KEY = 200
"""Characters of ``ticket_keys.key``."""
_FAR = datetime(9999, 1, 1, tzinfo=ZONE)
_RESTRICTED = func.coalesce(TicketRow.doc["restricted"].as_boolean(), false())
_GIVEN_TO_GRID = TicketRow.owner_org == "grid"
_SORT_DUE = func.coalesce(TicketRow.next_due_at, literal(_FAR, UTCDateTime()))


async def next_sequence(s: Session, day: date) -> int:
    """Return the next number of a day; two writers never get the same."""
    insert = _insert(s)(TicketSequenceRow).values(day=day, last=1)
    upsert = insert.on_conflict_do_update(
        index_elements=["day"], set_={"last": TicketSequenceRow.last + 1}
    ).returning(TicketSequenceRow.last)
    return int((await s.execute(upsert)).scalar_one())


async def claim_key(s: Session, key: str, digest: str, now: datetime) -> str | None:
    """Take an idempotency key for this transaction.

    Returns:
        ``None`` when the key is new (the caller goes on and calls :func:`bind_key`), else the
        number of the ticket that the same request made.

    Raises:
        LindaError: 409 ``idempotency_conflict``: the key was used for another body.
    """
    key = _stored_key(key)
    insert = (
        _insert(s)(TicketKeyRow)
        .values(key=key, digest=digest, created_at=now)
        .on_conflict_do_nothing()
        .returning(TicketKeyRow.key)
    )
    if (await s.execute(insert)).scalar_one_or_none() is not None:
        return None
    # A concurrent writer with the same key made us wait above; it has committed by now.
    row = (await s.execute(select(TicketKeyRow).where(TicketKeyRow.key == key))).scalar_one()
    if row.digest != digest or row.ticket_no is None:
        raise LindaError(
            "idempotency_conflict", "这个请求编号已经用于另一件诉求，请换一个编号再提交。", 409
        )
    return row.ticket_no


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


async def append(s: Session, event: Event, ticket: Ticket) -> None:
    """Write an event and the row that it makes."""
    s.add(
        TicketEventRow(
            ticket_no=event.ticket_no, seq=event.seq, type=event.type, action=event.action,
            actor={**asdict(event.actor), "grid_ids": list(event.actor.grid_ids)}, at=event.at,
            from_state=event.from_state.value, to_state=event.to_state.value,
            data=dict(event.data),
        )
    )  # fmt: skip
    place = ticket.place
    helpers = {a["org"] for a in ticket.assists}
    helpers |= {u["org"] for w in ticket.whistles for u in w["units"]}
    await s.merge(
        TicketRow(
            ticket_no=ticket.ticket_no, version=ticket.version, state=ticket.state.value,
            priority=ticket.priority.value, leaf=ticket.leaf, title=ticket.title,
            narrative=ticket.narrative_original, conversation_id=ticket.conversation_id,
            resident_id=ticket.resident_id, community_id=place.community_id,
            grid_id=place.grid_id, owner_org=ticket.owner_org, owner_person=ticket.owner_person,
            helpers="".join(f",{h}," for h in sorted(helpers)), created_at=ticket.created_at,
            next_due_at=next_due(ticket), doc=ticket.to_doc(),
        )
    )  # fmt: skip
    await s.flush()


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


async def open_about(s: Session, leaf: str, states: Collection[State]) -> list[Ticket]:
    """Return the newest open tickets of a leaf (at most 200), for finding what neighbours report."""
    query = (
        select(TicketRow.doc)
        .where(TicketRow.state.in_([st.value for st in states]), TicketRow.leaf == leaf)
        .order_by(TicketRow.created_at.desc())
        .limit(200)
    )
    return [Ticket.from_doc(doc) for doc in (await s.execute(query)).scalars()]


async def has_open(s: Session, conversation_ids: Sequence[str], resident_id: str | None) -> bool:
    """Say whether a ticket of a resident has not ended."""
    still = TicketRow.state.in_([st.value for st in OPEN])
    return bool(await s.scalar(select(exists().where(_own(conversation_ids, resident_id), still))))


async def photos(
    s: Session, conversation_ids: Sequence[str], resident_id: str | None
) -> frozenset[str]:
    """Return the ids of all photos that a resident's tickets name."""
    docs = await s.scalars(select(TicketRow.doc).where(_own(conversation_ids, resident_id)))
    return frozenset(photo for doc in docs for photo in Ticket.from_doc(doc).attachments)


def _own(conversation_ids: Sequence[str], resident_id: str | None) -> ColumnElement[bool]:
    own: ColumnElement[bool] = TicketRow.conversation_id.in_(conversation_ids)
    return own if resident_id is None else or_(own, TicketRow.resident_id == resident_id)


async def timed_out(s: Session, now: datetime, limit: int = 500) -> list[str]:
    """Return numbers of tickets with a deadline that has passed, longest overdue first."""
    query = (
        select(TicketRow.ticket_no)
        .where(TicketRow.state.in_([st.value for st in TIMED]), TicketRow.next_due_at < now)
        .order_by(TicketRow.next_due_at)
        .limit(limit)
    )
    return list((await s.execute(query)).scalars())


async def search(
    s: Session,
    where: Sequence[ColumnElement[bool]],
    cursor: str | None,
    limit: int,
) -> tuple[list[Ticket], str | None]:
    """Return a page of tickets, the next due first, and the cursor of the next page."""
    query = select(TicketRow.doc, TicketRow.ticket_no, TicketRow.next_due_at).where(*where)
    if cursor:
        due, number = _read_cursor(cursor)
        query = query.where(
            or_(
                _SORT_DUE > literal(due, UTCDateTime()),
                and_(_SORT_DUE == literal(due, UTCDateTime()), TicketRow.ticket_no < number),
            )
        )
    query = query.order_by(_SORT_DUE, TicketRow.ticket_no.desc()).limit(limit + 1)
    rows = (await s.execute(query)).all()
    page = rows[:limit]
    after = None
    if len(rows) > limit:
        last = page[-1]
        key = [(last.next_due_at or _FAR).isoformat(), last.ticket_no]
        after = base64.urlsafe_b64encode(json.dumps(key).encode()).decode()
    return [Ticket.from_doc(r.doc) for r in page], after


# ── conditions ──────────────────────────────────────────────────────────────────────────────────


def scope(actor: Actor) -> ColumnElement[bool]:
    """The SQL of :func:`services.tickets.core.decide.in_scope`: which tickets concern an actor."""
    if actor.kind == "staff" and actor.org_id is not None:
        return and_(~_recused(actor.org_id), _by_role(actor))
    return _by_role(actor)


def _recused(org_id: str) -> ColumnElement[bool]:
    """Whether a unit is complained of: the list is searched as the JSON text it is."""
    listed = func.coalesce(TicketRow.doc["recused"].as_string(), "")
    return listed.contains(f'"{org_id}"', autoescape=True)


def _by_role(actor: Actor) -> ColumnElement[bool]:
    own = TicketRow.owner_person == actor.id
    if actor.kind == "system" or actor.role in ("dispatcher", "callback", "auditor"):
        return true()
    if actor.role == "grid":
        in_grid = and_(TicketRow.grid_id.in_(actor.grid_ids), or_(~_RESTRICTED, _GIVEN_TO_GRID))
        return or_(in_grid, own)
    if actor.role in ("clerk", "supervisor"):
        if actor.community_id is None:
            return true()
        return or_(TicketRow.community_id.is_(None), TicketRow.community_id == actor.community_id)
    if actor.role in ("handler", "vendor", "mediator"):
        # A mediator of the clerk desk works on what was given to that desk.
        desk = and_(literal(actor.role == "mediator"), _desk(actor))
        if actor.org_id is None:
            return or_(own, desk)
        helping = TicketRow.helpers.contains(f",{actor.org_id},", autoescape=True)
        return or_(TicketRow.owner_org == actor.org_id, own, helping, desk)
    return false()


def _desk(actor: Actor) -> ColumnElement[bool]:
    given = TicketRow.owner_org == "community"
    if actor.community_id is None:
        return given
    return and_(given, TicketRow.community_id == actor.community_id)


def reads(actor: Actor) -> ColumnElement[bool]:
    """The SQL of :func:`services.tickets.core.guards.reads`, for tickets in the actor's scope."""
    if actor.kind == "system" or actor.role in ("clerk", "supervisor", "dispatcher"):
        return true()
    given = TicketRow.owner_person == actor.id
    if actor.role == "grid":
        given = or_(given, _GIVEN_TO_GRID)
    elif actor.role == "mediator":
        given = or_(given, _desk(actor))
    if actor.org_id is not None:
        given = or_(given, TicketRow.owner_org == actor.org_id)
    return or_(~_RESTRICTED, given)


def filters(
    *, actor: Actor, state: str | None, leaf: str | None, grid: str | None, priority: str | None, q: str | None,
    narrative: bool,
) -> list[ColumnElement[bool]]:  # fmt: skip
    """Conditions of the list's filters; comma-separated values mean "one of"."""
    found: list[ColumnElement[bool]] = []
    columns = (
        (TicketRow.state, state), (TicketRow.leaf, leaf), (TicketRow.grid_id, grid),
        (TicketRow.priority, priority),
    )  # fmt: skip
    for column, value in columns:
        if value:
            found.append(column.in_([v.strip() for v in value.split(",") if v.strip()]))
    # Neither a search nor a filter by matter must tell what its answer would not show.
    if leaf:
        found.append(reads(actor))
    if q and q.strip():
        words = [TicketRow.title, TicketRow.narrative] if narrative else [TicketRow.title]
        said = or_(*(c.icontains(q.strip(), autoescape=True) for c in words))
        number = TicketRow.ticket_no.icontains(q.strip(), autoescape=True)
        found.append(or_(number, and_(said, reads(actor))))
    return found


def worklist(actor: Actor, states: Sequence[State], own: bool) -> list[ColumnElement[bool]]:
    """Conditions for "what waits for me": states of the role, for doers only what is theirs."""
    found: list[ColumnElement[bool]] = [TicketRow.state.in_([st.value for st in states])]
    if own:
        org = {"grid": "grid", "clerk": "community"}.get(actor.role, actor.org_id or "")
        found.append(or_(TicketRow.owner_org == org, TicketRow.owner_person == actor.id))
    return found


def _read_cursor(cursor: str) -> tuple[datetime, str]:
    try:
        due, number = json.loads(base64.urlsafe_b64decode(cursor))
        # To UTC as the database will: a time without a zone or beyond all years fails here.
        if (
            not re.fullmatch(r"[A-Z0-9-]{1,30}", number)
            or (at := datetime.fromisoformat(due)).tzinfo is None
        ):
            raise ValueError("not a position of ours")
        at.astimezone(UTC)
        return at, number
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise LindaError("bad_cursor", "翻页位置无效，请从第一页重新看。", 400) from error


def _event(row: TicketEventRow) -> Event:
    actor: dict[str, Any] = {**row.actor, "grid_ids": tuple(row.actor.get("grid_ids", ()))}
    return Event(
        row.ticket_no, row.seq, row.type, row.action, Actor(**actor), row.at,
        State(row.from_state), State(row.to_state), row.data,
    )  # fmt: skip


def _insert(s: Session) -> Any:
    dialect = s.get_bind().dialect.name
    return sqlite.insert if dialect == "sqlite" else postgresql.insert
