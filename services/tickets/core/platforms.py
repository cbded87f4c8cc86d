"""The date of a higher platform (12345) beside ours: whose it is, which is earlier, when it moves.

Ours is counted from the request by our own rules and scored; the platform's stands in its order and only
another import moves it. Staff see the earlier one first, the resident ours unless theirs is earlier.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from services.tickets.core.clocks import local_text
from services.tickets.core.commands import Command
from services.tickets.core.context import Context, Refusal
from services.tickets.core.sideclocks import SideClock
from services.tickets.core.states import OPEN, State
from services.tickets.core.ticket import Ticket, platform_is_earlier

Facts = dict[str, Any]

CLOCK = "platform"
"""Key of its clock: the stage that is on record when it has been missed."""


def platform_due_new(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """The same date twice is said once."""
    if datetime.fromisoformat(command.payload["due"]) == ticket.platform_due_at:
        return Refusal("nothing_moves", "上级期限没有变。")
    return None


def due_set(ticket: Ticket, command: Command, context: Context) -> Facts:
    """The date with where it comes from, what it was before, and what was promised if that was later."""
    due = datetime.fromisoformat(command.payload["due"])
    reason = command.payload["reason"]
    if ticket.platform_due_at is not None:
        reason = f"{reason}；原来是{local_text(ticket.platform_due_at)}前"
    facts = {"platform_due_at": command.payload["due"], "platform_due_reason": reason}
    before, _ = promised(ticket)
    after, _ = promised(ticket.changed({"platform_due_at": due}))
    if before is not None and after is not None and after < before:
        facts["promised_before"] = before.isoformat()
    return facts


def running(ticket: Ticket) -> dict[str, SideClock]:
    """Return the platform's date as a clock that is reminded of, while it is earlier than ours.

    It does not stand still while ours does.
    """
    since, at = ticket.created_at, ticket.platform_due_at
    counts = ticket.state in OPEN - {State.RESOLVED} and platform_is_earlier(ticket)
    if not counts or since is None or at is None:
        return {}
    reason = str(ticket.platform_due_reason)
    return {
        CLOCK: SideClock(
            CLOCK, (), "", "上级平台", "", since, at, reason, (CLOCK, 0, None), "platform_due", True
        )
    }


def promised(ticket: Ticket) -> tuple[datetime | None, str | None]:
    """Return the date that counts for people, the earlier of the two, with its sentence."""
    if platform_is_earlier(ticket):
        return ticket.platform_due_at, ticket.platform_due_reason
    return ticket.due_at, ticket.due_reason
