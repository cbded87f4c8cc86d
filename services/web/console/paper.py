"""打印单据: the sheets of a ticket – chosen, filled in, looked at, issued with a number, printed."""

from __future__ import annotations

import secrets

import segno
from aiohttp import web

from services.errors import LindaError
from services.paper.service import Sheet
from services.web.auth import actor_of
from services.web.console.forms import whole_number
from services.web.console.frame import REFUSALS, console_page
from services.web.keys import SERVICES, STAFF
from services.web.routing import Routes
from services.web.templates import page

routes = Routes("工作台")

AUTH = "staff:paper"
PATH = "/console/tickets/{ticket_no}/paper"
LONGEST_FORM = 40


@routes.get(PATH, auth=AUTH, page=True, summary="一件工单能打印的单据")
async def overview(request: web.Request) -> web.Response:
    """What can be printed now, and what was printed."""
    number = request.match_info["ticket_no"]
    offered = await request.app[SERVICES].paper.offered(number, actor_of(request[STAFF]))
    return console_page(request, "paper", "tickets", number=number, offered=offered)


@routes.get(PATH + "/{kind}", auth=AUTH, page=True, summary="预览一张单据")
async def preview(request: web.Request) -> web.Response:
    """The sheet as it would be issued now; what is to be filled in stands above it."""
    number, kind = request.match_info["ticket_no"], request.match_info["kind"]
    sheet = await request.app[SERVICES].paper.preview(number, kind, actor_of(request[STAFF]))
    return _sheet_page(request, sheet, form=secrets.token_urlsafe(12))


@routes.post(PATH + "/{kind}", auth=AUTH, page=True, summary="看一看，或者登记并打印一张单据")
async def issue(request: web.Request) -> web.Response:
    """Show what was filled in, or issue the sheet; refused, what was typed stays."""
    number, kind = request.match_info["ticket_no"], request.match_info["kind"]
    typed = {k: v for k, v in (await request.post()).items() if isinstance(v, str)}
    paper, staff = request.app[SERVICES].paper, request[STAFF]
    actor, refusal = actor_of(staff), None
    if typed.get("do") == "issue":
        try:
            no = await paper.issue(
                number,
                kind,
                staff,
                actor,
                typed,
                whole_number(typed.get("version", "")),
                _form(typed),
            )
        except LindaError as error:
            if error.status not in REFUSALS or error.code == "role_not_allowed":
                raise
            refusal = error
        else:
            raise web.HTTPSeeOther(f"/console/tickets/{number}/paper/{kind}/{no}")
    sheet = await paper.preview(number, kind, actor, typed)
    form = typed.get("form") or secrets.token_urlsafe(12)
    return _sheet_page(
        request, sheet, refusal.status if refusal else 200, form=form,
        refusal=refusal.message if refusal else "",
    )  # fmt: skip


@routes.get(PATH + "/{kind}/{no}", auth=AUTH, page=True, summary="一张登记过的单据")
async def issued(request: web.Request) -> web.Response:
    """An issued sheet, as it was."""
    number, kind = request.match_info["ticket_no"], request.match_info["kind"]
    no = whole_number(request.match_info["no"])
    services, staff = request.app[SERVICES], request[STAFF]
    sheet = await services.paper.issued(number, kind, no, actor_of(staff))
    await services.audit.viewed(staff, f"ticket:{sheet.ticket_no}")
    return _sheet_page(request, sheet)


def _form(typed: dict[str, str]) -> str:
    form = typed.get("form", "")
    if not form or len(form) > LONGEST_FORM:
        raise LindaError("invalid_fields", "这一页太旧了，请重新打开再打印。", 422)
    return form


def _sheet_page(
    request: web.Request, sheet: Sheet, status: int = 200, *, form: str = "", refusal: str = ""
) -> web.Response:
    services = request.app[SERVICES]
    words = services.paper.papers.words
    base = services.settings.public_url or str(request.url.origin())
    link = f"{base.rstrip('/')}/progress/{sheet.ticket_no}"
    return page(
        "notice_ticket.html", status,
        title=sheet.kind.title, subtitle=sheet.number or "", words=words, sheet=sheet, form=form,
        refusal=refusal,
        code=segno.make(link, error="m").svg_data_uri(scale=3) if sheet.kind.progress else "",
        back=f"/console/tickets/{sheet.ticket_no}/paper",
        date=words["date"].format(year=sheet.day.year, month=sheet.day.month, day=sheet.day.day),
    )  # fmt: skip
