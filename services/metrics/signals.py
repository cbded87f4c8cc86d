"""Signals for the auditor: numbers that say “look here”, never a verdict. Pure.

Ratings are gamed where they count; each signal is one known way to do it (docs/metrics.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from services.metrics.figures import Counts
from services.metrics.params import Params

# key → (name, count, out of, sentence)
SIGNALS: dict[str, tuple[str, str, str, str]] = {
    "rating_changed": ("评价改过", "rating_changed", "rated_any", "评了以后又改分数。"),
    "satisfied_at_once": ("几分钟内就满意", "satisfied_at_once", "rated_any",
                          "报办结后{minutes}分钟内就评了满意或非常满意，像是有人等着评。"),
    "answered_at_once": ("回访快得出奇", "answered_at_once", "answered",
                         "报办结后{minutes}分钟内就有了回访结果。"),
    "withdrawn_early": ("到期前撤诉", "withdrawn_early", "due", "办理时限没到，居民就撤了。"),
    "last_minute": ("踩点办结没有证据", "last_minute", "resolved",
                    "到期前{minutes}分钟内报办结，没有照片等证据。"),
    "explained": ("解释说明多", "explained", "resolved", "以“解释说明”办结的。"),
    "pressured": ("居民说有人要好评", "pressured", "due", "居民评价时说有人要求给好评。"),
    "persuaded": ("居民说被劝撤", "persuaded", "due", "居民撤回时说是被人劝的。"),
}  # fmt: skip


@dataclass(frozen=True)
class Signal:
    """One number. ``flagged``: share and count have both reached what ``data/metrics.yml`` says."""

    key: str
    label: str
    count: int
    out_of: int
    sentence: str
    flagged: bool

    @property
    def share(self) -> float | None:
        """Share, None of nothing."""
        return self.count / self.out_of if self.out_of else None

    def body(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "key": self.key, "label": self.label, "count": self.count, "out_of": self.out_of,
            "share": self.share, "flagged": self.flagged, "sentence": self.sentence,
        }  # fmt: skip


def signals(counts: Counts, params: Params) -> list[Signal]:
    """Return the signals of one unit."""
    found = []
    for key, (label, top, bottom, sentence) in SIGNALS.items():
        rule = params.signals[key]
        count, out_of = int(counts.get(top, 0)), int(counts.get(bottom, 0))
        reached = out_of > 0 and count / out_of >= rule.share
        found.append(
            Signal(
                key, label, count, out_of, sentence.format(minutes=rule.minutes),
                count >= rule.least and reached,
            )
        )  # fmt: skip
    return found
