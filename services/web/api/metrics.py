"""Figures: of tickets, of conversations, the street's monthly reports, and what anybody may see."""

from __future__ import annotations

import re
from datetime import date
from typing import Any, Literal

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from services.metrics.periods import Kind, Period, around, period_of
from services.metrics.service import TALKS
from services.metrics.workbook import courses, report_book, reports, workbook
from services.themes.service import STATES
from services.web.api.metrics_answers import (
    AssignmentsAnswer,
    DashboardAnswer,
    DialogueAnswer,
    PublicAnswer,
    ReportAnswer,
    TrendsAnswer,
    WhistlesAnswer,
)
from services.web.auth import actor_of
from services.web.keys import SERVICES, STAFF
from services.web.routing import Routes

routes = Routes("数据")
setup = routes.setup

BASE = "/api/v1/metrics"
AUTH = "staff:data"
REPORT_AUTH = "staff:reports"
TRENDS_AUTH = "staff:trends"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
EARLIEST, LATEST = date(2015, 1, 1), date(2100, 1, 1)


class PeriodQuery(BaseModel):
    """Which days. Without anything: this month."""

    model_config = ConfigDict(extra="ignore")

    period: Kind | None = Field(
        None,
        description="day、week、month、quarter、year：包含 from 那天的日、周、月、季、年；custom：从 from 到 to",
    )
    first: date | None = Field(None, alias="from", ge=EARLIEST, lt=LATEST, description="从这天起")
    last: date | None = Field(None, alias="to", ge=EARLIEST, lt=LATEST, description="到这天为止")

    @field_validator("*", mode="before")
    @classmethod
    def _blank(cls, value: Any) -> Any:
        return (value.strip() or None) if isinstance(value, str) else value

    def days(self, today: date) -> Period:
        """Return the period that is meant."""
        return period_of(self.period, self.first, self.last, today)


class DialogueQuery(PeriodQuery):
    """Whose conversations; an empty filter does not narrow."""

    community: str | None = Field(None, max_length=60)


class MetricsQuery(DialogueQuery):
    """The filters; an empty one does not narrow."""

    unit: str | None = Field(None, max_length=60)
    leaf: str | None = Field(None, max_length=8)

    def narrowed(self) -> dict[str, str | None]:
        """Return the filters as the service takes them."""
        return {"community": self.community, "unit": self.unit, "leaf": self.leaf}


class MonthQuery(BaseModel):
    """A month; without it the last one."""

    month: date | None = Field(None, description="2026-11")

    @field_validator("month", mode="before")
    @classmethod
    def _first_day(cls, value: Any) -> Any:
        if isinstance(value, str) and re.fullmatch(r"20\d\d-(0[1-9]|1[0-2])", value.strip()):
            return f"{value.strip()}-01"
        if value in (None, ""):
            return None
        raise ValueError("请写成2026-11这样的月份")


class ReportQuery(BaseModel):
    """Which report: of the day, week, month, quarter or year that a day is in. Without it: this month."""

    model_config = ConfigDict(extra="ignore")

    period: Literal["day", "week", "month", "quarter", "year"] = "month"
    first: date | None = Field(None, alias="from", ge=EARLIEST, lt=LATEST, description="包含这一天")
    community: str | None = Field(None, max_length=60)

    @field_validator("*", mode="before")
    @classmethod
    def _blank(cls, value: Any, info: ValidationInfo) -> Any:
        value = value.strip() if isinstance(value, str) else value
        return value or ("month" if info.field_name == "period" else None)

    def days(self, today: date) -> Period:
        """Return the period that is meant."""
        return around(self.period, self.first or today)


class TrendsQuery(BaseModel):
    """Which lines; an empty filter does not narrow."""

    model_config = ConfigDict(extra="ignore")

    community: str | None = Field(None, max_length=60, description="只看这个社区的事项")
    leaf: str | None = Field(None, max_length=8, description="各社区只看这个事项")

    @field_validator("*", mode="before")
    @classmethod
    def _blank(cls, value: Any) -> Any:
        return (value.strip() or None) if isinstance(value, str) else value


def today(request: web.Request) -> date:
    """The day on the one clock."""
    return request.app[SERVICES].clock.now().date()


@routes.get(
    BASE, auth=AUTH, query=MetricsQuery, response=DashboardAnswer,
    summary="各项指标，连同分子、分母和口径",
)  # fmt: skip
async def metrics(request: web.Request, query: MetricsQuery) -> dict[str, Any]:
    """Return the figures of a period."""
    return await request.app[SERVICES].metrics.dashboard(
        actor_of(request[STAFF]), query.days(today(request)), **query.narrowed()
    )


@routes.get(
    BASE + "/workbook", auth=AUTH, query=MetricsQuery, media=XLSX, summary="各项指标（XLSX）"
)
async def download(request: web.Request, query: MetricsQuery) -> web.Response:
    """The same figures as a workbook, with those of conversations for who may see them."""
    found, actor = await metrics(request, query), actor_of(request[STAFF])
    talked = None
    if actor.role in TALKS:
        service, days = request.app[SERVICES].metrics, query.days(today(request))
        talked = await service.dialogue(actor, days, query.community)
    return _sent(workbook(found, talked), f"{found['period']['first']}-{found['period']['last']}")


