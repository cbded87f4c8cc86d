"""How far a long piece of work is, said where it is done and heard where somebody asked.

Components know nothing of command lines: they call :func:`tell`; a command sets the listener.
"""

from __future__ import annotations

from collections.abc import Callable

Listener = Callable[[str, float], None]
"""Called with the stage (``read``, ``vectors``, ``train``, ``pack``, ``evaluate``) and the share of
it that is done, 0–1. May be called from any thread."""

_listener: Listener | None = None


def listen(listener: Listener | None) -> None:
    """Have ``listener`` called from now on; ``None`` ends it."""
    global _listener
    _listener = listener


def tell(stage: str, share: float) -> None:
    """Say that ``share`` (0–1) of ``stage`` is done; nothing happens when nobody listens."""
    if _listener is not None:
        _listener(stage, share)
