"""Every message once, in order, and none lost – whatever Rasa or a process does."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text, update

from services.channels.gateway import MAX_REFUSALS
from services.channels.service import ChannelService
from services.channels.tables import ConversationRow, HandoffRow, MessageRow, RedirectRow
from services.channels.types import Incoming
from services.clock import Clock
from services.config import ROOT, Settings
from services.db import Database
from services.errors import LindaError
from tests.patience import PATIENCE_S, until
from tests.services.channels.conftest import said
from tests.services.channels.fake_rasa import FakeRasa

Make = Callable[..., ChannelService]


async def open_one(channels: ChannelService, elder: bool = False) -> str:
    return (await channels.open_session(elder=elder)).session_id


async def make_due(db: Database, clock: Clock) -> None:
    """Let leases and waiting times of all messages run out."""
    past = clock.now() - timedelta(seconds=1)
    async with db.write() as s:
        await s.execute(update(MessageRow).values(next_attempt_at=past))
        await s.execute(
            update(ConversationRow)
            .where(ConversationRow.lease_owner.is_not(None))
            .values(lease_until=past)
        )


async def test_a_message_is_answered(channels: ChannelService, rasa: FakeRasa) -> None:
    session = await channels.open_session()
    exchange = await channels.post(session.session_id, said("楼道灯坏了"))
    assert [m.text for m in exchange.messages] == ["答:楼道灯坏了"]
    assert exchange.mode == "bot"
    body = rasa.calls[0]
    assert body["sender"] == session.session_id
    assert body["kind"] == "text" and body["retry"] is False
    assert set(body["metadata"]) == {
        "now", "channel", "elder", "mode", "locality", "attachments", "location", "resident",
        "pending_callback", "draft", "needed", "place", "consents",
    }  # fmt: skip
    assert body["metadata"]["resident"] == {
        "name": None,
        "phone_known": False,
        "pref": None,
        "home": None,
    }
    texts = [(m.sender, m.text) for m in (await channels.history(session.session_id)).messages]
    assert texts[1:] == [("resident", "楼道灯坏了"), ("bot", "答:楼道灯坏了")]


async def test_an_answer_may_switch_the_large_letters(
    channels: ChannelService, rasa: FakeRasa
) -> None:
    conversation = await open_one(channels)
    seen = []
    for words, elder in (("字大点", True), ("楼道灯坏了", None), ("换回小字", False)):
        card = {"type": "reading", "elder": elder}
        rasa.replies = [{"text": "好。", **({} if elder is None else {"custom": {"card": card}})}]
        await channels.post(conversation, said(words))
        seen.append(rasa.calls[-1]["metadata"]["elder"])
    assert seen == [False, True, True]
    assert not (await channels.conversation(conversation)).elder


async def test_the_same_message_three_times_at_once_is_one_turn(
    make_channels: Make, rasa: FakeRasa
) -> None:
    one, other = make_channels(), make_channels()
    conversation = await open_one(one)
    rasa.delay_s = 0.2
    answers = await asyncio.gather(
        *(c.post(conversation, said("灯坏了", "id-1")) for c in (one, one, other))
    )
    assert rasa.handled == ["灯坏了"]
    assert len(rasa.calls) == 1
    ids = [[m.id for m in a.messages] for a in answers]
    assert ids[0] and ids[0] == ids[1] == ids[2]
    again = await other.post(conversation, said("灯坏了", "id-1"))
    assert [m.id for m in again.messages] == ids[0]
    assert len(rasa.calls) == 1


async def test_the_same_id_with_other_words_is_refused(channels: ChannelService) -> None:
    conversation = await open_one(channels)
    await channels.post(conversation, said("灯坏了", "id-1"))
    with pytest.raises(LindaError) as e:
        await channels.post(conversation, said("水停了", "id-1"))
    assert (e.value.status, e.value.code) == (409, "message_id_conflict")


async def test_two_processes_keep_the_order_of_a_conversation(
    make_channels: Make, rasa: FakeRasa
) -> None:
    # Nobody gives up on Rasa here, however slow the machine: what then waits for the worker is told
    # in other tests.
    processes = [make_channels(rasa_timeout_s=PATIENCE_S) for _ in range(2)]
    conversation = await open_one(processes[0])
    rasa.delay_s = 0.05
    sent = []
    for n in range(8):
        sent.append(asyncio.create_task(processes[n % 2].post(conversation, said(f"第{n}句"))))
        stored = 0
        while stored <= n:  # so that the order is that of the numbers
            await asyncio.sleep(0.005)
            messages = (await processes[0].history(conversation)).messages
            stored = sum(m.sender == "resident" for m in messages)
    await asyncio.gather(*sent)
    assert [c["text"] for c in rasa.calls] == [f"第{n}句" for n in range(8)]


async def waiting_for_locks(db: Database) -> int:
    """Return how many transactions of this PostgreSQL database wait for one another."""
    query = text(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    async with db.read() as s:
        return int(await s.scalar(query) or 0)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)  # SQLite has one writer
@pytest.mark.parametrize("late", ["the call ends", "the worker looks"])
async def test_who_takes_a_conversation_and_then_its_message_is_in_nobodys_way(
    channels: ChannelService, rasa: FakeRasa, db: Database, clock: Clock, late: str
) -> None:
    conversation = await open_one(channels)
    rasa.hang.clear()
    sent = asyncio.create_task(channels.post(conversation, said("停水了")))
    if late == "the worker looks":
        await sent
        async with db.write() as s:
            long_ago = clock.now() - timedelta(minutes=11)
            await s.execute(update(MessageRow).values(created_at=long_ago))
        sent = asyncio.create_task(channels.sweep())
    waiters = 2 if late == "the call ends" else 1  # the message is put back, and told to be kept
    mine = select(ConversationRow.id).where(ConversationRow.id == conversation)
    async with db.write() as s:
        while not rasa.calls:
            await asyncio.sleep(0.01)
        await s.execute(mine.with_for_update())
        while await waiting_for_locks(db) < waiters:
            await asyncio.sleep(0.01)
        await s.execute(update(MessageRow).values(attempts=MessageRow.attempts))
    await sent
    kept = [m.text for m in (await channels.history(conversation)).messages if m.sender == "system"]
    assert "记下" in kept[0]


async def test_rasa_away_is_told_once_and_answered_later(
    channels: ChannelService, rasa: FakeRasa, db: Database, clock: Clock
) -> None:
    conversation = await open_one(channels)
    await rasa.die()
    first = await channels.post(conversation, said("停水了", "id-1"))
    assert [m.sender for m in first.messages] == ["system"]
    assert "记下" in first.messages[0].text
    second = await channels.post(conversation, said("三天了", "id-2"))
    assert second.messages[0].text != first.messages[0].text
    again = await channels.post(conversation, said("停水了", "id-1"))
    assert [m.id for m in again.messages] == [m.id for m in first.messages]

    assert await channels.answer_waiting() == 0  # not due yet, or still away
    await rasa.start()
    await make_due(db, clock)
    assert await channels.answer_waiting() == 1
    assert rasa.handled == ["停水了", "三天了"]
    assert [c["retry"] for c in rasa.calls] == [True, False]  # the second never left
    texts = [m.text for m in (await channels.history(conversation)).messages if m.sender == "bot"]
    assert texts[-2:] == ["答:停水了", "答:三天了"]
    assert await channels.answer_waiting() == 0


async def test_a_slow_rasa_handles_the_message_once(
    channels: ChannelService, rasa: FakeRasa, db: Database, clock: Clock
) -> None:
    conversation = await open_one(channels)
    rasa.hang.clear()
    kept = await channels.post(conversation, said("电梯坏了"))
    assert kept.messages[0].sender == "system"
    rasa.hang.set()
    await make_due(db, clock)
    assert await channels.answer_waiting() == 1
    assert rasa.handled == ["电梯坏了"]
    assert rasa.calls[-1]["retry"] is True
    assert (await channels.history(conversation)).messages[-1].text == "答:电梯坏了"


async def test_a_message_that_rasa_cannot_digest_goes_to_a_person(
    channels: ChannelService, rasa: FakeRasa, db: Database, clock: Clock
) -> None:
    conversation = await open_one(channels)
    rasa.status = 500
    await channels.post(conversation, said("怪话"))
    for _ in range(MAX_REFUSALS):
        await make_due(db, clock)
        await channels.answer_waiting()
    assert len(rasa.calls) == MAX_REFUSALS
    async with db.read() as s:
        handoff = (await s.scalars(select(HandoffRow))).one()
    assert (handoff.reason, handoff.text) == ("unanswered", "怪话")
    rasa.status = 200
    after = await channels.post(conversation, said("灯坏了"))
    assert [m.text for m in after.messages] == ["答:灯坏了"]


async def test_an_answer_without_words_is_not_silence(
    channels: ChannelService, rasa: FakeRasa
) -> None:
    conversation = await open_one(channels)
    rasa.replies = []
    exchange = await channels.post(conversation, said("嗯"))
    assert exchange.messages[0].buttons[0].payload == "/ask_human"


async def test_only_offered_payloads_are_accepted(channels: ChannelService, rasa: FakeRasa) -> None:
    conversation = await open_one(channels)
    with pytest.raises(LindaError) as e:
        await channels.post(conversation, Incoming("p-1", "payload", payload="/affirm"))
    assert (e.value.status, e.value.code) == (422, "payload_not_offered")
    await channels.post(conversation, said("灯坏了"))
    exchange = await channels.post(conversation, Incoming("p-2", "payload", payload="/affirm"))
    assert exchange.messages[0].text == "答:/affirm"
    assert rasa.calls[-1]["kind"] == "payload"
    other = await open_one(channels)
    with pytest.raises(LindaError):
        await channels.post(other, Incoming("p-3", "payload", payload="/affirm"))


async def test_twenty_messages_a_minute(channels: ChannelService) -> None:
    conversation = await open_one(channels)
    for n in range(20):
        await channels.post(conversation, said("催", f"id-{n}"))
    with pytest.raises(LindaError) as e:
        await channels.post(conversation, said("催", "id-20"))
    assert (e.value.status, e.value.code) == (429, "rate_limited")
    assert 1 <= e.value.fields["retry_after"] <= 60
    await channels.post(conversation, said("催", "id-3"))  # known already: no new message
    await channels.post(await open_one(channels), said("另一个人"))


async def test_a_message_that_waits_long_goes_to_a_person_too(
    channels: ChannelService, rasa: FakeRasa, db: Database, clock: Clock
) -> None:
    conversation = await open_one(channels)
    await rasa.die()
    await channels.post(conversation, said("停水了"))
    assert await channels.sweep() == 0
    async with db.write() as s:
        await s.execute(update(MessageRow).values(created_at=clock.now() - timedelta(minutes=11)))
    assert await channels.sweep() == 1
    assert await channels.sweep() == 0
    async with db.read() as s:
        assert (await s.scalars(select(HandoffRow.text))).all() == ["停水了"]


GATEWAY_PROCESS = """
import asyncio, sys
from services.channels.types import Incoming
from services.config import Settings
from services.context import build

