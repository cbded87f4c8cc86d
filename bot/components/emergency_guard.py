"""Life in danger is decided before all other understanding."""

from __future__ import annotations

from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message

from bot.understanding.emergency import Verdict, judge
from bot.understanding.scripts import simplify

#: Message property with the ``Verdict``; the classifier and the matcher respect it.
VERDICT = "emergency_verdict"
EMERGENCY = "emergency"


def verdict_of(message: Message) -> Verdict:
    """What the guard said about ``message``."""
    return message.get(VERDICT) or Verdict(False)


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=False)
class EmergencyGuard(GraphComponent):
    """Gives intent ``emergency`` with confidence 1.0 when a reviewed pattern says so."""

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> EmergencyGuard:
        """Nothing to configure: the patterns are reviewed data."""
        return cls()

    def process(self, messages: list[Message]) -> list[Message]:
        """Judge each message."""
        for message in messages:
            verdict = judge(simplify(message.get(TEXT) or ""))
            message.set(VERDICT, verdict)
            if verdict.alarm:
                intent = {"name": EMERGENCY, "confidence": 1.0}
                message.set("intent", intent, add_to_output=True)
                message.set("intent_ranking", [intent], add_to_output=True)
        return messages
