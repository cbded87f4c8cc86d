"""Server-rendered pages: one Jinja environment, everything escaped, undefined names are errors."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

ENVIRONMENT = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def add_filter(function: Callable[..., Any]) -> Callable[..., Any]:
    """Make a function usable in templates under its own name (decorator)."""
    ENVIRONMENT.filters[function.__name__] = function
    return function


def page(name: str, status: int = 200, **context: Any) -> web.Response:
    """Render a template as an HTML response that no cache keeps: pages hold people's data."""
    text = ENVIRONMENT.get_template(name).render(context)
    return web.Response(
        text=text, status=status, content_type="text/html", headers={"Cache-Control": "no-store"}
    )
