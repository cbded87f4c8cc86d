"""Shapes of the catalogue's files; a field too many or too few is an error with its place."""

from __future__ import annotations

from datetime import date, time
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


def _as_text(value: Any) -> Any:
    # An unquoted 12345 or 110 in YAML is a number, and a phone all the same.
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Text = Annotated[str, BeforeValidator(_as_text)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Source(_Entry):
    """Where a statement comes from: the document's real title, and article or section."""

    title: str
    ref: str | None = None


class Card(_Entry):
    """What a resident needs to know about one service (leaf A1…M12)."""

    id: str = Field(pattern=r"^[A-M]\d{1,2}$")
    slug: str
    name: str
    kind: str
    summary: str = Field(min_length=1)
    aliases: tuple[str, ...] = ()
    who: Text | None = None
    conditions: tuple[Text, ...] = ()
    materials: tuple[Text, ...] = ()
    where: Text | None = None
    limit: Text | None = None
    fee: Text | None = None
    phone: Text | None = None
    power: Text | None = None
    offers: tuple[Literal["appointment", "proxy", "ticket"], ...] = ()
    sources: tuple[Source, ...] = ()
    confirm_locally: bool
    owner: str
    valid_from: date
    valid_to: date | None = None
    examples: tuple[Text, ...] = ()

    def valid_on(self, day: date) -> bool:
        """Return whether the card may be quoted on this day, its last day included."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


class CardFile(_Entry):
    """One chapter."""

    cards: tuple[Card, ...]


class CertificateItem(_Entry):
    """A kind of certificate: ``allowed`` false – a community must not issue it; null – it depends.

    ``no`` is the number in the State's list (民发〔2020〕20号), null for the locality's own kinds.
    """

    no: Annotated[int | None, BeforeValidator(lambda v: int(v) if isinstance(v, str) else v)]
    name: str
    aliases: tuple[str, ...] = ()
    allowed: bool | None
    leaf: str
    why: str
    redirect: str
    bring: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()


class CertificateFile(BaseModel):
    """The locality's policy on certificates."""

    basis: str
    source: Source | str | None = None
    items: tuple[CertificateItem, ...]


class Number(BaseModel):
    """A phone number residents may be given; ``demo`` ones are to be replaced."""

    name: str
    phone: Text
    demo: bool = False


class SafetyCard(_Entry):
    """Reviewed words for an emergency leaf; said as they stand. ``-`` is the general card."""

    leaf: str
    title: str
    lines: tuple[str, ...] = Field(min_length=1)
    numbers: tuple[str, ...]


class HotlineFile(BaseModel):
    """Numbers and safety cards of the locality."""

    version: Text
    reviewed_by: str | None = None
    numbers: dict[str, Number]
    cards: tuple[SafetyCard, ...]


class Cutoff(_Entry):
    """Until when a meal can be ordered: so many days before, at a clock time."""

    days_before: int = Field(ge=0, le=14)
    time: time


class Meal(_Entry):
    """A meal of the day; ``serve`` is words for people."""

    name: str
    serve: str
    cutoff: Cutoff


class MealFile(BaseModel):
    """The meal provider's rules. A meal that is null is not offered."""

    provider: str
    org: str = "meal"
    meals: dict[str, Meal | None]
    valid_from: date | None = None
    valid_to: date | None = None


class Duty(BaseModel):
    """Who answers when nobody else does."""

    name: str
    phone: Text


class OfficeHours(BaseModel):
    """When the office is open; ``weekdays`` 1 is Monday."""

    text: str
    weekdays: tuple[int, ...]
    open: time
    close: time


class LocalityFile(BaseModel):
    """Names of the locality and who is responsible for it."""

    id: str
    name: str
    street: str
    region: str
    legal_entity: str
    contact: str
    office_hours: OfficeHours
    duty: Duty
