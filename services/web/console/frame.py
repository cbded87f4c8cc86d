"""The frame around every page of the console: who is here, where they can go, how errors look."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from services.channels.handoffs import ROLES as HANDOFF_ROLES
from services.errors import LindaError
from services.web.keys import STAFF
from services.web.templates import page

REFUSALS = frozenset({403, 409, 413, 422, 429})
"""Statuses after which the person can go on: the page comes back with what was typed."""

REGISTER_ROLES = ("grid", "clerk", "supervisor")
"""Who files tickets for residents (the same roles as ``POST /api/v1/tickets``)."""

LEARNING_ROLES = ("trainer", "admin")
"""Who teaches and trains (the same roles as ``/api/v1/training``)."""


def console_page(
    request: web.Request, name: str, here: str = "", status: int = 200, **context: Any
) -> web.Response:
    """Render a console page with what the frame around it needs."""
    return page(
        f"console/{name}.html", status, staff=request.get(STAFF), here=here,
        handoff_roles=HANDOFF_ROLES, register_roles=REGISTER_ROLES, learning_roles=LEARNING_ROLES,
        **context,
    )  # fmt: skip


def error_page(request: web.Request, error: LindaError) -> web.Response:
    """A refusal in the console's frame."""
    return console_page(request, "error", status=error.status, error=error)
