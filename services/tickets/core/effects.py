"""What a transition writes into its event: facts of the matter, and what it does to the clocks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime, time
from typing import Any

from services.tickets.core import (
    arrivals,
    asking,
    calls,
    clocks,
    joint,
    moving,
    oversight,
    photos,
    planning,
    platforms,
    proxies,
    ratings,
    reviewing,
    risks,
    scoring,
    sideclocks,
    telling,
)
from services.tickets.core.calendar import OPENS
from services.tickets.core.choices import ACCEPTED, SUSPEND_REASONS
from services.tickets.core.commands import Command
from services.tickets.core.context import Context
from services.tickets.core.guards import extension_days, suspension_facts
from services.tickets.core.kinds import Priority
from services.tickets.core.sla import SLAClass
from services.tickets.core.states import State
from services.tickets.core.ticket import Ticket
from services.words import piece

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
    """T0 of the resident's clock: submitted. Accepting has its limit, and so has asking for what is missing."""
    profile = context.profile
    what = f"一次告知还缺什么，依据{profile.notice_basis}"
    asked = clocks.deadline(what, command.at, profile.notice, context.calendar)
    return {**_accepting(ticket, command, context), **asked.as_facts("notice_due")}


def _accepting(ticket: Ticket, command: Command, context: Context) -> Facts:
    limit = context.sla(ticket).accept
    if limit is None:
        return {}
    due = clocks.deadline("受理", command.at, limit, context.calendar)
    return _in_time(due, context.sla(ticket), ticket, command, context).as_facts("accept_due")


def wait_for_info(ticket: Ticket, command: Command, context: Context) -> Facts:
    """The resident's clock stands still while we wait for what only the resident can say.

    An appointment does not wait: what has not come when it has to be confirmed is done as it is.
    """
    due = clocks.deadline(
        piece("due.waiting"), command.at, context.profile.info_wait, context.calendar
    )
    due = _in_time(due, context.sla(ticket), ticket, command, context)
    return {"paused_since": command.at.isoformat(), **due.as_facts("info_due")}


def info_given(ticket: Ticket, command: Command, context: Context) -> Facts:
    """The wait for information ends; the time for accepting starts again."""
    return {
        "pauses": _pauses(ticket, command, piece("due.paused_info")),
        **_accepting(ticket, command, context),
    }


def fix_due(ticket: Ticket, command: Command, context: Context) -> Facts:
    """Accepting fixes the resident's deadline, counted from T0 plus pauses.

    Nothing asked for in time: accepted as of receipt (《行政许可法》第三十二条第四项), and it says so.
    """
    assert ticket.created_at is not None  # every stored ticket was submitted
    case = _case(ticket, command, context)
    accepted = Ticket.from_doc({**ticket.to_doc(), **case})
    cls, leaf = context.sla(accepted), context.leaf(accepted)
    pauses = _pauses(ticket, command, piece("due.paused_info"))
    facts: Facts = {"pauses": pauses, "sla_class": cls.id, "sla_profile": context.profile.id}
    facts |= _dispatch_due(ticket, cls, command, context)
    deemed = asking.too_late(ticket, command.at, context)
    if deemed:
        facts["accepted_at"] = ticket.created_at.isoformat()
    due = clocks.finish_deadline(
        cls, leaf, ticket.created_at, ticket.appointment, context.profile, context.calendar
    )
    if due is None:
        return facts
    _, limit = clocks.finish_limit(cls, leaf, context.profile)
    working = limit is not None and limit.working
    kept = clocks.grace(cls, ticket.appointment, ticket.created_at, context.profile)
    if not clocks.agreed(cls, ticket.appointment, ticket.created_at, context.profile):
        due = clocks.with_pauses(due, pauses, working, context.calendar)
    if deemed:
        due = replace(due, reason=f"{due.reason}；{piece('due.deemed')}")
    return facts | due.as_facts("due") | _grace(ticket, kept)


def _grace(ticket: Ticket, minutes: int) -> Facts:
    """How long after its deadline the matter is not yet late, where that changes."""
    return {"due_grace": minutes} if minutes != ticket.due_grace else {}


def _dispatch_due(ticket: Ticket, cls: SLAClass, command: Command, context: Context) -> Facts:
    """One limit for accepting and dispatching (domain §5.3): what accepting left of it.

    Who had to wait for the resident, or accepts after a second look, has the limit from now.
    """
    if cls.accept is None:
        return {}
    due = clocks.deadline("派单", command.at, cls.accept, context.calendar)
    due = _in_time(due, cls, ticket, command, context)
    if ticket.state is State.SUBMITTED and ticket.accept_due_at:
        reason = f"受理和派单，共{cls.accept.text}；{ticket.accept_due_reason}"
        due = clocks.Deadline(min(due.at, ticket.accept_due_at), reason)
    return due.as_facts("dispatch_due")


