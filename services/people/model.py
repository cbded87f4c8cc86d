"""Who takes part: staff with their role, units, residents. Plain values without a database."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

Role = Literal[
    "grid",
    "clerk",
    "supervisor",
    "dispatcher",
    "handler",
    "vendor",
    "callback",
    "mediator",
    "trainer",
    "auditor",
    "admin",
]

ROLE_NAMES: Mapping[str, str] = {
    "grid": "网格员",
    "clerk": "社区窗口",
    "supervisor": "社区主管",
    "dispatcher": "街道调度",
    "handler": "承办单位",
    "vendor": "服务商",
    "callback": "回访员",
    "mediator": "调解员",
    "trainer": "机器人训练员",
    "auditor": "审计",
    "admin": "系统管理员",
}

OrgKind = Literal["grid", "community", "street", "department", "utility", "property", "vendor"]


@dataclass(frozen=True)
class Org:
    """A unit that tickets can be dispatched to; ids are those of the locality's ``orgs.yml``."""

    id: str
    name: str
    kind: OrgKind
    phone: str | None = None


@dataclass(frozen=True)
class Staff:
    """A member of staff. ``grid_ids`` is the work area of a grid worker, empty for other roles."""

    id: str
    name: str
    role: Role
    org_id: str
    community_id: str | None = None
    grid_ids: tuple[str, ...] = ()
    phone: str | None = None

    @property
    def role_name(self) -> str:
        """Chinese name of the role."""
        return ROLE_NAMES[self.role]

    @property
    def digits(self) -> str:
        """The phone as it is compared: digits without the country; empty when none is known."""
        return re.sub(r"\D", "", self.phone or "").removeprefix("86")


def same_person(a: Staff, b: Staff) -> bool:
    """Say whether two accounts are one person's: the same phone, else the same name in one unit."""
    if a.digits and b.digits:
        return a.digits == b.digits
    return (a.name, a.org_id) == (b.name, b.org_id)


@dataclass(frozen=True)
class Home:
    """Where a resident lives; ids of the locality's places, unit and room as said."""

    compound_id: str
    compound: str
    building_id: str | None = None
    building: str | None = None
    unit: str | None = None
    room: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the ``resident.home`` of the gateway's metadata."""
        return {
            "compound_id": self.compound_id,
            "compound": self.compound,
            "building_id": self.building_id,
            "building": self.building,
            "unit": self.unit,
            "room": self.room,
        }


@dataclass(frozen=True)
class Consent:
    """Consent to one purpose (个人信息保护法 arts. 13–14); withdrawn ones stay, with their time."""

    purpose: str
    version: str
    given_at: datetime
    withdrawn_at: datetime | None = None


@dataclass(frozen=True)
class Resident:
    """A resident, contact data in the clear: for code that sends or masks it, never for a log."""

    id: str
    name: str | None = None
    phone: str | None = None
    home: Home | None = None
    contact_pref: str | None = None
    consents: tuple[Consent, ...] = field(default=())

    def __repr__(self) -> str:
        return f"Resident(id={self.id!r})"


@dataclass(frozen=True)
class Login:
    """A fresh session or token: the secret goes to the person once and is stored as a hash."""

    secret: str
    expires_at: datetime
    staff: Staff

    def __repr__(self) -> str:
        return f"Login(staff={self.staff.id!r}, expires_at={self.expires_at})"
