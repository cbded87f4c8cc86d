"""What a transition writes into its event: facts of the matter, and what it does to the clocks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from typing import Any

from services.tickets.core import clocks
from services.tickets.core.calendar import OPENS
from services.tickets.core.commands import Command
from services.tickets.core.guards import Context, extension_days, suspension_facts
from services.tickets.core.kinds import Priority
from services.tickets.core.states import State
from services.tickets.core.ticket import Ticket
from services.tickets.core.workflow import GROUNDS, NOT_ACCEPT_REASONS, SUSPEND_REASONS

Facts = dict[str, Any]
Effect = Callable[[Ticket, Command, Context], Facts]


# ── clocks ──────────────────────────────────────────────────────────────────────────────────────


def keep(ticket: Ticket, command: Command, context: Context) -> Facts:
    """All clocks go on as they were."""
    return {}


def stop(ticket: Ticket, command: Command, context: Context) -> Facts:
    """The matter is over; the deadlines stay on record as they were."""
    return {}


def start(ticket: Ticket, command: Command, context: Context) -> Facts:
    """T0 of the resident's clock: submitted. First comes the time limit for accepting."""
    limit = context.sla(ticket).accept
    if limit is None:
        return {}
    due = clocks.deadline("受理", command.at, limit, context.calendar)
    return due.as_facts("accept_due")


def wait_for_info(ticket: Ticket, command: Command, context: Context) -> Facts:
    """The resident's clock stands still while we wait for what only the resident can say."""
    due = clocks.deadline("等您补充信息", command.at, context.profile.info_wait, context.calendar)
    return {"paused_since": command.at.isoformat(), **due.as_facts("info_due")}


def info_given(ticket: Ticket, command: Command, context: Context) -> Facts:
    """The wait for information ends; the time for accepting starts again."""
    return {"pauses": _pauses(ticket, command, "等待补充"), **start(ticket, command, context)}


def fix_due(ticket: Ticket, command: Command, context: Context) -> Facts:
    """Accepting fixes the resident's deadline, counted from T0 plus pauses."""
    assert ticket.created_at is not None  # every stored ticket was submitted
    case = _case(ticket, command, context)
    accepted = Ticket.from_doc({**ticket.to_doc(), **case})
    cls, leaf = context.sla(accepted), context.leaf(accepted)
    pauses = _pauses(ticket, command, "等待补充")
    facts: Facts = {"pauses": pauses, "sla_class": cls.id, "sla_profile": context.profile.id}
    due = clocks.finish_deadline(
        cls, leaf, ticket.created_at, ticket.appointment, context.profile, context.calendar
    )
    if due is None:
        return facts
    _, limit = clocks.finish_limit(cls, leaf)
    working = limit is not None and limit.working
    return facts | clocks.with_pauses(due, pauses, working, context.calendar).as_facts("due")


def inherit(ticket: Ticket, command: Command, context: Context) -> Facts:
    """A merged ticket is due when the one it went into is."""
    parent = context.parent
    if parent is None or parent.due_at is None:
        return {}
    return {
        "due_at": parent.due_at.isoformat(),
        "due_reason": f"与{parent.ticket_no}同一件事，时限相同：{parent.due_reason}",
    }


def start_unit(ticket: Ticket, command: Command, context: Context) -> Facts:
    """The unit's clock starts at dispatch. The resident's clock is not touched by re-dispatching."""
    cls = context.sla(ticket)
    facts: Facts = {}
    for name, what, limit in (
        ("sign_due", "签收", cls.sign),
        # Who has already been contacted need not be contacted first again by the next unit.
        ("contact_due", "首次联系", None if ticket.first_contact_at else cls.contact),
    ):
        if limit:
            due = clocks.deadline(what, command.at, limit, context.calendar)
            facts |= due.as_facts(name)
    return facts


def pause(ticket: Ticket, command: Command, context: Context) -> Facts:
    """挂账: the clock stands still until it is resumed."""
    review = date.fromisoformat(suspension_facts(ticket, command)["review_date"])
    review_at = datetime.combine(review, time(OPENS.hour, OPENS.minute), command.at.tzinfo)
    return {
        "paused_since": command.at.isoformat(),
        "review_at": review_at.isoformat(),
        "back_to": ticket.state.value,
    }


def resume(ticket: Ticket, command: Command, context: Context) -> Facts:
    """The deadline moves by the time the ticket was suspended."""
    pauses = _pauses(ticket, command, "挂账")
    facts: Facts = {"pauses": pauses}
    if ticket.due_at is None or ticket.due_reason is None:
        return facts
    due = clocks.Deadline(ticket.due_at, ticket.due_reason)
    working = _working(ticket, context)
    moved = clocks.with_pauses(due, pauses[-1:], working, context.calendar)
    return facts | moved.as_facts("due")


