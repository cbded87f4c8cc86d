"""The frame around every page of the console: who is here, where they can go, how errors look."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from services.errors import LindaError
from services.people.roles import permissions_of
from services.web.console.menu import home_of, menu_of, split
from services.web.keys import SERVICES, STAFF
from services.web.templates import page

REFUSALS = frozenset({403, 409, 413, 422, 429})
"""Statuses after which the person can go on: the page comes back with what was typed."""

PERSONAL = frozenset({"tickets", "register", "handoffs", "rights", "audit", "visits"})
"""Parts of the console that show who somebody is: with a watermark, also in print."""


def console_page(
    request: web.Request, name: str, here: str = "", status: int = 200, **context: Any
) -> web.Response:
    """Render a console page with what the frame around it needs."""
    staff = request.get(STAFF)
    watermark = ""
    if staff and here in PERSONAL:
        now = request.app[SERVICES].clock.now()
        watermark = f"{staff.name} {staff.id} {now:%Y-%m-%d %H:%M}"
    near, more = split(menu_of(staff.role)) if staff else ((), ())
    return page(
        f"console/{name}.html", status, staff=staff, here=here, watermark=watermark,
        may=permissions_of(staff.role) if staff else frozenset(), near=near, more=more,
        start=home_of(staff.role) if staff else "/console", **context,
    )  # fmt: skip


def error_page(request: web.Request, error: LindaError) -> web.Response:
    """A refusal in the console's frame."""
    return console_page(request, "error", status=error.status, error=error)
