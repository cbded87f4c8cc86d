"""日报到年报, and the months of matters and communities; all of it prints."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from services.metrics.report import TITLES
from services.web.api import metrics
from services.web.api.metrics import REPORT_AUTH, TRENDS_AUTH, ReportQuery, TrendsQuery, today
from services.web.auth import actor_of
from services.web.console.frame import console_page
from services.web.keys import SERVICES, STAFF
from services.web.routing import Routes

routes = Routes("工作台")

REPORT = "/console/data/report"
TRENDS = "/console/data/trends"
HERE = "data"
LINES = 20
"""So many lines of matters are shown; the workbook has all."""
YEAR = 12
"""Months that a picture has room for at least, so that a few are not drawn like giants."""
BAR, GAP, TALL = 20, 6, 46
"""Width of a month's bar, the space after it, the height of the highest one; in the picture's own units."""


@routes.get(REPORT, auth=REPORT_AUTH, page=True, query=ReportQuery, summary="日报到年报")
async def report(request: web.Request, query: ReportQuery) -> web.Response:
    """The report of a period."""
    period, now = query.days(today(request)), today(request)
    found = await metrics.report(request, query)
    themes = [
        {**t, "url": f"/console/themes/{t['id']}"} for t in await metrics.themes_in(request, period)
    ]
    community = found["scope"]["community"]

    def address(kind: str, day: date, path: str = REPORT) -> str:
        given = {"period": kind, "from": day, **({"community": community} if community else {})}
        return f"{path}?{urlencode(given)}"

    later = period.end.date()
    return console_page(
        request, "data_report", HERE, period=period, found=found, home="/console/data", themes=themes,
        kinds=TITLES, begun=period.first <= now,
        workbook=address(period.kind, period.first, f"{REPORT}/workbook"),
        earlier=address(period.kind, period.before.first),
        later=address(period.kind, later) if later <= now else "",
        choices=await request.app[SERVICES].metrics.choices(),
        own=actor_of(request[STAFF]).role == "supervisor", url=REPORT,
        row_heads=[(k, f["label"]) for k, f in found["rows"][0]["figures"].items()]
        if found["rows"] else [],
        **_drawn(found["trends"]),
    )  # fmt: skip


@routes.get(f"{REPORT}/workbook", auth=REPORT_AUTH, query=ReportQuery, summary="日报到年报（XLSX）")
async def workbook(request: web.Request, query: ReportQuery) -> web.Response:
    """The workbook, for who is logged in to the console."""
    made: web.Response = await metrics.download_report(request, query)
    return made


@routes.get(TRENDS, auth=TRENDS_AUTH, page=True, query=TrendsQuery, summary="走势")
async def trends(request: web.Request, query: TrendsQuery) -> web.Response:
    """The months of every matter and community."""
    found = await metrics.trends(request, query)
    narrowed = {k: found[k] for k in ("community", "leaf") if found[k]}
    staff = request[STAFF]
    here = "foresight" if staff.role == "clerk" else HERE
    home = ("/console/foresight", "未诉先办") if here == "foresight" else ("/console/data", "数据")
    return console_page(
        request, "data_trends", here, found=found, home=home,
        url=TRENDS, workbook=f"{TRENDS}/workbook?{urlencode(narrowed)}",
        choices=await request.app[SERVICES].metrics.choices(), own=staff.community_id is not None,
        **_drawn(found),
    )  # fmt: skip


@routes.get(f"{TRENDS}/workbook", auth=TRENDS_AUTH, query=TrendsQuery, summary="走势（XLSX）")
async def trends_workbook(request: web.Request, query: TrendsQuery) -> web.Response:
    """The workbook, for who is logged in to the console."""
    made: web.Response = await metrics.download_trends(request, query)
    return made


def _drawn(found: dict[str, Any]) -> dict[str, Any]:
    """Return the lines with their bars, and what else the page needs to draw them."""
    return {
        "matters": [drawn(m, found["months"]) for m in found["matters"][:LINES]],
        "places": [drawn(p, found["months"]) for p in found["places"]],
        **picture(len(found["months"])),
    }  # fmt: skip


def picture(months: int) -> dict[str, int]:
    """Return the measures of a picture of so many months."""
    return {"wide": max(YEAR, months) * (BAR + GAP), "bar": BAR, "tall": TALL}


def drawn(line: dict[str, Any], months: Sequence[date]) -> dict[str, Any]:
    """Return a line with a bar for each month: its number above, its month below, no colour needed."""
    highest = max((n or 0 for n in line["months"]), default=0) or 1
    bars = [
        {"x": at * (BAR + GAP), "height": round(TALL * (n or 0) / highest, 1), "n": n,
         "month": month.month, "year": month.year if month.month == 1 or at == 0 else None}
        for at, (month, n) in enumerate(zip(months, line["months"], strict=True))
    ]  # fmt: skip
    words = "、".join(
        f"{m.year}年{m.month}月{'没有数据' if n is None else f'{n}件'}"
        for m, n in zip(months, line["months"], strict=True)
    )
    return {**line, "bars": bars, "words": words}
