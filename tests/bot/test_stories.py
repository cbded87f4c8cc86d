"""Rasa's own test of the dialogue, with the released model: tests/stories/*.yml.

Needs ``models/linda.tar.gz`` (or ``LINDA_MODEL``), which `make test` builds before the tests.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from bot.evaluate import DEFAULT_REFERENCE, predict

ROOT = Path(__file__).resolve().parents[2]
MODEL = Path(os.environ.get("LINDA_MODEL") or ROOT / "models" / "linda.tar.gz")
STORIES = ROOT / "tests" / "stories"


def stories() -> list[dict[str, Any]]:
    """Every story of every file, with its steps."""
    return [
        story
        for path in sorted(STORIES.glob("test_*.yml"))
        for story in yaml.safe_load(path.read_text(encoding="utf-8"))["stories"]
    ]


def told(key: str, steps: Iterable[dict[str, Any]]) -> set[str]:
    """What stands under ``key`` (intent, action, active_loop) in some steps."""
    return {str(step[key]) for step in steps if step.get(key)}


def read(path: str) -> Any:
    """A YAML file of the repository."""
    return yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))


def interrupts() -> list[dict[str, Any]]:
    """The table of the InterruptPolicy."""
    rows: list[dict[str, Any]] = next(
        policy["interrupts"] for policy in read("config.yml")["policies"] if "interrupts" in policy
    )
    return rows


def test_every_form_and_every_intent_and_action_of_a_rule_is_in_a_story() -> None:
    steps = [step for story in stories() for step in story["steps"]]
    rules = [
        step
        for path in sorted((ROOT / "data" / "rules").glob("*.yml"))
        for rule in yaml.safe_load(path.read_text(encoding="utf-8"))["rules"]
        for step in rule["steps"]
    ]
    rows = interrupts()
    assert set(read("domain.yml")["forms"]) - told("active_loop", steps) == set()
    assert told("intent", [*rules, *rows]) - told("intent", steps) == set()
    assert told("action", [*rules, *rows]) - told("action", steps) == set()


def actions_in_forms() -> dict[str, set[str]]:
    """Form → what is done while it is open; ``again`` when it is cancelled and opened once more."""
    done: dict[str, set[str]] = {}
    for story in stories():
        form: str | None = None
        cancelled: set[str] = set()
        for step in story["steps"]:
            if "active_loop" in step:
                form = step["active_loop"]
                if form:
                    done.setdefault(form, set()).update({"again"} if form in cancelled else ())
            elif form and "action" in step:
                done[form].add(step["action"])
                cancelled |= {form} if step["action"] == "action_cancel_form" else set()
    return done


def test_every_form_is_interrupted_left_for_a_person_and_for_danger_cancelled_and_begun_again() -> (
    None
):
    done = actions_in_forms()
    beside = {"action_handoff", "action_emergency"}
    answers = {row["action"] for row in interrupts()} - {"action_handoff", "action_cancel_form"}
    assert {form for form, actions in done.items() if not beside <= actions} == set()
    assert {form for form, actions in done.items() if len(answers & actions) < 2} == set()
    # Who demanded a certificate is one question, which a no ends: there is nothing to begin again.
    assert {form for form, actions in done.items() if "again" not in actions} <= {"demand_form"}


def test_no_prediction_error_in_any_story(tmp_path: Path) -> None:
    command = [
        sys.executable, "-m", "rasa", "test", "core", "--fail-on-prediction-errors", "--no-plot",
        "--model", str(MODEL), "--stories", str(STORIES), "--out", str(tmp_path / "results"),
    ]  # fmt: skip
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    assert "Correct:" in done.stdout + done.stderr, "stories were found"


def test_what_the_stories_say_is_understood_as_they_say() -> None:
    said = [
        (step["user"].strip(), step["intent"])
        for path in sorted(STORIES.glob("*.yml"))
        for story in yaml.safe_load(path.read_text(encoding="utf-8"))["stories"]
        for step in story["steps"]
        if "user" in step
    ]
    rows = [{"text": text} for text, _ in said]
    guesses = asyncio.run(predict(rows, str(MODEL), DEFAULT_REFERENCE, None))
    wrong = [
        (text, guess["intent"], intent)
        for (text, intent), guess in zip(said, guesses, strict=True)
        if guess["intent"] != intent
    ]
    assert wrong == [], "message, understood, meant"
