"""Access tokens: how long one lives, what a newer one does to it, how many there are a day.

Sources: 公众号文档 “获取接口调用凭据” (7200 s; 2000 a day; while a new one is fetched the old one is
valid for five more minutes) and “获取稳定版接口调用凭据” (one token until five minutes before its
end; forced refresh 20 times a day, at least 30 s apart; separate from the other kind).
"""

from __future__ import annotations

import secrets
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from tests.wechat_sim.account import Account
from tests.wechat_sim.clock import SimClock
from tests.wechat_sim.errcodes import answer

LIFE_S = 7200
OVERLAP = timedelta(minutes=5)
EARLY = timedelta(minutes=5)
DAILY = 2000
FORCED_DAILY = 20
FORCED_PAUSE = timedelta(seconds=30)


@dataclass
class _Token:
    value: str
    account: str
    ends: datetime
    replaced_at: datetime | None = None


class AccessTokens:
    """The tokens of all accounts."""

    def __init__(self, clock: SimClock, daily: int = DAILY) -> None:
        self.fetched: Counter[str] = Counter()
        """Tokens made, by account: a product that fetches one a message is found out."""
        self._clock = clock
        self._daily = daily
        self._tokens: dict[str, _Token] = {}
        self._latest: dict[tuple[str, str], _Token] = {}
        self._used: Counter[tuple[str, str, date]] = Counter()
        self._forced_at: dict[str, datetime] = {}

    def fetch(self, account: Account) -> dict[str, Any]:
        """``GET /cgi-bin/token``: always a new one."""
        if not self._count(account, "plain", self._daily):
            return answer(45009)
        return self._answer(self._new(account, "plain"))

    def fetch_stable(self, account: Account, force: bool) -> dict[str, Any]:
        """``POST /cgi-bin/stable_token``: the same one until shortly before its end."""
        now = self._clock.now()
        latest = self._latest.get((account.name, "stable"))
        if force:
            since = self._forced_at.get(account.name)
            if since is not None and now - since < FORCED_PAUSE:
                return answer(45011)
            if not self._count(account, "forced", FORCED_DAILY):
                return answer(45009)
            self._forced_at[account.name] = now
            return self._answer(self._new(account, "stable", overlap=timedelta()))
        if latest is not None and now < latest.ends - EARLY:
            return self._answer(latest)
        return self._answer(self._new(account, "stable"))

    def check(self, value: str) -> tuple[str | None, int]:
        """Return the account a token speaks for, or None and the code of the refusal."""
        if not value:
            return None, 41001
        token, now = self._tokens.get(value), self._clock.now()
        if token is None or (token.replaced_at is not None and now >= token.replaced_at):
            return None, 40001
        if now >= token.ends:
            return None, 42001
        return token.account, 0

    def revoke(self, account: Account) -> None:
        """Make all tokens of an account worthless, as somebody else's fetch with its secret does."""
        for token in self._tokens.values():
            if token.account == account.name:
                token.replaced_at = self._clock.now()
        for kind in ("plain", "stable"):
            self._latest.pop((account.name, kind), None)

    def _new(self, account: Account, kind: str, overlap: timedelta = OVERLAP) -> _Token:
        now = self._clock.now()
        old = self._latest.get((account.name, kind))
        if old is not None:
            old.replaced_at = min(old.replaced_at or now + overlap, now + overlap)
        token = _Token(
            f"{secrets.randbelow(90) + 10}_{secrets.token_urlsafe(110)}",
            account.name,
            now + timedelta(seconds=LIFE_S),
        )
        self._tokens[token.value] = self._latest[account.name, kind] = token
        self.fetched[account.name] += 1
        return token

    def _answer(self, token: _Token) -> dict[str, Any]:
        left = round((token.ends - self._clock.now()).total_seconds())
        return {"access_token": token.value, "expires_in": max(left, 0)}

    def _count(self, account: Account, kind: str, most: int) -> bool:
        key = account.name, kind, self._clock.now().date()
        if self._used[key] >= most:
            return False
        self._used[key] += 1
        return True
