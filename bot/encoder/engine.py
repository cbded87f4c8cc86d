"""Sentence vectors: multilingual-e5-small on CTranslate2, for training and for serving."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from pathlib import Path

import numpy as np

from bot.encoder.conversion import bundled, converted
from bot.encoder.tokens import Tokens
from bot.encoder.weights import read_vocabulary
from bot.progress import tell

_BATCH_TOKENS = 256
"""Tokens that are computed at once in training."""


class Running:
    """Vectors that are being computed in threads; the engine needs no Python meanwhile."""

    def __init__(self, encoder: Encoder, batches: list[tuple[list[int], list[list[int]]]]) -> None:
        """Start; ``batches``: places in the result, and tokens of sentences of one length."""
        self._pool = ThreadPoolExecutor(encoder.engines, "vectors")
        self._width = encoder.width
        self._places: dict[Future[np.ndarray], list[int]] = {
            self._pool.submit(encoder.vectors, tokens): places for places, tokens in batches
        }

    def result(self) -> np.ndarray:
        """Wait; the vectors in the order of the texts, shape ``(texts, width)``."""
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
        """Give up what has not begun yet."""
        self._pool.shutdown(cancel_futures=True)


class Encoder:
    """Turns sentences into vectors of length 1. All are encoded as queries: they are compared as equals.

    Attributes:
        name: which vectors these are; others than those of another name.
        width: numbers of a vector.
        engines: sentences (batches in training) that are computed at once, each on one core. More
            threads for one sentence would wait for each other many times, and when another process
            wants a core that costs far more than it brings.
    """

    name = "e5-small-int8"
    width = 384

    def __init__(self, folder: Path, engines: int) -> None:
        """``folder``: see :func:`bot.encoder.conversion.converted`.

        Raises:
            UnknownFormat: another version of the package that brings the model.
            OSError: the converted model cannot be written.
        """
        import ctranslate2

        self.engines = engines
        self._tokens = Tokens(read_vocabulary(bundled()))
        self._model = ctranslate2.Encoder(
            str(converted(folder)), inter_threads=engines, intra_threads=1
        )

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Vectors, one row per text, float32."""
        return self.start(texts).result()

    def one(self, text: str) -> np.ndarray:
        """Vector of one text, in the calling thread."""
        return self.vectors([self._tokens.of(text)])[0]

    def start(self, texts: Sequence[str]) -> Running:
        """Begin to encode on ``engines`` cores; the caller goes on meanwhile."""
        by_length: dict[int, list[tuple[int, list[int]]]] = defaultdict(list)
        for place, text in enumerate(texts):
            tokens = self._tokens.of(text)
            by_length[len(tokens)].append((place, tokens))
        batches: list[tuple[list[int], list[list[int]]]] = []
        # Sentences of one length only: nothing is computed for padding.
        for length, sentences in sorted(by_length.items(), reverse=True):
            size = max(1, _BATCH_TOKENS // length)
            for first in range(0, len(sentences), size):
                batch = sentences[first : first + size]
                batches.append(([at for at, _ in batch], [tokens for _, tokens in batch]))
        return Running(self, batches)

    def vectors(self, tokens: list[list[int]]) -> np.ndarray:
        """Vectors of sentences of one length, given as numbers of pieces."""
        states = np.array(self._model.forward_batch(tokens).last_hidden_state)
        means: np.ndarray = states.mean(axis=1)
        return means / np.linalg.norm(means, axis=1, keepdims=True)
