"""The access token of each app: fetched once, shared by all processes through the database.

Whoever finds it missing or near its end takes a lease and fetches; the others go on with the old
one as long as it is good, or wait for the new one.
"""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime, timedelta

from sqlalchemy import or_, update

from services.channels.store import new_id
from services.channels.wechat.accounts import Account
from services.channels.wechat.api import NotDone, Unknown, WeChatApi
from services.channels.wechat.store import FAR, insert_new
from services.channels.wechat.tables import WeChatTokenRow
from services.clock import Clock
from services.db import Database
from services.people.crypto import Vault

log = logging.getLogger(__name__)

EARLY = timedelta(minutes=4)
"""So long before its end it is fetched anew. WeChat makes a new one from five minutes before the end
on, and takes both for these five minutes."""
LEASE = timedelta(seconds=10)
"""Longer than a call of WeChat takes at most."""
LOOK_S = 0.1
WAIT_S = 6.0


class AccessTokens:
    """See the module."""

    def __init__(self, db: Database, clock: Clock, api: WeChatApi, vault: Vault) -> None:
        self._db = db
        self._clock = clock
        self._api = api
        self._vault = vault

    async def get(self, account: Account, bad: str | None = None) -> str:
        """Return a token.

        Args:
            bad: One that WeChat has just refused (40001, 40014, 42001): not this one again.

        Raises:
            NotDone: None is to be had now. Also ApiRefused: the app's id or secret is wrong.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + WAIT_S
        while True:
            known, expires_at = await self._known(account)
            now = self._clock.now()
            if known == bad or expires_at is None or expires_at <= now:
                known = None
            if known is not None and expires_at is not None and now < expires_at - EARLY:
                return known
            owner = new_id("t")
            if await self._lease(account, owner, now):
                try:
                    return await self._fetch(account, owner, bad)
                except NotDone:
                    if known is None:
                        raise
            if known is not None:
                return known
            if loop.time() > end:
                raise NotDone("no token")
            await asyncio.sleep(LOOK_S)

    async def _known(self, account: Account) -> tuple[str | None, datetime | None]:
        async with self._db.read() as s:
            row = await s.get(WeChatTokenRow, account.app_id)
        if row is None or row.token_enc is None:
            return None, None
        # One that lasts longer than WeChat's do was fetched before the clock was set back.
        if row.expires_at is not None and row.expires_at > self._clock.now() + timedelta(hours=3):
            return None, None
        return self._vault.decrypt(row.token_enc), row.expires_at

    async def _lease(self, account: Account, owner: str, now: datetime) -> bool:
        async with self._db.write() as s:
            await insert_new(s, WeChatTokenRow, {"app_id": account.app_id})
            taken = await s.execute(
                update(WeChatTokenRow)
                .where(
                    WeChatTokenRow.app_id == account.app_id,
                    or_(
                        WeChatTokenRow.lease_until.is_(None),
                        WeChatTokenRow.lease_until < now,
                        WeChatTokenRow.lease_until > now + FAR,
                    ),
                )
                .values(lease_owner=owner, lease_until=now + LEASE)
            )
            return bool(taken.rowcount)  # type: ignore[attr-defined]

    async def _fetch(self, account: Account, owner: str, bad: str | None) -> str:
        values: dict[str, object] = {}
        try:
            # Somebody may have fetched it between the look and the lease.
            newest, expires_at = await self._known(account)
            lasts = expires_at is not None and self._clock.now() < expires_at - EARLY
            if newest is not None and newest != bad and lasts:
                return newest
            token = await self._api.token(account)
            if token.value == bad:
                token = await self._api.token(account, force=True)
            values = {
                "token_enc": self._vault.encrypt(token.value),
                "expires_at": self._clock.now() + timedelta(seconds=token.seconds),
            }
            log.info("wechat %s: new access token for %d s", account.name, token.seconds)
            return token.value
        except Unknown as error:
            raise NotDone(str(error)) from error
        finally:
            async with self._db.write() as s:
                await s.execute(
                    update(WeChatTokenRow)
                    .where(
                        WeChatTokenRow.app_id == account.app_id,
                        WeChatTokenRow.lease_owner == owner,
                    )
                    .values(**values, lease_owner=None, lease_until=None)
                )
