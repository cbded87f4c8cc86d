"""限次: who wrote, filed or opened too much in a short time, and letting them go on."""

from __future__ import annotations

from aiohttp import web

from services.errors import LindaError
from services.people.roles import permissions_of
from services.web.api.common import whole_number
from services.web.console.frame import REFUSALS, console_page
from services.web.keys import SERVICES, STAFF
from services.web.routing import Routes

routes = Routes("工作台")
setup = routes.setup

PATH = "/console/limits"


@routes.get(PATH, auth="staff:limits", page=True, summary="谁被限次拦住了")
async def page(request: web.Request) -> web.Response:
    """Who is stopped, since when, why and until when."""
    return await _page(request)


@routes.post(f"{PATH}/{{id}}/lift", auth="staff:limits_lift", page=True, summary="放开")
async def lift(request: web.Request) -> web.Response:
    """Let one go on, with a reason; refused, the page says why."""
    services, staff = request.app[SERVICES], request[STAFF]
    id = whole_number(request, "stop_not_found", "没有这一条，或者已经过了时间。")
    reason = str((await request.post()).get("reason", ""))
    try:
        await services.stops.lift(staff, id, reason)
    except LindaError as error:
        if error.status not in REFUSALS:
            raise
        return await _page(request, error.status, error.message)
    raise web.HTTPSeeOther(PATH)


async def _page(request: web.Request, status: int = 200, refusal: str = "") -> web.Response:
    services, staff = request.app[SERVICES], request[STAFF]
    communities = {c.id: c.name for c in (await services.places.gazetteer()).communities}
    return console_page(
        request, "limits", "limits", status, stops=await services.stops.list(staff), url=PATH,
        refusal=refusal, communities=communities, may_lift="limits_lift" in permissions_of(staff.role),
    )  # fmt: skip
