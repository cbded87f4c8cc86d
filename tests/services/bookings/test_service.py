"""A meal ordered “每天中午” becomes an order for each day, on SQLite and PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from services.channels import own_data
from services.clock import ZONE
from services.config import Settings
from services.context import Services, build
from services.db import Database
from services.errors import LindaError
from services.outbox.worker import run_batch
from services.tickets.core.actor import resident
from services.tickets.core.commands import CreateTicket
from tests.services.conftest import TestClock

DAILY = {"recur": "daily", "part": "noon"}
Order = dict[str, Any]


async def run_due(services: Services) -> None:
    """Do what the worker does, at the test's time."""
    while await run_batch(services) + await services.standing.work():
        pass


def at(day: str, hour: int = 16, minute: int = 1) -> datetime:
    """Return a time of 2026, by itself just after the cut-off of the next day's lunch."""
    return datetime.fromisoformat(f"2026-{day}").replace(hour=hour, minute=minute, tzinfo=ZONE)


async def ordered(services: Services, **more: Any) -> str:
    """Order lunch for Wednesday and every day after it; return the conversation."""
    session = (await services.channels.open_session()).session_id
    appointment = {
        "date": "2026-11-25", "meal": "lunch", "portions": 2, "mode": "pickup", "delivery": False,
        "diet": ["soft"], "habit": DAILY, **more,
    }  # fmt: skip
    body = CreateTicket.model_validate({
        "conversation_id": session, "kind": "booking", "leaf": "C1", "narrative": "每天中午订饭",
        "appointment": appointment, "contact": {"name": "张桂兰", "phone": "13812345678"},
        "subject": {"relation": "father", "name": "李大山"},
    })  # fmt: skip
    await services.tickets.create(body, resident(session))
    await run_due(services)
    return session


async def own(services: Services, session: str) -> list[Order]:
    """Return the resident's tickets, the newest first."""
    return await services.tickets.resident_list(session)


async def days(services: Services, session: str) -> list[str]:
    """Return the days that are ordered, in order."""
    return sorted(t["appointment"]["date"][5:] for t in await own(services, session))


async def told(services: Services, session: str) -> str:
    """Return everything that the resident was told."""
    said = await services.channels.history(session)
    return "\n".join(m.text for m in said.messages)


async def test_each_day_is_ordered_once_when_the_one_before_is_fixed(
    services: Services, clock: TestClock
) -> None:
    session = await ordered(services)
    assert await days(services, session) == ["11-25"]
    clock.go(at("11-24"))
    await run_due(services)
    await run_due(services)
    assert await days(services, session) == ["11-25", "11-26"]
    clock.go(at("11-25"))
    await run_due(services)
    assert await days(services, session) == ["11-25", "11-26", "11-27"]
    newest = (await own(services, session))[0]
    assert newest["appointment"]["portions"] == 2 and newest["appointment"]["diet"] == ["soft"]
    assert newest["state"] == "DISPATCHED" and newest["due_at"][:10] == "2026-11-27"
    name, phone = await services.tickets.own_contact(newest["ticket_no"], session)
    assert (name, phone) == ("张桂兰", "13812345678")


async def test_two_workers_file_one_order(
    services: Services,
    clock: TestClock,
    settings: Settings,
    other_connection: Callable[[], Database],
) -> None:
    session = await ordered(services)
    clock.go(at("11-24"))
    there = build(settings, other_connection(), clock)
    await asyncio.gather(services.standing.work(), there.standing.work())
    await there.close()
    assert await days(services, session) == ["11-25", "11-26"]


async def test_a_pause_a_change_and_the_last_day_hold_from_then_on(
    services: Services, clock: TestClock
) -> None:
    session = await ordered(services)
    number = (await own(services, session))[0]["ticket_no"]
    patch = {"appointment": {"skip": ["2026-11-26"], "until": "2026-11-28", "portions": 1}}
    await services.tickets.resident_act(number, "amend", patch, session)
    for day in ("11-24", "11-26", "11-27", "11-28", "11-29"):
        clock.go(at(day))
        await run_due(services)
    assert await days(services, session) == ["11-25", "11-27", "11-28"]
    assert (await own(services, session))[0]["appointment"]["portions"] == 1
    assert (await told(services, session)).count("到期了") == 1


async def test_what_is_taken_back_goes_on_no_more(services: Services, clock: TestClock) -> None:
    session = await ordered(services)
    number = (await own(services, session))[0]["ticket_no"]
    await services.tickets.resident_act(number, "withdraw", {"reason": "不要了"}, session)
    clock.go(at("11-25"))
    await run_due(services)
    assert await days(services, session) == ["11-25"]


