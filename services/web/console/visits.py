"""探访: whom to visit next, a visit in a few taps, the list's keeping, the month's figures."""

from __future__ import annotations

import secrets

from aiohttp import web
from multidict import MultiDict

from services.errors import LindaError
from services.people.roles import permissions_of
from services.visits.plan import Rate
from services.visits.service import NewAbsence, NewAlert, NewConsent, NewTarget, NewVisit
from services.web.api.visits import MonthQuery
from services.web.auth import actor_of
from services.web.console.frame import REFUSALS, console_page
from services.web.keys import SERVICES, STAFF
from services.web.routing import Routes
from services.web.validation import validated

routes = Routes("探访")
setup = routes.setup

PATH = "/console/visits"
HERE = "visits"


@routes.get(PATH, auth="staff:visits", page=True, summary="探访名单")
async def overview(request: web.Request) -> web.Response:
    """The elders of the own area, the next due first."""
    services, actor = request.app[SERVICES], actor_of(request[STAFF])
    elders = await services.visits.elders(actor)
    return console_page(
        request, "visits", HERE, elders=elders, rules=services.visits.rules, url=PATH,
        reminders=await services.visits.reminders(actor), now=services.clock.now(),
        grids={g.id: g.name for g in (await services.places.gazetteer()).grids},
    )  # fmt: skip


@routes.post(f"{PATH}/seen", auth="staff:visits", page=True, summary="探访提醒知道了")
async def seen(request: web.Request) -> web.Response:
    """Put the reminders away."""
    await request.app[SERVICES].visits.seen(actor_of(request[STAFF]))
    raise web.HTTPSeeOther(PATH)


@routes.get(
    f"{PATH}/figures", auth="staff:visits_figures", page=True, query=MonthQuery, summary="月探访率"
)
async def figures(request: web.Request, query: MonthQuery) -> web.Response:
    """The month by grid and community: numbers, no names."""
    services = request.app[SERVICES]
    month = query.day(services.clock.now().date())
    rows = await services.visits.figures(actor_of(request[STAFF]), month)
    places = await services.places.gazetteer()
    communities: dict[str, Rate] = {}
    for community, _, found in rows:
        communities[community] = communities.get(community, Rate()) + found
    return console_page(
        request, "visits_figures", HERE, month=month, rows=rows, communities=communities, url=PATH,
        names={c.id: c.name for c in places.communities} | {g.id: g.name for g in places.grids},
        total=sum(communities.values(), Rate()),
        named="visits" in permissions_of(request[STAFF].role),
    )  # fmt: skip


@routes.get(f"{PATH}/new", auth="staff:visits_keep", page=True, summary="加一位老人")
async def new(request: web.Request) -> web.Response:
    """The empty form."""
    return await _new(request, MultiDict({"form": secrets.token_urlsafe(12)}))


@routes.post(f"{PATH}/new", auth="staff:visits_keep", page=True, summary="加进名册")
async def add(request: web.Request) -> web.Response:
    """Put an elder on the list; refused, what was typed stays."""
    services, typed = request.app[SERVICES], await _typed(request)
    given = {
        k: typed.get(k, "") for k in ("name", "building_id", "door", "phone", "family", "risk")
    }
    try:
        given |= {k: typed[k] for k in ("consent", "consent_by", "consent_form") if typed.get(k)}
        wanted = validated(NewTarget, {**given, "kinds": typed.getall("kinds", [])})
        await services.visits.add(wanted, actor_of(request[STAFF]), _form_id(typed))
    except LindaError as error:
        if error.status not in REFUSALS:
            raise
        return await _new(request, typed, error.status, error.message)
    raise web.HTTPSeeOther(PATH)


@routes.get(f"{PATH}/{{elder}}", auth="staff:visits", page=True, summary="一位老人")
async def elder(request: web.Request) -> web.Response:
    """One elder, with the form of a visit on top."""
    return await _elder(request)


@routes.post(f"{PATH}/{{elder}}/visit", auth="staff:visits_record", page=True, summary="记一次探访")
async def visit(request: web.Request) -> web.Response:
    """Keep a visit; a need becomes a ticket with the same tap."""
    services, typed, id = request.app[SERVICES], await _typed(request), request.match_info["elder"]
    try:
        given = {k: typed.get(k, "") for k in ("way", "note", "need")}
        wanted = validated(NewVisit, {
            **given, "id": _form_id(typed), "reached": typed.get("reached") == "yes",
            "state": typed.get("state") or None,
        })  # fmt: skip
        number = await services.visits.record(id, wanted, actor_of(request[STAFF]))
    except LindaError as error:
        if error.status not in REFUSALS:
            raise
        return await _elder(request, typed, error.status, error.message)
    done = f"记好了。需要办的事已建单：{number}" if number else "记好了。"
    return await _elder(request, done=done, ticket=number or "")


