"""工作日历: what is known, and bringing in the next notice: read it, see what would move, apply it."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from services.tickets.core.calendar import Year
from services.tickets.core.notices import LONGEST, coverage, read_notice
from services.web.api.calendar import AUTH, mark, preview_of
from services.web.console.frame import console_page
from services.web.keys import SERVICES, STAFF
from services.web.routing import Routes

routes = Routes("工作台")
setup = routes.setup

PATH = "/console/calendar"
HERE = "calendar"


@routes.get(PATH, auth=AUTH, page=True, summary="工作日历")
async def overview(request: web.Request) -> web.Response:
    """The years that are known, what is missing, and the form for the next notice."""
    return await _page(request, {})


@routes.post(PATH, auth=AUTH, page=True, summary="看一看、录入放假安排")
async def bring_in(request: web.Request) -> web.Response:
    """Show what a notice changes, or apply what has been shown; refused, what was typed stays."""
    services, staff = request.app[SERVICES], request[STAFF]
    typed = {k: v for k, v in (await request.post()).items() if isinstance(v, str)}
    try:
        year = read_notice(typed.get("text", ""), typed.get("source", "").strip())
    except ValueError as error:
        return await _page(request, typed, 422, str(error))
    if typed.get("do") == "apply":
        if typed.get("seen") != mark(year):
            words = "内容改过了，请先看一看会动哪些时限，再录入。"
            return await _page(request, typed, 409, words, year)
        await services.tickets.take_notice(year, staff.id)
        raise web.HTTPSeeOther(PATH)
    return await _page(request, typed, year=year)


async def _page(
    request: web.Request, typed: Mapping[str, str], status: int = 200, refusal: str = "",
    year: Year | None = None,
) -> web.Response:  # fmt: skip
    services = request.app[SERVICES]
    tickets = services.tickets
    found = await preview_of(services, year) if year else None
    async with services.db.read() as s:
        await tickets.calendars.refresh(s)
        taken = await tickets.calendars.taken(s)
    return console_page(
        request, "calendar", HERE, status, typed={"text": "", "source": "", **typed}, refusal=refusal, url=PATH, longest=LONGEST,
        missing=coverage(tickets.calendar, services.clock.now().date()),
        years=sorted(tickets.calendars.years, key=lambda y: -y.year), taken=taken,
        names={s.id: s.name for s in await services.people.roster()},
        year=year, odd=found.odd if found else [], changed=found.changed if found else [],
        seen=found.seen if found else "", tickets_moved=found.tickets_moved if found else 0,
        moves=found.moves if found else [],
    )  # fmt: skip
