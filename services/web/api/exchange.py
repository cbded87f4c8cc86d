"""Orders of a higher platform: import (read, report, confirm) and export of what came of them."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Literal

from aiohttp import BodyPartReader, web
from pydantic import BaseModel, ConfigDict, Field

from services import cursors
from services.errors import LindaError
from services.exchange.sheet import MOST_BYTES
from services.web.api.common import (
    Answer,
    Page,
    PageQuery,
    once_of,
    paged,
    whole_number,
)
from services.web.api.metrics import XLSX
from services.web.auth import actor_of
from services.web.keys import SERVICES, STAFF
from services.web.routing import Routes, storable

routes = Routes("和上级平台交换")
setup = routes.setup

SEE = "staff:exchange"
SEND = "staff:exchange_send"
APPROVE = "staff:exchange_approve"
PATH = "/api/v1/exchange"
BATCH = PATH + "/imports/{batch}"
EXPORT = PATH + "/exports/{id}"
MOST_TEXT = 1000
"""Bytes of a text part beside the file."""
Verdict = Literal["create", "doubt", "refuse", "known"]


class LinesQuery(PageQuery):
    """Which lines of a report, and how many."""

    verdict: Verdict | None = None


class ExchangePlatform(Answer):
    """A platform whose tables are known."""

    id: str
    name: str


class Platforms(Answer):
    """The platforms."""

    platforms: list[ExchangePlatform]


class Batch(Answer):
    """An uploaded file: ``checked`` (nothing filed yet), ``running``, ``done``, ``dropped``."""

    id: str
    source: str
    file_name: str
    state: str
    lines: int
    at: datetime
    by: str
    confirmed_by: str | None
    confirmed_at: datetime | None
    done_at: datetime | None


class Batches(Page):
    """Imports, the newest first."""

    imports: list[Batch]


class ImportLine(Answer):
    """What one line of the file means; nothing personal is in it."""

    line: int
    ref: str = Field(description="上级平台的编号")
    verdict: str = Field(
        description="create 新建、doubt 存疑、refuse 不导入、known 导入过、due 导入过、上级改了时限"
    )
    notes: list[str]
    summary: str
    ticket_no: str | None
    open: bool = Field(description="还没登记")


class ImportReport(Page):
    """A batch, how many of its lines are of each kind, and a page of them."""

    batch: Batch
    counts: dict[str, int]
    left: int = Field(description="还没登记的行数")
    repeated: bool = Field(description="同一个文件导入过")
    lines: list[ImportLine]


class NewExport(BaseModel):
    """An export; with ``whole`` personal columns are asked for, which the auditor approves."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"source": "city", "whole": False, "reason": ""}]},
    )

    source: str = Field(max_length=20, description="平台编号")
    whole: bool = False
    reason: str = Field("", max_length=500, description="要带个人信息的，写明用途")


