"""Scores a labelled file against the trained model, without a server.

``bot/.venv/bin/python -m bot.evaluate --input FILE.jsonl --output OUT.json [--model FILE]``. Each
line is ``{text, intent, intent2?, leaf?, leaf2?, register?, entities?: [{type,start,end,value?}]}``.
The output has the predictions per row and the figures; the headline figures are printed, too.
``--details`` prints more of them; ``bot.evaluation.page`` makes a page with plots of the output.

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
from pathlib import Path
from typing import Any

from bot.command import Failure, Lines, own_stdout, run, workshop
from bot.evaluation.figures import figures_of
from bot.evaluation.text import details, headline
from bot.light import needs_tensorflow, without_tensorflow
from bot.model_archive import BrokenArchive, check
from bot.progress import listen, tell
from bot.settings import ROOT

STAGES = {
    "read": (0.0, 0.1, "读取模型和评测集"),
    "evaluate": (0.1, 1.0, "在评测集上评测"),
}
DEFAULT_REFERENCE = "2026-11-24T10:00:00+08:00"


def read_rows(path: Path) -> list[dict[str, Any]]:
    """Rows of a JSONL file; empty lines are passed over, and so is the mark that Windows begins files with.

    A line ends at its line feed alone: what people write may hold other breaks.

    Raises:
        ValueError: with the number of a line that is no labelled message.
    """
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf-8-sig").split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            if not isinstance(row["text"], str) or not isinstance(row["intent"], str):
                raise TypeError
            if row.get("entities") is None:
                row.pop("entities", None)  # null is not labelled, as if it were left out
            for e in row.get("entities", ()):
                if not isinstance(e["type"], str) or not e["start"] <= e["end"]:
                    raise TypeError
        except (json.JSONDecodeError, KeyError, TypeError) as error:
            raise ValueError(
                f"第 {number} 行不是带 text 和 intent 的 JSON，或者 entities 写得不对。"
            ) from error
        rows.append(row)
    return rows


def summarise(parsed: dict[str, Any], seconds: float) -> dict[str, Any]:
    """The prediction of one row in short."""
    ranked = [leaf["value"] for leaf in parsed.get("leaves") or []]
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
        figures = figures_of(rows, guesses)
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
    parser.add_argument("--details", action="store_true", help="registers and confusions, too")
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
        stream = sys.stderr if lines else sys.stdout
        print(headline(figures), file=stream)
        if options.details:
            print(details(figures), file=stream)

    return run(work, lines)


if __name__ == "__main__":
    # Libraries reset the filters while they are imported; what they warn of is not ours to mend.
    warnings.showwarning = lambda *_, **__: None
    raise SystemExit(main())
