"""Typed keys of the application and of requests."""

from aiohttp import web

from services.context import Services

SERVICES = web.AppKey("services", Services)
