"""Who is stopped by a limit is told to the staff of the community and let go on by them, on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from services.audit.tables import AuditEntryRow
from services.channels import service as channels
from services.channels.types import Incoming
from services.config import ROOT
from services.context import Services
from services.errors import LindaError
from services.people.model import Staff
from services.stops import networks
from services.stops.records import KEPT
from services.stops.tables import StopRow
from services.tickets.core.actor import resident
from services.tickets.core.commands import CreateTicket
from tests.services.web.conftest import Client, Token

CLERK = Staff("clerk1", "赵敏", "clerk", "community", "qinghe-c1")
OTHER = Staff("clerk9", "别人", "clerk", "community", "qinghe-c2")
STREET = Staff("dispatcher1", "钱进", "dispatcher", "street")
HALL = "203.0.113.5"


async def talkative(services: Services, words: str = "楼道灯坏了") -> str:
    """Return a conversation that has written as often as it may, with a ticket in qinghe-c1."""
    here = (await services.channels.open_session()).session_id
    place = {"building_id": "xingfu-3", "community_id": "qinghe-c1"}
    wanted = CreateTicket(conversation_id=here, leaf="H6", narrative=words, place=place)
    await services.tickets.create(wanted, resident(here))
    for n in range(channels.RATE_LIMIT):
        await services.channels.accept(here, Incoming(f"m{n}", "text", text=words))
    return here


async def refused(services: Services, here: str, key: str = "more") -> LindaError:
    with pytest.raises(LindaError) as error:
        await services.channels.accept(here, Incoming(key, "text", text="还有"))
    assert error.value.status == 429
    return error.value


async def test_the_staff_of_the_community_see_who_since_when_why_and_until_when(
    services: Services,
) -> None:
    here = await talkative(services)
    assert await services.stops.list(CLERK) == []
    for key in ("one", "two"):
        await refused(services, here, key)
    (stop,) = await services.stops.list(CLERK)
    assert stop.who == f"网页的一位居民（对话尾号{here[-4:]}）" and stop.why == "一分钟里发的话太多"
    assert (stop.community_id, stop.times) == ("qinghe-c1", 2)
    assert stop.since <= services.clock.now() < stop.until <= stop.since + timedelta(minutes=2)
    assert "楼道灯" not in str(stop), "nothing of what was said"
    assert await services.stops.list(OTHER) == []
    assert [s.id for s in await services.stops.list(STREET)] == [stop.id]


async def test_lifted_with_a_reason_they_go_on_at_once_and_it_is_on_record(
    services: Services,
) -> None:
    here = await talkative(services)
    await refused(services, here)
    (stop,) = await services.stops.list(CLERK)
    for staff, reason, code in (
        (CLERK, " ", "reason_missing"), (OTHER, "急", "stop_not_found"), (CLERK, "长" * 201, "invalid_fields"),
    ):  # fmt: skip
        with pytest.raises(LindaError) as error:
            await services.stops.lift(staff, stop.id, reason)
        assert error.value.code == code
    for _ in range(2):
        await services.stops.lift(CLERK, stop.id, "在教老人发消息")
    assert await services.stops.list(CLERK) == []
    await services.channels.accept(here, Incoming("after", "text", text="好了"))
    async with services.db.read() as s:
        found = (
            await s.scalars(select(AuditEntryRow).where(AuditEntryRow.action == "limit.lift"))
        ).all()
        row = await s.get(StopRow, stop.id)
    assert [(e.who, e.reason) for e in found] == [("clerk1", "在教老人发消息")]
    assert row is not None and (row.lifted_by, row.lifted_reason) == ("clerk1", "在教老人发消息")


async def test_it_counts_anew_after_it_was_lifted(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channels, "RATE_LIMIT", 3)
    here = await talkative(services)
    await refused(services, here)
    (stop,) = await services.stops.list(CLERK)
    await services.stops.lift(CLERK, stop.id, "教老人")
    for n in range(3):
        await services.channels.accept(here, Incoming(f"again{n}", "text", text="好"))
    await refused(services, here, "last")
    assert len(await services.stops.list(CLERK)) == 1


async def test_a_shared_network_is_named_has_its_own_number_and_counts_as_one(
    services: Services,
) -> None:
    (hall,) = networks.load(ROOT / "data" / "localities" / "qinghe")
    small = replace_sessions(hall, 2)
    services.channels._networks = (small,)
    for address in (HALL, "203.0.113.6"):
        await services.channels.open_session(address=address)
    for n in range(2):
        with pytest.raises(LindaError) as error:
            await services.channels.open_session(address=f"203.0.113.{7 + n}")
        assert error.value.code == "too_many_sessions"
    await services.channels.open_session(address="203.0.113.99")  # no part of it
    (stop,) = await services.stops.list(CLERK)
    assert (stop.who, stop.times) == ("清河社区服务大厅（自助机、无线网）", 2)
    assert stop.why == "十分钟里从一个网络打开的对话太多" and await services.stops.list(OTHER) == []
    await services.stops.lift(CLERK, stop.id, "大厅里在办活动")
    await services.channels.open_session(address=HALL)


def replace_sessions(network: networks.Network, most: int) -> networks.Network:
    return network.model_copy(update={"sessions": most})


async def test_a_network_without_a_name_is_everybodys(services: Services) -> None:
    services.channels._settings = services.settings.model_copy(update={"sessions_per_address": 1})
    await services.channels.open_session(address="198.51.100.7")
    with pytest.raises(LindaError):
        await services.channels.open_session(address="198.51.100.7")
    for staff in (CLERK, OTHER, STREET):
        (stop,) = await services.stops.list(staff)
        assert stop.who == "一个没有起名的网络" and "198.51" not in str(stop)


async def test_who_files_too_much_is_told_and_lifted_as_well(services: Services) -> None:
    here = (await services.channels.open_session()).session_id
    services.tickets._limits = (
        replace(services.tickets._limits[0], most=1), services.tickets._limits[1],
    )  # fmt: skip

    async def file() -> Any:
        wanted = CreateTicket(conversation_id=here, leaf="H6", narrative="灯坏了")
        return await services.tickets.create(wanted, resident(here))

    await file()
    with pytest.raises(LindaError, match="too_many_tickets"):
        await file()
    (stop,) = await services.stops.list(STREET)
    assert stop.why == "一小时里报的事太多"
    await services.stops.lift(STREET, stop.id, "替全楼报的")
    await file()


async def test_photos_of_a_day(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channels, "MAX_ATTACHMENTS", 0)
    here = (await services.channels.open_session()).session_id

    async def chunks() -> Any:
        yield b""

    with pytest.raises(LindaError) as error:
        await services.channels.add_attachment(here, chunks())
    assert error.value.code == "too_many_attachments"
    (stop,) = await services.stops.list(STREET)
    assert stop.why == "一天里发的照片太多"


async def test_what_is_over_is_gone_from_the_page_and_after_a_month_from_the_table(
    services: Services,
) -> None:
    here = await talkative(services)
    await refused(services, here)
    assert await services.stops.forget() == 0
    async with services.db.write() as s:
        (row,) = await s.scalars(select(StopRow))
        row.until = services.clock.now() - timedelta(seconds=1)
        id = row.id
    assert await services.stops.list(CLERK) == []
    with pytest.raises(LindaError, match="stop_not_found"):
        await services.stops.lift(CLERK, id, "晚了")
    async with services.db.write() as s:
        (row,) = await s.scalars(select(StopRow))
        row.until = services.clock.now() - KEPT
    assert await services.stops.forget() == 1
    async with services.db.read() as s:
        assert (await s.scalars(select(StopRow))).all() == []


async def test_over_http_and_on_the_page(
    client: Client, services: Services, as_staff: Token
) -> None:
    here = await talkative(services)
    await refused(services, here)
    clerk, grid = await as_staff("clerk1"), await as_staff("grid1")
    assert (await client.get("/api/v1/limits", headers=grid)).status == 403
    answer = await (await client.get("/api/v1/limits", headers=clerk)).json()
    (stop,) = answer["stops"]
    url = f"/api/v1/limits/{stop['id']}/lift"
    assert (await client.post(url, json={"reason": "x"}, headers=grid)).status == 403
    assert (await client.post(url, json={"reason": ""}, headers=clerk)).status == 422
    form = {"username": "clerk1", "password": services.settings.demo_password}
    await client.post("/console/login", data=form)
    page = await (await client.get("/console/limits")).text()
    assert "被限次拦住的（1）" in page and f"对话尾号{here[-4:]}" in page and "楼道灯" not in page
    page = f"/console/limits/{stop['id']}/lift"
    empty = await client.post(page, data={"reason": " "})
    assert empty.status == 422 and "请写明为什么放开" in await empty.text()
    await client.post(page, data={"reason": "在教老人"})
    assert "现在没有谁被拦住" in await (await client.get("/console/limits")).text()


def test_a_network_that_cannot_be_read_stops_the_start() -> None:
    with pytest.raises(ValueError):
        networks.Network(id="x", name="x", community="c", addresses=("300.1.1.1",), sessions=1)
    assert networks.of((), HALL) is None
    (hall,) = networks.load(ROOT / "data" / "localities" / "qinghe")
    assert hall.holds(HALL) and not hall.holds("203.0.113.16") and not hall.holds("nonsense")
    assert networks.load(ROOT / "data" / "localities" / "rongxi") == ()
