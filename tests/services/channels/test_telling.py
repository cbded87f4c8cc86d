"""What somebody says on the phone is what a chat resident reads: the same words, none more, in order."""

from __future__ import annotations

from typing import Any

import pytest

from services.channels import telling
from services.channels.closing import texts
from services.context import Services
from services.outbox.worker import run_due
from services.tickets.core.actor import Actor
from services.tickets.core.commands import CreateTicket
from services.words import piece
from tests.services.channels.test_closing import CLERK, GRID, Case, filed, place
from tests.services.channels.test_told import DISPATCHER, HUNG, SUPERVISOR

__all__ = ["place"]

PHONED = {
    "channel": "phone", "conversation_id": None, "leaf": "H6", "narrative": "楼道灯坏了",
    "contact": {"name": "张桂兰", "phone": "13800005678"},
    "place": {"compound_id": "xingfu", "building_id": "xingfu-3", "unit": "2"},
}  # fmt: skip
SHORT_OF = {"items": ["哪一层的灯", "什么时候坏的"]}
REFUSED = {"reason": "beyond_duty", "explanation": "是商业服务", "redirect": "可找家政"}


async def phoned(services: Services, follow_up: bool = True, **other: Any) -> str:
    """A request that the desk wrote down on the phone."""
    request = CreateTicket.model_validate({**PHONED, **other})
    view = await services.tickets.create(request, CLERK, follow_up=follow_up)
    await run_due(services)
    return str(view["ticket_no"])


async def spoken(services: Services, number: str) -> list[str]:
    view = await services.tickets.get(number, DISPATCHER)
    return await telling.words(services, number, view["to_tell"])


STEPS: list[tuple[str, list[tuple[str, dict[str, Any], Actor]]]] = [
    ("more time", [("sign", {}, GRID), ("extend", {"days": 1, "reason": "等配件到货"}, SUPERVISOR)]),
    ("it hangs", [("sign", {}, GRID), ("suspend", HUNG, SUPERVISOR)]),
    ("it goes on", [("sign", {}, GRID), ("suspend", HUNG, SUPERVISOR), ("resume", {}, GRID)]),
]  # fmt: skip


@pytest.mark.parametrize("steps", [s for _, s in STEPS], ids=[name for name, _ in STEPS])
async def test_the_words_on_the_phone_are_the_words_in_the_chat(
    services: Services, steps: list[tuple[str, dict[str, Any], Actor]]
) -> None:
    chat, number = await filed(services), await phoned(services)
    before = len(await chat.messages())
    by_phone = Case(services, "", number)
    for action, facts, who in steps:
        await chat.act(action, facts, who)
        await by_phone.act(action, facts, who)
    read = [m.text for m in (await chat.messages())[before:]]
    said = await spoken(services, number)
    assert said, "there is something to say"
    assert said == [text for text in read if text in said], "the chat's own, in its order"
    assert said[-1] == read[-1]


async def test_what_is_missing_and_a_refusal_are_said_with_the_clerks_own_words(
    services: Services,
) -> None:
    asked = await phoned(services, follow_up=False)
    await services.tickets.act(asked, "need_info", SHORT_OF, CLERK)
    (said,) = await spoken(services, asked)
    assert "哪一层的灯；什么时候坏的" in said and "“幸福小区3号楼2单元楼道灯不亮”" in said
    refused = await phoned(services, follow_up=False)
    await services.tickets.act(refused, "not_accept", REFUSED, CLERK)
    (said,) = await spoken(services, refused)
    assert "是商业服务" in said and "可找家政" in said and "{" not in said


async def test_nothing_waits_nothing_is_said(services: Services) -> None:
    number = await phoned(services)
    assert await spoken(services, number) == []
    assert await telling.words(services, number, None) == []


async def test_once_told_it_is_off_and_what_comes_later_is_said_alone(services: Services) -> None:
    number = await phoned(services)
    case = Case(services, "", number)
    await case.act("sign", {})
    await case.act("extend", {"days": 1, "reason": "等配件到货"}, SUPERVISOR)
    await case.act("tell", {"result": "told"}, CLERK)
    assert await spoken(services, number) == []
    await case.act("suspend", HUNG, SUPERVISOR)
    (said,) = await spoken(services, number)
    assert "灯具要从厂家调货" in said and "等配件到货" not in said


async def test_each_piece_of_news_keeps_the_reason_of_its_own_day(services: Services) -> None:
    number = await phoned(services)
    case = Case(services, "", number)
    await case.act("sign", {})
    for reason in ("等配件到货", "厂家停工"):
        await case.act("extend", {"days": 1, "reason": reason}, SUPERVISOR)
    first, second = await spoken(services, number)
    assert "等配件到货" in first and "厂家停工" in second and "厂家停工" not in first


async def test_news_of_a_neighbours_ticket_are_read_there(services: Services) -> None:
    """Its number is another one: the words come from that ticket's event, under the own title."""
    shared = await filed(services)
    number = await phoned(services, follow_up=False)
    await services.tickets.act(number, "merge", {"into": shared.ticket_no}, CLERK)
    await services.tickets.act(number, "tell", {"result": "told"}, CLERK)
    await shared.act("sign", {})
    await shared.act("extend", {"days": 1, "reason": "等配件到货"}, SUPERVISOR)
    (said,) = await spoken(services, number)
    assert "等配件到货" in said and "邻居" in said


async def test_of_a_restricted_matter_nothing_of_it_is_said(services: Services) -> None:
    number = await phoned(services, follow_up=False)
    await services.tickets.act(number, "need_info", SHORT_OF, CLERK)
    await services.tickets.act(
        number, "protect", {"level": "restricted", "reason": "有孩子"}, CLERK
    )
    (said,) = await spoken(services, number)
    assert piece("ask_us") in said
    assert not any(item in said for item in SHORT_OF["items"]) and "楼道灯" not in said


async def test_every_event_that_is_told_on_the_phone_has_words(services: Services) -> None:
    known = texts(services.settings.data_dir)
    lacking = [event for event in services.tickets.rules.tell if event not in known]
    assert lacking == [], "what has no words is silently left out"
