"""The working calendar, and bringing in the next notice: what it would move first, then applied."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import date, datetime

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from services.context import Services
from services.errors import LindaError
from services.tickets.core.calendar import Year, calendar_of
from services.tickets.core.clocks import local_text
from services.tickets.core.notices import (
    LONGEST,
    coverage,
    differences,
    merged,
    oddities,
    read_notice,
)
from services.web.api.common import Answer
from services.web.keys import SERVICES, STAFF
from services.web.routing import Routes

routes = Routes("工作日历")
setup = routes.setup

AUTH = "staff:calendar"
PATH = "/api/v1/calendar"
SHOWN = 100
"""So many moved deadlines are listed; how many tickets they are of is said."""


class CalendarYear(Answer):
    """The notice of one year."""

    year: int
    source: str
    holidays: list[DaysOff]
    workdays: list[date]


class DaysOff(Answer):
    """A run of days off."""

    name: str
    start: date
    end: date


class TakenNotice(Answer):
    """A notice that was brought in here."""

    year: int
    source: str
    at: datetime
    by: str
    moved: int = Field(description="几件工单的时限变了")


class CalendarNow(Answer):
    """The years that count now, the newest first, and what is missing."""

    years: list[CalendarYear]
    missing: list[str]
    taken: list[TakenNotice]


class CalendarNotice(BaseModel):
    """A notice; ``seen`` is the mark of a preview of exactly this text: with it, it is applied."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "text": "year: 2027\nholidays:\n- name: 元旦\n  from: 2027-01-01\n  to: 2027-01-03\nworkdays: []",
                    "source": "国务院办公厅关于2027年部分节假日安排的通知",
                }
            ]
        },
    )

    text: str = Field(
        min_length=1, max_length=LONGEST, description="YAML、JSON、CSV 或日历文件（ICS）"
    )
    source: str = Field("", max_length=200, description="通知的名称和文号")
    seen: str | None = Field(None, max_length=64, description="预览给的 seen；带上它就录入")


class MovedDeadline(Answer):
    """One deadline that moves."""

    ticket_no: str
    text: str


class NoticePreview(Answer):
    """What a notice changes; ``applied``: it counts from now on."""

    year: CalendarYear
    odd: list[str] = Field(description="看着奇怪、请核对的")
    changed_days: int
    tickets_moved: int
    moves: list[MovedDeadline]
    seen: str
    applied: bool


@dataclass(frozen=True)
class Preview:
    """What a notice would change, before it is applied."""

    year: Year
    odd: list[str]
    changed: list[tuple[date, bool]]
    tickets_moved: int
    moves: list[tuple[str, str]]
    seen: str


async def preview_of(services: Services, year: Year) -> Preview:
    """Return what a notice would change."""
    tickets = services.tickets
    moved = await tickets.moved_by(year)
    moves = [
        (
            ticket.ticket_no,
            f"{m.label}由{local_text(m.before)}改为{local_text(m.after)}",
        )
        for ticket, several in moved
        for m in several
    ]
    changed = differences(tickets.calendar, calendar_of(merged(tickets.calendars.years, year)))
    return Preview(year, oddities(year), changed, len(moved), moves[:SHOWN], mark(year))


def mark(year: Year) -> str:
    """Return what stands for exactly this notice: what is applied is what was shown."""
    return hashlib.sha256(json.dumps(year.to_doc(), sort_keys=True).encode()).hexdigest()[:32]


@routes.get(PATH, auth=AUTH, response=CalendarNow, summary="现在算数的工作日历")
async def current(request: web.Request) -> CalendarNow:
    """Return the years that are known."""
    services = request.app[SERVICES]
    calendars = services.tickets.calendars
    async with services.db.read() as s:
        await calendars.refresh(s)
        taken = await calendars.taken(s)
    today = services.clock.now().date()
    return CalendarNow(
        years=[_year(y) for y in sorted(calendars.years, key=lambda y: -y.year)],
        missing=coverage(services.tickets.calendar, today),
        taken=[TakenNotice.model_validate(t) for t in taken],
    )


@routes.post(
    PATH + "/notices", auth=AUTH, body=CalendarNotice, response=NoticePreview, summary="看放假安排会动哪些时限；带 seen 就录入"
)  # fmt: skip
async def bring_in(request: web.Request, body: CalendarNotice) -> NoticePreview:
    """Show what a notice changes, or apply what has been shown."""
    services = request.app[SERVICES]
    try:
        year = read_notice(body.text, body.source.strip())
    except ValueError as error:
        raise LindaError("bad_notice", str(error), 422, {"text": str(error)}) from None
    found = await preview_of(services, year)
    if body.seen is not None:
        if body.seen != found.seen:
            words = "内容改过了，请先看一看会动哪些时限，再录入。"
            raise LindaError("notice_not_seen", words, 409, {"seen": found.seen})
        await services.tickets.take_notice(year, request[STAFF].id)
    return NoticePreview(
        year=_year(year), odd=found.odd, changed_days=len(found.changed),
        tickets_moved=found.tickets_moved, seen=found.seen, applied=body.seen is not None,
        moves=[MovedDeadline(ticket_no=n, text=t) for n, t in found.moves],
    )  # fmt: skip


def _year(year: Year) -> CalendarYear:
    return CalendarYear(
        year=year.year, source=year.source, workdays=[d for d, _ in year.workdays],
        holidays=[DaysOff.model_validate(h) for h in year.holidays],
    )  # fmt: skip
