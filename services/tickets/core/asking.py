"""What residents are asked for: once and completely (一次告知, 《行政许可法》第三十二条). Pure.

A notice is what a clerk asks for before accepting, or what a unit asks for at a contact. Each says of
itself whether it was the first, the same again, or names something that the first had left out: so that
it is still known when the words are erased.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from services.tickets.core.context import Context
from services.tickets.core.states import State
from services.tickets.core.ticket import Ticket

FIRST, SAME, MORE = "first", "same", "more"


def facts(ticket: Ticket, items: Iterable[str] | None) -> dict[str, Any]:
    """Return the facts of a notice; none when nothing is asked for."""
    asked = list(items or ())
    if not asked:
        return {}
    told = ticket.told_items
    if not told:
        return {"notice": FIRST, "told_items": asked}
    return {"notice": SAME if all(named(item, told) for item in asked) else MORE}


def until(ticket: Ticket, context: Context) -> datetime | None:
    """Return until when what is missing can be asked for; of an older ticket, counted from its receipt."""
    if ticket.notice_due_at is not None or ticket.created_at is None:
        return ticket.notice_due_at
    return context.profile.notice.after(ticket.created_at, context.calendar)


def too_late(ticket: Ticket, at: datetime, context: Context) -> bool:
    """Say whether a request that waits to be accepted counts as accepted already: nothing was asked in time."""
    last = until(ticket, context)
    waits = ticket.state is State.SUBMITTED and ticket.info_rounds == 0
    return waits and last is not None and at > last


def named(item: str, notice: Iterable[str]) -> bool:
    """Say whether a notice names a thing: “身份证” is named by “身份证原件和复印件”, not the other way."""
    return any(_plain(item) in _plain(told) for told in notice)


def _plain(item: str) -> str:
    """Without what does not distinguish it: blanks, signs, big and small letters."""
    return "".join(c for c in item.casefold() if c.isalnum())
