"""The figures of an evaluation: pure functions of labelled rows and what the model said.

A *row* is a line of an evaluation file (docs/architecture.md, “Understanding”), a *guess* what
:func:`bot.evaluate.summarise` makes of the model's answer.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from typing import Any

Pair = tuple[dict[str, Any], dict[str, Any]]
#: Ways to write that no leaf fits: “none” of complaints, “-” of danger (the labelling rules).
_NO_LEAF = frozenset(("none", "-"))
#: Bins of the calibration curve.
_BINS = 10
#: Pairs of labels that are listed as confusions.
_CONFUSIONS = 25
#: Registers with fewer rows are shown, but say nothing about the difference to plain Mandarin.
ENOUGH_ROWS = 20
PLAIN = "plain"


def accepted(row: dict[str, Any], key: str) -> set[str]:
    """The labels that are right: the first and, where two readings are, the second."""
    labels = {str(v or "none") for v in (row.get(key), row.get(f"{key}2", row.get(key)))}
    return labels | _NO_LEAF if labels & _NO_LEAF else labels


def ratio(part: float, whole: float) -> float | None:
    """Share, ``None`` where there is nothing to count."""
    return round(part / whole, 4) if whole else None


def f_scores(right: int, predicted: int, expected: int) -> dict[str, float | None]:
    """Precision, recall and F1 from counts."""
    precision, recall = ratio(right, predicted), ratio(right, expected)
    both = (precision or 0.0) + (recall or 0.0)
    f1 = round(2 * (precision or 0.0) * (recall or 0.0) / both, 4) if both else 0.0
    return {"precision": precision, "recall": recall, "f1": f1 if predicted or expected else None}


def intent_figures(pairs: list[Pair]) -> dict[str, Any]:
    """Accuracy and F1 per intent. A prediction equal to ``intent2`` counts as right."""
    right: Counter[str] = Counter()
    predicted: Counter[str] = Counter()
    expected: Counter[str] = Counter()
    for row, guess in pairs:
        hit = guess["intent"] in accepted(row, "intent")
        label = guess["intent"] if hit else row["intent"]
        expected[label] += 1
        predicted[guess["intent"]] += 1
        right[label] += hit
    each = {i: f_scores(right[i], predicted[i], expected[i]) for i in sorted(expected)}
    values = [figures["f1"] or 0.0 for figures in each.values()]
    return {
        "accuracy": ratio(sum(right.values()), len(pairs)),
        "macro_f1": ratio(sum(values), len(values)),
        "uncertain": ratio(sum(g["uncertain"] for _, g in pairs), len(pairs)),
        "per_intent": {i: {**f, "support": expected[i]} for i, f in each.items()},
    }


def leaf_figures(pairs: list[Pair]) -> dict[str, Any]:
    """Leaf top-1 and top-3 over rows that name a leaf (``none`` included when it is written)."""
    rows = [(row, guess) for row, guess in pairs if row.get("leaf") is not None]
    top1: Counter[str] = Counter()
    top3: Counter[str] = Counter()
    support: Counter[str] = Counter()
    for row, guess in rows:
        right = accepted(row, "leaf")
        support[row["leaf"]] += 1
        top1[row["leaf"]] += guess["leaf"] in right
        top3[row["leaf"]] += bool(set(guess["leaves"]) & right)
    return {
        "rows": len(rows),
        "top1": ratio(sum(top1.values()), len(rows)),
        "top3": ratio(sum(top3.values()), len(rows)),
        "per_leaf": {
            leaf: {
                "top1": ratio(top1[leaf], support[leaf]),
                "top3": ratio(top3[leaf], support[leaf]),
                "support": support[leaf],
            }
            for leaf in sorted(support)
        },
    }


def _key(entity: dict[str, Any], by: str) -> tuple[Any, ...]:
    if by == "span":
        return entity["type"], entity["start"], entity["end"]
    return entity["type"], json.dumps(entity["value"], sort_keys=True, ensure_ascii=False)


def entity_figures(pairs: list[Pair]) -> dict[str, Any]:
    """P/R/F1 per type by span and by value, over rows that have an ``entities`` list.

    By value only expected entities with a value are counted, and predictions on rows where every
    entity of that type has one.
    """
    figures: dict[str, Any] = {}
    for by in ("span", "value"):
        right: Counter[str] = Counter()
        predicted: Counter[str] = Counter()
        expected: Counter[str] = Counter()
        for row, guess in pairs:
            if "entities" not in row:
                continue
            grouped: dict[str, list[dict[str, Any]]] = defaultdict(list)
            for entity in row["entities"]:
                grouped[entity["type"]].append(entity)
            for kind in {*grouped, *(e["type"] for e in guess["entities"])}:
                wanted = grouped[kind]
                if kind == "service" or (by == "value" and any("value" not in e for e in wanted)):
                    continue
                want = Counter(_key(e, by) for e in wanted)
                got = Counter(_key(e, by) for e in guess["entities"] if e["type"] == kind)
                right[kind] += sum((want & got).values())
                predicted[kind] += sum(got.values())
                expected[kind] += sum(want.values())
        kinds = sorted({*predicted, *expected})
        total = f_scores(sum(right.values()), sum(predicted.values()), sum(expected.values()))
        figures[by] = {
            "all": total,
            "per_type": {
                k: {**f_scores(right[k], predicted[k], expected[k]), "support": expected[k]}
                for k in kinds
            },
        }
    return figures


def detection(pairs: Iterable[Pair], intent: str) -> dict[str, Any]:
    """Recall of ``intent`` and its false alarms: predicted where it is not an accepted label."""
    found = missed = alarms = others = 0
    for row, guess in pairs:
        said = guess["intent"] == intent
        if row["intent"] == intent:
            found, missed = found + said, missed + (not said)
        elif intent not in accepted(row, "intent"):
            others, alarms = others + 1, alarms + said
    return {
        "support": found + missed,
        "recall": ratio(found, found + missed),
        "false_alarms": alarms,
        "false_alarm_rate": ratio(alarms, others),
    }


def percentile(values: list[float], share: float) -> float | None:
    """The value below which ``share`` of ``values`` lie (nearest rank)."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def _intent_right(row: dict[str, Any], guess: dict[str, Any]) -> bool:
    return guess["intent"] in accepted(row, "intent")


