"""The bodies of workflow steps over the API: what each asks for, other names for it, help when it is wrong.

What a step asks for is the workflow's table and nothing else. Other names for its fields, and an example of each, are
``data/api/steps.yml``. Pure but for reading that file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from pydantic import BaseModel, ConfigDict

from services.catalogue.files import read
from services.config import ROOT
from services.errors import LindaError
from services.people.model import ROLE_NAMES
from services.tickets.core.workflow import ACTIONS, TRANSITIONS, Field, Transition
from services.web.routing import Variant

FILE = ROOT / "data" / "api" / "steps.yml"

TYPES: Mapping[str, tuple[Mapping[str, Any], str]] = {
    "text": ({"type": "string", "minLength": 1, "maxLength": 2000}, "文字"),
    "choice": ({"type": "string"}, "选一个"),
    "flag": ({"type": "boolean"}, "true 或 false"),
    "number": ({"type": "integer"}, "整数"),
    "time": ({"type": "string", "format": "date-time"}, "时间，如 2026-11-24T10:05:00+08:00"),
    "date": ({"type": "string", "format": "date"}, "日期，如 2026-11-24"),
    "org": ({"type": "string"}, "单位编号，见 GET /api/v1/units"),
    "person": ({"type": "string"}, "账号，见 GET /api/v1/staff"),
    "leaf": ({"type": "string"}, "事项编号，见 GET /api/v1/catalogue"),
    "leader": ({"type": "string"}, "街道领导的姓名，见 locality.yml 的 duty.leaders"),
    "photo": ({"type": "string"}, "工单里一张照片的编号"),
    "risk": ({"type": "string"}, "风险提示的代码，见 data/workflow.yml 的 risks"),
    "ticket": ({"type": "string"}, "工单编号"),
    "orgs": (
        {"type": "array", "items": {"type": "string"}, "minItems": 1},
        "单位编号的列表，见 GET /api/v1/units",
    ),
    "items": ({"type": "array", "items": {"type": "string"}, "minItems": 1}, "文字的列表"),
    "attachments": (
        {"type": "array", "items": {"type": "string"}, "minItems": 1},
        "照片编号的列表，先传到 POST /api/v1/tickets/{编号}/photos",
    ),
    "place": ({"type": "object"}, "{compound_id, building_id, unit, room}，见 GET /api/v1/places"),
    "facts": ({"type": "object"}, "对象"),
}
"""Type of a field → its JSON Schema, and in words what is to be sent."""


class StepsFile(BaseModel):
    """The whole file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    names: Mapping[str, tuple[str, ...]]
    registering: Mapping[str, tuple[str, ...]]
    values: Mapping[str, Mapping[str, tuple[str, ...]]]
    said_as: Mapping[str, Mapping[str, tuple[str, ...]]]
    wrappers: tuple[str, ...]
    examples: Mapping[str, Mapping[str, Any]]


@cache
def steps() -> StepsFile:
    """Return the file.

    Raises:
        services.catalogue.files.DataFileError: Missing or wrong.
    """
    return read(FILE, StepsFile)


@cache
def staff_lines(action: str) -> tuple[Transition, ...]:
    """Return the lines of a step that some role of staff may take."""
    return tuple(t for t in TRANSITIONS if t.action == action and t.roles & ROLE_NAMES.keys())


@cache
def staff_steps() -> tuple[str, ...]:
    """Return the steps that staff take, in the order of the table of names."""
    return tuple(a for a in ACTIONS if a != "submit" and staff_lines(a))


@cache
def fields_of(action: str) -> Mapping[str, Field]:
    """Return all that a step may be asked with, by name."""
    return {f.name: f for t in staff_lines(action) for f in t.fields}


def required(action: str, roles: Iterable[str] = ROLE_NAMES) -> list[str]:
    """Return what every line of a step asks for that these roles may take."""
    wanted = set(roles)
    found = [t for t in staff_lines(action) if t.roles & wanted] or staff_lines(action)
    return [
        name
        for name in fields_of(action)
        if all(any(f.name == name and f.required for f in t.fields) for t in found)
    ]


# -- other names ---------------------------------------------------------------------------------


def envelope(data: Any) -> Any:
    """Return a body with its version under that name, and without a layer around its fields."""
    if not isinstance(data, Mapping):
        return data
    found = dict(data)
    for wrapper in steps().wrappers:
        if isinstance(inner := found.get(wrapper), Mapping):
            del found[wrapper]
            found = {**inner, **found}
    if "version" not in found:
        other = next((n for n in steps().names["version"] if n in found), None)
        if other is not None:
            found["version"] = found.pop(other)
    return found


