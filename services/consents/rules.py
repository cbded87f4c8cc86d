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
            if (leaf is not None and leaf in rule.leaves)
            or any(_takes(order.get(n), values, rule.plain) for n, values in rule.takes.items())
        ]  # fmt: skip

    def without(self, order: Mapping[str, Any], purpose: str) -> dict[str, Any]:
        """Return an appointment without what rests on a purpose."""
        left = dict(order)
        for name, values in self.purposes[purpose].takes.items():
            if name in left:
                left[name] = _less(left[name], values)
            if name == "diet" and left.get(EACH):
                kept = [{**p, "diet": _less(p.get("diet") or [], values)} for p in left[EACH]]
                left[EACH] = [p for p in kept if p["diet"]]
        return {k: v for k, v in left.items() if v not in (None, [], "")}


def _takes(value: Any, values: Collection[str], plain: str | None) -> bool:
    if not values:
        parts = [p for p in str(value or "").split("、") if p]
        return not all(plain and re.fullmatch(plain, p) for p in parts)
    return isinstance(value, list) and any(v in values for v in value)


def _less(value: Any, values: Collection[str]) -> Any:
    return [v for v in value if v not in values] if values and isinstance(value, list) else None


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
