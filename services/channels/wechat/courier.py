"""From the conversation to WeChat, one person's messages in order.

Two ways. The *passive reply* is the answer to WeChat's own request; it costs nothing and must be ready
within seconds. The *customer-service message* is a call of ours, of which WeChat allows few
(:mod:`services.channels.wechat.window`). Whatever is owed goes the first way that opens; when none does,
it waits until the resident writes, and then comes first.

What has become of a message is written down before and after each attempt:

* a passive reply is decided once per message of WeChat, so that each of its retries gets the same. It
  has arrived when we have written it to the connection; if that is not noted within
  ``store.HANDING_OVER`` it is owed again, and also when the resident says the same once more
  (``store.unseen``);
* a customer-service message that WeChat has refused, or that never left, is simply tried again. When
  nobody can say (no answer, or we died), it is sent once more – after WeChat has shown that it answers
  at all, so that this second time is nearly always the last. If even that remains unknown, it goes along
  with the next thing that is said, and is not sent for its own sake.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from services.channels.store import new_id
from services.channels.tables import ConversationRow, MessageRow
from services.channels.texts import Texts
from services.channels.wechat import store
from services.channels.wechat.accounts import Account, Accounts
from services.channels.wechat.api import ApiRefused, NotDone, Unknown, WeChatApi
from services.channels.wechat.choices import listed
from services.channels.wechat.splitting import MAX_BYTES, Parcel, Piece, pack
from services.channels.wechat.store import Owed
from services.channels.wechat.tables import WeChatDeliveryRow, WeChatInboundRow, WeChatUserRow
from services.channels.wechat.tokens import AccessTokens
from services.channels.wechat.window import Window
from services.channels.wechat.xml import clean
from services.clock import Clock
from services.db import Database, Session
from services.people.crypto import Vault

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=30)
ATTEMPT_S = 25.0
"""Seconds that an attempt takes at most – a token, a look whether WeChat answers, the message – so that it
ends within the lease."""
BACKOFF_S = (1, 2, 4, 8, 15, 30, 60, 120, 300)
"""Seconds until WeChat is asked again, by failures in a row; the last one repeats."""
AT_ONCE = 8
"""People that a process speaks to at the same time."""
ROUND_S = 5.0
"""Seconds that a round waits at most for those it has begun to speak to; they go on by themselves."""
SMALLEST = 512
"""Bytes below which a text that WeChat calls too long is not cut any further."""
ONCE_MORE = 1
"""How often a message of unknown fate is sent again for its own sake."""
LATE = timedelta(minutes=1)
"""What was said so long before the resident wrote is told as something missed."""

Outcome = Literal["delivered", "not_done", "unknown", "shut", "used_up", "too_long", "never"]
_OUTCOMES: dict[str, Outcome] = {
    "shut": "shut", "used_up": "used_up", "too_long": "too_long", "never": "never"
}  # fmt: skip


@dataclass(frozen=True)
class _Job:
    """One customer-service message, decided and written down, about to be sent."""

    account: Account
    user_id: str
    owner: str
    openid: str
    parcel: Parcel
    message_ids: tuple[str, ...]
    doubtful: bool
    before: Window


class Courier:
    """See the module."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        accounts: Accounts,
        api: WeChatApi,
        tokens: AccessTokens,
        vault: Vault,
        texts: Texts,
    ) -> None:
        self._db = db
        self._clock = clock
        self._accounts = accounts
        self._api = api
        self._tokens = tokens
        self._vault = vault
        self._texts = texts
        self._at_work: dict[str, asyncio.Task[int]] = {}
        self._gate = asyncio.Semaphore(AT_ONCE)

    # -- the passive reply -------------------------------------------------------------------

    async def answer(self, inbound_id: int) -> str | None:
        """Decide what WeChat is told in answer to a message, or return what it was told before.

        Returns:
            A text, or empty for “no reply”; None when it cannot be decided yet, because a
            customer-service message is on its way that comes before.
        """
        async with self._db.write() as s:
            now = self._clock.now()
            row = await s.get_one(WeChatInboundRow, inbound_id)
            if row.answer is not None:
                return row.answer
            user = await store.lock_user(s, row.user_id) if row.user_id else None
            row = await s.get_one(WeChatInboundRow, inbound_id, populate_existing=True)
            if row.answer is not None:
                return row.answer
            if user is None or not user.subscribed:
                # Nobody would see it: not understood in time, or gone.
                row.answer, row.answered_at = "", now
                return ""
            if store.leased(user, now):
                return None
            await _mind_the_dead(s, user, now)
            owed = await store.owed(s, user.conversation_id)
            elder = (await s.get_one(ConversationRow, user.conversation_id)).elder
            missed = owed and owed[0].message.created_at < row.received_at - LATE
            parcel = self._pack(owed, now, lead=self._words("missed", elder) if missed else "")
            row.answered_at = now
            row.answer = parcel.text if parcel else ""
            for delivery in store.under_way(owed, parcel, "offered"):
                delivery.inbound_id = inbound_id
            return row.answer

    async def no_answer(self, inbound_id: int) -> str:
        """The time is up: WeChat is told “no reply”, unless it was told something before."""
        async with self._db.write() as s:
            row = await s.get_one(WeChatInboundRow, inbound_id)
            if row.answer is None:
                row.answer, row.answered_at = "", self._clock.now()
            return row.answer

    async def handed_over(self, inbound_id: int) -> None:
        """The answer has been written to WeChat: what it carried has arrived."""
        async with self._db.write() as s:
            row = await s.get_one(WeChatInboundRow, inbound_id)
            if row.user_id is None or row.handed_over is not None:
                return
            user = await store.lock_user(s, row.user_id)
            row = await s.get_one(WeChatInboundRow, inbound_id, populate_existing=True)
            if row.handed_over is None:
                row.handed_over = True
                rows = await store.of_answer(s, inbound_id)
                store.arrived(rows, "passive", self._clock.now())
            user_id = user.id
        self.serve(user_id)

    # -- customer-service messages -----------------------------------------------------------

    def serve(self, user_id: str) -> asyncio.Task[int]:
        """Send a person what is due; one task a person in this process."""
        task = self._at_work.get(user_id)
        if task is None or task.done():
            task = asyncio.create_task(self._serve(user_id))
            self._at_work[user_id] = task
            task.add_done_callback(lambda t: self._done(user_id, t))
        return task

    async def serve_sender(self, inbound_id: int) -> None:
        """Send what is due to whoever sent this message, without waiting for it."""
        async with self._db.read() as s:
            row = await s.get_one(WeChatInboundRow, inbound_id)
        if row.user_id is not None:
            self.serve(row.user_id)

    async def work(self, limit: int = 50) -> int:
        """Send what is due to anybody; return how many texts went out or were settled."""
        now = self._clock.now()
        async with self._db.read() as s:
            lost = await store.lost_answers(s, now, limit)
            users = await store.users_to_serve(s, self._accounts, now, limit)
        for inbound_id in lost:
            await self._lose(inbound_id)
        tasks = [self.serve(u) for u in users]
        if tasks:
            # Whoever calls has other things to do, too, while WeChat takes its time.
            await asyncio.wait(tasks, timeout=ROUND_S)
        ended = [t for t in tasks if t.done() and not t.cancelled() and t.exception() is None]
        return len(lost) + sum(t.result() for t in ended)

    async def close(self) -> None:
        """Wait for what is under way: what becomes of it is worth knowing."""
        if self._at_work:
            await asyncio.wait(list(self._at_work.values()), timeout=LEASE.total_seconds())

    # -- inside ------------------------------------------------------------------------------

    def _done(self, user_id: str, task: asyncio.Task[int]) -> None:
        if self._at_work.get(user_id) is task:
            del self._at_work[user_id]
        if not task.cancelled() and task.exception() is not None:
            log.warning("wechat: what is owed waits, to be sent later: %r", task.exception())

    async def _serve(self, user_id: str) -> int:
        owner, done, limit = new_id("k"), 0, MAX_BYTES
        async with self._db.read() as s:
            # Looking costs nothing; taking the lease for nothing would keep other writers waiting.
            if not await store.users_to_serve(s, self._accounts, self._clock.now(), 1, user_id):
                return 0
        async with self._gate:
            while (job := await self._take(user_id, owner, limit)) is not None:
                outcome, error = await self._send(job)
                if outcome == "too_long":
                    limit //= 2
                    if limit < SMALLEST:
                        outcome = "never"
                await self._settle(job, outcome, error)
                if outcome not in ("delivered", "too_long", "never"):
                    break
                done += 1
        return done

    async def _take(self, user_id: str, owner: str, limit: int) -> _Job | None:
        """Take the lease, decide what is sent next and write that down; None: nothing now."""
        async with self._db.write() as s:
            now = self._clock.now()
            if not await store.take_lease(s, user_id, owner, now, LEASE):
                return None
            user = await store.lock_user(s, user_id)
            await _mind_the_dead(s, user, now)
            job = await self._decide(s, user, owner, limit)
            if job is None:
                store.release(user)
            return job

    async def _decide(self, s: Session, user: WeChatUserRow, owner: str, limit: int) -> _Job | None:
        now = self._clock.now()
        account = self._accounts.get(user.account)
        resting = user.retry_at is not None and now < user.retry_at <= now + store.FAR
        if account is None or resting or await store.answer_pending(s, user.id, now):
            return None
        owed = await store.owed(s, user.conversation_id)
        if not any(store.is_due(d, now) for d, _ in owed):
            return None
        window = store.window_of(user)
        left = window.left(now) if user.subscribed else 0
        if left == 0:
            for delivery, _ in owed:
                delivery.due_at = None  # until the resident writes
            return None
        elder = (await s.get_one(ConversationRow, user.conversation_id)).elder
        tail = self._words("last", elder) if left == 1 else ""
        parcel = self._pack(owed, now, limit=limit, tail=tail)
        if parcel is None:
            return None
        carried = store.under_way(owed, parcel, "sending")
        for delivery in carried:
            delivery.due_at = now + LEASE  # by then somebody else asks what has become of it
        store.set_window(user, window.spent())
        return _Job(
            account=account,
            user_id=user.id,
            owner=owner,
            openid=self._vault.decrypt(user.openid_enc),
            parcel=parcel,
            message_ids=tuple(d.message_id for d in carried),
            doubtful=any(d.doubts for d in carried),
            before=window,
        )

    async def _send(self, job: _Job) -> tuple[Outcome, str]:
        """Call WeChat; return how it went and what to keep of the reason."""
        try:
            async with asyncio.timeout(ATTEMPT_S):
                await self._attempt(job)
        except NotDone as error:
            return "not_done", str(error)
        except (Unknown, TimeoutError) as error:
            return "unknown", str(error)
        except ApiRefused as refused:
            return _OUTCOMES.get(refused.verdict, "not_done"), str(refused)
        return "delivered", ""

    async def _attempt(self, job: _Job) -> None:
        token = await self._tokens.get(job.account)
        try:
            await self._call(job, token)
        except ApiRefused as refused:
            if refused.verdict != "token":
                raise
            await self._call(job, await self._tokens.get(job.account, bad=token))

    async def _call(self, job: _Job, token: str) -> None:
        if job.doubtful:
            await self._api.alive(job.account, token)
        await self._api.send_text(job.account, token, job.openid, job.parcel.text)

    async def _settle(self, job: _Job, outcome: Outcome, error: str) -> None:
        if outcome != "delivered":
            log.warning("wechat %s: message %s: %s", job.account.name, outcome, error)
        async with self._db.write() as s:
            now = self._clock.now()
            user = await store.lock_user(s, job.user_id)
            await store.count(s, job.account.name, outcome)
            sending = await store.owed(s, user.conversation_id, "sending")
            rows = [d for d, m in sending if m.id in job.message_ids]
            if user.lease_owner != job.owner:
                return  # it took us too long: whoever has the lease now has decided about these
            if outcome == "delivered":
                store.arrived(rows, "service", now)
                user.failures, user.retry_at = 0, None
                return
            self._take_back(user, rows, outcome, error[:200])
            window = store.window_of(user)
            if outcome != "unknown":
                window = window.refunded()
            if outcome in ("shut", "used_up") and window.same_as(job.before):
                # Unless the resident has written meanwhile, WeChat knows better than we.
                window = Window() if outcome == "shut" else window.used_up()
            store.set_window(user, window)
            if outcome not in ("too_long", "never"):
                store.release(user)

    def _take_back(
        self, user: WeChatUserRow, rows: Sequence[WeChatDeliveryRow], outcome: Outcome, error: str
    ) -> None:
        """What did not arrive is owed again, or has failed for good."""
        now = self._clock.now()
        for row in rows:
            row.error = error
            if outcome == "never":
                row.state, row.due_at, row.settled_at = "failed", None, now
            elif outcome == "unknown":
                _doubt(row, now)
            else:
                row.state, row.due_at = "owed", now
        if outcome in ("unknown", "not_done"):
            user.failures += 1
            pause = BACKOFF_S[min(user.failures, len(BACKOFF_S)) - 1]
            user.retry_at = now + timedelta(seconds=pause)

    async def _lose(self, inbound_id: int) -> None:
        """A passive reply that was decided and not handed over: what it carried is owed again."""
        async with self._db.write() as s:
            row = await s.get_one(WeChatInboundRow, inbound_id)
            assert row.user_id is not None  # it had an answer
            await store.lock_user(s, row.user_id)
            row = await s.get_one(WeChatInboundRow, inbound_id, populate_existing=True)
            if row.handed_over is not None:
                return
            row.handed_over = False
            for delivery in await store.of_answer(s, inbound_id):
                _doubt(delivery, self._clock.now())

    def _pack(
        self,
        owed: Sequence[Owed],
        now: datetime,
        limit: int = MAX_BYTES,
        lead: str = "",
        tail: str = "",
    ) -> Parcel | None:
        """Return the next text. A message without any words (a card alone) needs no telling.

        What is told once more (``settled_at``) stands without its choices, which are over, and not at all
        when what was said again got the same answer.
        """
        fresh = {message.text for delivery, message in owed if delivery.settled_at is None}
        pieces = []
        for delivery, message in owed:
            again = delivery.settled_at is not None
            text = "" if again and message.text in fresh else self._render(message, not again)
            text = text[delivery.said :]
            if text.strip():
                closes = bool(message.buttons) and not again
                pieces.append(Piece(message.id, text, closes))
            else:
                delivery.state, delivery.way, delivery.settled_at = "delivered", "none", now
                delivery.due_at = None
        return pack(pieces, limit, lead, tail)

    def _render(self, message: MessageRow, choices: bool = True) -> str:
        """Return a message as words; the same each time, as we count how much of it has arrived."""
        lead = self._words("human_lead") if message.sender == "human" else ""
        offers = listed([b["title"] for b in message.buttons]) if choices else ""
        return clean("\n\n".join(part for part in (lead + message.text, offers) if part.strip()))

    def _words(self, key: str, elder: bool = False) -> str:
        return self._texts.say(key, elder).text


async def _mind_the_dead(s: Session, user: WeChatUserRow, now: datetime) -> None:
    """What a process was sending when it died has an unknown fate."""
    for delivery, _ in await store.owed(s, user.conversation_id, "sending"):
        _doubt(delivery, now)


def _doubt(row: WeChatDeliveryRow, now: datetime) -> None:
    row.state, row.doubts = "owed", row.doubts + 1
    row.due_at = now if row.doubts <= ONCE_MORE else None