def _in_time(
    due: clocks.Deadline, cls: SLAClass, ticket: Ticket, command: Command, context: Context
) -> clocks.Deadline:
    """An appointment is confirmed before it is over."""
    return clocks.confirmed(
        due, cls, ticket.appointment, command.at, context.profile, context.calendar
    )


def inherit(ticket: Ticket, command: Command, context: Context) -> Facts:
    """A merged ticket is due when the one it went into is, or earlier if it was promised so."""
    parent = context.parent
    if parent is None or parent.due_at is None:
        return {}
    if ticket.due_at is not None and ticket.due_at <= parent.due_at:
        return {}
    return {
        "due_at": parent.due_at.isoformat(),
        "due_reason": piece("due.shared", number=parent.ticket_no, reason=parent.due_reason),
        **_grace(ticket, parent.due_grace),
    }


def start_unit(ticket: Ticket, command: Command, context: Context) -> Facts:
    """The unit's clock starts at dispatch. The resident's clock is not touched by re-dispatching.

    Where the order stays with the unit, after an objection in vain or with another of its people, the
    unit's clock goes on: nobody gains time by sending back.
    """
    if _stays(ticket, command):
        return {"keeps_clock": True}
    cls = context.sla(ticket)
    facts: Facts = {}
    for name, what, limit in (
        ("sign_due", "签收", cls.sign),
        # Who has already been contacted need not be contacted first again by the next unit.
        ("contact_due", "首次联系", None if ticket.first_contact_at else cls.contact),
    ):
        if limit:
            due = clocks.deadline(what, command.at, limit, context.calendar)
            facts |= _in_time(due, cls, ticket, command, context).as_facts(name)
    return facts


def _stays(ticket: Ticket, command: Command) -> bool:
    """Say whether an order that has been given stays with the unit that has it."""
    if command.payload.get("decision") == "reject":
        return True
    return ticket.state is not State.ACCEPTED and command.payload.get("org") == ticket.owner_org


def pause(ticket: Ticket, command: Command, context: Context) -> Facts:
    """挂账: the clock stands still until it is resumed."""
    return {
        "paused_since": command.at.isoformat(),
        **review_again(ticket, command, context),
        "back_to": ticket.state.value,
    }


def review_again(ticket: Ticket, command: Command, context: Context) -> Facts:
    """The clock of a suspended ticket goes on standing, up to another day of review."""
    review = date.fromisoformat(suspension_facts(ticket, command)["review_date"])
    review_at = datetime.combine(review, time(OPENS.hour, OPENS.minute), command.at.tzinfo)
    return {"review_at": review_at.isoformat()}


def resume(ticket: Ticket, command: Command, context: Context) -> Facts:
    """The deadline moves by the time the ticket was suspended, the first contact and what others owe too."""
    pauses = _pauses(ticket, command, piece("due.paused_suspended"))
    facts: Facts = {
        "pauses": pauses,
        **_contact_resumed(ticket, pauses, context),
        **_beside_resumed(ticket, pauses, context),
    }
    if ticket.due_at is None or ticket.due_reason is None:
        return facts
    due = clocks.Deadline(ticket.due_at, ticket.due_reason)
    working = _working(ticket, context)
    moved = clocks.with_pauses(due, pauses[-1:], working, context.calendar)
    return facts | moved.as_facts("due")


def _contact_resumed(ticket: Ticket, pauses: list[Facts], context: Context) -> Facts:
    """Who had not been contacted in time before stays so; who still had time has it again."""
    limit, due_at, reason = (
        context.sla(ticket).contact,
        ticket.contact_due_at,
        ticket.contact_due_reason,
    )
    since = ticket.paused_since
    if limit is None or due_at is None or reason is None or since is None:
        return {}
    if ticket.first_contact_at is not None or due_at <= since:
        return {}
    due = clocks.Deadline(due_at, reason)
    moved = clocks.with_pauses(due, pauses[-1:], limit.working, context.calendar)
    return moved.as_facts("contact_due")


