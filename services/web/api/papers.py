"""Printed sheets of a ticket: which there are, a preview, issuing one with a number, reading it again."""

from __future__ import annotations

from datetime import date, datetime

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from services.errors import LindaError
from services.paper.service import Sheet
from services.web.api.common import Answer, made_id, once_of
from services.web.auth import actor_of
from services.web.keys import SERVICES, STAFF
from services.web.routing import Routes

routes = Routes("打印单据")
setup = routes.setup

AUTH = "staff:paper"
PATH = "/api/v1/tickets/{ticket_no}/papers"
KIND = PATH + "/{kind}"


class SheetDraft(BaseModel):
    """What is filled in by hand; without it defaults stand there."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"fields": None}]})

    fields: dict[str, str] | None = None


class SheetWanted(BaseModel):
    """A sheet to be issued: what is filled in, and the version of the ticket that was seen."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"version": 3, "fields": {}}]}
    )

    version: int = Field(ge=0)
    fields: dict[str, str] = {}


class SheetFieldAsked(Answer):
    """Something that is filled in before a sheet is printed."""

    name: str
    label: str
    type: str
    required: bool
    options: list[str]


class IssuedLine(Answer):
    """A sheet that was issued."""

    no: int
    version: int
    issued_by: str
    issued_name: str
    issued_at: datetime


class OfferedPaper(Answer):
    """A kind of sheet: whether it can be printed now, what is filled in, what was issued before."""

    id: str
    title: str
    ready: bool
    fields: list[SheetFieldAsked]
    issued: list[IssuedLine]


class OfferedPapers(Answer):
    """The sheets that the caller may print of this ticket."""

    papers: list[OfferedPaper]


class SheetText(Answer):
    """A sheet, ready to be laid out."""

    id: str
    title: str
    ticket_no: str
    display_no: str
    source_ref: str
    version: int
    number: str | None = Field(description="null：预览")
    to: str
    paragraphs: list[str]
    rows: list[tuple[str, str]]
    earlier: list[str]
    issuer: str
    contact: str
    day: date
    fields: dict[str, str]


@routes.get(PATH, auth=AUTH, response=OfferedPapers, summary="一件工单能打印的单据")
async def offered(request: web.Request) -> OfferedPapers:
    """Return what can be printed now, and what was printed."""
    found = await request.app[SERVICES].paper.offered(
        request.match_info["ticket_no"], actor_of(request[STAFF])
    )
    return OfferedPapers(
        papers=[
            OfferedPaper(
                id=o.id, title=o.kind.title, ready=o.ready,
                fields=[SheetFieldAsked.model_validate(f) for f in o.kind.fields],
                issued=[IssuedLine.model_validate(r) for r in o.issued],
            )
            for o in found
        ]
    )  # fmt: skip


@routes.post(
    KIND + "/preview", auth=AUTH, body=SheetDraft, response=SheetText, summary="预览一张单据"
)
async def preview(request: web.Request, body: SheetDraft) -> SheetText:
    """Return the sheet as it would be issued now."""
    number, kind = request.match_info["ticket_no"], request.match_info["kind"]
    sheet = await request.app[SERVICES].paper.preview(
        number, kind, actor_of(request[STAFF]), body.fields
    )
    return _text(sheet)


@routes.post(
    KIND, auth=AUTH, body=SheetWanted, response=SheetText, status=201, idempotency_key=True,
    summary="登记一张单据，给它编号",
)  # fmt: skip
async def issue(request: web.Request, body: SheetWanted) -> SheetText:
    """Issue a sheet; it stands on the ticket's record."""
    number, kind = request.match_info["ticket_no"], request.match_info["kind"]
    paper, staff = request.app[SERVICES].paper, request[STAFF]
    no = await paper.issue(
        number, kind, staff, actor_of(staff), body.fields, body.version, made_id(request),
        once_of(request, body.model_dump()),
    )  # fmt: skip
    return _text(await paper.issued(number, kind, no, actor_of(staff)))


@routes.get(KIND + "/{id}", auth=AUTH, response=SheetText, summary="一张登记过的单据")
async def issued(request: web.Request) -> SheetText:
    """Return an issued sheet, as it was."""
    number, kind, no = (request.match_info[n] for n in ("ticket_no", "kind", "id"))
    services, staff = request.app[SERVICES], request[STAFF]
    if not (no.isascii() and no.isdigit() and len(no) < 10):
        raise LindaError("paper_not_found", "没有这张纸。", 404)
    sheet = await services.paper.issued(number, kind, int(no), actor_of(staff))
    await services.audit.viewed(staff, f"ticket:{sheet.ticket_no}")
    return _text(sheet)


def _text(sheet: Sheet) -> SheetText:
    own = {n: getattr(sheet, n) for n in SheetText.model_fields if n != "title"}
    return SheetText.model_validate({**own, "title": sheet.kind.title})
