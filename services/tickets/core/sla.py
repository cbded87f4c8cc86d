"""SLA profiles: how long each class of ticket may take, read from ``data/sla``.

A limit is written ``15m 2h 7d`` (natural time) or ``30wm 2wh 5wd`` (working time), so the unit
alone says which calendar counts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from services.tickets.core.calendar import MINUTES_PER_DAY, WorkCalendar
from services.tickets.core.kinds import Kind, Priority

_LIMIT = re.compile(r"(\d+(?:\.\d+)?)(w?)([mhd])")
_NATURAL = {"m": 1, "h": 60, "d": 24 * 60}
_WORKING = {"m": 1, "h": 60, "d": MINUTES_PER_DAY}
_UNIT_NAMES = {
    ("", "m"): "分钟", ("", "h"): "小时", ("", "d"): "天",
    ("w", "m"): "个工作分钟", ("w", "h"): "个工作小时", ("w", "d"): "个工作日",
}  # fmt: skip


@dataclass(frozen=True)
class Limit:
    """A length of natural or working time."""

    amount: float
    unit: str
    working: bool

    @classmethod
    def parse(cls, text: str) -> Limit:
        """Read ``5wd``.

        Raises:
            ValueError: The text is no limit.
        """
        match = _LIMIT.fullmatch(str(text).strip())
        if not match:
            raise ValueError(f"时限写法有误：{text}（应如 15m、2h、7d、2wh、5wd）")
        return cls(float(match[1]), match[3], match[2] == "w")

    @property
    def minutes(self) -> float:
        """Minutes of natural or of working time."""
        return self.amount * (_WORKING if self.working else _NATURAL)[self.unit]

    @property
    def text(self) -> str:
        """In Chinese: 5个工作日."""
        return f"{self.amount:g}{_UNIT_NAMES['w' if self.working else '', self.unit]}"

    def scaled(self, factor: float) -> Limit:
        """Return the same limit times a factor."""
        return replace(self, amount=self.amount * factor)

    def after(self, start: datetime, calendar: WorkCalendar) -> datetime:
        """Return when the limit is over that begins at ``start``."""
        if self.working:
            return calendar.add_working(start, self.minutes)
        return start + timedelta(minutes=self.minutes)


@dataclass(frozen=True)
class SLAClass:
    """Limits of one class; a missing limit means that nothing is due there.

    ``accept`` counts from submission, ``finish`` from submission as well (the resident's clock),
    ``sign``, ``contact`` and ``object`` from dispatch (the unit's clock).
    """

    id: str
    label: str
    accept: Limit | None = None
    sign: Limit | None = None
    contact: Limit | None = None
    finish: Limit | None = None
    object: Limit | None = None
    rework_min: Limit | None = None
    extension: Limit | None = None
    extensions: int = 0


@dataclass(frozen=True)
class Profile:
    """The limits of one place, with where they come from."""

    id: str
    label: str
    source: str
    classes: Mapping[str, SLAClass]
    class_of_kind: Mapping[Kind, str] = field(default_factory=dict)
    class_of_leaf: Mapping[str, str] = field(default_factory=dict)
    finish_of_kind: Mapping[Kind, Limit] = field(default_factory=dict)
    rework_factor: float = 0.5
    suspend_days: int = 30
    reopen_days: int = 30
    callback_attempts: int = 3
    callback_days: int = 3
    info_wait: Limit = Limit(3, "d", True)
    decide: Limit = Limit(1, "d", True)
    meals: Mapping[str, str] = field(default_factory=dict)

    def class_for(self, kind: Kind | None, priority: Priority, leaf: str | None = None) -> SLAClass:
        """Return the class of a ticket: urgency first, an ordinary one by what is wanted.

        A leaf with a class of its own (what is promised there holds everywhere) goes before kinds.
        """
        own = self.class_of_leaf.get(leaf or "")
        if own is not None and priority is Priority.U3:
            return self.classes[own]
        if kind is None or priority is not Priority.U3:
            return self.classes[priority.value]
        found = self.classes[self.class_of_kind.get(kind, priority.value)]
        if kind in self.finish_of_kind:
            return replace(found, finish=self.finish_of_kind[kind])
        return found


def load_profile(folder: Path, name: str) -> Profile:
    """Read ``<name>.yml``; a profile with ``base`` holds only what differs from it.

    Raises:
        ValueError: The profile is missing or malformed; the message names the file.
    """
    path = folder / f"{name}.yml"
    try:
        data = _merged(folder, name)
        limits = ("accept", "sign", "contact", "finish", "object", "rework_min", "extension")
        classes = {
            key: SLAClass(
                id=key,
                label=c["label"],
                extensions=int(c.get("extensions", 0)),
                **{n: Limit.parse(c[n]) for n in limits if c.get(n)},
            )
            for key, c in data["classes"].items()
        }
        missing = {p.value for p in Priority} - classes.keys()
        if missing:
            raise ValueError(f"缺少 {'、'.join(sorted(missing))}")
        return Profile(
            id=data["id"],
            label=data["label"],
            source=data["source"],
            classes=classes,
            class_of_kind={Kind(k): v for k, v in data.get("class_of_kind", {}).items()},
            class_of_leaf=data.get("class_of_leaf", {}),
            finish_of_kind={
                Kind(k): Limit.parse(v) for k, v in data.get("finish_of_kind", {}).items()
            },
            info_wait=Limit.parse(data["info_wait"]),
            decide=Limit.parse(data["decide"]),
            meals=data.get("meals", {}),
            **{
                n: data[n]
                for n in ("rework_factor", "suspend_days", "reopen_days", "callback_attempts",
                          "callback_days")
            },
        )  # fmt: skip
    except (OSError, KeyError, TypeError, AttributeError, ValueError, yaml.YAMLError) as error:
        raise ValueError(f"时限配置有误：{path.name}:{error}") from error


def _merged(folder: Path, name: str) -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load((folder / f"{name}.yml").read_text(encoding="utf-8"))
    if "base" not in data:
        return data
    base = _merged(folder, data["base"])
    classes = {**base["classes"]}
    for key, changes in data.get("classes", {}).items():
        classes[key] = {**classes.get(key, {}), **changes}
    return {**base, **data, "classes": classes}
