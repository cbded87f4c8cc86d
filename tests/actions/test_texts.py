"""Every standard text: an elder form where it is long, the same placeholders, promised numbers that hold."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from actions.texts import catalogue

ROOT = Path(__file__).resolve().parents[2]
_PLACEHOLDER = re.compile(r"\{[a-z_]*\}")
_LIMIT = re.compile(r"(\d+) ?(个工作日|小时|分钟|天)")
_UNITS = {"个工作日": "wd", "小时": "h", "分钟": "m", "天": "d"}

PROMISES = {
    # what a text promises → where the limit of it stands in data/sla
    "offer_complain_assistant": ("class_of_leaf", "M11", "finish"),
    "info_requested": ("info_wait",),
    "filed_needs": ("info_wait",),
    "callback_thanks": ("reopen_days",),
    "progress_what_if": ("reopen_days",),
    "reopen_too_old": ("reopen_days",),
    "closed_unanswered": ("reopen_days",),
}


def _others() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for path in sorted((ROOT / "data" / "texts").glob("*.yml")):
        texts = yaml.safe_load(path.read_text(encoding="utf-8"))
        for key, text in texts.items():
            if isinstance(text, dict) and "text" in text:
                found[key] = {
                    "plain": text["text"],
                    **({"elder": text["elder"]} if text.get("elder") else {}),
                }
    return found


def test_an_elder_form_is_said_in_large_type_mode() -> None:
    """``turn.say`` knows the mode; whoever calls ``say`` must hand it on where there are two forms."""
    two = {key for key, forms in catalogue().items() if "elder" in forms}
    deaf = []
    for path in sorted((ROOT / "actions").rglob("*.py")):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name)):
                continue
            if call.func.id != "say" or len(call.args) > 1:
                continue
            named = {n.value for n in ast.walk(call.args[0]) if isinstance(n, ast.Constant)}
            deaf += [f"{path.name}:{call.lineno} {key}" for key in sorted(named & two)]
    assert not deaf


@pytest.mark.parametrize("key", sorted(catalogue()))
def test_the_elder_form_needs_no_other_values(key: str) -> None:
    forms = catalogue()[key]
    known = set(_PLACEHOLDER.findall(forms["plain"]))
    assert set(_PLACEHOLDER.findall(forms.get("elder", ""))) <= known, key


def _limit(profile: dict[str, Any], path: tuple[str, ...]) -> str:
    if path[0] == "class_of_leaf":
        return str(profile["classes"][profile["class_of_leaf"][path[1]]][path[2]])
    value = profile[path[0]]
    return f"{value}d" if isinstance(value, int) else str(value)


def _profiles() -> list[dict[str, Any]]:
    """Return every SLA profile with what it takes from its base."""
    raw = {
        p.stem: yaml.safe_load(p.read_text(encoding="utf-8"))
        for p in (ROOT / "data" / "sla").glob("*.yml")
    }
    profiles = {k: v for k, v in raw.items() if "base" in v or "class_of_kind" in v}
    default = profiles["default"]
    merged = []
    for own in profiles.values():
        classes = {k: dict(v) for k, v in default["classes"].items()}
        for name, changes in own.get("classes", {}).items():
            classes[name] = {**classes.get(name, {}), **changes}
        merged.append({**default, **own, "classes": classes})
    return merged


def test_every_number_that_is_promised_is_the_limit_of_the_data() -> None:
    texts = {**catalogue(), **_others()}
    for key, forms in texts.items():
        for words in forms.values():
            for amount, unit in _LIMIT.findall(words):
                assert key in PROMISES, f"{key} promises {amount}{unit}: say in PROMISES by what"
                for profile in _profiles():
                    promised = _limit(profile, PROMISES[key])
                    assert promised == f"{amount}{_UNITS[unit]}", (key, profile["id"])
