"""What belongs to a ticket besides its steps: deadlines as they moved, photos; and standing orders."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from aiohttp import web

from services.bookings import overview
from services.errors import LindaError
from services.web.api.chat import uploaded
from services.web.api.common import Answer
from services.web.auth import actor_of
from services.web.keys import SERVICES, STAFF
from services.web.routing import Routes

routes = Routes("工单的时限、照片，固定订餐")
setup = routes.setup

TICKET = "/api/v1/tickets/{ticket_no}"


class DeadlineMove(Answer):
    """A deadline that was set or moved, and why."""

    stage: str
    before: datetime | None
    after: datetime
    reason: str
    seq: int
    event: str
    at: datetime
    text: str


class Deadlines(Answer):
    """Every setting and every move, in order."""

    deadlines: list[DeadlineMove]


class PhotoKept(Answer):
    """A photo; ``attachment_id`` is what a step takes as evidence."""

    attachment_id: str
    mime: str
    width: int
    height: int
    size: int


class StandingOrder(Answer):
    """A standing order: what is ordered stands on its newest ticket."""

    first_ticket: str
    ticket_no: str
    state: str
    appointment: dict[str, Any] | None
    paused_at: datetime | None
    check_at: datetime | None


class StandingOrdersNow(Answer):
    """Those that go on, in the caller's scope (at most 200)."""

    orders: list[StandingOrder]


@routes.get(
    TICKET + "/deadlines",
    auth="staff",
    response=Deadlines,
    summary="时限怎么定的、改过几次、为什么",
)
async def deadlines(request: web.Request) -> Deadlines:
    """Return what became of each deadline."""
    found = await request.app[SERVICES].tickets.deadline_history(
        request.match_info["ticket_no"], actor_of(request[STAFF])
    )
    return Deadlines(deadlines=[DeadlineMove.model_validate(c) for c in found])


@routes.post(
    TICKET + "/photos", auth="staff:evidence", status=201, response=PhotoKept,
    upload={"file": "JPEG、PNG、WebP 照片"}, summary="上传现场照片，办结时写它的编号",
)  # fmt: skip
async def add_photo(request: web.Request) -> Any:
    """Keep a photo of the work, under the ticket and not under the resident's conversation."""
    services = request.app[SERVICES]
    view = await services.tickets.get(request.match_info["ticket_no"], actor_of(request[STAFF]))
    stored = await services.channels.add_attachment(
        f"ticket:{view['ticket_no']}", uploaded(request)
    )
    return stored.body()


@routes.get(TICKET + "/photos/{photo}", auth="staff", media="image/*", summary="工单的一张照片")
async def photo(request: web.Request) -> web.StreamResponse:
    """Return a photo of a ticket, to whoever may see the ticket."""
    services, photo = request.app[SERVICES], request.match_info["photo"]
    number = request.match_info["ticket_no"]
    view = await services.tickets.get(number, actor_of(request[STAFF]))
    if photo not in {*(view.get("attachments") or ()), *(view.get("evidence") or ())}:
        raise LindaError("attachment_not_found", "没有找到这张照片。", 404)
    origin = await services.tickets.origin(number)
    found = await services.channels.ticket_photo(photo, *origin)
    return web.FileResponse(
        services.channels.uploads / found.path, headers={"Content-Type": found.mime}
    )


@routes.get(
    "/api/v1/standing-orders", auth="staff:standing", response=StandingOrdersNow, summary="固定订餐"
)
async def standing(request: web.Request) -> StandingOrdersNow:
    """Return the standing orders that go on."""
    services = request.app[SERVICES]
    found = await overview.orders(services.db, services.tickets, actor_of(request[STAFF]))
    return StandingOrdersNow(orders=[StandingOrder.model_validate(o) for o in found])
