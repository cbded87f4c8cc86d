"""Who speaks for somebody else (代办), and by what right, where the office needs to know it. Pure.

Ordinary reports are taken from anybody and wait for nothing. What is done in a person's name needs that
person's word or paper, or a guardian: the desk checks it and writes down which, since when, who looked.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from services.tickets.core.commands import Command
from services.tickets.core.context import Context, Refusal
from services.tickets.core.rules import Rules
from services.tickets.core.ticket import Ticket


def for_another(ticket: Ticket) -> bool:
    """Say whether the request was made for somebody else."""
    return ticket.reporter.get("role") == "proxy" or bool(ticket.subject.get("relation"))


def unchecked(ticket: Ticket, rules: Rules) -> bool:
    """Say whether the desk has to check by what right: the kind of request needs it, nobody has."""
    kind = ticket.kind.value if ticket.kind else ""
    return for_another(ticket) and kind in rules.proxy_kinds and ticket.proxy_auth is None


def is_for_another(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """Who speaks for themselves needs nobody's leave."""
    if not for_another(ticket):
        return Refusal("not_for_another", "这件不是替别人办的，不用核对代办。")
    return None


def since_known(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """A right that begins later is none yet."""
    if date.fromisoformat(command.payload["since"]) > command.at.date():
        return Refusal("since_future", "这一天还没到。", {"since": "请换个日期。"})
    return None


def checked(ticket: Ticket, command: Command, context: Context) -> Mapping[str, Any]:
    """Which right, since when, and who looked at it."""
    person = context.person
    return {
        "proxy_auth": {
            "kind": command.payload["kind"],
            "since": command.payload["since"],
            "checked_by": command.actor.id,
            "checked_by_name": person.name if person else None,
            "checked_at": command.at.isoformat(),
        }
    }
