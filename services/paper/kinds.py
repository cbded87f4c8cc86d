"""The kinds of sheets, read from ``data/paper/papers.yml``: words, who may print, what is filled in."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from string import Formatter
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.paper.facts import NAMES, READY
from services.people.model import Role
from services.yaml_files import read_yaml

FieldType = Literal["line", "text", "time", "choice"]
LONGEST: Mapping[FieldType, int] = {"line": 120, "text": 1000, "time": 30, "choice": 60}
"""Characters of a filled-in field, by its type."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SheetField(_Strict):
    """Something a person fills in before a sheet is printed.

    Attributes:
        default: Name of the fact that stands there to begin with.
    """

    name: str = Field(pattern=r"^[a-z]+$")
    label: str
    type: FieldType
    required: bool = False
    options: tuple[str, ...] = ()
    default: str | None = None


class PaperKind(_Strict):
    """One kind of sheet. Texts hold ``{facts}``; one with an empty fact is left out.

    Attributes:
        mark: What tells the kind in a sheet's number.
        to: Whose hands it goes into; nobody's sheet says who reported.
        when: Name in ``facts.READY``: when the ticket has something to put on it.
        repeats: Each issued sheet is one more attempt, and the sheet lists the earlier ones.
        progress: Whether the link to the ticket's progress is on it, as a QR code.
        lines: Rows that stay when their fact is empty: somebody writes there with a pen.
    """

    title: str
    mark: str
    to: Literal["resident", "unit", "file"]
    when: str
    roles: tuple[Role, ...]
    leaves: tuple[str, ...] = ()
    basis: str = ""
    to_unit: str = ""
    paragraphs: tuple[str, ...] = ()
    rows: tuple[tuple[str, str], ...] = ()
    lines: tuple[tuple[str, str], ...] = ()
    fields: tuple[SheetField, ...] = ()
    repeats: bool = False
    earlier: str = ""
    signs: tuple[str, ...] = ()
    progress: bool = False

    @model_validator(mode="after")
    def _known(self) -> PaperKind:
        if self.when not in READY:
            raise ValueError(f"when: {self.when} 没有这个条件")
        own = {"no"} | {f"f_{f.name}" for f in self.fields}
        for text in (
            self.to_unit,
            self.earlier,
            *self.paragraphs,
            *(t for _, t in (*self.rows, *self.lines)),
        ):
            if unknown := named(text) - NAMES - own:
                raise ValueError(f"{text}：没有{'、'.join(sorted(unknown))}这一项")
        for field in self.fields:
            if field.default and field.default not in NAMES:
                raise ValueError(f"{field.label}：没有{field.default}这一项")
            if (field.type == "choice") != bool(field.options):
                raise ValueError(f"{field.label}：选项和种类不符")
        return self


class Papers(_Strict):
    """All of the file."""

    words: Mapping[str, str]
    kinds: Mapping[str, PaperKind]


def named(text: str) -> set[str]:
    """Return the facts that a text names."""
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def filled(text: str, facts: Mapping[str, Any]) -> str:
    """Return a text with its facts; empty when one of them is not there."""
    return text.format(**facts) if all(facts.get(n) for n in named(text)) else ""


def load_papers(file: Path) -> Papers:
    """Read the kinds of sheets.

    Raises:
        ValueError: The file names a fact, a condition or a role that is not there.
    """
    return Papers.model_validate(read_yaml(file.read_text("utf-8")))
