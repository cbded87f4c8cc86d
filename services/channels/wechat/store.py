"""Reading and writing the WeChat tables; every function works in its caller's transaction.

Whoever writes to a person's rows locks the person first (:func:`lock_user`), then the conversation:
always in this order, so that two never wait for each other.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Exists, and_, delete, exists, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from services.channels import store as conversations
from services.channels.tables import MessageRow
from services.channels.wechat.accounts import Account
from services.channels.wechat.checks import Received, Refused
from services.channels.wechat.kinds import Step
from services.channels.wechat.splitting import Parcel
from services.channels.wechat.tables import (
    WeChatDeliveryRow,
    WeChatInboundRow,
    WeChatNonceRow,
    WeChatSendRow,
    WeChatUserRow,
)
from services.channels.wechat.window import Grant, Window
from services.db import Base, Session

RETRIES = timedelta(seconds=30)
"""WeChat sends a message three times, five seconds apart; whatever comes later is somebody else."""
PATIENCE = timedelta(seconds=6)
"""So long a request of WeChat may still be waiting for its answer: five seconds, and a little."""
HANDING_OVER = timedelta(seconds=20)
"""After so long no retry comes any more: an answer not handed over by then did not arrive."""
NONCES_KEPT = timedelta(minutes=15)
"""Longer than a timestamp can be fresh, either way."""
INBOUND_KEPT = timedelta(days=1)
SAID_AGAIN = (timedelta(seconds=4), timedelta(minutes=5))
"""When a resident says the same words again: sooner is a finger that tapped twice – WeChat has not yet
given up after three tries –, later is a new question."""
SETTLED = timedelta(minutes=1)
"""After so long nobody waits for what becomes of a message any more."""
FAR = timedelta(minutes=10)
"""No lease or claim reaches so far; one that does was taken before the clock was set back."""


class Owed(NamedTuple):
    """A message and what has become of it so far."""

    delivery: WeChatDeliveryRow
    message: MessageRow


# -- inbound -------------------------------------------------------------------------------------


async def keep(
    s: Session, account: Account, received: Received, who: str, sealed: str, now: datetime
) -> int:
    """Store a message or event unless it is here already; return its row's id.

    Args:
        who: Fingerprint of the sender; ``sealed``: the OpenID, encrypted.

    Raises:
        Refused: ``replay``: the nonce belongs to another message, or to this one and WeChat would
            not retry it any more.
    """
    # Of an event only the sender's name beside it makes the key unique.
    key = f"{who[:32]}.{received.key}" if received.is_event else received.key
    nonce = {"account": account.name, "nonce": received.nonce, "stamp": received.stamp}
    if not await insert_new(s, WeChatNonceRow, {**nonce, "key": key, "at": now}):
        known = await s.get_one(WeChatNonceRow, tuple(nonce.values()))
        if known.key != key or not now - RETRIES <= known.at <= now + FAR:
            raise Refused("replay")
    await insert_new(
        s,
        WeChatInboundRow,
        {
            "account": account.name,
            "key": key,
            "openid_hash": who,
            "openid_enc": sealed,
            "content": dict(received.fields),
            "received_at": now,
            "state": "received",
            # While this process lives it goes on by itself.
            "due_at": now + PATIENCE,
            "held": False,
            "attempts": 0,
        },
    )
    found = await s.scalar(
        select(WeChatInboundRow.id).where(
            WeChatInboundRow.account == account.name, WeChatInboundRow.key == key
        )
    )
    assert found is not None  # inserted, now or before
    return int(found)


async def first_waiting(s: Session, account: str, who: str) -> WeChatInboundRow | None:
    """Return the oldest message of a person that is not yet in the conversation."""
    found: WeChatInboundRow | None = await s.scalar(
        select(WeChatInboundRow)
        .where(
            WeChatInboundRow.account == account,
            WeChatInboundRow.openid_hash == who,
            WeChatInboundRow.state == "received",
        )
        .order_by(WeChatInboundRow.id)
        .limit(1)
    )
    return found


async def waiting_senders(
    s: Session, accounts: Collection[str], now: datetime, limit: int
) -> list[tuple[str, str]]:
    """Return (account, person) with a message that any process may take up now."""
    sender = (WeChatInboundRow.account, WeChatInboundRow.openid_hash)
    found = await s.execute(
        select(*sender)
        .where(
            WeChatInboundRow.state == "received",
            WeChatInboundRow.account.in_(accounts),
            or_(WeChatInboundRow.due_at <= now, WeChatInboundRow.due_at > now + FAR),
        )
        .group_by(*sender)
        .order_by(func.min(WeChatInboundRow.id))
        .limit(limit)
    )
    return [(account, who) for account, who in found]


async def ensure_user(s: Session, row: WeChatInboundRow, elder: bool, now: datetime) -> str:
    """Return the id of the sender, who is known from now on, with a conversation."""
    conversation_id = conversations.new_conversation_id()
    new = {
        "id": conversations.new_id("w"),
        "account": row.account,
        "openid_hash": row.openid_hash,
        "openid_enc": row.openid_enc,
        "conversation_id": conversation_id,
        "subscribed": True,
        "message_left": 0,
        "action_left": 0,
        "failures": 0,
        "created_at": now,
    }
    if await insert_new(s, WeChatUserRow, new):
        await conversations.open_one(s, conversation_id, conversations.WECHAT, elder, now)
    found = await s.scalar(
        select(WeChatUserRow.id).where(
            WeChatUserRow.account == row.account, WeChatUserRow.openid_hash == row.openid_hash
        )
    )
    assert found is not None  # inserted, now or before
    return str(found)


async def lock_user(s: Session, user_id: str) -> WeChatUserRow:
    """Keep others out of a person's rows until the end of the transaction; return the person."""
    await s.execute(
        update(WeChatUserRow)
        .where(WeChatUserRow.id == user_id)
        .values(failures=WeChatUserRow.failures)
        .execution_options(synchronize_session=False)
    )
    return await s.get_one(WeChatUserRow, user_id, populate_existing=True)


