"""Rasa's own test of the dialogue, with the released model: tests/stories/*.yml.

Needs ``models/linda.tar.gz`` (or ``LINDA_MODEL``), which `make test` builds before the tests.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import yaml

from bot.evaluate import DEFAULT_REFERENCE, predict

ROOT = Path(__file__).resolve().parents[2]
MODEL = Path(os.environ.get("LINDA_MODEL") or ROOT / "models" / "linda.tar.gz")
STORIES = ROOT / "tests" / "stories"


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
