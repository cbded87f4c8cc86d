"""Which modules add routes: each has ``setup(app)``. The order is that of the OpenAPI document."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from aiohttp import web

from services.web import notices, public_report, vendor
from services.web.api import (
    audit,
    auth,
    care,
    catalogue,
    chat,
    exchange,
    handoffs,
    health,
    information,
    integrity,
    internal,
    learning,
    metrics,
    model_files,
    open311,
    openapi,
    papers,
    places,
    records,
    reviews,
    rights,
    seasons,
    suggestions,
    testmode,
    themes,
    tickets,
    training,
    units,
    visits,
    wechat,
)
from services.web.api import (
    calendar as calendar_api,
)
from services.web.api import (
    interfaces as interfaces_api,
)
from services.web.api import (
    limits as limits_api,
)
from services.web.api import (
    reminders as reminders_api,
)
from services.web.console import calendar, interfaces, limits, reminders, start
from services.web.console import (
    reviews as reviews_page,
)
from services.web.console import views as console
from services.web.widget import pages as widget


class RouteModule(Protocol):
    """A module (or :class:`services.web.routing.Routes`) that adds routes."""

    @property
    def setup(self) -> Callable[[web.Application], None]:
        """Adds the routes to an application."""
        ...


ROUTE_MODULES: list[RouteModule] = [
    chat,
    auth,
    tickets,
    handoffs,
    places,
    catalogue,
    training,
    learning,
    metrics,
    records,
    papers,
    units,
    reminders_api,
    limits_api,
    integrity,
    visits,
    care,
    seasons,
    themes,
    suggestions,
    information,
    reviews,
    rights,
    audit,
    exchange,
    calendar_api,
    interfaces_api,
    health,
    openapi,
    testmode,
    internal,
    model_files,
    open311,
    wechat,
    notices,
    public_report,
    widget,
    console,
    calendar,
    interfaces,
    limits,
    reminders,
    reviews_page,
    start,
    vendor,
]
