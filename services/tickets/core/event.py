"""An event: a fact about a ticket that is never changed afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from services.tickets.core.actor import Actor
from services.tickets.core.states import State


@dataclass(frozen=True)
class Event:
    """Something that happened to a ticket.

    Attributes:
        seq: Position in the ticket's history from 1; equals the ticket's version after it.
        type: Name in ``fold.EFFECTS``.
        action: The action that caused it.
        data: Facts, JSON values only; times as ISO 8601 with zone. Never contact data in the
            clear: that is kept apart, so that it can be erased while the history stays.
    """

    ticket_no: str
    seq: int
    type: str
    action: str
    actor: Actor
    at: datetime
    from_state: State
    to_state: State
    data: Mapping[str, Any] = field(default_factory=dict)
