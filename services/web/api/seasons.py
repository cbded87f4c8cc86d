"""The seasons' plans: what is on now, what was checked where, and telling residents."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from services.context import Services
from services.foresight.seasons import Season
from services.people.model import Staff
from services.places.model import Grid
from services.web.api.common import Answer
from services.web.auth import actor_of
from services.web.keys import SERVICES, STAFF
from services.web.routing import Routes

routes = Routes("时节预案")
setup = routes.setup

PATH = "/api/v1/seasons"


class SeasonCheck(BaseModel):
    """A point that was looked at in a grid."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"check": "pipes", "grid": "qinghe-g1", "found": "3号楼管井漏风"}]
        },
    )

    check: str = Field(max_length=40)
    grid: str = Field(max_length=40)
    found: str = Field("", max_length=500)


class CheckPoint(Answer):
    """One thing to look at."""

    id: str
    text: str
    who: str


class CheckedPoint(Answer):
    """That a point was looked at in a grid."""

    check_id: str
    grid_id: str
    found: str
    by: str
    at: datetime


class SeasonLine(Answer):
    """A plan in this year."""

    id: str
    name: str
    starts: date
    until: date
    points: list[CheckPoint]
    leaves: list[str]
    message: str
    elder: str = Field(description="长辈版的说法")
    source: str
    checked: list[CheckedPoint]
    heard: int | None = Field(description="最近几天有几件这类诉求；还没开始的没有")


class Seasons(Answer):
    """What is on, and what is next."""

    on: list[SeasonLine]
    soon: list[SeasonLine]
    grids: list[str]


async def grids_of(services: Services, staff: Staff) -> list[Grid]:
    """Return the grids whose checks somebody sees: the own, or those of the community."""
    grids = (await services.places.gazetteer()).grids
    if staff.role == "grid":
        return [g for g in grids if g.id in staff.grid_ids]
    return [g for g in grids if staff.community_id in (None, g.community_id)]


@routes.get(PATH, auth="staff:seasons", response=Seasons, summary="时节预案和查过没有")
async def seasons(request: web.Request) -> Seasons:
    """Return what is on with its checks, and what is next."""
    return await _seasons(request)


@routes.post(
    PATH + "/{plan}/checks", auth="staff:seasons_check", body=SeasonCheck, response=Seasons, summary="查过了"
)  # fmt: skip
async def check(request: web.Request, body: SeasonCheck) -> Seasons:
    """Check a point off in one of the caller's grids; again it is replaced."""
    await request.app[SERVICES].foresight.check(
        request.match_info["plan"], body.check, body.grid, actor_of(request[STAFF]), body.found
    )
    return await _seasons(request)


@routes.post(
    PATH + "/{plan}/publish", auth="staff:seasons_publish", response=Seasons, summary="发成社区消息"
)
async def publish(request: web.Request) -> Seasons:
    """Tell residents who ask, with the caller's own unit as the source; twice is once."""
    services, staff = request.app[SERVICES], request[STAFF]
    unit = services.people.org(staff.org_id)
    await services.foresight.publish(
        request.match_info["plan"], actor_of(staff), unit.name if unit else "社区"
    )
    return await _seasons(request)


async def _seasons(request: web.Request) -> Seasons:
    services, staff = request.app[SERVICES], request[STAFF]
    grids = await grids_of(services, staff)
    on, soon = services.foresight.seasons()
    return Seasons(
        on=[await _line(services, s, grids, staff, True) for s in on],
        soon=[await _line(services, s, grids, staff, False) for s in soon],
        grids=[g.id for g in grids],
    )


async def _line(
    services: Services, season: Season, grids: Sequence[Grid], staff: Staff, on: bool
) -> SeasonLine:
    plan, foresight = season.plan, services.foresight
    checked = await foresight.checks(season, [g.id for g in grids]) if on else {}
    heard = await foresight.heard(season, staff.community_id) if on else None
    return SeasonLine(
        id=plan.id, name=plan.name, starts=season.starts, until=season.until,
        points=[CheckPoint.model_validate(c) for c in plan.checks], leaves=list(plan.leaves),
        message=plan.message, elder=plan.elder, source=plan.source, heard=heard,
        checked=[CheckedPoint.model_validate(r) for r in checked.values()],
    )  # fmt: skip
