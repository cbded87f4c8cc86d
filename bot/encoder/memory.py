"""Encoders with memory: recent sentences in the process, training sentences in a file."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import os
import threading
import zipfile
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from pathlib import Path

import numpy as np

from bot.encoder.engine import Encoder, Running
from bot.parallel import cores
from bot.settings import ROOT

logger = logging.getLogger(__name__)


LONGEST = 48
"""Characters beyond which a message gets a vector of zeros: its words say enough (no difference on
the held-out sets), and the encoder would take a tenth of a second for a long story."""


def is_encoded(text: str) -> bool:
    """Whether the encoder is asked about a text."""
    return len(text) <= LONGEST


def _key(text: str) -> str:
    return hashlib.sha1(text.encode()).hexdigest()


_elsewhere: ContextVar[bool] = ContextVar("elsewhere", default=False)


@contextlib.contextmanager
def computed_elsewhere() -> Iterator[None]:
    """Within, a vector that is not remembered is not computed: :class:`VectorWanted` is raised."""
    before = _elsewhere.set(True)
    try:
        yield
    finally:
        _elsewhere.reset(before)


class VectorWanted(Exception):
    """A sentence must be encoded first; try again after :meth:`computed`."""

    def __init__(self, vectors: RecentVectors, text: str) -> None:
        """``vectors``: the memory that lacks the vector of ``text``."""
        super().__init__(text)
        self._vectors, self._text = vectors, text

    async def computed(self) -> None:
        """Encode it in a thread. The engine needs no Python, so other messages go on meanwhile."""
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._vectors.threads, self._vectors.vector, self._text)


class RecentVectors:
    """Vectors of single sentences; the last ones are remembered."""

    def __init__(self, encoder: Encoder, size: int) -> None:
        """``size``: how many are remembered."""
        self._encoder, self._size = encoder, size
        self.threads = ThreadPoolExecutor(encoder.engines, "encoder")
        self._recent: OrderedDict[str, np.ndarray] = OrderedDict()
        self._lock = threading.Lock()

    def vector(self, text: str) -> np.ndarray:
        """Vector of one text, from memory when it was asked for lately.

        Raises:
            VectorWanted: it would have to be computed, under :func:`computed_elsewhere`.
        """
        with self._lock:
            if text in self._recent:
                self._recent.move_to_end(text)
                return self._recent[text]
        if _elsewhere.get():
            raise VectorWanted(self, text)
        vector = self._encoder.one(text)
        with self._lock:
            self._recent[text] = vector
            while len(self._recent) > self._size:
                self._recent.popitem(last=False)
        return vector


class TrainingVectors:
    """Vectors of many sentences; known ones come from a file, new ones are added to it."""

    def __init__(self, encoder: Encoder, folder: Path) -> None:
        """``folder``: where the file is; it may be missing, and need not be writable."""
        self._encoder = encoder
        self._file = folder / f"vectors-{encoder.name}.npz"
        self._known: dict[str, np.ndarray] | None = None
        self._running: tuple[list[str], Running] | None = None

    def begin(self, texts: Iterable[str]) -> None:
        """Start with those that are new; :meth:`vectors` waits for them."""
        known = self._read()
        new = {k: t for t in texts if (k := _key(t)) not in known}
        if new:
            self._running = list(new), self._encoder.start(list(new.values()))

    def vectors(self, texts: Sequence[str]) -> np.ndarray:
        """One row per text."""
        self._collect()
        self.begin(texts)
        self._collect()
        known = self._read()
        return np.stack([known[_key(t)] for t in texts]) if texts else np.zeros((0, 1), np.float32)

    def close(self) -> None:
        """Give up what is still being computed."""
        if self._running is not None:
            self._running[1].close()
            self._running = None

    def _collect(self) -> None:
        if self._running is None:
            return
        keys, running = self._running
        known = self._read()
        known.update(zip(keys, running.result(), strict=True))
        self._running = None
        self._write(known)

    def _read(self) -> dict[str, np.ndarray]:
        if self._known is None:
            self._known = {}
            # A missing or broken file is only a slower training.
            with contextlib.suppress(OSError, ValueError, KeyError, zipfile.BadZipFile):
                with np.load(self._file) as stored:
                    self._known = dict(zip(stored["keys"].tolist(), stored["vectors"], strict=True))
        return self._known

    def _write(self, known: dict[str, np.ndarray]) -> None:
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
            with contextlib.suppress(OSError):
                fresh.unlink(missing_ok=True)


_recent: dict[int, RecentVectors] = {}
_training: list[TrainingVectors] = []
_lock = threading.Lock()


def recent_vectors(engines: int = 2, size: int = 2048) -> RecentVectors:
    """The process's one encoder for serving: models come and go, the encoder stays."""
    with _lock:
        if engines not in _recent:
            _recent[engines] = RecentVectors(Encoder(_folder(), engines), size)
        return _recent[engines]


def training_vectors() -> TrainingVectors:
    """The process's one encoder for training."""
    with _lock:
        if not _training:
            _training.append(TrainingVectors(Encoder(_folder(), cores()), _folder()))
        return _training[0]


def _folder() -> Path:
    """Where the converted encoder and the training vectors are kept: ``LINDA_VECTOR_CACHE``."""
    return Path(os.environ.get("LINDA_VECTOR_CACHE") or ROOT / "models" / ".cache")
