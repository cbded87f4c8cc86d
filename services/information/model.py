"""Shapes of ``information.yml`` (a locality's own) and of ``data/dialogue/information.yml`` (questions)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

MealName = Literal["breakfast", "lunch", "dinner"]
LONGEST_TEXT = 300
"""Characters of a notice: it is read on a phone."""
LONGEST_ELDER = 80
"""The same in large-type mode: a few short sentences."""
LONGEST_SOURCE = 40
LONGEST_DISHES = 120


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


Pattern = Annotated[str, BeforeValidator(lambda v: re.compile(v).pattern)]
"""A regular expression, searched in what was said without spaces."""


class Outage(_Shape):
    """What a kind of notice is about, when that is something cut off."""

    leaf: str
    """The matter that a report of it is."""
    owner: str
    """Unit of ``orgs.yml`` that knows when it is back."""


class Topic(_Shape):
    """A kind of notice and the words that ask for it."""

    id: str
    name: str
    words: Pattern
    leaves: tuple[str, ...] = ()
    """Services whose card is followed by the valid notices of this kind."""
    outage: Outage | None = None


class Audience(_Shape):
    """Somebody whom a notice may be for: words of a question for them, words of a notice that says so."""

    id: str
    asks: Pattern
    told: Pattern


class GoneOn(_Shape):
    """Short words that go on with a notice just asked about; read by the dialogue."""

    longest: int
    outage: Pattern
    lasts: Pattern
    told: Pattern
    notice: Pattern
    not_it: Pattern


class Questions(_Shape):
    """How residents ask: reviewed patterns, never learned."""

    topics: tuple[Topic, ...]
    audiences: tuple[Audience, ...] = ()
    any_notice: Pattern
    menu: Pattern
    not_menu: Pattern
    nearby: Pattern
    open_now: Pattern
    event: Pattern
    lost: Pattern
    not_asking: Pattern
    longest: int
    lately: Pattern
    gone_on: GoneOn

    def topic(self, topic_id: str) -> Topic | None:
        """Return a topic by its id."""
        return next((t for t in self.topics if t.id == topic_id), None)

    def asked(self, text: str) -> list[Topic]:
        """Return the topics a message names; text without spaces."""
        return [t for t in self.topics if re.search(t.words, text)]

    def concerns(self, text: str, notice: str) -> bool:
        """Whether a notice is for those whom a question is about: not one that names only others.

        Args:
            text: The question, without spaces.
            notice: What the notice says.
        """
        asked = {a.id for a in self.audiences if re.search(a.asks, text)}
        told = {a.id for a in self.audiences if re.search(a.told, notice)}
        return not asked or not told or bool(asked & told)


class _Dated(_Shape):
    valid_from: date
    valid_to: date | None = None
    source: str = Field(min_length=1, max_length=LONGEST_SOURCE)
    """Who says so; residents are told."""
    owner: str
    """Unit of ``orgs.yml`` that keeps it up to date."""

    def valid_on(self, day: date) -> bool:
        """Whether it may be told on this day."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


class Entry(_Dated):
    """A person of the community, a unit or a place nearby, and the words that ask for it.

    ``phone_of`` names a unit of ``orgs.yml``, ``hours_of`` a service of ``services.yml``: what
    stands there is not written twice.
    """

    id: str
    name: str
    words: Pattern
    where: str | None = None
    hours: str | None = None
    hours_of: str | None = None
    phone: Annotated[str, BeforeValidator(str)] | None = None
    phone_of: str | None = None
    note: str | None = None


class SeedNotice(_Dated):
    """A notice with which a demo begins; later ones are written in the console."""

    id: str = Field(max_length=40)
    topic: str
    starts: date
    valid_to: date
    text: str = Field(min_length=4, max_length=LONGEST_TEXT)
    elder: str = Field("", max_length=LONGEST_ELDER)


class SeedMenu(_Shape):
    """What the canteen cooks on a day."""

    day: date
    meal: MealName
    dishes: str = Field(min_length=1, max_length=LONGEST_DISHES)


class InformationFile(_Shape):
    """Everything of one locality."""

    confirm_locally: bool
    entries: tuple[Entry, ...]
    notices: tuple[SeedNotice, ...] = ()
    menus: tuple[SeedMenu, ...] = ()

    @model_validator(mode="after")
    def _unique(self) -> InformationFile:
        for kind in (self.entries, self.notices):
            ids = [e.id for e in kind]
            if len(ids) != len(set(ids)):
                raise ValueError("编号（id）重复")
        return self


@dataclass(frozen=True)
class Notice:
    """A notice as it is told.

    Attributes:
        starts, until: The first and the last day that it is about; it is told until then.
        published_on: The day it went out.
        elder: Its words in large-type mode; empty: the plain ones are said.
    """

    id: str
    topic: str
    text: str
    starts: date
    until: date
    source: str
    published_on: date
    withdrawn: bool = False
    elder: str = ""

    def about(self, first: date, last: date) -> bool:
        """Whether one of the days from first to last is among its own."""
        return self.starts <= last and first <= self.until

    def told_on(self, day: date) -> bool:
        """Whether residents are told it on this day."""
        return not self.withdrawn and self.published_on <= day <= self.until


class NewNotice(BaseModel):
    """A notice as staff write it."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    topic: str
    text: str = Field(min_length=4, max_length=LONGEST_TEXT)
    elder: str = Field(
        "", max_length=LONGEST_ELDER, description="长辈版的说法，短句；不写就照原文说"
    )
    starts: date
    until: date
    source: str = Field(min_length=2, max_length=LONGEST_SOURCE)

    @field_validator("text", "elder")
    @classmethod
    def _one_block(cls, value: str) -> str:
        return re.sub(r"\s*\n\s*", "\n", value)
