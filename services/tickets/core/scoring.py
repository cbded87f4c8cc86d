"""A unit asks that a ticket be left out of its scoring (剔除考评), and appeals once when it is refused.

Who is scored asks, before the month is scored; the audit role decides, never somebody of the unit
(``oversight.not_scored_unit``), and on an appeal another person than who had refused. What is left
out is public by reason and number only.
"""

from __future__ import annotations

from typing import Any

from services.tickets.core.commands import Command
from services.tickets.core.context import Context, Refusal, accounts
from services.tickets.core.oversight import excluded, exclusion_fits
from services.tickets.core.ticket import Ticket

Facts = dict[str, Any]
ASKED, REFUSED, APPEALED, SETTLED, GRANTED = "asked", "refused", "appealed", "settled", "granted"
PENDING = frozenset({ASKED, APPEALED})
"""How a request stands while it waits for the auditor; ``settled`` is refused for good."""


def exclusion_asked_once(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """A ticket's unit asks once; who was refused appeals. Another unit that got it may ask for itself."""
    asked = ticket.exclusion_request
    if asked is None or ticket.owner_org not in _units(asked):
        return None
    if asked["org"] == ticket.owner_org and asked["state"] == REFUSED:
        return Refusal("asked_already", "已经申请过、没有同意；不服可以申请复议一次。")
    return Refusal("asked_already", "贵单位已经为这张工单申请过剔除考评。")


def exclusion_refused_here(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """Only what was refused is appealed, by the unit that had asked, once."""
    asked = ticket.exclusion_request
    if asked is not None and asked["org"] == ticket.owner_org:
        if asked["state"] == REFUSED:
            return None
        if "appeal" in asked:
            return Refusal("appealed_already", "已经复议过一次，不能再复议。")
    return Refusal("nothing_refused", "没有被驳回的剔除申请。")


def exclusion_pending(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """The auditor decides on what waits."""
    if not pending(ticket):
        return Refusal("nothing_requested", "没有待审的剔除申请。")
    return None


def not_who_refused(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """An appeal is for another person than who had refused, and stays so once it is decided."""
    asked = ticket.exclusion_request or {}
    if "appeal" not in asked:
        return None
    before = {d["by"] for d in asked["decisions"] if d["at"] <= asked["appeal"]["at"]}
    if accounts(command, context) & before:
        return Refusal("own_decision", "这件剔除申请第一次是您审的，复议请由另一位审计同志来定。")
    return None


def asked_exclusion_fits(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """Granted, the reason that was asked for must still be true of the ticket."""
    return exclusion_fits(ticket, _as_asked(ticket, command), context)


def pending(ticket: Ticket) -> bool:
    """Say whether a request waits for the auditor."""
    asked = ticket.exclusion_request
    return asked is not None and asked["state"] in PENDING


# ── facts ───────────────────────────────────────────────────────────────────────────────────────


def requested(ticket: Ticket, command: Command, context: Context) -> Facts:
    """Why, on what basis, with which evidence; for which unit, by whom."""
    said = {n: command.payload[n] for n in ("reason", "basis", "text")}
    asked = {**said, "org": ticket.owner_org, **_by(command), "state": ASKED, "decisions": []}
    if ticket.exclusion_request:
        asked["before"] = _units(ticket.exclusion_request)
    return {"exclusion_request": asked}


def appealed(ticket: Ticket, command: Command, context: Context) -> Facts:
    """What the unit says against the refusal."""
    appeal = {"text": command.payload["text"], **_by(command)}
    return {"exclusion_request": {**_of(ticket), "state": APPEALED, "appeal": appeal}}


def refused(ticket: Ticket, command: Command, context: Context) -> Facts:
    """The ticket counts; after an appeal for good."""
    state = SETTLED if _of(ticket)["state"] == APPEALED else REFUSED
    return {"exclusion_request": _decided(ticket, command, state)}


def granted(ticket: Ticket, command: Command, context: Context) -> Facts:
    """The ticket is left out, for the reason and on the basis that were asked for."""
    made = excluded(ticket, _as_asked(ticket, command), context)
    return {**made, "exclusion_request": _decided(ticket, command, GRANTED)}


def without_request(ticket: Ticket, command: Command, context: Context) -> Facts:
    """Of the auditor's own accord; a request that waited is granted by that."""
    made = excluded(ticket, command, context)
    if pending(ticket):
        made["exclusion_request"] = _decided(ticket, command, GRANTED)
    return made


def included(ticket: Ticket, command: Command, context: Context) -> Facts:
    """Taken in again: what had been granted is refused for good."""
    if ticket.exclusion_request is None:
        return {}
    return {"exclusion_request": _decided(ticket, command, SETTLED)}


def _units(asked: Facts) -> list[str]:
    """Return the units that have asked, the last one at the end."""
    return [*asked.get("before", ()), asked["org"]]


def _of(ticket: Ticket) -> Facts:
    assert ticket.exclusion_request is not None  # the guards
    return ticket.exclusion_request


def _decided(ticket: Ticket, command: Command, state: str) -> Facts:
    text = command.payload.get("text") or command.payload.get("basis")
    one = {"state": state, "text": text or command.payload.get("reason"), **_by(command)}
    asked = _of(ticket)
    return {**asked, "state": state, "decisions": [*asked["decisions"], one]}


def _by(command: Command) -> Facts:
    return {"by": command.actor.id, "at": command.at.isoformat()}


def _as_asked(ticket: Ticket, command: Command) -> Command:
    """Return the command with the reason and basis of the request."""
    asked = ticket.exclusion_request or {}
    given: Facts = {n: asked[n] for n in ("reason", "basis") if n in asked}
    return Command(command.action, command.actor, command.at, {**command.payload, **given})
