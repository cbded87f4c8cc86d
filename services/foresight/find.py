"""Finding what comes up: the same matter from several households near each other, more than usual.

Pure, and simple enough to be told in one sentence: so many households in the last days, so many a
week before, and how rare such a week would be if nothing had changed (a Poisson count, the plainest
model of reports that come independently of each other). The parameters are ``data/foresight.yml``.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from services.catalogue.files import read

REACHES = ("building", "compound", "community")
"""How far a cluster reaches, the nearest first."""


class Warn(BaseModel):
    """When people are told of a cluster.

    Attributes:
        again_hours: Of the same cluster nobody is told again within so many hours.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    again_hours: int = Field(ge=1)


class Params(BaseModel):
    """The whole file.

    Attributes:
        days: Length of the present window.
        weeks: So many windows before it are what is usual.
        least: From so many households on there is a cluster, by reach.
        rare: A count that is this rare or rarer (0–1) rises.
        quiet: A place without any report before is counted with so many a window.
        wider: A wider cluster shows only with so many households more than the ones inside it.
        grown: Dismissed or made a ticket, it shows again with so many households more; told of,
            it is told again with so many more.
        warn: When people are told of it.
        alike: Messages without a matter are the same from this likeness on (0–1).
        leave_out: Leaves that are not looked at.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    days: int = Field(ge=1)
    weeks: int = Field(ge=1)
    least: Mapping[str, int]
    rare: float = Field(gt=0, lt=1)
    quiet: float = Field(gt=0)
    wider: int = Field(ge=1)
    grown: int = Field(ge=1)
    warn: Warn
    alike: float = Field(gt=0, le=1)
    leave_out: tuple[str, ...] = ()


def load_params(path: Path) -> Params:
    """Read the parameters.

    Raises:
        services.catalogue.files.DataFileError: The file is missing or wrong.
    """
    return read(path, Params)


@dataclass(frozen=True)
class Report:
    """What a resident reported, without who it was.

    ``who`` stands for the household (a keyed hash); who is not known is a household of its own.
    """

    ticket_no: str
    leaf: str | None
    text: str
    at: datetime
    who: str
    community: str
    compound: str | None = None
    building: str | None = None

    def place(self, reach: str) -> str | None:
        """Return the id of the place it is in, of that reach."""
        found: str | None = getattr(self, reach)
        return found


@dataclass(frozen=True)
class Cluster:
    """A matter that rises in a place.

    Attributes:
        leaf: The matter; None for messages without one that say nearly the same.
        usual: Households a window before, on average.
        chance: How rare at least so many would be if nothing had changed, 0–1.
        tickets: Numbers of the reports of the present window, the oldest first.
        first: Number of the report with which it began, which may lie before the window.
    """

    leaf: str | None
    reach: str
    place: str
    households: int
    usual: float
    chance: float
    tickets: tuple[str, ...]
    at: tuple[datetime, ...]
    who: tuple[str, ...]
    first: str = ""

    @property
    def key(self) -> str:
        """What a decision is kept under: matter and place; without a matter the report it began with.

        That one stays the same when it leaves the window while the others go on (:func:`_began`).
        """
        return (
            f"{self.leaf or 'words-' + (self.first or self.tickets[0])}:{self.reach}:{self.place}"
        )

    def since(self, at: datetime) -> int:
        """Return how many households were first heard in this window after ``at``."""
        first: dict[str, datetime] = {}
        for who, when in zip(self.who, self.at, strict=True):
            first.setdefault(who, when)
        return sum(when > at for when in first.values())


def clusters(reports: Iterable[Report], now: datetime, params: Params) -> list[Cluster]:
    """Return what rises, the rarest first.

    Args:
        reports: Of the present window and the ``weeks`` windows before it; others are ignored.
    """
    span = timedelta(days=params.days)
    begins, before = now - span, now - span * (params.weeks + 1)
    found: list[Cluster] = []
    for leaf, group in _matters(reports, begins, before, now, params):
        inside: list[Cluster] = []
        for reach in REACHES:
            for place, here in _by_place(group, reach).items():
                recent = [r for r in here if r.at > begins]
                cluster = _cluster(leaf, reach, place, recent, here, begins, params)
                if cluster and _adds(cluster, inside, params):
                    inside.append(cluster)
        found += inside
    return sorted(found, key=lambda c: (c.chance, -c.households, c.key))


def _matters(
    reports: Iterable[Report], begins: datetime, before: datetime, now: datetime, params: Params
) -> list[tuple[str | None, list[Report]]]:
    """Return the reports by leaf, and those without one in groups of nearly the same words."""
    leaves: dict[str, list[Report]] = defaultdict(list)
    loose: list[Report] = []
    for r in sorted(reports, key=lambda r: (r.at, r.ticket_no)):
        if not before < r.at <= now or r.leaf in params.leave_out:
            continue
        (leaves[r.leaf] if r.leaf else loose).append(r)
    alike = _alike(loose, params.alike)
    return [*((leaf, rs) for leaf, rs in sorted(leaves.items())), *((None, rs) for rs in alike)]


def _by_place(reports: Iterable[Report], reach: str) -> dict[str, list[Report]]:
    places: dict[str, list[Report]] = defaultdict(list)
    for r in reports:
        if place := r.place(reach):
            places[place].append(r)
    return places


def _cluster(
    leaf: str | None, reach: str, place: str, recent: Sequence[Report], here: Sequence[Report],
    begins: datetime, params: Params,
) -> Cluster | None:  # fmt: skip
    households = len({r.who for r in recent})
    if households < params.least[reach]:
        return None
    windows: dict[int, set[str]] = defaultdict(set)
    for r in here:
        if r.at <= begins:
            windows[(begins - r.at) // timedelta(days=params.days)].add(r.who)
    usual = sum(len(w) for w in windows.values()) / params.weeks
    chance = at_least(households, max(usual, params.quiet))
    if chance > params.rare:
        return None
    return Cluster(
        leaf, reach, place, households, usual, chance, tuple(r.ticket_no for r in recent),
        tuple(r.at for r in recent), tuple(r.who for r in recent), _began(here, params).ticket_no,
    )  # fmt: skip


def _began(here: Sequence[Report], params: Params) -> Report:
    """Return the report since which there never was a whole window without one (the oldest first)."""
    first = here[-1]
    for r in reversed(here):
        if first.at - r.at > timedelta(days=params.days):
            break
        first = r
    return first


def _adds(cluster: Cluster, inside: Sequence[Cluster], params: Params) -> bool:
    """Say whether a wider place says more than the narrower ones that were found in it."""
    mine = set(cluster.who)
    known = {w for c in inside if set(c.tickets) <= set(cluster.tickets) for w in c.who}
    return not known or len(mine - known) >= params.wider


def at_least(count: int, mean: float) -> float:
    """Return how likely ``count`` or more are when ``mean`` are usual (Poisson), 0–1.

    >>> round(at_least(3, 0.5), 4)
    0.0144
    """
    return max(0.0, 1 - sum(math.exp(-mean) * mean**k / math.factorial(k) for k in range(count)))


def likeness(a: str, b: str) -> float:
    """Return how alike two messages are: pairs of neighbouring characters in common (Dice), 0–1.

    >>> likeness("楼道灯坏了", "楼道灯坏了")
    1.0
    """
    one, other = _pairs(a), _pairs(b)
    return 2 * len(one & other) / (len(one) + len(other)) if one and other else 0.0


def _pairs(text: str) -> frozenset[str]:
    chars = [c for c in text if c.isalnum()]
    return frozenset(x + y for x, y in pairwise(chars))


def _alike(reports: Sequence[Report], least: float) -> list[list[Report]]:
    """Return groups in which each message is like an earlier one of the same community."""
    groups: list[list[Report]] = []
    for r in reports:
        for group in groups:
            if any(g.community == r.community and likeness(g.text, r.text) >= least for g in group):
                group.append(r)
                break
        else:
            groups.append([r])
    return groups
