"""The forms of actions: from what ``allowed_actions`` asks for to inputs, and back to a payload."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from multidict import MultiMapping

from services.clock import ZONE
from services.errors import LindaError

FieldSpec = Mapping[str, Any]
"""``{name, label, type, required, options}`` of :meth:`TicketService.allowed_actions`."""


def _int(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise LindaError("invalid_fields", f"“{text}”不是整数。", 422) from None


def _time(text: str) -> str:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise LindaError("invalid_fields", f"“{text}”不是时间。", 422) from None
    # A browser's datetime-local has no zone: people here mean Beijing time.
    return (time if time.tzinfo else time.replace(tzinfo=ZONE)).isoformat()


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _bool(text: str) -> bool:
    return text in ("on", "true", "1")


READERS: Mapping[str, Callable[[str], Any]] = {
    "int": _int, "integer": _int, "number": _int,
    "datetime": _time,
    "bool": _bool, "boolean": _bool,
    "list": _lines, "lines": _lines,
}  # fmt: skip
"""Type of a field → how its text is read; any other type stays text."""


def payload(fields: Sequence[FieldSpec], form: MultiMapping[Any]) -> dict[str, Any]:
    """Return the action's payload; what was left empty is left out, so that the guard names it.

    Raises:
        LindaError: 422 ``invalid_fields`` when a number or time cannot be read.
    """
    values: dict[str, Any] = {}
    for field in fields:
        name, kind = field["name"], field.get("type", "text")
        if kind == "multi":
            chosen = [str(v) for v in form.getall(name, [])]
            if chosen:
                values[name] = chosen
            continue
        text = str(form.get(name, "")).strip()
        if text:
            values[name] = READERS.get(kind, str)(text)
    return values


def typed(form: MultiMapping[Any]) -> dict[str, str]:
    """Return what was typed, to show it again beside the refusal."""
    return {name: str(form[name]) for name in form if isinstance(form[name], str)}


def choices(field: FieldSpec) -> list[tuple[str, str]]:
    """Return the options of a field as value and Chinese label."""
    return [
        (str(o), str(o)) if not isinstance(o, Mapping) else (str(o["value"]), str(o["label"]))
        for o in field.get("options") or []
    ]
