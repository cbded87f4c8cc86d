"""Which column of which table holds what of people, as data (``data/personal.yml``)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from services.yaml_files import read_yaml


class Keeper(BaseModel):
    """Who else clears something away: ``by`` is the dotted name of what does it; empty: nobody yet."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    basis: str
    by: str


class Columns(BaseModel):
    """The columns of one table by what they may hold; ``kept`` (``class``) says when it goes."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    kept: str | None = None
    said: tuple[str, ...] = ()
    sealed: tuple[str, ...] = ()
    points: tuple[str, ...] = ()
    staff: tuple[str, ...] = ()
    fact: tuple[str, ...] = ()

    @property
    def personal(self) -> tuple[str, ...]:
        """Columns in which words or contact data of a person may stand, openly or encrypted."""
        return (*self.said, *self.sealed)

    @property
    def all(self) -> tuple[str, ...]:
        """Every column, as often as it is named."""
        return (*self.personal, *self.points, *self.staff, *self.fact)


class Copied(BaseModel):
    """A table as a person gets it in the copy of their own data.

    Attributes:
        title: Heading in plain words.
        by: Column → what it names: ``conversation``, ``ticket``, ``elder``, ``wechat``, ``item``; or
            ``phone``: encrypted, and the person's when their number stands in it.
        shows: Column → its label, in this order.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str
    by: Mapping[str, Literal["conversation", "ticket", "elder", "wechat", "item", "phone"]]
    shows: Mapping[str, str]


class Personal(BaseModel):
    """The whole file.

    Attributes:
        copied: Table → how it stands in a person's copy, by data alone.
        written: Part of the copy → tables that it is made of, by code (:mod:`services.rights.person`).
        not_copied: Table → why nothing of it is in the copy.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    keepers: Mapping[str, Keeper]
    tables: Mapping[str, Columns]
    copied: Mapping[str, Copied]
    written: Mapping[str, tuple[str, ...]]
    not_copied: Mapping[str, str]


def load_columns(path: Path) -> Personal:
    """Read the file.

    Raises:
        ValueError: The file is malformed; the message says where.
    """
    document = read_yaml(path.read_text(encoding="utf-8"))
    for table in document["tables"].values():
        table["kept"] = table.pop("class", None)
    return Personal.model_validate(document)
