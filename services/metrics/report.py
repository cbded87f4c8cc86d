"""日报、周报、月报、季报、年报: one report of any whole period, from the figures of the data page. Pure.

It adds to them what a report is read for: the same days a year before, the parts one by one, the most
frequent matters with their change, what was put right and what was promised.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from services.metrics import trends
from services.metrics.figures import DEFINITIONS, NONE, SHORT
from services.metrics.params import TrendRule
from services.metrics.periods import Kind, Period

TITLES: Mapping[Kind, str] = {
    "day": "日报", "week": "周报", "month": "月报", "quarter": "季报", "year": "年报",
}  # fmt: skip
PARTS: Mapping[Kind, Kind] = {"week": "day", "month": "week", "quarter": "month", "year": "month"}
"""What a report is told by, row by row; a day has no parts."""
ROW_FIGURES = ("filed", "due", "contact", "in_time", "reached", "solved", "satisfied")
PROMISED = ("contact", "signed", "in_time", "told_once")
"""Figures of what was promised to residents: within which time, and everything asked for at once."""
PUT_RIGHT = ("rectified", "bad_called", "rework", "rework_3", "false", "corrected")
"""Figures of what went wrong and was put right."""
JUDGED = frozenset(d.key for d in DEFINITIONS if d.judged)
NO_DATA = "去年没有数据"
Body = dict[str, Any]


def rows_of(period: Period, today: date) -> list[Period]:
    """Return the parts of a period that have begun."""
    kind = PARTS.get(period.kind)
    return [] if kind is None else [p for p in period.steps(kind) if p.first <= today]


def name_of(part: Period) -> str:
    """Return what a part is called in its report: ``3月``, ``10月1日至10月4日``, ``11月24日``."""
    if part.kind == "month":
        return f"{part.first.month}月"
    first, last = (f"{d.month}月{d.day}日" for d in (part.first, part.last))
    return first if part.first == part.last else f"{first}至{last}"


def comparable(earlier: Period, began: date | None) -> str:
    """Return why a period a year before cannot be compared with; "" when it can."""
    if began is None or began > earlier.last:
        return NO_DATA
    if began > earlier.first:
        return f"去年的数据从{began.year}年{began.month}月{began.day}日才有，不全，不比"
    return ""


def compared(
    figures: Sequence[Mapping[str, Any]], before: Mapping[str, Any], enough: bool, least: int
) -> list[Body]:
    """Return each figure beside that of the year before and the change in words.

    Args:
        figures: Of this period.
        before: The dashboard of the year before.
        enough: Whether residents' answers of this period are enough to compare by.
        least: Of fewer no share of change is told.
    """
    known = {f["key"]: f for f in before["figures"]}
    both = enough and before["enough"]
    found = []
    for f in figures:
        old = known.get(f["key"])
        short = f["key"] in JUDGED and not both
        change = SHORT if short else changed(f, old, least)
        found.append({"key": f["key"], "label": f["label"], "text": f["text"],
                      "before": old["text"] if old else NONE, "change": change})  # fmt: skip
    return found


def changed(now: Mapping[str, Any], old: Mapping[str, Any] | None, least: int) -> str:
    """Return the change of a figure in words: points of a share, numbers of a number."""
    if old is None or now["value"] is None or old["value"] is None:
        return NONE
    more = now["value"] - old["value"]
    if now["form"] == "number":
        return change_of(int(now["value"]), int(old["value"]), least)
    if now["form"] == "percent":
        if min(now["denominator"], old["denominator"]) < least:
            return f"分母少于{least}，不比"
        points = round(more * 100, 1)
        return f"{points:+.1f}个百分点" if points else "一样"
    return f"{more:+.2f}" if round(more, 2) else "一样"


def change_of(now: int, before: int, least: int) -> str:
    """Return the change of a count: the share only of a count that is not small.

    >>> change_of(30, 20, 20), change_of(3, 2, 20), change_of(4, 4, 20)
    ('+10（+50%）', '+1', '一样')
    """
    if now == before:
        return "一样"
    share = f"（{(now - before) / before * 100:+.0f}%）" if before >= least else ""
    return f"{now - before:+d}{share}"


def top(
    leaves: Sequence[Mapping[str, Any]], before: Mapping[str | None, int] | None,
    days: tuple[int, int], rule: TrendRule,
) -> list[Body]:  # fmt: skip
    """Return the most frequent matters with their share and their change to the year before.

    Args:
        leaves: Matters of the dashboard, the most frequent first.
        before: Requests by leaf of the same days a year before; None: not comparable.
        days: How many days this period and the one before have.
    """
    total = sum(leaf["filed"] for leaf in leaves)
    found = []
    for place, leaf in enumerate((m for m in leaves if m["filed"] and m["key"]), start=1):
        old = None if before is None else before.get(leaf["key"], 0)
        verdict = trends.compared(leaf["filed"], old, *days, rule)
        words = "" if verdict.key == "short" else TO_YEAR[verdict.key]
        change = NONE if old is None else change_of(leaf["filed"], old, rule.least)
        found.append(
            {"place": place, "key": leaf["key"], "name": leaf["name"], "filed": leaf["filed"],
             "share": leaf["filed"] / total, "before": old, "change": change, "said": words}
        )  # fmt: skip
        if place == rule.top:
            break
    return found


TO_YEAR: Mapping[str, str] = {
    "rising": "比去年多", "falling": "比去年少", "level": "和去年差不多", "few": "件数少，不比",
}  # fmt: skip


def picked(figures: Iterable[Mapping[str, Any]], keys: Sequence[str]) -> list[Mapping[str, Any]]:
    """Return some of the figures, in the order of the keys."""
    known = {f["key"]: f for f in figures}
    return [known[k] for k in keys if k in known]
