"""Looking after those who work: 督办, 审计抽查, 剔除, 冻结, 保密级别, and what follows a group demand.

What is left out of scoring is decided before a period is scored, by the auditor, who is not of the
unit that is scored; the rules of a place are in ``data/workflow.yml``.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from services.tickets.core import clocks
from services.tickets.core.calendar import CLOSES, ZONE
from services.tickets.core.choices import LEVELS
from services.tickets.core.commands import Command
from services.tickets.core.context import Context, Refusal, accounts, own_units
from services.tickets.core.states import State
from services.tickets.core.ticket import Ticket

Facts = dict[str, Any]


# ── 督办 ────────────────────────────────────────────────────────────────────────────────────────


def until_in_future(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """The unit gets at least the rest of today's working time to answer."""
    until = command.payload.get("until")
    if until and _end_of(until) <= command.at:
        return Refusal(
            "until_past", "反馈期限要在今天下班以前还来得及，或者更晚。", {"until": "请换个日期。"}
        )
    return None


def supervised(ticket: Ticket, command: Command, context: Context) -> Facts:
    """By when the unit answers: the day that was set, else the level's own limit."""
    level, until = command.payload["level"], command.payload.get("until")
    if until:
        due = _end_of(until)
        reason = f"{LEVELS[level]}，督办人定的日期"
    else:
        limit = context.rules.supervision[level]
        due = limit.after(command.at, context.calendar)
        reason = f"{LEVELS[level]}，{limit.text}内反馈"
    return {"org": ticket.owner_org, "due_at": due.isoformat(), "due_reason": reason}


def _end_of(day: str) -> datetime:
    return datetime.combine(date.fromisoformat(day), time(CLOSES.hour, CLOSES.minute), ZONE)


