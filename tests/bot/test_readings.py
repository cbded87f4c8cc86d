"""What is offered as a reading of a message."""

from __future__ import annotations

from typing import Any

import pytest

from bot.components.intent_classifier import IntentClassifier


@pytest.mark.parametrize(
    ("ranked", "faint"),
    [
        ({"name": "emergency", "confidence": 0.03}, True),
        ({"name": "emergency", "confidence": 0.09}, False),
        ({"name": "report_problem", "confidence": 0.03}, False),
    ],
)
def test_danger_that_is_all_but_impossible_is_no_reading(
    ranked: dict[str, Any], faint: bool
) -> None:
    parts: Any = None
    classifier = IntentClassifier(IntentClassifier.get_default_config(), parts, parts)
    assert classifier._faint_danger(ranked) is faint