def _leaf_right(row: dict[str, Any], guess: dict[str, Any]) -> bool:
    return guess["leaf"] in accepted(row, "leaf")


def confusions(pairs: list[Pair]) -> dict[str, list[dict[str, Any]]]:
    """Which label was taken for which, most frequent first: intents and, apart, leaves."""

    def listed(
        rows: list[Pair], key: str, right: Callable[[dict[str, Any], dict[str, Any]], bool]
    ) -> list[dict[str, Any]]:
        wrong = Counter((str(row[key]), str(g[key])) for row, g in rows if not right(row, g))
        return [
            {"label": label, "taken_for": other, "count": count}
            for (label, other), count in wrong.most_common(_CONFUSIONS)
        ]

    with_leaf = [(row, guess) for row, guess in pairs if row.get("leaf") is not None]
    return {
        "intents": listed(pairs, "intent", _intent_right),
        "leaves": listed(with_leaf, "leaf", _leaf_right),
    }


def register_figures(pairs: list[Pair]) -> dict[str, dict[str, Any]]:
    """Intent accuracy and leaf top-1 of each register (plain, elder, sichuan …), where rows name one.

    ``gap`` is the accuracy's difference to plain Mandarin, in points; ``None`` for registers of fewer
    than :data:`ENOUGH_ROWS` rows.
    """
    groups: dict[str, list[Pair]] = defaultdict(list)
    for row, guess in pairs:
        if row.get("register"):
            groups[row["register"]].append((row, guess))
    accuracy = {
        name: sum(_intent_right(*pair) for pair in g) / len(g) for name, g in groups.items()
    }
    plain = accuracy.get(PLAIN)
    return {
        name: {
            "support": len(group),
            "accuracy": round(accuracy[name], 4),
            "leaf_top1": leaf_figures(group)["top1"],
            "gap": None
            if plain is None or len(group) < ENOUGH_ROWS
            else round((accuracy[name] - plain) * 100, 1),
        }
        for name, group in sorted(groups.items(), key=lambda item: -len(item[1]))
    }


def calibration(pairs: list[Pair]) -> dict[str, Any]:
    """How honest the confidence is: bins of ten hundredths, and the expected calibration error.

    The error is the mean difference between confidence and accuracy of a bin, weighted by its rows
    (Guo et al. 2017, “On Calibration of Modern Neural Networks”).
    """
    bins: list[list[Pair]] = [[] for _ in range(_BINS)]
    for row, guess in pairs:
        bins[min(int(guess["confidence"] * _BINS), _BINS - 1)].append((row, guess))
    filled = [
        {
            "from": number / _BINS,
            "support": len(group),
            "confidence": round(sum(g["confidence"] for _, g in group) / len(group), 4),
            "accuracy": round(sum(_intent_right(*pair) for pair in group) / len(group), 4),
        }
        for number, group in enumerate(bins)
        if group
    ]
    off = sum(b["support"] * abs(b["confidence"] - b["accuracy"]) for b in filled)
    return {"bins": filled, "expected_error": ratio(off, len(pairs))}


def rejection(pairs: list[Pair]) -> dict[str, Any]:
    """How the model treats what it should not answer, and what it should.

    ``rejected``: share of in-scope rows that were taken for out of scope. ``asked``: share of
    in-scope rows about which it would ask instead of acting; ``asked_right`` of these the share in
    which asking was no loss, because the first reading was wrong.
    """
    scope = [(r, g) for r, g in pairs if "out_of_scope" not in accepted(r, "intent")]
    asked = [(r, g) for r, g in scope if g["uncertain"]]
    return {
        "in_scope": len(scope),
        "rejected": ratio(sum(g["intent"] == "out_of_scope" for _, g in scope), len(scope)),
        "asked": ratio(len(asked), len(scope)),
        "asked_right": ratio(sum(not _intent_right(*pair) for pair in asked), len(asked)),
    }


def figures_of(rows: list[dict[str, Any]], guesses: list[dict[str, Any]]) -> dict[str, Any]:
    """All figures and the rows with their predictions.

    Raises:
        ValueError: not as many guesses as rows.
    """
    pairs = list(zip(rows, guesses, strict=True))
    times = [g["ms"] for g in guesses]
    return {
        "count": len(rows),
        "intent": intent_figures(pairs),
        "leaf": leaf_figures(pairs),
        "entities": entity_figures(pairs),
        "out_of_scope": detection(pairs, "out_of_scope"),
        "emergency": detection(pairs, "emergency"),
        "rejection": rejection(pairs),
        "registers": register_figures(pairs),
        "calibration": calibration(pairs),
        "confusions": confusions(pairs),
        "latency_ms": {
            name: percentile(times, share)
            for name, share in (("p50", 0.5), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99))
        },
        "rows": [{**row, "predicted": guess} for row, guess in pairs],
    }
