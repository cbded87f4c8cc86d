"""From WeChat into the conversation, one person's messages in order, each once.

A message is a row before anything else happens to it. What it asks is decided once and kept with it;
all that follows can be done again without a second effect: the conversation knows a message by
``wx:<MsgId>``, an answer of ours by the same key. So whoever lives – the process that took the message,
another one, the worker – carries on from wherever the one before it has died.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from weakref import WeakValueDictionary

from services.channels import store as conversations
from services.channels.service import ChannelService
from services.channels.tables import ConversationRow
from services.channels.texts import Texts
from services.channels.wechat import store
from services.channels.wechat.accounts import Account, Accounts
from services.channels.wechat.api import ApiRefused, NotDone, Unknown, WeChatApi
from services.channels.wechat.checks import Received
from services.channels.wechat.kinds import OPENS, UNSUBSCRIBED, Step, step_of, with_choice
from services.channels.wechat.tables import WeChatInboundRow, WeChatUserRow
from services.channels.wechat.tokens import AccessTokens
from services.channels.wechat.window import Window
from services.clock import Clock
from services.db import Database, DatabaseAway, Session
from services.errors import LindaError
from services.people.crypto import Vault

log = logging.getLogger(__name__)

FETCHING = timedelta(seconds=20)
"""So long a photo that is being fetched is left to whoever fetches it."""
AGAIN = (timedelta(seconds=3), timedelta(seconds=10), timedelta(seconds=30))
"""Pauses before what failed is tried again; after the last the resident is told."""
ROUND_S = 5.0
"""Seconds that a round waits at most for what it has taken up."""
LOOK_S = 0.05
"""Seconds between two looks while another process is at work on the same person."""


@dataclass(frozen=True)
class Place:
    """Where a resident's message is."""

    conversation_id: str
    message_id: str


class _Next(Enum):
    """How a step ended."""

    GO_ON = "go_on"
    WAIT = "wait"
    """This message has to wait, and so do those behind it."""


