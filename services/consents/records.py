"""Records of separate consent: written with the ticket that it is for, standing until it is withdrawn."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import cast

from sqlalchemy import Table, insert, or_, select

from services.consents.rules import ConsentRules
from services.consents.tables import SensitiveConsentRow
from services.db import Session, Write
from services.errors import LindaError
from services.tickets.core.actor import Actor
from services.tickets.core.commands import CreateTicket

GIVEN, REFUSED = "given", "refused"


def written(
    ticket_no: str, request: CreateTicket, actor: Actor, rules: ConsentRules, now: datetime
) -> list[Write]:
    """Return what keeps the answers that came with a request.

    Raises:
        LindaError: 422 ``consent_unknown``: there is no such purpose, or nobody may say it.
    """
    rows = []
    for said in request.consents:
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
        rows.append({
            "ticket_no": ticket_no, "conversation_id": request.conversation_id,
            "purpose": said.purpose, "version": said.version or rules.version, "answer": said.answer,
            "said_by": said.said_by, "relation": said.relation, "channel": request.channel,
            "by": None if actor.kind == "resident" else actor.id, "at": now, "withdrawn_at": None,
        })  # fmt: skip
    return [(insert(cast(Table, SensitiveConsentRow.__table__)), rows)] if rows else []


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


def check(request: CreateTicket, rules: ConsentRules, known: Collection[str]) -> None:
    """Refuse to write down what nobody has agreed to.

    Args:
        request: What is to be filed; danger (``handed_off``) never waits (第十三条第一款第四项).
        rules: What needs a consent.
        known: Purposes that stand, as :func:`standing` names them.

    Raises:
        LindaError: 422 ``consent_missing``, with the purposes.
    """
    if request.handed_off:
        return
    about = (request.subject.relation if request.subject else None) or ""
    said = {c.purpose: c.answer for c in request.consents}
    for purpose in rules.wanted(request.leaf, request.appointment):
        rule, answer = rules.purposes[purpose], said.get(purpose)
        if answer == GIVEN or (answer is None and f"{purpose}:{about}" in known):
            continue
        # What a leaf needs by itself may be refused: it is filed without the child's data.
        if answer == REFUSED and not any((request.appointment or {}).get(n) for n in rule.takes):
            continue
        raise LindaError(
            "consent_missing", f"{rule.name}：还没问过同意不同意记。", 422, {"consents": purpose}
        )
