"""风险提示: that somebody may be in danger, a minor is concerned, an old person lives alone …

What a place marks, by which words, and who sees it is data (``data/workflow.yml``, ``risks``). A rule or
a person of the desk sets one, with a reason, and a person takes it away, with a reason; what was taken
away is not set by the rule again. It is about people's circumstances (《个人信息保护法》第二十八条), so only
the desk sees all of them, others those of their kind of work and only on tickets that are theirs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from services.tickets.core.actor import SYSTEM, Actor
from services.tickets.core.commands import Command
from services.tickets.core.context import Context, Refusal, belongs, reads
from services.tickets.core.riskkinds import OVERSEERS, Risk
from services.tickets.core.ticket import Ticket

Facts = dict[str, Any]
DESK = frozenset({"clerk", "supervisor", "dispatcher"})
"""Who sets and takes away, and sees every kind."""
EVENTS = frozenset({"risk_flagged", "risk_cleared"})


def current(ticket: Ticket) -> list[Facts]:
    """Return the risks that stand."""
    return [one for one in ticket.risks if "cleared" not in one]


def by_rule(ticket: Ticket, risks: Mapping[str, Risk]) -> Facts | None:
    """Return the next risk that a rule sets, each kind once in a ticket's life."""
    known = {one["risk"] for one in ticket.risks}
    for code, risk in risks.items():
        if code not in known and (why := risk.found(ticket)):
            return {"risk": code, "reason": why}
    return None


def rule_command(ticket: Ticket, context: Context, at: Any) -> Command | None:
    """Return the command of :func:`by_rule`."""
    found = by_rule(ticket, context.rules.risks) if ticket.is_open else None
    return Command("flag_risk", SYSTEM, at, found) if found else None


def seen(ticket: Ticket, actor: Actor) -> list[Facts]:
    """Return the risks that stand and that the actor may see."""
    return [one for one in current(ticket) if may_see(one["seen_by"], ticket, actor)]


def may_see(seen_by: Sequence[str], ticket: Ticket, actor: Actor) -> bool:
    """Say whether a risk of a kind that these roles see is shown to somebody."""
    if actor.kind == "system" or actor.role in DESK:
        return reads(ticket, actor)
    if actor.role not in seen_by or not reads(ticket, actor):
        return False
    return actor.role in OVERSEERS or belongs(ticket, actor)


# ── guards ──────────────────────────────────────────────────────────────────────────────────────


def risk_known(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """Only what the place has a name for is marked: nothing made up about people."""
    if command.payload["risk"] not in context.rules.risks:
        return Refusal("risk_unknown", "没有这种风险提示。", {"risk": "请选择。"})
    return None


def risk_not_there(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """A risk is marked once."""
    if any(one["risk"] == command.payload["risk"] for one in current(ticket)):
        return Refusal("risk_there", "已经标了这种风险。", {"risk": "请换一种。"})
    return None


def risk_there(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """What is taken away is there."""
    if not any(one["risk"] == command.payload["risk"] for one in current(ticket)):
        return Refusal("risk_not_there", "没有标这种风险。", {"risk": "请核对。"})
    return None


def some_risk(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """There is something to take away."""
    return None if current(ticket) else Refusal("no_risk", "没有风险提示可撤。")


# ── facts ───────────────────────────────────────────────────────────────────────────────────────


def flagged(ticket: Ticket, command: Command, context: Context) -> Facts:
    """Which kind, why, by whom, and who sees it: as the place's rules have it on this day."""
    kind = context.rules.risks[command.payload["risk"]]
    seen_by = sorted(kind.seen_by)
    one = {
        "risk": command.payload["risk"], "name": kind.name, "seen_by": seen_by,
        "reason": command.payload["reason"], **_by(command),
    }  # fmt: skip
    return {"risk_name": kind.name, "seen_by": seen_by, "risks": [*ticket.risks, one]}


def cleared(ticket: Ticket, command: Command, context: Context) -> Facts:
    """The kind stays on record with why it was taken away."""
    wanted = command.payload["risk"]
    gone = {"reason": command.payload["reason"], **_by(command)}
    stood = next(one for one in current(ticket) if one["risk"] == wanted)
    risks = [{**one, "cleared": gone} if one is stood else one for one in ticket.risks]
    return {"risk_name": stood["name"], "seen_by": stood["seen_by"], "risks": risks}


def _by(command: Command) -> Facts:
    return {"by": command.actor.id, "at": command.at.isoformat()}
