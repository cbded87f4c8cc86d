"""What a user sees of one account, in order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from tests.patience import PATIENCE_S
from tests.wechat_sim.clock import SimClock

FAILURE = "该公众号提供的服务出现故障，请稍后再试"
Who = Literal["me", "passive", "service", "notice"]


@dataclass(frozen=True)
class Line:
    """One bubble.

    Attributes:
        who: The user, the account (as passive reply or customer-service message), or WeChat itself.
        key: The message that it is or answers; empty for customer-service messages.
    """

    at: datetime
    who: Who
    text: str
    key: str = ""


class Screen:
    """The bubbles of one user.

    Args:
        on_line: Called for each new one; the terminal prints it.
    """

    def __init__(self, clock: SimClock, on_line: Callable[[Line], None] | None = None) -> None:
        self.lines: list[Line] = []
        self.on_line = on_line
        self._clock = clock
        self._changed = asyncio.Event()

    def show(self, who: Who, text: str, key: str = "") -> None:
        """Add a bubble."""
        line = Line(self._clock.now(), who, text, key)
        self.lines.append(line)
        self._changed.set()
        if self.on_line is not None:
            self.on_line(line)

    def told(self, after: int = 0) -> list[str]:
        """Return what the account has said (and WeChat's notices), from one bubble on."""
        return [line.text for line in self.lines[after:] if line.who != "me"]

    async def wait_for(self, words: str, limit_s: float = PATIENCE_S, after: int = 0) -> Line:
        """Wait until the account has said these words; ``after``: bubbles to pass over."""
        try:
            async with asyncio.timeout(limit_s):
                while True:
                    self._changed.clear()
                    for line in self.lines[after:]:
                        if line.who in ("passive", "service") and words in line.text:
                            return line
                    await self._changed.wait()
        except TimeoutError:
            shown = [(line.who, line.text) for line in self.lines]
            raise AssertionError(f"{words!r} never came; the screen: {shown}") from None