def _sent(book: bytes, name: str) -> web.Response:
    return web.Response(
        body=book,
        content_type=XLSX,
        headers={
            "Content-Disposition": f'attachment; filename="linda-{name}.xlsx"',
            "Cache-Control": "no-store",
        },
    )


@routes.get(
    BASE + "/dialogue", auth="staff:dialogue_data", query=DialogueQuery, response=DialogueAnswer,
    summary="机器人的指标",
)  # fmt: skip
async def dialogue(request: web.Request, query: DialogueQuery) -> dict[str, Any]:
    """Return the figures of conversations."""
    return await request.app[SERVICES].metrics.dialogue(
        actor_of(request[STAFF]), query.days(today(request)), query.community
    )


@routes.get(
    BASE + "/whistles", auth=REPORT_AUTH, query=MonthQuery, response=WhistlesAnswer,
    summary="吹哨报到月报",
)  # fmt: skip
async def whistles(request: web.Request, query: MonthQuery) -> dict[str, Any]:
    """Return the whistle report of a month."""
    month = query.month or today(request)
    return await request.app[SERVICES].metrics.whistles(actor_of(request[STAFF]), month)


@routes.get(
    BASE + "/assignments", auth=REPORT_AUTH, query=MonthQuery, response=AssignmentsAnswer,
    summary="越权派单月报",
)  # fmt: skip
async def assignments(request: web.Request, query: MonthQuery) -> dict[str, Any]:
    """Return the over-assignment report of a month."""
    month = query.month or today(request)
    return await request.app[SERVICES].metrics.assignments(actor_of(request[STAFF]), month)


@routes.get(
    BASE + "/reports/workbook", auth=REPORT_AUTH, query=MonthQuery, media=XLSX,
    summary="吹哨报到和越权派单月报（XLSX）",
)  # fmt: skip
async def download_reports(request: web.Request, query: MonthQuery) -> web.Response:
    """Both monthly reports as a workbook."""
    services, actor = request.app[SERVICES], actor_of(request[STAFF])
    month = query.month or today(request)
    book = reports(
        await services.metrics.whistles(actor, month),
        await services.metrics.assignments(actor, month),
        {s.id: s.name for s in await services.people.roster()},
    )
    return _sent(book, f"reports-{month:%Y-%m}")


@routes.get(
    BASE + "/report", auth=REPORT_AUTH, query=ReportQuery, response=ReportAnswer,
    summary="日报、周报、月报、季报、年报",
)  # fmt: skip
async def report(request: web.Request, query: ReportQuery) -> dict[str, Any]:
    """Return the report of a period."""
    return await request.app[SERVICES].metrics.report(
        actor_of(request[STAFF]), query.days(today(request)), query.community
    )


@routes.get(
    BASE + "/report/workbook", auth=REPORT_AUTH, query=ReportQuery, media=XLSX,
    summary="日报到年报（XLSX）",
)  # fmt: skip
async def download_report(request: web.Request, query: ReportQuery) -> web.Response:
    """The same report as a workbook."""
    found = await report(request, query)
    book = report_book(found, await themes_in(request, query.days(today(request))))
    return _sent(book, f"report-{found['period']['kind']}-{found['period']['first']}")


async def themes_in(request: web.Request, period: Period) -> list[dict[str, Any]]:
    """Return the themes (每月一题) of a period's months that somebody has decided about, in words."""
    services = request.app[SERVICES]
    orgs = {o.id: o.name for o in services.people.orgs()}
    return [
        {"id": t.row.id, "month": t.row.month, "title": t.row.title, "outcome": t.outcome,
         "state_name": STATES[t.row.state], "lead_name": orgs.get(t.row.lead, t.row.lead)}
        for t in await services.themes.of_year(request[STAFF], period.first.year)
        if t.row.state != "proposed"
        and period.first <= date(t.row.year, t.row.month, 1) <= period.last
    ]  # fmt: skip


@routes.get(
    BASE + "/trends", auth=TRENDS_AUTH, query=TrendsQuery, response=TrendsAnswer,
    summary="事项和社区的走势：最近几个满月",
)  # fmt: skip
async def trends(request: web.Request, query: TrendsQuery) -> dict[str, Any]:
    """Return the months of matters and communities."""
    return await request.app[SERVICES].metrics.trends(
        actor_of(request[STAFF]), community=query.community, leaf=query.leaf
    )


@routes.get(
    BASE + "/trends/workbook", auth=TRENDS_AUTH, query=TrendsQuery, media=XLSX,
    summary="事项和社区的走势（XLSX）",
)  # fmt: skip
async def download_trends(request: web.Request, query: TrendsQuery) -> web.Response:
    """The same months as a workbook."""
    found = await trends(request, query)
    return _sent(courses(found), f"trends-{found['months'][-1]:%Y-%m}")


@routes.get(
    "/api/v1/public/metrics", auth="public", query=MonthQuery, response=PublicAnswer,
    summary="向社会公布的月度数据",
)  # fmt: skip
async def public(request: web.Request, query: MonthQuery) -> dict[str, Any]:
    """Return what anybody may see of a month."""
    service = request.app[SERVICES].metrics
    return await service.public(query.month or service.latest_public())
