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

    A building alone is one of the compound that is known already.
    """
    said, known = dict(address), dict(ticket.data.get("place") or {})
    if said.get("community") is None and known:
        said = {**known, **said}
    try:
        found = await client.resolve_place(text, said, turn.conversation_id)
    except Refused:
        return None
    if found.get("status") != "resolved" or not found.get("candidates"):
        return None
    return {
        "place": {**found["candidates"][0], "floor": address.get("floor")},
        "address_text": text,
    }
