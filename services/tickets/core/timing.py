"""Which deadline of a ticket comes next, and which have passed."""

from __future__ import annotations

from datetime import datetime

from services.tickets.core.states import WORKING, State
from services.tickets.core.ticket import Ticket

_RUNNING = frozenset({State.ACCEPTED, State.DISPATCHED, State.OBJECTED}) | WORKING

# States in which the clock can make something happen by itself.
TIMED = _RUNNING | {State.NEED_INFO}


def running(ticket: Ticket) -> dict[str, datetime]:
    """Return the deadlines that count in the ticket's present state, by stage."""
    state = ticket.state
    stages: dict[str, datetime | None] = {
        "accept": ticket.accept_due_at if state is State.SUBMITTED else None,
        "info": ticket.info_due_at if state is State.NEED_INFO else None,
        "sign": ticket.sign_due_at if state is State.DISPATCHED else None,
        "contact": ticket.contact_due_at
        if state in WORKING | {State.DISPATCHED} and ticket.first_contact_at is None
        else None,
        "due": ticket.due_at if state in _RUNNING else None,
        "review": ticket.review_at if state is State.SUSPENDED else None,
    }
    return {stage: at for stage, at in stages.items() if at is not None}


def next_due(ticket: Ticket) -> datetime | None:
    """Return what is due first; a missed stage no longer counts as next unless it is the last."""
    stages = running(ticket)
    ahead = [at for stage, at in stages.items() if stage not in ticket.missed]
    return min(ahead or stages.values(), default=None)


def missed(ticket: Ticket, at: datetime) -> list[str]:
    """Return stages (``sign``, ``contact``, ``due``) whose time is up and not yet on record."""
    return [
        stage
        for stage, due in running(ticket).items()
        if stage in ("sign", "contact", "due") and at > due and stage not in ticket.missed
    ]
