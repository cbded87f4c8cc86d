"""WebhookService: subscriptions, what is owed to them, sending it.

At least once, in order as far as that goes: a message is written with the outbox's work on the
change it tells of, under an id that is the same however often that work is done. It is sent until
the receiver says 2xx. One that fails holds back those behind it at first, then waits aside.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import ColumnElement, and_, delete, func, or_, select, update

from services.audit import journal
from services.clock import Clock
from services.config import Settings
from services.db import Database, DatabaseAway, Session
from services.errors import LindaError
from services.once import Once, keep, made_before
from services.outbound import Outbound, Unreached
from services.outbox.queue import enqueue
from services.people.model import Staff
from services.people.service import PeopleService
from services.tickets import store
from services.tickets.core.fold import fold
from services.tickets.core.leaves import Leaf
from services.webhooks.message import body_of, message_id, wanted
from services.webhooks.rules import Rules, load_rules
from services.webhooks.signing import headers, new_secret
from services.webhooks.tables import MessageRow, WebhookRow

if TYPE_CHECKING:
    from services.context import Services

log = logging.getLogger(__name__)

COLLECT = "webhook.collect"
Who = Staff | tuple[str, str, str]
STATES: Mapping[str, str] = {"waiting": "等着送", "delivered": "送到了", "dead": "死信"}
LEASE = timedelta(seconds=60)
"""How long a subscription is one process's; longer than the longest wait for an answer."""
AT_ONCE = 16
"""Subscriptions that are sent to side by side."""
IN_A_ROW = 50
"""Messages of one subscription in a round, so that others get their turn."""
ROUND_S = 1.0
PATIENCE_S = 20.0
"""How long :meth:`WebhookService.finish` waits for another process; longer than a receiver may take."""
LOOK_S = 0.05
MOST = 100
GONE = 410
DEAD_KEPT = 3


