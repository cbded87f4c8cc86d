"""Neighbours who report one thing: which tickets are about the same, and when many make a group.

The rules are data (``data/dialogue/neighbours.yml``). Nothing here tells anybody who the others are:
what leaves this module about them is a number.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from services.places.numbers import number
from services.tickets.core.limits import Limit
from services.tickets.core.location import Location
from services.tickets.core.states import OPEN, State
from services.tickets.core.ticket import Ticket
from services.yaml_files import read_yaml

REACHES = ("unit", "building", "compound")
"""How far one thing reaches, the nearest first."""
JOINABLE = OPEN - {State.RESOLVED}
"""What is reported done is judged, not joined."""


@dataclass(frozen=True)
class Shared:
    """How a leaf is shared: within which part of a place, and how long after a report."""

    within: str
    window: timedelta


@dataclass(frozen=True)
class Neighbours:
    """The rules. Without any, nothing is shared and nobody speaks for many.

    Attributes:
        group: Households from which on a request is a group demand.
        leaves: Leaves that are shared; all others never are.
        many: A number of households in words: group 1 is the number, group 2 “几、多、来”.
        joint: Says that several have signed; ``not_joint`` takes it back.
        body: Says that an owners' or residents' committee asks: it speaks for many by itself.
    """

    group: int = 0
    leaves: Mapping[str, Shared] = field(default_factory=dict)
    many: re.Pattern[str] | None = None
    joint: re.Pattern[str] | None = None
    not_joint: re.Pattern[str] | None = None
    body: re.Pattern[str] | None = None
    vague: Mapping[str, int] = field(default_factory=dict)
    door: re.Pattern[str] | None = None
    counts: re.Pattern[str] | None = None

    def same(self, ticket: Ticket, leaf: str | None, place: Location, at: datetime) -> bool:
        """Say whether an open ticket is the thing that is wrong here and now."""
        rule = self.leaves.get(leaf or "")
        return (
            rule is not None
            and ticket.leaf == leaf
            and ticket.state in JOINABLE
            and not (ticket.confidential or ticket.restricted or ticket.incomplete)
            and ticket.created_at is not None
            and at - ticket.created_at <= rule.window
            and same_spot(ticket.place, place, rule.within)
        )

    def said(self, text: str) -> int | None:
        """Return how many households the words speak for; None when they name no number.

        >>> load_neighbours(Path("data/dialogue/neighbours.yml")).said("我们这栋楼二十三户联名")
        23
        """
        if self.many is None:
            return None
        found = [n for m in self.many.finditer(text) if (n := self._counted(text, m)) is not None]
        return max(found, default=None)

    def _counted(self, text: str, match: re.Match[str]) -> int | None:
        words, more = match.group(1), match.group(2) or ""
        before = text[max(0, match.start() - 3) : match.start()]
        if (
            self.door
            and self.door.match(words)
            and not (self.counts and self.counts.search(before))
        ):
            return None
        vague = self.vague.get(words + more) or self.vague.get(words)
        if vague is not None:
            return vague
        if words[-1:] == "几":
            words, more = words[:-1], "几"
        digits = number(words)
        if not digits.isdigit():
            return None
        return int(digits) + (1 if more in ("几", "多", "余") else 0)

    def is_joint(self, text: str) -> bool:
        """Say whether the words are a joint request (联名)."""
        if self.joint is None or not self.joint.search(text):
            return False
        return not (self.not_joint and self.not_joint.search(text))

    def is_group(self, ticket: Ticket) -> bool:
        """Say whether so many households stand behind a ticket, or their committee, that it is a group demand."""
        if not self.group:
            return False
        said = ticket.narrative_original
        if self.is_joint(said) or (self.body is not None and self.body.search(said)):
            return True
        return households(ticket) >= self.group


def same_spot(a: Location, b: Location, within: str) -> bool:
    """Say whether two places are one for a thing that reaches so far.

    Of a thing in one unit, a ticket that names no unit is not taken for a neighbour's.
    """
    if a.compound_id is None or a.compound_id != b.compound_id:
        return False
    if within == "compound":
        return True
    if a.building_id is None or a.building_id != b.building_id:
        return False
    return within == "building" or (a.unit is not None and a.unit == b.unit)


def households(ticket: Ticket) -> int:
    """Return how many households stand behind a ticket: who joined, or as many as it speaks for."""
    joined = {str(j["household"]) for j in ticket.joined} - {ticket.household}
    return max(ticket.said_households or 1, 1 + len(joined))


def others(tickets: Iterable[Ticket], household: str | None) -> int:
    """Return how many other households have told the same in these tickets."""
    told: set[str] = set()
    for ticket in tickets:
        told.add(ticket.household or ticket.ticket_no)
        told |= {str(j["household"]) for j in ticket.joined}
    return len(told - {household})


def load_neighbours(path: Path) -> Neighbours:
    """Read the rules.

    Raises:
        ValueError: Malformed; the message names the file.
    """
    try:
        data: dict[str, Any] = read_yaml(path.read_text(encoding="utf-8"))
        window = data["window"]
        leaves = {
            leaf: Shared(
                REACHES[REACHES.index(rule["within"])],
                timedelta(minutes=Limit.parse(rule.get("window", window)).minutes),
            )
            for leaf, rule in data["leaves"].items()
        }
        return Neighbours(
            group=int(data["group"]),
            leaves=leaves,
            many=re.compile(f"({data['numeral']})({data['more']})(?:{data['households']})"),
            joint=re.compile(data["joint"]),
            not_joint=re.compile(data["not_joint"]),
            body=re.compile(data["body"]),
            vague={str(k): int(v) for k, v in data["vague"].items()},
            door=re.compile(data["door"]),
            counts=re.compile(data["counts"]),
        )
    except (OSError, KeyError, TypeError, AttributeError, ValueError, yaml.YAMLError) as error:
        raise ValueError(f"邻里并单配置有误：{path.name}：{error}") from error
