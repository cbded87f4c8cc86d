"""数据: the page of figures, its workbook, and the street's monthly reports; all of it prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from services.errors import LindaError
from services.metrics.periods import around
from services.metrics.service import REPORTS, TALKS
from services.web.api import metrics
from services.web.api.metrics import AUTH, REPORT_AUTH, MetricsQuery, MonthQuery, today
from services.web.auth import actor_of
from services.web.console.frame import REFUSALS, console_page
from services.web.keys import SERVICES, STAFF
from services.web.routing import Routes

routes = Routes("工作台")

PAGE = "/console/data"
HERE = "data"
KINDS = {"month": "月", "quarter": "季", "year": "年", "week": "周", "day": "日", "custom": "自选"}
UNIT_COLUMNS = (
    "due", "contact", "signed", "in_time", "lateness", "first_right", "returned", "transfers",
    "reached", "solved", "solved_strict", "satisfied", "satisfied_strict", "rework",
)  # fmt: skip
PART_COLUMNS = ("filed", "due", "in_time", "reached", "solved", "solved_strict", "satisfied")
TALK_COLUMNS = ("talks", "done", "helped", "handed", "lost", "turns")
LEAVES = 20
"""So many matters are listed; the workbook has all."""
WIDTH, HEIGHT = 300, 150
LINES = {"contact": "响应率", "in_time": "按时办结率", "reached": "有效回访率", "solved": "解决率"}


@routes.get(PAGE, auth=AUTH, page=True, query=MetricsQuery, summary="数据")
async def figures(request: web.Request, query: MetricsQuery) -> web.Response:
    """The figures of a period; a refused filter comes back with this month."""
    service, refusal = request.app[SERVICES].metrics, None
    actor = actor_of(request[STAFF])
    try:
        period = query.days(today(request))
        found = await service.dashboard(actor, period, **query.narrowed())
    except LindaError as error:
        if error.status not in REFUSALS:
            raise
        refusal, query = error, MetricsQuery.model_validate({})
        period = query.days(today(request))
        found = await service.dashboard(actor, period)
    talks = None
    if actor.role in TALKS:
        talks = await service.dialogue(actor, period, query.community)
    narrowed = {k: v for k, v in query.narrowed().items() if v}
    asked = {"period": period.kind, "from": period.first, "to": period.last, **narrowed}
    before = period.before
    return console_page(
        request, "data", HERE, refusal.status if refusal else 200,
        refusal=refusal, query=query, period=period, kinds=KINDS, found=found, talks=talks,
        groups=grouped(found["figures"]), choices=await service.choices(),
        fixed=found["scope"], own_unit=actor.role == "handler",
        own_community=actor.role == "supervisor" and actor.community_id is not None,
        unit_columns=_heads(found["units"], UNIT_COLUMNS),
        part_columns=_heads(found["communities"], PART_COLUMNS), leaves=LEAVES,
        talk_columns=_heads(talks["communities"], TALK_COLUMNS) if talks else [],
        chart=chart(found["trend"]), width=WIDTH, height=HEIGHT,
        reports=actor.role in REPORTS,
        workbook=f"{PAGE}/workbook?{urlencode(asked)}",
        earlier=f"{PAGE}?{urlencode({**asked, 'period': before.kind, 'from': before.first, 'to': before.last})}",
    )  # fmt: skip


@routes.get(PAGE + "/workbook", auth=AUTH, query=MetricsQuery, summary="数据（XLSX）")
async def workbook(request: web.Request, query: MetricsQuery) -> web.Response:
    """The workbook, for who is logged in to the console."""
    made: web.Response = await metrics.download(request, query)
    return made


@routes.get(PAGE + "/reports/workbook", auth=REPORT_AUTH, query=MonthQuery, summary="月报（XLSX）")
async def reports_workbook(request: web.Request, query: MonthQuery) -> web.Response:
    """The workbook of the monthly reports, for who is logged in to the console."""
    made: web.Response = await metrics.download_reports(request, query)
    return made


@routes.get(PAGE + "/reports", auth=REPORT_AUTH, page=True, query=MonthQuery, summary="月报")
async def reports(request: web.Request, query: MonthQuery) -> web.Response:
    """The whistle report and the over-assignment report of a month."""
    service, actor = request.app[SERVICES].metrics, actor_of(request[STAFF])
    month = around("month", query.month or today(request))
    return console_page(
        request, "data_reports", HERE, month=month, home=PAGE,
        whistles=await service.whistles(actor, month.first),
        assignments=await service.assignments(actor, month.first),
        names={s.id: s.name for s in await request.app[SERVICES].people.roster()},
        workbook=f"{PAGE}/reports/workbook?month={month.first:%Y-%m}",
        earlier=f"{PAGE}/reports?month={month.before.first:%Y-%m}",
        later=f"{PAGE}/reports?month={month.end:%Y-%m}",
    )  # fmt: skip


def grouped(figures: Sequence[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    """Return figures by their heading, in order."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for f in figures:
        found.setdefault(f["group"], []).append(f)
    return found


def chart(trend: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the lines of the chart: points in the picture; a day without a figure is a gap."""
    step = WIDTH / max(1, len(trend) - 1)
    lines = []
    for key, label in LINES.items():
        parts: list[list[str]] = [[]]
        dots: list[tuple[float, float]] = []
        for at, point in enumerate(trend):
            if point[key] is None:
                parts.append([])
                continue
            x, y = round(at * step, 1), round(HEIGHT * (1 - point[key]), 1)
            parts[-1].append(f"{x},{y}")
            dots.append((x, y))
        lines.append(
            {"key": key, "label": label, "dots": dots,
             "parts": [" ".join(p) for p in parts if len(p) > 1]}
        )  # fmt: skip
    return lines


def _heads(parts: Sequence[Mapping[str, Any]], keys: Sequence[str]) -> list[tuple[str, str]]:
    """Return (key, label) of the columns that any part has."""
    known = {k: f["label"] for p in parts for k, f in p["figures"].items()}
    return [(k, known[k]) for k in keys if k in known]
