"""The page on which a month is published: 《北京市接诉即办工作条例》第三十四条, without small cells."""

from __future__ import annotations

from aiohttp import web

from services.metrics.periods import Period, around
from services.web.api.metrics import MonthQuery
from services.web.keys import SERVICES
from services.web.routing import Routes
from services.web.templates import page
from services.words import texts

routes = Routes("数据")
setup = routes.setup


@routes.get("/report", auth="public", page=True, query=MonthQuery, summary="月度公布")
async def report(request: web.Request, query: MonthQuery) -> web.Response:
    """The newest published month, or an earlier one."""
    service = request.app[SERVICES].metrics
    newest = service.latest_public()
    month = around("month", query.month or newest)
    found = await service.public(month.first)
    later = month.first < newest
    return page(
        "report.html", report=found, before=_address(month.before),
        after=_address(_after(month)) if later else None,
        words=texts("page")["report"], sheet=texts("notice"),
    )  # fmt: skip


def _after(month: Period) -> Period:
    return around("month", month.end.date())


def _address(month: Period) -> str:
    return f"/report?month={month.first:%Y-%m}"
