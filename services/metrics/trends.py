"""Months in a row: what rises, what falls, and what is too little to say. Pure.

The rule is data (``trends`` of ``data/metrics.yml``): the last whole months against as many before them.
It rises when there are clearly more of them *and* so uneven a split would be rare if nothing had changed
(the exact test for two Poisson counts: given their sum, each request falls into the later span by the
share of its days). Small numbers are no trend.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from services.metrics.params import TrendRule
from services.metrics.periods import around, months_on

VERDICTS: Mapping[str, str] = {
    "rising": "上升", "falling": "下降", "level": "平稳", "few": "件数少，不看涨跌",
    "short": "月份还不够",
}  # fmt: skip
AGAINST: Mapping[str, str] = {
    "rising": "比去年同月多", "falling": "比去年同月少", "level": "和去年同月差不多",
    "few": "件数少，不比", "short": "去年没有数据",
}  # fmt: skip


@dataclass(frozen=True)
class Verdict:
    """What two counts say.

    Attributes:
        key: A key of :data:`VERDICTS`.
        recent, before: Requests of the later and of the earlier span; None where nothing was kept yet.
    """

    key: str
    recent: int | None
    before: int | None


@dataclass(frozen=True)
class Course:
    """The months of one matter or place.

    Attributes:
        months: Requests of each month, the oldest first; None before there were any data.
        verdict: The last months against those before.
        season: The last month against the same month a year ago.
        year_ago: Requests of that month; None: no data.
    """

    months: tuple[int | None, ...]
    verdict: Verdict
    season: Verdict
    year_ago: int | None

    @property
    def total(self) -> int:
        """Requests of all months together."""
        return sum(n or 0 for n in self.months)


def months_to(last: date, count: int) -> list[date]:
    """Return the first days of ``count`` months, the last of them ``last``."""
    return [months_on(last, -n) for n in range(count - 1, -1, -1)]


def course(counts: Mapping[date, int], last: date, began: date | None, rule: TrendRule) -> Course:
    """Return the months up to and with ``last`` and what they say.

    Args:
        counts: Requests by the first day of their month; a missing one is none.
        last: First day of the last month that is over.
        began: Day of the first request of all; None: there was none yet. Its own month is shown, but
            compared only when it was the first of the month.
    """
    first = last if began is None else began.replace(day=1)

    def of(months: Sequence[date]) -> int | None:
        return total(counts, months, began)

    line = months_to(last, rule.months)
    later, earlier = line[-rule.span :], line[-2 * rule.span : -rule.span]
    same = months_on(last, -12)
    shown = tuple(counts.get(m, 0) if m >= first else None for m in line)
    return Course(
        shown,
        compared(of(later), of(earlier), days_in(later), days_in(earlier), rule),
        compared(of([last]), of([same]), days_in([last]), days_in([same]), rule),
        of([same]),
    )


def total(counts: Mapping[date, int], months: Sequence[date], began: date | None) -> int | None:
    """Return the requests of some months in order; None unless all of them were kept as a whole."""
    if not months or began is None or months[0] < began:
        return None
    return sum(counts.get(m, 0) for m in months)


def compared(
    recent: int | None, before: int | None, recent_days: int, before_days: int, rule: TrendRule
) -> Verdict:
    """Return what two counts say, each of so many days."""
    if recent is None or before is None:
        return Verdict("short", recent, before)
    total = recent + before
    if total < rule.least:
        return Verdict("few", recent, before)
    share = recent_days / (recent_days + before_days)
    # By the day, so that a short February is no fall.
    now, then = recent / recent_days, before / before_days
    if now >= then * (1 + rule.share) and at_least(recent, total, share) <= rule.rare:
        return Verdict("rising", recent, before)
    if then >= now * (1 + rule.share) and at_least(before, total, 1 - share) <= rule.rare:
        return Verdict("falling", recent, before)
    return Verdict("level", recent, before)


def at_least(count: int, total: int, share: float) -> float:
    """Return how likely ``count`` or more of ``total`` fall into a span of that share (binomial), 0–1.

    >>> at_least(2, 2, 0.5)
    0.25
    """
    logs = (
        math.lgamma(total + 1) - math.lgamma(k + 1) - math.lgamma(total - k + 1)
        + k * math.log(share) + (total - k) * math.log(1 - share)
        for k in range(count, total + 1)
    )  # fmt: skip
    return min(1.0, sum(math.exp(each) for each in logs))


def days_in(months: Sequence[date]) -> int:
    """Return how many days some months have."""
    return sum(around("month", m).last.day for m in months)


def said(found: Verdict, rule: TrendRule) -> str:
    """Return a verdict with its two numbers, in a sentence's words."""
    label = VERDICTS[found.key]
    if found.recent is None or found.before is None:
        return label
    return f"{label}：近{rule.span}个月{found.recent}件，再前{rule.span}个月{found.before}件"


def rule_said(rule: TrendRule) -> str:
    """Return the rule in one sentence."""
    share = f"{rule.share * 100:g}%"
    return (
        f"只看满月。近{rule.span}个月和再前{rule.span}个月比：按天算多{share}以上、碰巧的可能不到{rule.rare * 100:g}%，是上升；反过来是下降。"
        f"两段合起来不到{rule.least}件的，不看涨跌。"
    )
