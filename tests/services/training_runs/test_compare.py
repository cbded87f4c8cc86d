"""Two reports beside each other, counted by hand."""

from __future__ import annotations

from typing import Any

import pytest

from services.training.compare import (
    Comparison,
    Figure,
    NotComparable,
    Reading,
    compare,
    taught,
)
from services.training.gate import gate, verdict
from tests.services.training_runs.reports import report

ROWS: list[dict[str, Any]] = [
    {"text": "灯坏了", "intent": "report_problem", "leaf": "H6"},
    {"text": "没水", "intent": "report_problem", "leaf": "H1"},
    {"text": "着火了", "intent": "emergency", "leaf": "-"},
    {"text": "煤气味", "intent": "emergency", "intent2": "report_problem", "leaf": "H3"},
    {"text": "天气", "intent": "out_of_scope"},
    {"text": "谢谢", "intent": "thank", "leaf": None},
    {"text": "那个灯", "intent": "report_problem", "leaf": "H6", "leaf2": "I1"},
]


def guess(intent: str, leaf: str = "none", ms: float = 5.0, **more: Any) -> dict[str, Any]:
    return {
        "intent": intent, "confidence": 0.9, "uncertain": False, "leaf": leaf,
        "leaves": [leaf], "entities": [], "ms": ms, **more,
    }  # fmt: skip


RIGHT = [
    guess("report_problem", "H6"), guess("report_problem", "H1"), guess("emergency", "-"),
    guess("emergency", "H3"), guess("out_of_scope"), guess("thank"), guess("report_problem", "I1"),
]  # fmt: skip


def with_(changes: dict[int, dict[str, Any]]) -> dict[str, Any]:
    return report(ROWS, [changes.get(i, g) for i, g in enumerate(RIGHT)])


def both(before: dict[int, Any], after: dict[int, Any]) -> Comparison:
    return compare(with_(before), with_(after))


def test_example_by_example() -> None:
    found = both(
        {0: guess("chitchat"), 1: guess("report_problem", "H2"), 4: guess("chitchat")},
        {1: guess("report_problem", "H2"), 5: guess("goodbye", uncertain=True)},
    )
    assert [e.text for e in found.newly_right] == ["灯坏了", "天气"]
    assert [e.text for e in found.newly_wrong] == ["谢谢"]
    assert [e.text for e in found.still_wrong] == ["没水"]
    worse = found.newly_wrong[0]
    assert worse.before == Reading("thank", None)
    assert worse.after == Reading("goodbye", None, uncertain=True)
    # The right leaf is part of being right, a second leaf is as right as the first.
    assert found.still_wrong[0].leaf == "H1"
    assert all(e.right_after for e in found.examples if e.text == "那个灯")


def test_figures_and_classes() -> None:
    found = both({0: guess("chitchat"), 4: guess("emergency")}, {})
    accuracy = found.figure("accuracy")
    assert (accuracy.before, accuracy.after, accuracy.verdict) == (0.7143, 1.0, "better")
    alarms = found.figure("false_alarms")
    assert (alarms.before, alarms.after, alarms.change, alarms.verdict) == (1, 0, -1, "better")
    assert found.figure("entities").change is None
    problem = next(line for line in found.intents if line.name == "report_problem")
    assert (problem.before, problem.after, problem.support) == (0.8, 1.0, 3)
    leaves = {line.name: (line.before, line.after, line.support) for line in found.leaves}
    assert leaves["H6"] == (0.5, 1.0, 2) and leaves["H1"] == (1.0, 1.0, 1)


def test_what_fell_comes_first() -> None:
    found = both({}, {4: guess("chitchat"), 0: guess("chitchat")})
    assert found.intents[0].name == "out_of_scope" and found.intents[0].change == -1.0
    assert found.leaves[0].name == "H6"


@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [(50.0, 58.0, "same"), (50.0, 65.0, "worse"), (50.0, 30.0, "better"), (None, 5.0, "same")],
)
def test_times_jitter(before: float | None, after: float, verdict: str) -> None:
    assert Figure("p95", "", "ms", before, after, more_is_better=False).verdict == verdict


