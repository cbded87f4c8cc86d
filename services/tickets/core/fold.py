"""From events to the ticket. The stored row is this fold and nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from services.tickets.core.event import Event
from services.tickets.core.states import State
from services.tickets.core.ticket import Ticket, typed


@dataclass(frozen=True)
class Effect:
    """What an event does to the ticket besides moving its state.

    Attributes:
        copy: Facts that become the field of the same name when the event has them.
        append: List field that gets the event's facts as one more entry (with time and actor).
        stamp: Time field set to the event's time, or to the one that the event says, unless it says
            ``keeps_clock``.
        first: Time field set to the event's time unless it has one, or the event says that it does
            not count (``counts``).
        by: Field set to the actor's id (for a resident: the word ``resident``).
        clear: Fields emptied.
        count: Counter that goes up by one, unless the event says ``same_unit``.
        works: The actor now counts as a handler of this ticket (separation of duties).
    """

    copy: tuple[str, ...] = ()
    append: str | None = None
    stamp: str | None = None
    first: str | None = None
    by: str | None = None
    clear: tuple[str, ...] = ()
    count: str | None = None
    works: bool = False


_CASE = ("leaf", "kind", "title", "priority", "priority_reason", "sla_class", "location",
         "incomplete", "restricted", "taxonomy_version")  # fmt: skip
_OWNER = ("owner_org", "owner_org_name", "owner_person", "owner_person_name", "duty", "basis",
          "power", "assists", "directory")  # fmt: skip
_UNIT_CLOCK = ("sign_due_at", "sign_due_reason", "contact_due_at", "contact_due_reason")
_CONTACT_DUE = _UNIT_CLOCK[2:]
_DUE = ("due_at", "due_reason", "due_grace")
_ACCEPT_DUE = ("accept_due_at", "accept_due_reason")
_NOTICE_DUE = ("notice_due_at", "notice_due_reason")
_DISPATCH_DUE = ("dispatch_due_at", "dispatch_due_reason")
_REVIEW = ("review_due_at", "review_due_reason", "review_asked_by")
_BESIDE = ("consults", "assists", "whistles", "supervisions", "escalations")
_ALWAYS = ("planned", "missed", "to_tell", "bad_ratings")
"""What any event can bring along (``planning.follows``, ``ratings.follows``); a list that is appended to leaves it out."""
_ENTRY_WITHOUT = frozenset({*_ALWAYS, "due_before", "to_call"})
_REQUESTS = ("extension_request", "suspension_request", "termination_request")
"""What a unit asked for and nobody has decided: over when the order leaves it or the work ends."""
_UNSIGNED = ("signed_at", "owner_person", "owner_person_name")

EFFECTS: dict[str, Effect] = {
    "submitted": Effect(
        copy=(
            *_CASE, "query_code", "channel", "narrative_original", "gist", "sla_profile",
            "conversation_id", "resident_id", "reporter", "subject", "about", "recused", "confidential", "case_of", "case_kind", "occurred",
            "occurred_text", "appointment", "certificate", "attachments", "nlu", "knowledge_refs", "privacy", "household",
            "said_households", "described", "spot", *_ACCEPT_DUE, *_NOTICE_DUE,
        ),
        stamp="created_at",
    ),
    "handed_off": Effect(copy=("reason", "redirect", "disposition"), clear=(*_ACCEPT_DUE, *_NOTICE_DUE)),
    "info_requested": Effect(
        copy=("need_items", "told_items", "paused_since", "info_due_at", "info_due_reason"),
        count="info_rounds", clear=_NOTICE_DUE,
    ),
    "info_part_given": Effect(
        copy=(*_CASE, "attachments", "reporter", "need_items"), append="supplements"
    ),
    "info_lapsed": Effect(
        copy=("pauses", *_ACCEPT_DUE),
        clear=("paused_since", "info_due_at", "info_due_reason"),
    ),
    "protected": Effect(copy=("confidential", "restricted", "protection")),
    "not_accepted": Effect(
        copy=("reason", "redirect", "disposition", "duplicate_of", *_REVIEW),
        stamp="refused_at", by="refused_by", clear=(*_ACCEPT_DUE, *_NOTICE_DUE),
    ),
    "review_requested": Effect(copy=_REVIEW),
    "review_upheld": Effect(copy=("reviews",), clear=_REVIEW),
    "review_corrected": Effect(
        copy=(*_CASE, "reviews", "disposition", "sla_profile", "pauses", *_DUE, *_DISPATCH_DUE),
        first="accepted_at",
        clear=(*_REVIEW, "reason", "redirect", "duplicate_of", "back_to", "refused_at",
               "refused_by"),
    ),
    "merged": Effect(
        copy=("merged_into", "to_call", *_DUE), clear=(*_ACCEPT_DUE, *_NOTICE_DUE)
    ),
    "joined": Effect(append="joined"),
    "parted": Effect(
        copy=(*_ACCEPT_DUE, *_NOTICE_DUE, "hold"),
        clear=("merged_into", "to_call", *_DUE),
    ),
    "group_demand": Effect(copy=("group", "group_due_at", "group_due_reason")),
    "group_answered": Effect(copy=("group_answer",), clear=("group_due_at", "group_due_reason")),
    "consulted": Effect(copy=("consults",)),
    "opinion_given": Effect(copy=("consults",)),
    "accepted": Effect(
        copy=(*_CASE, "disposition", "sla_profile", "pauses", *_DUE, *_DISPATCH_DUE),
        stamp="accepted_at",
        clear=(*_ACCEPT_DUE, *_NOTICE_DUE, "paused_since", "info_due_at", "info_due_reason",
               "need_items"),
    ),
    "dispatched": Effect(
        copy=(*_OWNER, *_UNIT_CLOCK), stamp="dispatched_at", clear=(*_UNSIGNED, *_DISPATCH_DUE)
    ),
    "redispatched": Effect(
        copy=(*_OWNER, *_UNIT_CLOCK, "designated"), stamp="dispatched_at",
        clear=(*_UNSIGNED, *_REQUESTS), count="transfers",
    ),
    "dispatch_proposed": Effect(),
    "assigned": Effect(copy=("owner_person", "owner_person_name")),
    "signed": Effect(copy=("owner_person", "owner_person_name"), first="signed_at", works=True),
    "objected": Effect(copy=("decide_due_at", "decide_due_reason"), append="objections"),
    "objection_decided": Effect(
        copy=(*_OWNER, *_UNIT_CLOCK, "designated", "objections"),
        stamp="dispatched_at", clear=(*_UNSIGNED, "decide_due_at", "decide_due_reason"),
        count="transfers",
    ),
    "contacted": Effect(
        copy=("told_items",), append="contacts", first="first_contact_at", works=True
    ),
    "whistled": Effect(append="whistles"),
    "whistle_reported": Effect(copy=("whistles",), works=True),
    "whistle_ended": Effect(copy=("whistles",)),
    "whistle_rated": Effect(copy=("whistles",)),
    "assisted": Effect(copy=("assists",)),
    "assist_answered": Effect(copy=("assists",), works=True),
    "extension_requested": Effect(copy=("extension_request",)),
    "extended": Effect(copy=_DUE, append="extensions", clear=("extension_request",)),
    "extension_refused": Effect(clear=("extension_request",)),
    "suspension_requested": Effect(copy=("suspension_request",)),
    "suspended": Effect(
        copy=("reason", "review_at", "paused_since", "back_to"), clear=("suspension_request",)
    ),
    "suspension_renewed": Effect(copy=("reason", "review_at")),
    "suspension_refused": Effect(clear=("suspension_request",)),
    "resumed": Effect(
        copy=("pauses", *_DUE, *_CONTACT_DUE, *_BESIDE),
        clear=("paused_since", "review_at", "reason", "back_to")
    ),
    "resolved": Effect(
        copy=("outcome", "reply", "explanation", "redirect", "evidence"),
        stamp="resolved_at", by="resolved_by", works=True,
        clear=(*_REQUESTS, "to_call"),
    ),
    "callback_solved": Effect(
        copy=("rating", "pressured"), append="callbacks", stamp="closed_at", by="closed_by"
    ),
    "callback_unsolved": Effect(
        copy=("rating", "pressured", "rework_reason", *_DUE), append="callbacks",
        stamp="reworked_at", count="rework_round",
        clear=("outcome", "reply", "explanation", "evidence", "resolved_at", "missed"),
    ),
    "callback_missed": Effect(append="callbacks"),
    "called_at_expiry": Effect(copy=("to_call",), append="callbacks"),
    "joined_asked": Effect(copy=("to_call",)),
    "joined_answered": Effect(copy=("rating", "pressured", "to_call"), append="callbacks"),
    "reworked": Effect(
        copy=("rework_reason", *_DUE), stamp="reworked_at", count="rework_round",
        clear=("outcome", "reply", "explanation", "evidence", "resolved_at", "closed_at",
               "closed_by", "missed", "to_call"),
    ),
    "audited": Effect(copy=("audits",)),
    "found_false": Effect(
        copy=("audits", "rework_reason", *_DUE), stamp="reworked_at", count="rework_round",
        clear=("outcome", "reply", "explanation", "evidence", "resolved_at", "closed_at",
               "closed_by", "missed", "to_call"),
    ),
    "rectified": Effect(copy=("to_call",), works=True),
    "rectified_called": Effect(copy=("to_call",)),
    "photo_marked": Effect(copy=("public_photos",)),
    "closed": Effect(copy=("reason", "to_call"), stamp="closed_at", by="closed_by"),
    "escalated": Effect(append="escalations"),
    "escalation_answered": Effect(copy=("escalations",)),
    "supervised": Effect(append="supervisions"),
    "supervision_answered": Effect(copy=("supervisions",)),
    "termination_requested": Effect(copy=("termination_request",)),
    "termination_refused": Effect(clear=("termination_request",)),
    "terminated": Effect(
        copy=("reason", "redirect", "back_to", "pauses", *_DUE, *_CONTACT_DUE, *_REVIEW, *_BESIDE),
        stamp="refused_at", by="refused_by", clear=("paused_since", "review_at", *_REQUESTS),
    ),
    "withdrawn": Effect(copy=("reason", "persuaded"), clear=("paused_since", "review_at", *_REQUESTS)),
    "excluded": Effect(copy=("exclusion", "exclusion_request")),
    "included": Effect(copy=("exclusion_request",), clear=("exclusion",)),
    "exclusion_requested": Effect(copy=("exclusion_request",)),
    "exclusion_appealed": Effect(copy=("exclusion_request",)),
    "exclusion_granted": Effect(copy=("exclusion", "exclusion_request")),
    "exclusion_refused": Effect(copy=("exclusion_request",)),
    "risk_flagged": Effect(copy=("risks",)),
    "risk_cleared": Effect(copy=("risks",)),
    "held": Effect(copy=("hold",)),
    "released": Effect(clear=("hold",)),
    "noted": Effect(),
    "revealed": Effect(),
    "relayed": Effect(),
    "told": Effect(),
    "news_shared": Effect(),
    "neighbour_rated": Effect(),
    "proxy_checked": Effect(copy=("proxy_auth",)),
    "urged": Effect(append="urges"),
    "supplemented": Effect(
        copy=(*_CASE, "attachments", "reporter", "pauses", "accept_due_at", "accept_due_reason"),
        append="supplements",
    ),
    "amended": Effect(
        copy=(*_CASE, "appointment", "certificate", "reporter", "pauses", *_DUE, "accept_due_at",
              "accept_due_reason"),
        append="amendments",
    ),
    "secrecy_asked": Effect(copy=("confidential", "protection")),
    "secrecy_lifted": Effect(copy=("confidential", "protection")),
    "rated": Effect(copy=("rating", "pressured")),
    "deadline_missed": Effect(copy=("to_call",)),
    "reminded": Effect(append="reminders"),
    "deadline_moved": Effect(
        copy=(*_ACCEPT_DUE, *_NOTICE_DUE, *_DISPATCH_DUE, *_UNIT_CLOCK, *_DUE, "info_due_at",
              "info_due_reason", "decide_due_at", "decide_due_reason", *_REVIEW[:2],
              "group_due_at", "group_due_reason", *_BESIDE),
    ),
    "reminders_planned": Effect(copy=("to_call",)),
    "taken_up": Effect(),
    "arrived": Effect(copy=("arrival",), works=True),
    "platform_due_set": Effect(copy=("platform_due_at", "platform_due_reason")),
    "duty_called": Effect(append="duty_calls"),
}  # fmt: skip

# A supplement or an amendment that answers the one notice also ends its pause; others leave the clocks alone.
_ENDS_PAUSE = ("paused_since", "info_due_at", "info_due_reason", "need_items")

_EMPTY: dict[str, Any] = {
    f: getattr(Ticket(), f) for f in Ticket.__dataclass_fields__
}  # fmt: skip


def apply(ticket: Ticket, event: Event) -> Ticket:
    """Return the ticket after one more event.

    Raises:
        ValueError: The event is not the ticket's next one, or starts from another state.
    """
    if event.seq != ticket.version + 1 or event.from_state is not ticket.state:
        raise ValueError(f"event {event.seq} does not follow version {ticket.version}")
    effect = EFFECTS[event.type]
    cleared = effect.clear
    if event.type in ("supplemented", "amended") and event.from_state is State.NEED_INFO:
        cleared = _ENDS_PAUSE
    kept = ("signed_at",) if event.data.get("keeps_clock") else ()
    change: dict[str, Any] = {name: _EMPTY[name] for name in cleared if name not in kept}
    copied = (*effect.copy, *_ALWAYS)
    change |= {n: typed(n, event.data[n]) for n in copied if n in event.data}
    if effect.append:
        said = {k: v for k, v in event.data.items() if k not in _ENTRY_WITHOUT}
        entry = {**said, "at": event.at.isoformat(), "by": event.actor.id}
        change[effect.append] = [*getattr(ticket, effect.append), entry]
    if effect.stamp and not event.data.get("keeps_clock"):
        change[effect.stamp] = typed(effect.stamp, event.data.get(effect.stamp)) or event.at
    counts = event.data.get("counts") is not False
    if effect.first and counts and getattr(ticket, effect.first) is None:
        change[effect.first] = event.at
    if effect.by:
        change[effect.by] = "resident" if event.actor.kind == "resident" else event.actor.id
    # A ruling that leaves the order where it is is no transfer, nor is another worker of the unit.
    if effect.count and not event.data.get("same_unit"):
        change[effect.count] = getattr(ticket, effect.count) + 1
    if effect.works and event.actor.id not in ticket.handlers:
        change["handlers"] = [*ticket.handlers, event.actor.id]
    change |= {
        "ticket_no": event.ticket_no, "version": event.seq, "state": event.to_state,
        "updated_at": event.at,
    }  # fmt: skip
    return ticket.changed(change)


def fold(events: Iterable[Event]) -> Ticket:
    """Return the ticket that a whole history makes."""
    ticket = Ticket()
    for event in events:
        ticket = apply(ticket, event)
    return ticket
