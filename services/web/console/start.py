"""开始: home of who has no worklist – every page with a sentence, and what is still to be filled in."""

from __future__ import annotations

from aiohttp import web

from services.tickets.core.notices import coverage
from services.web.console.frame import console_page
from services.web.console.menu import START, menu_of
from services.web.keys import SERVICES, STAFF
from services.web.routing import Routes

routes = Routes("工作台")
NO_DUTY_CALL = "还没有设好自动通知值班领导，请技术人员按运维手册设：有生命危险、两分钟没人接手时，只在调度的提醒里写值班电话，要人打。"
setup = routes.setup


@routes.get(START, auth="staff", page=True, summary="开始")
async def page(request: web.Request) -> web.Response:
    """What the person may do here; what waits for them first."""
    services = request.app[SERVICES]
    entries = [e for e in menu_of(request[STAFF].role) if e.hint]
    paths = {e.here: e.path for e in entries}
    todo: list[tuple[str, str | None]] = []
    if "calendar" in paths:
        if not services.settings.duty_webhook:
            todo.append((NO_DUTY_CALL, None))
        async with services.db.read() as s:
            await services.tickets.calendars.refresh(s)
        missing = coverage(services.tickets.calendar, services.clock.now().date())
        todo += [(words, paths["calendar"]) for words in missing]
        todo += [(due.plain, None) for due in services.catalogue.population_due()]
    if "reviews" in paths:
        listed = await services.reviews.listing(request[STAFF])
        wrong = sum(bool(f.standing.remarks) for f in listed)
        due = sum(f.standing.state != "good" for f in listed) - wrong
        if wrong:
            todo.append(
                (f"有人说答居民的话有错，等着改的有{wrong}条。", f"{paths['reviews']}?state=wrong")
            )
        if due and "calendar" in paths:
            todo.append((f"还要单位复核的有{due}条。", paths["reviews"]))
    return console_page(request, "start", "start", entries=entries, todo=todo)
