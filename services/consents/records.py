"""Records of separate consent: written with the ticket that it is for, standing until it is withdrawn."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Final, cast

from sqlalchemy import Table, insert, or_, select

from services.consents.rules import ConsentRules
from services.consents.tables import SensitiveConsentRow
from services.db import Session, Write
from services.errors import LindaError
from services.tickets.core.actor import Actor
from services.tickets.core.commands import Consent, CreateTicket

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
        if p not in answered and f"{p}:{about or ''}" not in known
    ]
    rows = [
        {
            "ticket_no": ticket_no, "conversation_id": request.conversation_id,
            "purpose": said.purpose, "version": said.version or rules.version, "answer": said.answer,
            "said_by": said.said_by, "relation": said.relation, "channel": request.channel,
            "by": None if actor.kind == "resident" else actor.id, "at": now, "withdrawn_at": None,
        } for said in (*request.consents, *once)
    ]  # fmt: skip
    return [(insert(cast(Table, SensitiveConsentRow.__table__)), rows)] if rows else []


def _check(said: Consent, request: CreateTicket, actor: Actor, rules: ConsentRules) -> None:
    rule = rules.purposes.get(said.purpose)
    if rule is None or (rule.desk and actor.kind == "resident"):
        raise LindaError(
            "consent_unknown", "没有这一项要单独同意的。", 422, {"consents": said.purpose}
        )
    if rule.children and said.answer == GIVEN and said.said_by == "self":
        raise LindaError(
            "guardian_needed",
            "不满14岁孩子的信息，要监护人同意。",
            422,
            {"consents": "请选监护人。"},
        )
    there = any((request.appointment or {}).get(name) for name in rule.takes)
    wanted = rules.wanted(request.leaf, request.appointment)
    if said.answer == REFUSED and there and said.purpose in wanted:
        raise LindaError(
            "consent_refused", f"{rule.name}：不同意记的，不能写进来。", 422,
            {"consents": said.purpose},
        )  # fmt: skip


async def given(
    s: Session, conversation_ids: Sequence[str], ticket_nos: Iterable[str] = ()
) -> list[SensitiveConsentRow]:
    """Return the consents that stand, the oldest first."""
    row = SensitiveConsentRow
    theirs = or_(
        row.conversation_id.in_(conversation_ids), row.ticket_no.in_(sorted(set(ticket_nos)))
    )
    query = select(row).where(theirs, row.answer == GIVEN, row.withdrawn_at.is_(None))
    return [*await s.scalars(query.order_by(row.id))]


def standing(rows: Iterable[SensitiveConsentRow]) -> list[str]:
    """Return what need not be asked again: purpose and whom it is about, ``care_health:mother``."""
    return list(dict.fromkeys(f"{r.purpose}:{r.relation or ''}" for r in rows))
