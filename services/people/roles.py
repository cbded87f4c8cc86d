"""Who may do what, as data: the one place that pages and interfaces ask (``data/roles.yml``)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, model_validator

from services.config import ROOT
from services.people.model import ROLE_NAMES, OrgKind, Role, Staff, same_person
from services.yaml_files import read_yaml

FILE = ROOT / "data" / "roles.yml"
UNIT_NAMES: Mapping[OrgKind, str] = {
    "grid": "网格", "community": "社区窗口", "street": "街道", "department": "部门",
    "utility": "公共服务企业", "property": "物业", "vendor": "服务商",
}  # fmt: skip


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RoleEntry(_Strict):
    """One role: what it sees of contact data and of content, and which steps of a ticket it takes."""

    name: str
    contact: Literal["none", "masked", "reveal"]
    content: Literal["none", "full"]
    acts: tuple[str, ...]


class Permission(_Strict):
    """A part of the interfaces and the console, and the roles that it is open to."""

    name: str
    roles: tuple[Role, ...]


class Conflict(_Strict):
    """Two groups of roles that one person does not hold for the same community."""

    one: tuple[Role, ...]
    other: tuple[Role, ...]
    why: str


class RolesFile(_Strict):
    """The whole table."""

    roles: Mapping[Role, RoleEntry]
    permissions: Mapping[str, Permission]
    units: Mapping[OrgKind, tuple[Role, ...]]
    mediation: tuple[str, ...]
    conflicts: tuple[Conflict, ...]

    @model_validator(mode="after")
    def _complete(self) -> RolesFile:
        if missing := set(get_args(Role)) - set(self.roles):
            raise ValueError(f"roles.yml 里缺少岗位：{'、'.join(sorted(missing))}")
        wrong = [r for r, e in self.roles.items() if e.name != ROLE_NAMES[r]]
        if wrong:
            raise ValueError(f"roles.yml 里岗位的名字和别处不同：{'、'.join(wrong)}")
        return self


def load_roles(path: Path) -> RolesFile:
    """Read the table.

    Raises:
        ValueError: The file is malformed; the message says where.
    """
    return RolesFile.model_validate(read_yaml(path.read_text(encoding="utf-8")))


@cache
def roles() -> RolesFile:
    """Return the table of this installation."""
    return load_roles(FILE)


def holders(permission: str) -> tuple[Role, ...]:
    """Return the roles that have a permission.

    Raises:
        KeyError: There is no such permission: a mistake in the code, found at start.
    """
    return roles().permissions[permission].roles


def permissions_of(role: Role) -> frozenset[str]:
    """Return what a role may use."""
    return frozenset(name for name, p in roles().permissions.items() if role in p.roles)


def fits(role: Role, kind: OrgKind) -> bool:
    """Say whether a unit of this kind may have an account of the role."""
    return role in roles().units.get(kind, (role,))


def leaves_of(role: Role) -> tuple[str, ...]:
    """Return the leaves that a role is bound to; empty for all roles but the mediator's."""
    return roles().mediation if role == "mediator" else ()


@dataclass(frozen=True)
class Clash:
    """A second account of a person that may not be."""

    account: str
    role: Role
    why: str


def clash(new: Staff, others: Iterable[Staff]) -> Clash | None:
    """Return which present account of the same person forbids a new one, if any does."""
    for old in others:
        if old.id == new.id or not same_person(new, old) or not _same_area(new, old):
            continue
        for rule in roles().conflicts:
            pairs = {*product(rule.one, rule.other), *product(rule.other, rule.one)}
            if (new.role, old.role) in pairs:
                return Clash(old.id, old.role, rule.why)
    return None


def _same_area(a: Staff, b: Staff) -> bool:
    return None in (a.community_id, b.community_id) or a.community_id == b.community_id


def table(actions: Mapping[str, str]) -> str:
    """Return ``docs/roles.md``.

    Args:
        actions: Chinese names of the steps.
    """
    found = roles()
    contact = {"none": "看不到", "masked": "遮住", "reveal": "遮住；写明理由可看，留痕"}
    content = {"none": "看不到", "full": "看得到"}
    lines = [
        "# 岗位和权限", "",
        "由 `linda roles` 从 [`data/roles.yml`](../data/roles.yml) 生成，不要手改。", "",
        "| 岗位 | 联系方式 | 居民原话 | 能办的步骤 | 能用的功能 |", "| --- | --- | --- | --- | --- |",
    ]  # fmt: skip
    for role, entry in found.roles.items():
        acts = "、".join(actions[a] for a in entry.acts) or "—"
        may = "、".join(p.name for p in found.permissions.values() if role in p.roles) or "—"
        lines.append(
            f"| {entry.name} `{role}` | {contact[entry.contact]} | {content[entry.content]} | {acts} | {may} |"
        )
    lines += [
        "", "看得到的，只限自己范围里的工单；限阅的（未成年人、家暴、心理危机）只给承办的人、本社区窗口、社区主管和街道调度。",
        "步骤还要过各自的条件，见[办理流程](workflow.md)：承办的人不能自己回访、归档、终止，也不能裁定自己提的异议。", "",
        "## 单位和岗位", "",
    ]  # fmt: skip
    for kind, allowed in found.units.items():
        only = "、".join(ROLE_NAMES[r] for r in allowed)
        lines.append(f"* {UNIT_NAMES[kind]} `{kind}`：只设{only}")
    lines += [
        f"* 调解员在社区窗口的工单里只看、只办这些事项，也可以登记：{'、'.join(found.mediation)}",
        "", "## 不能兼任", "",
        "同一个人（电话相同；没留电话的，姓名和单位相同），在同一个社区：", "",
    ]  # fmt: skip
    for rule in found.conflicts:
        one, other = ("、".join(ROLE_NAMES[r] for r in g) for g in (rule.one, rule.other))
        lines.append(f"* {one} × {other}：{rule.why}")
    return "\n".join(lines) + "\n"
