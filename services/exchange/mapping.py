"""The mapping of one platform (``data/exchange/*.yml``): its columns and words, and ours."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from services.exchange.feedback import CODED, VALUES
from services.tickets.core.kinds import Kind
from services.tickets.core.states import State
from services.yaml_files import read_yaml

FieldName = Literal[
    "narrative", "title", "leaf", "address", "name", "phone", "received", "due", "confidential",
    "status", "kind",
]  # fmt: skip


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ExportColumn(_Strict):
    """A column of an export.

    Attributes:
        value: Name in ``feedback.VALUES`` or ``CODED``; those of ``feedback.PERSONAL`` are masked unless the
            auditor has approved.
    """

    head: str
    value: str

    @field_validator("value")
    @classmethod
    def _known(cls, value: str) -> str:
        if value not in VALUES and value not in CODED:
            raise ValueError(f"没有{value}这一项")
        return value


class Platform(_Strict):
    """How one platform's tables are read and written.

    Attributes:
        id: Name of the file; the source of the numbers.
        number: Names of the column with the platform's own number.
        columns: Field → names of its column, the first that is there counts.
        leaf: The platform's category → our leaf.
        status: The platform's status → the states of ours that it agrees with.
    """

    id: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,19}$")
    name: str
    number: tuple[str, ...] = Field(min_length=1)
    columns: Mapping[FieldName, tuple[str, ...]]
    required: tuple[FieldName, ...] = ("narrative",)
    dates: tuple[str, ...]
    affirmative: tuple[str, ...] = ("是",)
    leaf: Mapping[str, str] = {}
    kind: Mapping[str, Kind] = {}
    status: Mapping[str, tuple[State, ...]] = {}
    most_rows: int = Field(50000, ge=1, le=100000)
    export: tuple[ExportColumn, ...]


def load_mappings(
    folder: Path, leaves: Collection[str], codes: Mapping[str, str] | None = None
) -> dict[str, Platform]:
    """Read the mappings of a folder.

    Args:
        codes: Leaf by a code of ``data/codes.yml``: understood like the platform's own words.

    Raises:
        ValueError: A file names a column, state, kind or leaf that is not ours.
    """
    found = {}
    for file in sorted(folder.glob("*.yml")):
        data = read_yaml(file.read_text("utf-8"))
        data["leaf"] = {**(codes or {}), **(data.get("leaf") or {})}
        mapping = Platform.model_validate({"id": file.stem, **data})
        if unknown := set(mapping.leaf.values()) - set(leaves):
            raise ValueError(f"{file.name}：没有{'、'.join(sorted(unknown))}这些事项")
        found[mapping.id] = mapping
    return found
