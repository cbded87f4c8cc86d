"""提醒: what the clock has to say to whoever is logged in, until one of them has seen it."""

from __future__ import annotations

from aiohttp import web

from services.errors import LindaError
from services.tickets import reminders
from services.web.auth import actor_of
from services.web.console.foresight import PATH as FORESIGHT
from services.web.console.frame import console_page
from services.web.console.reviews import PATH as REVIEWS
from services.web.console.themes import PATH as THEMES
from services.web.keys import SERVICES, STAFF
from services.web.routing import Routes

routes = Routes("工作台")
setup = routes.setup

AUTH = "staff:reminders"
PATH = "/console/reminders"


@routes.get(PATH, auth=AUTH, page=True, summary="时限提醒")
async def page(request: web.Request) -> web.Response:
    """The sentences that wait, the newest first, what rises in a place, and the visits that are due."""
    services, actor = request.app[SERVICES], actor_of(request[STAFF])
    async with services.db.read() as s:
        waiting = await reminders.waiting(s, actor)
    return console_page(
        request, "reminders", "reminders", waiting=waiting, url=PATH,
        visits=await services.visits.reminders(actor),
        wrong=await services.reviews.due(request[STAFF]), reviews=REVIEWS, unit=services.reviews.unit,
        themes=await services.themes.due(request[STAFF]), theme_path=THEMES,
        rising=await services.foresight.warned(actor), foresight=FORESIGHT,
        grids={g.id: g.name for g in (await services.places.gazetteer()).grids},
    )  # fmt: skip


@routes.post(f"{PATH}/{{id}}", auth=AUTH, page=True, summary="知道了")
async def seen(request: web.Request) -> web.Response:
    """One of those it is for has seen it."""
    services, id = request.app[SERVICES], request.match_info["id"]
    if not (id.isascii() and id.isdigit() and len(id) < 18):
        raise LindaError("reminder_not_found", "没有这条提醒。", 404)
    async with services.db.write() as s:
        await reminders.seen(s, int(id), actor_of(request[STAFF]), services.clock.now())
    raise web.HTTPSeeOther(PATH)
