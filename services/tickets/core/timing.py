"""Which deadline of a ticket comes next, which have passed, and what the clock does by itself."""

from __future__ import annotations

from datetime import datetime

from services.tickets.core import sideclocks
from services.tickets.core.actor import SYSTEM
from services.tickets.core.commands import Command
from services.tickets.core.states import OPEN, REFUSED, WORKING, State
from services.tickets.core.ticket import Ticket

_RUNNING = frozenset({State.ACCEPTED, State.DISPATCHED, State.OBJECTED}) | WORKING

WATCHED = (
    "accept", "notice", "dispatch", "sign", "contact", "due", "platform", "decide", "second_look", "group", "consult",
    "assist", "whistle", "supervise", "escalate", "rectify",
)  # fmt: skip
"""Stages that go on record when their time is up; of the last six there can be several at once."""
SUPERVISED = "时限提醒自动转督办："


def running(ticket: Ticket) -> dict[str, datetime]:
    """Return the deadlines that count in the ticket's present state, by stage."""
    state = ticket.state
    stages: dict[str, datetime | None] = {
        "accept": ticket.accept_due_at if state is State.SUBMITTED else None,
        "notice": ticket.notice_due_at if state is State.SUBMITTED else None,
        "dispatch": ticket.dispatch_due_at if state is State.ACCEPTED else None,
        "info": ticket.info_due_at if state is State.NEED_INFO else None,
        "sign": ticket.sign_due_at
        if state is State.DISPATCHED and ticket.signed_at is None
        else None,
        "contact": ticket.contact_due_at
        if state in WORKING | {State.DISPATCHED} and ticket.first_contact_at is None
        else None,
        "due": ticket.due_at if state in _RUNNING else None,
        # It does not stand still while ours does: the platform knows of no suspension.
        "platform": ticket.platform_due_at if state in OPEN - {State.RESOLVED} else None,
        "decide": ticket.decide_due_at if state is State.OBJECTED else None,
        "review": ticket.review_at if state is State.SUSPENDED else None,
        "second_look": ticket.review_due_at if state in REFUSED else None,
        "group": ticket.group_due_at if state in OPEN else None,
    }
    return {stage: at for stage, at in stages.items() if at is not None}


def next_due(ticket: Ticket) -> datetime | None:
    """Return what is due first; a missed stage no longer counts as next unless it is the last."""
    stages = running(ticket)
    ahead = [at for stage, at in stages.items() if stage not in ticket.missed]
    return min(ahead or stages.values(), default=None)


def watched(ticket: Ticket) -> dict[str, datetime]:
    """Return what goes on record when its time is up: the ticket's own deadlines and side clocks."""
    own = {stage: at for stage, at in running(ticket).items() if stage in WATCHED}
    if "due" in own and ticket.overdue_at is not None:
        own["due"] = ticket.overdue_at
    return own | {key: clock.at for key, clock in sideclocks.running(ticket).items()}


def wake_at(ticket: Ticket) -> datetime | None:
    """Return when the clock has to do something by itself; ``None`` when it never has."""
    times = [at for key, at in watched(ticket).items() if key not in ticket.missed]
    times += [at for stage, at in running(ticket).items() if stage == "info"]
    times += [datetime.fromisoformat(entry["at"]) for entry in ticket.planned[:1]]
    if _order(ticket) is not None and ticket.updated_at is not None:
        times.append(ticket.updated_at)
    return min(times, default=None)


def missed(ticket: Ticket, at: datetime) -> list[str]:
    """Return the keys of what is late and not yet on record, the earliest first."""
    clocks = watched(ticket)
    late = [key for key, due in clocks.items() if at > due and key not in ticket.missed]
    return sorted(late, key=lambda key: (clocks[key], WATCHED.index(sideclocks.stage_of(key)), key))


def next_command(ticket: Ticket, at: datetime) -> Command | None:
    """Return what the clock does next, in the order in which it was due; ``None``: nothing now.

    A notice nobody answered ends in acceptance as it is, or goes back to a person when it is not
    known what it is about. A step that orders is followed by its order (书面督办).
    """
    ordered = _order(ticket)
    if ordered is not None:
        return Command("supervise", SYSTEM, at, ordered)
    late = missed(ticket, at)
    waited = running(ticket).get("info")
    planned = datetime.fromisoformat(ticket.planned[0]["at"]) if ticket.planned else None
    if planned is not None and planned <= at and (not late or planned <= watched(ticket)[late[0]]):
        return Command("remind", SYSTEM, at)
    if late:
        stage = sideclocks.stage_of(late[0])
        beside = {} if stage == late[0] else {"key": late[0]}
        return Command("deadline", SYSTEM, at, {"stage": stage, **beside})
    if waited is not None and at >= waited:
        return Command("accept" if ticket.leaf is not None else "lapse", SYSTEM, at)
    return None


def _order(ticket: Ticket) -> dict[str, str] | None:
    """Return the 督办 that the last such reminder asks for and that has not been given.

    One that is asked for because something beside the ticket is late comes when that is on record,
    and not at all when it has been done meanwhile.
    """
    last = next((r for r in reversed(ticket.reminders) if r.get("supervise")), None)
    if last is None or not ticket.is_open:
        return None
    key, level = last.get("clock"), last["supervise"]
    if key is not None and (key not in ticket.missed or key not in sideclocks.running(ticket)):
        return None
    given = any(s["at"] >= last["at"] and s["level"] >= level for s in ticket.supervisions)
    return None if given else {"level": level, "text": f"{SUPERVISED}{last['say']}"}
