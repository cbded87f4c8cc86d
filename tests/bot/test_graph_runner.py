"""Components run one after the other give what Rasa's own runner gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from rasa.core.channels.channel import UserMessage
from rasa.core.lock_store import InMemoryLockStore
from rasa.core.nlg import TemplatedNaturalLanguageGenerator
from rasa.core.processor import MessageProcessor
from rasa.core.tracker_store import InMemoryTrackerStore
from rasa.engine.exceptions import GraphRunError
from rasa.shared.core.constants import ACTION_LISTEN_NAME
from rasa.shared.core.events import ActionExecuted, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker

from bot.graph_runner import DirectRunner

TEXTS = ["楼道灯坏了", "我想开个证明", "你好", "今天天气不错", ""]


@pytest.fixture(scope="module")
def rasas(model_path: Path) -> MessageProcessor:
    """Rasa's own processor with the small model."""
    return MessageProcessor(
        model_path,
        tracker_store=InMemoryTrackerStore(None),
        lock_store=InMemoryLockStore(),
        action_endpoint=None,
        generator=TemplatedNaturalLanguageGenerator({}),
    )


def plain(parsed: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in parsed.items() if k != "message_id"}


@pytest.mark.parametrize("text", TEXTS)
async def test_the_same_parse(rasas: MessageProcessor, text: str) -> None:
    message = UserMessage(text, sender_id="x")
    theirs = await rasas.parse_message(message)
    runner = rasas.graph_runner
    rasas.graph_runner = DirectRunner(runner)
    try:
        ours = await rasas.parse_message(message)
    finally:
        rasas.graph_runner = runner
    assert plain(ours) == plain(theirs)


async def test_the_same_next_step(rasas: MessageProcessor) -> None:
    parsed = await rasas.parse_message(UserMessage("你好"))
    said = UserUttered("你好", parsed["intent"], parsed["entities"], parsed)
    tracker = DialogueStateTracker.from_events("x", [ActionExecuted(ACTION_LISTEN_NAME), said])
    inputs = {"__tracker__": tracker}
    target = rasas.model_metadata.core_target
    theirs = rasas.graph_runner.run(inputs, [target])[target]
    ours = DirectRunner(rasas.graph_runner).run(inputs, [target])[target]
    assert ours.policy_name == theirs.policy_name
    assert ours.probabilities == theirs.probabilities


def test_a_missing_input_is_an_error(rasas: MessageProcessor) -> None:
    with pytest.raises(GraphRunError):
        DirectRunner(rasas.graph_runner).run({}, [rasas.model_metadata.nlu_target])