def _beside_resumed(ticket: Ticket, pauses: list[Facts], context: Context) -> Facts:
    """Side clocks that were running stood as long as the ticket."""
    since = ticket.paused_since
    moved = {}
    for key, clock in sideclocks.owed(ticket).items():
        if since is not None and clock.at > since:
            working = sideclocks.counts_work(clock, context)
            due = clocks.Deadline(clock.at, clock.reason)
            # What was asked for meanwhile has stood only since then.
            stood = {**pauses[-1], "from": max(since, clock.since).isoformat()}
            moved[key] = clocks.with_pauses(due, [stood], working, context.calendar)
    return sideclocks.replaced(ticket, moved)


def extend(ticket: Ticket, command: Command, context: Context) -> Facts:
    """An approved extension moves the deadline, in the kind of days that its class or law has."""
    assert ticket.due_at is not None and ticket.due_reason is not None  # guard before_expiry
    limit = clocks.extension_limit(context.sla(ticket), context.leaf(ticket), context.profile)
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
    agreed = _appointment(ticket, command)
    if not clocks.agreed(cls, agreed, ticket.created_at, context.profile):
        due = clocks.with_pauses(due, ticket.pauses, _working(ticket, context), context.calendar)
    kept = clocks.grace(cls, agreed, ticket.created_at, context.profile)
    return due.as_facts("due") | _grace(ticket, kept)


def _appointment(ticket: Ticket, command: Command) -> Facts:
    """Return the appointment after the change; a value of null takes a part of it away."""
    changed = {**(ticket.appointment or {}), **command.payload["appointment"]}
    return {k: v for k, v in changed.items() if v is not None}


def await_decision(ticket: Ticket, command: Command, context: Context) -> Facts:
    """An objection is decided within the profile's time; the resident's clock goes on."""
    due = clocks.deadline("裁定派单异议", command.at, context.profile.decide, context.calendar)
    return due.as_facts("decide_due")


def recalendar(ticket: Ticket, command: Command, context: Context) -> Facts:
    """A new notice of holidays moves deadlines in working time by the days that it changes."""
    moved = moving.moves(ticket, command.at, context)
    facts: Facts = {"moved": [m.as_fact() for m in moved]}
    beside = {}
    for one in moved:
        due = clocks.Deadline(one.after, one.reason)
        if one.name is None:
            beside[one.key] = due
        else:
            facts |= due.as_facts(one.name)
    return facts | sideclocks.replaced(ticket, beside)


def refuse(ticket: Ticket, command: Command, context: Context) -> Facts:
    """The resident's clock stops; where the rule wants a second look, its clock starts."""
    if State.NOT_ACCEPTED in context.rules.reviewed_by_rule:
        return reviewing.review_due(command, context, "rule")
    return {}


def terminate(ticket: Ticket, command: Command, context: Context) -> Facts:
    """The work ends where it stood; a suspension that ran is counted, in case it goes on."""
    facts = resume(ticket, command, context) if ticket.paused_since else {}
    if State.TERMINATED in context.rules.reviewed_by_rule:
        facts |= reviewing.review_due(command, context, "rule")
    stood = ticket.back_to if ticket.state is State.SUSPENDED and ticket.back_to else ticket.state
    return facts | {"back_to": stood.value}


def await_review(ticket: Ticket, command: Command, context: Context) -> Facts:
    """The resident does not agree: another person looks within the time of the rule."""
    return reviewing.review_due(command, context, "resident")


def recover(ticket: Ticket, command: Command, context: Context) -> Facts:
    """A refusal that was wrong costs the resident no time.

    The deadline stays the one counted from T0 (what a new case would have been given). If that is
    over or all but over, the unit still gets the part of the limit that a new round would get.
    """
    if ticket.state is State.NOT_ACCEPTED:
        facts = fix_due(ticket, command, context)
    else:
        facts = {}
    due_at = facts.get("due_at") or _iso(ticket.due_at)
    if due_at is None:
        return facts
    case = Ticket.from_doc({**ticket.to_doc(), **_case(ticket, command, context)})
    least = clocks.rework_deadline(
        context.sla(case), context.leaf(case), command.at, ticket.rework_round + 1,
        context.profile, context.calendar, piece("due.recovered"),
    )  # fmt: skip
    if datetime.fromisoformat(due_at) >= least.at:
        return facts
    facts.pop("due_grace", None)
    return facts | least.as_facts("due") | _grace(ticket, 0)


def await_group_answer(ticket: Ticket, command: Command, context: Context) -> Facts:
    """A group demand has a clock of its own: whether it is taken on."""
    return oversight.group_due(command, context)


