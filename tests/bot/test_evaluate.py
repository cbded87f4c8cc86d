"""The figures of bot.evaluate, counted by hand on a few rows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bot.evaluate import main, read_rows
from bot.evaluation.figures import detection, figures_of
from bot.evaluation.page import page
from bot.evaluation.text import details, headline


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
    figures = figures_of(ROWS, GUESSES)
    assert figures["intent"]["accuracy"] == 0.8
    leaves = figures["leaf"]
    assert (leaves["rows"], leaves["top1"], leaves["top3"]) == (4, 0.75, 1.0)
    assert leaves["per_leaf"]["H1"] == {"top1": 0.0, "top3": 1.0, "support": 1}
    assert figures["emergency"]["recall"] == 0.5
    assert figures["emergency"]["false_alarms"] == 1
    assert figures["out_of_scope"]["recall"] == 0.0
    assert figures["latency_ms"]["p50"] == 5.0
    assert "intent accuracy 0.8" in headline(figures)


def test_what_is_confused_is_counted_in_pairs() -> None:
    found = figures_of(ROWS, GUESSES)["confusions"]
    assert found["intents"] == [{"label": "out_of_scope", "taken_for": "emergency", "count": 1}]
    assert found["leaves"] == [{"label": "H1", "taken_for": "I1", "count": 1}]


def test_both_ways_to_write_no_leaf_are_one() -> None:
    row = {"text": "着火了", "intent": "emergency", "leaf": "-"}
    assert figures_of([row], [guess("emergency", "none")])["leaf"]["top1"] == 1.0


def test_a_register_is_compared_with_plain_mandarin_when_it_has_enough_rows() -> None:
    right, wrong = guess("deny"), guess("affirm")
    rows = [{"text": "不", "intent": "deny", "register": r} for r in ["plain"] * 20 + ["asr"] * 20]
    guesses = [right] * 20 + [right] * 15 + [wrong] * 5
    registers = figures_of([*rows, {**rows[0], "register": "trad"}], [*guesses, right])["registers"]
    assert registers["asr"] == {"support": 20, "accuracy": 0.75, "leaf_top1": None, "gap": -25.0}
    assert registers["trad"]["gap"] is None


def test_calibration_error_is_the_distance_of_confidence_and_accuracy() -> None:
    found = figures_of(ROWS, GUESSES)["calibration"]
    assert found["bins"] == [{"from": 0.9, "support": 5, "confidence": 0.9, "accuracy": 0.8}]
    assert found["expected_error"] == 0.1


def test_rejection_tells_refused_from_asked() -> None:
    rows = [{"text": "x", "intent": "deny"}] * 4 + [{"text": "y", "intent": "out_of_scope"}]
    unsure = guess("affirm", uncertain=True)
    guesses = [guess("deny"), guess("out_of_scope"), unsure, guess("deny", uncertain=True)]
    assert figures_of(rows, [*guesses, guess("out_of_scope")])["rejection"] == {
        "in_scope": 4, "rejected": 0.25, "asked": 0.5, "asked_right": 0.5,
    }  # fmt: skip


def test_the_page_shows_all_parts_and_escapes_what_people_wrote() -> None:
    rows = [{**ROWS[0], "register": "<b>"}, *ROWS[1:]]
    text = page(figures_of(rows, GUESSES))
    for part in ("各意图", "说话方式", "把握是否可信", "最常混淆", "各事项", "实体", "<svg"):
        assert part in text
    assert "&lt;b&gt;" in text and "<b>" not in text.split("说话方式")[1]


def test_the_details_name_confusions() -> None:
    assert "out_of_scope → emergency" in details(figures_of(ROWS, GUESSES))


def test_a_second_label_is_no_false_alarm() -> None:
    row = {"text": "x", "intent": "report_problem", "intent2": "emergency"}
    assert detection([(row, guess("emergency"))], "emergency")["false_alarms"] == 0


def test_a_broken_line_is_named(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text(json.dumps(ROWS[0]) + "\n{no json\n", encoding="utf-8")
    with pytest.raises(ValueError, match="第 2 行"):
        read_rows(file)


@pytest.mark.parametrize(
    "entities", [[{"type": "time", "start": 0}], [{"type": None, "start": 0, "end": 1}], 5, ["x"]]
)
def test_entities_that_are_none_are_named(tmp_path: Path, entities: object) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text(json.dumps({**ROWS[0], "entities": entities}), encoding="utf-8")
    with pytest.raises(ValueError, match="第 1 行"):
        read_rows(file)


def test_rows_are_read_as_other_programs_write_them(tmp_path: Path) -> None:
    """A mark at the beginning, Windows' line ends, null for what is not labelled, any break in a text."""
    rows = [
        {"text": "灯坏了\u2028三楼", "intent": "report_problem", "entities": None, "leaf2": None},
        {"text": "谢谢", "intent": "chitchat", "entities": []},
    ]
    lines = "\r\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    file = tmp_path / "rows.jsonl"
    file.write_bytes(b"\xef\xbb\xbf" + lines.encode())
    first, second = read_rows(file)
    assert first["text"] == rows[0]["text"] and "entities" not in first
    assert second["entities"] == []


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
