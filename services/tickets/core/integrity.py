"""Cases of integrity: a resident was asked to withdraw (劝撤) or to give a good rating (逼评), is paid back
for having complained (打击报复), or staff have seen what article 35 names.

《北京市接诉即办工作条例》第八条 protects who asks for something from pressure and retaliation, 第三十五条
makes it a matter of discipline. Such a case is a ticket of its own, linked to the first one. Only the
discipline unit and the auditor know of it: not who handled the first ticket, nor their desk
(``decide.in_scope``). Nothing of it is written on the first ticket.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from services.tickets.core.actor import SYSTEM
from services.tickets.core.commands import Command, CreateTicket
from services.tickets.core.context import Context
from services.tickets.core.effects import start
from services.tickets.core.event import Event
from services.tickets.core.kinds import Kind, Priority
from services.tickets.core.location import Location
from services.tickets.core.rules import Rules
from services.tickets.core.states import State
from services.tickets.core.ticket import Ticket

LEAF, ABOUT = "M11", "other"
"""服务态度投诉 about somebody who works here: the directory says which unit looks into it."""


def cause(event: Event) -> str | None:
    """Return what an event of a resident gives to look into, if anything."""
    if event.type == "withdrawn" and event.data.get("persuaded"):
        return "persuaded"
    return "pressured" if event.data.get("pressured") else None


def said(request: CreateTicket, rules: Rules) -> str | None:
    """Return what a complaint about a person is to be looked into as, by its words; None: as a complaint.

    Words alone are not enough: “他要报复我” can be a neighbour, which is a matter for the police.
    """
    if request.leaf != LEAF:
        return None
    kinds = rules.integrity.items()
    return next((k for k, m in kinds if any(w in request.narrative for w in m.words)), None)


def marks(
    why: str, number: str, about: str | None, before: Sequence[Ticket], on: date, context: Context
) -> dict[str, Any]:
    """Return what makes a complaint a case: who knows of it, and who stays out of it.

    Args:
        why: The kind, a key of ``rules.integrity``.
        number: Number of the complaint.
        about: Whose conduct is complained of.
        before: What the same person asked for before: who worked on that stays out.
        on: Today.
    """
    orgs = context.directory.recused(about).union(*map(involved, before))
    return {
        "about": about or ABOUT,
        "confidential": True,
        "case_of": before[0].ticket_no if before else number,
        "case_kind": why,
        "recused": sorted(orgs - _spared(about or ABOUT, on, context)) or None,
    }


def open_case(
    ticket: Ticket | None, why: str, number: str, code: str, at: datetime, context: Context,
    text: str = "", unit: str | None = None,
) -> Event:  # fmt: skip
    """Return the first event of a case that the rules or staff open.

    Args:
        ticket: What it was said of; None: of no ticket.
        why: A key of ``rules.integrity``.
        number: Number of the new ticket; ``code`` its query code.
        text: What staff said who raise it. Who they are stands in the audit record alone.
        unit: The unit that they say it of.
    """
    matter = context.rules.integrity[why]
    leaf = context.leaves[LEAF]
    draft = Ticket(kind=Kind.REPORT, leaf=LEAF, priority=Priority.U3, about=ABOUT)
    orgs = (involved(ticket) if ticket else set()) | ({unit} if unit else set())
    of = f"工单{ticket.ticket_no}" if ticket else "没有说是哪件工单"
    words = f"{matter.says}{text}" if text else matter.says
    data: dict[str, Any] = {
        "query_code": code,
        "channel": ticket.channel if ticket else "counter",
        "kind": Kind.REPORT.value,
        "leaf": leaf.id,
        "title": f"{matter.name}：{of}",
        "narrative_original": f"{words}（{of}）请核查是谁、怎么做的。",
        "priority": Priority.U3.value,
        "priority_reason": "另行核查",
        "sla_class": context.sla(draft).id,
        "sla_profile": context.profile.id,
        "reporter": {"role": "staff"},
        "about": ABOUT,
        "recused": sorted(orgs - _spared(ABOUT, at.date(), context)) or None,
        "confidential": True,
        "case_of": ticket.ticket_no if ticket else number,
        "case_kind": why,
        **start(draft, Command("submit", SYSTEM, at), context),
    }
    return Event(
        number, 1, "submitted", "submit", SYSTEM, at, State.DRAFT, State.SUBMITTED,
        {k: v for k, v in data.items() if v is not None},
    )  # fmt: skip


def _spared(about: str, on: date, context: Context) -> set[str]:
    """Return the unit that looks into it although it worked on it, unless there is one above it."""
    lead = context.directory.route(LEAF, Location(), about, on).lead
    return set() if lead in context.directory.above else {lead}


def involved(ticket: Ticket) -> set[str]:
    """Return the units that have worked on a ticket: they neither handle nor see the case."""
    orgs = {ticket.owner_org, *(a["org"] for a in ticket.assists)}
    orgs |= {o.get("org") for o in ticket.objections}
    orgs |= {u["org"] for w in ticket.whistles for u in w["units"]}
    return {o for o in orgs if o}