def test_other_sentences_cannot_be_compared() -> None:
    shorter = report(ROWS[:3], RIGHT[:3])
    with pytest.raises(NotComparable):
        compare(with_({}), shorter)
    relabelled = report([{**ROWS[0], "leaf": "H1"}, *ROWS[1:]], RIGHT)
    with pytest.raises(NotComparable):
        compare(with_({}), relabelled)


def test_a_lost_emergency_stops_everybody() -> None:
    found = both({}, {2: guess("report_problem", "H3")})
    assert [e.text for e in found.alarms_lost] == ["着火了"]
    judged = gate(found, None, set_changed=False)
    assert judged.advice == "stop" and judged.lost == ("着火了",)
    assert "着火了" in judged.blocks[0]
    assert verdict(found, None).endswith("紧急情况漏了 1 条。")
    assert found.emergencies[0].text == "着火了"


def test_an_emergency_read_as_its_second_label_is_lost_all_the_same() -> None:
    # “煤气味” may pass as a report by its labels: nothing is newly wrong, and yet an alarm is lost.
    found = both({}, {3: guess("report_problem", "H3")})
    assert not found.newly_wrong
    assert gate(found, None, False).advice == "stop"


def test_an_emergency_that_neither_knows_stops_nobody() -> None:
    changes = {2: guess("chitchat")}
    found = both(changes, changes)
    assert gate(found, None, False).advice == "go"
    assert "1 条两个模型都没认出" in verdict(found, None)


def test_an_emergency_with_another_leaf_is_no_loss() -> None:
    found = both({}, {3: guess("emergency", "H1")})
    assert not found.alarms_lost and len(found.newly_wrong) == 1


def _with_macro(value: float) -> Comparison:
    found = both({}, {})
    figures = tuple(
        Figure(f.key, f.label, f.unit, 0.9, value) if f.key == "macro_f1" else f
        for f in found.figures
    )
    return Comparison(figures, found.intents, found.leaves, found.examples)


@pytest.mark.parametrize(("after", "advice"), [(0.895, "go"), (0.8949, "look"), (0.95, "go")])
def test_half_a_point_of_macro_f1_is_noise(after: float, advice: str) -> None:
    judged = gate(_with_macro(after), None, False)
    assert judged.advice == advice
    assert all("宏 F1" in doubt for doubt in judged.doubts)


def test_a_changed_evaluation_set_is_a_doubt() -> None:
    assert gate(both({}, {}), None, set_changed=True).advice == "look"


def test_what_was_taught() -> None:
    rows: list[dict[str, Any]] = [
        {"text": "楼道黑", "intent": "report_problem", "leaf": "H6"},
        {"text": "闻着怪味", "intent": "emergency", "leaf": "H3"},
        {"text": "以前教的", "intent": "thank"},
    ]
    lessons = report(rows, [guess("report_problem", "H6"), guess("chitchat"), guess("chitchat")])
    found = taught(lessons, known_before={"以前教的"})
    assert (len(found.new), found.learned) == (2, 1)
    assert [line.text for line in found.failed] == ["闻着怪味", "以前教的"]
    judged = gate(both({}, {}), found, False)
    assert judged.advice == "look" and "闻着怪味" in judged.doubts[0]
    assert verdict(both({}, {}), found).startswith("这次教的 2 句，学会 1 句；")


def test_forgotten_lessons_ask_for_a_reason() -> None:
    rows: list[dict[str, Any]] = [{"text": f"话{n}", "intent": "thank"} for n in range(20)]
    known = {row["text"] for row in rows}
    two = report(rows, [guess("chitchat")] * 2 + [guess("thank")] * 18)
    assert gate(both({}, {}), taught(two, known), False).advice == "go"
    three = taught(report(rows, [guess("chitchat")] * 3 + [guess("thank")] * 17), known)
    judged = gate(both({}, {}), three, False)
    assert judged.doubts == ("以前教过的 20 句，新模型有 3 句没听懂。",)
    assert verdict(both({}, {}), three).startswith("以前教的 20 句，忘了 3 句；")


def test_the_verdict_in_one_line() -> None:
    found = both({0: guess("chitchat")}, {1: guess("chitchat")})
    assert verdict(found, None) == "评测的话里好了 1 条，坏了 1 条；紧急情况没有漏。"
    same = "评测的话里没有变好，也没有变坏；紧急情况没有漏。"
    assert verdict(both({}, {}), None) == same
