"""Nobody took up a call for help for two minutes: the duty leader is called, and it is on record how."""

from __future__ import annotations

from typing import Any

import pytest

from services.channels.duty import DutyDesk, Leader, load
from services.config import ROOT, Settings
from services.context import Services
from services.outbox.worker import run_due
from services.tickets import reminders
from services.tickets.core.actor import SYSTEM, resident
from services.tickets.core.commands import CreateTicket
from services.webhooks.signing import new_secret, signature
from tests.services.tickets.world import ACTORS
from tests.services.webhooks.conftest import Receiver, StandingClock

SECRET = new_secret()
SAID = "我叫张桂兰，有人要跳楼"
CLERK = ACTORS["clerk"]
DISPATCHER = ACTORS["dispatcher"]


async def call_for_help(services: Services) -> str:
    asked = CreateTicket(
        conversation_id="c1", leaf="J3", narrative=SAID, handed_off=True,
        place={"compound_id": "xingfu", "building_id": "xingfu-3", "unit": "2"},
    )  # fmt: skip
    view = await services.tickets.create(asked, resident("c1"), "help")
    return str(view["ticket_no"])


async def two_minutes_later(services: Services, clock: StandingClock) -> None:
    clock.advance(minutes=2, seconds=1)
    for _ in range(3):
        await run_due(services)


async def calls(services: Services, number: str) -> list[dict[str, Any]]:
    events = await services.tickets.events(number, SYSTEM)
    return [e["data"] for e in events if e["type"] == "duty_called"]


async def told(services: Services) -> list[str]:
    async with services.db.read() as s:
        return [r.text for r in await reminders.waiting(s, DISPATCHER)]


def configured(services: Services, url: str) -> None:
    """Let calls go to an address."""
    services.settings.duty_webhook, services.settings.duty_secret = url, SECRET


async def test_the_leader_is_told_once_signed_and_without_who_called(
    services: Services, clock: StandingClock, receiver: Receiver
) -> None:
    configured(services, receiver.url)
    number = await call_for_help(services)
    await two_minutes_later(services, clock)
    ((headers, body),) = receiver.got
    at = int(headers["webhook-timestamp"])
    assert headers["webhook-signature"] == signature(SECRET, headers["webhook-id"], at, body)
    (sent,) = receiver.told()
    assert sent["type"] == "duty.call" and sent["data"]["ticket_no"] == number
    assert sent["data"]["leader"] == {"name": "街道带班领导 李强", "phone": "0439-00000006"}
    assert "张桂兰" not in str(sent) and "跳楼" not in str(sent)
    assert [c["result"] for c in await calls(services, number)] == ["sent"]
    assert not any("没有配置" in t or "没成功" in t for t in await told(services))
    await two_minutes_later(services, clock)
    assert len(receiver.got) == 1


async def test_a_person_who_takes_over_stops_the_call(
    services: Services, clock: StandingClock, receiver: Receiver
) -> None:
    configured(services, receiver.url)
    number = await call_for_help(services)
    async with services.db.write() as s:
        await services.tickets.take_up(s, number, "赵敏")
    await two_minutes_later(services, clock)
    assert receiver.got == [] and await calls(services, number) == []


async def test_a_call_that_fails_is_on_record_and_the_desk_is_told_to_telephone(
    services: Services, clock: StandingClock, receiver: Receiver
) -> None:
    configured(services, receiver.url)
    receiver.answers = [500, 503]
    number = await call_for_help(services)
    await two_minutes_later(services, clock)
    (call,) = await calls(services, number)
    assert call["result"] == "failed" and "503" in call["text"]
    assert any("没成功，请马上打电话" in t and "0439-00000006" in t for t in await told(services))


async def test_without_an_address_the_desk_is_told_that_nobody_was_called(
    services: Services, clock: StandingClock
) -> None:
    number = await call_for_help(services)
    await two_minutes_later(services, clock)
    assert [c["result"] for c in await calls(services, number)] == ["unconfigured"]
    texts = [t for t in await told(services) if "没有配置自动通知" in t]
    assert len(texts) == 1 and "0439-00000006" in texts[0]


def test_the_duty_list_names_who_has_this_day_and_the_desk_when_nobody_has() -> None:
    path = ROOT / "data" / "localities" / "qinghe" / "locality.yml"
    desk = load(path, lambda day: True)
    monday = StandingClock().now().replace(year=2026, month=11, day=23)
    assert desk.leader(monday).phone == "0439-00000006"
    assert desk.leader(monday.replace(day=28)).phone == "0439-00000007"
    alone = DutyDesk(desk.name, desk.phone, desk.start, desk.end, desk.is_workday)
    assert alone.leader(monday) == Leader(desk.name, desk.phone)


def test_an_address_without_a_secret_is_refused_at_start() -> None:
    with pytest.raises(ValueError, match="LINDA_DUTY_SECRET"):
        Settings(duty_webhook="https://example.org/call")
