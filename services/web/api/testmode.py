"""Test mode: the clock, the worker's turn, tickets and residents as a test needs them.

Only with ``LINDA_TEST_MODE=1`` (never in production) and an administrator's token; otherwise the
routes do not exist.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from aiohttp import web
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from services.channels.types import Sender
from services.errors import LindaError
from services.outbox.worker import run_due
from services.web.api.chat_answers import ButtonAnswer, CardAnswer, TicketMention
from services.web.api.common import Answer
from services.web.api.tickets import StaffTicket
from services.web.keys import SERVICES
from services.web.routing import Routes
from services.web.scenario import TestResident, TestTicket, make_resident, make_ticket, sent

routes = Routes("测试方式", test_only=True)
setup = routes.setup


class SetClock(BaseModel):
    """Either a moment or how far to go on."""

    model_config = ConfigDict(extra="forbid")

    now: AwareDatetime | None = None
    advance: timedelta | None = None

    @model_validator(mode="after")
    def _one(self) -> SetClock:
        if (self.now is None) == (self.advance is None):
            raise ValueError("now 和 advance 写一个")
        return self


class ClockAnswer(Answer):
    """What time it is now."""

    now: datetime


class TickAnswer(ClockAnswer):
    """How much was done."""

    done: int


class MadeResident(Answer):
    """The resident who was made."""

    resident_id: str
    home: dict[str, str | None] | None
    conversation_id: str | None


class SentMessage(Answer):
    """What a resident was told that is no answer of the bot."""

    conversation_id: str
    channel: str
    resident_id: str | None
    seq: int
    sender: Sender = Field(alias="from")
    text: str
    buttons: list[ButtonAnswer]
    card: CardAnswer | None
    ticket: TicketMention | None
    created_at: datetime


class OutboxLine(Answer):
    """Something that is to be done, or was."""

    id: int
    topic: str
    key: str | None
    state: str
    attempts: int
    payload: dict[str, Any]
    last_error: str | None
    created_at: datetime
    not_before: datetime
    done_at: datetime | None


class SentAnswer(Answer):
    """What was sent to whom, oldest first."""

    messages: list[SentMessage]
    outbox: list[OutboxLine]


class OutboxQuery(BaseModel):
    """How much to show, newest last."""

    limit: int = Field(500, ge=1, le=2000)
    conversation_id: str | None = None


@routes.post(
    "/api/v1/test/clock", auth="admin-test", body=SetClock, response=ClockAnswer,
    summary="拨动全系统的时钟",
)  # fmt: skip
async def clock(request: web.Request, body: SetClock) -> dict[str, Any]:
    """Move the one clock; API tokens move with it, so the test stays logged in."""
    services = request.app[SERVICES]
    before = services.clock.now()
    now = body.now if body.now is not None else before + (body.advance or timedelta())
    try:
        await services.clock.set(services.db, now)
    except OverflowError:
        raise LindaError("clock_out_of_range", "这个时间太远了。", 422) from None
    async with services.db.write() as s:
        await services.people.shift_tokens(s, now - before)
        await services.metrics.clock_set(s)
    return {"now": services.clock.now().isoformat()}


@routes.post(
    "/api/v1/test/tick", auth="admin-test", response=TickAnswer, summary="把到点的事都办了"
)
async def tick(request: web.Request) -> dict[str, Any]:
    """Run what is due until nothing is left, and send what follows from it."""
    services = request.app[SERVICES]
    done = await run_due(services) + await services.webhooks.finish()
    return {"done": done, "now": services.clock.now().isoformat()}


@routes.post(
    "/api/v1/test/tickets",
    auth="admin-test",
    body=TestTicket,
    response=StaffTicket,
    status=201,
    summary="任意状态的一件工单，按同样的办理步骤走到那里",
)
async def ticket(request: web.Request, body: TestTicket) -> dict[str, Any]:
    """Make a ticket and take it to a state."""
    return await make_ticket(request.app[SERVICES], body)


@routes.post(
    "/api/v1/test/residents",
    auth="admin-test",
    body=TestResident,
    response=MadeResident,
    status=201,
    summary="一位居民，连上一个会话",
)
async def resident(request: web.Request, body: TestResident) -> dict[str, Any]:
    """Make a resident and bind a conversation."""
    return await make_resident(request.app[SERVICES], body)


@routes.get(
    "/api/v1/test/outbox", auth="admin-test", query=OutboxQuery, response=SentAnswer,
    summary="给谁发了什么",
)  # fmt: skip
async def outbox(request: web.Request, query: OutboxQuery) -> dict[str, Any]:
    """Return what was sent and what is still to be done."""
    return await sent(request.app[SERVICES], query.limit, query.conversation_id)
