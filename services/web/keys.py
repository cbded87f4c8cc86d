"""Typed keys of the application and of requests."""

from __future__ import annotations

from aiohttp import web

from services.context import Services
from services.people.model import Staff

SERVICES = web.AppKey("services", Services)

REQUEST_ID = web.RequestKey("request_id", str)
"""Id of this request: answered as ``X-Request-ID`` and written into every log line about it."""

STAFF = web.RequestKey("staff", Staff)
"""Who is logged in; set on routes declared ``auth="staff…"``."""

CONVERSATION = web.RequestKey("conversation", str)
"""Id of the conversation of the bearer token; set on routes declared ``auth="resident"``."""
