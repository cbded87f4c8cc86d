"""What was noted of a visited elder goes when they, or the guardian, take the yes to visits back (个人信息保护法 15, 47).

The visiting list keeps its own consents (``care_consents``); who stands on it, and that somebody was there, stays:
nobody is to press who has refused, and the month's figures go on. What was seen and said goes at once – notes,
how the elder was found, what is told of illness by an absence or an alert –, and the words of the tickets that
were filed from it, open ones, too (:mod:`services.retention.consents`). What is held as evidence goes when it is freed.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select, update

from services.audit.chain import GONE
from services.audit.service import erase_content
from services.db import Session
from services.lists.tables import ListChangeRow, ListItemRow
from services.retention.folding import refold
from services.tickets import store
from services.tickets.core.ticket import Ticket
from services.tickets.tables import TicketEventRow
from services.visits.plan import GIVEN, VISITS, Rules, Said, taken_back
from services.visits.tables import (
    CareAbsenceRow,
    CareAlertRow,
    CareConsentRow,
    CareVisitRow,
)

EMPTIED = {"note_enc": None, "state": None}
TITLE_WORDS = 20
"""So many characters of the words stand in a title (:func:`services.tickets.core.effects.title`)."""


async def plain(s: Session, target_id: str, care: Rules) -> None:
    """Let absences and alerts from before the no tell nothing of illness; an alert does until somebody was there."""
    said = await said_of(s, target_id)
    if all(answer.agreed for answer in said):
        return
    met = CareVisitRow.target_id == target_id, CareVisitRow.counts
    last = await s.scalar(
        select(CareVisitRow.at).where(*met).order_by(CareVisitRow.at.desc()).limit(1)
    )
    absences = select(CareAbsenceRow).where(CareAbsenceRow.target_id == target_id)
    alerts = select(CareAlertRow).where(CareAlertRow.target_id == target_id)
    for absence in await s.scalars(absences):
        if absence.kind in care.consent.plain_absences and taken_back(said, absence.at):
            absence.kind = care.consent.plain_absences[absence.kind]
    for alert in await s.scalars(alerts):
        seen_to = last is not None and last >= alert.at
        if seen_to and taken_back(said, alert.at):
            alert.kind = care.consent.plain_alert


async def of_ticket(s: Session, ticket_no: str) -> list[CareVisitRow]:
    """Return the visits from which a ticket was filed and whose consent was taken back since."""
    rows = await s.scalars(select(CareVisitRow).where(CareVisitRow.ticket_no == ticket_no))
    return [v for v in rows if taken_back(await said_of(s, v.target_id), v.at)]


async def touched(s: Session, ticket_no: str) -> list[str]:
    """Return the tickets that hold words of a ticket's visits, itself first: for the audit entry to name."""
    return list(dict.fromkeys([ticket_no, *[n for n, _ in await copied(s, ticket_no)]]))


async def erase(s: Session, ticket: Ticket, visits: Sequence[CareVisitRow], entry_id: int) -> None:
    """Erase beside the ticket's own words what was kept of its visits: notes, copies on lists and on another ticket.

    Args:
        s: The transaction, which holds the ticket; it is not held as evidence.
        ticket: The ticket, as it was before its words went.
        visits: Those of :func:`of_ticket`.
        entry_id: The audit entry that names the tickets.
    """
    for visit in visits:
        empty(visit)
    for number, seq in await copied(s, ticket.ticket_no):
        await store.load(s, number, lock=True)
        where = TicketEventRow.ticket_no == number, TicketEventRow.seq == seq
        event = await s.scalar(select(TicketEventRow).where(*where).with_for_update())
        if event is None or event.data.get("text") in (None, "", GONE):
            continue
        await erase_content(s, [number], entry_id, [seq])
        event.data = {**event.data, "text": GONE}
        await refold(s, number)
    lines = select(ListItemRow).where(ListItemRow.ticket_no == ticket.ticket_no)
    for line in await s.scalars(lines):
        line.title = untold(line.title, ticket)
        notes = update(ListChangeRow).where(ListChangeRow.item_id == line.id).values(note="")
        await s.execute(notes.execution_options(synchronize_session=False))


def untold(title: str, ticket: Ticket) -> str:
    """Return a title without the words of a ticket, of which it is made while nobody has named the matter."""
    words = (ticket.gist, ticket.narrative_original.strip()[:TITLE_WORDS])
    return next((title.replace(w, GONE) for w in words if w and w in title), title)


def empty(visit: CareVisitRow) -> None:
    """Take what was seen and said out of a visit; that it was one stays."""
    for name, value in EMPTIED.items():
        setattr(visit, name, value)


async def said_of(s: Session, target_id: str) -> list[Said]:
    """Return what was said to being visited, the answer that holds last."""
    row = CareConsentRow
    query = select(row).where(row.target_id == target_id, row.purpose == VISITS)
    return [
        Said(c.day, c.at, c.answer == GIVEN)
        for c in await s.scalars(query.order_by(row.day, row.at, row.id))
    ]


async def copied(s: Session, ticket_no: str) -> list[tuple[str, int]]:
    """Return the step of another ticket that holds the words of one that was merged into it."""
    found = []
    into = {
        str(e.data["merged_into"]) for e in await store.history(s, ticket_no)
        if e.data.get("merged_into")
    }  # fmt: skip
    for number in sorted(into):
        found += [
            (number, e.seq) for e in await store.history(s, number)
            if e.type == "joined" and e.data.get("from") == ticket_no
        ]  # fmt: skip
    return found
