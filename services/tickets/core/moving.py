"""What a changed working calendar does to deadlines that are running.

The working time that was left when the notice came in stays the same; only the days on which it
is counted change. Days that have gone by stay as they were lived, natural time never moves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from services.tickets.core import sideclocks, timing
from services.tickets.core.calendar import WorkCalendar
from services.tickets.core.clocks import (
    appointment_time,
    finish_limit,
    last_confirmation,
    local_text,
)
from services.tickets.core.commands import Command
from services.tickets.core.context import Context, Refusal
from services.tickets.core.sideclocks import SideClock
from services.tickets.core.states import State
from services.tickets.core.ticket import Ticket
from services.words import piece

NAMES: Mapping[str, str] = {
    "accept": "accept_due",
    "notice": "notice_due",
    "dispatch": "dispatch_due",
    "info": "info_due",
    "sign": "sign_due",
    "contact": "contact_due",
    "due": "due",
    "decide": "decide_due",
    "second_look": "review_due",
    "group": "group_due",
}
"""Stage → deadline of the ticket."""
STAGE_NAMES = {
    "accept": "受理时限",
    "notice": "一次告知时限",
    "dispatch": "派单时限",
    "info": "等待补充",
    "sign": "签收时限",
    "contact": "首次联系时限",
    "due": "办理时限",
    "decide": "异议裁定时限",
    "second_look": "复核时限",
    "group": "群诉答复时限",
}
STANDING = frozenset({"due", "contact"})
"""Stages that stand still while the ticket is suspended."""
CONFIRMING = frozenset({"accept", "dispatch", "sign", "info"})
"""Stages by which an appointment is confirmed: over before it takes place."""
_LEAST = timedelta(seconds=1)


@dataclass(frozen=True)
class Move:
    """One deadline that moves, and its new sentence.

    ``key`` is its stage in :data:`NAMES`, or the key of a side clock.
    """

    key: str
    label: str
    before: datetime
    after: datetime
    reason: str

    @property
    def name(self) -> str | None:
        """Name of the deadline in the ticket: ``due``, ``sign_due`` …; ``None`` for a side clock."""
        return NAMES.get(self.key)

    def as_fact(self) -> dict[str, str]:
        """Return what the event keeps of it."""
        return {
            "stage": self.key,
            "before": self.before.isoformat(),
            "after": self.after.isoformat(),
        }


def moves(ticket: Ticket, now: datetime, context: Context) -> list[Move]:
    """Return the deadlines of a ticket that move from ``context.former`` to ``context.calendar``."""
    former = context.former
    if former is None:
        return []
    found = []
    for stage, at in _counting(ticket).items():
        if not _is_working(stage, ticket, context):
            continue
        stood = stage in STANDING and ticket.paused_since is not None
        since = ticket.paused_since if stood and ticket.paused_since else now
        if at <= since:
            continue
        after = context.calendar.add_working(since, former.working_minutes(since, at))
        if stage in CONFIRMING:
            after = _confirming(ticket, at, after, now, former, context)
        if abs(after - at) >= _LEAST:
            why = getattr(ticket, f"{NAMES[stage]}_reason")
            reason = _reason(why, since, at, after, former, context.calendar)
            found.append(Move(stage, STAGE_NAMES[stage], at, after, reason))
    return found + _beside(ticket, now, former, context)


def _confirming(
    ticket: Ticket, at: datetime, after: datetime, now: datetime, former: WorkCalendar,
    context: Context,
) -> datetime:  # fmt: skip
    """Return when an appointment is confirmed: its last moment never becomes a later one."""
    old, new = (
        last_confirmation(context.sla(ticket), ticket.appointment, now, context.profile, calendar)
        for calendar in (former, context.calendar)
    )
    if old is None or new is None:
        return after
    return min(at if at == old.at else after, new.at)


def _beside(ticket: Ticket, now: datetime, former: WorkCalendar, context: Context) -> list[Move]:
    """Return the moves of side clocks; while the ticket is suspended they stand like its own."""
    found = []
    for key, clock in sideclocks.owed(ticket).items():
        since = ticket.paused_since or now
        if clock.at <= since or not sideclocks.counts_work(clock, context):
            continue
        after = context.calendar.add_working(since, former.working_minutes(since, clock.at))
        if abs(after - clock.at) >= _LEAST:
            reason = _reason(clock.reason, since, clock.at, after, former, context.calendar)
            found.append(Move(key, label_of(clock), clock.at, after, reason))
    return found


def label_of(clock: SideClock) -> str:
    """Return whose deadline it is and for what: 物业公司协办反馈时限."""
    return f"{clock.who}{clock.what}时限"


def deadline_moves(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """There is a deadline that the new calendar moves."""
    if not moves(ticket, command.at, context):
        return Refusal("nothing_moves", "日历调整不影响这张工单的时限。")
    return None


def _counting(ticket: Ticket) -> dict[str, datetime]:
    """Deadlines that run, and those that stand still while the ticket is suspended."""
    found = {stage: at for stage, at in timing.running(ticket).items() if stage in NAMES}
    if ticket.state is State.SUSPENDED:
        if ticket.due_at:
            found["due"] = ticket.due_at
        if ticket.contact_due_at and ticket.first_contact_at is None:
            found["contact"] = ticket.contact_due_at
    return found


def _is_working(stage: str, ticket: Ticket, context: Context) -> bool:
    cls, profile = context.sla(ticket), context.profile
    if stage == "due":
        if cls.id == "UA" and appointment_time(ticket.appointment, profile) is not None:
            return False
        limit = finish_limit(cls, context.leaf(ticket), profile)[1]
    else:
        limit = {
            "accept": cls.accept,
            "notice": profile.notice,
            "dispatch": cls.accept,
            "info": profile.info_wait,
            "sign": cls.sign,
            "contact": cls.contact,
            "decide": profile.decide,
            "second_look": context.rules.review.limit,
            "group": context.rules.group.limit,
        }[stage]
    return limit is not None and limit.working


def _reason(
    before: str | None, since: datetime, at: datetime, after: datetime, former: WorkCalendar,
    calendar: WorkCalendar,
) -> str:  # fmt: skip
    """Return the sentence without what is no longer so, with what is new and what it was before."""
    gone = set(former.explain(since, at)) - set(calendar.explain(since, after))
    kept: list[Any] = [part for part in (before or "").split("；") if part and part not in gone]
    kept += [note for note in calendar.explain(since, after) if note not in kept]
    moved = piece("due.moved", before=local_text(at), after=local_text(after))
    return "；".join([*kept, moved])
