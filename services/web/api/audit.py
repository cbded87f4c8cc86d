"""Who looked at what and why, whether the chain holds, and what is due to be erased."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from services.audit.journal import action_name
from services.errors import LindaError
from services.tickets.core.numbers import BadTicketNumber, parse_ticket_number
from services.web.api.common import Answer, Page, PageQuery, paged
from services.web.keys import SERVICES
from services.web.routing import Routes

routes = Routes("审计和保存期限")
setup = routes.setup

AUTH = "staff:audit"
PATH = "/api/v1/audit"
LOOKED_BACK = timedelta(days=7)
"""Without dates so much of the chain is verified; ``linda audit verify`` checks all of it."""
LONGEST = timedelta(days=366)


class EntriesQuery(PageQuery):
    """Narrowed to a ticket, a person, a kind of act."""

    ticket: str = Field("", max_length=30, description="工单编号")
    who: str = Field("", max_length=60, description="账号")
    action: str = Field("", max_length=30, description="view、reveal、dsar.export ……")


class AuditEntry(Answer):
    """Somebody looked at personal data, or decided about it."""

    id: int
    at: datetime
    who: str
    name: str
    role: str
    action: str
    action_name: str
    subject: str = Field(description="<kind>:<id>")
    reason: str
    data: dict[str, Any]


class AuditEntries(Page):
    """Entries, the newest first."""

    entries: list[AuditEntry]


class VerifyQuery(BaseModel):
    """Which days of the chain; without them the last seven, at most a year."""

    model_config = ConfigDict(extra="forbid")

    first: date | None = Field(None, alias="from")
    last: date | None = Field(None, alias="to")


class ChainFinding(Answer):
    """One thing that is wrong."""

    position: int | None
    text: str


class ChainReport(Answer):
    """What a verification found."""

    ok: bool
    checked: int
    waiting: int = Field(description="还没封存的")
    count: int = Field(description="几处不对；findings 最多列200处")
    findings: list[ChainFinding]
    position: int
    head: str
    first: date
    last: date | None


class KeptData(Answer):
    """A class of data: how long it is kept, and what of it is due now."""

    kind: str
    name: str
    days: int
    after: str
    basis: str
    due: int
    examples: list[str]


class Retention(Answer):
    """How long what is kept; nothing is erased by looking."""

    nightly_at: time
    classes: list[KeptData]


@routes.get(
    PATH + "/entries", auth=AUTH, query=EntriesQuery, response=AuditEntries, summary="审计记录，最新的在前"
)  # fmt: skip
async def entries(request: web.Request, query: EntriesQuery) -> AuditEntries:
    """Return entries."""
    found = await request.app[SERVICES].audit.entries(
        subject_of(query.ticket), query.who.strip() or None, query.limit + 1,
        action=query.action.strip() or None, before=query.number,
    )  # fmt: skip
    rows, last = paged([*found], query.limit)
    return AuditEntries(
        entries=[
            AuditEntry.model_validate(
                {**{n: getattr(r, n) for n in AuditEntry.model_fields if n != "action_name"},
                 "action_name": action_name(r.action, r.subject)}
            )
            for r in rows
        ],
        next_cursor=str(last.id) if last else None,
    )  # fmt: skip


def subject_of(ticket: str) -> str | None:
    """Return the subject of a ticket's entries, ``None`` when no number is given.

    Raises:
        LindaError: 422 ``bad_ticket_number``.
    """
    if not ticket.strip():
        return None
    try:
        return f"ticket:{parse_ticket_number(ticket)}"
    except BadTicketNumber as error:
        raise LindaError("bad_ticket_number", str(error), 422, {"ticket": str(error)}) from None


@routes.get(
    PATH + "/verify", auth=AUTH, query=VerifyQuery, response=ChainReport, summary="核对审计链"
)
async def verify(request: web.Request, query: VerifyQuery) -> ChainReport:
    """Check the chain of some days."""
    services = request.app[SERVICES]
    today = services.clock.now().date()
    first = query.first or (query.last or today) - LOOKED_BACK
    if query.last is not None and query.last < first:
        raise LindaError("invalid_fields", "止日比起日早。", 422, {"to": "不能早于 from。"})
    if (query.last or today) - first > LONGEST:
        raise LindaError("invalid_fields", "一次最多核对一年。", 422, {"from": "请近一点。"})
    report = await services.audit.verify(first, query.last)
    return ChainReport(
        ok=not report.count, checked=report.checked, waiting=report.waiting, count=report.count,
        findings=[ChainFinding.model_validate(f) for f in report.findings],
        position=report.position, head=report.head, first=first, last=query.last,
    )  # fmt: skip


@routes.get(
    "/api/v1/retention", auth="staff:retention", response=Retention, summary="保存期限和到期要清除的（只数不清）"
)  # fmt: skip
async def retention(request: web.Request) -> Retention:
    """Return what the next purge would erase."""
    service = request.app[SERVICES].retention
    due = {d.kind: d for d in await service.due()}
    return Retention(
        nightly_at=service.rules.nightly_at,
        classes=[
            KeptData(
                kind=kind, name=rule.name, days=rule.days, after=rule.after, basis=rule.basis,
                due=due[kind].count, examples=list(due[kind].examples),
            )
            for kind, rule in service.rules.classes.items()
        ],
    )  # fmt: skip
