"""Cases about pressure on a resident: asked to withdraw (劝撤), or to give a good rating (逼评).

《北京市接诉即办工作条例》第八条 protects who asks for something from pressure and retaliation, 第三十五条
makes it a matter of discipline. Such a case is a ticket of its own, linked to the first one. Only the
discipline unit and the auditor know of it: not who handled the first ticket, nor their desk
(``decide.in_scope``). Nothing of it is written on the first ticket.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from services.tickets.core.actor import SYSTEM
from services.tickets.core.commands import Command
from services.tickets.core.context import Context
from services.tickets.core.effects import start
from services.tickets.core.event import Event
from services.tickets.core.kinds import Kind, Priority
from services.tickets.core.location import Location
from services.tickets.core.states import State
from services.tickets.core.ticket import Ticket

LEAF, ABOUT = "M11", "other"
"""服务态度投诉 about somebody who works here: the directory says which unit looks into it."""

CAUSES = {
    "persuaded": ("劝撤核查", "居民撤回时说，是被人劝着撤的。"),
    "pressured": ("逼评核查", "居民评价时说，有人要求给好评。"),
}


def cause(event: Event) -> str | None:
    """Return what an event of a resident gives to look into, if anything."""
    if event.type == "withdrawn" and event.data.get("persuaded"):
        return "persuaded"
    return "pressured" if event.data.get("pressured") else None


def open_case(
    ticket: Ticket, why: str, number: str, code: str, at: datetime, context: Context
) -> Event:
    """Return the first event of the case.

    Args:
        ticket: What the resident said it of.
        why: A key of ``CAUSES``.
        number: Number of the new ticket; ``code`` its query code.
    """
    name, sentence = CAUSES[why]
    leaf = context.leaves[LEAF]
    lead = context.directory.route(LEAF, Location(), ABOUT, at.date()).lead
    # Who worked on it does not look into it: the unit above does, where the directory names one.
    spared = set() if lead in context.directory.above else {lead}
    draft = Ticket(kind=Kind.REPORT, leaf=LEAF, priority=Priority.U3, about=ABOUT)
    data: dict[str, Any] = {
        "query_code": code,
        "channel": ticket.channel,
        "kind": Kind.REPORT.value,
        "leaf": leaf.id,
        "title": f"{name}：工单{ticket.ticket_no}",
        "narrative_original": f"{sentence}原工单{ticket.ticket_no}，请核查是谁、怎么说的。",
        "priority": Priority.U3.value,
        "priority_reason": "另行核查",
        "sla_class": context.sla(draft).id,
        "sla_profile": context.profile.id,
        "reporter": {"role": "staff"},
        "about": ABOUT,
        "recused": sorted(involved(ticket) - spared) or None,
        "confidential": True,
        "case_of": ticket.ticket_no,
        **start(draft, Command("submit", SYSTEM, at), context),
    }
    return Event(
        number, 1, "submitted", "submit", SYSTEM, at, State.DRAFT, State.SUBMITTED,
        {k: v for k, v in data.items() if v is not None},
    )  # fmt: skip


def involved(ticket: Ticket) -> set[str]:
    """Return the units that have worked on a ticket: they neither handle nor see the case."""
    orgs = {ticket.owner_org, *(a["org"] for a in ticket.assists)}
    orgs |= {o.get("org") for o in ticket.objections}
    orgs |= {u["org"] for w in ticket.whistles for u in w["units"]}
    return {o for o in orgs if o}