@routes.post(f"{PATH}/{{elder}}/phone", auth="staff:visits_record", page=True, summary="看老人电话")
async def phone(request: web.Request) -> web.Response:
    """Show the numbers, with a reason that stays on record."""
    typed, id = await _typed(request), request.match_info["elder"]
    try:
        shown = await request.app[SERVICES].visits.phone(
            id, request[STAFF], actor_of(request[STAFF]), typed.get("reason", "")
        )
    except LindaError as error:
        if error.status not in REFUSALS:
            raise
        return await _elder(request, typed, error.status, error.message)
    return await _elder(request, shown=shown)


@routes.post(f"{PATH}/{{elder}}/{{change}}", auth="staff:visits", page=True, summary="外出、回来、变故、改档、移出")  # fmt: skip
async def change(request: web.Request) -> web.Response:
    """What changes about an elder; the service says who may."""
    visits, typed = request.app[SERVICES].visits, await _typed(request)
    id, actor = request.match_info["elder"], actor_of(request[STAFF])
    try:
        match request.match_info["change"]:
            case "away":
                given = {k: typed.get(k, "") for k in ("kind", "starts")}
                until = typed.get("until") or None
                wanted = validated(NewAbsence, {**given, "until": until, "id": _form_id(typed)})
                await visits.away(id, wanted, actor)
            case "consent":
                said = {k: typed.get(k, "") for k in ("answer", "said_by", "day")}
                how = {"form": typed.get("how", ""), "id": _form_id(typed)}
                answer = validated(NewConsent, said | how)
                await visits.consent(id, answer, actor)
            case "back":
                await visits.back(id, actor)
            case "alert":
                alert = validated(NewAlert, {"kind": typed.get("kind", ""), "id": _form_id(typed)})
                await visits.alert(id, alert, actor)
            case "risk":
                await visits.change_risk(id, actor, typed.get("risk", ""))
            case "leave":
                await visits.leave(id, actor, typed.get("why", ""))
                raise web.HTTPSeeOther(PATH)
            case _:
                raise LindaError("change_unknown", "没有这一项。", 404)
    except LindaError as error:
        if error.status not in REFUSALS or error.code == "role_not_allowed":
            raise
        return await _elder(request, typed, error.status, error.message)
    raise web.HTTPSeeOther(f"{PATH}/{id}")


async def _elder(
    request: web.Request, typed: MultiDict[str] | None = None, status: int = 200,
    refusal: str = "", *, done: str = "", ticket: str = "", shown: dict[str, str] | None = None,
) -> web.Response:  # fmt: skip
    services, staff = request.app[SERVICES], request[STAFF]
    found, visits = await services.visits.elder(request.match_info["elder"], staff, actor_of(staff))
    return console_page(
        request, "visit", HERE, status, e=found, visits=visits, rules=services.visits.rules,
        typed=typed or MultiDict(), form=secrets.token_urlsafe(12), refusal=refusal, done=done,
        ticket=ticket, shown=shown, url=PATH, today=services.clock.now().date().isoformat(),
        names={s.id: s.name for s in await services.people.roster()}, now=services.clock.now(),
    )  # fmt: skip


async def _new(
    request: web.Request, typed: MultiDict[str], status: int = 200, refusal: str = ""
) -> web.Response:
    services = request.app[SERVICES]
    places = await services.places.gazetteer()
    own = request[STAFF].community_id
    buildings = [
        (compound.name, [(b.id, b.number) for b in places.buildings_of[compound.id]])
        for compound in places.compounds
        if own is None or compound.community_id == own
    ]
    return console_page(
        request, "visits_new", HERE, status, typed=typed, refusal=refusal, url=PATH,
        rules=services.visits.rules, buildings=buildings,
    )  # fmt: skip


async def _typed(request: web.Request) -> MultiDict[str]:
    return MultiDict((k, v) for k, v in (await request.post()).items() if isinstance(v, str))


def _form_id(typed: MultiDict[str]) -> str:
    """Return the form's own id.

    Raises:
        LindaError: 422: a page that was opened long ago or made by hand.
    """
    form = typed.get("form", "")
    if not 8 <= len(form) <= 40:
        raise LindaError("invalid_fields", "这一页太旧了，请重新打开再写。", 422)
    return form
