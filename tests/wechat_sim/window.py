"""How many customer-service messages a user may be sent now, and how long.

Source: 公众号文档 “客服消息介绍” (guide/product/kf/intro), the rules in force since June 2023:
用户发送消息 5条 48小时; 点击自定义菜单, 关注, 扫描二维码 3条 1分钟. Grants do not add up (小程序
“发送客服消息”: 可发送条数不累加), so a message sent counts against both.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

Cause = Literal["message", "action"]
LIMITS: dict[Cause, tuple[int, timedelta]] = {
    "message": (5, timedelta(hours=48)),
    "action": (3, timedelta(minutes=1)),
}
"""``action`` is a click in the menu, a subscription or a scanned code."""

TOO_LATE = 45015
TOO_MANY = 45047


@dataclass
class _Grant:
    left: int
    until: datetime


@dataclass
class Window:
    """One user's."""

    _grants: dict[Cause, _Grant] = field(default_factory=dict)

    def opened_by(self, cause: Cause, now: datetime) -> None:
        """The user has done something: what it allows is there in full again."""
        count, lasts = LIMITS[cause]
        self._grants[cause] = _Grant(count, now + lasts)

    def close(self) -> None:
        """The user has unsubscribed."""
        self._grants.clear()

    def left(self, now: datetime) -> int:
        """Return how many messages may still be sent."""
        return max((g.left for g in self._open(now)), default=0)

    def until(self, now: datetime) -> datetime | None:
        """Return when the last grant that is worth something ends; None when there is none."""
        return max((g.until for g in self._open(now) if g.left), default=None)

    def spend(self, now: datetime) -> int:
        """Take one message off; return 0, or the code of the refusal."""
        found = self._open(now)
        if not found:
            return TOO_LATE
        if not any(g.left for g in found):
            return TOO_MANY
        for grant in found:
            grant.left = max(0, grant.left - 1)
        return 0

    def _open(self, now: datetime) -> list[_Grant]:
        return [g for g in self._grants.values() if now < g.until]
