"""The one door to WeChat: for the view that WeChat calls, the worker and tests."""

from __future__ import annotations

import asyncio
import logging
import math
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from services.channels.service import ChannelService
from services.channels.texts import Texts
from services.channels.wechat import leaving, store
from services.channels.wechat.accounts import Account, load
from services.channels.wechat.api import WeChatApi
from services.channels.wechat.checks import Received, Refused, check, check_echo
from services.channels.wechat.courier import Courier
from services.channels.wechat.crypto import signature
from services.channels.wechat.inbox import Inbox
from services.channels.wechat.kinds import HEEDED, read_menu
from services.channels.wechat.tokens import AccessTokens
from services.channels.wechat.xml import render
from services.clock import Clock
from services.config import Settings
from services.db import Database, DatabaseAway
from services.people.crypto import Vault

log = logging.getLogger(__name__)

ANSWER_S = 4.2
"""Seconds after which WeChat is told “no reply”. It waits five; the rest is for the way."""
LAST_S = 4.8
"""Seconds after which nobody at WeChat is sure to listen any more: a text is not handed over then."""
LOOK_S = 0.05
ROUND_S = 0.5
"""Seconds between two rounds of a web process; the longest that what is due waits on an idle machine."""
SWEEP_S = 60.0
"""Seconds between two sweeps of what is not needed any more."""


@dataclass(frozen=True)
class Reply:
    """What to answer to WeChat.

    Attributes:
        body: XML, or ``success`` for “no reply”.
        inbound_id: Of the message whose answer this carries; to be confirmed when it is written.
    """

    body: bytes
    inbound_id: int | None = None


NO_REPLY = Reply(b"success")


