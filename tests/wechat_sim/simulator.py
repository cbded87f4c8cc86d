"""All parts together."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from statistics import median

from tests.wechat_sim.account import Account
from tests.wechat_sim.clock import SimClock
from tests.wechat_sim.courier import Courier, Timing
from tests.wechat_sim.faults import Faults
from tests.wechat_sim.phone import Phone, message_ids, new_openid
from tests.wechat_sim.platform import Platform
from tests.wechat_sim.record import Recorder


@dataclass(frozen=True)
class Figures:
    """How the product has answered.

    Attributes:
        sent: Messages and events that WeChat delivered.
        passive: Answered by a passive reply.
        acknowledged: Answered by “no reply”.
        failed: Given up, or answered against the rules.
        service: Customer-service messages on screens.
        median_s: Of passive replies, in real seconds.
    """

    sent: int
    passive: int
    acknowledged: int
    failed: int
    service: int
    median_s: float
    p95_s: float

    def __str__(self) -> str:
        return (
            f"{self.sent} sent: {self.passive} passive ({self.passive / max(self.sent, 1):.0%}, "
            f"median {self.median_s:.2f} s, p95 {self.p95_s:.2f} s), "
            f"{self.acknowledged} acknowledged, {self.failed} failed; "
            f"{self.service} customer-service messages"
        )


class Simulator:
    """The platform with its users.

    Args:
        seed: Of everything random; None: a new one, kept in ``faults.seed``.
    """

    def __init__(
        self,
        accounts: Sequence[Account],
        seed: int | None = None,
        timing: Timing | None = None,
    ) -> None:
        self.accounts = list(accounts)
        self.clock = SimClock()
        self.faults = Faults(secrets.randbelow(10**6) if seed is None else seed)
        self.recorder = Recorder()
        self.platform = Platform(self.accounts, self.clock, self.faults, self.recorder)
        self.courier = Courier(self.clock, self.faults, self.recorder, timing or Timing())
        # Ids must be new in each run, also with the same seed: the product remembers them.
        self._ids = message_ids(secrets.SystemRandom())

    @property
    def url(self) -> str:
        """What the product has as ``api_base``."""
        return self.platform.url

    async def start(self, port: int = 0) -> None:
        """Listen."""
        await self.platform.start(port)
        await self.courier.start()

    async def stop(self) -> None:
        """Stop listening."""
        await self.courier.stop()
        await self.platform.stop()

    def connect(self, *products: str) -> None:
        """Set where the callbacks are; several products are one behind a balancer."""
        for account in self.accounts:
            account.callbacks = [f"{url}/channels/wechat/{account.name}" for url in products]

    def phone(self, account: Account | None = None, openid: str = "") -> Phone:
        """Return a new user, who follows the account already."""
        account = account or self.accounts[0]
        openid = openid or new_openid(secrets.SystemRandom())
        made = Phone(account, openid, self.platform, self.courier, self.clock, self._ids)
        self.platform.phones[openid] = made
        return made

    def move(self, by: timedelta) -> None:
        """Let time pass at the platform."""
        self.clock.move(by)

    def figures(self, since: int = 0) -> Figures:
        """Sum up; ``since``: deliveries to pass over."""
        found = self.courier.deliveries[since:]
        times = sorted(d.shown_after_s for d in found if d.shown_after_s is not None)
        lines = [line for p in self.platform.phones.values() for line in p.screen.lines]
        return Figures(
            sent=len(found),
            passive=len(times),
            acknowledged=sum(d.outcome == "acknowledged" for d in found),
            failed=sum(d.outcome in ("failed", "broken") for d in found),
            service=sum(line.who == "service" for line in lines),
            median_s=median(times) if times else 0.0,
            p95_s=times[min(len(times) - 1, int(len(times) * 0.95))] if times else 0.0,
        )
