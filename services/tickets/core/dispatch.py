"""派单目录: which unit leads a matter at a place, as data that the locality keeps up to date.

《北京市接诉即办工作条例》第十一条 (dispatch by a directory kept up to date), 第十四条 (one lead unit,
others assist), 第十七条 and 《北京市街道办事处条例》第三十二条 (a residents' committee assists; it is
not given what belongs to departments). 《济南市12345市民服务热线条例》第三十二条 (who is complained of
does not handle the complaint).

The directory has a version, and its lines may have days from which and until which they hold. A
ticket keeps the version, the line and its basis in the event of its dispatch, so a new directory
changes nothing of what was dispatched by an old one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import yaml

from services.tickets.core.location import Location
from services.yaml_files import read_yaml

GRID = "grid"
COMMUNITY = "community"
# Units that belong to the residents' committee: they may lead only what is on the list.
SELF_GOVERNING = frozenset({"grid", "community"})
# Kinds of units that serve a community by contract.
SERVING = frozenset({"property", "vendor"})


@dataclass(frozen=True)
class Route:
    """Who leads and who assists.

    Attributes:
        lead: Org id; ``grid`` means the worker of the place's grid, ``community`` the clerk desk
            of the place's community.
        basis: Why this unit: list, regulation or local decision.
        power: One sentence for people on who has the power, when it is not the lead.
        known: ``False`` for the fallback: a person has to look.
        anywhere: The unit finds a spot by the words alone (人民路的路灯): no grid is needed.
        line: Which line of the directory it is, counted from 1; 0 for the fallback.
    """

    lead: str
    assists: tuple[str, ...] = ()
    duty: str = "主责"
    basis: str = ""
    power: str | None = None
    known: bool = True
    anywhere: bool = False
    line: int = 0


@dataclass(frozen=True)
class DispatchRule:
    """One line of the directory; empty conditions match everything.

    Attributes:
        valid_from: First day; ``None`` since ever.
        valid_to: Last day; ``None`` until further notice.
    """

    leaves: frozenset[str]
    communities: frozenset[str]
    compounds: frozenset[str]
    route: Route
    about: frozenset[str] = frozenset()
    valid_from: date | None = None
    valid_to: date | None = None

    def holds(self, on: date) -> bool:
        """Say whether the line holds on a day."""
        return (self.valid_from or date.min) <= on <= (self.valid_to or date.max)

    def matches(self, leaf: str | None, place: Location, about: str | None, on: date) -> bool:
        """Say whether the line is for this matter at this place, about this person, on this day."""
        return (
            leaf in self.leaves
            and self.holds(on)
            and (not self.about or about in self.about)
            and (not self.communities or place.community_id in self.communities)
            and (not self.compounds or place.compound_id in self.compounds)
        )

    def hides(self, other: DispatchRule) -> bool:
        """Say whether a later line is never reached on some day, because this one takes all of it."""
        return (
            bool(self.leaves & other.leaves)
            and _covers(self.about, other.about)
            and _covers(self.communities, other.communities)
            and _covers(self.compounds, other.compounds)
            and (self.valid_from or date.min) <= (other.valid_to or date.max)
            and (other.valid_from or date.min) <= (self.valid_to or date.max)
        )


def _covers(wide: frozenset[str], narrow: frozenset[str]) -> bool:
    """Say whether a condition (empty: any) lets everything through that the other does."""
    return not wide or (bool(narrow) and narrow <= wide)


@dataclass(frozen=True)
class Directory:
    """The directory of one locality.

    Attributes:
        above: Who takes over from a unit that is recused, where that is settled beforehand.
        version: Of the file, as its keepers count.
        digest: Of the file's text: tells two files apart that say the same version.
    """

    rules: tuple[DispatchRule, ...]
    fallback: Route
    community_leaves: frozenset[str] = frozenset()
    community_basis: str = ""
    recusals: Mapping[str, frozenset[str]] = field(default_factory=dict)
    recusal_basis: str = ""
    above: Mapping[str, str] = field(default_factory=dict)
    version: str = "1"
    digest: str = ""

    def route(
        self,
        leaf: str | None,
        place: Location,
        about: str | None,
        on: date,
        recused: Collection[str] = (),
    ) -> Route:
        """Return the first line that matches, else the fallback.

        Args:
            leaf: The matter.
            place: Where it is.
            about: Whose conduct is complained of (``commands.About``), if anybody's.
            on: The day; lines have days on which they hold.
            recused: Units that may not have it; the one above such a unit leads instead.
        """
        found = next((r.route for r in self.rules if r.matches(leaf, place, about, on)), None)
        if found is None:
            return self.fallback
        if found.lead in recused and found.lead in self.above:
            return replace(found, lead=self.above[found.lead])
        return found

    def recused(self, about: str | None) -> frozenset[str]:
        """Return the units that neither handle nor see a complaint about these people."""
        return self.recusals.get(about or "", frozenset())

    def over_assigned(self, leaf: str | None, org_kind: str, duty: str) -> bool:
        """Say whether a grid or community would be made to lead what is not on its list."""
        return duty == "主责" and org_kind in SELF_GOVERNING and leaf not in self.community_leaves

    def gaps(self, leaves: Collection[str], start: date, end: date) -> list[tuple[str, date]]:
        """Return leaves that no line leads for everybody, each with its first such day.

        Args:
            leaves: The catalogue's.
            start: First day looked at.
            end: Last day looked at.
        """
        turns = {start}
        for rule in self.rules:
            turns |= {d for d in (rule.valid_from, _after(rule.valid_to)) if d}
        days = sorted(d for d in turns if start <= d <= end)
        found = []
        for leaf in leaves:
            missing = [d for d in days if not self._led(leaf, d)]
            if missing:
                found.append((leaf, missing[0]))
        return found

    def _led(self, leaf: str, on: date) -> bool:
        return any(
            leaf in r.leaves and r.holds(on) and not (r.about or r.communities or r.compounds)
            for r in self.rules
        )

    def leaves(self) -> frozenset[str]:
        """Leaves that some line names."""
        return frozenset().union(*(rule.leaves for rule in self.rules))

    def orgs(self) -> frozenset[str]:
        """Units that some line names."""
        routes: Iterable[Route] = [*(rule.route for rule in self.rules), self.fallback]
        named = frozenset(org for r in routes for org in (r.lead, *r.assists))
        return named | frozenset(self.above.values())


LINE_KEYS = frozenset({
    "leaves", "communities", "compounds", "about", "lead", "assists", "duty", "basis", "power",
    "anywhere",
    "valid_from", "valid_to",
})  # fmt: skip
"""Keys of a line of the directory; anything else is a slip of the pen, not a fact to ignore."""


def load_directory(path: Path) -> Directory:
    """Read ``dispatch.yml`` of a locality.

    Raises:
        ValueError: Malformed, a line gives a grid or community what is not on its list, or a line
            is hidden by one above it.
    """
    try:
        text = path.read_text(encoding="utf-8")
        data: dict[str, Any] = read_yaml(text)
        listed, recusal = data["community_list"], data["recusal"]
        directory = Directory(
            rules=tuple(_rule(r, n) for n, r in enumerate(data["routes"], 1)),
            fallback=_route(data["fallback"], known=False),
            community_leaves=frozenset(listed["leaves"]),
            community_basis=listed["basis"],
            recusals={who: frozenset(orgs) for who, orgs in recusal["units"].items()},
            recusal_basis=recusal["basis"],
            above=dict(recusal.get("above", {})),
            version=str(data.get("version", "1")),
            digest=hashlib.sha256(text.encode()).hexdigest()[:12],
        )
    except (OSError, KeyError, TypeError, ValueError, AttributeError, yaml.YAMLError) as error:
        raise ValueError(f"派单目录有误：{path}:{error}") from error
    for n, rule in enumerate(directory.rules):
        for above in directory.rules[:n]:
            if above.hides(rule):
                both = "、".join(sorted(above.leaves & rule.leaves))
                raise ValueError(
                    f"派单目录有误：{both} 的第{rule.route.line}行和第{above.route.line}行同时有效，"
                    "轮不到后一行；请写明各自的起止日期，或把更窄的放在前面"
                )
        for leaf in sorted(rule.leaves):
            if directory.over_assigned(leaf, rule.route.lead, rule.route.duty):
                raise ValueError(
                    f"派单目录有误：{leaf} 不在社区任务清单内，不能由 {rule.route.lead} 主责"
                )
        for about in rule.about:
            if rule.route.lead in directory.recused(about):
                raise ValueError(f"派单目录有误：反映{about}的事不能由 {rule.route.lead} 自己办")
    return directory


def _after(day: date | None) -> date | None:
    return day + timedelta(days=1) if day and day < date.max else None


def _day(value: Any) -> date | None:
    if value is None:
        return None
    return value if isinstance(value, date) else date.fromisoformat(str(value))


def _rule(data: dict[str, Any], line: int) -> DispatchRule:
    return DispatchRule(
        leaves=frozenset(data["leaves"]),
        communities=frozenset(data.get("communities", ())),
        compounds=frozenset(data.get("compounds", ())),
        about=frozenset(data.get("about", ())),
        route=replace(_route(data, known=True), line=line),
        valid_from=_day(data.get("valid_from")),
        valid_to=_day(data.get("valid_to")),
    )


def _route(data: dict[str, Any], known: bool) -> Route:
    if unknown := set(data) - LINE_KEYS:
        raise ValueError(f"没有这些项：{'、'.join(map(str, unknown))}")
    return Route(
        lead=data["lead"],
        assists=tuple(data.get("assists", ())),
        duty=data.get("duty", "主责"),
        basis=data["basis"],
        power=data.get("power"),
        known=known,
        anywhere=bool(data.get("anywhere", False)),
    )
