"""“机器人理解错了” over the API: what the desk and grid workers say of a message, for who teaches."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from aiohttp import web
from pydantic import ConfigDict, Field

from services.context import Services
from services.errors import LindaError
from services.people.model import Staff
from services.training.suggestions import Wanted
from services.web.api.common import Answer
from services.web.auth import actor_of
from services.web.keys import SERVICES, STAFF
from services.web.routing import Routes

routes = Routes("学习")
setup = routes.setup

AUTH = "staff:suggest"


class TicketTaken(Wanted):
    """What the message that a ticket was written from means."""

    model_config = ConfigDict(
        extra="forbid",
        str_strip_whitespace=True,
        json_schema_extra={"examples": [{"leaf": "H7", "note": "说的是下水，不是灯"}]},
    )


class MessageTaken(TicketTaken):
    """What a message of a conversation means."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"message": "9f0c61d2", "leaf": "H7", "note": "说的是下水，不是灯"}]
        }
    )

    message: str = Field(max_length=40)


class SuggestionKept(Answer):
    """It waits for who teaches."""

    kept: bool = True


async def of_ticket(services: Services, staff: Staff, number: str, wanted: Wanted) -> None:
    """Keep a suggestion about a ticket that the person may see."""
    view = await services.tickets.get(number, actor_of(staff))
    _, conversation_id, _ = await services.tickets.origin(number)
    await services.suggestions.of_ticket(
        conversation_id,
        datetime.fromisoformat(view["created_at"]),
        Wanted(leaf=wanted.leaf, note=wanted.note),
        staff,
    )


async def of_message(
    services: Services, staff: Staff, handoff_id: str, message: str, wanted: Wanted
) -> None:
    """Keep a suggestion about a resident's message in a conversation that the person may see.

    Raises:
        LindaError: 404 ``message_not_found``.
    """
    view = await services.channels.handoff(actor_of(staff), handoff_id)
    if message not in {m.id for m in view.messages if m.sender == "resident"}:
        raise LindaError("message_not_found", "没有找到这句话。", 404)
    await services.suggestions.of_message(
        message, Wanted(leaf=wanted.leaf, note=wanted.note), staff
    )


@routes.post(
    "/api/v1/tickets/{ticket_no}/misunderstood", auth=AUTH, body=TicketTaken,
    response=SuggestionKept, summary="这件工单机器人理解错了",
)  # fmt: skip
async def ticket(request: web.Request, body: TicketTaken) -> Any:
    """Keep what it should have been."""
    await of_ticket(request.app[SERVICES], request[STAFF], request.match_info["ticket_no"], body)
    return SuggestionKept()


@routes.post(
    "/api/v1/handoffs/{id}/misunderstood", auth=AUTH, body=MessageTaken,
    response=SuggestionKept, summary="对话里这句话机器人理解错了",
)  # fmt: skip
async def message(request: web.Request, body: MessageTaken) -> Any:
    """Keep what it should have been."""
    await of_message(
        request.app[SERVICES], request[STAFF], request.match_info["id"], body.message, body
    )
    return SuggestionKept()
