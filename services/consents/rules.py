"""What needs a separate consent, as data (``data/dialogue/consents.yml``), and the pure rules on it.

《个人信息保护法》第二十八条至第三十一条. The dialogue reads the same file for its questions
(``actions.forms.consent``); here it says what may not be written down without an answer.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from services.retention.rules import load_rules as retention_rules
from services.yaml_files import read_yaml

EACH = "diets"
"""Beside ``diet`` an order may tell the diets of each portion: ``[{portions, diet}]``."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Purpose(_Part):
    """One purpose.

    Attributes:
        name: In the words that residents see in “我的数据”.
        articles: Of the law.
        takes: Entries of an appointment that rest on it; values that do, all when none is named.
        plain: What is told in the entry and is nothing sensitive, part by part.
        leaves: Matters that always need it.
        children: It is a guardian's to give (第三十一条).
        desk: Only staff record it.
    """

    name: str
    articles: tuple[str, ...] = Field(min_length=1)
    takes: Mapping[str, tuple[str, ...]] = {}
    plain: str | None = None
    leaves: tuple[str, ...] = ()
    children: bool = False
    desk: bool = False


class Exempt(_Part):
    """What is kept without asking, and which article says so."""

    what: str
    article: str


class ConsentRules(_Part):
    """The whole file; the patterns are the dialogue's. ``once_days``: see ``retention.consents.once_over``."""

    version: str = Field(pattern=r"^\d{4}-\d{2}(\.\d+)?$")
    keeps: Mapping[str, int]
    once_days: int = Field(ge=1)
    once_name: str
    said_by: Mapping[str, str]
    purposes: Mapping[str, Purpose]
    exempt: tuple[Exempt, ...]
    given: str
    refused: str
    agrees: str
    guardian: str
    proxy: str

    def wanted(self, leaf: str | None, appointment: Mapping[str, Any] | None) -> list[str]:
        """Return the purposes to which somebody must have agreed before this is written down."""
        order = appointment or {}
        return [
            key for key, rule in self.purposes.items()
            if (leaf is not None and leaf in rule.leaves) or _told(order, rule)
        ]  # fmt: skip

    def added(self, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> list[str]:
        """Return the purposes on which something of an appointment rests that was not there before."""
        return [
            key for key, rule in self.purposes.items()
            if _told(after or {}, rule) - _told(before or {}, rule)
        ]  # fmt: skip

    def without(self, order: Mapping[str, Any], purpose: str) -> dict[str, Any]:
        """Return an appointment, or a change of one, without what rests on a purpose; the rest as it is."""
        left = dict(order)
        for name, values in self.purposes[purpose].takes.items():
            if left.get(name):
                _put(left, name, _less(left[name], values))
            if name == "diet" and left.get(EACH):
                kept = [{**p, "diet": _less(p.get("diet") or [], values)} for p in left[EACH]]
                _put(left, EACH, [p for p in kept if p["diet"]])
        return left


def _told(order: Mapping[str, Any], rule: Purpose) -> set[str]:
    """Return what of an appointment is sensitive, part by part."""
    found: set[str] = set()
    for name, values in rule.takes.items():
        value = order.get(name)
        if values:
            said = [*_listed(value)]
            if name == "diet":
                each = [e for e in _listed(order.get(EACH)) if isinstance(e, Mapping)]
                said += [d for e in each for d in _listed(e.get("diet"))]
            found.update(v for v in said if v in values)
        else:
            parts = [p for p in str(value or "").split("、") if p]
            found.update(p for p in parts if not re.fullmatch(rule.plain or "(?!)", p))
    return found


def _listed(value: Any) -> Collection[Any]:
    return value if isinstance(value, list) else [value] if value else ()


def _less(value: Any, values: Collection[str]) -> Any:
    return [v for v in value if v not in values] if values and isinstance(value, list) else None


def _put(order: dict[str, Any], name: str, value: Any) -> None:
    """Set what is left of a part; a part of which nothing is left goes."""
    if value:
        order[name] = value
    else:
        del order[name]


def load_rules(data: Path) -> ConsentRules:
    """Read the rules.

    Raises:
        ValueError: The file is malformed, or promises another time than ``retention.yml`` keeps to.
    """
    path = data / "dialogue" / "consents.yml"
    rules = ConsentRules.model_validate(read_yaml(path.read_text(encoding="utf-8")))
    classes = retention_rules(data / "retention.yml").classes
    other = [k for k, days in rules.keeps.items() if classes[k].days != days]  # type: ignore[index]
    if other:
        raise ValueError(f"dialogue/consents.yml：{'、'.join(other)} 和 retention.yml 不一样。")
    return rules