class WeChatService:
    """See the module. Without accounts every address is unknown and there is nothing to do."""

    def __init__(
        self, settings: Settings, db: Database, clock: Clock, channels: ChannelService
    ) -> None:
        self._settings = settings
        self._db = db
        self._clock = clock
        self._channels = channels
        self.accounts = load(settings.wechat_file)
        self._api = WeChatApi()
        self._texts = Texts(settings.data_dir / "texts" / "wechat.yml")
        self._swept = -math.inf
        self._noting: set[asyncio.Task[None]] = set()

    @cached_property
    def _vault(self) -> Vault:
        return Vault.from_settings(self._settings)

    @cached_property
    def _tokens(self) -> AccessTokens:
        return AccessTokens(self._db, self._clock, self._api, self._vault)

    @cached_property
    def inbox(self) -> Inbox:
        """The way in."""
        return Inbox(
            self._db,
            self._clock,
            self._channels,
            self.accounts,
            self._api,
            self._tokens,
            self._vault,
            self._texts,
            read_menu(self._settings.data_dir / "wechat" / "menu.yml"),
        )

    @cached_property
    def courier(self) -> Courier:
        """The way out."""
        return Courier(
            self._db,
            self._clock,
            self.accounts,
            self._api,
            self._tokens,
            self._vault,
            self._texts,
        )

    def account(self, name: str) -> Account:
        """Return an account; Refused ``account``."""
        found = self.accounts.get(name)
        if found is None:
            raise Refused("account")
        return found

    def echo(self, name: str, query: Mapping[str, str]) -> str:
        """Answer WeChat's question whether this is our address; or Refused."""
        return check_echo(self.account(name), query, self._clock.now())

    async def receive(
        self, name: str, query: Mapping[str, str], body: bytes, arrived: float
    ) -> Reply:
        """Take a message or event and return the answer; or Refused.

        Args:
            arrived: When the request came, by the event loop's clock: the answer is ready within
                :data:`ANSWER_S` of it, or WeChat is told “no reply” and the resident gets it as
                customer-service message.
        """
        account = self.account(name)
        received = check(account, query, body, self._clock.now())
        if received.is_event and received.fields.get("Event") not in HEEDED:
            return NO_REPLY
        # From here on it is safe. Before, WeChat is not told that all is well, and tries again.
        inbound_id = await self.inbox.keep(account, received, self._clock.now())
        end = arrived + ANSWER_S
        await self._understood(account, received, inbound_id, end)
        text = await self._answer(inbound_id, end)
        late = asyncio.get_running_loop().time() - arrived > LAST_S
        # What is late (a machine with too much to do) is not confirmed: a retry gets the same text,
        # and without one it is owed again.
        if not text or late:
            await self.courier.serve_sender(inbound_id)
            return NO_REPLY
        return Reply(self._written(account, received, text), inbound_id)

    def handed_over(self, inbound_id: int) -> None:
        """The answer has been written to WeChat: note it, whatever becomes of the connection now."""
        task = asyncio.create_task(self.courier.handed_over(inbound_id))
        self._noting.add(task)
        task.add_done_callback(self._noted)

    async def work(self) -> int:
        """Carry on what waits, of any process; return how much was done."""
        if not self.accounts:
            return 0
        done = await self.inbox.work() + await self.courier.work()
        if time.monotonic() - self._swept > SWEEP_S:
            self._swept = time.monotonic()
            async with self._db.write() as s:
                await store.sweep(s, self._clock.now())
            await self.forget_who_left()
        return done

    async def forget_who_left(self) -> int:
        """Erase who has unsubscribed and has no open ticket; return how many."""
        return await leaving.forget_who_left(self._db, self._clock, self._channels.eraser)

    async def sends(self) -> list[tuple[str, str, int]]:
        """Return (account, outcome, number) of customer-service messages, of all processes."""
        async with self._db.read() as s:
            return await store.counts(s)

    async def run(self) -> None:
        """Work in rounds until cancelled."""
        while self.accounts:
            try:
                await self._clock.refresh(self._db)
                await self.work()
            except DatabaseAway:
                log.warning("wechat: the database is away")
            except Exception:
                log.exception("wechat: a round failed")
            await asyncio.sleep(ROUND_S)

    async def close(self) -> None:
        """Finish what is under way, close the connections."""
        await asyncio.gather(*self._noting, return_exceptions=True)
        for part in ("inbox", "courier"):
            if part in self.__dict__:
                await getattr(self, part).close()
        await self._api.close()

    # -- inside ------------------------------------------------------------------------------

    def _noted(self, task: asyncio.Task[None]) -> None:
        self._noting.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.warning("wechat: an answer was given, which could not be noted: it comes again")

    async def _understood(
        self, account: Account, received: Received, inbound_id: int, end: float
    ) -> None:
        """Wait until a message has its answer, or the time is up; it goes on by itself."""
        loop = asyncio.get_running_loop()
        who = self.inbox.fingerprint(account, received.openid)
        place = await self.inbox.taken(account, who, inbound_id, end - loop.time())
        if place is not None:
            await self._channels.answer_within(
                place.conversation_id, place.message_id, end - loop.time()
            )

    async def _answer(self, inbound_id: int, end: float) -> str:
        """Return what WeChat is told, empty for “no reply”."""
        loop = asyncio.get_running_loop()
        while True:
            text = await self.courier.answer(inbound_id)
            if text is not None:
                return text
            if loop.time() + LOOK_S > end:
                return await self.courier.no_answer(inbound_id)
            await asyncio.sleep(LOOK_S)

    def _written(self, account: Account, received: Received, text: str) -> bytes:
        now = int(self._clock.now().timestamp())
        plain = render(
            {
                "ToUserName": received.openid,
                "FromUserName": account.original_id,
                "CreateTime": now,
                "MsgType": "text",
                "Content": text,
            }
        )
        if not received.encrypted or account.envelope is None:
            return plain
        sealed, nonce = account.envelope.encrypt(plain), secrets.token_hex(8)
        token = account.token.get_secret_value()
        return render(
            {
                "Encrypt": sealed,
                "MsgSignature": signature(token, str(now), nonce, sealed),
                "TimeStamp": now,
                "Nonce": nonce,
            }
        )