def rework(ticket: Ticket, command: Command, context: Context) -> Facts:
    """A new round has a new, shorter deadline."""
    due = clocks.rework_deadline(
        context.sla(ticket), context.leaf(ticket), command.at, ticket.rework_round + 1,
        context.profile, context.calendar,
    )  # fmt: skip
    return due.as_facts("due") | _grace(ticket, 0)


CLOCKS: Mapping[str, Effect] = {
    f.__name__: f
    for f in (
        keep, stop, start, wait_for_info, info_given, fix_due, inherit, start_unit, pause, review_again, resume,
        extend, move, rework, refuse, terminate, await_review, recover, await_group_answer,
        await_decision, recalendar,
    )
}  # fmt: skip


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _pauses(ticket: Ticket, command: Command, why: str) -> list[Facts]:
    if ticket.paused_since is None:
        return ticket.pauses
    ended = {
        "from": ticket.paused_since.isoformat(), "to": command.at.isoformat(), "why": why,
    }  # fmt: skip
    return [*ticket.pauses, ended]


def _working(ticket: Ticket, context: Context) -> bool:
    _, limit = clocks.finish_limit(context.sla(ticket), context.leaf(ticket), context.profile)
    return limit is not None and limit.working


# ── facts ───────────────────────────────────────────────────────────────────────────────────────


def _case(ticket: Ticket, command: Command, context: Context) -> Facts:
    """Leaf, urgency and place after a person has looked; the title follows them."""
    leaf_id = command.payload.get("leaf") or ticket.leaf
    leaf = context.leaves.get(leaf_id or "")
    facts: Facts = {"leaf": leaf_id, "restricted": bool(leaf and leaf.restricted)}
    if leaf_id != ticket.leaf and leaf:
        facts |= {"taxonomy_version": context.taxonomy} if context.taxonomy else {}
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


TITLE_LONGEST = 20
"""So many characters of a matter without a name of its own stand in the title."""


def title(leaf_title: str | None, place_text: str, ticket: Ticket) -> str:
    """Return the title: place and matter; without a known matter the first of its line, or of what was said.

    Out in the street, where there is no compound, the road or the landmark tells two lamps apart.
    """
    line = (ticket.gist or "").split("，")[0] or ticket.narrative_original.strip()
    matter = leaf_title or line[:TITLE_LONGEST]
    if place_text or not ticket.spot:
        return f"{place_text}{matter}"
    return matter if ticket.spot in matter else f"{matter} · {ticket.spot}"


def _owner(ticket: Ticket, command: Command, context: Context) -> Facts:
    """Who has it now, and what the directory of this day says: its version, line and basis."""
    org = context.units[command.payload["org"]]
    day = command.at.date()
    route = context.directory.route(ticket.leaf, ticket.place, ticket.about, day, ticket.recused)
    same = route.lead == org.id
    if "assists" in command.payload:
        chosen = list(command.payload["assists"])
    else:
        chosen = list(route.assists) if same else []
    return {
        "owner_org": org.id,
        "owner_org_name": org.name,
        "owner_person": context.person.id if context.person else None,
        "owner_person_name": context.person.name if context.person else None,
        "duty": command.payload.get("duty") or "主责",
        "basis": command.payload.get("basis") or (route.basis if same else None),
        "power": route.power,
        "directory": {
            "version": context.directory.version,
            "digest": context.directory.digest,
            "line": route.line,
            "lead": route.lead,
            "basis": route.basis,
            "day": day.isoformat(),
            "followed": same,
        },
        "assists": [
            joint.assistant({"org": a, "name": context.units[a].name}, command, context)
            for a in chosen
            if a in context.units
        ],
    }


def _parted(ticket: Ticket, command: Command, context: Context) -> Facts:
    """What was kept as evidence with the shared ticket stays so on its own (legal hold)."""
    shared = context.parent
    if shared is None or shared.hold is None or ticket.hold is not None:
        return {}
    return {"hold": {**shared.hold, "of": shared.ticket_no}}


def _dispatched(ticket: Ticket, command: Command, context: Context) -> Facts:
    facts = _owner(ticket, command, context)
    if ticket.consults:
        facts["consult"] = ticket.consults[-1]["id"]
    return facts


def _redispatched(ticket: Ticket, command: Command, context: Context) -> Facts:
    """A person passes the order on; it is no ruling on an objection, so the new unit may object.

    Not so a unit that a ruling has named, whoever of it works on the order, also when it comes back.
    """
    org = command.payload["org"]
    same = org == ticket.owner_org
    ruled = any(o.get("designated") == org for o in ticket.objections)
    return {
        **_owner(ticket, command, context),
        "designated": ruled or (same and ticket.designated),
        "same_unit": same,
        "from_org": ticket.owner_org,
        "from_org_name": ticket.owner_org_name,
    }


