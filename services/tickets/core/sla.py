"""SLA profiles: how long each class of ticket may take, read from ``data/sla``.

Limits are written as in :mod:`services.tickets.core.limits`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import time
from pathlib import Path
from typing import Any

import yaml

from services.tickets.core.calendar import CLOSES
from services.tickets.core.escalation import Step
from services.tickets.core.kinds import Kind, Priority
from services.tickets.core.leaves import Law
from services.tickets.core.limits import Limit
from services.yaml_files import read_yaml

A_DAY = Limit(24, "h", False)
A_WORKING_DAY = Limit(1, "d", True)
HALF_AN_HOUR = Limit(30, "m", False)
THREE_WORKING_DAYS = Limit(3, "d", True)
FIVE_WORKING_DAYS = Limit(5, "d", True)


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
    """The limits of one place, with where they come from.

    Attributes:
        notice: How long after receipt a resident can still be asked for what is missing (一次告知).
        notice_basis: The rule that says so.
        info_remind: When a resident is reminded of what is missing.
        info_wait: When a request is taken on as it is, if nothing comes.
        decide: How soon an objection is decided.
        review_late: How long after the review day of a suspension it goes to the next level.
        escalation: By class, who is told when (:mod:`services.tickets.core.escalation`).
        meals: By when a meal has been served, by its name: ``lunch`` → ``12:30``.
        appointment_window: Coming so long before or after the agreed time keeps an appointment.
        meal_confirm: Time of the last working day before a meal by which its order is confirmed.
        statutory: What a law of this place sets, by leaf.
    """

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
    notice: Limit = FIVE_WORKING_DAYS
    notice_basis: str = ""
    info_wait: Limit = THREE_WORKING_DAYS
    info_remind: Limit = A_DAY
    decide: Limit = A_WORKING_DAY
    review_late: Limit = A_WORKING_DAY
    appointment_window: Limit = HALF_AN_HOUR
    escalation: Mapping[str, tuple[Step, ...]] = field(default_factory=dict)
    statutory: Mapping[str, Law] = field(default_factory=dict)
    meals: Mapping[str, str] = field(default_factory=dict)
    meal_confirm: str = f"{CLOSES:%H:%M}"

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
            notice=Limit.parse(data["notice"]["limit"]),
            notice_basis=str(data["notice"]["basis"]),
            info_wait=Limit.parse(data["info_wait"]),
            info_remind=Limit.parse(data["info_remind"]),
            decide=Limit.parse(data["decide"]),
            review_late=Limit.parse(data["review_late"]),
            appointment_window=Limit.parse(data["appointment_window"]),
            escalation={
                cls: tuple(Step.parse(step) for step in steps)
                for cls, steps in data["escalation"].items()
            },
            statutory={
                leaf: Law.parse(law) for leaf, law in data.get("statutory", {}).items()
            },
            meals=data.get("meals", {}),
            meal_confirm=f"{time.fromisoformat(data['meal_confirm']):%H:%M}",
            **{
                n: data[n]
                for n in ("rework_factor", "suspend_days", "reopen_days", "callback_attempts",
                          "callback_days")
            },
        )  # fmt: skip
    except (OSError, KeyError, TypeError, AttributeError, ValueError, yaml.YAMLError) as error:
        raise ValueError(f"时限配置有误：{path.name}:{error}") from error


def _merged(folder: Path, name: str) -> dict[str, Any]:
    data: dict[str, Any] = read_yaml((folder / f"{name}.yml").read_text(encoding="utf-8"))
    if "base" not in data:
        return data
    base = _merged(folder, data["base"])
    classes = {**base["classes"]}
    for key, changes in data.get("classes", {}).items():
        classes[key] = {**classes.get(key, {}), **changes}
    escalation = {**base.get("escalation", {}), **data.get("escalation", {})}
    return {**base, **data, "classes": classes, "escalation": escalation}
