"""数据权利: requests of residents about their own data, and emergency looks by two persons."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from services.errors import LindaError
from services.people.roles import permissions_of
from services.rights.service import KINDS, NEEDS_APPROVAL, PROOFS, STATES, stays_text
from services.web.console.frame import REFUSALS, console_page
from services.web.keys import SERVICES, STAFF
from services.web.routing import Routes

routes = Routes("工作台")

PATH = "/console/rights"
ONE = PATH + "/{id}"
REGISTER, DECIDE = "staff:rights_register", "staff:rights_decide"


@routes.get(PATH, auth="staff:rights", page=True, summary="数据权利")
async def overview(request: web.Request) -> web.Response:
    """What waits and what was done; each role sees its own part."""
    return await _page(request)


@routes.post(PATH, auth=REGISTER, page=True, summary="登记一件个人信息申请")
async def register(request: web.Request) -> web.Response:
    """Register; refused, what was typed stays."""
    form = await _form(request)
    try:
        await request.app[SERVICES].rights.register(
            request[STAFF], form.get("kind", ""), form.get("phone", ""), form.get("proof", ""),
            form.get("wish", ""),
        )  # fmt: skip
    except LindaError as error:
        return await _refused(request, error, form)
    raise web.HTTPSeeOther(PATH)


@routes.post(ONE + "/decide", auth=DECIDE, page=True, summary="批准或不同意")
async def decide(request: web.Request) -> web.Response:
    """Approve or refuse, with a reason."""
    form = await _form(request)
    try:
        await request.app[SERVICES].rights.decide(
            request[STAFF], request.match_info["id"], form.get("decision") == "approve",
            form.get("answer", ""),
        )  # fmt: skip
    except LindaError as error:
        return await _refused(request, error)
    raise web.HTTPSeeOther(PATH)


@routes.post(ONE + "/carry-out", auth=REGISTER, page=True, summary="更正、撤回同意、删除")
async def carry_out(request: web.Request) -> web.Response:
    """Do what was asked."""
    form = await _form(request)
    try:
        await request.app[SERVICES].rights.carry_out(
            request[STAFF], request.match_info["id"], form.get("name", ""), form.get("phone", "")
        )
    except LindaError as error:
        return await _refused(request, error)
    raise web.HTTPSeeOther(PATH)


@routes.post(ONE + "/export", auth=REGISTER, page=True, summary="导出（可读、可打印）")
async def export(request: web.Request) -> web.Response:
    """Everything stored of the person, to read and to print."""
    try:
        found = await request.app[SERVICES].rights.export(request[STAFF], request.match_info["id"])
    except LindaError as error:
        return await _refused(request, error)
    return console_page(
        request, "rights_export", "rights", found=found, id=request.match_info["id"], url=PATH
    )


@routes.post(ONE + "/export.json", auth=REGISTER, page=True, summary="导出（JSON）")
async def export_json(request: web.Request) -> web.Response:
    """The same as a file."""
    id = request.match_info["id"]
    try:
        found = await request.app[SERVICES].rights.export(request[STAFF], id)
    except LindaError as error:
        return await _refused(request, error)
    return web.Response(
        text=json.dumps(found, ensure_ascii=False, indent=2),
        content_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="linda-{id}.json"'},
    )


@routes.post(PATH + "/glass/ask", auth="staff:glass_ask", page=True, summary="申请应急查看")
async def glass_ask(request: web.Request) -> web.Response:
    """Ask to look into one ticket."""
    form = await _form(request)
    try:
        await request.app[SERVICES].rights.glass_ask(
            request[STAFF], form.get("ticket_no", ""), form.get("reason", "")
        )
    except LindaError as error:
        return await _refused(request, error, form)
    raise web.HTTPSeeOther(PATH)


@routes.post(
    PATH + "/glass/{id}/approve", auth="staff:glass_approve", page=True, summary="批准应急查看"
)
async def glass_approve(request: web.Request) -> web.Response:
    """Allow it, as the second person."""
    try:
        await request.app[SERVICES].rights.glass_approve(request[STAFF], request.match_info["id"])
    except LindaError as error:
        return await _refused(request, error)
    raise web.HTTPSeeOther(PATH)


@routes.post(PATH + "/glass/{id}/open", auth="staff:glass_ask", page=True, summary="应急查看")
async def glass_open(request: web.Request) -> web.Response:
    """Show the ticket while the approval lasts."""
    try:
        view = await request.app[SERVICES].rights.glass_open(
            request[STAFF], request.match_info["id"]
        )
    except LindaError as error:
        return await _refused(request, error)
    return console_page(request, "rights_glass", "rights", t=view, url=PATH)


async def _form(request: web.Request) -> dict[str, str]:
    return {k: v for k, v in (await request.post()).items() if isinstance(v, str)}


async def _refused(
    request: web.Request, error: LindaError, typed: Mapping[str, str] | None = None
) -> web.Response:
    if error.status not in REFUSALS:
        raise error
    return await _page(request, error.status, error.message, typed or {})


async def _page(
    request: web.Request,
    status: int = 200,
    refusal: str = "",
    typed: Mapping[str, str] | None = None,
) -> web.Response:
    services, staff = request.app[SERVICES], request[STAFF]
    may = permissions_of(staff.role)
    rights, now = services.rights, services.clock.now()
    rows: list[dict[str, Any]] = []
    if "rights_register" in may:
        rows = [{"r": r, **rights.told(r), "stays": stays_text(r)} for r in await rights.list()]
    return console_page(
        request, "rights", "rights", status, refusal=refusal, typed=typed or {}, rows=rows,
        glasses=await rights.glasses_for(staff), kinds=KINDS, proofs={k: v for k, v in PROOFS.items() if k != "chat"},
        states=STATES, needs_approval=NEEDS_APPROVAL, now=now, today=now.date(), url=PATH,
        names={s.id: s.name for s in await services.people.roster()},
    )  # fmt: skip