class ExportDecision(BaseModel):
    """The auditor's yes or no."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"approve": True}]})

    approve: bool


class Export(Answer):
    """An export: ``ready``, ``waiting`` for the auditor, ``refused`` (then it is masked)."""

    id: int
    source: str
    state: str
    whole: bool
    reason: str
    lines: int
    at: datetime
    by: str
    decided_by: str | None
    decided_at: datetime | None


class Exports(Page):
    """Exports, the newest first."""

    exports: list[Export]


class ExchangeStep(Answer):
    """Who did what with an import or an export."""

    id: int
    at: datetime
    by: str
    what: str


class ExchangeLog(Page):
    """Steps, the newest first."""

    log: list[ExchangeStep]


@routes.get(PATH + "/platforms", auth=SEE, response=Platforms, summary="有对照表的上级平台")
async def platforms(request: web.Request) -> Platforms:
    """Return the platforms."""
    known = request.app[SERVICES].exchange.platforms.values()
    return Platforms(platforms=[ExchangePlatform.model_validate(p) for p in known])


@routes.get(
    PATH + "/imports", auth=SEE, query=PageQuery, response=Batches, summary="导入过的文件，最新的在前"
)  # fmt: skip
async def batches(request: web.Request, query: PageQuery) -> Batches:
    """Return imports."""
    importing = request.app[SERVICES].exchange.importing
    rows, last = paged(await importing.batches(query.limit + 1, query.moment), query.limit)
    return Batches(
        imports=[Batch.model_validate(r) for r in rows],
        next_cursor=cursors.pack(last.at, last.id) if last else None,
    )


@routes.post(
    PATH + "/imports", auth=SEND, status=201, idempotency_key=True, response=ImportReport,
    upload={"source": "平台编号，见 GET /api/v1/exchange/platforms", "file": "XLSX 或 CSV，最多20兆"},
    summary="试导入一个文件：只出报告，不建单",
)  # fmt: skip
async def upload(request: web.Request) -> ImportReport:
    """Read a file and return its report; nothing is filed until it is confirmed."""
    source, name, content = await _upload(request)
    once = once_of(request, {"source": source, "sha256": hashlib.sha256(content).hexdigest()})
    batch = await request.app[SERVICES].exchange.importing.check(
        source, name, content, actor_of(request[STAFF]), once
    )
    return await _report(request, batch, LinesQuery())


async def _upload(request: web.Request) -> tuple[str, str, bytes]:
    """Return platform, file name and content of a multipart body.

    Raises:
        LindaError: 415, 413, 400 ``bad_multipart``, 422 with what is missing.
    """
    if not request.content_type.startswith("multipart/"):
        raise LindaError("multipart_required", "请用表单（multipart）上传文件。", 415)
    source, name, content = "", "", bytearray()
    try:
        async for part in await request.multipart():
            if not isinstance(part, BodyPartReader):
                continue
            most = MOST_TEXT if part.filename is None else MOST_BYTES
            read = bytearray()
            while chunk := await part.read_chunk(64 * 1024):
                read += chunk
                if len(read) > most:
                    raise LindaError("too_large", "文件太大，最多20兆。请分成几个文件。", 413)
            if part.filename is not None:
                name, content = storable(part.filename), read
            elif part.name == "source":
                source = storable(read.decode("utf-8", "replace")).strip()
    except ValueError:
        raise LindaError("bad_multipart", "上传的内容不完整，请再试一次。", 400) from None
    missing = {
        **({} if source else {"source": "请填平台编号。"}),
        **({} if content else {"file": "还没有选文件。"}),
    }
    if missing:
        raise LindaError("invalid_fields", "".join(missing.values()), 422, missing)
    return source, name or "上传的文件", bytes(content)


@routes.get(BATCH, auth=SEE, query=LinesQuery, response=ImportReport, summary="一次导入的报告")
async def report(request: web.Request, query: LinesQuery) -> ImportReport:
    """Return what becomes of each line, and why."""
    return await _report(request, request.match_info["batch"], query)


async def _report(request: web.Request, batch: str, query: LinesQuery) -> ImportReport:
    importing = request.app[SERVICES].exchange.importing
    found = await importing.report(batch, query.verdict, query.number or 0, query.limit)
    return ImportReport(
        batch=Batch.model_validate(found.batch), counts=dict(found.counts), left=found.left,
        repeated=found.repeated, lines=[ImportLine.model_validate(r) for r in found.lines],
        next_cursor=str(found.after) if found.after else None,
    )  # fmt: skip


@routes.post(
    BATCH + "/confirm", auth=SEND, response=ImportReport, summary="确认导入：由后台逐行建单"
)
async def confirm(request: web.Request) -> ImportReport:
    """Have it filed by the worker; twice is once."""
    batch = request.match_info["batch"]
    await request.app[SERVICES].exchange.importing.confirm(batch, actor_of(request[STAFF]))
    return await _report(request, batch, LinesQuery())


@routes.post(BATCH + "/drop", auth=SEND, response=ImportReport, summary="放弃一次导入")
async def drop(request: web.Request) -> ImportReport:
    """Forget the lines."""
    batch = request.match_info["batch"]
    await request.app[SERVICES].exchange.importing.drop(batch, actor_of(request[STAFF]))
    return await _report(request, batch, LinesQuery())


@routes.get(
    PATH + "/exports", auth=SEE, query=PageQuery, response=Exports, summary="导出，最新的在前"
)
async def exports(request: web.Request, query: PageQuery) -> Exports:
    """Return exports."""
    exporting = request.app[SERVICES].exchange.exporting
    rows, last = paged(await exporting.exports(query.limit + 1, query.number), query.limit)
    return Exports(
        exports=[Export.model_validate(r) for r in rows],
        next_cursor=str(last.id) if last else None,
    )


@routes.post(
    PATH + "/exports", auth=SEND, body=NewExport, response=Export, status=201,
    idempotency_key=True, summary="导出上次以后的办理结果",
)  # fmt: skip
async def export(request: web.Request, body: NewExport) -> Export:
    """Fix what the export tells of."""
    exporting = request.app[SERVICES].exchange.exporting
    id = await exporting.make(
        body.source, actor_of(request[STAFF]), body.whole, body.reason,
        once_of(request, body.model_dump()),
    )  # fmt: skip
    return Export.model_validate(await exporting.export(id))


@routes.post(
    EXPORT + "/decision", auth=APPROVE, body=ExportDecision, response=Export, summary="批准或不批准导出里带个人信息"
)  # fmt: skip
async def decide(request: web.Request, body: ExportDecision) -> Export:
    """Say yes or no, as another person than who asked."""
    exporting, id = request.app[SERVICES].exchange.exporting, _export_id(request)
    await exporting.decide(id, body.approve, actor_of(request[STAFF]))
    return Export.model_validate(await exporting.export(id))


@routes.get(EXPORT, auth=SEE, response=Export, summary="一次导出")
async def one_export(request: web.Request) -> Export:
    """Return one."""
    exporting = request.app[SERVICES].exchange.exporting
    return Export.model_validate(await exporting.export(_export_id(request)))


@routes.get(EXPORT + "/workbook", auth=SEND, media=XLSX, summary="一次导出（XLSX）")
async def fetch(request: web.Request) -> web.Response:
    """Return the workbook; that it was fetched goes on record."""
    name, content = await request.app[SERVICES].exchange.exporting.fetch(
        _export_id(request), actor_of(request[STAFF])
    )
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return web.Response(body=content, content_type=XLSX, headers=headers)


@routes.get(PATH + "/log", auth=SEE, query=PageQuery, response=ExchangeLog, summary="交换的经过")
async def log(request: web.Request, query: PageQuery) -> ExchangeLog:
    """Return who did what."""
    exporting = request.app[SERVICES].exchange.exporting
    rows, last = paged(await exporting.log(query.limit + 1, query.number), query.limit)
    return ExchangeLog(
        log=[ExchangeStep.model_validate(r) for r in rows],
        next_cursor=str(last.id) if last else None,
    )


def _export_id(request: web.Request) -> int:
    return whole_number(request, "export_not_found", "没有这次导出。")
