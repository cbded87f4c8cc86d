"""未诉先办: what rises and why it was found; the seasons' plans and their checks."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from services.errors import LindaError
from services.web.api.seasons import grids_of
from services.web.auth import actor_of
from services.web.console.frame import REFUSALS, console_page
from services.web.console.reports import TRENDS
from services.web.keys import SERVICES, STAFF
from services.web.routing import Routes

routes = Routes("未诉先办")
setup = routes.setup

PATH = "/console/foresight"
SEASONS = "/console/seasons"
HERE = "foresight"


@routes.get(PATH, auth="staff:foresight", page=True, summary="未诉先办的线索")
async def overview(request: web.Request) -> web.Response:
    """What waits for a person, and what has been decided."""
    return await _page(request)


@routes.post(f"{PATH}/{{do}}", auth="staff:foresight", page=True, summary="建单、不用办")
async def decide(request: web.Request) -> web.Response:
    """Make a cluster a ticket, or dismiss it; refused, what was typed stays."""
    foresight, actor = request.app[SERVICES].foresight, actor_of(request[STAFF])
    typed = {k: v for k, v in (await request.post()).items() if isinstance(v, str)}
    key, words = typed.get("key", "")[:160], typed.get("words", "")
    try:
        if request.match_info["do"] == "dismiss":
            await foresight.dismiss(key, actor, words)
            raise web.HTTPSeeOther(PATH)
        if request.match_info["do"] != "file":
            raise LindaError("change_unknown", "没有这一项。", 404)
        number = await foresight.file(key, actor, words)
    except LindaError as error:
        if error.status not in (*REFUSALS, 404):
            raise
        return await _page(request, typed, error.status, error.message)
    raise web.HTTPSeeOther(f"/console/tickets/{number}")


async def _page(
    request: web.Request, typed: Mapping[str, str] | None = None, status: int = 200,
    refusal: str = "",
) -> web.Response:  # fmt: skip
    services = request.app[SERVICES]
    actor = actor_of(request[STAFF])
    waits, decided = await services.foresight.findings(actor)
    courses = await services.metrics.trends(actor)
    return console_page(
        request, "foresight", HERE, status, waits=waits, decided=decided, typed=typed or {},
        refusal=refusal, url=PATH, seasons=SEASONS, courses=courses, trends=TRENDS, params=services.foresight.params,
        names={s.id: s.name for s in await services.people.roster()},
    )  # fmt: skip


@routes.get(SEASONS, auth="staff:seasons", page=True, summary="时节预案")
async def seasons(request: web.Request) -> web.Response:
    """What is on now with its checks, and what is next."""
    return await _seasons(request)


@routes.post(f"{SEASONS}/{{plan}}/check", auth="staff:seasons_check", page=True, summary="查过了")
async def check(request: web.Request) -> web.Response:
    """Check a point off in one's own grid."""
    typed = {k: v for k, v in (await request.post()).items() if isinstance(v, str)}
    await request.app[SERVICES].foresight.check(
        request.match_info["plan"], typed.get("check", ""), typed.get("grid", ""),
        actor_of(request[STAFF]), typed.get("found", ""),
    )  # fmt: skip
    raise web.HTTPSeeOther(SEASONS)


@routes.post(
    f"{SEASONS}/{{plan}}/publish", auth="staff:seasons_publish", page=True, summary="发成通知"
)
async def publish(request: web.Request) -> web.Response:
    """Tell residents who ask, with the clerk's own unit as the source."""
    services, staff = request.app[SERVICES], request[STAFF]
    unit = services.people.org(staff.org_id)
    try:
        await services.foresight.publish(
            request.match_info["plan"], actor_of(staff), unit.name if unit else "社区"
        )
    except LindaError as error:
        if error.status not in REFUSALS or error.code == "role_not_allowed":
            raise
        return await _seasons(request, error.status, error.message)
    raise web.HTTPSeeOther("/console/information")


async def _seasons(request: web.Request, status: int = 200, refusal: str = "") -> web.Response:
    services, staff = request.app[SERVICES], request[STAFF]
    foresight = services.foresight
    grids = await grids_of(services, staff)
    on, soon = foresight.seasons()
    shown = [
        (
            each,
            await foresight.checks(each, [g.id for g in grids]),
            await foresight.heard(each, staff.community_id),
        )
        for each in on
    ]
    return console_page(
        request, "seasons", HERE, status, on=shown, soon=soon, grids=grids, refusal=refusal,
        url=SEASONS, leaves={k: v.title for k, v in services.tickets.leaves.items()},
        days=foresight.params.days, home=PATH,
        names={s.id: s.name for s in await services.people.roster()},
    )  # fmt: skip
