"""Whether a candidate may become the production model, and what to say about it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from services.training.compare import EMERGENCY, Comparison, Taught

MACRO_DROP = 0.005
"""Half a point: a fall of the macro-F1 up to this is noise of training."""

FORGOTTEN = 0.1
"""Share of what was taught before that a candidate may miss without a word about it."""

Advice = Literal["go", "look", "stop"]


@dataclass(frozen=True)
class Gate:
    """What stands against a release.

    Attributes:
        blocks: Nobody may release it; each is a Chinese sentence.
        lost: The sentences about danger behind a block, as residents would say them.
        doubts: It may be released by who writes down why; each is a Chinese sentence.
    """

    blocks: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()

    @property
    def advice(self) -> Advice:
        """``stop`` when blocked, ``look`` when a reason is asked for, else ``go``."""
        return "stop" if self.blocks else "look" if self.doubts else "go"


def gate(comparison: Comparison, taught: Taught | None, set_changed: bool) -> Gate:
    """Judge a candidate.

    Args:
        comparison: Production and candidate on the evaluation set.
        taught: The candidate on what people taught; None when nothing was.
        set_changed: The evaluation set or the rules beside the model are others now than when the
            two were compared.
    """
    lost = tuple(e.text for e in comparison.alarms_lost)
    blocks = []
    if lost:
        blocks.append(
            f"有 {len(lost)} 句紧急的话，现在的模型认得出，新模型认不出，不能上线：{_quoted(lost)}。"
        )
    return Gate(tuple(blocks), lost, tuple(_doubts(comparison, taught, set_changed)))


def _doubts(comparison: Comparison, taught: Taught | None, set_changed: bool) -> list[str]:
    doubts = []
    macro = comparison.figure("macro_f1")
    # Figures have four digits: the tolerance is for what floats add to them.
    if macro.change is not None and macro.change < -MACRO_DROP - 1e-9:
        doubts.append(f"各类平均（宏 F1）降了 {-macro.change * 100:.2f} 个点。")
    if taught is not None:
        deaf = [line.text for line in taught.failed if line.intent == EMERGENCY]
        if deaf:
            doubts.append(f"教过的紧急的话，新模型还有 {len(deaf)} 句没认出来：{_quoted(deaf)}。")
        if len(taught.forgotten) > FORGOTTEN * len(taught.old):
            doubts.append(
                f"以前教过的 {len(taught.old)} 句，新模型有 {len(taught.forgotten)} 句没听懂。"
            )
    if set_changed:
        doubts.append("比较之后，评测用的句子或规则改过了，这些数字可能不准；可以重新比一次。")
    return doubts


def _quoted(texts: tuple[str, ...] | list[str], most: int = 3) -> str:
    shown = "".join(f"“{t}”" for t in texts[:most])
    return shown if len(texts) <= most else f"{shown}等"


def verdict(comparison: Comparison, taught: Taught | None) -> str:
    """Return the comparison in one line: 好了 12 条，坏了 3 条；紧急情况没有漏."""
    better, worse = len(comparison.newly_right), len(comparison.newly_wrong)
    parts = []
    if taught is not None and taught.new:
        parts.append(f"这次教的 {len(taught.new)} 句，学会 {taught.learned} 句")
    if taught is not None and taught.forgotten:
        parts.append(f"以前教的 {len(taught.old)} 句，忘了 {len(taught.forgotten)} 句")
    if better or worse:
        parts.append(f"评测的话里好了 {better} 条，坏了 {worse} 条")
    else:
        parts.append("评测的话里没有变好，也没有变坏")
    parts.append(_danger(comparison))
    return "；".join(parts) + "。"


def _danger(comparison: Comparison) -> str:
    lost = len(comparison.alarms_lost)
    missed = sum(e.after.intent != EMERGENCY for e in comparison.emergencies)
    if lost:
        return f"紧急情况漏了 {lost} 条"
    if missed:
        return f"紧急情况没有多漏（有 {missed} 条两个模型都没认出）"
    return "紧急情况没有漏"
