"""Who does something to a ticket."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Role = Literal[
    "resident", "system", "grid", "clerk", "supervisor", "dispatcher", "handler", "vendor",
    "callback", "mediator", "trainer", "auditor", "admin",
]  # fmt: skip


@dataclass(frozen=True)
class Actor:
    """A person or the system, with what decides which tickets are theirs.

    Attributes:
        kind: ``staff``, ``resident`` (also the bot speaking for one) or ``system``.
        id: Staff id, resident or conversation id, or ``system``.
        role: One of ``Role``; Chinese names are in ``services.people.model.ROLE_NAMES``.
        org_id: The unit of a staff member (``water``, ``property`` …).
        community_id: The community a clerk or supervisor works for; ``None`` for street level.
        grid_ids: Grids of a grid worker.
        leaves: Matters of a mediator: case-based, not all that the desk has.
    """

    kind: Literal["staff", "resident", "system"]
    id: str
    role: Role
    org_id: str | None = None
    community_id: str | None = None
    grid_ids: tuple[str, ...] = ()
    leaves: tuple[str, ...] = ()


SYSTEM = Actor("system", "system", "system")


def resident(id: str) -> Actor:
    """The resident (or the bot on the resident's behalf) of a conversation."""
    return Actor("resident", id, "resident")