def window_of(user: WeChatUserRow) -> Window:
    """Return what WeChat lets us send."""
    return Window(
        Grant(user.message_left, user.message_until), Grant(user.action_left, user.action_until)
    )


def set_window(user: WeChatUserRow, window: Window) -> None:
    """Keep it."""
    user.message_left, user.message_until = window.message.left, window.message.until
    user.action_left, user.action_until = window.action.left, window.action.until


async def offered(s: Session, conversation_id: str) -> Sequence[Mapping[str, str]]:
    """Return the buttons that the resident has seen last and not reacted to yet.

    Seen: known to have arrived in WeChat. Not reacted to: the resident has said nothing since.
    """
    last_own = (
        select(func.coalesce(func.max(MessageRow.seq), 0))
        .where(MessageRow.conversation_id == conversation_id, MessageRow.sender == "resident")
        .scalar_subquery()
    )
    rows = await s.scalars(
        select(MessageRow.buttons)
        .join(WeChatDeliveryRow, WeChatDeliveryRow.message_id == MessageRow.id)
        .where(
            MessageRow.conversation_id == conversation_id,
            MessageRow.seq > last_own,
            WeChatDeliveryRow.state.in_(("delivered", "offered")),
        )
        .order_by(MessageRow.seq.desc())
    )
    return next((buttons for buttons in rows if buttons), [])


# -- outbound ------------------------------------------------------------------------------------


async def owed(s: Session, conversation_id: str, *states: str) -> list[Owed]:
    """Return what a resident is owed and is not under way, in order."""
    found = await s.execute(
        select(WeChatDeliveryRow, MessageRow)
        .join(MessageRow, MessageRow.id == WeChatDeliveryRow.message_id)
        .where(
            WeChatDeliveryRow.conversation_id == conversation_id,
            WeChatDeliveryRow.state.in_(states or ("owed",)),
        )
        .order_by(WeChatDeliveryRow.seq)
    )
    return [Owed(delivery, message) for delivery, message in found]


async def users_to_serve(
    s: Session,
    accounts: Collection[str],
    now: datetime,
    limit: int,
    user_id: str | None = None,
) -> list[str]:
    """Return people with something to send them now, who has waited longest first.

    Args:
        user_id: Look at this person only.
    """
    due = func.min(WeChatDeliveryRow.due_at)
    query = (
        select(WeChatUserRow.id, due)
        .join(WeChatDeliveryRow, WeChatDeliveryRow.conversation_id == WeChatUserRow.conversation_id)
        .where(
            WeChatUserRow.account.in_(accounts),
            WeChatDeliveryRow.state.in_(("owed", "sending")),
            or_(WeChatDeliveryRow.due_at <= now, WeChatDeliveryRow.due_at > now + FAR),
            or_(
                WeChatUserRow.retry_at.is_(None),
                WeChatUserRow.retry_at <= now,
                WeChatUserRow.retry_at > now + FAR,
            ),
            _free(now),
            ~_answer_pending(WeChatUserRow.id, now),
        )
        .group_by(WeChatUserRow.id)
        .order_by(due)
        .limit(limit)
    )
    if user_id is not None:
        query = query.where(WeChatUserRow.id == user_id)
    return [found for found, _ in await s.execute(query)]


