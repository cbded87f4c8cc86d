"""Nobody is reminded of a call for help that a person has taken over. On both databases."""

from __future__ import annotations

import pytest

from services.channels.service import ChannelService
from services.tickets.core.actor import SYSTEM, Actor
from services.tickets.core.commands import CreateTicket
from services.tickets.service import TicketService
from tests.services.conftest import TestClock

CLERK = Actor("staff", "clerk1", "clerk", "community", "qinghe-c1")
GRID = Actor("staff", "grid1", "grid", "grid", "qinghe-c1", ("qinghe-g1",))
DISPATCHER = Actor("staff", "dispatcher1", "dispatcher", "street")


@pytest.mark.parametrize(
    ("taken_by", "looked_only", "told"),
    [
        (None, False, True),
        (DISPATCHER, True, True),  # to open it is not to take it over
        (DISPATCHER, False, False),
        (CLERK, False, False),
    ],
)
async def test_the_duty_leader_is_told_only_while_nobody_has_taken_it_over(
    channels: ChannelService, clock: TestClock, taken_by: Actor | None, looked_only: bool,
    told: bool,
) -> None:  # fmt: skip
    tickets: TicketService = channels._tickets
    session = (await channels.open_session()).session_id
    body = CreateTicket(
        conversation_id=session, leaf="J3", narrative="有人要跳楼", handed_off=True,
    )  # fmt: skip
    number = (await tickets.create(body, Actor("resident", session, "resident")))["ticket_no"]
    await channels.raise_alert(session, "emergency", "J3", "有人要跳楼", number)
    if taken_by is not None:
        (waiting,) = await channels.handoffs(taken_by)
        if looked_only:
            await channels.handoff(taken_by, waiting.id)
        else:
            for text in ("我是社区的，您在哪儿？", "马上到。"):  # the first answer takes it over
                await channels.reply(taken_by, waiting.id, text)
    clock.advance(minutes=2, seconds=5)
    await tickets.tick()
    types = [e["type"] for e in await tickets.events(number, SYSTEM)]
    assert ("reminded" in types) is told
    assert types.count("taken_up") == (0 if told else 1)
    clock.advance(days=1)
    assert await tickets.tick() == 0


async def test_the_duty_phone_of_a_hand_off_is_nobodys_and_stays(channels: ChannelService) -> None:
    session = (await channels.open_session()).session_id
    duty = channels.duty.phone
    said = f"打了{duty}没人接，我电话13512345678"
    await channels.raise_alert(session, "human", None, said, None)
    (waiting,) = await channels.handoffs(CLERK)
    assert waiting.text == f"打了{duty}没人接，我电话135****5678"
    shown = await channels.handoff(CLERK, waiting.id)
    assert shown.text == waiting.text and "0439-00000005" in shown.text
