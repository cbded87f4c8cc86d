"""每月一题: the plan of a year, a theme with its figures, and what people decide about it; all prints."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web
from multidict import MultiDict

from services.errors import LindaError
from services.themes.plan import Proposal
from services.themes.service import CHANGES, MEASURES, STATES, NewMeasure, NewTheme
from services.themes.tables import ThemeRow
from services.web.api.themes import ThemesQuery, measure_of
from services.web.console.forms import whole_number
from services.web.console.frame import REFUSALS, console_page
from services.web.console.reports import drawn, picture
from services.web.keys import SERVICES, STAFF
from services.web.routing import Routes
from services.web.validation import validated

routes = Routes("每月一题")
setup = routes.setup

PATH = "/console/themes"
ONE = f"{PATH}/{{theme}}"
HERE = "themes"
KEEP = "staff:themes_keep"


@routes.get(PATH, auth="staff:themes", page=True, query=ThemesQuery, summary="每月一题")
async def overview(request: web.Request, query: ThemesQuery) -> web.Response:
    """The plan of a year."""
    return await _plan(request, query.year)


@routes.post(PATH, auth=KEEP, page=True, summary="提一题")
async def propose(request: web.Request) -> web.Response:
    """Propose a theme; refused, what was typed stays."""
    typed = await _typed(request)
    try:
        form = typed.get("form", "")
        if not 8 <= len(form) <= 40:
            raise LindaError("invalid_fields", "这一页太旧了，请重新打开再写。", 422)
        made = await request.app[SERVICES].themes.propose(request[STAFF], _theme(typed), form)
    except LindaError as error:
        if error.status not in REFUSALS:
            raise
        return await _plan(request, whole_number(typed.get("year", "")), typed, error)
    raise web.HTTPSeeOther(f"{PATH}/{made}")


@routes.get(ONE, auth="staff:themes", page=True, summary="一题")
async def one(request: web.Request) -> web.Response:
    """A theme with its figures, measures and history."""
    return await _one(request)


@routes.post(ONE, auth=KEEP, page=True, summary="改一题")
async def edit(request: web.Request) -> web.Response:
    """Change what is proposed."""
    themes = request.app[SERVICES].themes

    async def do(typed: MultiDict[str], version: int) -> None:
        await themes.edit(request[STAFF], request.match_info["theme"], _theme(typed), version)

    return await _done(request, do)


@routes.post(f"{ONE}/decision", auth="staff:themes_decide", page=True, summary="定下来，或者不做")
async def decide(request: web.Request) -> web.Response:
    """Take it into the plan, or drop it."""
    themes = request.app[SERVICES].themes

    async def do(typed: MultiDict[str], version: int) -> None:
        adopt = typed.get("do") == "adopt"
        words = typed.get("words", "")
        await themes.decide(request[STAFF], request.match_info["theme"], adopt, words, version)

    return await _done(request, do)


@routes.post(f"{ONE}/measures", auth=KEEP, page=True, summary="加一条任务")
async def add_measure(request: web.Request) -> web.Response:
    """Write what is to be done."""
    themes = request.app[SERVICES].themes

    async def do(typed: MultiDict[str], version: int) -> None:
        wanted = validated(NewMeasure, {k: typed.get(k, "") for k in ("text", "org", "due")})
        await themes.add_measure(request[STAFF], request.match_info["theme"], wanted, version)

    return await _done(request, do)


@routes.post(f"{ONE}/measures/{{measure}}", auth=KEEP, page=True, summary="任务办到哪了")
async def move_measure(request: web.Request) -> web.Response:
    """Say how a measure stands."""
    themes = request.app[SERVICES].themes

    async def do(typed: MultiDict[str], version: int) -> None:
        await themes.move_measure(
            request[STAFF], request.match_info["theme"], measure_of(request),
            typed.get("state", ""), typed.get("note", ""), version,
        )  # fmt: skip

    return await _done(request, do)


@routes.post(f"{ONE}/close", auth=KEEP, page=True, summary="做完了，写总结")
async def close(request: web.Request) -> web.Response:
    """End the work on it."""
    themes = request.app[SERVICES].themes

    async def do(typed: MultiDict[str], version: int) -> None:
        words = typed.get("words", "")
        await themes.close(request[STAFF], request.match_info["theme"], words, version)

    return await _done(request, do)


@routes.post(f"{ONE}/review", auth=KEEP, page=True, summary="回头看")
async def review(request: web.Request) -> web.Response:
    """Look again."""
    themes = request.app[SERVICES].themes

    async def do(typed: MultiDict[str], version: int) -> None:
        kept, words = typed.get("kept") == "yes", typed.get("words", "")
        await themes.review(request[STAFF], request.match_info["theme"], kept, words, version)

    return await _done(request, do)


async def _done(
    request: web.Request, do: Callable[[MultiDict[str], int], Awaitable[None]]
) -> web.Response:
    """Do something to a theme and show it; refused, what was typed stays."""
    typed = await _typed(request)
    try:
        await do(typed, whole_number(typed.get("version", "")))
    except LindaError as error:
        if error.status not in REFUSALS or error.code == "role_not_allowed":
            raise
        return await _one(request, typed, error)
    raise web.HTTPSeeOther(f"{PATH}/{request.match_info['theme']}")


def _leaves(typed: MultiDict[str]) -> list[str]:
    """Return the matters that were chosen: one of each list, in order."""
    names = sorted(name for name in typed if name.startswith("leaf"))
    return [typed[name] for name in names if typed[name]]


def _theme(typed: MultiDict[str]) -> NewTheme:
    numbers = {k: whole_number(typed.get(k, "")) for k in ("year", "month")}
    given: dict[str, Any] = {k: typed.get(k, "") for k in ("title", "lead", "goal", "target")}
    return validated(
        NewTheme,
        {**given, **numbers, "leaves": tuple(_leaves(typed)),
         "assists": tuple(typed.getall("assists", [])), "project_id": typed.get("project_id") or None},
    )  # fmt: skip


def _written(typed: MultiDict[str], year: int) -> dict[str, Any]:
    """Return what a form shows: what was typed, else nothing."""
    words = {k: typed.get(k, "") for k in ("title", "lead", "goal", "target", "project_id")}
    return {
        **words, "key": "", "usual": 0, "year": year, "month": whole_number(typed.get("month", "")),
        "leaves": _leaves(typed), "assists": typed.getall("assists", []),
    }  # fmt: skip


def _suggested(proposal: Proposal, year: int, number: int) -> dict[str, Any]:
    """Return a form with what the figures suggest; month, goal and number are a person's to say."""
    return {
        **_written(MultiDict(), year), "key": number, "title": "、".join(proposal.names)[:60],
        "leaves": list(proposal.leaves), "lead": proposal.lead, "usual": proposal.usual,
    }  # fmt: skip


