"""Progress lines and the one way to stop with a clear sentence."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn


def stop(sentence: str) -> NoReturn:
    """Print one sentence that says what to do, and exit with status 1."""
    print(f"\n✗ {sentence}", file=sys.stderr, flush=True)
    raise SystemExit(1)


@contextmanager
def step(title: str) -> Iterator[None]:
    """Print ``title`` when a step begins and how long it took when it ends."""
    print(f"▸ {title} …", flush=True)
    start = time.monotonic()
    yield
    print(f"  ✓ {title}（{time.monotonic() - start:.1f} 秒）", flush=True)


def ready(title: str) -> None:
    """Print that a step had nothing to do."""
    print(f"  ✓ {title}（已就绪）", flush=True)