def _decided(ticket: Ticket, command: Command, context: Context) -> Facts:
    upheld = command.payload["decision"] == "uphold"
    named = command.payload["org"] if upheld else ticket.owner_org
    last = {**ticket.objections[-1], "designated": named, "decision": command.payload["decision"],
            "decided_by": command.actor.id, "decided_basis": command.payload["basis"]}  # fmt: skip
    facts: Facts = {"designated": True, "objections": [*ticket.objections[:-1], last]}
    if upheld:
        return facts | _owner(ticket, command, context)
    return facts | {
        "same_unit": True,
        "owner_person": ticket.owner_person, "owner_person_name": ticket.owner_person_name,
    }  # fmt: skip


def _signed(ticket: Ticket, command: Command, context: Context) -> Facts:
    name = context.person.name if context.person else None
    return {"owner_person": command.actor.id, "owner_person_name": name}


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


def _found_false(ticket: Ticket, command: Command, context: Context) -> Facts:
    return {
        **oversight.audited(ticket, command, context),
        "rework_reason": f"审计抽查：虚假办结。{command.payload['text']}",
        "round": ticket.rework_round + 1,
    }


def _corrected(ticket: Ticket, command: Command, context: Context) -> Facts:
    facts = reviewing.corrected(ticket, command, context)
    if ticket.state is State.NOT_ACCEPTED:
        facts |= _case(ticket, command, context)
    return facts


def _rating(ticket: Ticket, command: Command, context: Context) -> Facts:
    """The rating; of who spoke for somebody else it says so."""
    score = command.payload.get("score")
    if score is None:
        return {}
    behalf = command.action == telling.ON_BEHALF
    # How it was given: 好差评 counts what came by itself apart from what was asked for on the phone.
    way = "staff" if behalf else command.payload.get("method") or "message"
    said = command.payload.get("text")
    rating = {"score": score, "text": said, "at": command.at.isoformat(), "channel": way}
    if ticket.reporter.get("role") == "proxy":
        rating["proxy"] = True
    if behalf:
        rating[telling.ON_BEHALF] = True
    return {"rating": rating}


def _supplemented(ticket: Ticket, command: Command, context: Context) -> Facts:
    facts: Facts = {}
    if command.payload.get("attachments"):
        facts["attachments"] = [*ticket.attachments, *command.payload["attachments"]]
        facts["added"] = command.payload["attachments"]
    if context.place:
        facts |= _case(ticket, command, context)
    if command.payload.get("reporter"):
        facts["reporter"] = {**ticket.reporter, **command.payload["reporter"]}
    return facts


def _part_given(ticket: Ticket, command: Command, context: Context) -> Facts:
    """A part of what the notice asked for; the rest is what is waited for now."""
    return {**_supplemented(ticket, command, context), "need_items": command.payload["rest"]}


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
    if command.payload.get("certificate"):
        said, known = command.payload["certificate"], ticket.certificate or {}
        facts["certificate"] = {**known, **said}
        before["certificate"] = {k: known.get(k) for k in said}
    if command.payload.get("reporter"):
        facts["reporter"] = {**ticket.reporter, **command.payload["reporter"]}
        before["reporter"] = {k: ticket.reporter.get(k) for k in command.payload["reporter"]}
    return {**facts, "before": before}


def _deadline_missed(ticket: Ticket, command: Command, context: Context) -> Facts:
    """What is late is put on record; of a side clock also who owes what."""
    stage = command.payload["stage"]
    key = command.payload.get("key") or stage
    facts: Facts = {"missed": [*ticket.missed, key]}
    if clock := sideclocks.owed(ticket).get(key):
        facts["owed"] = f"{clock.who} {clock.what}"
    return facts | calls.at_expiry(ticket, stage == "due", command.at)