async def main():
    services = build(Settings(test_mode=True))
    await services.clock.refresh(services.db)
    await services.channels.post(sys.argv[1], Incoming("id-1", "text", text="停水了"))

asyncio.run(main())
"""


@pytest.mark.parametrize("reached_rasa", [True, False])
async def test_a_gateway_killed_in_the_middle_loses_nothing(
    channels: ChannelService,
    rasa: FakeRasa,
    rasa_settings: Settings,
    db: Database,
    clock: Clock,
    reached_rasa: bool,
) -> None:
    """kill -9 while Rasa works on the message (and finishes it), or before Rasa answers at all."""
    conversation = await open_one(channels)
    await clock.set(db, clock.now())  # the other process takes its time from the same clock
    rasa.hang.clear()
    env = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "LINDA_DATABASE_URL": db.url.render_as_string(hide_password=False),
        "LINDA_RASA_URL": rasa.url,
        "LINDA_INTERNAL_TOKEN": rasa_settings.internal_token,
        "LINDA_VAR_DIR": str(rasa_settings.var_dir),
        "LINDA_RASA_TIMEOUT_S": "30",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", GATEWAY_PROCESS, conversation, env=env, cwd=Path("/")
    )
    try:
        await until(lambda: rasa.calls, "a call of the gateway process to Rasa")
    finally:
        process.send_signal(signal.SIGKILL)
        await process.wait()
    if reached_rasa:
        rasa.hang.set()
        await asyncio.sleep(0.2)
    else:
        await rasa.die()
        await rasa.start()
    assert (await channels.history(conversation)).messages[-1].state == "received"
    assert await channels.answer_waiting() == 0  # the dead process's lease still runs
    await make_due(db, clock)
    assert await channels.answer_waiting() == 1
    assert rasa.calls[-1]["retry"] is True
    assert rasa.handled == ["停水了"]
    answers = (await channels.history(conversation)).messages
    assert [m.text for m in answers if m.reply_to] == ["答:停水了"]


async def test_a_refused_certificate_is_kept_once_with_its_household_and_goes_with_the_talk(
    channels: ChannelService, rasa: FakeRasa, db: Database, clock: Clock
) -> None:
    conversation = await open_one(channels)
    custom = {"redirected": {"name": "无犯罪记录证明", "leaf": "A4"}}
    rasa.replies = [{"text": "这个不用社区开。"}, {"text": "打一张告知单？", "custom": custom}]
    for _ in range(2):
        await channels.post(conversation, said("开个无犯罪记录证明", "once"))
    rasa.replies = [{"text": "好。", "custom": {"redirected": {"name": ""}}}]
    answered = await channels.post(conversation, said("嗯"))
    assert [m.text for m in answered.messages] == ["好。"]  # what cannot be read costs no answer
    async with db.read() as s:
        (row,) = await s.scalars(select(RedirectRow))
    assert (row.conversation_id, row.certificate, row.leaf) == (
        conversation,
        "无犯罪记录证明",
        "A4",
    )
    # A ticket of this conversation would carry the same mark.
    assert row.household == channels._tickets.household(None, None, None, conversation)
    async with db.write() as s:
        await channels.eraser.erase(s, conversation, clock.now())
    async with db.read() as s:
        assert not (await s.scalars(select(RedirectRow))).all()
