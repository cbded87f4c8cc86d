"""What a ticket says on paper. Pure: from the folded ticket to short Chinese texts by name.

No name, phone, room or words of who reported are among them, so no sheet can print them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from services.bookings.places import PARTS
from services.tickets.core.choices import (
    LEVELS,
    OUTCOMES,
    WHISTLE_STAGES,
    WHISTLES,
)
from services.tickets.core.clocks import local_text
from services.tickets.core.event import Event
from services.tickets.core.fold import fold
from services.tickets.core.rules import Rules
from services.tickets.core.states import REFUSED, State
from services.tickets.core.ticket import Ticket

Facts = dict[str, str]

READY: Mapping[str, Callable[[Ticket], bool]] = {
    "accepted": lambda t: t.accepted_at is not None,
    "refused": lambda t: t.state in REFUSED,
    "active": lambda t: t.is_open,
    "supervised": lambda t: bool(t.supervisions),
    "extended": lambda t: bool(t.extensions),
    "suspended": lambda t: t.state is State.SUSPENDED,
    "resolved": lambda t: t.resolved_at is not None and t.outcome is not None,
    "whistled": lambda t: bool(t.whistles),
    "asked": lambda t: bool(t.need_items),
    "filed": lambda t: t.state is not State.DRAFT,
    "certificate": lambda t: t.state is not State.DRAFT,
    "depends": lambda t: t.state is not State.DRAFT,
    "assigned": lambda t: t.owner_org is not None and t.is_open,
}
"""When a ticket has something to put on a sheet; of an application the locality's policy decides, too."""

MEALS = {"breakfast": "早饭", "lunch": "午饭", "dinner": "晚饭"}

NAMES = frozenset({
    "display_no", "source_ref", "title", "place", "task_place", "accepted_on", "due_on",
    "due_reason", "owner", "owner_person", "owner_phone", "duty", "duty_phone", "reason",
    "redirect", "refusal_basis", "due_before", "extension_reason", "extension_days",
    "suspend_reason", "suspend_plan", "review_on", "outcome", "reply", "explanation",
    "resolved_on", "supervise_level", "supervise_text", "supervise_due", "round_text",
    "whistle_units", "whistle_text", "whistle_due", "whistle_type", "whistle_lead", "whistle_no",
    "appointment", "occurred", "sign_due", "need_items", "info_due", "filed_on", "came_by",
    "handled", "supervised_text", "called_back", "certificate", "purpose", "demanded_by",
    "certificate_where", "certificate_why",
})  # fmt: skip
"""Names that ``data/paper/papers.yml`` may use."""


def facts_of(history: Sequence[Event], rules: Rules, units: Mapping[str, str]) -> Facts:
    """Return the facts of a ticket; what is not known is empty.

    Args:
        history: All its events, from the first, up to the version that the sheet is about.
        rules: For the basis of a refusal.
        units: Names of units by id.
    """
    ticket = fold(history)
    disposition = rules.dispositions.get(ticket.disposition or "")
    return {
        "display_no": ticket.display_no,
        "title": ticket.title,
        "place": ticket.place.public_text or "",
        "accepted_on": _day(ticket.accepted_at),
        "due_on": _moment(ticket.due_at),
        "due_reason": (ticket.due_reason or "").rstrip("。"),
        "owner": ticket.owner_org_name or "",
        "owner_person": ticket.owner_person_name or "",
        "duty": ticket.duty or "",
        "reason": _bare(ticket.reason),
        "redirect": _bare(ticket.redirect),
        "refusal_basis": disposition.basis if disposition else "",
        "outcome": OUTCOMES.get(ticket.outcome or "", ""),
        "reply": ticket.reply or "",
        "explanation": ticket.explanation or "",
        "resolved_on": _day(ticket.resolved_at),
        "round_text": f"第{ticket.rework_round + 1}轮" if ticket.rework_round else "",
        "occurred": ticket.occurred_text or "",
        "sign_due": _moment(ticket.sign_due_at),
        "appointment": appointment_text(ticket.appointment),
        "need_items": "；".join(map(str, ticket.need_items)),
        "info_due": _moment(ticket.info_due_at),
        **certificate_facts(ticket.certificate),
        **_course(ticket, history),
        **_extension(history),
        **_suspension(ticket, history),
        **_supervision(ticket),
        **_whistle(ticket, units),
    }


