"""The figures of bot.evaluate, counted by hand on a few rows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bot.evaluate import detection, headline, main, read_rows, report


def guess(intent: str, leaf: str = "none", ms: float = 5.0, **more: Any) -> dict[str, Any]:
    return {
        "intent": intent, "confidence": 0.9, "uncertain": False, "leaf": leaf,
        "leaves": [leaf, "H1"], "entities": [], "ms": ms, **more,
    }  # fmt: skip


ROWS: list[dict[str, Any]] = [
    {"text": "灯坏了", "intent": "report_problem", "leaf": "H6"},
    {"text": "没水", "intent": "report_problem", "leaf": "H1"},
    {"text": "着火了", "intent": "emergency", "leaf": "-"},
    {"text": "煤气味", "intent": "emergency", "intent2": "report_problem", "leaf": "H3"},
    {"text": "天气", "intent": "out_of_scope"},
]
GUESSES = [
    guess("report_problem", "H6"),
    guess("report_problem", "I1"),
    guess("emergency", "-"),
    guess("report_problem", "H3"),
    guess("emergency", "-", ms=50.0),
]


def test_figures_of_five_rows() -> None:
    figures = report(ROWS, GUESSES)
    assert figures["intent"]["accuracy"] == 0.8
    assert figures["leaf"] == {"rows": 4, "top1": 0.75, "top3": 1.0}
    assert figures["emergency"]["recall"] == 0.5
    assert figures["emergency"]["false_alarms"] == 1
    assert figures["out_of_scope"]["recall"] == 0.0
    assert figures["latency_ms"]["p50"] == 5.0
    assert "intent accuracy 0.8" in headline(figures)


def test_a_second_label_is_no_false_alarm() -> None:
    row = {"text": "x", "intent": "report_problem", "intent2": "emergency"}
    assert detection([(row, guess("emergency"))], "emergency")["false_alarms"] == 0


def test_a_broken_line_is_named(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text(json.dumps(ROWS[0]) + "\n{no json\n", encoding="utf-8")
    with pytest.raises(ValueError, match="第 2 行"):
        read_rows(file)


def test_a_missing_file_is_told_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.json"
    assert main(["--input", str(tmp_path / "none.jsonl"), "--output", str(out)]) == 1
    assert "评测没有完成" in capsys.readouterr().err
    assert not out.exists()


def test_the_command_scores_a_file(model_path: Path, tmp_path: Path) -> None:
    source, out = tmp_path / "rows.jsonl", tmp_path / "out.json"
    rows = [{"text": "3号楼灯坏了", "intent": "report_problem", "leaf": "H6", "entities": [
        {"type": "address", "start": 0, "end": 3, "value": {"building": "3"}}]}]  # fmt: skip
    source.write_text("\n".join(json.dumps(r) for r in rows), encoding="utf-8")
    arguments = ["--input", str(source), "--output", str(out), "--model", str(model_path)]
    assert main(arguments) == 0
    figures = json.loads(out.read_text(encoding="utf-8"))
    assert figures["count"] == 1
    assert figures["entities"]["value"]["all"]["f1"] == 1.0
    assert figures["rows"][0]["predicted"]["intent"] == "report_problem"