class NewWebhook(BaseModel):
    """A subscription as it is asked for."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=60)
    url: str = Field(min_length=1, max_length=1000)
    events: list[str] = Field(min_length=1, max_length=60)
    org_id: str | None = None
    community_id: str | None = None


@dataclass(frozen=True)
class Sending:
    """One attempt: what goes where, under which secrets."""

    seq: int
    id: str
    url: str
    body: bytes
    secrets: tuple[str, ...]


async def on_changed(services: Services, payload: Mapping[str, Any]) -> None:
    """Have subscriptions told of a change (topic ``ticket.changed``).

    As work of its own: neither waits for the other when telling the resident or this fails.
    """
    number, version = str(payload["ticket_no"]), int(payload["version"])
    async with services.db.write() as s:
        if await s.scalar(select(WebhookRow.id).where(WebhookRow.active).limit(1)) is not None:
            told = {"ticket_no": number, "version": version}
            now = services.clock.now()
            await enqueue(s, COLLECT, told, f"webhooks:{number}:{version}", now)


async def on_collect(services: Services, payload: Mapping[str, Any]) -> None:
    """Write what subscriptions are owed of a change (topic ``webhook.collect``)."""
    await services.webhooks.collect(str(payload["ticket_no"]), int(payload["version"]))


class WebhookService:
    """All methods raise ``LindaError``: 404 ``webhook_not_found`` or ``message_not_found``, 422
    ``url_refused``, ``unknown_event``, ``unknown_org`` or ``unknown_community``.
    """

    def __init__(
        self, settings: Settings, db: Database, clock: Clock, people: PeopleService,
        leaves: Mapping[str, Leaf], outbound: Outbound,
    ) -> None:  # fmt: skip
        self.rules: Rules = load_rules(settings.data_dir / "webhooks.yml")
        self._db = db
        self._clock = clock
        self._people = people
        self._leaves = leaves
        self._outbound = outbound

    # ── subscriptions ───────────────────────────────────────────────────────────────────────

    async def add(
        self, wanted: NewWebhook, who: Who, communities: Collection[str],
        once: Once | None = None,
    ) -> tuple[str, str]:  # fmt: skip
        """Subscribe; return the id and the secret, which is shown this one time.

        Args:
            communities: Ids that a filter may name.
            once: Asked again, it is the same subscription, and the secret is empty.
        """
        self._outbound.check(wanted.url)
        if unknown := sorted(set(wanted.events) - set(self.rules.events)):
            raise LindaError(
                "unknown_event",
                f"没有这些事可以订：{'、'.join(unknown)}。",
                422,
                {"events": unknown},
            )
        if wanted.org_id and self._people.org(wanted.org_id) is None:
            raise LindaError(
                "unknown_org", f"没有 {wanted.org_id} 这个单位。", 422, {"org_id": wanted.org_id}
            )
        if wanted.community_id and wanted.community_id not in communities:
            raise LindaError(
                "unknown_community", f"没有 {wanted.community_id} 这个社区。", 422,
                {"community_id": wanted.community_id},
            )  # fmt: skip
        id, secret, now = f"wh_{secrets.token_hex(8)}", new_secret(), self._clock.now()
        row = WebhookRow(
            id=id, name=wanted.name, url=wanted.url, events=sorted(set(wanted.events)),
            org_id=wanted.org_id or None, community_id=wanted.community_id or None, active=True,
            secret_enc=self._people.vault.encrypt(secret), created_by=_id(who), created_at=now,
        )  # fmt: skip
        async with self._db.write() as s:
            if (known := await made_before(once, s, now)) is not None:
                return known, ""
            s.add(row)
            await journal.note(s, now, who, "webhook.add", f"webhook:{id}", wanted.name)
            await keep(once, s, id)
        return id, secret

    async def list(self) -> list[WebhookRow]:
        """Return all subscriptions, the oldest first."""
        async with self._db.read() as s:
            query = select(WebhookRow).order_by(WebhookRow.created_at, WebhookRow.id)
            return [*await s.scalars(query)]

    async def get(self, id: str) -> WebhookRow:
        """Return one subscription."""
        async with self._db.read() as s:
            return await _webhook(s, id)

    async def rotate(self, id: str, who: Who) -> str:
        """Replace the secret; return the new one. The old one signs beside it for a while."""
        secret, now = new_secret(), self._clock.now()
        async with self._db.write() as s:
            row = await _webhook(s, id, lock=True)
            row.former_enc = row.secret_enc
            row.former_until = now + timedelta(hours=self.rules.rotation_hours)
            row.secret_enc = self._people.vault.encrypt(secret)
            await journal.note(s, now, who, "webhook.rotate", f"webhook:{id}", row.name)
        return secret

    async def switch(self, id: str, active: bool, who: Who) -> None:
        """Switch on or off. What happens meanwhile is not collected; what is owed waits."""
        now = self._clock.now()
        async with self._db.write() as s:
            row = await _webhook(s, id, lock=True)
            row.active, row.stopped_why = active, None if active else "管理员停的"
            if active:
                row.next_at = now
            word = "开" if active else "停"
            await journal.note(
                s, now, who, "webhook.switch", f"webhook:{id}", f"{row.name}：{word}"
            )

    # ── what is owed ────────────────────────────────────────────────────────────────────────

    async def collect(self, ticket_no: str, version: int) -> None:
        """Write what subscriptions are told of one event; again, it changes nothing."""
        async with self._db.read() as s:
            asking = [*await s.scalars(select(WebhookRow).where(WebhookRow.active))]
            if not asking:
                return
            happened = (await store.history(s, ticket_no))[:version]
        event, after = happened[-1], fold(happened)
        before = fold(happened[:-1])
        told = [
            w for w in asking
            if wanted(before, after, event, events=w.events, org_id=w.org_id, community_id=w.community_id)
        ]  # fmt: skip
        if not told:
            return
        leaf = self._leaves.get(after.leaf or "")
        body, now = body_of(after, event, leaf.title if leaf else None), self._clock.now()
        async with self._db.write() as s:
            for webhook in told:
                id = message_id(webhook.id, ticket_no, version)
                row = await _webhook(s, webhook.id, lock=True)
                if await s.scalar(select(MessageRow.seq).where(MessageRow.id == id)) is None:
                    s.add(
                        MessageRow(
                            id=id, webhook=row.id, ticket_no=ticket_no, event=event.type,
                            at=event.at, body=body, state="waiting", attempts=0, next_at=now,
                        )
                    )  # fmt: skip
                    row.next_at = row.next_at or now

    async def messages(
        self, id: str, state: str | None = None, after: int | None = None, limit: int = MOST
    ) -> Sequence[MessageRow]:
        """Return messages of a subscription, the newest first.

        Args:
            state: One of :data:`STATES`.
            after: Only those older than this ``seq``.
        """
        where = [MessageRow.webhook == id]
        if state:
            where.append(MessageRow.state == state)
        if after:
            where.append(MessageRow.seq < after)
        async with self._db.read() as s:
            await _webhook(s, id)
            query = select(MessageRow).where(*where).order_by(MessageRow.seq.desc()).limit(limit)
            return (await s.scalars(query)).all()

    async def counts(self) -> Mapping[str, Mapping[str, int]]:
        """Return how many messages are in which state, by subscription."""
        found: dict[str, dict[str, int]] = {}
        query = select(MessageRow.webhook, MessageRow.state, func.count()).group_by(
            MessageRow.webhook, MessageRow.state
        )
        async with self._db.read() as s:
            for webhook, state, count in await s.execute(query):
                found.setdefault(webhook, {})[state] = count
        return found

    async def replay(self, id: str, message: str, who: Who) -> int:
        """Send one message again, whatever became of it; same id, same body."""
        done = await self._replay(id, MessageRow.id == message, who, message)
        if not done:
            raise LindaError("message_not_found", "没有这条推送，或者它还在等着送。", 404)
        return done

    async def replay_range(
        self, id: str, since: datetime, until: datetime, who: Who, dead_only: bool = True
    ) -> int:
        """Send again what tells of a span of time, both ends included; return how many messages."""
        where = and_(MessageRow.at >= since, MessageRow.at <= until)
        if dead_only:
            where = and_(where, MessageRow.state == "dead")
        span = f"{since:%Y-%m-%d %H:%M}—{until:%Y-%m-%d %H:%M}"
        return await self._replay(id, where, who, span)

    async def _replay(self, id: str, where: ColumnElement[bool], who: Who, words: str) -> int:
        now = self._clock.now()
        async with self._db.write() as s:
            row = await _webhook(s, id, lock=True)
            again = (
                update(MessageRow)
                .where(MessageRow.webhook == id, MessageRow.state != "waiting", where)
                .values(state="waiting", attempts=0, next_at=now, done_at=None)
                .returning(MessageRow.seq)
            )
            done = len((await s.execute(again)).all())
            if done:
                row.next_at = now
                await journal.note(
                    s, now, who, "webhook.replay", f"webhook:{id}", words, count=done
                )
        return done

    # ── sending ─────────────────────────────────────────────────────────────────────────────

    async def keep_working(self) -> None:
        """Send what is due, round after round, until cancelled; the worker process runs it."""
        while True:
            try:
                while await self.work():
                    pass
                await self.tidy()
            except DatabaseAway:
                log.warning("webhooks wait for the database")
            except Exception:
                log.exception("webhook round failed")
            await asyncio.sleep(ROUND_S)

    async def work(self) -> int:
        """Do one round; return how many messages were sent, well or not."""
        now = self._clock.now()
        async with self._db.read() as s:
            query = (
                select(WebhookRow.id).where(_due(now)).order_by(WebhookRow.next_at).limit(AT_ONCE)
            )
            due = [*await s.scalars(query)]
        return sum(await asyncio.gather(*(self._send_all(id) for id in due)))

    async def finish(self) -> int:
        """Send until nothing is due, what another process is sending included; return how many we sent.

        Waits at most ``PATIENCE_S`` for others: one that died in between gives its lease back later.
        """
        sent, ends = 0, time.monotonic() + PATIENCE_S
        while True:
            if done := await self.work():
                sent += done
            elif time.monotonic() < ends and await self._sending():
                await asyncio.sleep(LOOK_S)
            else:
                return sent

    async def _sending(self) -> bool:
        """Say whether somebody is sending what is due."""
        now = self._clock.now()
        query = select(WebhookRow.id).where(
            WebhookRow.active, WebhookRow.next_at <= now, ~_free(now)
        )
        async with self._db.read() as s:
            return await s.scalar(query.limit(1)) is not None

    async def _send_all(self, id: str) -> int:
        """Send what is due to one subscription, in order, as the only process that does."""
        lease = secrets.token_hex(8)
        if not await self._claim(id, lease):
            return 0
        for sent in range(IN_A_ROW):
            sending = await self._next(id, lease)
            if sending is None:
                return sent
            status, why = None, ""
            marks = headers(sending.secrets, sending.id, self._clock.now(), sending.body)
            try:
                status = await self._outbound.post(
                    sending.url, sending.body, marks, self.rules.limit_s
                )
            except Unreached as error:
                why = str(error)
            await self._settle(id, lease, sending.seq, status, why)
        await self._release(id, lease)
        return IN_A_ROW

    async def _claim(self, id: str, lease: str) -> bool:
        now = self._clock.now()
        async with self._db.write() as s:
            row = await s.scalar(
                select(WebhookRow).where(WebhookRow.id == id, _due(now)).with_for_update()
            )
            if row is None:
                return False
            row.busy_by, row.busy_until = lease, now + LEASE
        return True

    async def _next(self, id: str, lease: str) -> Sending | None:
        """Count one more attempt of the message whose turn it is; without one, end the lease."""
        now = self._clock.now()
        async with self._db.write() as s:
            row = await _webhook(s, id, lock=True)
            if row.busy_by != lease:
                return None
            message, wait = await self._turn(s, id, now)
            if message is None or not row.active:
                row.next_at = now if message else wait
                row.busy_by, row.busy_until = None, None
                return None
            message.attempts += 1
            row.busy_until = now + LEASE
            sealed = [row.secret_enc]
            if row.former_enc and row.former_until and row.former_until > now:
                sealed.append(row.former_enc)
            keys = tuple(self._people.vault.decrypt(k) for k in sealed)
            return Sending(message.seq, message.id, row.url, message.body.encode(), keys)

    async def _turn(
        self, s: Session, id: str, now: datetime
    ) -> tuple[MessageRow | None, datetime | None]:
        """Return the message that is due, or when the next one will be.

        The first that has not yet failed too often holds back all others like it; those that have
        wait aside for their own time.
        """
        waits = and_(MessageRow.webhook == id, MessageRow.state == "waiting")
        aside = MessageRow.attempts >= self.rules.holding_attempts
        first = select(MessageRow).where(waits, ~aside).order_by(MessageRow.seq).limit(1)
        soonest = (
            select(MessageRow).where(waits, aside).order_by(MessageRow.next_at, MessageRow.seq)
        )
        found = [m for m in (await s.scalar(first), await s.scalar(soonest.limit(1))) if m]
        ready = [m for m in found if m.next_at <= now]
        if ready:
            return ready[0], None
        return None, min((m.next_at for m in found), default=None)

    async def _settle(self, id: str, lease: str, seq: int, status: int | None, why: str) -> None:
        """Write down how an attempt went; a receiver that is gone for good is not asked again."""
        now = self._clock.now()
        async with self._db.write() as s:
            row = await _webhook(s, id, lock=True)
            message = await s.get(MessageRow, seq)
            if message is None or row.busy_by != lease:
                return
            message.answer = why or f"对方回了 {status}"
            if status is not None and 200 <= status < 300:
                message.state, message.done_at = "delivered", now
                return
            pause = self.rules.pause(message.attempts)
            if status == GONE:
                row.active, row.stopped_why, pause = False, "对方说这个地址不再接收（410）", None
            if pause is None:
                message.state, message.done_at = "dead", now
                log.warning("webhook %s message %s is dead: %s", id, message.id, message.answer)
            else:
                message.next_at = now + pause

    async def _release(self, id: str, lease: str) -> None:
        async with self._db.write() as s:
            await s.execute(
                update(WebhookRow)
                .where(WebhookRow.id == id, WebhookRow.busy_by == lease)
                .values(busy_by=None, busy_until=None)
            )

    async def tidy(self) -> int:
        """Forget what was delivered or died long ago; return how many messages."""
        now, kept = self._clock.now(), timedelta(days=self.rules.kept_days)
        old = or_(
            and_(MessageRow.state == "delivered", MessageRow.done_at < now - kept),
            and_(MessageRow.state == "dead", MessageRow.done_at < now - DEAD_KEPT * kept),
        )
        async with self._db.read() as s:
            if await s.scalar(select(MessageRow.seq).where(old).limit(1)) is None:
                return 0
        async with self._db.write() as s:
            gone = await s.execute(delete(MessageRow).where(old).returning(MessageRow.seq))
            return len(gone.all())


def _due(now: datetime) -> ColumnElement[bool]:
    return and_(WebhookRow.active, WebhookRow.next_at <= now, _free(now))


def _free(now: datetime) -> ColumnElement[bool]:
    """A lease that has run out, or reaches further than any (the clock was set back), is none."""
    until = WebhookRow.busy_until
    return or_(until.is_(None), until <= now, until > now + 2 * LEASE)


async def _webhook(s: Session, id: str, lock: bool = False) -> WebhookRow:
    query = select(WebhookRow).where(WebhookRow.id == id)
    row = await s.scalar(query.with_for_update() if lock else query)
    if row is None:
        raise LindaError("webhook_not_found", "没有这个订阅。", 404)
    return row


def _id(who: Who) -> str:
    return who.id if isinstance(who, Staff) else who[0]
