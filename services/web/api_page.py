"""``docs/api.md``: every call of the API with who may make it and how, made from the OpenAPI document. Pure but for one data file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from services.config import ROOT
from services.people.model import ROLE_NAMES
from services.web import steps
from services.yaml_files import read_yaml

JSON = Mapping[str, Any]
BASE = "/api/v1/"
CONSOLE_FILE = ROOT / "data" / "api" / "console.yml"
WORDS = {"string": "文字", "integer": "整数"}
STEP = "/api/v1/tickets/{ticket_no}/actions/{action}"
HEAD = """# The API

Made by `linda api` from the OpenAPI document (`/api/v1/openapi.json`, which has every field); not edited by hand.
Who may do what is `data/roles.yml`, see [roles.md](roles.md); the steps are the lines of [workflow.md](workflow.md).

* Staff log in with `POST /api/v1/auth/token` and send `Authorization: Bearer TOKEN`; residents' calls take the token of their session.
* A creation marked **key** needs `Idempotency-Key` (1–255 characters, the caller's own): the same key and body is one effect, the same
  key with another body 409. Secrets are in the first answer only.
* Lists that can grow have `?limit=` (1–200) and answer `next_cursor`, which is the next page's `?cursor=`.
* Refusals: `{"error":{"code","message","fields"}}` – 400 malformed, 401, 403 role or scope, 404, 409 changed meanwhile or not its turn,
  422 with what is wrong by field.

In the examples `$URL` is the address, `$TOKEN` a token, `$NO` a ticket's number.
"""
CONSOLE = """## Pages of the console

What each page and button of the console does, and the call that does the same (`data/api/console.yml`).
"""
STEPS = """## Steps of the workflow

`POST /api/v1/tickets/{ticket_no}/actions/{action}` with the `version` that was seen and the fields of the step. Which ones are open to the
caller now: `GET /api/v1/tickets/{ticket_no}/actions`. Other names that are understood: `data/api/steps.yml`; what was not needed is named in
`unused` of the answer. A resident's own steps (withdraw, rate, urge …) are not staff's: 403.

**Bold** fields are asked of every role.
"""


def page(document: JSON) -> str:
    """Return the page as Markdown."""
    parts = [HEAD]
    for tag, calls in _by_tag(document).items():
        parts += [f"## {tag}", _table(calls), *_curls(document, calls)]
    parts += [CONSOLE, _console()]
    parts += [STEPS, *(_step(name) for name in steps.staff_steps())]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _console() -> str:
    told: Mapping[str, str] = read_yaml(CONSOLE_FILE.read_text(encoding="utf-8"))
    rows = [("console", "call"), ("---", "---")]
    for page, call in told.items():
        console, api = page.replace(" ", " /console", 1), call.replace(" ", f" {BASE[:-1]}", 1)
        rows.append((f"`{console}`", f"`{api}`"))
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def _by_tag(document: JSON) -> dict[str, list[tuple[str, str, JSON]]]:
    found: dict[str, list[tuple[str, str, JSON]]] = {}
    for path, operations in document["paths"].items():
        if path.startswith(BASE):
            for method, operation in operations.items():
                found.setdefault(operation["tags"][0], []).append((method.upper(), path, operation))
    return found


def _table(calls: Iterable[tuple[str, str, JSON]]) -> str:
    rows = [("call", "does", "who"), ("---", "---", "---")]
    for method, path, operation in calls:
        key = any(p["name"] == "Idempotency-Key" for p in operation["parameters"])
        query = [p["name"] for p in operation["parameters"] if p["in"] == "query"]
        asked = f"?{'&'.join(query)}" if query else ""
        rows.append(
            (
                f"`{method} {path}{asked}`",
                operation["summary"] + (" **key**" if key else ""),
                _who(operation),
            )
        )
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def _who(operation: JSON) -> str:
    if not operation["security"]:
        return "anybody"
    if (roles := operation.get("x-roles")) is not None:
        return " ".join(f"`{r}`" for r in ROLE_NAMES if r in roles)
    named = {"session": "the resident", "internal": "the system itself", "cookie": "all staff"}
    kinds = [kind for each in operation["security"] for kind in each]
    return next((words for kind, words in named.items() if kind in kinds), "`admin`, in test mode")


def _curls(document: JSON, calls: Iterable[tuple[str, str, JSON]]) -> list[str]:
    lines = []
    for method, path, operation in calls:
        content = operation.get("requestBody", {}).get("content", {})
        if path != STEP and "multipart/form-data" in content:
            properties = content["multipart/form-data"]["schema"]["properties"]
            parts = [f"-F {n}={'@FILE' if n == 'file' else 'VALUE'}" for n in properties]
            lines.append(_curl(method, path, operation, parts))
        elif "example" in (body := content.get("application/json", {})):
            lines.append(_curl(method, path, operation, [_json(body["example"])]))
    return ["```sh\n" + "\n".join(lines) + "\n```"] if lines else []


def _curl(method: str, path: str, operation: JSON, body: list[str]) -> str:
    filled = path.replace("{ticket_no}", "$NO").replace("{", "").replace("}", "")
    parts = [f'curl -X {method} "$URL{filled}"']
    if operation["security"]:
        parts.append('-H "Authorization: Bearer $TOKEN"')
    if any(p["name"] == "Idempotency-Key" for p in operation["parameters"]):
        parts.append("-H 'Idempotency-Key: mine-1'")
    return " ".join([*parts, *body])


def _json(body: Any) -> str:
    text = json.dumps(body, ensure_ascii=False).replace("'", "'\\''")
    return f"-H 'Content-Type: application/json' -d '{text}'"


def _step(name: str) -> str:
    variant = steps.variants()[name]
    needed = variant.schema["required"]
    rows = [("field", "means", "value"), ("---", "---", "---")]
    for field, schema in variant.schema["properties"].items():
        if field != "version":
            shown = f"**`{field}`**" if field in needed else f"`{field}`"
            value = schema.get("description", WORDS.get(schema["type"], schema["type"])).replace(
                "|", "\\|"
            )
            rows.append((shown, schema["title"], value))
    lines = [
        f"* {' '.join(f'`{r}`' for r in line['roles'])} from {' '.join(f'`{s}`' for s in line['from'])}"
        + _chosen(line)
        + (f": needs {' '.join(f'`{f}`' for f in line['required'])}" if line["required"] else "")
        for line in variant.schema["x-lines"]
    ]
    fields = "\n".join("| " + " | ".join(r) + " |" for r in rows) if len(rows) > 2 else ""
    curl = f'curl -X POST "$URL/api/v1/tickets/$NO/actions/{name}" -H "Authorization: Bearer $TOKEN" {_json(dict(variant.example))}'
    parts = [
        f"### `{name}` {variant.summary}",
        "\n".join(lines),
        fields,
        f"```sh\n{curl}\n```",
    ]
    return "\n\n".join(p for p in parts if p)


def _chosen(line: JSON) -> str:
    when = line.get("when") or {}
    return "".join(f", with `{name}={value}`" for name, value in when.items())
