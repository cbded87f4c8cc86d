"""What a receiver is told of a ticket: facts of the work, nothing of the person. Pure.

No words of the resident, no name, number or door, no rating. Restricted matters and cases about
pressure on a resident are not told at all; of a confidential one only the community is named.
《个人信息保护法》第六条、第二十三条: no more than the purpose needs.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from typing import Any

from services.tickets.core.event import Event
from services.tickets.core.ticket import Ticket

FLAGS = ("overdue", "urged", "supervised", "group", "problem")
"""Overlays that are told."""
_TIMES = ("created_at", "accepted_at", "dispatched_at", "signed_at", "resolved_at", "closed_at",
          "sign_due_at", "contact_due_at", "due_at")  # fmt: skip
_PLACE = ("community_id", "community", "compound_id", "compound", "building_id", "building")


def message_id(subscription: str, ticket_no: str, version: int) -> str:
    """Return the stable id of what one subscription is told of one event."""
    told = f"{subscription}:{ticket_no}:{version}"
    return "msg_" + hashlib.sha256(told.encode()).hexdigest()[:32]


def wanted(
    before: Ticket, after: Ticket, event: Event, *,
    events: Collection[str], org_id: str | None, community_id: str | None,
) -> bool:  # fmt: skip
    """Say whether a subscription is told of an event.

    Args:
        before: The ticket before the event: a unit also hears that a matter was taken from it.
        after: The ticket after it.
        events: Event types of the subscription.
        org_id: Only what this unit leads or helps with.
        community_id: Only what lies in this community.
    """
    if event.type not in events or after.restricted or after.case_of:
        return False
    if community_id is not None and after.place.community_id != community_id:
        return False
    if org_id is None:
        return True
    return org_id not in after.recused and org_id in _units(before) | _units(after)


def _units(ticket: Ticket) -> set[str]:
    units = {str(a["org"]) for a in ticket.assists}
    for invited in (*ticket.whistles, *ticket.consults):
        units |= {str(u["org"]) for u in invited["units"]}
    return units | ({ticket.owner_org} if ticket.owner_org else set())


def body_of(ticket: Ticket, event: Event, service: str | None) -> str:
    """Return the JSON text of a message: ``{"type", "timestamp", "data"}``; made once and kept.

    Args:
        ticket: The ticket as it was right after the event.
        service: Name of its leaf.
    """
    parts = _PLACE[:2] if ticket.confidential else _PLACE
    doc = ticket.to_doc()
    data: dict[str, Any] = {
        "ticket_no": ticket.ticket_no,
        "display_no": ticket.display_no,
        "version": event.seq,
        "state": ticket.state.value,
        "state_label": ticket.state.label,
        "kind": ticket.kind.value if ticket.kind else None,
        "leaf": ticket.leaf,
        "service": service,
        "priority": ticket.priority.value,
        "channel": ticket.channel,
        "owner": {"org": ticket.owner_org, "name": ticket.owner_org_name},
        "place": {k: ticket.location.get(k) for k in parts},
        "rework_round": ticket.rework_round,
        "flags": [f for f in FLAGS if f in ticket.flags],
        **{name: doc[name] for name in _TIMES},
    }
    told = {"type": f"ticket.{event.type}", "timestamp": event.at.isoformat(), "data": data}
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"))
