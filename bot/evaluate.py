"""Scores a labelled file against the trained model, without a server.

``bot/.venv/bin/python -m bot.evaluate --input FILE.jsonl --output OUT.json [--model FILE]``. Each
line is ``{text, intent, intent2?, leaf?, leaf2?, entities?: [{type,start,end,value?}]}``. The output
has the predictions per row and the figures; the headline figures are printed, too.

Exit status 0 only when the output is there and whole. With ``--progress`` lines of JSON on standard
output (“Runs” in docs/architecture.md) and the headline on standard error.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import sys
import time
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bot.command import Failure, Lines, own_stdout, run, workshop
from bot.light import needs_tensorflow, without_tensorflow
from bot.model_archive import BrokenArchive, check
from bot.progress import listen, tell
from bot.settings import ROOT

STAGES = {
    "read": (0.0, 0.1, "读取模型和评测集"),
    "evaluate": (0.1, 1.0, "在评测集上评测"),
}
DEFAULT_REFERENCE = "2026-11-24T10:00:00+08:00"
_LEAFLESS = (None, "none", "")


def read_rows(path: Path) -> list[dict[str, Any]]:
    """Rows of a JSONL file; empty lines are passed over.

    Raises:
        ValueError: with the number of a line that is no labelled message.
    """
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            if not isinstance(row["text"], str) or not isinstance(row["intent"], str):
                raise TypeError
        except (json.JSONDecodeError, KeyError, TypeError) as error:
            raise ValueError(f"第 {number} 行不是带 text 和 intent 的 JSON。") from error
        rows.append(row)
    return rows


def accepted(row: dict[str, Any], key: str) -> set[str]:
    """The labels that are right: the first and, where two readings are, the second."""
    return {
        "none" if value in _LEAFLESS else str(value)
        for value in (row.get(key), row.get(f"{key}2", row.get(key)))
    }


def summarise(parsed: dict[str, Any], seconds: float) -> dict[str, Any]:
    """The prediction of one row in short."""
    service = next((e for e in parsed["entities"] if e["entity"] == "service"), None)
    ranked = [service["value"], *(a["value"] for a in service["alternatives"])] if service else []
    return {
        "intent": parsed["intent"]["name"],
        "confidence": parsed["intent"]["confidence"],
        "uncertain": bool(parsed.get("uncertain")),
        "leaf": ranked[0] if ranked else "none",
        "leaves": ranked[:3] or ["none"],
        "entities": [
            {"type": e["entity"], "start": e["start"], "end": e["end"], "value": e["value"]}
            for e in parsed["entities"]
            if e["entity"] != "service"
        ],
        "ms": round(seconds * 1000, 2),
    }


def ratio(part: float, whole: float) -> float | None:
    """Share, ``None`` where there is nothing to count."""
    return round(part / whole, 4) if whole else None


def f_scores(right: int, predicted: int, expected: int) -> dict[str, float | None]:
    """Precision, recall and F1 from counts."""
    precision, recall = ratio(right, predicted), ratio(right, expected)
    both = (precision or 0.0) + (recall or 0.0)
    f1 = round(2 * (precision or 0.0) * (recall or 0.0) / both, 4) if both else 0.0
    return {"precision": precision, "recall": recall, "f1": f1 if predicted or expected else None}


def intent_figures(pairs: list[tuple[dict[str, Any], dict[str, Any]]]) -> dict[str, Any]:
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


def leaf_figures(pairs: list[tuple[dict[str, Any], dict[str, Any]]]) -> dict[str, Any]:
    """Leaf top-1 and top-3 over rows that name a leaf (``none`` included when it is written)."""
    rows = [(row, guess) for row, guess in pairs if "leaf" in row and row["leaf"] is not None]
    top1 = sum(guess["leaf"] in accepted(row, "leaf") for row, guess in rows)
    top3 = sum(bool(set(guess["leaves"]) & accepted(row, "leaf")) for row, guess in rows)
    return {"rows": len(rows), "top1": ratio(top1, len(rows)), "top3": ratio(top3, len(rows))}


def _key(entity: dict[str, Any], by: str) -> tuple[Any, ...]:
    if by == "span":
        return entity["type"], entity["start"], entity["end"]
    return entity["type"], json.dumps(entity["value"], sort_keys=True, ensure_ascii=False)


def entity_figures(pairs: list[tuple[dict[str, Any], dict[str, Any]]]) -> dict[str, Any]:
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


def detection(
    pairs: Iterable[tuple[dict[str, Any], dict[str, Any]]], intent: str
) -> dict[str, Any]:
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


def report(rows: list[dict[str, Any]], guesses: list[dict[str, Any]]) -> dict[str, Any]:
    """All figures and the rows with their predictions."""
    pairs = list(zip(rows, guesses, strict=True))
    times = [g["ms"] for g in guesses]
    return {
        "count": len(rows),
        "intent": intent_figures(pairs),
        "leaf": leaf_figures(pairs),
        "entities": entity_figures(pairs),
        "out_of_scope": detection(pairs, "out_of_scope"),
        "emergency": detection(pairs, "emergency"),
        "latency_ms": {
            name: percentile(times, share)
            for name, share in (("p50", 0.5), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99))
        },
        "rows": [{**row, "predicted": guess} for row, guess in pairs],
    }


async def predict(
    rows: list[dict[str, Any]], model: str, reference_time: str, locality: str | None
) -> list[dict[str, Any]]:
    """Parse every row with the model, as the server would."""
    import structlog
    from rasa.core.agent import Agent
    from rasa.core.channels.channel import UserMessage

    quiet = structlog.make_filtering_bound_logger(logging.ERROR)
    structlog.configure(wrapper_class=quiet)
    agent = Agent.load(model_path=model)
    metadata = {"now": reference_time, "locality": locality}
    await agent.processor.parse_message(UserMessage("你好", metadata=metadata))  # warm up
    guesses = []
    for number, row in enumerate(rows):
        tell("evaluate", number / len(rows))
        # As the channel does: what a resident types is never a command.
        text = "／" + row["text"][1:] if row["text"].startswith("/") else row["text"]
        started = time.perf_counter()
        parsed = await agent.processor.parse_message(UserMessage(text, metadata=metadata))
        guesses.append(summarise(parsed, time.perf_counter() - started))
    return guesses


def headline(figures: dict[str, Any]) -> str:
    """The figures one looks at first, in a line each."""
    e, o = figures["emergency"], figures["out_of_scope"]
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
            f"out-of-scope recall {o['recall']}  false alarms {o['false_alarms']}",
            f"latency ms {figures['latency_ms']}",
        )
    )


def score(
    source: Path, target: Path, model: Path, reference_time: str, locality: str | None
) -> dict[str, Any]:
    """Evaluate ``model`` on ``source`` and write ``target``; returns the figures.

    Raises:
        Failure: the rows or the model cannot be used.
        OSError: a file cannot be read or written.
    """
    tell("read", 0.0)
    try:
        rows = read_rows(source)
        check(model)
    except FileNotFoundError as error:
        raise Failure(f"评测没有完成：找不到 {error.filename}。") from error
    except (ValueError, BrokenArchive) as error:
        raise Failure(f"评测没有完成：{error}".rstrip("。") + "。") from error
    tell("read", 0.5)
    with workshop(target) as folder:
        # In a process of its own only: in another one Rasa may have the real TensorFlow.
        if "rasa" not in sys.modules and not needs_tensorflow(model):
            without_tensorflow()
        try:
            guesses = asyncio.run(predict(rows, str(model), reference_time, locality))
        except OSError:
            raise
        except Exception as error:
            logging.exception("linda.evaluate.failed")
            raise Failure(f"评测没有完成：模型用不了（{type(error).__name__}）。") from error
        figures = report(rows, guesses)
        fresh = folder / target.name
        fresh.write_text(json.dumps(figures, ensure_ascii=False, indent=1), encoding="utf-8")
        os.replace(fresh, target)
    tell("evaluate", 1.0)
    return figures


def main(arguments: list[str] | None = None) -> int:
    """Command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="bot.evaluate", description=__doc__)
    parser.add_argument("--input", type=Path, required=True, help="labelled JSONL file")
    parser.add_argument("--output", type=Path, required=True, help="where the figures go")
    parser.add_argument("--model", type=Path, default=ROOT / "models" / "linda.tar.gz")
    parser.add_argument(
        "--reference-time", default=DEFAULT_REFERENCE, help="“now” of relative times (ISO 8601)"
    )
    parser.add_argument("--locality", default=None, help="folder under data/localities")
    parser.add_argument("--progress", action="store_true", help="lines of JSON on standard output")
    options = parser.parse_args(arguments)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    logging.disable(logging.WARNING)
    lines = Lines(STAGES, own_stdout()) if options.progress else None
    listen(lines)

    def work() -> None:
        figures = score(
            options.input, options.output, options.model, options.reference_time, options.locality
        )
        print(headline(figures), file=sys.stderr if lines else sys.stdout)

    return run(work, lines)


if __name__ == "__main__":
    # Libraries reset the filters while they are imported; what they warn of is not ours to mend.
    warnings.showwarning = lambda *_, **__: None
    raise SystemExit(main())
