"""What an event does to a ticket's plan of reminders, and what it leaves behind when a deadline moves.

Called for every event (``effects.event_data``); what it returns is stored with the event, so that
the plan of a ticket, like everything else of it, is the fold of its events.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from services.tickets.core import fold, platforms, sideclocks
from services.tickets.core.actor import SYSTEM
from services.tickets.core.clocks import appointment_time, finish_limit
from services.tickets.core.commands import Command
from services.tickets.core.context import Context
from services.tickets.core.escalation import Entry, Running, plan
from services.tickets.core.event import Event
from services.tickets.core.kinds import Priority
from services.tickets.core.sideclocks import SideClock
from services.tickets.core.states import FINAL, State
from services.tickets.core.ticket import Ticket

Facts = dict[str, Any]

SETS = frozenset({
    "start", "info_given", "fix_due", "resume", "extend", "move", "rework", "recover",
    "recalendar",
})  # fmt: skip
"""Effects on the clocks after which the reminders are planned anew."""
STAGES_OF = {
    "accept_due": "accept",
    "notice_due": "notice",
    "dispatch_due": "dispatch",
    "sign_due": "sign",
    "contact_due": "contact",
    "due": "due",
    "platform_due": "platform",
    "decide_due": "decide",
    "review_due": "second_look",
    "group_due": "group",
}
"""Deadline → stage that is on record when it has been missed."""
QUIET = (FINAL - {State.HANDED_OFF}) | {State.RESOLVED}
"""States in which nobody is reminded."""


def follows(
    ticket: Ticket, facts: Mapping[str, Any], clock: str, event: str, to: State,
    command: Command, context: Context,
) -> Facts:  # fmt: skip
    """Return ``planned``, ``missed`` and ``due_before`` as far as the event changes them.

    Args:
        facts: Everything else that the event says.
        clock: Name of its effect on the clocks.
        event: Its type.
        to: The state that it leads to.
    """
    seq = ticket.version + 1
    made = Event(
        ticket.ticket_no, seq, event, command.action, command.actor, command.at, ticket.state, to,
        facts,
    )  # fmt: skip
    after = fold.apply(ticket, made)
    own = _own(ticket, facts, clock, to, command, context)
    return {
        **_planned(ticket, after, own, command, context),
        **_reset(ticket, after, facts),
        **_moved(ticket, after),
    }


def _planned(
    ticket: Ticket, after: Ticket, own: list[Entry] | None, command: Command, context: Context
) -> Facts:
    """Return the whole plan if it changes: of the ticket's own clock and of those beside it."""
    if command.action == "remind":
        return {"planned": ticket.planned[1:]}
    if own is None:
        own = [e for e in ticket.planned if "clock" not in e]
    before, clocks = _beside(ticket), _beside(after)
    same = {key for key, one in clocks.items() if before.get(key) == one}
    others = [e for e in ticket.planned if e.get("clock") in same]
    for key, one in clocks.items():
        if key not in same:
            others += beside_planned(after, one, command.at, context)
    ahead = _in_order([*own, *others])
    return {"planned": ahead} if ahead != ticket.planned else {}


def _beside(ticket: Ticket) -> dict[str, SideClock]:
    """Return the clocks beside the ticket's own: of other units, and the platform's earlier date."""
    return sideclocks.running(ticket) | platforms.running(ticket)


def _in_order(entries: Iterable[Entry]) -> list[Entry]:
    return sorted(entries, key=lambda e: datetime.fromisoformat(e["at"]))


def _own(
    ticket: Ticket, facts: Mapping[str, Any], clock: str, to: State, command: Command,
    context: Context,
) -> list[Entry] | None:  # fmt: skip
    """Return the reminders of the ticket's own clock, ``None`` when they stay as they were."""
    taken_up = command.actor.kind == "staff" or command.action == "take_up"
    if to in QUIET or (taken_up and ticket.priority is Priority.U0):
        return []
    if clock == "wait_for_info":
        return _ask_again(command.at, datetime.fromisoformat(facts["info_due_at"]), context)
    if clock in ("pause", "review_again"):
        return _review(datetime.fromisoformat(facts["review_at"]), context)
    same = clock == "move" and "due_at" not in facts
    if clock not in SETS or same or (clock == "recalendar" and ticket.paused_since):
        return None
    after = Ticket.from_doc({**ticket.to_doc(), **facts})
    return planned(after, clock, command, context)


def beside_planned(
    ticket: Ticket, clock: SideClock, now: datetime, context: Context
) -> list[Entry]:
    """Return the reminders of a side clock that lie ahead, for the units that owe it."""
    works = sideclocks.counts_work(clock, context)
    # The platform knows of no pause of ours.
    pauses = () if clock.key == platforms.CLOCK else ticket.pauses
    run = Running(clock.since, now, clock.at, works, pauses)
    steps = sideclocks.steps_of(clock, context)
    return [_of(clock, e) for e in plan(steps, run, context.calendar)]