def _as_is(row: ThemeRow) -> dict[str, Any]:
    """Return a form with a theme as it stands."""
    names = ("year", "month", "title", "leaves", "lead", "assists", "goal", "target", "project_id")
    return {"key": "", "usual": 0, **{name: getattr(row, name) for name in names}}


async def _plan(
    request: web.Request, year: int | None, typed: MultiDict[str] | None = None,
    refusal: LindaError | None = None,
) -> web.Response:  # fmt: skip
    services, staff = request.app[SERVICES], request[STAFF]
    year = year or services.clock.now().year
    found = await services.themes.of_year(staff, year)
    proposals = await services.themes.proposals(staff, year)
    return console_page(
        request, "themes", HERE, refusal.status if refusal else 200, year=year, themes=found,
        proposals=[(p, _suggested(p, year, n)) for n, p in enumerate(proposals, start=1)],
        refusal=refusal, written=_written(typed or MultiDict(), year),
        form=secrets.token_urlsafe(12), **await _names(request),
    )  # fmt: skip


async def _one(
    request: web.Request, typed: MultiDict[str] | None = None, refusal: LindaError | None = None
) -> web.Response:
    services, staff = request.app[SERVICES], request[STAFF]
    theme = await services.themes.one(staff, request.match_info["theme"])
    months = [m for m, _ in theme.effect.months]
    row = theme.row
    line = {"name": row.title, "months": [n for _, n in theme.effect.months]}
    own = staff.community_id is None or row.community_id == staff.community_id
    return console_page(
        request, "theme", HERE, refusal.status if refusal else 200, theme=theme, row=row,
        line=drawn(line, months), mine=own, refusal=refusal, typed=typed or MultiDict(),
        written=_written(typed, row.year) if typed and typed.get("title") else _as_is(row),
        today=services.clock.now().date(), **picture(len(months)), **await _names(request),
    )  # fmt: skip


async def _names(request: web.Request) -> dict[str, Any]:
    """What pages of themes call things by, and what their forms offer."""
    services, staff = request.app[SERVICES], request[STAFF]
    leaves = services.tickets.leaves
    return {
        "url": PATH, "states": STATES, "measures": MEASURES, "changes": CHANGES,
        "leaves": {k: v.title for k, v in leaves.items() if not v.restricted},
        "orgs": {o.id: o.name for o in services.people.orgs()},
        "people": {s.id: s.name for s in await services.people.roster()},
        "projects": await services.themes.projects(staff),
        "rule": services.themes.params,
    }  # fmt: skip


async def _typed(request: web.Request) -> MultiDict[str]:
    return MultiDict((k, v) for k, v in (await request.post()).items() if isinstance(v, str))