FACTS: Mapping[str, Effect] = {
    "handed_off": reviewing.handed_off,
    "accepted": lambda t, c, x: {**_case(t, c, x), "disposition": ACCEPTED},
    "info_requested": lambda t, c, x: {
        "need_items": c.payload["items"],
        **asking.facts(t, c.payload["items"]),
    },
    "not_accepted": reviewing.not_accepted,
    "review_upheld": reviewing.upheld,
    "review_corrected": _corrected,
    "protected": oversight.protected,
    "group_demand": lambda t, c, x: {"group": True},
    "group_answered": oversight.group_answered,
    "consulted": joint.consulted,
    "opinion_given": joint.opinion_given,
    "merged": lambda t, c, x: {
        "merged_into": x.parent.ticket_no if x.parent else None,
        **calls.merged(t, c, x),
    },
    "parted": _parted,
    "dispatched": _dispatched,
    "redispatched": _redispatched,
    "dispatch_proposed": lambda t, c, x: {
        "proposed_org": c.payload["org"],
        "proposed_org_name": x.units[c.payload["org"]].name,
    },
    "assigned": lambda t, c, x: {
        "owner_person": x.person.id if x.person else None,
        "owner_person_name": x.person.name if x.person else None,
    },
    "signed": _signed,
    "objected": lambda t, c, x: {"org": t.owner_org, "org_name": t.owner_org_name},
    "objection_decided": _decided,
    "contacted": lambda t, c, x: {
        "counts": c.payload["result"] in x.rules.contact_counts,
        **asking.facts(t, c.payload.get("asked")),
    },
    "whistled": joint.whistled,
    "whistle_reported": joint.whistle_reported,
    "whistle_ended": joint.whistle_ended,
    "whistle_rated": joint.whistle_rated,
    "assisted": joint.assisted,
    "assist_answered": joint.assist_answered,
    "extension_requested": _request("extension_request"),
    "extended": lambda t, c, x: {"days": extension_days(t, c)},
    "suspension_requested": _request("suspension_request"),
    "suspended": _suspended,
    "suspension_renewed": _suspended,
    "callback_solved": _rating,
    "callback_unsolved": _reworked,
    "reworked": _reworked,
    "audited": oversight.audited,
    "found_false": _found_false,
    "escalated": oversight.escalated,
    "escalation_answered": oversight.escalation_answered,
    "supervised": oversight.supervised,
    "supervision_answered": oversight.supervision_answered,
    "termination_requested": reviewing.termination_requested,
    "terminated": reviewing.terminated,
    "excluded": scoring.without_request,
    "included": scoring.included,
    "exclusion_requested": scoring.requested,
    "exclusion_appealed": scoring.appealed,
    "exclusion_granted": scoring.granted,
    "exclusion_refused": scoring.refused,
    "arrived": arrivals.arrived,
    "platform_due_set": platforms.due_set,
    "risk_flagged": risks.flagged,
    "risk_cleared": risks.cleared,
    "held": oversight.held,
    "supplemented": _supplemented,
    "info_part_given": _part_given,
    "amended": _amended,
    "secrecy_asked": oversight.secrecy,
    "secrecy_lifted": oversight.secrecy,
    "rated": _rating,
    "reminded": lambda t, c, x: (
        {k: v for k, v in t.planned[0].items() if k != "at"} | {"planned_at": t.planned[0]["at"]}
    ),
    "deadline_missed": _deadline_missed,
    "reminders_planned": lambda t, c, x: {
        "planned": planning.standing(t, c.at, x),
        **calls.at_expiry(t, "due" in t.missed and t.to_call is None, c.at),
    },
    "joined_asked": calls.joined_asked,
    "joined_answered": lambda t, c, x: _rating(t, c, x) | calls.answered(t, c, x),
    "called_at_expiry": calls.answered,
    "told": telling.told,
    "news_shared": telling.shared,
    "photo_marked": lambda t, c, x: dict(photos.marked(t, c, x)),
    "proxy_checked": lambda t, c, x: dict(proxies.checked(t, c, x)),
    "withdrawn": lambda t, c, x: {"reason": c.payload.get("reason") or c.payload["text"]},
}

# Facts of the case that come from the place, not from what was typed.
_NOT_WRITTEN = frozenset(
    {"place", "org", "orgs", "person", "moves", "earlier", "key", "due", "arrived_at"}
)


def event_data(
    ticket: Ticket, command: Command, context: Context, event: str, clock: str, to: State
) -> Facts:
    """Return all facts of the event that a transition writes: what was said, then what follows."""
    said = {k: v for k, v in command.payload.items() if k not in _NOT_WRITTEN and v is not None}
    follows = FACTS[event](ticket, command, context) if event in FACTS else {}
    facts = said | follows | CLOCKS[clock](ticket, command, context)
    facts |= ratings.follows(ticket, facts, event, command, context)
    facts |= planning.follows(ticket, facts, clock, event, to, command, context)
    return facts | telling.follows(ticket, facts, event, command, context)