def supervised_now(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """Who answers has been asked."""
    if not any(not s.get("answers") for s in ticket.supervisions):
        return Refusal("not_supervised", "没有等待反馈的督办。")
    return None


def supervision_answered(ticket: Ticket, command: Command, context: Context) -> Facts:
    """The unit's answer stands with every order that waited for one."""
    answer = {
        "text": command.payload["text"],
        "at": command.at.isoformat(),
        "by": command.actor.id,
    }
    return {
        "supervisions": [
            s if s.get("answers") else {**s, "answers": [answer]} for s in ticket.supervisions
        ]
    }


# ── 报请上级 ────────────────────────────────────────────────────────────────────────────────────


def escalated(ticket: Ticket, command: Command, context: Context) -> Facts:
    """By when the street answers the unit that reports upwards."""
    due = clocks.deadline("提级答复", command.at, context.rules.escalation.limit, context.calendar)
    return {"org": ticket.owner_org, **due.as_facts("due")}


def escalated_now(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """There is something to answer: the unit that has the order has reported it."""
    if not ticket.escalations_open:
        return Refusal("not_escalated", "没有等待答复的提级。")
    return None


def escalation_answered(ticket: Ticket, command: Command, context: Context) -> Facts:
    """One answer stands with everything that waited for one."""
    answer = {
        "decision": command.payload["decision"],
        "text": command.payload["text"],
        "at": command.at.isoformat(),
        "by": command.actor.id,
    }
    waits = ticket.escalations_open
    return {
        "escalations": [
            {**e, "answers": [answer]} if n in waits else e
            for n, e in enumerate(ticket.escalations)
        ]
    }


# ── 群诉 ────────────────────────────────────────────────────────────────────────────────────────


def group_due(command: Command, context: Context) -> Facts:
    """By when a group demand is told whether it is taken on."""
    rule = context.rules.group
    due = clocks.deadline("群诉，答复是否受理", command.at, rule.limit, context.calendar)
    return clocks.Deadline(due.at, f"{due.reason}；{rule.source}").as_facts("group_due")


def group_unanswered(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """A group demand is answered once."""
    if not ticket.group or ticket.group_answer is not None:
        return Refusal("no_group_demand", "不是群诉，或者已经答复过。")
    return None


def group_answered(ticket: Ticket, command: Command, context: Context) -> Facts:
    """What all who asked are told."""
    at = command.at
    return {
        "group_answer": {
            "decision": command.payload["decision"],
            "text": command.payload["text"],
            "at": at.isoformat(),
            "by": command.actor.id,
            "in_time": ticket.group_due_at is None or at <= ticket.group_due_at,
        }
    }


# ── 保密 ────────────────────────────────────────────────────────────────────────────────────────


def not_lowered(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """What the resident or the matter demands is not taken back by staff, only what staff set."""
    level = command.payload["level"]
    leaf = context.leaf(ticket)
    if leaf and leaf.restricted and level != "restricted":
        return Refusal("stays_restricted", "这类事项按规定限阅，不能降低。")
    by_staff = ticket.protection is not None and not ticket.protection["by_resident"]
    if ticket.confidential and level == "normal" and not by_staff:
        return Refusal("stays_confidential", "居民要求保密，不能取消。")
    return None


def protected(ticket: Ticket, command: Command, context: Context) -> Facts:
    """The level, who set it, and whether the resident had asked for secrecy before."""
    level = command.payload["level"]
    before = ticket.protection or {"by_resident": ticket.confidential}
    asked = bool(before["by_resident"])
    return {
        "confidential": asked or level != "normal",
        "restricted": level == "restricted",
        "protection": {
            "level": level,
            "reason": command.payload["reason"],
            "by": command.actor.id,
            "at": command.at.isoformat(),
            "by_resident": asked,
        },
    }


def secrecy(ticket: Ticket, command: Command, context: Context) -> Facts:
    """What the resident wishes of their name; what staff set beside it stays as it is."""
    secret = command.payload["secret"] == "yes"
    if ticket.protection is None:
        return {"confidential": secret}
    protection = {**ticket.protection, "by_resident": secret}
    return {"confidential": secret or protection["level"] != "normal", "protection": protection}


# ── 考评、抽查、冻结 ────────────────────────────────────────────────────────────────────────────


def scoring_closes(ticket: Ticket, context: Context) -> datetime | None:
    """Return when the month in which a ticket is due has been scored; None while it is not due.

    A ticket that never had a deadline counts in the month it came in.
    """
    at = ticket.due_at or ticket.created_at
    if at is None:
        return None
    local = at.astimezone(ZONE)
    first = (local.replace(day=1) + timedelta(days=32)).replace(
        day=1, hour=0, minute=0, second=0, microsecond=0
    )
    return context.rules.scoring_closes.limit.after(first, context.calendar)


def not_scored_unit(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """Nobody takes tickets of the own unit out of the count."""
    scored = {ticket.owner_org, *(a["org"] for a in ticket.assists)}
    own = own_units(command, context) & scored
    if own or accounts(command, context) & set(ticket.handlers):
        return Refusal("own_unit", "被考评的单位不能剔除自己的工单。")
    return None


def period_open(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """Before the month is scored, not after."""
    closes = scoring_closes(ticket, context)
    if closes is not None and command.at > closes:
        return Refusal(
            "period_closed",
            f"这个月的考评已在{clocks.local_text(closes)}定稿，不能再改。",
        )
    return None


_FITS = {
    "not_accepted": State.NOT_ACCEPTED,
    "merged": State.MERGED,
    "withdrawn": State.WITHDRAWN,
}


def exclusion_fits(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """A reason that is a state needs that state, and a withdrawal must have been free."""
    if ticket.exclusion is not None:
        return Refusal("excluded_already", "已经剔除过。")
    needed = _FITS.get(command.payload["reason"])
    if needed is not None and ticket.state is not needed:
        return Refusal(
            "exclusion_unfounded",
            f"工单不是“{needed.label}”，不能按这个原因剔除。",
            {"reason": "原因和工单状态不符。"},
        )
    if needed is State.WITHDRAWN and ticket.persuaded:
        return Refusal("persuaded", "居民说是被人劝撤的，不能剔除。")
    return None


def excluded(ticket: Ticket, command: Command, context: Context) -> Facts:
    """Reason, basis, who and when: public in numbers never by the unit itself."""
    return {
        "exclusion": {
            "reason": command.payload["reason"],
            "basis": command.payload["basis"],
            "decided_by": command.actor.id,
            "decided_at": command.at.isoformat(),
        }
    }


def excluded_now(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """Only what was left out can be taken in again."""
    if ticket.exclusion is None:
        return Refusal("not_excluded", "这张工单没有被剔除。")
    return None


def not_held(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """A ticket is frozen once."""
    if ticket.hold is not None:
        return Refusal("held_already", "已经冻结。")
    return None


def held_now(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """Only what is frozen can be released."""
    if ticket.hold is None:
        return Refusal("not_held", "没有冻结。")
    return None


def held(ticket: Ticket, command: Command, context: Context) -> Facts:
    """While a ticket is frozen nothing of it is deleted, whatever the retention rules say."""
    return {
        "hold": {
            "reason": command.payload["reason"],
            "by": command.actor.id,
            "at": command.at.isoformat(),
        }
    }


def audited(ticket: Ticket, command: Command, context: Context) -> Facts:
    """What the audit found about the present round."""
    found = {
        "finding": command.payload["finding"],
        "text": command.payload["text"],
        "round": ticket.rework_round,
        "org": ticket.owner_org,
        "resolved_by": ticket.resolved_by,
        "by": command.actor.id,
        "at": command.at.isoformat(),
    }
    return {"audits": [*ticket.audits, found]}


def is_case(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """Only a case about pressure on a resident is closed without a callback."""
    if ticket.case_of is None:
        return Refusal("callback_first", "要先回访，才能归档。")
    return None