class Inbox:
    """See the module."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        channels: ChannelService,
        accounts: Accounts,
        api: WeChatApi,
        tokens: AccessTokens,
        vault: Vault,
        texts: Texts,
        menu: Mapping[str, str],
    ) -> None:
        self._db = db
        self._clock = clock
        self._channels = channels
        self._accounts = accounts
        self._api = api
        self._tokens = tokens
        self._vault = vault
        self._texts = texts
        self._menu = menu
        self._at_work: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._arriving: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    def fingerprint(self, account: Account, openid: str) -> str:
        """Return what finds a person without telling who it is."""
        return self._vault.fingerprint(f"wechat:{account.app_id}:{openid}")

    async def keep(self, account: Account, received: Received, now: datetime) -> int:
        """Store a message, which is safe from here on; return its row's id.

        Refused when its nonce was used before.
        """
        who = self.fingerprint(account, received.openid)
        # What one person sends in quick succession is stored as it came.
        turn = self._arriving.setdefault((account.name, who), asyncio.Lock())
        async with turn, self._db.write() as s:
            sealed = self._vault.encrypt(received.openid)
            return await store.keep(s, account, received, who, sealed, now)

    async def taken(
        self, account: Account, who: str, inbound_id: int, seconds: float
    ) -> Place | None:
        """Wait at most so long until a message has been taken into its conversation.

        Returns:
            Where it is; None when there is nothing to wait for: it only asked for words of ours, or
            has to wait itself, or the time is up.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while (left := end - loop.time()) > 0:
            await asyncio.wait([self.carry_on(account, who)], timeout=left)
            async with self._db.read() as s:
                row = await s.get_one(WeChatInboundRow, inbound_id)
                if row.state == "taken":
                    return await _place(s, row)
                first = await store.first_waiting(s, account.name, who)
            if first is not None and first.held:
                return None
            await asyncio.sleep(min(LOOK_S, max(end - loop.time(), 0)))
        return None

    def carry_on(self, account: Account, who: str) -> asyncio.Task[None]:
        """Take what waits of one person; one task a person in this process."""
        key = account.name, who
        task = self._at_work.get(key)
        if task is None or task.done():
            task = asyncio.create_task(self._carry_on(account, who))
            self._at_work[key] = task
            task.add_done_callback(lambda t: self._done(key, t))
        return task

    async def work(self, limit: int = 50) -> int:
        """Take up what others have left; return of how many people something moved."""
        async with self._db.read() as s:
            waiting = await store.waiting_senders(s, self._accounts, self._clock.now(), limit)
        found = [(self._accounts[name], who) for name, who in waiting]
        before = [await self._first(account, who) for account, who in found]
        tasks = [self.carry_on(account, who) for account, who in found]
        if tasks:
            # A photo may take its time; it goes on by itself.
            await asyncio.wait(tasks, timeout=ROUND_S)
        after = [await self._first(account, who) for account, who in found]
        return sum(a != b for a, b in zip(before, after, strict=True))

    async def close(self) -> None:
        """Wait for what is under way."""
        if self._at_work:
            await asyncio.wait(list(self._at_work.values()), timeout=5)

    # -- inside ------------------------------------------------------------------------------

    def _done(self, key: tuple[str, str], task: asyncio.Task[None]) -> None:
        if self._at_work.get(key) is task:
            del self._at_work[key]
        if not task.cancelled() and task.exception() is not None:
            log.warning("wechat: a message waits, to be taken up again: %r", task.exception())

    async def _first(self, account: Account, who: str) -> int | None:
        async with self._db.read() as s:
            row = await store.first_waiting(s, account.name, who)
            return row.id if row else None

    async def _carry_on(self, account: Account, who: str) -> None:
        while True:
            async with self._db.read() as s:
                row = await store.first_waiting(s, account.name, who)
            if row is None or self._must_wait(row):
                return
            try:
                if await self._do(account, row, *await self._decide(account, row)) is _Next.WAIT:
                    return
            except DatabaseAway:
                raise
            except Exception:
                # One message that cannot be dealt with must not keep back all that follow.
                log.exception("wechat %s: inbound %d failed", account.name, row.id)
                if row.attempts < len(AGAIN):
                    await self._later(row, AGAIN[row.attempts])
                    return
                await self._finish(row, Step("say", key="stumbled"))

    def _must_wait(self, row: WeChatInboundRow) -> bool:
        now = self._clock.now()
        times = [row.claimed_until, row.due_at if row.held else None]
        return any(t is not None and now < t <= now + store.FAR for t in times)

    async def _decide(self, account: Account, row: WeChatInboundRow) -> tuple[WeChatUserRow, Step]:
        """Find or make the person, note what WeChat allows us now, and settle what is asked."""
        async with self._db.write() as s:
            now = self._clock.now()
            user_id = await store.ensure_user(s, row, account.elder_default, now)
            user = await store.lock_user(s, user_id)
            found = await s.get_one(WeChatInboundRow, row.id, populate_existing=True)
            if found.meaning is not None:
                return user, Step(**found.meaning)
            step = step_of(found.content, self._menu)
            store.owe_again(await store.unseen(s, user.id, found, step.words), now)
            step = with_choice(step, await store.offered(s, user.conversation_id))
            _note(user, found)
            await store.due_again(s, user.conversation_id, now)
            found.meaning, found.user_id = step.as_dict(), user_id
            return user, step

    async def _do(
        self, account: Account, row: WeChatInboundRow, user: WeChatUserRow, step: Step
    ) -> _Next:
        if step.do == "fetch":
            fetched = await self._fetch(account, row, user, step)
            if fetched is None:
                return _Next.WAIT
            step = fetched
        if step.do == "hear":
            return await self._hear(row, user, step)
        await self._finish(row, step)
        return _Next.GO_ON

    async def _hear(self, row: WeChatInboundRow, user: WeChatUserRow, step: Step) -> _Next:
        """Put it into the conversation and have it answered."""
        incoming = step.incoming(f"wx:{row.key}")
        try:
            message_id = await self._channels.accept(user.conversation_id, incoming, menu=step.menu)
        except LindaError as error:
            if error.code == "rate_limited":
                await self._hold(row, user, int(error.fields["retry_after"]))
                return _Next.WAIT
            if error.status >= 500:
                raise
            await self._finish(row, Step("say", key="refused", facts={"reason": error.message}))
            return _Next.GO_ON
        await self._finish(row, step, message_id)
        await self._channels.answer_within(user.conversation_id, message_id, 0)
        return _Next.GO_ON

    async def _finish(
        self, row: WeChatInboundRow, step: Step, message_id: str | None = None
    ) -> None:
        """Say what is to be said, if anything, and put the message aside."""
        async with self._db.write() as s:
            found = await s.get_one(WeChatInboundRow, row.id)
            if step.do == "say" and found.user_id is not None:
                user = await s.get_one(WeChatUserRow, found.user_id)
                if step.elder is not None:
                    conversation = await s.get_one(ConversationRow, user.conversation_id)
                    conversation.elder = step.elder
                await self._say(s, user, f"wx:{row.key}", step.key, **(step.facts or {}))
            found.state, found.message_id, found.held = "taken", message_id, False
            # From here on the conversation has it; what it said need not be kept twice.
            found.content = {}

    async def _hold(self, row: WeChatInboundRow, user: WeChatUserRow, seconds: int) -> None:
        """Too many a minute: keep it for later, and say so once a minute."""
        async with self._db.write() as s:
            now = self._clock.now()
            found = await s.get_one(WeChatInboundRow, row.id)
            found.held, found.due_at = True, now + timedelta(seconds=seconds)
            minute = int(now.timestamp()) // 60
            await self._say(s, user, f"wx-rate:{minute}", "rate_limited", seconds=seconds)

    async def _say(
        self, s: Session, user: WeChatUserRow, effect: str, key: str, **facts: object
    ) -> None:
        """Say words of ours, once."""
        elder = (await s.get_one(ConversationRow, user.conversation_id)).elder
        known = {"duty_phone": self._channels.duty.phone, **self._channels.notice.greeting}
        said = self._texts.say(key, elder, **known, **facts)
        await conversations.say_once(
            s,
            user.conversation_id,
            effect,
            self._clock.now(),
            text=said.text,
            buttons=said.buttons,
        )

    # -- photos ------------------------------------------------------------------------------

    async def _fetch(
        self, account: Account, row: WeChatInboundRow, user: WeChatUserRow, step: Step
    ) -> Step | None:
        """Get a photo from WeChat and store it; return what to do with it, None to try later."""
        todo = await self._claim(row, step)
        if todo is None or todo.do != "fetch":
            return todo
        try:
            return await self._settle(row, await self._photo(account, user, step))
        except (NotDone, Unknown, ApiRefused) as error:
            log.warning("wechat %s: photo not fetched: %s", account.name, error)
            if row.attempts < len(AGAIN):
                await self._later(row, AGAIN[row.attempts])
                return None
            return await self._settle(row, Step("say", key="photo_failed"))

    async def _photo(self, account: Account, user: WeChatUserRow, step: Step) -> Step:
        token = await self._tokens.get(account)
        try:
            try:
                return await self._stored(account, token, user, step)
            except ApiRefused as refused:
                if refused.verdict != "token":
                    raise
                token = await self._tokens.get(account, bad=token)
                return await self._stored(account, token, user, step)
        except ApiRefused as refused:
            if refused.verdict != "gone":
                raise
            return Step("say", key="photo_gone")
        except LindaError as error:
            if error.status >= 500:
                raise
            # Too large, no picture, too many: our own words say what to do.
            return Step("say", key="refused", facts={"reason": error.message})

    async def _stored(self, account: Account, token: str, user: WeChatUserRow, step: Step) -> Step:
        async with self._api.media(account, token, step.media_id) as chunks:
            photo = await self._channels.add_attachment(user.conversation_id, chunks)
        return Step("hear", "attachment", attachment_id=photo.id)

    async def _claim(self, row: WeChatInboundRow, step: Step) -> Step | None:
        """Return what is to be done now: the fetching, or what another process has made of it."""
        async with self._db.write() as s:
            now = self._clock.now()
            found = await s.get_one(WeChatInboundRow, row.id, with_for_update=True)
            if found.state != "received" or self._must_wait(found):
                return None
            if found.meaning is not None and found.meaning["do"] != "fetch":
                return Step(**found.meaning)
            found.claimed_until = now + FETCHING
            return step

    async def _later(self, row: WeChatInboundRow, pause: timedelta) -> None:
        async with self._db.write() as s:
            found = await s.get_one(WeChatInboundRow, row.id)
            found.attempts += 1
            found.claimed_until, found.held = None, True
            found.due_at = self._clock.now() + pause

    async def _settle(self, row: WeChatInboundRow, step: Step) -> Step:
        """Keep what a photo has become; whoever was faster has decided."""
        async with self._db.write() as s:
            found = await s.get_one(WeChatInboundRow, row.id, with_for_update=True)
            if found.meaning is not None and found.meaning["do"] != "fetch":
                return Step(**found.meaning)
            found.meaning, found.claimed_until = step.as_dict(), None
        return step


def _note(user: WeChatUserRow, row: WeChatInboundRow) -> None:
    """Write down what a message or event changes in what WeChat lets us send."""
    event = row.content.get("Event") if row.content["MsgType"] == "event" else None
    if event == UNSUBSCRIBED:
        user.subscribed = False
        store.set_window(user, Window())
        return
    user.subscribed = True
    cause = "message" if event is None else OPENS.get(event)
    if cause is not None:
        # Measured from when it came: a retry that is heard of later opens nothing anew.
        store.set_window(user, store.window_of(user).opened(cause, row.received_at))
        user.retry_at, user.failures = None, 0


async def _place(s: Session, row: WeChatInboundRow) -> Place | None:
    if row.message_id is None:
        return None
    user = await s.get_one(WeChatUserRow, row.user_id)
    return Place(user.conversation_id, row.message_id)
