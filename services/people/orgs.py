"""The locality's units, read from ``orgs.yml``."""

from __future__ import annotations

from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from services.people.model import Org, OrgKind
from services.yaml_files import read_yaml


class _OrgEntry(BaseModel):
    model_config = ConfigDict(extra="forbid")

    id: str
    name: str
    kind: OrgKind
    phone: str | None = None


class _OrgFile(BaseModel):
    model_config = ConfigDict(extra="forbid")

    orgs: list[_OrgEntry]


def load_orgs(path: Path) -> dict[str, Org]:
    """Return the units by id, in the file's order.

    Raises:
        ValueError: The file is missing or wrong, or an id stands twice; names file and field.
    """
    try:
        entries = _OrgFile.model_validate(read_yaml(path.read_text("utf-8"))).orgs
    except (OSError, yaml.YAMLError, ValidationError) as error:
        raise ValueError(f"{path}: {error}") from error
    orgs = {e.id: Org(e.id, e.name, e.kind, e.phone) for e in entries}
    if len(orgs) != len(entries):
        raise ValueError(f"{path}: 有重复的单位编号")
    return orgs
