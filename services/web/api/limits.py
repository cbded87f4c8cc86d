"""Who is stopped by a limit, and lifting it with a reason."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from services.web.api.common import Answer, whole_number
from services.web.keys import SERVICES, STAFF
from services.web.routing import Routes

routes = Routes("限次")
setup = routes.setup

PATH = "/api/v1/limits"


class StopLine(Answer):
    """One who is stopped; nothing of what was said."""

    id: int
    who: str = Field(description="哪个网络，或者对话尾号")
    why: str
    community_id: str | None
    since: datetime
    until: datetime
    times: int = Field(description="这段时间里被拦了几次")


class Stops(Answer):
    """Who is stopped now in the caller's area, the newest first (at most 100)."""

    stops: list[StopLine]


class Lift(BaseModel):
    """Why somebody may go on."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"reason": "大厅里在教老人用微信"}]}
    )

    reason: str = Field(max_length=200)


@routes.get(PATH, auth="staff:limits", response=Stops, summary="谁被限次拦住了")
async def stopped(request: web.Request) -> Stops:
    """Return who is stopped."""
    found = await request.app[SERVICES].stops.list(request[STAFF])
    return Stops(stops=[StopLine.model_validate(f) for f in found])


@routes.post(
    PATH + "/{id}/lift", auth="staff:limits_lift", body=Lift, response=StopLine, summary="放开"
)
async def lift(request: web.Request, body: Lift) -> Any:
    """Let one go on now."""
    id = whole_number(request, "stop_not_found", "没有这一条，或者已经过了时间。")
    return StopLine.model_validate(
        await request.app[SERVICES].stops.lift(request[STAFF], id, body.reason)
    )
