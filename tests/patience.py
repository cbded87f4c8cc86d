"""Waiting in tests for what other processes do: long, because a busy machine takes its own time.

No test is about speed; a limit here only keeps a broken thing from being waited for for ever.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

PATIENCE_S = 90
_PAUSE_S = 0.05


async def until(holds: Callable[[], object], what: str) -> None:
    """Return as soon as ``holds()`` is true.

    Raises:
        AssertionError: After ``PATIENCE_S`` seconds, with ``what`` was waited for.
    """
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not holds():
                await asyncio.sleep(_PAUSE_S)
    except TimeoutError:
        raise AssertionError(f"not seen within {PATIENCE_S} s: {what}") from None
