"""From events to the ticket. The stored row is this fold and nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
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
        stamp: Time field set to the event's time.
        first: Time field set to the event's time unless it has one.
        by: Field set to the actor's id (for a resident: the word ``resident``).
        clear: Fields emptied.
        count: Counter that goes up by one.
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
         "incomplete", "restricted")  # fmt: skip
_OWNER = ("owner_org", "owner_org_name", "owner_person", "owner_person_name", "duty", "basis",
          "power", "assists")  # fmt: skip
_UNIT_CLOCK = ("sign_due_at", "sign_due_reason", "contact_due_at", "contact_due_reason")
_DUE = ("due_at", "due_reason")
_UNSIGNED = ("signed_at", "owner_person", "owner_person_name")

EFFECTS: dict[str, Effect] = {
    "submitted": Effect(
        copy=(
            *_CASE, "query_code", "channel", "narrative_original", "sla_profile",
            "conversation_id", "resident_id", "reporter", "subject", "about", "recused", "confidential", "occurred",
            "occurred_text", "appointment", "certificate", "attachments", "nlu", "household",
            "said_households",
            "accept_due_at", "accept_due_reason",
        ),
        stamp="created_at",
    ),
    "handed_off": Effect(copy=("reason", "redirect"), clear=("accept_due_at", "accept_due_reason")),
    "info_requested": Effect(
        copy=("need_items", "paused_since", "info_due_at", "info_due_reason"), count="info_rounds"
    ),
    "not_accepted": Effect(copy=("reason", "redirect"), clear=("accept_due_at", "accept_due_reason")),
    "merged": Effect(
        copy=("merged_into", *_DUE), clear=("accept_due_at", "accept_due_reason")
    ),
    "joined": Effect(append="joined"),
    "group_demand": Effect(copy=("group",)),
    "accepted": Effect(
        copy=(*_CASE, "sla_profile", "pauses", *_DUE),
        stamp="accepted_at",
        clear=("accept_due_at", "accept_due_reason", "paused_since", "info_due_at",
               "info_due_reason", "need_items"),
    ),
    "dispatched": Effect(copy=(*_OWNER, *_UNIT_CLOCK), stamp="dispatched_at", clear=_UNSIGNED),
    "signed": Effect(copy=("owner_person", "owner_person_name"), stamp="signed_at", works=True),
    "objected": Effect(append="objections"),
    "objection_decided": Effect(
        copy=(*_OWNER, *_UNIT_CLOCK, "designated", "objections"),
        stamp="dispatched_at", clear=_UNSIGNED, count="transfers",
    ),
    "contacted": Effect(append="contacts", first="first_contact_at", works=True),
    "whistled": Effect(append="whistles"),
    "assisted": Effect(copy=("assists",)),
    "extension_requested": Effect(copy=("extension_request",)),
    "extended": Effect(copy=_DUE, append="extensions", clear=("extension_request",)),
    "extension_refused": Effect(clear=("extension_request",)),
    "suspension_requested": Effect(copy=("suspension_request",)),
    "suspended": Effect(
        copy=("reason", "review_at", "paused_since", "back_to"), clear=("suspension_request",)
    ),
    "suspension_refused": Effect(clear=("suspension_request",)),
    "resumed": Effect(
        copy=("pauses", *_DUE), clear=("paused_since", "review_at", "reason", "back_to")
    ),
    "resolved": Effect(
        copy=("outcome", "reply", "explanation", "evidence"),
        stamp="resolved_at", by="resolved_by", works=True,
        clear=("extension_request", "suspension_request"),
    ),
    "callback_solved": Effect(
        copy=("rating", "pressured"), append="callbacks", stamp="closed_at", by="closed_by"
    ),
    "callback_unsolved": Effect(
        copy=("rating", "pressured", "rework_reason", *_DUE), append="callbacks",
        count="rework_round",
        clear=("outcome", "reply", "explanation", "evidence", "resolved_at", "missed"),
    ),
    "callback_missed": Effect(append="callbacks"),
    "reworked": Effect(
        copy=("rework_reason", *_DUE), count="rework_round",
        clear=("outcome", "reply", "explanation", "evidence", "resolved_at", "closed_at",
               "closed_by", "missed"),
    ),
    "closed": Effect(copy=("reason",), stamp="closed_at", by="closed_by"),
    "supervised": Effect(append="supervisions"),
    "terminated": Effect(copy=("reason", "redirect"), clear=("paused_since", "review_at")),
    "withdrawn": Effect(copy=("reason", "persuaded"), clear=("paused_since", "review_at")),
    "noted": Effect(),
    "revealed": Effect(),
    "urged": Effect(append="urges"),
    "supplemented": Effect(
        copy=(*_CASE, "attachments", "reporter", "pauses", "accept_due_at", "accept_due_reason"),
        append="supplements",
    ),
    "amended": Effect(
        copy=(*_CASE, "appointment", "reporter", "pauses", *_DUE, "accept_due_at",
              "accept_due_reason"),
        append="amendments",
    ),
    "rated": Effect(copy=("rating", "pressured")),
    "deadline_missed": Effect(copy=("missed",)),
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
    change: dict[str, Any] = {name: _EMPTY[name] for name in cleared}
    change |= {n: typed(n, event.data[n]) for n in effect.copy if n in event.data}
    if effect.append:
        entry = {**event.data, "at": event.at.isoformat(), "by": event.actor.id}
        change[effect.append] = [*getattr(ticket, effect.append), entry]
    if effect.stamp:
        change[effect.stamp] = event.at
    if effect.first and getattr(ticket, effect.first) is None:
        change[effect.first] = event.at
    if effect.by:
        change[effect.by] = "resident" if event.actor.kind == "resident" else event.actor.id
    if effect.count:
        change[effect.count] = getattr(ticket, effect.count) + 1
    if effect.works and event.actor.id not in ticket.handlers:
        change["handlers"] = [*ticket.handlers, event.actor.id]
    return replace(
        ticket, ticket_no=event.ticket_no, version=event.seq, state=event.to_state,
        updated_at=event.at, **change,
    )  # fmt: skip


def fold(events: Iterable[Event]) -> Ticket:
    """Return the ticket that a whole history makes."""
    ticket = Ticket()
    for event in events:
        ticket = apply(ticket, event)
    return ticket
