"""Doing what is due: outbox rows, messages without an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from services.context import Services


async def run_due(services: Services) -> int:
    """Do everything that is due at ``services.clock.now()`` until nothing is left.

    Returns:
        How many pieces of work were done. Used by the loop process and by the test tick.
    """
    raise NotImplementedError
