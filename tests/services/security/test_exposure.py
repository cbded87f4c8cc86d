"""What stands open to the network or in a log, and who reads what was said in confidence."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import select

from services.channels.tables import ConversationRow, HandoffOpeningRow
from services.config import Settings
from services.context import Services
from services.db import Database
from services.people.model import Home
from services.supervisor.processes import processes
from services.tickets.core.actor import resident
from services.tickets.core.commands import CreateTicket
from tests.patience import PATIENCE_S
from tests.services.security.conftest import Client, FileTicket, Token, open_chat
from tests.services.security.test_access import log_in, photo, upload
from tests.services.security.test_limits import refused


def test_the_action_server_listens_on_loopback_only(settings: Settings) -> None:
    # It holds the internal token and asks nobody who they are; the SDK's own default is 0.0.0.0.
    (actions,) = (p for p in processes(settings) if p.name == "actions")
    assert actions.environment.get("SANIC_HOST") == "127.0.0.1"


def test_values_of_failed_statements_stay_out_of_the_log(db: Database) -> None:
    assert db.engine.sync_engine.hide_parameters


async def test_a_confidential_reporter_is_unknown_to_who_handles_it(
    client: Client, as_staff: Token, file_ticket: FileTicket
) -> None:
    said = "楼上半夜装修，我叫张三丰，电话13800138000，别说是我说的"
    number = (await file_ticket(narrative=said, confidential=True))["ticket_no"]
    answer = await client.get(f"/api/v1/tickets/{number}", headers=await as_staff("grid1"))
    assert answer.status == 200
    assert "13800138000" not in await answer.text()


async def test_a_child_protection_case_is_not_read_by_the_grid(
    client: Client, as_staff: Token, file_ticket: FileTicket
) -> None:
    number = (await file_ticket(leaf="F4", narrative="隔壁孩子身上总有伤"))["ticket_no"]
    grid = await as_staff("grid1")
    answer = await client.get(f"/api/v1/tickets/{number}", headers=grid)
    assert "隔壁孩子" not in await answer.text()
    listing = await client.get("/api/v1/tickets?q=隔壁孩子", headers=grid)
    assert (await listing.json())["tickets"] == []


@pytest.mark.parametrize("username", ["clerk1", "grid1", "supervisor1", "dispatcher1", "callback1"])
async def test_what_a_resident_gave_away_is_shown_only_when_revealed(
    client: Client, as_staff: Token, file_ticket: FileTicket, username: str
) -> None:
    said = "我叫李小龙，电话13900139000。张三丰让我报的，楼道灯坏了"
    number = (await file_ticket(narrative=said))["ticket_no"]
    headers, path = await as_staff(username), f"/api/v1/tickets/{number}"
    seen = await (await client.get(path, headers=headers)).json()
    assert seen["narrative_original"] == "我叫李**，电话139****9000。张**让我报的，楼道灯坏了"
    if username in ("supervisor1", "dispatcher1"):
        return  # they decide, they do not call
    answer = await client.post(
        f"{path}/actions/reveal",
        json={"version": seen["version"], "reason": "约时间"},
        headers=headers,
    )
    if username == "callback1":  # there is no call to make yet
        assert (await answer.json())["error"]["code"] == "no_call_due"
        return
    assert (await answer.json())["narrative_original"] == said
    # What one person had revealed is masked again for everybody.
    assert "13900139000" not in await (await client.get(path, headers=headers)).text()


@pytest.mark.parametrize(
    ("username", "reads"),
    [
        ("handler1", False), ("callback1", False), ("auditor1", False), ("admin1", False),
        ("clerk1", True), ("supervisor1", True), ("dispatcher1", True),
    ],
)  # fmt: skip
async def test_a_restricted_case_is_read_by_who_works_on_it(
    client: Client, as_staff: Token, file_ticket: FileTicket, username: str, reads: bool
) -> None:
    # 人身安全: the police lead; nobody here belongs to them.
    number = (await file_ticket(leaf="J3", narrative="隔壁在打人，喊救命"))["ticket_no"]
    headers = await as_staff(username)
    for path in (f"/api/v1/tickets/{number}", "/api/v1/tickets"):
        text = await (await client.get(path, headers=headers)).text()
        assert ("人身安全" in text) is reads
    for filters in ("q=打人", "leaf=J3"):
        listing = await (await client.get(f"/api/v1/tickets?{filters}", headers=headers)).json()
        assert bool(listing["tickets"]) is reads
    timeline = await client.get(f"/api/v1/tickets/{number}/events", headers=headers)
    assert "打人" not in await timeline.text()


async def test_the_page_of_a_restricted_case_says_no_more_than_that(
    client: Client, file_ticket: FileTicket
) -> None:
    number = (await file_ticket(leaf="J3", narrative="隔壁在打人，喊救命"))["ticket_no"]
    await log_in(client, "callback1")
    page = await client.get(f"/console/tickets/{number}")
    html = await page.text()
    assert page.status == 200 and "限阅事项" in html
    assert "打人" not in html and "幸福小区3号楼" not in html


async def test_numbers_stay_masked_until_somebody_takes_the_conversation_over(
    client: Client, as_staff: Token, services: Services, db: Database
) -> None:
    conversation, headers = await open_chat(client)
    said = {"client_message_id": "1", "text": "我叫张三丰，打13800138000"}
    await client.post("/api/v1/chat/messages", json=said, headers=headers)
    await services.channels.raise_alert(conversation, "human", None, "打13800138000找我")
    clerk, other = await as_staff("clerk1"), await as_staff("dispatcher1")
    listing = await client.get("/api/v1/handoffs", headers=clerk)
    assert "13800138000" not in await listing.text()
    (handoff,) = (await listing.json())["handoffs"]
    path = f"/api/v1/handoffs/{handoff['id']}"
    text = await (await client.get(path, headers=clerk)).text()
    assert "138****8000" in text and "13800138000" not in text and "张三丰" not in text
    await client.post(f"{path}/messages", json={"text": "您好"}, headers=clerk)
    assert "我叫张三丰，打13800138000" in await (await client.get(path, headers=clerk)).text()
    assert "13800138000" not in await (await client.get(path, headers=other)).text()
    async with db.read() as s:
        opened = [row.staff_id for row in await s.scalars(select(HandoffOpeningRow))]
    assert opened == ["clerk1", "dispatcher1"], "each opening, but not every glance, is on record"


async def test_a_conversation_whose_home_is_unknown_is_not_for_grid_workers(
    client: Client, as_staff: Token, services: Services
) -> None:
    conversation, _ = await open_chat(client)
    await services.channels.raise_alert(conversation, "human", None, "找人")
    grid = await as_staff("grid1")
    listing = await client.get("/api/v1/handoffs", headers=grid)
    assert (await listing.json())["handoffs"] == []

    near, _ = await open_chat(client)
    async with services.db.write() as s:
        home = Home("xingfu", "幸福小区", "xingfu-3", "3")
        known = await services.people.save_resident(s, name="张桂兰", home=home)
        await services.channels.bind_resident(s, near, known.id)
    await services.channels.raise_alert(near, "human", None, "找人")
    listing = await client.get("/api/v1/handoffs", headers=grid)
    assert [h["conversation_id"] for h in (await listing.json())["handoffs"]] == [near]


async def test_the_stream_of_a_released_conversation_ends(
    client: Client, as_staff: Token, services: Services
) -> None:
    conversation, headers = await open_chat(client)
    await services.channels.raise_alert(conversation, "human", None, "找人")
    clerk = await as_staff("clerk1")
    (handoff,) = (await (await client.get("/api/v1/handoffs", headers=clerk)).json())["handoffs"]
    await log_in(client, "clerk1")
    path = f"/console/handoffs/{handoff['id']}/events?after=0"
    stream = await client.get(path)
    await client.post(f"/api/v1/handoffs/{handoff['id']}/release", headers=clerk)
    said = {"client_message_id": "1", "text": "交还之后说的话"}
    await client.post("/api/v1/chat/messages", json=said, headers=headers)
    async with asyncio.timeout(PATIENCE_S):
        assert "交还之后说的话" not in (await stream.read()).decode()
    assert (await client.get(path)).status == 204, "a browser must not ask again and again"


async def test_a_residents_stream_ends_with_the_token(client: Client, services: Services) -> None:
    conversation, headers = await open_chat(client)
    stream = await client.get("/api/v1/chat/events", headers=headers)
    await stream.content.readuntil(b"\n\n")
    async with services.db.write() as s:
        (await s.get_one(ConversationRow, conversation)).token_hash = "revoked"
        await services.channels.say(s, conversation, "令牌作废之后的话", key="late")
    async with asyncio.timeout(PATIENCE_S):
        assert "令牌作废之后的话" not in (await stream.read()).decode()


async def test_a_photo_is_seen_only_with_the_ticket_it_was_filed_under(
    client: Client, services: Services, file_ticket: FileTicket
) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield photo()

    number = (await file_ticket())["ticket_no"]
    kept = await services.channels.add_attachment(f"ticket:{number}", chunks())
    other = (await file_ticket(attachments=[kept.id]))["ticket_no"]
    await refused(
        "attachment_not_found", services.channels.ticket_photo(kept.id, other, None, None)
    )
    assert (await services.channels.ticket_photo(kept.id, number, None, None)).id == kept.id
    await log_in(client, "clerk1")
    assert (await client.get(f"/console/tickets/{other}/photos/{kept.id}")).status == 404


async def test_a_resident_may_add_a_photo_from_another_conversation(
    client: Client, services: Services, as_staff: Token
) -> None:
    first, _ = await open_chat(client)
    second, headers = await open_chat(client)
    async with services.db.write() as s:
        known = await services.people.save_resident(s, name="张桂兰")
        for conversation in (first, second):
            await services.channels.bind_resident(s, conversation, known.id)
    request = CreateTicket(
        conversation_id=first, resident_id=known.id, leaf="H6", narrative="灯坏了"
    )
    number = (await services.tickets.create(request, resident(first)))["ticket_no"]
    sent = await upload(client, headers)
    await services.tickets.resident_act(
        number, "supplement", {"attachments": [sent]}, second, known.id
    )
    await log_in(client, "clerk1")
    assert (await client.get(f"/console/tickets/{number}/photos/{sent}")).status == 200


async def test_a_ticket_at_the_counter_is_nobodys_but_the_counters(
    client: Client, as_staff: Token, services: Services, file_ticket: FileTicket
) -> None:
    conversation, _ = await open_chat(client)
    headers = {**await as_staff("clerk1"), "Idempotency-Key": "x"}
    body = {"narrative": "灯坏了", "leaf": "H6", "conversation_id": conversation}
    answer = await client.post("/api/v1/tickets", json=body, headers=headers)
    assert answer.status == 404, "nobody asked for a person in that conversation"
    await services.channels.raise_alert(conversation, "human", None, "找人")
    answer = await client.post("/api/v1/tickets", json=body, headers=headers)
    assert answer.status == 201

    number = (await file_ticket(resident_id="r-other", nlu={"intent": "x"}))["ticket_no"]
    _, of_conversation, of_resident = await services.tickets.origin(number)
    assert (of_conversation, of_resident) == (None, None)
