"""清单: needs, resources and projects on one page."""

from __future__ import annotations

import secrets

from aiohttp import web
from multidict import MultiDict
from pydantic import BaseModel, ConfigDict

from services.errors import LindaError
from services.lists.service import KINDS, LISTS, STATES, NewItem
from services.web.auth import actor_of
from services.web.console.frame import REFUSALS, console_page
from services.web.keys import SERVICES, STAFF
from services.web.routing import Routes
from services.web.validation import validated

routes = Routes("三项清单")
setup = routes.setup

PATH = "/console/lists"
HERE = "lists"


class BoardQuery(BaseModel):
    """``over``: show what is over."""

    model_config = ConfigDict(extra="ignore")

    over: bool = False


@routes.get(PATH, auth="staff:lists", page=True, query=BoardQuery, summary="三项清单")
async def board(request: web.Request, query: BoardQuery) -> web.Response:
    """The board."""
    return await _board(request, over=query.over)


@routes.post(PATH, auth="staff:lists_keep", page=True, summary="写一条")
async def add(request: web.Request) -> web.Response:
    """Write a line; refused, what was typed stays."""
    typed = await _typed(request)
    try:
        form = typed.get("form", "")
        if not 8 <= len(form) <= 40:
            raise LindaError("invalid_fields", "这一页太旧了，请重新打开再写。", 422)
        name, _, kind = typed.get("kind", "").partition(":")
        given = {k: typed.get(k, "") for k in ("title", "detail", "owner")}
        wanted = validated(
            NewItem,
            {**given, "list": name, "kind": kind, "links": tuple(typed.getall("links", []))},
        )
        await request.app[SERVICES].lists.add(wanted, actor_of(request[STAFF]), form)
    except LindaError as error:
        if error.status not in REFUSALS:
            raise
        return await _board(request, typed, error.status, error.message)
    raise web.HTTPSeeOther(PATH)


@routes.post(f"{PATH}/from-ticket", auth="staff:lists_keep", page=True, summary="工单列为需求")
async def from_ticket(request: web.Request) -> web.Response:
    """One tap on a ticket's page: its matter is a need."""
    typed = await _typed(request)
    number = typed.get("ticket_no", "")[:40]
    await request.app[SERVICES].lists.from_ticket(number, actor_of(request[STAFF]))
    raise web.HTTPSeeOther(PATH)


@routes.post(f"{PATH}/{{item}}", auth="staff:lists_keep", page=True, summary="改状态")
async def move(request: web.Request) -> web.Response:
    """Change the state of a line."""
    typed = await _typed(request)
    version = typed.get("version", "")
    try:
        await request.app[SERVICES].lists.move(
            request.match_info["item"], typed.get("state", ""), typed.get("note", ""),
            int(version) if version.isascii() and version.isdigit() and len(version) < 9 else -1,
            actor_of(request[STAFF]),
        )  # fmt: skip
    except LindaError as error:
        if error.status not in REFUSALS:
            raise
        return await _board(request, None, error.status, error.message)
    raise web.HTTPSeeOther(PATH)


async def _board(
    request: web.Request, typed: MultiDict[str] | None = None, status: int = 200,
    refusal: str = "", *, over: bool = False,
) -> web.Response:  # fmt: skip
    services, staff = request.app[SERVICES], request[STAFF]
    roster = await services.people.roster()
    here = [s for s in roster if s.community_id in (staff.community_id, None)]
    return console_page(
        request, "lists", HERE, status, lists=LISTS, states=STATES, kinds=KINDS, over=over,
        board=await services.lists.board(actor_of(staff), over=over), typed=typed or MultiDict(),
        form=secrets.token_urlsafe(12), refusal=refusal, url=PATH, names={s.id: s.name for s in roster},
        owners=[(s.id, s.name) for s in here if s.role in ("grid", "clerk", "supervisor")],
    )  # fmt: skip


async def _typed(request: web.Request) -> MultiDict[str]:
    return MultiDict((k, v) for k, v in (await request.post()).items() if isinstance(v, str))
