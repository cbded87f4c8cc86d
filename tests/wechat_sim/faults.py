"""What goes wrong on the way: between WeChat and the product, and at WeChat itself.

Shares are probabilities. All of it comes from one seeded generator, so that a run that failed can
be run again.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Literal

ApiFault = Literal["busy", "error", "drop_before", "drop_after", "hang"]


@dataclass
class PushFaults:
    """On the way to the product's callback.

    Attributes:
        delay_s: Wait so long before a message goes out.
        drop_before: The connection breaks in the middle of the request.
        drop_after: The product has the whole request; nobody is there to read its answer.
        duplicate: A second copy goes out at the same moment, with its own nonce.
        needless_retry: It is sent once more although the answer came in time.
    """

    delay_s: tuple[float, float] = (0.0, 0.0)
    drop_before: float = 0.0
    drop_after: float = 0.0
    duplicate: float = 0.0
    needless_retry: float = 0.0


@dataclass
class ApiFaults:
    """At the platform's API.

    Attributes:
        delay_s: Answers take so long.
        busy: ``-1``, “try again later”; nothing has happened.
        error: HTTP 502 of a proxy; nothing has happened.
        drop_before: The connection breaks; nothing has happened.
        drop_after: It has been done, and the connection breaks before the answer.
        hang: No answer for :attr:`hang_s`, then the connection breaks; nothing has happened.
        paths: To which paths it happens; empty: all.
    """

    delay_s: tuple[float, float] = (0.0, 0.0)
    busy: float = 0.0
    error: float = 0.0
    drop_before: float = 0.0
    drop_after: float = 0.0
    hang: float = 0.0
    hang_s: float = 30.0
    paths: frozenset[str] = frozenset()


@dataclass
class Faults:
    """All of them; a new one is: nothing goes wrong."""

    seed: int = 0
    push: PushFaults = field(default_factory=PushFaults)
    api: ApiFaults = field(default_factory=ApiFaults)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)

    def clear(self) -> None:
        """Nothing goes wrong any more."""
        self.push, self.api = PushFaults(), ApiFaults()

    def chance(self, share: float) -> bool:
        """Return whether it happens this time."""
        return share > 0 and self.random.random() < share

    def between(self, span: tuple[float, float]) -> float:
        """Return a number of a span."""
        return self.random.uniform(*span) if span[1] > 0 else 0.0

    def of_call(self, path: str) -> ApiFault | None:
        """Return what goes wrong with this call of the API, at most one thing."""
        if self.api.paths and path not in self.api.paths:
            return None
        kinds: tuple[ApiFault, ...] = ("busy", "error", "drop_before", "drop_after", "hang")
        for kind in kinds:
            if self.chance(getattr(self.api, kind)):
                return kind
        return None