def extend(ticket: Ticket, command: Command, context: Context) -> Facts:
    """An approved extension moves the deadline, in the class's own kind of days."""
    assert ticket.due_at is not None and ticket.due_reason is not None  # guard before_expiry
    limit = context.sla(ticket).extension
    due = clocks.extended(
        ticket.due_at, ticket.due_reason, extension_days(ticket, command),
        limit is not None and limit.working, context.calendar,
    )  # fmt: skip
    return due.as_facts("due")


def move(ticket: Ticket, command: Command, context: Context) -> Facts:
    """An appointment on another day is due on that day; every other clock goes on."""
    cls = context.sla(ticket)
    fixed = ticket.due_at is None or ticket.created_at is None or ticket.extensions
    if cls.id != "UA" or fixed or not command.payload.get("appointment"):
        return {}
    assert ticket.created_at is not None
    due = clocks.finish_deadline(
        cls, context.leaf(ticket), ticket.created_at, _appointment(ticket, command),
        context.profile, context.calendar,
    )  # fmt: skip
    if due is None:
        return {}
    moved = clocks.with_pauses(due, ticket.pauses, _working(ticket, context), context.calendar)
    return moved.as_facts("due")


def _appointment(ticket: Ticket, command: Command) -> Facts:
    """Return the appointment after the change; a value of null takes a part of it away."""
    changed = {**(ticket.appointment or {}), **command.payload["appointment"]}
    return {k: v for k, v in changed.items() if v is not None}


def rework(ticket: Ticket, command: Command, context: Context) -> Facts:
    """A new round has a new, shorter deadline."""
    due = clocks.rework_deadline(
        context.sla(ticket), context.leaf(ticket), command.at, ticket.rework_round + 1,
        context.profile, context.calendar,
    )  # fmt: skip
    return due.as_facts("due")


CLOCKS: Mapping[str, Effect] = {
    f.__name__: f
    for f in (
        keep, stop, start, wait_for_info, info_given, fix_due, inherit, start_unit, pause, resume,
        extend, move, rework,
    )
}  # fmt: skip


def _pauses(ticket: Ticket, command: Command, why: str) -> list[Facts]:
    if ticket.paused_since is None:
        return ticket.pauses
    ended = {
        "from": ticket.paused_since.isoformat(), "to": command.at.isoformat(), "why": why,
    }  # fmt: skip
    return [*ticket.pauses, ended]


def _working(ticket: Ticket, context: Context) -> bool:
    _, limit = clocks.finish_limit(context.sla(ticket), context.leaf(ticket))
    return limit is not None and limit.working


# ── facts ───────────────────────────────────────────────────────────────────────────────────────


def _case(ticket: Ticket, command: Command, context: Context) -> Facts:
    """Leaf, urgency and place after a person has looked; the title follows them."""
    leaf_id = command.payload.get("leaf") or ticket.leaf
    leaf = context.leaves.get(leaf_id or "")
    facts: Facts = {"leaf": leaf_id, "restricted": bool(leaf and leaf.restricted)}
    if leaf_id != ticket.leaf and leaf:
        facts["kind"] = leaf.kind.value
        urgency, why = context.urgency.of(leaf_id, ticket.narrative_original)
        facts |= {"priority": urgency.value, "priority_reason": why}
    if command.payload.get("priority"):
        facts["priority"] = Priority(command.payload["priority"]).value
        facts["priority_reason"] = "由受理人员确定"
    place = context.place or ticket.place
    if context.place:
        facts["location"] = {**context.place.to_dict(), "room": None}
        facts["incomplete"] = False
    facts["title"] = title(leaf.title if leaf else None, place.public_text, ticket)
    return facts


def title(leaf_title: str | None, place_text: str, ticket: Ticket) -> str:
    """Return the title: place and matter; without a known matter the first words said."""
    return f"{place_text}{leaf_title or ticket.narrative_original.strip()[:20]}"


def _owner(ticket: Ticket, command: Command, context: Context) -> Facts:
    org = context.units[command.payload["org"]]
    route = context.directory.route(ticket.leaf, ticket.place, ticket.about)
    same = route.lead == org.id
    assists = command.payload.get("assists") or (route.assists if same else ())
    return {
        "owner_org": org.id,
        "owner_org_name": org.name,
        "owner_person": context.person.id if context.person else None,
        "owner_person_name": context.person.name if context.person else None,
        "duty": command.payload.get("duty") or "主责",
        "basis": command.payload.get("basis") or (route.basis if same else None),
        "power": route.power,
        "assists": [_unit(a, context) for a in assists if a in context.units],
    }


def _decided(ticket: Ticket, command: Command, context: Context) -> Facts:
    upheld = command.payload["decision"] == "uphold"
    last = {**ticket.objections[-1], "decision": command.payload["decision"],
            "decided_by": command.actor.id, "decided_basis": command.payload["basis"]}  # fmt: skip
    facts: Facts = {"designated": True, "objections": [*ticket.objections[:-1], last]}
    if upheld:
        return facts | _owner(ticket, command, context)
    return facts | {
        "owner_person": ticket.owner_person, "owner_person_name": ticket.owner_person_name,
    }  # fmt: skip


