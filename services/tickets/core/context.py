"""What a decision may look at, and whose ticket is whose: the ground that guards and effects share."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from services.tickets.core.actor import Actor
from services.tickets.core.calendar import WorkCalendar
from services.tickets.core.commands import Command
from services.tickets.core.dispatch import SELF_GOVERNING, Directory
from services.tickets.core.leaves import Leaf, Urgency
from services.tickets.core.location import Location
from services.tickets.core.neighbours import Neighbours
from services.tickets.core.relay import Relay
from services.tickets.core.rules import Rules
from services.tickets.core.sla import Profile, SLAClass
from services.tickets.core.ticket import Ticket
from services.words import piece

# Roles that act only on tickets of their own unit; reviewers act on all in their area.
OWN_UNIT_ROLES = frozenset({"grid", "handler", "vendor", "mediator", "clerk"})
TOLD_WHO = frozenset({"clerk", "callback"})
"""Roles that may learn who reported a confidential ticket: the desk that took it in, who calls back."""


@dataclass(frozen=True)
class Refusal:
    """Why not: machine-readable code, one Chinese sentence, facts by field."""

    code: str
    message: str
    fields: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def said(
        cls, code: str, /, fields: Mapping[str, Any] | None = None, words: str = "", **values: Any
    ) -> Refusal:
        """Return one that a resident reads, too: ``refused.<code>`` of ``data/texts/pieces.yml``.

        Args:
            words: The name there, where one code has several sentences.
            values: What fills their gaps.

        Raises:
            KeyError: There is no such sentence, or a value is missing.
        """
        return cls(code, piece(f"refused.{words or code}", **values), fields or {})


@dataclass(frozen=True)
class Unit:
    """A unit a ticket can go to, as far as rules care."""

    id: str
    name: str
    kind: str


@dataclass(frozen=True)
class Person:
    """A member of staff a ticket can be given to."""

    id: str
    name: str
    org_id: str


@dataclass(frozen=True)
class Context:
    """What a decision may look at besides ticket and command. Loaded before; guards are pure."""

    calendar: WorkCalendar
    profile: Profile
    leaves: Mapping[str, Leaf]
    directory: Directory
    units: Mapping[str, Unit]
    urgency: Urgency
    rules: Rules
    neighbours: Neighbours = field(default_factory=Neighbours)
    relay: Relay | None = None
    leaders: tuple[str, ...] = ()  # of the street, who approve a whistle; empty: not written down
    taxonomy: str = ""  # version of the leaves, for the ticket
    person: Person | None = None
    also: tuple[Person, ...] = ()  # who acts has these accounts as well
    parent: Ticket | None = None
    place: Location | None = None
    former: WorkCalendar | None = None  # the calendar before a new notice

    def leaf(self, ticket: Ticket) -> Leaf | None:
        """The leaf of a ticket."""
        return self.leaves.get(ticket.leaf or "")

    def sla(self, ticket: Ticket) -> SLAClass:
        """The limits of a ticket."""
        return self.profile.class_for(ticket.kind, ticket.priority, ticket.leaf)


def accounts(command: Command, context: Context) -> frozenset[str]:
    """Return all accounts of the person who acts: duties are kept apart for persons, not accounts."""
    return frozenset({command.actor.id, *(p.id for p in context.also)})


def own_units(command: Command, context: Context) -> frozenset[str]:
    """Return the units of all accounts of the person who acts."""
    return frozenset(u for u in (command.actor.org_id, *(p.org_id for p in context.also)) if u)


def same_unit(lead: str | None, units: Collection[str]) -> bool:
    """Say whether a unit is one of these; a community and its grids are one."""
    return lead in units or (lead in SELF_GOVERNING and not SELF_GOVERNING.isdisjoint(units))


def belongs(ticket: Ticket, actor: Actor) -> bool:
    """Say whether a ticket is given to the actor's unit (as lead) or the actor in person."""
    if ticket.owner_person and ticket.owner_person == actor.id:
        return True
    if ticket.owner_org == "grid":
        return actor.role == "grid" and ticket.place.grid_id in actor.grid_ids
    if ticket.owner_org == "community":
        same = actor.community_id is None or ticket.place.community_id == actor.community_id
        mediates = actor.role == "mediator" and ticket.leaf in actor.leaves
        return same and (actor.role == "clerk" or mediates)
    return actor.org_id is not None and ticket.owner_org == actor.org_id


def reads(ticket: Ticket, actor: Actor) -> bool:
    """Say whether the actor may read what a ticket is about.

    Of a restricted one (children, violence, mental crisis) only the unit and person it is given
    to, the intake desk and head of its community and the dispatcher (《个人信息保护法》第二十八条).
    """
    if not ticket.restricted or actor.kind in ("system", "resident"):
        return True
    if actor.role in ("clerk", "supervisor"):
        return (
            actor.community_id in (None, ticket.place.community_id) or not ticket.place.community_id
        )
    return actor.role == "dispatcher" or belongs(ticket, actor)
