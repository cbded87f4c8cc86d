"""A comparison of two models in the words of the page. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from services.training.compare import (
    EMERGENCY,
    ClassLine,
    Example,
    Figure,
    Reading,
    TaughtLine,
    Unit,
)
from services.training.evaluations import Judgement
from services.training.labels import Labels

ADVICE = {
    "go": "可以上线",
    "look": "看过再定",
    "stop": "不能上线",
}


def shown(judged: Judgement, names: Labels) -> dict[str, Any]:
    """Return everything that the page of a comparison shows."""
    found, taught = judged.comparison, judged.taught
    heard = [e for e in found.emergencies if e.after.intent == EMERGENCY]
    return {
        "advice": judged.gate.advice,
        "advice_text": ADVICE[judged.gate.advice],
        "verdict": judged.verdict,
        "blocks": judged.gate.blocks,
        "doubts": judged.gate.doubts,
        "worse": _examples(found.newly_wrong, names),
        "better": _examples(found.newly_right, names),
        "open": _examples(found.still_wrong, names),
        "emergencies": [
            {
                "text": e.text,
                "before": e.before.intent == EMERGENCY,
                "after": e.after.intent == EMERGENCY,
                "reading": words(e.after, names),
            }
            for e in found.emergencies
        ],
        "heard": len(heard),
        "taught": [_lesson(line, names) for line in taught.new] if taught else [],
        "forgotten": [_lesson(line, names) for line in taught.forgotten] if taught else [],
        "learned": taught.learned if taught else 0,
        "figures": [_figure(f) for f in found.figures if f.after is not None],
        "intents": _lines(found.intents, names.intent_name),
        "leaves": _lines(found.leaves, names.leaf_name),
        "total": len(found.examples),
    }  # fmt: skip


def words(reading: Reading, names: Labels) -> str:
    """Return what a model understood: ``反映问题 · 楼道照明``; ``拿不准`` when it would ask."""
    text = label(reading.intent, reading.leaf, names)
    return f"{text}（拿不准）" if reading.uncertain else text


def label(intent: str, leaf: str | None, names: Labels) -> str:
    """Return what is right for a sentence, as people call it."""
    name = names.leaf_name(leaf)
    return f"{names.intent_name(intent)} · {name}" if name else names.intent_name(intent)


def _examples(examples: Iterable[Example], names: Labels) -> list[dict[str, Any]]:
    return [
        {
            "text": e.text,
            "right": label(e.intent, e.leaf, names),
            "before": words(e.before, names),
            "after": words(e.after, names),
            "danger": e.danger,
        }
        for e in examples
    ]


def _lesson(line: TaughtLine, names: Labels) -> dict[str, Any]:
    return {
        "text": line.text,
        "right": label(line.intent, line.leaf, names),
        "learned": line.learned,
        "reading": words(line.reading, names),
    }


def _figure(figure: Figure) -> dict[str, Any]:
    return {
        "name": figure.label,
        "before": amount(figure.before, figure.unit),
        "after": amount(figure.after, figure.unit),
        "change": change(figure.change, figure.unit),
        "verdict": figure.verdict,
    }


def _lines(
    lines: Sequence[ClassLine], name_of: Callable[[str | None], str]
) -> list[dict[str, Any]]:
    """Return classes, those that changed first and of these the worst first."""
    ordered = sorted(lines, key=lambda line: (line.change == 0, line.change))
    return [
        {
            "name": name_of(line.name),
            "before": amount(line.before, "share"),
            "after": amount(line.after, "share"),
            "change": change(line.change, "share"),
            "verdict": "same" if not line.change else "better" if line.change > 0 else "worse",
            "support": line.support,
        }
        for line in ordered
    ]


def amount(value: float | None, unit: Unit) -> str:
    """Return ``88.4%``, ``3``, ``12 毫秒``; a dash when there was nothing to count."""
    if value is None:
        return "—"
    return {"share": f"{value * 100:.1f}%", "count": f"{value:.0f}", "ms": f"{value:.0f} 毫秒"}[
        unit
    ]


def change(value: float | None, unit: Unit) -> str:
    """Return a difference with its sign; shares in points. Empty when there is none."""
    if not value:
        return ""
    text = f"{value * 100:+.1f}" if unit == "share" else f"{value:+.0f}"
    # What is rounded away is no difference.
    return text.replace("-", "−") if float(text) else ""
