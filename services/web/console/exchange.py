"""上级平台: import of a platform's orders (upload, report, confirm) and export of what came of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Literal
from urllib.parse import urlencode

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, field_validator

from services.errors import LindaError
from services.exchange.exporting import EXPORT_STATES
from services.exchange.feedback import PERSONAL
from services.exchange.reading import VERDICTS
from services.exchange.sheet import MOST_BYTES
from services.web.api.metrics import XLSX
from services.web.auth import actor_of
from services.web.console import forms
from services.web.console.frame import REFUSALS, console_page
from services.web.keys import SERVICES, STAFF
from services.web.routing import Routes

routes = Routes("工作台")

SEE = "staff:exchange"
SEND = "staff:exchange_send"
APPROVE = "staff:exchange_approve"
PATH = "/console/exchange"
HERE = "exchange"
BATCH_STATES = {
    "checked": "看过报告，还没导入", "running": "正在导入", "done": "导入完了", "dropped": "放弃了",
}  # fmt: skip


class ReportQuery(BaseModel):
    """Which lines of a report."""

    model_config = ConfigDict(extra="ignore")

    verdict: Literal["create", "doubt", "refuse", "known", "due"] | None = None
    after: int = Field(0, ge=0, le=10_000_000)

    @field_validator("verdict", mode="before")
    @classmethod
    def _blank(cls, value: object) -> object:
        return value or None


@routes.get(PATH, auth=SEE, page=True, summary="和上级平台交换工单")
async def overview(request: web.Request) -> web.Response:
    """The forms, and what was imported, exported and decided."""
    return await _overview(request)


@routes.post(f"{PATH}/import", auth=SEND, page=True, summary="试导入一个文件")
async def upload(request: web.Request) -> web.Response:
    """Read a file and go to its report; nothing is filed."""
    content, names = bytearray(), list[str]()

    async def keep(chunks: AsyncIterator[bytes]) -> str:
        async for chunk in chunks:
            content.extend(chunk)
            if len(content) > MOST_BYTES:
                raise LindaError("too_large", "文件太大，最多20兆。请分成几个文件。", 413)
        names.append("file")
        return "file"

    try:
        form = await forms.read_form(request, keep)
        if not names:
            raise LindaError("invalid_fields", "还没有选文件。", 422)
        batch = await request.app[SERVICES].exchange.importing.check(
            form.get("source", ""), form.get("name", "") or "上传的文件", bytes(content),
            actor_of(request[STAFF]),
        )  # fmt: skip
    except LindaError as error:
        if error.status not in REFUSALS or error.code == "role_not_allowed":
            raise
        return await _overview(request, error.status, refusal=error.message)
    raise web.HTTPSeeOther(f"{PATH}/import/{batch}")


@routes.get(
    f"{PATH}/import/{{batch}}", auth=SEE, query=ReportQuery, page=True, summary="一次导入的报告"
)
async def report(request: web.Request, query: ReportQuery) -> web.Response:
    """Line by line: what will be filed, what is doubtful, what is refused and why."""
    exchange = request.app[SERVICES].exchange
    found = await exchange.importing.report(request.match_info["batch"], query.verdict, query.after)
    here = f"{PATH}/import/{found.batch.id}"
    more = {"after": found.after, **({"verdict": query.verdict} if query.verdict else {})}
    return console_page(
        request, "exchange_report", HERE, found=found, verdicts=VERDICTS, states=BATCH_STATES,
        chosen=query.verdict, here_url=here, url=PATH,
        platform=exchange.platforms[found.batch.source].name,
        next_url=f"{here}?{urlencode(more)}" if found.after else None,
    )  # fmt: skip


@routes.post(f"{PATH}/import/{{batch}}/{{do}}", auth=SEND, page=True, summary="确认或放弃导入")
async def decide_import(request: web.Request) -> web.Response:
    """Have it filed by the worker, or give it up."""
    importing, actor = request.app[SERVICES].exchange.importing, actor_of(request[STAFF])
    batch, do = request.match_info["batch"], request.match_info["do"]
    if do == "confirm":
        await importing.confirm(batch, actor)
        raise web.HTTPSeeOther(f"{PATH}/import/{batch}")
    if do == "drop":
        await importing.drop(batch, actor)
        raise web.HTTPSeeOther(PATH)
    raise LindaError("not_found", "没有这个操作。", 404)


@routes.post(f"{PATH}/export", auth=SEND, page=True, summary="导出上次以后的办理结果")
async def export(request: web.Request) -> web.Response:
    """Fix what the export tells of; it is fetched from the list."""
    form = await request.post()
    try:
        await request.app[SERVICES].exchange.exporting.make(
            str(form.get("source", "")), actor_of(request[STAFF]),
            whole=form.get("whole") == "on", reason=str(form.get("reason", "")),
        )  # fmt: skip
    except LindaError as error:
        if error.status not in REFUSALS:
            raise
        return await _overview(request, error.status, refusal=error.message)
    raise web.HTTPSeeOther(f"{PATH}#exports")


@routes.post(
    f"{PATH}/export/{{id}}/decide", auth=APPROVE, page=True,
    summary="批准或不批准导出里带个人信息",
)  # fmt: skip
async def decide_export(request: web.Request) -> web.Response:
    """The auditor's yes or no."""
    form = await request.post()
    await request.app[SERVICES].exchange.exporting.decide(
        forms.whole_number(request.match_info["id"]),
        form.get("approve") == "yes",
        actor_of(request[STAFF]),
    )
    raise web.HTTPSeeOther(f"{PATH}#exports")


@routes.get(f"{PATH}/export/{{id}}", auth=SEND, summary="下载一次导出（XLSX）")
async def fetch(request: web.Request) -> web.Response:
    """The workbook."""
    name, content = await request.app[SERVICES].exchange.exporting.fetch(
        forms.whole_number(request.match_info["id"]), actor_of(request[STAFF])
    )
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "no-store",
    }
    return web.Response(body=content, content_type=XLSX, headers=headers)


async def _overview(request: web.Request, status: int = 200, refusal: str = "") -> web.Response:
    services = request.app[SERVICES]
    exchange = services.exchange
    names = {s.id: s.name for s in await services.people.roster()}
    return console_page(
        request, "exchange", HERE, status, refusal=refusal, url=PATH,
        platforms=exchange.platforms, personal=PERSONAL,
        batches=await exchange.importing.batches(), batch_states=BATCH_STATES,
        exports=await exchange.exporting.exports(), export_states=EXPORT_STATES,
        log=await exchange.exporting.log(), names=names,
    )  # fmt: skip
