"""Whether an appointment was kept: when somebody came, held against what had been agreed (UA).

Kept is half an hour either way of the agreed time (``appointment_window`` of the profile), of a meal or
a visit; only after that is it missed (``Ticket.overdue_at``: the worker, the figures and who is called go by it). Where only a day was agreed (“下午”), any time of that day keeps it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from services.tickets.core.calendar import ZONE
from services.tickets.core.clocks import agreed_clock, appointment_time, grace_after
from services.tickets.core.commands import Command
from services.tickets.core.context import Context, Refusal
from services.tickets.core.ticket import Ticket

Facts = dict[str, Any]
KEPT, EARLY, LATE = "kept", "early", "late"
WAITING = "waiting"
"""Of the measure: agreed, and nobody has come yet; past its time it is missed."""


def has_appointment(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """Who comes was expected."""
    if appointment_time(ticket.appointment, context.profile) is None:
        return Refusal("no_appointment", "这件工单没有约定时间。")
    return None


def arrived_once(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """The first time somebody came counts."""
    if ticket.arrival is not None:
        return Refusal("arrived_already", "已经登记过到达时间。")
    return None


def arrival_happened(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """Nobody came before the order was given, or comes later than now."""
    at = _at(command)
    if at > command.at:
        return Refusal("arrival_ahead", "到达时间不能在以后。", {"arrived_at": "请核对时间。"})
    if ticket.dispatched_at is not None and at < ticket.dispatched_at:
        return Refusal("arrival_too_early", "到达时间早于派单。", {"arrived_at": "请核对时间。"})
    return None


def arrived(ticket: Ticket, command: Command, context: Context) -> Facts:
    """When, what was agreed, and whether it was kept; ``minutes`` late, negative before the time."""
    at, agreed = _at(command), appointment_time(ticket.appointment, context.profile)
    assert agreed is not None  # guard has_appointment
    return {
        "arrival": {
            "at": at.isoformat(),
            "agreed": agreed.isoformat(),
            "minutes": round((at - agreed).total_seconds() / 60),
            "kept": judged(ticket, at, context),
            "by": command.actor.id,
            "noted_at": command.at.isoformat(),
        }
    }


def judged(ticket: Ticket, at: datetime, context: Context) -> str:
    """Return ``kept``, ``early`` or ``late``."""
    first, last = window(ticket, context)
    return EARLY if at < first else LATE if at > last else KEPT


def window(ticket: Ticket, context: Context) -> tuple[datetime, datetime]:
    """Return from when to when coming keeps the appointment."""
    agreed, profile = appointment_time(ticket.appointment, context.profile), context.profile
    assert agreed is not None
    last = agreed + timedelta(minutes=grace_after(agreed, ticket.appointment, profile))
    if agreed_clock(ticket.appointment, profile) is None:
        return agreed.astimezone(ZONE).replace(hour=0, minute=0), last
    return agreed - (last - agreed), last


def _at(command: Command) -> datetime:
    said = command.payload.get("arrived_at")
    return datetime.fromisoformat(said) if said else command.at
