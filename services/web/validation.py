"""Outside data → pydantic models, with what is wrong said in Chinese by field."""

from __future__ import annotations

import re
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from services.errors import LindaError
from services.words import piece

M = TypeVar("M", bound=BaseModel)

# Error type of pydantic → sentence; {x} are the values of the error's context.
SENTENCES = {
    "missing": "缺少这一项",
    "extra_forbidden": "没有这一项",
    "string_too_short": "太短了，至少 {min_length} 个字",
    "string_too_long": "太长了，最多 {max_length} 个字",
    "string_type": "应当是文字",
    "string_pattern_mismatch": "格式不对",
    "int_type": "应当是整数",
    "int_parsing": "应当是整数",
    "int_from_float": "应当是整数",
    "float_type": "应当是数字",
    "float_parsing": "应当是数字",
    "bool_type": "应当是 true 或 false",
    "bool_parsing": "应当是 true 或 false",
    "list_type": "应当是列表",
    "dict_type": "应当是对象",
    "model_type": "应当是对象",
    "model_attributes_type": "应当是对象",
    "greater_than": "应当大于 {gt}",
    "greater_than_equal": "不能小于 {ge}",
    "less_than": "应当小于 {lt}",
    "less_than_equal": "不能大于 {le}",
    "literal_error": "只能是 {expected}",
    "enum": "只能是 {expected}",
    "datetime_type": "应当是时间，如 2026-11-24T10:05:00+08:00",
    "datetime_parsing": "应当是时间，如 2026-11-24T10:05:00+08:00",
    "datetime_from_date_parsing": "应当是时间，如 2026-11-24T10:05:00+08:00",
    "timezone_aware": "时间要带时区，如 2026-11-24T10:05:00+08:00",
    "time_delta_type": "应当是时长，如 PT3H",
    "time_delta_parsing": "应当是时长，如 PT3H",
    "date_type": "应当是日期，如 2026-11-24",
    "date_parsing": "应当是日期，如 2026-11-24",
    "date_from_datetime_parsing": "应当是日期，如 2026-11-24",
    "too_short": "至少要 {min_length} 项",
    "too_long": "最多 {max_length} 项",
}


class Unfilled(ValueError):
    """What a resident left out, in words of ``data/texts``; any other error of a validator is for programs."""


def validated(model: type[M], data: Any, *, plainly: bool = False) -> M:
    """Return ``data`` as ``model``.

    Args:
        plainly: A resident may read the message: no names of fields, no formats. ``fields`` says those
            to programs all the same.

    Raises:
        LindaError: 422 ``invalid_fields``; ``fields`` has a Chinese sentence for each wrong field.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        fields = {_path(e): sentence(e) for e in error.errors(include_url=False)}
        raise LindaError("invalid_fields", _said(error, fields, plainly), 422, fields) from None


def _said(error: ValidationError, fields: dict[str, str], plainly: bool) -> str:
    if not plainly:
        first = next(iter(fields.items()))
        return f"有 {len(fields)} 项填得不对：{first[0]} {first[1]}。"
    told = error.errors(include_url=False)[0]
    limits = told.get("ctx") or {}
    if told["loc"] == ("text",) and told["type"] == "string_too_long":
        return piece("refused.words_too_long", most=limits["max_length"])
    raised = limits.get("error")
    return str(raised) if isinstance(raised, Unfilled) else piece("refused.malformed")


def sentence(error: ErrorDetails) -> str:
    """Return what is wrong with a field, in Chinese; our own validators' words go through."""
    if error["type"] == "value_error":
        return str(error["ctx"]["error"])
    template = SENTENCES.get(error["type"], "填得不对")
    known = dict(error.get("ctx") or {})
    if "expected" in known:  # 'web', 'kiosk' or 'phone'
        known["expected"] = re.sub(r", | or ", "、", str(known["expected"])).replace("'", "")
    return template.format_map(known)


def _path(error: ErrorDetails) -> str:
    return ".".join(str(part) for part in error["loc"]) or "body"