async def test_what_becomes_of_an_earlier_meal_does_not_end_the_order(
    services: Services, clock: TestClock
) -> None:
    session = await ordered(services)
    number = (await own(services, session))[0]["ticket_no"]
    await run_due(services)
    clock.go(at("11-24"))
    await run_due(services)
    newest = (await own(services, session))[0]["ticket_no"]
    assert newest != number
    await services.tickets.resident_act(number, "withdraw", {"reason": "那天不在家"}, session)
    await run_due(services)
    clock.go(at("11-25"))
    await run_due(services)
    assert await days(services, session) == ["11-25", "11-26", "11-27"]


async def test_holidays_are_skipped_and_told_ahead(services: Services, clock: TestClock) -> None:
    clock.go(at("09-22", 10))
    session = await ordered(services, date="2026-09-24")
    clock.go(at("09-23"))
    await run_due(services)
    assert await days(services, session) == ["09-24", "09-28"]
    words = await told(services, session)
    assert "中秋节放假" in words and "9月25日（星期五）" in words and "9月28日" in words


async def test_days_missed_while_nothing_ran_are_told(services: Services, clock: TestClock) -> None:
    session = await ordered(services)
    clock.go(at("11-26"))
    await run_due(services)
    assert await days(services, session) == ["11-25", "11-28"]
    assert "没来得及" in await told(services, session)


async def test_a_meal_that_is_cooked_is_not_taken_back(
    services: Services, clock: TestClock
) -> None:
    order = {"date": "2026-11-25", "meal": "lunch"}
    services.catalogue.check_meal_withdrawal(order)
    assert services.catalogue.meal_status(at("11-25").date(), "lunch")["withdraw_reason"] is None
    clock.go(at("11-24"))
    with pytest.raises(LindaError) as refused:
        services.catalogue.check_meal_withdrawal(order)
    kitchen = services.catalogue.kitchen()
    assert refused.value.code == "meal_closed" and "前一天16:00前退" in refused.value.message
    assert kitchen["phone"] in refused.value.message
    reason = services.catalogue.meal_status(at("11-25").date(), "lunch")["withdraw_reason"]
    assert reason == refused.value.message
    services.catalogue.check_meal_withdrawal({"date": "2026-11-24", "kind": "clean"})


async def test_paused_until_one_is_back_files_nothing_and_goes_on_with_a_word(
    services: Services, clock: TestClock
) -> None:
    session = await ordered(services)
    number = (await own(services, session))[0]["ticket_no"]
    assert await services.standing.pause(number, [session]) == {"cooking": None}
    await services.standing.pause(number, [session])
    clock.go(at("11-30"))
    await run_due(services)
    assert [t["state"] for t in await own(services, session)] == ["WITHDRAWN"]
    assert [t["ticket_no"] for t in await services.standing.paused([session])] == [number]
    back = await services.standing.resume(number, [session])
    assert back == await services.standing.resume(number, [session])
    assert back["ticket"]["appointment"]["date"] == "2026-12-02"  # tomorrow's cut-off has passed
    clock.go(at("12-01"))
    await run_due(services)
    assert await days(services, session) == ["11-25", "12-02", "12-03"]


async def test_what_is_cooking_stays_when_it_is_paused(
    services: Services, clock: TestClock
) -> None:
    session = await ordered(services)
    number = (await own(services, session))[0]["ticket_no"]
    clock.go(at("11-24"))
    assert await services.standing.pause(number, [session]) == {"cooking": "2026-11-25"}
    await run_due(services)
    assert await days(services, session) == ["11-25"]
    back = await services.standing.resume(number, [session], datetime(2026, 11, 30).date())
    assert back["ticket"]["appointment"]["date"] == "2026-11-30"


async def test_a_pause_of_somebody_elses_order_is_refused(services: Services) -> None:
    session = await ordered(services)
    number = (await own(services, session))[0]["ticket_no"]
    with pytest.raises(LindaError, match="没有找到"):
        await services.standing.pause(number, ["c-other"])


async def test_what_was_stopped_is_not_paused(services: Services) -> None:
    session = await ordered(services)
    number = (await own(services, session))[0]["ticket_no"]
    await services.tickets.resident_act(number, "withdraw", {"reason": "不要了"}, session)
    await run_due(services)
    with pytest.raises(LindaError, match="没有找到"):
        await services.standing.pause(number, [session])


async def test_who_has_their_data_erased_gets_no_meal_ordered_any_more(
    services: Services, clock: TestClock
) -> None:
    session = await ordered(services)
    talk = await services.channels.conversation(session)
    await own_data.change(services, talk, "delete")
    clock.go(at("11-24"))
    await run_due(services)
    assert await days(services, session) == ["11-25"], "the meal of the next day is not filed"
