"""不予受理、终止办理 and the second look at them (复核).

《北京市接诉即办工作条例》第十一条 names when a request is not taken on; 《潍坊市12345政务服务便民热线
条例》第二十一条 lets work be ended only after a review. Either is a person's decision, and another
person looks again when the resident or the rule asks (``data/workflow.yml``, ``review``).
"""

from __future__ import annotations

from typing import Any

from services.tickets.core import clocks
from services.tickets.core.calendar import days_between
from services.tickets.core.choices import ACCEPTED, GROUNDS
from services.tickets.core.commands import Command
from services.tickets.core.context import Context, Refusal, accounts
from services.tickets.core.states import State
from services.tickets.core.ticket import Ticket
from services.words import piece

Facts = dict[str, Any]
NO_NEWS = "no_news"


def earlier_named(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """“Nothing new” points to the resident's own earlier ticket about the same matter.

    Whose ticket it is matters: its progress is told, and it must not be a neighbour's.
    """
    if command.payload.get("reason") != NO_NEWS:
        return None
    earlier = context.parent
    if earlier is None or earlier.ticket_no == ticket.ticket_no:
        return Refusal(
            "earlier_missing", "没有新情况的，请填原来那件工单的编号。", {"earlier": "请填工单号。"}
        )
    if earlier.leaf != ticket.leaf or not same_resident(ticket, earlier):
        return Refusal(
            "not_same_request",
            "那件工单不是这位居民的同一件事；邻居反映的请用并单。",
            {"earlier": "请核对工单号。"},
        )
    return None


def same_resident(a: Ticket, b: Ticket) -> bool:
    """Say whether two tickets come from one resident, as far as it is known."""
    pairs = (
        (a.resident_id, b.resident_id),
        (a.conversation_id, b.conversation_id),
        (a.household, b.household),
    )
    return any(x is not None and x == y for x, y in pairs)


def review_once(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """The resident asks once for a second look at one refusal."""
    if ticket.review_due_at is not None:
        return Refusal.said("review_running")
    asked = [r for r in ticket.reviews if r.get("asked_by") == "resident"]
    if asked and not _before_refusal(ticket, asked[-1]["at"]):
        return Refusal.said("reviewed_already")
    return None


def _before_refusal(ticket: Ticket, at: str) -> bool:
    return ticket.refused_at is not None and at < ticket.refused_at.isoformat()


def within_review_days(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """A second look is asked for as long as a closed ticket can be reopened."""
    days = context.profile.reopen_days
    if ticket.refused_at and days_between(ticket.refused_at, command.at) > days:
        return Refusal.said("review_too_late", days=days)
    return None


def review_pending(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """A second look is decided where one has been asked for."""
    if ticket.review_due_at is None:
        return Refusal("nothing_requested", "没有待复核的申请。")
    return None


def not_refuser(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """Another person than who refused, and than who has looked already."""
    looked = {ticket.refused_by, *(r.get("by") for r in ticket.reviews)}
    if accounts(command, context) & looked:
        return Refusal("own_refusal", "不能复核自己作出的决定，请由另一位同志复核。")
    return None


PROPOSED = ("ground", "explanation", "redirect")
"""What a proposal to end the work says."""


def termination_facts(ticket: Ticket, command: Command) -> Facts:
    """Ground, explanation and where to go: the command's, else those that were proposed."""
    asked = ticket.termination_request or {}
    return {n: command.payload.get(n) or asked.get(n) for n in PROPOSED}


def termination_explained(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """Work ends on a ground, with an explanation for the resident (《潍坊市12345…条例》第二十一条)."""
    given = termination_facts(ticket, command)
    missing = [n for n in ("ground", "explanation") if not given[n]]
    if missing:
        return Refusal(
            "termination_incomplete",
            "终止办理要写明情形和对居民的解释。",
            dict.fromkeys(missing, "请填写。"),
        )
    return None


def termination_pending(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """Only a proposal can be refused."""
    if ticket.termination_request is None:
        return Refusal("nothing_requested", "没有待审核的终止申请。")
    return None


def not_termination_requester(ticket: Ticket, command: Command, context: Context) -> Refusal | None:
    """Nobody decides on a proposal of their own to end the work."""
    asked = ticket.termination_request
    if asked and asked["by"] in accounts(command, context):
        return Refusal("own_request", "不能审核自己提出的终止申请。")
    return None


# ── facts ───────────────────────────────────────────────────────────────────────────────────────


def handed_off(ticket: Ticket, command: Command, context: Context) -> Facts:
    """Where to, by which of the dispositions, and what the resident can do."""
    code = command.payload["disposition"]
    return {"disposition": code, "redirect": context.rules.dispositions[code].redirect}


def not_accepted(ticket: Ticket, command: Command, context: Context) -> Facts:
    """Which of the dispositions, said so that the resident understands it, with where to go."""
    code = command.payload["reason"]
    rule = context.rules.dispositions[code]
    facts: Facts = {
        "ground": code,
        "disposition": code,
        "legal_basis": rule.basis,
        "reason": f"{rule.say}{command.payload['explanation']}",
        "redirect": command.payload.get("redirect") or rule.redirect,
    }
    if code == NO_NEWS and context.parent:
        facts["duplicate_of"] = context.parent.ticket_no
        facts["redirect"] = piece("see_earlier", number=context.parent.ticket_no)
    return facts


def termination_requested(ticket: Ticket, command: Command, context: Context) -> Facts:
    """What is proposed, by whom and when; it waits for another person."""
    asked = {n: v for n in PROPOSED if (v := command.payload.get(n))}
    return {"termination_request": {**asked, "by": command.actor.id, "at": command.at.isoformat()}}


def terminated(ticket: Ticket, command: Command, context: Context) -> Facts:
    """Why the work ends, where the resident can go, and whose proposal it was."""
    given = termination_facts(ticket, command)
    proposed = (ticket.termination_request or {}).get("by")
    known = {n: v for n, v in given.items() if v}
    facts: Facts = {**known, "reason": f"{GROUNDS[given['ground']]}。{given['explanation']}"}
    return facts | ({"proposed_by": proposed} if proposed else {})


def upheld(ticket: Ticket, command: Command, context: Context) -> Facts:
    """The refusal stays, with an explanation; the look is kept with who looked."""
    return {"reviews": [*ticket.reviews, _look(ticket, command)]}


def corrected(ticket: Ticket, command: Command, context: Context) -> Facts:
    """The refusal was wrong: the matter goes on. ``case`` facts are added by the caller."""
    facts: Facts = {"reviews": [*ticket.reviews, _look(ticket, command)]}
    if ticket.state is State.NOT_ACCEPTED:
        facts |= {"disposition": ACCEPTED}
    return facts


def _look(ticket: Ticket, command: Command) -> Facts:
    return {
        "of": ticket.state.value,
        "decision": command.payload["decision"],
        "explanation": command.payload["explanation"],
        "asked_by": ticket.review_asked_by,
        "refused_by": ticket.refused_by,
        "by": command.actor.id,
        "at": command.at.isoformat(),
    }


def review_due(command: Command, context: Context, asked_by: str) -> Facts:
    """By when another person has looked again, and who asked for it (``rule``, ``resident``)."""
    rule = context.rules.review
    due = clocks.deadline("复核，由另一位同志再看一次", command.at, rule.limit, context.calendar)
    return {"review_asked_by": asked_by, **due.as_facts("review_due")}
