"""The OpenAPI 3.1 document, made from the routes' own declarations."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
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


REFUSALS = {
    "400": "请求的格式不对，或缺少 Idempotency-Key",
    "401": "没有登录，或令牌过期",
    "403": "岗位或范围不允许",
    "404": "没有这一个",
    "409": "已经变了，或还不到、已过这一步",
    "422": "哪一项不对，或为什么现在不行；fields 里按名字写",
}
"""What each status of a refusal means, everywhere."""


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
            "schemas": {**schemas.get("$defs", {}), **_variants(declared), "Error": ERROR_SCHEMA},
            "responses": {f"Error{status}": _refusal(words) for status, words in REFUSALS.items()},
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


def _refusal(words: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Error"}
    return {"description": words, "content": {"application/json": {"schema": schema}}}


def _operation(method: str, path: str, declaration: Declaration) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "tags": [declaration.tag],
        "summary": declaration.summary,
        "operationId": _operation_id(method, path),
        "security": SECURITY[declaration.auth.partition(":")[0]],
        "parameters": _parameters(path, declaration),
        "responses": {
            str(declaration.status): _answer(declaration),
            **{
                status: {"$ref": f"#/components/responses/Error{status}"}
                for status in _may_refuse(method, path, declaration)
            },
            "default": _refusal("没有成功"),
        },
    }
    if declaration.auth.startswith("staff:"):
        operation["x-roles"] = sorted(declaration.roles)
    if content := _content(declaration):
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _answer(declaration: Declaration) -> dict[str, Any]:
    if declaration.status == 204:
        return {"description": "成功"}
    schema: dict[str, Any] = {"type": "object"}
    if declaration.media != "application/json":
        schema = {"type": "string", "format": "binary"}
    elif declaration.response is not None:
        schema = _ref(declaration.response)
    return {"description": "成功", "content": {declaration.media: {"schema": schema}}}


def _may_refuse(method: str, path: str, declaration: Declaration) -> list[str]:
    """Return the statuses of refusals that a caller has to reckon with, besides those of all."""
    asked = declaration.body or declaration.upload or declaration.variants
    found = {
        "400": bool(asked) or declaration.idempotency_key,
        "401": declaration.auth != "public",
        "403": declaration.auth not in ("public", "resident", "internal"),
        "404": "{" in path,
        "409": method != "GET" and declaration.auth.startswith("staff"),
        "422": bool(asked or declaration.query),
    }
    return [status for status, there in found.items() if there]


def _content(declaration: Declaration) -> dict[str, Any]:
    """Return the ``content`` of the body, empty when there is none."""
    if declaration.upload is not None:
        parts = {
            name: {"type": "string", "description": words}
            | ({"format": "binary"} if name == "file" else {})
            for name, words in declaration.upload.items()
        }
        schema = {"type": "object", "properties": parts, "required": list(parts)}
        return {"multipart/form-data": {"schema": schema}}
    if declaration.variants is not None:
        variants = declaration.variants()
        return {
            "application/json": {
                "schema": {"anyOf": [{"$ref": REF.format(model=_variant(n))} for n in variants]},
                "examples": {
                    n: {"summary": v.summary, "value": dict(v.example)} for n, v in variants.items()
                },
            }
        }
    if declaration.body is None:
        return {}
    content: dict[str, Any] = {"schema": _ref(declaration.body)}
    if (example := example_of(declaration.body)) is not None:
        content["example"] = example
    return {"application/json": content}


def example_of(model: type[BaseModel]) -> Any:
    """Return the example that a model gives of itself, ``None`` when it gives none."""
    extra = model.model_config.get("json_schema_extra")
    examples = extra.get("examples") if isinstance(extra, dict) else None
    return examples[0] if isinstance(examples, list) and examples else None


def _variants(declared: Iterable[tuple[str, str, Declaration]]) -> dict[str, Any]:
    """Return the schemas of bodies that depend on the last part of the path."""
    return {
        _variant(name): dict(variant.schema)
        for _, _, d in declared
        if d.variants is not None
        for name, variant in d.variants().items()
    }


def _variant(name: str) -> str:
    return f"action_{name}"


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
    # /metrics of the server and /api/v1/metrics of the work are two things.
    words = path.strip("/").removeprefix("api/v1/")
    if not path.startswith("/api/v1/"):
        words = f"server_{words}"
    return method.lower() + "_" + re.sub(r"\W+", "_", words).strip("_")