async def take_lease(s: Session, user_id: str, owner: str, now: datetime, lasts: timedelta) -> bool:
    """Take or keep the right to speak to a person; False while another process has it."""
    taken = await s.execute(
        update(WeChatUserRow)
        .where(WeChatUserRow.id == user_id, or_(WeChatUserRow.lease_owner == owner, _free(now)))
        .values(lease_owner=owner, lease_until=now + lasts)
        .execution_options(synchronize_session=False)
    )
    return bool(taken.rowcount)  # type: ignore[attr-defined]


def release(user: WeChatUserRow) -> None:
    """Give the right back."""
    user.lease_owner = user.lease_until = None


def leased(user: WeChatUserRow, now: datetime) -> bool:
    """Say whether somebody is speaking to the person now."""
    return user.lease_until is not None and now <= user.lease_until <= now + FAR


async def answer_pending(s: Session, user_id: str, now: datetime) -> bool:
    """Say whether a request of WeChat is still open, whose answer may carry what is owed."""
    return bool(await s.scalar(select(_answer_pending(user_id, now))))


async def lost_answers(s: Session, now: datetime, limit: int) -> list[int]:
    """Return inbound messages whose passive reply was never handed over."""
    return list(
        await s.scalars(
            select(WeChatInboundRow.id)
            .where(
                WeChatInboundRow.handed_over.is_(None),
                WeChatInboundRow.answered_at <= now - HANDING_OVER,
                WeChatInboundRow.answer != "",
            )
            .limit(limit)
        )
    )


async def of_answer(s: Session, inbound_id: int) -> Sequence[WeChatDeliveryRow]:
    """Return the deliveries that a passive reply carries and that are not settled."""
    query = select(WeChatDeliveryRow).where(
        WeChatDeliveryRow.inbound_id == inbound_id, WeChatDeliveryRow.state == "offered"
    )
    return (await s.scalars(query)).all()


async def unseen(
    s: Session, user_id: str, row: WeChatInboundRow, words: str
) -> Sequence[WeChatDeliveryRow]:
    """Return what the answer to the message before carried, when its words are now said again.

    We know that an answer was written to a connection, not that anybody read it. When WeChat did not,
    and its retries found nobody either (this process restarted), its user reads that the account is out
    of order, and says it again – the only sign of it that ever reaches us.
    """
    before: WeChatInboundRow | None = await s.scalar(
        select(WeChatInboundRow)
        .where(WeChatInboundRow.user_id == user_id, WeChatInboundRow.id < row.id)
        .order_by(WeChatInboundRow.id.desc())
        .limit(1)
    )
    if before is None or not before.handed_over or before.meaning is None:
        return ()
    soonest, latest = SAID_AGAIN
    same = bool(words) and Step(**before.meaning).words == words
    if not same or not soonest <= row.received_at - before.received_at <= latest:
        return ()
    query = select(WeChatDeliveryRow).where(
        WeChatDeliveryRow.inbound_id == before.id, WeChatDeliveryRow.state == "delivered"
    )
    return (await s.scalars(query)).all()


def owe_again(rows: Iterable[WeChatDeliveryRow], now: datetime) -> None:
    """What counted as arrived may not have; ``settled_at`` stays and says that it is told once more."""
    for row in rows:
        row.state, row.said, row.due_at = "owed", 0, now


def under_way(rows: Iterable[Owed], parcel: Parcel | None, state: str) -> list[WeChatDeliveryRow]:
    """Write down what a text carries, and how much of each message; return these rows."""
    parts = {t.key: t for t in parcel.taken} if parcel else {}
    carried = [delivery for delivery, message in rows if message.id in parts]
    for delivery in carried:
        part = parts[delivery.message_id]
        delivery.state = state
        delivery.upto, delivery.ends = delivery.said + part.length, part.ends
    return carried


def is_due(row: WeChatDeliveryRow, now: datetime) -> bool:
    """Say whether a message is to be sent for its own sake now."""
    return row.due_at is not None and not now < row.due_at <= now + FAR


async def due_again(s: Session, conversation_id: str, now: datetime) -> None:
    """The resident has written: what waited for that need not wait any longer."""
    await s.execute(
        update(WeChatDeliveryRow)
        .where(
            WeChatDeliveryRow.conversation_id == conversation_id,
            WeChatDeliveryRow.state == "owed",
            WeChatDeliveryRow.due_at.is_(None),
        )
        .values(due_at=now)
        .execution_options(synchronize_session=False)
    )


