"""What the figures say of a theme: which matters belong together, and how many came before and after. Pure.

The parameters are ``data/themes.yml``; what is more and what is less is decided by the rule of trends
(:mod:`services.metrics.trends`), so that small numbers prove nothing here either.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.catalogue.files import read
from services.metrics import trends
from services.metrics.params import TrendRule
from services.metrics.periods import months_on


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class HowMany(_Strict):
    """How many matters one theme has."""

    least: int = Field(ge=1)
    most: int = Field(ge=1)

    @model_validator(mode="after")
    def _ordered(self) -> HowMany:
        if self.most < self.least:
            raise ValueError("leaves: most must not be below least")
        return self


class Params(_Strict):
    """The whole file.

    Attributes:
        top: Themes are proposed from so many most frequent matters.
        few: Fewer requests in all the months than that make no theme.
        before, after: Whole months that are counted before the theme's month and after it.
        review_months: So long after it was closed somebody looks again (回头看).
    """

    top: int = Field(ge=2)
    few: int = Field(ge=1)
    leaves: HowMany
    before: int = Field(ge=1)
    after: int = Field(ge=1)
    review_months: int = Field(ge=1)


def load_params(path: Path) -> Params:
    """Read the parameters.

    Raises:
        services.catalogue.files.DataFileError: The file is missing or wrong.
    """
    return read(path, Params)


@dataclass(frozen=True)
class Proposal:
    """A theme that the figures suggest; a person decides.

    Attributes:
        lead: The unit that the dispatch directory names for them; None: units differ.
        reason: Which figures speak for it, in a sentence.
        usual: Requests a month over the months that were looked at.
    """

    leaves: tuple[str, ...]
    names: tuple[str, ...]
    lead: str | None
    reason: str
    usual: float


def propose(
    lines: Sequence[Mapping[str, Any]], leads: Mapping[str, str], taken: Collection[str], params: Params
) -> list[Proposal]:  # fmt: skip
    """Return themes from the most frequent matters, the most frequent first.

    Matters of one unit make a theme; those left over make one with others of their kind (the letter
    of the catalogue). Of a group that is too large the most frequent are taken.

    Args:
        lines: Matters of :meth:`MetricsService.trends`, the most frequent first.
        leads: The dispatch directory's unit by matter.
        taken: Matters that a theme of the year has already.
    """
    free = [
        (place, m)
        for place, m in enumerate(lines[: params.top], start=1)
        if m["total"] >= params.few and m["key"] not in taken
    ]
    found: list[tuple[str | None, list[tuple[int, Mapping[str, Any]]]]] = []
    left = []
    for lead, group in _grouped(free, lambda m: leads.get(m["key"], "")).items():
        if lead and len(group) >= params.leaves.least:
            found.append((lead, group[: params.leaves.most]))
            left += group[params.leaves.most :]
        else:
            left += group
    for group in _grouped(sorted(left, key=lambda each: each[0]), lambda m: m["key"][0]).values():
        if len(group) >= params.leaves.least:
            chosen = group[: params.leaves.most]
            units = {leads.get(m["key"]) for _, m in chosen}
            found.append((units.pop() if len(units) == 1 else None, chosen))
    found.sort(key=lambda each: each[1][0][0])
    return [_proposal(lead, group) for lead, group in found]


def _grouped(matters: Sequence[tuple[int, Mapping[str, Any]]], by: Any) -> dict[str, list[Any]]:
    groups: dict[str, list[Any]] = defaultdict(list)
    for place, matter in matters:
        groups[by(matter)].append((place, matter))
    return groups


def _proposal(lead: str | None, group: Sequence[tuple[int, Mapping[str, Any]]]) -> Proposal:
    months = max(sum(n is not None for n in m["months"]) for _, m in group)
    return Proposal(
        tuple(m["key"] for _, m in group), tuple(m["name"] for _, m in group), lead,
        reason(group), sum(m["total"] for _, m in group) / max(1, months),
    )  # fmt: skip


def reason(group: Sequence[tuple[int, Mapping[str, Any]]]) -> str:
    """Return which figures speak for some matters, each with its place among all."""
    each = [f"{m['name']}{m['total']}件，第{place}位，{m['said']}" for place, m in group]
    months = len(group[0][1]["months"]) if group else 0
    return f"最近{months}个满月：{'；'.join(each)}。" if each else "最近没有收到这些事项的诉求。"


@dataclass(frozen=True)
class Effect:
    """How many requests about a theme's matters came, month by month.

    Attributes:
        months: First day of each month and its requests: those before, the theme's own, those after
            that are over; None: nothing was kept yet.
        before, after: Requests a month; None: nothing to count.
        after_months: So many months after it are over.
        year_ago: A month, over the same months as ``after`` a year before; None: no data.
        verdict: After against before, of :data:`services.metrics.trends.VERDICTS`.
        reached: No more a month than was aimed at; None: too early to say.
    """

    months: tuple[tuple[date, int | None], ...]
    before: float | None
    after: float | None
    after_months: int
    year_ago: float | None
    verdict: str
    reached: bool | None

    def body(self) -> dict[str, Any]:
        """As JSON, without the months: what is kept in the history."""
        return {
            "before": self.before, "after": self.after, "after_months": self.after_months,
            "year_ago": self.year_ago, "verdict": self.verdict, "reached": self.reached,
        }  # fmt: skip


def effect(
    counts: Mapping[date, int], began: date | None, month: date, this: date, target: int,
    params: Params, rule: TrendRule,
) -> Effect:  # fmt: skip
    """Return what came before and after a theme's month.

    Args:
        counts: Requests about the theme's matters by the first day of their month.
        began: Day of the first request of all (:func:`services.metrics.trends.course`).
        month: First day of the theme's month; this: of the running month, which counts for nothing.
    """
    # What lies ahead is measured against the newest months that are over.
    begins = min(month, this)
    earlier = [months_on(begins, -n) for n in range(params.before, 0, -1)]
    later = [m for n in range(1, params.after + 1) if (m := months_on(month, n)) < this]
    before, after = trends.total(counts, earlier, began), trends.total(counts, later, began)
    year_ago = trends.total(counts, [months_on(m, -12) for m in later], began)
    verdict = trends.compared(
        after, before, max(1, trends.days_in(later)), trends.days_in(earlier), rule
    ).key
    mean = None if after is None else after / len(later)
    shown = [*earlier, *([month] if month < this else []), *later]
    known = this if began is None else began.replace(day=1)
    return Effect(
        tuple((m, counts.get(m, 0) if m >= known else None) for m in shown if m < this),
        None if before is None else before / len(earlier), mean, len(later),
        None if year_ago is None else year_ago / len(later), verdict,
        None if mean is None else mean <= target,
    )  # fmt: skip


def outcome(found: Effect, target: int) -> str:
    """Return what came of it in words."""
    aim = f"目标每月不超过{target}件"
    before = "以前的数据不全" if found.before is None else f"以前每月{found.before:.1f}件"
    if found.after is None:
        return f"{before}，{aim}；还没到看结果的时候"
    said = f"{before}，做了以后每月{found.after:.1f}件（{found.after_months}个满月），{aim}，"
    said += "达到了" if found.reached else "还没达到"
    words = {"falling": "明显少了", "rising": "明显多了", "level": "和以前差不多", "few": "件数少，看不出多了少了"}  # fmt: skip
    if found.verdict in words:
        said += f"；{words[found.verdict]}"
    if found.year_ago is not None:
        said += f"；去年同样的月份每月{found.year_ago:.1f}件"
    return said