def registered(data: Any) -> Any:
    """Return the body of a registration by the names of its fields; what has its name is left alone."""
    if not isinstance(data, Mapping):
        return data
    found = dict(data)
    for name, others in steps().registering.items():
        other = next((n for n in others if n in found), None)
        if found.get(name) is None and other is not None:
            found[name] = found.pop(other)
    if isinstance(contact := found.get("contact"), Mapping):
        role, pref = contact.get("role"), contact.get("contact_pref")
        found["contact"] = {**({"pref": pref} if pref else {}), **contact}
        if role and not found.get("reporter_role"):
            found["reporter_role"] = role
    return found


def understood(action: str, given: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return what was sent by the names of the step, and the names that mean nothing to it."""
    fields = fields_of(action)
    left = {k: v for k, v in given.items() if k not in fields}
    payload = {k: v for k, v in given.items() if k in fields}
    named: dict[str, str] = {}
    for name in fields:
        if payload.get(name) in (None, "", []):
            # What is null has not been said: {"reached": false, "solved": null}.
            other = next((n for n in steps().names.get(name, ()) if left.get(n) is not None), None)
            if other is not None:
                payload[name], named[name] = left.pop(other), other
    return {k: _value(fields[k], v, named.get(k)) for k, v in payload.items()}, list(left)


def _value(field: Field, value: Any, other: str | None = None) -> Any:
    """Return the option that a value means; anything else as it is.

    Args:
        other: The other name that the field was sent under: ``reached: false`` is no ``solved: false``.
    """
    if not field.options or isinstance(value, (list, dict)):
        return value
    said = str(value).strip().lower() if not isinstance(value, bool) else str(value).lower()
    if str(value) in field.options or value in field.options.values():
        return value
    meant = steps().said_as.get(other or "", {}).get(said)
    if meant is None:
        meant = steps().values.get(field.name, {}).get(said, ())
    return next((m for m in meant if m in field.options), value)


# -- help ----------------------------------------------------------------------------------------


def explained(error: LindaError, action: str, role: str, unused: Iterable[str]) -> LindaError:
    """Return a refusal that says by name what is to be sent; any other as it is."""
    fields = fields_of(action)
    if error.code == "unknown_action":
        return LindaError(error.code, error.message, error.status, {"actions": [*staff_steps()]})
    if error.status != 422 or not (error.code == "invalid_fields" or error.fields.keys() & fields):
        return error
    told: dict[str, Any] = {
        k: f"{v}{_help(fields[k])}" if k in fields and isinstance(v, str) else v
        for k, v in error.fields.items()
    }
    if error.code == "invalid_fields":
        known = "、".join(_named(f, f.name in required(action, [role])) for f in fields.values())
        for name in unused:
            told[name] = f"没有这一项。这一步有：{known or '不用填别的'}。"
    return LindaError(error.code, error.message, error.status, told)


def _help(field: Field) -> str:
    if field.options:
        return f"（可以填：{options(field)}）"
    return f"（{TYPES[field.type][1]}）"


def options(field: Field) -> str:
    """Return the choices of a field in one line: ``solved 已解决、partial 部分解决``."""
    said = (field.options or {}).items()
    return "、".join(code if code == label else f"{code} {label}" for code, label in said)


def _named(field: Field, needed: bool) -> str:
    return f"{field.name}（{field.label}{'，必填' if needed else ''}）"


# -- the document --------------------------------------------------------------------------------


@cache
def variants() -> Mapping[str, Variant]:
    """Return the body of each step, for the OpenAPI document."""
    return {action: _variant(action) for action in staff_steps()}


def _variant(action: str) -> Variant:
    found = staff_lines(action)
    properties: dict[str, Any] = {"version": {"type": "integer", "description": "看到的版本号"}}
    properties |= {f.name: schema_of(f) for f in fields_of(action).values()}
    roles = tuple(r for r in ROLE_NAMES if any(r in t.roles for t in found))
    return Variant(
        ACTIONS[action],
        {
            "type": "object",
            "title": ACTIONS[action],
            "required": ["version", *required(action)],
            "properties": properties,
            "x-roles": list(roles),
            "x-lines": [_line(t) for t in found],
        },
        {"version": 3, **steps().examples[action]},
        roles,
    )


def schema_of(field: Field) -> dict[str, Any]:
    """Return the JSON Schema of a field."""
    schema, words = TYPES[field.type]
    found: dict[str, Any] = {"title": field.label, **schema}
    if field.options:
        found |= {"enum": [*field.options], "description": options(field)}
    elif field.type != "text":
        found["description"] = words
    if field.default is not None:
        found["default"] = field.default
    return found


def _line(line: Transition) -> dict[str, Any]:
    """Return who may take a line from where, and what it asks of them."""
    found: dict[str, Any] = {
        "roles": [r for r in ROLE_NAMES if r in line.roles],
        "from": sorted(s.value for s in line.sources),
        "required": [f.name for f in line.fields if f.required],
        "optional": [f.name for f in line.fields if not f.required],
    }
    return found | ({"when": {line.when[0]: line.when[1]}} if line.when else {})