def _of(clock: SideClock, entry: Entry) -> Entry:
    return {
        **entry,
        "step": f"{clock.what}{entry['step']}",
        "say": f"{clock.who}{clock.what}：{entry['say']}",
        "clock": clock.key,
        "orgs": list(clock.orgs),
    }


def planned(after: Ticket, clock: str, command: Command, context: Context) -> list[Entry]:
    """Return the reminders of a ticket whose clock has just been set."""
    start = command.at
    if clock not in ("start", "rework", "recover"):
        start = after.reworked_at or after.created_at or command.at
    cls, leaf = context.sla(after), context.leaf(after)
    _, limit = finish_limit(cls, leaf, context.profile)
    kept = cls.id == "UA" and appointment_time(after.appointment, context.profile) is not None
    running = Running(
        start=start,
        now=command.at,
        due=after.overdue_at,
        working=limit is not None and limit.working and not kept,
        pauses=after.pauses,
    )
    return plan(context.profile.escalation.get(cls.id, ()), running, context.calendar)


def standing(ticket: Ticket, now: datetime, context: Context) -> list[Entry]:
    """Return the reminders of a ticket as if its clocks had been set with reminders from the start.

    What lies behind is left out; of what is late already it is said once, now, that it is late.
    """
    found = _own_standing(ticket, now, context) if _own_lacking(ticket) else []
    for clock in _beside_lacking(ticket):
        found += beside_planned(ticket, clock, now, context)
        if clock.at <= now:
            steps = sideclocks.steps_of(clock, context)
            found += [_of(clock, s.entry(now)) for s in steps if s.share == 1]
    return _in_order([*ticket.planned, *found])


def lacking(ticket: Ticket, now: datetime, context: Context) -> bool:
    """Say whether a ticket runs without reminders that it should have: it is from before them."""
    return len(standing(ticket, now, context)) > len(ticket.planned)


def _own_lacking(ticket: Ticket) -> bool:
    """A call for help is reminded of after two minutes: of an old one there is nothing to say."""
    known = any("clock" not in e for e in (*ticket.planned, *ticket.reminders))
    return ticket.is_open and ticket.priority is not Priority.U0 and not known


def _own_standing(ticket: Ticket, now: datetime, context: Context) -> list[Entry]:
    if ticket.state in QUIET:
        return []
    if ticket.state is State.SUSPENDED:
        return _review(ticket.review_at, context) if ticket.review_at else []
    if ticket.paused_since is not None:
        return _ask_again(ticket.paused_since, ticket.info_due_at, context)
    ahead = planned(ticket, "plan", Command("plan", SYSTEM, now), context)
    if ticket.overdue_at is not None and ticket.overdue_at <= now:
        steps = context.profile.escalation.get(context.sla(ticket).id, ())
        ahead += [s.entry(now) for s in steps if s.share == 1]
    return ahead


def _beside_lacking(ticket: Ticket) -> list[SideClock]:
    known = {e.get("clock") for e in (*ticket.planned, *ticket.reminders)}
    return [c for key, c in _beside(ticket).items() if key not in known]


def _ask_again(since: datetime, until: datetime | None, context: Context) -> list[Entry]:
    """The resident is reminded once, unless the wait is over before that."""
    limit = context.profile.info_remind
    at = limit.after(since, context.calendar)
    if until is not None and at >= until:
        return []
    reminder = {
        "step": f"等待补充{limit.text}",
        "at": at.isoformat(),
        "tell": ["resident"],
        "say": "还在等居民补充信息，已提醒一次。",
    }
    return [reminder]


def _review(day: datetime, context: Context) -> list[Entry]:
    """The day of the review, and the next level when nobody has looked by then."""
    late = context.profile.review_late
    return [
        {
            "step": "挂账复核日",
            "at": day.isoformat(),
            "tell": ["supervisor", "handler"],
            "say": "挂账的复核日到了，请看条件是否具备：能办就恢复办理，不能办就再报挂账、告诉居民。",
        },
        {
            "step": f"挂账复核日过了{late.text}",
            "at": late.after(day, context.calendar).isoformat(),
            "tell": ["dispatcher"],
            "say": "挂账的复核日已经过了，还没有人复核，请督促。",
        },
    ]


def _reset(ticket: Ticket, after: Ticket, facts: Mapping[str, Any]) -> Facts:
    """A deadline that is set anew can be missed anew.

    What counts is what the ticket has: the ``due_at`` of an event can be that of an order in it.
    """
    before, clocks = sideclocks.owed(ticket), sideclocks.owed(after)
    anew = {
        stage
        for due, stage in STAGES_OF.items()
        if getattr(after, f"{due}_at") not in (None, getattr(ticket, f"{due}_at"))
    }
    anew |= {key for key in before.keys() & clocks.keys() if before[key].at != clocks[key].at}
    left = [stage for stage in ticket.missed if stage not in anew]
    return {"missed": left} if left != ticket.missed and "missed" not in facts else {}


def _moved(ticket: Ticket, after: Ticket) -> Facts:
    """What the resident's deadline was before, when the event moves it."""
    if ticket.due_at is None or after.due_at in (None, ticket.due_at):
        return {}
    return {"due_before": ticket.due_at.isoformat()}