def appointment_text(given: Mapping[str, Any] | None) -> str:
    """Return when an appointment is, and how many portions."""
    if not given:
        return ""
    part = MEALS.get(str(given.get("meal"))) or PARTS.get(str(given.get("part"))) or ""
    portions = given.get("portions")
    said = (given.get("date"), part, given.get("time"), f"{portions}份" if portions else None)
    return " ".join(str(s) for s in said if s)


def certificate_facts(given: Mapping[str, Any] | None) -> Facts:
    """Return which certificate is asked for, what for, and who demands it, as far as it was said."""
    asked = given or {}
    return {
        "certificate": str(asked.get("name") or ""),
        "purpose": str(asked.get("purpose") or ""),
        "demanded_by": str(asked.get("demanded_by") or ""),
    }


REPORTERS = {
    "self": "居民本人", "proxy": "家里人代办", "neighbour": "别的居民", "patrol": "巡查", "staff": "工作人员",
}  # fmt: skip
CALLS = {
    "callback_solved": "已解决",
    "callback_unsolved": "未解决，退回重办",
    "callback_missed": "未接通",
}


def _course(ticket: Ticket, history: Sequence[Event]) -> Facts:
    """Return the way of a ticket for its 流转单: who came, when what was done. Nobody is named who reported."""
    role = REPORTERS.get(str(ticket.reporter.get("role")), "")
    steps = (
        ("派单", ticket.dispatched_at),
        ("签收", ticket.signed_at),
        ("首次联系", ticket.first_contact_at),
    )
    done = [f"{_day(at)}{what}" for what, at in steps if at]
    orders = [
        f"{LEVELS.get(str(one.get('level')), '')}：{_bare(one.get('text'))}"
        for one in ticket.supervisions
    ]
    calls = [f"{_day(e.at)}{CALLS[e.type]}" for e in history if e.type in CALLS]
    return {
        "filed_on": _moment(ticket.created_at),
        "came_by": role,
        "handled": "，".join([*filter(None, [ticket.owner_org_name]), *done]) if done else "",
        "supervised_text": "；".join(orders),
        "called_back": "；".join(calls),
    }


def _last(history: Sequence[Event], *types: str) -> int | None:
    return next((i for i in reversed(range(len(history))) if history[i].type in types), None)


def _extension(history: Sequence[Event]) -> Facts:
    at = _last(history, "extended")
    if at is None:
        return {}
    given = history[at].data
    asked = _last(history[:at], "extension_requested")
    reason = given.get("reason") or (history[asked].data.get("reason") if asked is not None else "")
    return {
        "extension_reason": _bare(reason),
        "extension_days": str(given.get("days") or ""),
        "due_before": _moment(fold(history[:at]).due_at),
    }


def _suspension(ticket: Ticket, history: Sequence[Event]) -> Facts:
    at = _last(history, "suspended")
    if at is None or ticket.state is not State.SUSPENDED:
        return {}
    return {
        "suspend_reason": _bare(ticket.reason),
        "suspend_plan": _bare(history[at].data.get("plan")),
        "review_on": _day(ticket.review_at),
    }


def _supervision(ticket: Ticket) -> Facts:
    if not ticket.supervisions:
        return {}
    last = ticket.supervisions[-1]
    due = last.get("due_at")
    return {
        "supervise_level": LEVELS.get(str(last.get("level")), ""),
        "supervise_text": _bare(last.get("text")),
        "supervise_due": _moment(datetime.fromisoformat(due)) if due else "",
    }


def _whistle(ticket: Ticket, units: Mapping[str, str]) -> Facts:
    if not ticket.whistles:
        return {}
    last = ticket.whistles[-1]
    called = last["units"]
    first = called[0] if called else {}
    due = "；".join(
        f"{name}{_moment(datetime.fromisoformat(first[f'{stage}_due_at']))}前"
        for stage, name in WHISTLE_STAGES.items()
        if first.get(f"{stage}_due_at")
    )
    return {
        "whistle_units": "、".join(u["name"] for u in called),
        "whistle_type": WHISTLES.get(str(last.get("type")), ""),
        "whistle_text": _bare(last.get("reason")),
        "whistle_due": due,
        "whistle_lead": units.get(str(last.get("lead")), ""),
        "whistle_no": str(len(ticket.whistles)),
    }


def _bare(text: object) -> str:
    """Return a text without the full stop that the sheet's own sentence brings."""
    return str(text or "").strip().rstrip("。；;")


def _day(moment: datetime | None) -> str:
    return f"{moment.year}年{moment.month}月{moment.day}日" if moment else ""


def _moment(moment: datetime | None) -> str:
    return f"{moment.year}年{local_text(moment)}" if moment else ""
