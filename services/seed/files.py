"""Shapes of ``places.yml`` and ``accounts.yml``."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from services.people.model import Role

Text = Annotated[str, BeforeValidator(lambda v: str(v) if isinstance(v, int) else v)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Named(_Entry):
    """Street, community: an id, a name, other names."""

    id: str
    name: str
    aliases: list[str] = []


class GridEntry(_Entry):
    """A grid of a community."""

    id: str
    name: str
    community: str


class BuildingEntry(_Entry):
    """One building (``number``) or a run of equal ones (``numbers: 1-6``)."""

    numbers: str | None = Field(None, pattern=r"^\d+-\d+$")
    number: Text | None = None
    units: int = Field(ge=1, le=30)
    grid: str
    aliases: list[str] = []

    @model_validator(mode="after")
    def _one_of_both(self) -> BuildingEntry:
        if (self.numbers is None) == (self.number is None):
            raise ValueError("number 和 numbers 写一个")
        if self.numbers is not None and self.aliases:
            raise ValueError("别名只能写在单独一栋楼上")
        return self

    def each(self) -> list[str]:
        """Return the number of every building of this entry."""
        if self.number is not None:
            return [self.number]
        first, last = (int(n) for n in str(self.numbers).split("-"))
        return [str(n) for n in range(first, last + 1)]


class CompoundEntry(_Entry):
    """A compound with its buildings."""

    id: str
    name: str
    community: str
    aliases: list[str] = []
    buildings: list[BuildingEntry]


class PlacesFile(_Entry):
    """All places of a locality."""

    street: Named
    communities: list[Named]
    grids: list[GridEntry]
    compounds: list[CompoundEntry]

    @model_validator(mode="after")
    def _known(self) -> PlacesFile:
        communities = {c.id for c in self.communities}
        grids = {g.id for g in self.grids}
        used = {g.community for g in self.grids} | {c.community for c in self.compounds}
        if strange := used - communities:
            raise ValueError(f"没有这些社区：{'、'.join(sorted(strange))}")
        if strange := {b.grid for c in self.compounds for b in c.buildings} - grids:
            raise ValueError(f"没有这些网格：{'、'.join(sorted(strange))}")
        return self


class AccountEntry(_Entry):
    """A demo account."""

    id: str
    name: str
    role: Role
    org: str
    community: str | None = None
    grids: list[str] = []
    phone: Text | None = None


class AccountsFile(_Entry):
    """All demo accounts of a locality."""

    accounts: list[AccountEntry]
