"""Records of separate consent: written with the ticket that it is for, standing until it is withdrawn.

A resident who joined two channels (docs/adr/0011) is one person: what was agreed to in one stands in the other.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, Final, cast

from sqlalchemy import Table, insert, or_, select

from services.channels.tables import ConversationRow
from services.consents.rules import ConsentRules
from services.consents.tables import SensitiveConsentRow
from services.db import Session, Write
from services.errors import LindaError
from services.tickets.core.actor import Actor, resident
from services.tickets.core.commands import Consent, CreateTicket
from services.tickets.core.ticket import Ticket
from services.tickets.tables import TicketRow
from services.words import piece, refusal

GIVEN: Final = "given"
REFUSED: Final = "refused"
ONCE: Final = "once"


def written(
    ticket_no: str,
    request: CreateTicket,
    actor: Actor,
    rules: ConsentRules,
    now: datetime,
    known: Collection[str] = (),
) -> list[Write]:
    """Return what keeps the answers that came with a request.

    What a resident told for this order, and nobody agreed to keep, is noted as told for this once
    (``once``): it goes when the order is done (``services.retention.consents.once_over``).

    Args:
        ticket_no: The ticket.
        request: What is to be filed; danger (``handed_off``) never waits (第十三条第一款第四项).
        actor: Who files it.
        rules: What needs a consent.
        now: The present time.
        known: Purposes that stand, as :func:`standing` names them.

    Raises:
        LindaError: 422 ``consent_unknown``: there is no such purpose, or nobody may say it;
            ``guardian_needed``; ``consent_refused``: what was refused is there all the same.
    """
    for said in request.consents:
        _check(said, request, actor, rules)
    about = (request.subject.relation if request.subject else None) or None
    answered = {said.purpose for said in request.consents}
    asked = actor.kind == "resident" and not request.handed_off
    once = [
        Consent(purpose=p, answer=ONCE, relation=about)
        for p in (rules.wanted(request.leaf, request.appointment) if asked else ())
        if p not in answered and key(p, about) not in known
    ]
    where = {
        "ticket_no": ticket_no, "conversation_id": request.conversation_id,
        "channel": request.channel,
    }  # fmt: skip
    rows = [_row(where, said, actor, rules, now) for said in (*request.consents, *once)]
    return [(insert(cast(Table, SensitiveConsentRow.__table__)), rows)] if rows else []


def _row(
    where: Mapping[str, Any], said: Consent, actor: Actor, rules: ConsentRules, now: datetime
) -> dict[str, Any]:
    return {
        **where, "purpose": said.purpose, "version": said.version or rules.version,
        "answer": said.answer, "said_by": said.said_by, "relation": said.relation,
        "by": None if actor.kind == "resident" else actor.id, "at": now, "withdrawn_at": None,
    }  # fmt: skip


async def changed(
    s: Session, ticket: Ticket, after: Mapping[str, Any], actor: Actor, rules: ConsentRules,
    now: datetime,
) -> None:  # fmt: skip
    """Note what a change of a filed order tells that nobody agreed to keep: for this once, as with a new one.

    What is taken out again leaves the note: the history tells it still, and it is erased by the note.

    Args:
        s: The transaction of the change, which holds the ticket.
        ticket: As it was before.
        after: The appointment as it is now.
        actor: Who changes it.
        rules: What needs a consent.
        now: The present time.
    """
    told = rules.added(ticket.appointment, after)
    if not told:
        return
    here = [c for c in (ticket.conversation_id,) if c]
    known = standing(await given(s, here, [ticket.ticket_no]))
    await _note_once(s, ticket, told, actor, rules, now, known)


async def _note_once(
    s: Session, ticket: Ticket, told: Collection[str], actor: Actor, rules: ConsentRules,
    now: datetime, known: Collection[str],
) -> None:  # fmt: skip
    row = SensitiveConsentRow
    noted = select(row.purpose).where(
        row.ticket_no == ticket.ticket_no, row.withdrawn_at.is_(None), row.answer == ONCE
    )
    there = {*await s.scalars(noted)}
    about = ticket.subject.get("relation") or None
    for purpose in told:
        if purpose not in there and key(purpose, about) not in known:
            once = Consent(purpose=purpose, answer=ONCE, relation=about)
            s.add(row(**_row(_where(ticket), once, actor, rules, now)))
    await s.flush()


def _where(ticket: Ticket) -> dict[str, Any]:
    return {
        "ticket_no": ticket.ticket_no, "conversation_id": ticket.conversation_id,
        "channel": ticket.channel,
    }  # fmt: skip


async def keep(
    s: Session, ticket: Ticket, actor: Actor, rules: ConsentRules, now: datetime
) -> list[str]:
    """Write down the separate consent to keep what a filed order tells (“也记下”).

    Said again it changes nothing. Of a child nobody says it in passing: that is a guardian's.

    Args:
        s: The transaction, which holds the ticket.
        ticket: The order.
        actor: The resident.
        rules: What needs a consent.
        now: The present time.

    Returns:
        The purposes that stand for this order from now on; empty: it tells nothing of the kind.
    """
    wanted = [
        p for p in rules.wanted(ticket.leaf, ticket.appointment) if not rules.purposes[p].children
    ]
    here = [c for c in (ticket.conversation_id,) if c]
    known = standing(await given(s, here, [ticket.ticket_no]))
    about = ticket.subject.get("relation") or None
    for purpose in wanted:
        if key(purpose, about) not in known:
            yes = Consent(purpose=purpose, said_by="proxy" if about else "self", relation=about)
            s.add(SensitiveConsentRow(**_row(_where(ticket), yes, actor, rules, now)))
    await s.flush()
    return wanted


def _check(said: Consent, request: CreateTicket, actor: Actor, rules: ConsentRules) -> None:
    rule = rules.purposes.get(said.purpose)
    if rule is None or (rule.desk and actor.kind == "resident"):
        raise refusal("consent_unknown", 422, {"consents": said.purpose})
    if rule.children and said.answer == GIVEN and said.said_by == "self":
        words = piece("refused.guardian_needed")
        raise LindaError("guardian_needed", words, 422, {"consents": words})
    there = any((request.appointment or {}).get(name) for name in rule.takes)
    wanted = rules.wanted(request.leaf, request.appointment)
    if said.answer == REFUSED and there and said.purpose in wanted:
        raise refusal("consent_refused", 422, {"consents": said.purpose})


async def persons(s: Session, conversation_ids: Iterable[str]) -> list[str]:
    """Return conversations with those that their residents joined to them."""
    ids = sorted(set(conversation_ids))
    talk = ConversationRow
    whose = select(talk.resident_id).where(talk.id.in_(ids), talk.resident_id.is_not(None))
    joined = await s.scalars(select(talk.id).where(talk.resident_id.in_(whose))) if ids else ()
    return sorted({*ids, *joined})


async def given(
    s: Session, conversation_ids: Iterable[str], ticket_nos: Iterable[str] = ()
) -> list[SensitiveConsentRow]:
    """Return the consents that stand of who speaks in conversations, and of tickets, the oldest first."""
    row = SensitiveConsentRow
    theirs = or_(
        row.conversation_id.in_(await persons(s, conversation_ids)),
        row.ticket_no.in_(sorted(set(ticket_nos))),
    )
    query = select(row).where(theirs, row.answer == GIVEN, row.withdrawn_at.is_(None))
    return [*await s.scalars(query.order_by(row.id))]


def key(purpose: str, relation: str | None) -> str:
    """Return a purpose and whom it is about as one word: ``care_health:mother``, of oneself ``care_health:``."""
    return f"{purpose}:{relation or ''}"


async def parted(
    s: Session, conversation_ids: Collection[str], rules: ConsentRules, now: datetime
) -> None:
    """Note what orders tell that only a consent in another channel covered, before the channels part.

    From then on that is somebody else's yes: what was told serves its own order.
    """
    together = await given(s, conversation_ids)
    for here in sorted(set(conversation_ids)):
        own = set(standing(r for r in together if r.conversation_id == here))
        lost = set(standing(together)) - own
        docs = select(TicketRow.doc).where(TicketRow.conversation_id == here)
        for doc in (await s.scalars(docs)).all() if lost else ():
            ticket = Ticket.from_doc(doc)
            about = ticket.subject.get("relation") or None
            told = rules.wanted(ticket.leaf, ticket.appointment)
            told = [p for p in told if key(p, about) in lost]
            await _note_once(s, ticket, told, resident(here), rules, now, own)


def standing(rows: Iterable[SensitiveConsentRow]) -> list[str]:
    """Return what need not be asked again, as :func:`key` has it."""
    return list(dict.fromkeys(key(r.purpose, r.relation) for r in rows))
