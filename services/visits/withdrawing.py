"""A no to being visited: what was kept on the earlier yes goes with it, in one transaction and on record."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from services.audit import journal
from services.consents.rules import ConsentRules
from services.db import Session
from services.people.model import Staff
from services.retention import consents, visits
from services.retention.tables import put
from services.visits.plan import Rules, taken_back
from services.visits.tables import CareConsentRow, CareVisitRow


async def withdrawn(
    s: Session, target_id: str, rules: ConsentRules, care: Rules, now: datetime,
    who: Staff | tuple[str, str, str], answer: CareConsentRow,
) -> list[str]:  # fmt: skip
    """Erase what rested on the yes that an answer takes back, in the caller's transaction; done again it changes nothing.

    Args:
        s: The transaction; the answer has been written.
        target_id: The elder.
        rules: Those of separate consent.
        care: Those of the visits.
        now: The present time.
        who: Who of the staff wrote the answer down.
        answer: The no.

    Returns:
        Tickets of which it stays for now, as they are kept as evidence: the worker erases it later.
    """
    said = await visits.said_of(s, target_id)
    rows = await s.scalars(
        select(CareVisitRow).where(CareVisitRow.target_id == target_id).order_by(CareVisitRow.at)
    )
    over = [v for v in rows if taken_back(said, v.at)]
    told = [v for v in over if v.note_enc or v.state]
    numbers = sorted({v.ticket_no for v in over if v.ticket_no})
    named = {n for number in numbers for n in await visits.touched(s, number)}
    entry = await journal.note(
        s, now, who, "consent.withdraw", f"elder:{target_id}", "收回被探访的同意",
        kind=f"care:{answer.purpose}", answer=answer.answer, said_by=answer.said_by,
        visits=len(told), tickets=sorted(named),
    )  # fmt: skip
    for visit in over:
        if visit.ticket_no is None:
            visits.empty(visit)
    await visits.plain(s, target_id, care)
    await s.flush()
    kept = [n for n in numbers if not await consents.erase(s, n, rules, entry)]
    await put(s, "consent", kept, now)
    return kept
