"""Whom the callback desk has to call, because no conversation can ask them. Pure.

When the time limit is over the resident is asked, whoever has done what (《北京市接诉即办工作条例》第二十三条),
and each household that joined a neighbour's request answers for itself. Who wrote in a chat is asked
there; who came by phone or to the counter is called, once somebody has put the ticket on the desk's list.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from services.tickets.core.calendar import ZONE
from services.tickets.core.commands import Command
from services.tickets.core.context import Context, Refusal
from services.tickets.core.sla import Profile
from services.tickets.core.states import State
from services.tickets.core.ticket import Ticket

Facts = dict[str, Any]

NOT_REPORTED_FINISHED = frozenset({
    State.ACCEPTED, State.DISPATCHED, State.OBJECTED, State.ACTIVE, State.SUSPENDED, State.REWORK,
})  # fmt: skip
"""In these states “solved?” can only have come from the time limit."""


def by_phone(ticket: Ticket) -> bool:
    """Say whether who reported can be asked by phone and in no other way."""
    found_by_us = ticket.reporter.get("role") in ("patrol", "staff") or ticket.case_of is not None
    return ticket.conversation_id is None and bool(ticket.reporter.get("phone")) and not found_by_us


def at_expiry(ticket: Ticket, expired: bool, at: datetime) -> Facts:
    """Return that who reported is to be called, when the time is over and nobody has resolved it."""
    if not (expired and ticket.state in NOT_REPORTED_FINISHED and by_phone(ticket)):
        return {}
    return {"to_call": {"why": "expired", "since": at.isoformat()}}


def expired(ticket: Ticket) -> bool:
    """Say whether the time limit of the present round is over and nobody has resolved it."""
    return ticket.state in NOT_REPORTED_FINISHED and "due" in ticket.missed


def merged(ticket: Ticket, command: Command, context: Context) -> Facts:
    """From now on the shared ticket's end is asked about: who joined leaves the list until it is done.

    When it is done already, that is what is asked, from now on.
    """
    if ticket.to_call is None:
        return {}
    over = context.parent is not None and context.parent.state is State.RESOLVED
    return {"to_call": {"why": "joined", "since": command.at.isoformat()} if over else None}


def joined_asked(ticket: Ticket, command: Command, context: Context) -> Facts:
    """A shared ticket was reported done: who joined is called. Or it is in work again: not now."""
    if command.payload["ask"] == "no":
        return {"to_call": None}
    return {"to_call": {"why": "joined", "since": command.at.isoformat()}}


def answered(ticket: Ticket, command: Command, context: Context) -> Facts:
    """After an answer, or after as many attempts as the profile asks for, nobody is called any more."""
    waiting = ticket.to_call
    if waiting is None:
        return {}
    since = datetime.fromisoformat(waiting["since"])
    calls = [*ticket.callbacks, {"result": command.payload["result"], "at": command.at.isoformat()}]
    over = command.payload["result"] != "no_answer" or exhausted(calls, since, context.profile)
    return {"to_call": None} if over else {}


def exhausted(calls: Iterable[Facts], since: datetime | None, profile: Profile) -> bool:
    """Say whether enough calls since a time were in vain: so many attempts on so many days.

    Three calls within the hour are one attempt for who was at work then.
    """
    times = [moment(c["at"]) for c in calls if c["result"] == "no_answer"]
    missed = [at for at in times if since is not None and at >= since]
    days = {at.astimezone(ZONE).date() for at in missed}
    return len(missed) >= profile.callback_attempts and len(days) >= profile.callback_days


def attempts(profile: Profile) -> int:
    """Return how often a resident is asked, once a day, before nobody is asked any more.

    So many that :func:`exhausted` says so: each of the days needs an attempt of its own.
    """
    return max(profile.callback_attempts, profile.callback_days)


def moment(at: str) -> datetime:
    """Return a time of an event's facts."""
    return datetime.fromisoformat(at)


def to_be_called(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """Before it is resolved a resident is asked only when the time limit is over.

    Who has a chat answers there; the desk calls the others, until it has an answer.
    """
    by_desk = command.actor.kind == "staff"
    asked = ticket.to_call is not None if by_desk else expired(ticket)
    if not asked:
        return Refusal.said("no_call_due")
    return None


def reached_by_phone(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """Who joined from a chat is asked there."""
    if not by_phone(ticket):
        return Refusal("asked_in_chat", "这位居民在会话里问，不用打电话。")
    return None