def _signed(ticket: Ticket, command: Command, context: Context) -> Facts:
    name = context.person.name if context.person else None
    return {"owner_person": command.actor.id, "owner_person_name": name}


def _assisted(ticket: Ticket, command: Command, context: Context) -> Facts:
    added = [
        {**_unit(o, context), "task": command.payload["task"], "at": command.at.isoformat()}
        for o in command.payload["orgs"]
    ]
    return {"assists": [*ticket.assists, *added]}


def _unit(org_id: str, context: Context) -> Facts:
    return {"org": org_id, "name": context.units[org_id].name}


def _suspended(ticket: Ticket, command: Command, context: Context) -> Facts:
    given = suspension_facts(ticket, command)
    return {**given, "ground": given["reason"],
            "reason": f"{SUSPEND_REASONS[given['reason']]}：{given['explanation']}"}  # fmt: skip


def _request(name: str) -> Effect:
    def facts(ticket: Ticket, command: Command, context: Context) -> Facts:
        asked = {**command.payload, "by": command.actor.id, "at": command.at.isoformat()}
        return {name: asked}

    return facts


def _reworked(ticket: Ticket, command: Command, context: Context) -> Facts:
    reason = command.payload.get("reason") or command.payload.get("text") or "居民反映没有解决"
    return {"rework_reason": reason, "round": ticket.rework_round + 1} | _rating(
        ticket, command, context
    )


def _rating(ticket: Ticket, command: Command, context: Context) -> Facts:
    score = command.payload.get("score")
    if score is None:
        return {}
    return {"rating": {"score": score, "text": command.payload.get("text"),
                       "at": command.at.isoformat()}}  # fmt: skip


def _supplemented(ticket: Ticket, command: Command, context: Context) -> Facts:
    facts: Facts = {}
    if command.payload.get("attachments"):
        facts["attachments"] = [*ticket.attachments, *command.payload["attachments"]]
        facts["added"] = command.payload["attachments"]
    if context.place:
        facts |= _case(ticket, command, context)
    return facts


def _amended(ticket: Ticket, command: Command, context: Context) -> Facts:
    """The new facts, and under ``before`` what they replace: so it can be seen and taken back."""
    facts: Facts = {}
    before: Facts = {}
    if context.place:
        facts |= _case(ticket, command, context)
        before["location"] = ticket.location
    if command.payload.get("appointment"):
        patch, old = command.payload["appointment"], ticket.appointment or {}
        facts |= {"appointment": _appointment(ticket, command), "patch": patch}
        before["appointment"] = {k: old.get(k) for k in patch}
    if command.payload.get("reporter"):
        facts["reporter"] = {**ticket.reporter, **command.payload["reporter"]}
        before["reporter"] = {k: ticket.reporter.get(k) for k in command.payload["reporter"]}
    return {**facts, "before": before}


FACTS: Mapping[str, Effect] = {
    "accepted": _case,
    "info_requested": lambda t, c, x: {"need_items": c.payload["items"]},
    "not_accepted": lambda t, c, x: {
        "ground": c.payload["reason"],
        "reason": f"{NOT_ACCEPT_REASONS[c.payload['reason']]}。{c.payload['explanation']}",
    },
    "group_demand": lambda t, c, x: {"group": True},
    "merged": lambda t, c, x: {"merged_into": x.parent.ticket_no if x.parent else None},
    "dispatched": _owner,
    "signed": _signed,
    "objected": lambda t, c, x: {"org": t.owner_org, "org_name": t.owner_org_name},
    "objection_decided": _decided,
    "whistled": lambda t, c, x: {"units": [_unit(o, x) for o in c.payload["orgs"]]},
    "assisted": _assisted,
    "extension_requested": _request("extension_request"),
    "extended": lambda t, c, x: {"days": extension_days(t, c)},
    "suspension_requested": _request("suspension_request"),
    "suspended": _suspended,
    "callback_solved": _rating,
    "callback_unsolved": _reworked,
    "reworked": _reworked,
    "terminated": lambda t, c, x: {
        "reason": f"{GROUNDS[c.payload['ground']]}。{c.payload['explanation']}"
    },
    "supplemented": _supplemented,
    "amended": _amended,
    "rated": _rating,
    "deadline_missed": lambda t, c, x: {"missed": [*t.missed, c.payload["stage"]]},
}

# Facts of the case that come from the place, not from what was typed.
_NOT_WRITTEN = frozenset({"place", "org", "orgs", "person", "moves"})


def event_data(
    ticket: Ticket, command: Command, context: Context, event: str, clock: str, to: State
) -> Facts:
    """Return all facts of the event that a transition writes: what was said, then what follows."""
    said = {k: v for k, v in command.payload.items() if k not in _NOT_WRITTEN and v is not None}
    follows = FACTS[event](ticket, command, context) if event in FACTS else {}
    return said | follows | CLOCKS[clock](ticket, command, context)
