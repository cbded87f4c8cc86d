"""反映作风、廉政问题: a short form; what comes of it is known to who looks into it alone."""

from __future__ import annotations

import secrets

from aiohttp import web
from multidict import MultiDict

from services.errors import LindaError
from services.tickets.core.workflow import Field
from services.web.api.integrity import AUTH, kinds_of
from services.web.auth import actor_of
from services.web.console import forms
from services.web.console.frame import REFUSALS, console_page
from services.web.keys import SERVICES, STAFF
from services.web.routing import Routes

routes = Routes("工作台")

PATH = "/console/integrity"


@routes.get(PATH, auth=AUTH, page=True, summary="反映作风、廉政问题")
async def form(request: web.Request) -> web.Response:
    """The empty form."""
    return await _page(request, MultiDict())


@routes.post(PATH, auth=AUTH, page=True, summary="反映")
async def send(request: web.Request) -> web.Response:
    """Open the case; refused, what was typed stays."""
    services, staff = request.app[SERVICES], request[STAFF]
    typed = MultiDict((k, v) for k, v in (await request.post()).items() if isinstance(v, str))
    given = {name: typed.get(name, "").strip() for name in ("kind", "text", "ticket_no", "org")}
    key = f"{staff.id}:{typed.get('form', '')}"
    try:
        number = await services.tickets.raise_matter(
            staff, actor_of(staff), given["kind"], given["text"], key,
            given["ticket_no"] or None, given["org"] or None,
        )  # fmt: skip
    except LindaError as error:
        if error.status not in REFUSALS and error.status != 404:
            raise
        return await _page(request, typed, error.status, error.message)
    return await _page(request, MultiDict(), number=number)


async def _page(
    request: web.Request, typed: MultiDict[str], status: int = 200, refusal: str = "", number: str = "",
) -> web.Response:  # fmt: skip
    typed.setdefault("form", secrets.token_urlsafe(12))
    fields = tuple(
        vars(field)
        for field in (
            Field("kind", "哪种情形", "choice", True, kinds_of(request)),
            Field("text", "看到、听到了什么", required=True),
            Field("ticket_no", "说的是哪件工单（编号）", "line"),
            Field("org", "说的是哪个单位", "org"),
        )
    )
    return console_page(
        request, "integrity", "integrity", status, fields=fields, typed=typed, refusal=refusal,
        number=number, url=PATH,
        choices=await forms.locality_choices(request.app[SERVICES], fields),
    )  # fmt: skip
