"""The intent, with an honest confidence and the readings to offer when it is not sure."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.exceptions import RasaException
from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.components.cascade import Cascade
from bot.components.emergency_guard import EMERGENCY, verdict_of
from bot.components.sentence_vectors import SENTENCE_VECTOR

UNCERTAIN = "uncertain"
READINGS = "readings"


def words_of(message: Message) -> list[str]:
    """The tokenizer's words of a message."""
    return [t.text for t in message.get("text_tokens") or [] if t.text.strip()]


def vector_of(message: Message) -> Any:
    """The call that computes the message's vector, or ``None`` without a featurizer."""
    lazy = message.get(SENTENCE_VECTOR)
    return lazy.get if lazy is not None else None


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class IntentClassifier(GraphComponent):
    """Counts and, when these are not sure, sentence vectors; logistic regression on top.

    Sets ``intent``, ``intent_ranking``, ``uncertain`` and ``readings`` of each message. What the
    emergency guard decided stays; what it took back (a drill, an idiom) is never an emergency.
    """

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """Thresholds.

        ``trust_margin``: gap of the two best above which counts decide alone;
        ``uncertain_below``, ``uncertain_margin``: when to ask instead of guessing;
        ``emergency_confidence``: how sure an emergency must be without a reviewed pattern.
        """
        return {
            "trust_margin": 0.35,
            "uncertain_below": 0.45,
            "uncertain_margin": 0.12,
            "emergency_confidence": 0.6,
            "ranking_length": 5,
        }

    def __init__(
        self,
        config: dict[str, Any],
        storage: ModelStorage,
        resource: Resource,
        model: Cascade | None = None,
    ) -> None:
        """``model`` is ``None`` before training."""
        self._config, self._storage, self._resource = config, storage, resource
        self._model = model

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> IntentClassifier:
        """A new component for training."""
        return cls(config, model_storage, resource)

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> IntentClassifier:
        """The trained component."""
        with model_storage.read_from(resource) as folder:
            model = pickle.loads((folder / "intents.pkl").read_bytes())
        return cls(config, model_storage, resource, model)

    def train(self, training_data: TrainingData) -> Resource:
        """Learn from the intent examples.

        Raises:
            RasaException: with fewer than two intents.
        """
        messages = [m for m in training_data.intent_examples if m.get(TEXT)]
        try:
            self._model = Cascade.fit(
                [m.get(TEXT) for m in messages],
                [words_of(m) for m in messages],
                np.stack([vector_of(m)() for m in messages]),
                [m.get(INTENT) for m in messages],
                float(self._config["trust_margin"]),
            )
        except ValueError as error:
            raise RasaException(f"Cannot train intents: {error}.") from error
        with self._storage.write_to(self._resource) as folder:
            (folder / "intents.pkl").write_bytes(pickle.dumps(self._model))
        return self._resource

    def process(self, messages: list[Message]) -> list[Message]:
        """Classify each message."""
        for message in messages:
            self._classify(message)
        return messages

    def _classify(self, message: Message) -> None:
        verdict = verdict_of(message)
        text = (message.get(TEXT) or "").strip()
        if verdict.alarm:
            ranking = [{"name": EMERGENCY, "confidence": 1.0}]
        elif not text:
            ranking = [{"name": None, "confidence": 0.0}]
        else:
            ranking = self._rank(message, excluded=verdict.excluded)
        uncertain = not verdict.alarm and self._is_uncertain(ranking)
        message.set(INTENT, ranking[0], add_to_output=True)
        message.set("intent_ranking", ranking, add_to_output=True)
        message.set(UNCERTAIN, uncertain, add_to_output=True)
        readings = [
            {"intent": r["name"], "leaf": None, "confidence": r["confidence"]}
            for r in ranking[:3]
            if r["name"]
        ]
        message.set(READINGS, readings, add_to_output=True)

    def _rank(self, message: Message, excluded: bool) -> list[dict[str, Any]]:
        assert self._model is not None
        scores = self._model.predict(message.get(TEXT), words_of(message), vector_of(message))
        classes = self._model.classes
        if EMERGENCY in classes:
            index = classes.index(EMERGENCY)
            if excluded or scores[index] < self._config["emergency_confidence"]:
                # Doubtful danger is asked about, not alarmed: keep it as a reading, never first.
                scores = scores.copy()
                others = np.delete(scores, index)
                scores[index] = 0.0 if excluded else min(scores[index], others.max() * 0.95)
                scores = scores / scores.sum()
        order = np.argsort(-scores)[: int(self._config["ranking_length"])]
        return [{"name": classes[i], "confidence": round(float(scores[i]), 4)} for i in order]

    def _is_uncertain(self, ranking: list[dict[str, Any]]) -> bool:
        best = ranking[0]["confidence"]
        second = ranking[1]["confidence"] if len(ranking) > 1 else 0.0
        return bool(
            best < self._config["uncertain_below"]
            or best - second < self._config["uncertain_margin"]
        )
