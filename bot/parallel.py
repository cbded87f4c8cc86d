"""Work spread over the machine's cores, in forked processes.

For training only. Threads would not do: the entity rules are Python, and liblinear draws from one
random generator per process, so that two fits side by side would give another model each time.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import Any, TypeVar

Result = TypeVar("Result")
_PR_SET_PDEATHSIG = 1

_work: Callable[[int], Any] | None = None
"""What the workers do; they inherit it, so it may be a closure over large arrays."""


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0))


def spread(
    work: Callable[[int], Result], count: int, done: Callable[[float], None]
) -> list[Result]:
    """``[work(0), …, work(count - 1)]``, computed on all cores.

    Args:
        work: sees this process as it is now; only its result comes back, pickled.
        count: how many pieces; give the longest the lowest numbers.
        done: called here with the share of pieces that are finished.

    Raises:
        BrokenProcessPool: a worker was killed (memory).
        Exception: what ``work`` raises.
    """
    global _work
    if cores() == 1 or count == 1:
        results = []
        for number in range(count):
            results.append(work(number))
            done((number + 1) / count)
        return results
    _work = work
    try:
        context = multiprocessing.get_context("fork")
        with ProcessPoolExecutor(min(cores(), count), context, die_with_parent) as pool:
            pieces = [pool.submit(_call, number) for number in range(count)]
            for finished, _piece in enumerate(as_completed(pieces), 1):
                done(finished / count)
            return [piece.result() for piece in pieces]
    finally:
        _work = None


def _call(number: int) -> Any:
    assert _work is not None
    return _work(number)


def die_with_parent() -> None:
    """For a worker's start: a training that is killed leaves none behind (on Linux)."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    libc = ctypes.CDLL(None)
    if hasattr(libc, "prctl"):
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
