"""Violence at home: told once, not shown again, and told of in one channel only."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from services.channels import store
from services.channels.tables import ConversationRow
from services.context import Services

SECRET = "他又动手了，我锁在厕所里"
CARD = {"type": "safety", "leaf": "J3", "title": "先照顾好自己", "lines": ["能打电话时，打110。"]}
LINE = "不再显示"


async def talk(services: Services, leaf: str = "J3") -> str:
    """A conversation: a lamp, then danger with its card, then one more word."""
    session = await services.channels.open_session()
    async with services.db.write() as s:
        now = services.clock.now()
        for text in ("楼道灯坏了", SECRET):
            heard = await store.append(
                s, session.session_id, sender="resident", now=now, text=text, state="answered"
            )
        await store.append(
            s, session.session_id, sender="bot", now=now, text="先照顾好自己 打110",
            card={**CARD, "leaf": leaf}, reply_to=heard.id,
        )  # fmt: skip
        await store.append(
            s, session.session_id, sender="resident", now=now, text="别让他知道", state="answered"
        )
    return session.session_id


async def later(services: Services, **span: float) -> None:
    await services.clock.set(services.db, services.clock.now() + timedelta(**span))


async def shown(services: Services, conversation: str) -> str:
    return "\n".join(m.text for m in (await services.channels.history(conversation)).messages)


async def test_while_it_lasts_the_words_are_there(services: Services) -> None:
    conversation = await talk(services)
    words = await shown(services, conversation)
    assert SECRET in words and "打110" in words and LINE not in words


async def test_when_it_is_over_one_line_stands_for_it_all(services: Services) -> None:
    conversation = await talk(services)
    await later(services, minutes=31)
    words = await shown(services, conversation)
    assert SECRET not in words and "别让他知道" not in words and "先照顾好自己" not in words
    assert words.count(LINE) == 1 and "楼道灯坏了" in words
    messages = (await services.channels.history(conversation)).messages
    assert [m.card for m in messages if m.card] == []


async def test_what_is_said_afterwards_is_shown(services: Services) -> None:
    conversation = await talk(services)
    await later(services, minutes=45)
    async with services.db.write() as s:
        now = services.clock.now()
        await store.append(s, conversation, sender="resident", now=now, text="明天停水不")
    words = await shown(services, conversation)
    assert "明天停水不" in words and SECRET not in words


async def test_the_words_stay_for_those_who_help(services: Services) -> None:
    conversation = await talk(services)
    await later(services, minutes=31)
    async with services.db.read() as s:
        kept = await store.history(s, conversation, -1, 50)
    assert SECRET in [m.text for m in kept]


async def test_the_missed_part_of_a_stream_is_masked_too(services: Services) -> None:
    conversation = await talk(services)
    await later(services, minutes=31)
    stream = services.channels.events(conversation, 0)
    part = await anext(stream)
    await stream.aclose()
    assert part is not None and SECRET not in "\n".join(m.text for m in part.messages)


@pytest.mark.parametrize(("leaf", "alone"), [("J3", True), ("H3", False)])
async def test_changes_are_not_told_in_the_other_channel(
    services: Services, leaf: str, alone: bool
) -> None:
    first = await talk(services, leaf)
    other = (await services.channels.open_session()).session_id
    await later(services, hours=2)
    async with services.db.write() as s:
        await s.execute(
            update(ConversationRow)
            .where(ConversationRow.id.in_((first, other)))
            .values(resident_id="r-1")
        )
        now = services.clock.now() + timedelta(minutes=1)
        await store.append(s, other, sender="resident", now=now, text="在吗")
    async with services.db.read() as s:
        told = await services.channels.where_to_tell(s, first)
    assert told == (first if alone else other)


async def test_another_danger_stays_as_it_was_said(services: Services) -> None:
    conversation = await talk(services, "H3")
    await later(services, minutes=31)
    assert SECRET in await shown(services, conversation)


async def test_two_talks_are_two_lines(services: Services) -> None:
    conversation = await talk(services)
    await later(services, hours=3)
    async with services.db.write() as s:
        now = services.clock.now()
        heard = await store.append(s, conversation, sender="resident", now=now, text="他又来了")
        await store.append(
            s, conversation, sender="bot", now=now, text="先躲开", card=CARD, reply_to=heard.id
        )
    await later(services, minutes=31)
    words = await shown(services, conversation)
    assert words.count(LINE) == 2 and "他又来了" not in words
