"""What depended on a separate consent goes when it is withdrawn (个人信息保护法 15, 47); the rest of a ticket stays."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select, update

from services.audit.chain import GONE
from services.audit.service import erase_content
from services.bookings.tables import StandingOrderRow
from services.consents import records
from services.consents.records import ONCE
from services.consents.rules import ConsentRules
from services.consents.tables import SensitiveConsentRow
from services.db import Session
from services.paper.tables import SheetRow
from services.retention import tickets as whole
from services.retention import visits as visiting
from services.retention.folding import refold
from services.retention.tables import put
from services.tickets import store
from services.tickets.core.ticket import Ticket
from services.tickets.tables import TicketContactRow, TicketEventRow, TicketRow

_ORDERS = ("appointment", "patch")
_HOLDS = ("held", "released")
_WORDS = ("narrative_original", "gist", "text", "note", "occurred_text")


async def withdrawn(
    s: Session, rows: Collection[SensitiveConsentRow], rules: ConsentRules, now: datetime, entry_id: int
) -> list[str]:  # fmt: skip
    """End consents and erase what was kept by them, in the caller's transaction.

    Args:
        s: The transaction.
        rows: The consents that stand.
        rules: What rests on which purpose.
        now: The present time.
        entry_id: The audit entry that names the tickets.

    Returns:
        Tickets of which it stays for now, as they are kept as evidence: the worker erases it later.
    """
    # Channels may part before what is held as evidence is freed: each order says of itself what it told.
    talks = await records.persons(s, (r.conversation_id for r in rows if r.conversation_id))
    await records.parted(s, talks, rules, now)
    numbers = await depending(s, rows, rules)
    purposes = {r.purpose for r in rows}
    told = SensitiveConsentRow
    once = select(told).where(
        told.ticket_no.in_(numbers), told.purpose.in_(purposes),
        told.answer == ONCE, told.withdrawn_at.is_(None),
    )  # fmt: skip
    for row in (*rows, *await s.scalars(once)):
        row.withdrawn_at = now
    await s.flush()
    kept = []
    for number in numbers:
        if not await erase(s, number, rules, entry_id):
            kept.append(number)
    await put(s, "consent", kept, now)
    return kept


async def once_due(s: Session, rules: ConsentRules, now: datetime) -> list[SensitiveConsentRow]:
    """Return what was told for one order, and is to go as that has been done with for ``once_days``.

    It stays while somebody may want the order: it is open, was changed lately, or is the newest meal of a
    standing order that goes on or is paused. It stays as long as it is held as evidence. And it stays
    while the person agrees, in any of their channels, to have it kept.
    """
    row, before = SensitiveConsentRow, now - timedelta(days=rules.once_days)
    told = select(row).where(row.answer == ONCE, row.withdrawn_at.is_(None), row.at < before)
    due = []
    for each in await s.scalars(told.order_by(row.id)):
        ticket = await store.load(s, each.ticket_no)
        if ticket is not None and not await _done_with(s, ticket, before):
            continue
        here = [c for c in (each.conversation_id,) if c]
        agreed = records.standing(await records.given(s, here, [each.ticket_no]))
        if records.key(each.purpose, each.relation) not in agreed:
            due.append(each)
    return due


async def _done_with(s: Session, ticket: Ticket, before: datetime) -> bool:
    """Say whether nobody has had anything to do with a ticket since a time, and nothing holds it."""
    if not await whole.is_over(s, ticket) or await whole.is_held(s, ticket):
        return False
    goes_on = select(StandingOrderRow.first_ticket).where(
        StandingOrderRow.ticket_no == ticket.ticket_no,
        or_(StandingOrderRow.check_at.is_not(None), StandingOrderRow.paused_at.is_not(None)),
    )
    if await s.scalar(goes_on) is not None:
        return False
    # What was merged is done with when the other one is. To hold it and to free it is no use of it.
    numbers = [n for n in (ticket.ticket_no, ticket.merged_into) if n]
    step = TicketEventRow
    lately = select(step.id).where(
        step.ticket_no.in_(numbers), step.at >= before, step.type.not_in(_HOLDS)
    )
    return await s.scalar(lately.limit(1)) is None


async def once_over(s: Session, rules: ConsentRules, now: datetime) -> list[str]:
    """End what was told for one order and is due, and have it erased (:func:`once_due`).

    Nobody was asked to keep it: using it for the order itself needs no consent (个人信息保护法 13, 1 (2)), keeping it does.

    Returns:
        The tickets from which it goes.
    """
    rows = await once_due(s, rules, now)
    for row in rows:
        row.withdrawn_at = now
    gone = sorted({row.ticket_no for row in rows})
    await put(s, "consent", gone, now)
    return gone


async def depending(
    s: Session, rows: Collection[SensitiveConsentRow], rules: ConsentRules
) -> list[str]:
    """Return the tickets that hold something by these consents: also later ones, for which nobody was asked again."""
    talks = await records.persons(s, (r.conversation_id for r in rows if r.conversation_id))
    found = {r.ticket_no for r in rows}
    purposes = {r.purpose for r in rows}
    for doc in await s.scalars(select(TicketRow.doc).where(TicketRow.conversation_id.in_(talks))):
        ticket = Ticket.from_doc(doc)
        if purposes.intersection(rules.wanted(ticket.leaf, ticket.appointment)):
            found.add(ticket.ticket_no)
    return sorted(found)


async def _ended(s: Session, ticket: Ticket) -> list[str]:
    """Return the purposes on which nothing of a ticket may rest any more.

    What was withdrawn before the ticket was filed concerns others, and so does what was told for another
    order only. What was told anew for this one stays with it.
    """
    row = SensitiveConsentRow
    theirs = row.ticket_no == ticket.ticket_no
    if ticket.conversation_id:
        talks = await records.persons(s, [ticket.conversation_id])
        theirs |= row.conversation_id.in_(talks) & (row.answer != ONCE)
    found = [*await s.scalars(select(row).where(theirs))]
    live = {r.purpose for r in found if r.withdrawn_at is None and r.ticket_no == ticket.ticket_no}
    filed = ticket.created_at
    over = {
        r.purpose for r in found
        if r.withdrawn_at is not None and (filed is None or r.withdrawn_at >= filed)
    }  # fmt: skip
    return sorted(over - live)


async def erase(s: Session, number: str, rules: ConsentRules, entry_id: int) -> bool:
    """Erase from a ticket what rests on consents that were withdrawn; False: it is held as evidence."""
    ticket = await store.load(s, number, lock=True)
    if ticket is None:
        return True
    visits = await visiting.of_ticket(s, number)
    holding = [await store.load(s, n) for n in await visiting.touched(s, number)] if visits else []
    for each in (ticket, *[t for t in holding if t is not None]):
        if await whole.is_held(s, each):
            return False
    purposes = await _ended(s, ticket)
    query = select(TicketEventRow).where(TicketEventRow.ticket_no == number)
    changed = []
    for event in await s.scalars(query.order_by(TicketEventRow.seq).with_for_update()):
        # What is said of a matter from a visit was all written down by staff.
        said = bool(visits) or event.actor.get("kind") == "resident"
        left = _without(event.data, rules, purposes, said)
        if visits and left.get("title"):
            left["title"] = visiting.untold(str(left["title"]), ticket)
        if left != event.data:
            event.data = left
            changed.append(event.seq)
    await erase_content(s, [number], entry_id, changed)
    await refold(s, number)
    if visits or any(rules.purposes[p].children or rules.purposes[p].desk for p in purposes):
        name = update(TicketContactRow).where(TicketContactRow.ticket_no == number)
        await s.execute(name.values(subject_name_enc=None))
    await s.execute(update(SheetRow).where(SheetRow.ticket_no == number).values(fields_enc=""))
    await visiting.erase(s, ticket, visits, entry_id)
    return True


def _without(
    data: Mapping[str, Any], rules: ConsentRules, purposes: Collection[str], said: bool
) -> dict[str, Any]:
    """Return the facts of an event without what rests on the purposes.

    The words go as a whole: which of them tell of an illness nobody can cut out for certain.
    """
    left = dict(data)
    for name in _ORDERS:
        if isinstance(left.get(name), Mapping):
            left[name] = _order(left[name], rules, purposes)
    before = left.get("before")
    if isinstance(before, Mapping) and isinstance(before.get("appointment"), Mapping):
        left["before"] = {
            **before, "appointment": _order(before["appointment"], rules, purposes)
        }  # fmt: skip
    if said or data.get("narrative_original"):
        left |= {name: GONE for name in _WORDS if left.get(name)}
    if any(rules.purposes[p].children for p in purposes) and left.get("subject"):
        left["subject"] = {}
    return left


def _order(
    order: Mapping[str, Any], rules: ConsentRules, purposes: Collection[str]
) -> dict[str, Any]:
    left = dict(order)
    for purpose in purposes:
        left = rules.without(left, purpose)
    return left
