"""How many customer-service messages WeChat lets us send to a person, and how long.

Source: 公众号文档 “客服消息介绍”, the rules in force since 12 June 2023. What one cause grants does not
add to what another does: a message sent counts against each grant that is open.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Literal

Cause = Literal["message", "action"]
"""The person wrote; or subscribed, scanned the code, tapped the menu."""


@dataclass(frozen=True)
class Allowance:
    """``count`` messages within ``lasts`` after the cause."""

    count: int
    lasts: timedelta


ALLOWANCES: Mapping[Cause, Allowance] = MappingProxyType(
    {
        "message": Allowance(5, timedelta(hours=48)),
        "action": Allowance(3, timedelta(minutes=1)),
    }
)


@dataclass(frozen=True)
class Grant:
    """What is left of an allowance."""

    left: int = 0
    until: datetime | None = None

    def now_left(self, now: datetime) -> int:
        """Return how many may be sent now."""
        return self.left if self.until is not None and now < self.until else 0


@dataclass(frozen=True)
class Window:
    """Both grants of one person."""

    message: Grant = Grant()
    action: Grant = Grant()

    def opened(self, cause: Cause, at: datetime) -> Window:
        """The person did something at that time: its allowance is there in full again.

        An older cause that is heard of late takes nothing away.
        """
        allowance = ALLOWANCES[cause]
        fresh = Grant(allowance.count, at + allowance.lasts)
        known = self.message if cause == "message" else self.action
        if known.until is not None and known.until > at + allowance.lasts:
            return self
        return replace(self, message=fresh) if cause == "message" else replace(self, action=fresh)

    def left(self, now: datetime) -> int:
        """Return how many messages may be sent now."""
        return max(self.message.now_left(now), self.action.now_left(now))

    def spent(self) -> Window:
        """One message has gone out."""
        return Window(
            replace(self.message, left=max(0, self.message.left - 1)),
            replace(self.action, left=max(0, self.action.left - 1)),
        )

    def refunded(self) -> Window:
        """One that was taken off has not gone out."""
        return Window(_more(self.message, "message"), _more(self.action, "action"))

    def same_as(self, other: Window) -> bool:
        """Say whether nothing has been granted between the two."""
        return (self.message.until, self.action.until) == (other.message.until, other.action.until)

    def used_up(self) -> Window:
        """WeChat says that the count is reached (45047): it knows better."""
        return Window(replace(self.message, left=0), replace(self.action, left=0))


def _more(grant: Grant, cause: Cause) -> Grant:
    if grant.until is None:
        return grant
    return replace(grant, left=min(grant.left + 1, ALLOWANCES[cause].count))
