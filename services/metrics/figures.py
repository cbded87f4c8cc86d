"""Formulas: from counts to figures, each with its numerator, denominator and one sentence. Pure.

The definitions are this project's own (docs/metrics.md); no text that could be found gives the
formula of any city. An empty denominator is no figure: neither 0 nor 100 %.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from services.metrics.params import Params

Counts = Mapping[str, float]
"""Counts by name, as in :data:`services.metrics.store.DUE` and ``FILED``; a missing one is 0."""
Form = Literal["percent", "number", "ratio", "score"]
NONE = "—"
SHORT = "样本不足"
UNFILLED = "人口数没填"
"""For 万人诉求量 as long as nobody has written how many people live in the communities."""
HIDDEN = "少于{least}件，不显示"


@dataclass(frozen=True)
class Definition:
    """One figure.

    Attributes:
        group: Heading it stands under.
        top, bottom: Numerator and denominator from the counts; without ``bottom`` it is a number.
        sentence: What it means, for people; ``{w}`` is the weight of 部分解决.
        judged: It compares units by what residents said, so it needs enough of them.
    """

    key: str
    label: str
    group: str
    form: Form
    top: Callable[[Counts, Params], float]
    bottom: Callable[[Counts, Params], float] | None
    sentence: str
    judged: bool = False


@dataclass(frozen=True)
class Figure:
    """A figure with what it was made of. ``value`` None: nothing to divide by."""

    key: str
    label: str
    group: str
    form: Form
    value: float | None
    numerator: float
    denominator: float | None
    definition: str
    judged: bool = False
    note: str | None = None

    @property
    def text(self) -> str:
        """As people read it."""
        if self.note is not None:
            return self.note
        if self.value is None:
            return NONE
        if self.form == "percent":
            return f"{self.value * 100:.1f}%"
        if self.form == "number":
            return f"{self.value:g}"
        return f"{self.value:.1f}" if self.form == "score" else f"{self.value:.2f}"

    def body(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "key": self.key, "label": self.label, "group": self.group, "form": self.form,
            "value": None if self.note else self.value, "text": self.text,
            "numerator": None if self.note else self.numerator,
            "denominator": None if self.note else self.denominator,
            "definition": self.definition,
        }  # fmt: skip


def _n(name: str) -> Callable[[Counts, Params], float]:
    return lambda c, p: c.get(name, 0)


def solved_weighted(counts: Counts, params: Params) -> float:
    """n_solved + w·n_partial."""
    return counts.get("solved", 0) + params.partial_weight * counts.get("partial", 0)


def _sum(*names: str) -> Callable[[Counts, Params], float]:
    return lambda c, p: sum(c.get(name, 0) for name in names)


RESPONSE, UNITS, RESULT, RESIDENTS, TRUTH, SUPPLY = (
    "响应", "时限和派单", "回访和解决", "居民诉求", "真不真", "告知和引导",
)  # fmt: skip

DEFINITIONS: tuple[Definition, ...] = (
    Definition("due", "应办件数", RESPONSE, "number", _n("due"), None,
               "这段时间内到期、已经派单的工单，去掉考评前由审计岗剔除的和正在挂账的。"),
    Definition("contact", "响应率", RESPONSE, "percent", _n("contact_in_time"), _n("contact_required"),
               "在首次联系时限内联系了居民的件数 ÷ 应办件里有首次联系时限的件数。"),
    Definition("signed", "按时签收率", RESPONSE, "percent", _n("sign_in_time"), _n("sign_required"),
               "在签收时限内签收的件数 ÷ 应办件里有签收时限的件数。"),
    Definition("in_time", "按时办结率", UNITS, "percent", _n("in_time"), _n("due"),
               "第一轮在办理时限内有了结果的件数 ÷ 应办件数；被劝撤的算没有办结。"),
    Definition("first_right", "首派准确率", UNITS, "percent", _n("first_right"), _n("first"),
               "第一次派单后没有退单成立的件数 ÷ 首次派给它的应办件数。按首派单位统计。"),
    Definition("returned", "退单率", UNITS, "percent", _n("returned"), _n("first"),
               "提出过退单的件数 ÷ 首次派给它的应办件数。按首派单位统计。"),
    Definition("transfers", "平均流转次数", UNITS, "ratio", _n("transfers"), _n("due"),
               "应办件换单位的总次数 ÷ 应办件数。"),
    Definition("reached", "有效回访率", RESULT, "percent", _n("answered"), _n("resolved"),
               "居民本人或家人答了回访的件数 ÷ 报过办结的件数。"),
    Definition("solved", "解决率", RESULT, "percent", solved_weighted, _n("answered"),
               "（已解决 + {w} × 部分解决）÷ 有效回访数。", judged=True),
    Definition("solved_strict", "解决率（部分解决不算）", RESULT, "percent", _n("solved"), _n("answered"),
               "已解决 ÷ 有效回访数。", judged=True),
    Definition("satisfied", "满意率", RESULT, "percent", _sum("rated_5", "rated_4", "rated_3"),
               _n("rated"), "（非常满意 + 满意 + 基本满意）÷ 有效回访里评了价的件数。", judged=True),
    Definition("satisfied_strict", "严格满意率", RESULT, "percent", _sum("rated_5", "rated_4"),
               _n("rated"), "（非常满意 + 满意）÷ 有效回访里评了价的件数。", judged=True),
    Definition("rectified", "差评整改率", RESULT, "percent", _n("rectified"), _n("bad"),
               "在整改时限内整改了的差评 ÷ 差评。不满意、非常不满意和“没办好”都是差评；还没到期的也在分母里。"),
    Definition("bad_called", "差评回访率", RESULT, "percent", _n("bad_called"), _n("bad"),
               "整改后由别的单位回访过的差评 ÷ 差评。"),
    Definition("rework", "重办率", TRUTH, "percent", _n("reworked"), _n("resolved"),
               "退回重办过的件数 ÷ 报过办结的件数。"),
    Definition("rework_3", "三次以上重办数", TRUTH, "number", _n("reworked_3"), None,
               "重办三次或更多的件数。"),
    Definition("false", "虚假办结率", TRUTH, "percent", _n("found_false"), _n("audits"),
               "抽查认定虚假办结的次数 ÷ 抽查次数。"),
    Definition("rating_changed", "评价更改率", TRUTH, "percent", _n("rating_changed"), _n("rated_any"),
               "评价改过分数的件数 ÷ 评了价的件数。"),
    Definition("persuaded", "被劝撤率", TRUTH, "percent", _n("persuaded"), _n("withdrawn"),
               "居民说是被人劝着撤的件数 ÷ 撤诉件数。"),
    Definition("filed", "收到诉求", RESIDENTS, "number", _n("filed"), None,
               "这段时间内登记的件数，合并的每一家都算。"),
    Definition("group", "群诉件数", RESIDENTS, "number", _n("group"), None,
               "这段时间内登记、认定为群体诉求的件数。"),
    Definition("proactive", "未诉先办占比", RESIDENTS, "percent", _n("proactive"), _n("filed"),
               "巡查或热点预警先发现的件数 ÷ 收到诉求。"),
    Definition("per_10000", "万人诉求量", RESIDENTS, "ratio", _n("filed_counted"),
               lambda c, p: c.get("residents", 0) / 10_000,
               "收到诉求 ÷ 常住人口（万人）{population}。只说明情况，不用来给单位打分。"),
    Definition("told_once", "一次告知完整率", SUPPLY, "percent", _n("told_once"), _n("told"),
               "要居民补材料时一次说全的件数 ÷ 要求过补充的件数；后来又要第一次没说到的东西，就不算说全。"),
    Definition("corrected", "不予受理复核改正率", SUPPLY, "percent", _n("corrected"), _n("reviewed"),
               "复核后改正的件数 ÷ 不予受理或终止办理后复核过的件数。"),
    Definition("redirected", "证明引导成功率", SUPPLY, "percent", _n("redirected_well"), _n("redirected"),
               "引导后 {days} 天内同一户没有再为同一种证明来的次数 ÷ 已满 {days} 天的证明引导次数，机器人和窗口引导的都算。"),
)  # fmt: skip


def figures(counts: Counts, params: Params, p95: float | None) -> list[Figure]:
    """Return all figures of some counts.

    Args:
        p95: 95th percentile of time taken ÷ time allowed; None when nothing was due.
    """
    found = [_figure(d, counts, params) for d in DEFINITIONS]
    late = Figure(
        "lateness", "超时倍数（95分位）", UNITS, "ratio", p95, p95 or 0, None,
        "第一轮用的时间 ÷ 给的时间，从小到大排到第95%的那一件；没办完的算到现在。大于1就是超时。",
    )  # fmt: skip
    if "residents" in counts and not counts["residents"]:
        found = [_with_note(f, UNFILLED) if f.key == "per_10000" else f for f in found]
    at = next(i for i, f in enumerate(found) if f.key == "in_time") + 1
    found[at:at] = [late]
    if params.composite.shown:
        found.append(composite(found, params))
    return found


def _figure(d: Definition, counts: Counts, params: Params) -> Figure:
    top = d.top(counts, params)
    bottom = d.bottom(counts, params) if d.bottom else None
    value = top if d.bottom is None else top / bottom if bottom else None
    sentence = d.sentence.format(
        w=f"{params.partial_weight:g}", days=params.redirect_days,
        population=params.population_said,
    )  # fmt: skip
    return Figure(d.key, d.label, d.group, d.form, value, top, bottom, sentence, d.judged)


def composite(found: Iterable[Figure], params: Params) -> Figure:
    """Return 综合分: the weighted sum, 0–100; no score when one of the three is missing."""
    values = {f.key: f.value for f in found}
    weights = params.composite.weights
    parts = [(w, values[key]) for key, w in weights.items()]
    score = None
    if all(v is not None for _, v in parts):
        score = 100 * sum(w * (v or 0) for w, v in parts)
    said = " + ".join(
        f"{w:g}×{name}"
        for name, w in zip(("响应率", "解决率", "满意率"), weights.values(), strict=True)
    )
    return Figure(
        "composite", "综合分", RESULT, "score", score, score or 0, None, said, judged=True
    )


def enough(counts: Counts, params: Params) -> bool:
    """Say whether so many residents were reached that a unit may be judged by them."""
    answered, resolved = counts.get("answered", 0), counts.get("resolved", 0)
    if answered < params.enough.least or not resolved:
        return False
    return answered / resolved >= params.enough.reached


def judged(found: Iterable[Figure], sufficient: bool) -> list[Figure]:
    """Replace what cannot be judged by the words that say so; the rest stays."""
    return [_with_note(f, SHORT) if f.judged and not sufficient else f for f in found]


def without_small_cells(found: Iterable[Figure], least: int) -> list[Figure]:
    """Hide figures from fewer than ``least`` tickets; whoever knows one of them would know the rest.

    A share is also hidden when what is missing to 100 % is that small, for the same reason.
    """
    return [_with_note(f, HIDDEN.format(least=least)) if _small(f, least) else f for f in found]


def _small(f: Figure, least: int) -> bool:
    if f.value is None or f.key == "lateness":
        return False
    if f.denominator is None:
        return 0 < f.numerator < least
    if f.form != "percent":
        return f.denominator < least and f.key != "per_10000"
    rest = f.denominator - f.numerator
    return f.denominator < least or 0 < f.numerator < least or 0 < rest < least


def _with_note(f: Figure, note: str) -> Figure:
    return Figure(
        f.key, f.label, f.group, f.form, f.value, f.numerator, f.denominator, f.definition,
        f.judged, note,
    )  # fmt: skip


def add(counts: Iterable[Counts]) -> dict[str, float]:
    """Add up counts of parts."""
    total: dict[str, float] = {}
    for part in counts:
        for name, n in part.items():
            total[name] = total.get(name, 0) + n
    return total


def percentile_95(histogram: Mapping[int, int]) -> float | None:
    """Return the 95th percentile (nearest rank) of hundredths counted by value; None for nothing."""
    total = sum(histogram.values())
    if not total:
        return None
    rank, seen = -(-95 * total // 100), 0
    for hundredths in sorted(histogram):
        seen += histogram[hundredths]
        if seen >= rank:
            return hundredths / 100
    raise AssertionError("the ranks of a histogram add up to its total")
