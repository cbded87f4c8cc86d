"""Looks an address up for a ticket that has a place already, or a part of one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from actions.client import Client, Json, Refused, TicketView

if TYPE_CHECKING:
    from actions.turn import Turn


async def resolved(
    turn: Turn, client: Client, ticket: TicketView, address: Mapping[str, Any], text: str
) -> Json | None:
    """Return ``{place, address_text}`` of the one place that is meant, or None.

    A building alone is one of the compound that is known already; a compound alone is a place.
    """
    said, known = dict(address), dict(ticket.data.get("place") or {})
    if said.get("community") is None and known:
        said = {**known, **said}
    try:
        found = await client.resolve_place(text, said, turn.conversation_id)
    except Refused:
        return None
    candidates = list(found.get("candidates") or [])
    compound = len(candidates) == 1 and found.get("missing") == ["building"]
    if not candidates or not (found.get("status") == "resolved" or compound):
        return None
    return {
        "place": {**candidates[0], "floor": address.get("floor")},
        "address_text": text,
    }