def arrived(rows: Iterable[WeChatDeliveryRow], way: str, now: datetime) -> None:
    """What was under way has arrived; the rest of a message that was cut is owed, at once."""
    for row in rows:
        row.said, row.way, row.doubts, row.error = row.upto, way, 0, None
        row.state = "delivered" if row.ends else "owed"
        row.due_at = None if row.ends else now
        row.settled_at = now if row.ends else None


async def count(s: Session, account: str, outcome: str) -> None:
    """Count one customer-service message by how it ended."""
    values = {"account": account, "outcome": outcome, "number": 1}
    statement = _insert(s)(WeChatSendRow).values(**values)
    await s.execute(
        statement.on_conflict_do_update(
            index_elements=["account", "outcome"], set_={"number": WeChatSendRow.number + 1}
        )
    )


async def counts(s: Session) -> list[tuple[str, str, int]]:
    """Return (account, outcome, number) of all customer-service messages so far."""
    rows = await s.execute(
        select(WeChatSendRow.account, WeChatSendRow.outcome, WeChatSendRow.number)
    )
    return [(account, outcome, number) for account, outcome, number in rows]


async def who_left(s: Session, now: datetime) -> list[tuple[str, str]]:
    """Return (person, conversation) of all who have unsubscribed and whose messages are dealt with."""
    under_way = exists().where(
        WeChatInboundRow.account == WeChatUserRow.account,
        WeChatInboundRow.openid_hash == WeChatUserRow.openid_hash,
        or_(
            WeChatInboundRow.state == "received",
            WeChatInboundRow.received_at.between(now - SETTLED, now + FAR),
        ),
    )
    found = await s.execute(
        select(WeChatUserRow.id, WeChatUserRow.conversation_id).where(
            WeChatUserRow.subscribed.is_(False), ~under_way
        )
    )
    return [(user_id, conversation_id) for user_id, conversation_id in found]


async def erase_user(s: Session, user: WeChatUserRow, now: datetime) -> None:
    """Erase a person: OpenID, window, what was owed to them, what came from them."""
    await s.execute(
        delete(WeChatDeliveryRow).where(WeChatDeliveryRow.conversation_id == user.conversation_id)
    )
    await s.execute(
        delete(WeChatInboundRow).where(
            WeChatInboundRow.account == user.account,
            WeChatInboundRow.openid_hash == user.openid_hash,
            # What came this moment is from somebody who is back.
            WeChatInboundRow.state == "taken",
            ~WeChatInboundRow.received_at.between(now - SETTLED, now + FAR),
        )
    )
    await s.delete(user)


async def sweep(s: Session, now: datetime) -> None:
    """Forget what no retry of WeChat can ask for any more."""
    await s.execute(delete(WeChatNonceRow).where(WeChatNonceRow.at < now - NONCES_KEPT))
    await s.execute(
        delete(WeChatInboundRow).where(
            WeChatInboundRow.received_at < now - INBOUND_KEPT, WeChatInboundRow.state == "taken"
        )
    )


def _answer_pending(user_id: Any, now: datetime) -> Exists:
    waiting = and_(WeChatInboundRow.answer.is_(None), WeChatInboundRow.received_at > now - PATIENCE)
    unsettled = and_(
        WeChatInboundRow.answer != "",
        WeChatInboundRow.handed_over.is_(None),
        WeChatInboundRow.answered_at > now - HANDING_OVER,
    )
    return exists().where(
        WeChatInboundRow.user_id == user_id,
        # A row of the future is one from before the clock was set back.
        WeChatInboundRow.received_at.between(now - HANDING_OVER - PATIENCE, now),
        or_(waiting, unsettled),
    )


def _free(now: datetime) -> Any:
    return or_(
        WeChatUserRow.lease_until.is_(None),
        WeChatUserRow.lease_until < now,
        WeChatUserRow.lease_until > now + FAR,
    )


async def insert_new(s: Session, table: type[Base], values: Mapping[str, Any]) -> bool:
    """Insert unless it is there already; a second writer waits here until the first has committed."""
    done = await s.execute(_insert(s)(table).values(**values).on_conflict_do_nothing())
    return bool(done.rowcount)  # type: ignore[attr-defined]


def _insert(s: Session) -> Any:
    postgres = s.get_bind().dialect.name == "postgresql"
    return postgresql.insert if postgres else sqlite.insert
