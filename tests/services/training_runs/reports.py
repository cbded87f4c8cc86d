"""Reports in the shape of ``bot.evaluate``, for tests that have no bot environment beside them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

JSON = Mapping[str, Any]


def report(rows: Sequence[JSON], guesses: Sequence[JSON]) -> dict[str, Any]:
    """Figures and rows; entities are left out, as in a set that names none."""
    pairs = list(zip(rows, guesses, strict=True))
    leaves = [(r, g) for r, g in pairs if r.get("leaf") is not None]
    times = sorted(g["ms"] for g in guesses)
    return {
        "count": len(pairs),
        "intent": _intents(pairs),
        "leaf": {"top1": _share([_hit(r, g, "leaf") for r, g in leaves])},
        "entities": {"span": {"all": {"f1": None}}},
        "emergency": _detection(pairs, "emergency"),
        "out_of_scope": _detection(pairs, "out_of_scope"),
        "latency_ms": {"p50": times[len(times) // 2], "p95": times[-1]} if times else {},
        "rows": [{**row, "predicted": dict(guess)} for row, guess in pairs],
    }


def _hit(row: JSON, guess: JSON, key: str) -> bool:
    return guess[key] in (row[key], row.get(f"{key}2", row[key]))


def _intents(pairs: Sequence[tuple[JSON, JSON]]) -> dict[str, Any]:
    right: Counter[str] = Counter()
    predicted: Counter[str] = Counter()
    expected: Counter[str] = Counter()
    for row, guess in pairs:
        label = guess["intent"] if _hit(row, guess, "intent") else row["intent"]
        expected[label] += 1
        predicted[guess["intent"]] += 1
        right[label] += _hit(row, guess, "intent")
    f1 = {i: round(2 * right[i] / (expected[i] + predicted[i]), 4) for i in expected}
    return {
        "accuracy": _share([_hit(r, g, "intent") for r, g in pairs]),
        "macro_f1": round(sum(f1.values()) / len(f1), 4) if f1 else None,
        "per_intent": {i: {"f1": value, "support": expected[i]} for i, value in f1.items()},
    }


def _detection(pairs: Sequence[tuple[JSON, JSON]], intent: str) -> dict[str, Any]:
    mine = [g["intent"] == intent for r, g in pairs if r["intent"] == intent]
    others = [g["intent"] == intent for r, g in pairs if not _is(r, intent)]
    return {"recall": _share(mine), "false_alarms": sum(others)}


def _is(row: JSON, intent: str) -> bool:
    return intent in (row["intent"], row.get("intent2"))


def _share(hits: Sequence[bool]) -> float | None:
    return round(sum(hits) / len(hits), 4) if hits else None
