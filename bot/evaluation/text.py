"""An evaluation as plain text, for a terminal and for a log."""

from __future__ import annotations

from typing import Any

#: Lines of each list of confusions.
_SHOWN = 12


def headline(figures: dict[str, Any]) -> str:
    """The figures one looks at first, in a line each."""
    e, o, r = figures["emergency"], figures["out_of_scope"], figures["rejection"]
    return "\n".join(
        (
            f"rows {figures['count']}",
            f"intent accuracy {figures['intent']['accuracy']}"
            f"  macro-F1 {figures['intent']['macro_f1']}"
            f"  uncertain {figures['intent']['uncertain']}",
            f"leaf top-1 {figures['leaf']['top1']}  top-3 {figures['leaf']['top3']}"
            f"  ({figures['leaf']['rows']} rows)",
            f"entities F1 by span {figures['entities']['span']['all']['f1']}"
            f"  by value {figures['entities']['value']['all']['f1']}",
            f"emergency recall {e['recall']}  false alarms {e['false_alarms']}",
            f"out-of-scope recall {o['recall']}  in scope, rejected {r['rejected']}",
            f"calibration error {figures['calibration']['expected_error']}",
            f"latency ms {figures['latency_ms']}",
        )
    )


def details(figures: dict[str, Any]) -> str:
    """Registers, confusions and the weakest intents, for reading on."""
    lines = ["", "register        rows  intents  leaf  gap to plain (points)"]
    for name, f in figures["registers"].items():
        leaf = "–" if f["leaf_top1"] is None else f"{f['leaf_top1']:.3f}"
        gap = "–" if f["gap"] is None else f"{f['gap']:+.1f}"
        lines.append(f"{name:14}  {f['support']:4}   {f['accuracy']:.3f}  {leaf:>5}  {gap:>5}")
    weak = sorted(figures["intent"]["per_intent"].items(), key=lambda item: item[1]["f1"] or 0.0)
    lines += ["", "weakest intents (F1, rows)"]
    lines += [f"{name:22} {f['f1'] or 0.0:.3f}  {f['support']}" for name, f in weak[:_SHOWN]]
    for kind, found in figures["confusions"].items():
        lines += ["", f"confused {kind} (label → taken for)"]
        lines += [f"{c['count']:3}  {c['label']} → {c['taken_for']}" for c in found[:_SHOWN]]
    return "\n".join(lines)
