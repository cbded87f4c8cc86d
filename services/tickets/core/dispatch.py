"""派单目录: which unit leads a matter at a place, as data that the locality keeps up to date.

《北京市接诉即办工作条例》第十一条 (dispatch by a directory kept up to date), 第十四条 (one lead unit,
others assist), 第十七条 and 《北京市街道办事处条例》第三十二条 (a residents' committee assists; it is
not given what belongs to departments). 《济南市12345市民服务热线条例》第三十二条 (who is complained of
does not handle the complaint).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from services.tickets.core.location import Location

GRID = "grid"
COMMUNITY = "community"
# Units that belong to the residents' committee: they may lead only what is on the list.
SELF_GOVERNING = frozenset({"grid", "community"})


@dataclass(frozen=True)
class Route:
    """Who leads and who assists.

    Attributes:
        lead: Org id; ``grid`` means the worker of the place's grid, ``community`` the clerk desk
            of the place's community.
        basis: Why this unit: list, regulation or local decision.
        power: One sentence for people on who has the power, when it is not the lead.
        known: ``False`` for the fallback: a person has to look.
    """

    lead: str
    assists: tuple[str, ...] = ()
    duty: str = "主责"
    basis: str = ""
    power: str | None = None
    known: bool = True


@dataclass(frozen=True)
class DispatchRule:
    """One line of the directory; empty conditions match everything."""

    leaves: frozenset[str]
    communities: frozenset[str]
    compounds: frozenset[str]
    route: Route
    about: frozenset[str] = frozenset()

    def matches(self, leaf: str | None, place: Location, about: str | None) -> bool:
        """Say whether the line is for this matter at this place, about this kind of person."""
        return (
            leaf in self.leaves
            and (not self.about or about in self.about)
            and (not self.communities or place.community_id in self.communities)
            and (not self.compounds or place.compound_id in self.compounds)
        )


@dataclass(frozen=True)
class Directory:
    """The directory of one locality."""

    rules: tuple[DispatchRule, ...]
    fallback: Route
    community_leaves: frozenset[str] = frozenset()
    community_basis: str = ""
    recusals: Mapping[str, frozenset[str]] = field(default_factory=dict)
    recusal_basis: str = ""

    def route(self, leaf: str | None, place: Location, about: str | None = None) -> Route:
        """Return the first line that matches, else the fallback.

        Args:
            leaf: The matter.
            place: Where it is.
            about: Whose conduct is complained of (``commands.About``), if anybody's.
        """
        for rule in self.rules:
            if rule.matches(leaf, place, about):
                return rule.route
        return self.fallback

    def recused(self, about: str | None) -> frozenset[str]:
        """Return the units that neither handle nor see a complaint about these people."""
        return self.recusals.get(about or "", frozenset())

    def over_assigned(self, leaf: str | None, org_kind: str, duty: str) -> bool:
        """Say whether a grid or community would be made to lead what is not on its list."""
        return duty == "主责" and org_kind in SELF_GOVERNING and leaf not in self.community_leaves

    def leaves(self) -> frozenset[str]:
        """Leaves that some line names."""
        return frozenset().union(*(rule.leaves for rule in self.rules))

    def orgs(self) -> frozenset[str]:
        """Units that some line names."""
        routes: Iterable[Route] = [*(rule.route for rule in self.rules), self.fallback]
        return frozenset(org for r in routes for org in (r.lead, *r.assists))


LINE_KEYS = frozenset({
    "leaves", "communities", "compounds", "about", "lead", "assists", "duty", "basis", "power",
})  # fmt: skip
"""Keys of a line of the directory; anything else is a slip of the pen, not a fact to ignore."""


def load_directory(path: Path) -> Directory:
    """Read ``dispatch.yml`` of a locality.

    Raises:
        ValueError: Malformed, or a line gives a grid or community what is not on its list.
    """
    try:
        data: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
        listed, recusal = data["community_list"], data["recusal"]
        directory = Directory(
            rules=tuple(_rule(r) for r in data["routes"]),
            fallback=_route(data["fallback"], known=False),
            community_leaves=frozenset(listed["leaves"]),
            community_basis=listed["basis"],
            recusals={who: frozenset(orgs) for who, orgs in recusal["units"].items()},
            recusal_basis=recusal["basis"],
        )
    except (OSError, KeyError, TypeError, ValueError, AttributeError, yaml.YAMLError) as error:
        raise ValueError(f"派单目录有误：{path}:{error}") from error
    for rule in directory.rules:
        for leaf in sorted(rule.leaves):
            if directory.over_assigned(leaf, rule.route.lead, rule.route.duty):
                raise ValueError(
                    f"派单目录有误：{leaf} 不在社区任务清单内，不能由 {rule.route.lead} 主责"
                )
        for about in rule.about:
            if rule.route.lead in directory.recused(about):
                raise ValueError(f"派单目录有误：反映{about}的事不能由 {rule.route.lead} 自己办")
    return directory


def _rule(data: dict[str, Any]) -> DispatchRule:
    return DispatchRule(
        leaves=frozenset(data["leaves"]),
        communities=frozenset(data.get("communities", ())),
        compounds=frozenset(data.get("compounds", ())),
        about=frozenset(data.get("about", ())),
        route=_route(data, known=True),
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
    )
