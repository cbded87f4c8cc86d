"""Server-rendered pages: one Jinja environment, everything escaped, undefined names are errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

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


def both(words: str | Mapping[str, str], **values: Any) -> Markup:
    """Return words of ``page.yml``, gaps filled; what large letters say otherwise travels along (``letters.js``)."""
    forms = {"plain": words} if isinstance(words, str) else words
    plain = forms["plain"].format(**values)
    elder = forms.get("elder", forms["plain"]).format(**values)
    if plain == elder:
        return escape(plain)
    return Markup('<span data-elder="{}">{}</span>').format(elder, plain)


ENVIRONMENT.globals["both"] = both


def page(name: str, status: int = 200, **context: Any) -> web.Response:
    """Render a template as an HTML response that no cache keeps: pages hold people's data."""
    text = ENVIRONMENT.get_template(name).render(context)
    return web.Response(
        text=text, status=status, content_type="text/html", headers={"Cache-Control": "no-store"}
    )
