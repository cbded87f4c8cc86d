"""The OpenAPI 3.1 document, made from the routes' own declarations."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from aiohttp import web
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from services.web.auth import COOKIE
from services.web.routing import DECLARATIONS, Declaration

REF = "#/components/schemas/{model}"

SECURITY: dict[str, list[dict[str, list[str]]]] = {
    "public": [],
    "resident": [{"session": []}],
    "internal": [{"internal": []}],
    "admin-test": [{"token": []}],
    "staff": [{"token": []}, {"cookie": []}],
}

ERROR_SCHEMA = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "fields"],
            "properties": {
                "code": {"type": "string", "description": "机器可读的原因"},
                "message": {"type": "string", "description": "给人看的一句话"},
                "fields": {"type": "object", "description": "哪一项不对，或有用的事实"},
            },
        }
    },
}


def document(app: web.Application) -> dict[str, Any]:
    """Return the document of the application's JSON API."""
    declared = list(api_routes(app))
    models = {m for _, _, d in declared for m in (d.body, d.response) if m is not None}
    _, schemas = models_json_schema(
        [(m, "validation") for m in sorted(models, key=lambda m: m.__name__)], ref_template=REF
    )
    paths: dict[str, dict[str, Any]] = {}
    for method, path, declaration in declared:
        paths.setdefault(path, {})[method.lower()] = _operation(method, path, declaration)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "邻答 Linda",
            "version": "1",
            "description": "社区居民服务助手的接口。出错时的样子处处相同，见 Error。",
        },
        "paths": paths,
        "components": {
            "schemas": {**schemas.get("$defs", {}), "Error": ERROR_SCHEMA},
            "securitySchemes": {
                "token": _bearer("工作人员的接口令牌，由 /api/v1/auth/token 取得"),
                "session": _bearer("居民会话的令牌，由 /api/v1/chat/sessions 取得"),
                "internal": _bearer("系统内部：LINDA_INTERNAL_TOKEN"),
                "cookie": {"type": "apiKey", "in": "cookie", "name": COOKIE},
            },
        },
    }


def api_routes(app: web.Application) -> Iterator[tuple[str, str, Declaration]]:
    """Yield method, path and declaration of every route that is no page, file or preflight."""
    for route, declaration in app[DECLARATIONS].items():
        path = route.resource.canonical if route.resource is not None else ""
        api = path.startswith(("/api/", "/internal/")) or path in (
            "/healthz",
            "/readyz",
            "/metrics",
        )
        if api and route.method not in ("HEAD", "OPTIONS"):
            yield route.method, path, declaration


def _bearer(description: str) -> dict[str, str]:
    return {"type": "http", "scheme": "bearer", "description": description}


def _operation(method: str, path: str, declaration: Declaration) -> dict[str, Any]:
    answer: dict[str, Any] = {"description": "成功"}
    if declaration.status != 204:
        schema = _ref(declaration.response) if declaration.response else {"type": "object"}
        answer["content"] = {"application/json": {"schema": schema}}
    operation: dict[str, Any] = {
        "tags": [declaration.tag],
        "summary": declaration.summary,
        "operationId": _operation_id(method, path),
        "security": SECURITY[declaration.auth.partition(":")[0]],
        "parameters": _parameters(path, declaration),
        "responses": {
            str(declaration.status): answer,
            "default": {
                "description": "没有成功",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
            },
        },
    }
    if declaration.auth.startswith("staff:"):
        operation["x-roles"] = sorted(declaration.roles)
    if declaration.body is not None:
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": _ref(declaration.body)}},
        }
    return operation


def _parameters(path: str, declaration: Declaration) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"{(\w+)", path)
    ]
    if declaration.query is not None:
        schema = declaration.query.model_json_schema()
        required = schema.get("required", [])
        found += [
            {"name": name, "in": "query", "required": name in required, "schema": field}
            for name, field in schema.get("properties", {}).items()
        ]
    if declaration.idempotency_key:
        found.append(
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": True,
                "schema": {"type": "string", "minLength": 1, "maxLength": 255},
            }
        )
    return found


def _ref(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": REF.format(model=model.__name__)}


def _operation_id(method: str, path: str) -> str:
    words = re.sub(r"^api/v1/", "", path.strip("/"))
    return method.lower() + "_" + re.sub(r"\W+", "_", words).strip("_")
