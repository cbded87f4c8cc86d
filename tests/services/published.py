"""An application whose every answer is held against the OpenAPI document that it publishes."""

from __future__ import annotations

import json
from fnmatch import fnmatch
from functools import cache
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler
from jsonschema import Draft202012Validator

from services.web.openapi import api_routes, document
from services.web.routing import declaration_of

Calls = frozenset[tuple[str, str]]
_made: dict[Calls, dict[str, Any]] = {}
"""Documents by the calls they describe: each takes half a second, and every test has its own app."""


def held(app: web.Application) -> web.Application:
    """Make an answer that the document does not describe, or describes otherwise, an error (500).

    A field too many is one as well: whoever reads the document would not know of it.
    """

    @cache
    def published() -> tuple[dict[str, Any], Calls]:
        calls = frozenset((method, path) for method, path, _ in api_routes(app))
        if calls not in _made:
            _made[calls] = _strict(document(app))
        return _made[calls], calls

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        response = await handler(request)
        resource = request.match_info.route.resource
        call = (request.method, resource.canonical if resource is not None else "")
        described, calls = published()
        if call not in calls or response.status in (204, 304):
            return response
        answers = described["paths"][call[1]][call[0].lower()]["responses"]
        answer = answers.get(str(response.status), answers["default"])
        if "$ref" in answer:
            answer = described["components"]["responses"][answer["$ref"].split("/")[-1]]
        declaration = declaration_of(request)
        assert declaration is not None
        said = "application/json" if response.status >= 400 else declaration.media
        assert fnmatch(response.content_type, said), (call, response.content_type)
        if said == "application/json":
            assert isinstance(response, web.Response) and isinstance(response.body, bytes)
            schema = answer["content"][said]["schema"]
            validator = Draft202012Validator({**schema, "components": described["components"]})
            wrong = [e.message for e in validator.iter_errors(json.loads(response.body))]
            assert wrong == [], (call, wrong[:3])
        return response

    app.middlewares.append(check)
    return app


def _strict(described: dict[str, Any]) -> dict[str, Any]:
    for name, schema in described["components"]["schemas"].items():
        if "properties" in schema and name != "Error":
            schema.setdefault("additionalProperties", False)
    return described
