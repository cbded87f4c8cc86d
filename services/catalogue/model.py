"""Shapes of the catalogue's files; a field too many or too few is an error with its place."""

from __future__ import annotations

import re
from datetime import date, time
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator


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


class Link(_Entry):
    """A page on which the matter can be read or done."""

    title: str
    url: str = Field(pattern=r"^https://")


class Review(_Entry):
    """Who has read a card against the local rules, and when."""

    by: str
    on: date


class CardInShort(_Entry):
    """What a card says in large-type mode, in short sentences and with the same facts.

    What is left out is asked for (“还有不明白的接着问”) and answered from the card's own words.
    """

    summary: Annotated[str, Field(min_length=1, max_length=48)] | None = None
    where: Annotated[str, Field(min_length=1, max_length=36)] | None = None


class Card(_Entry):
    """What a resident needs to know about one service (leaf A1…M12).

    ``owner`` is the unit (``orgs.yml``) that must keep the card true; ``phone_of`` the unit whose
    number residents are given when the card has none of its own and another than the owner answers.
    ``not_this`` are words by which a question is about something else (交费 on “停水”).
    """

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
    phone_of: str | None = None
    link: Link | None = None
    not_this: tuple[str, ...] = ()
    reviewed: Review | None = None
    version: int = Field(1, ge=1)
    valid_from: date
    valid_to: date | None = None
    examples: tuple[Text, ...] = ()
    elder: CardInShort | None = None

    def valid_on(self, day: date) -> bool:
        """Return whether the card may be quoted on this day, its last day included."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


class CardFile(_Entry):
    """One chapter."""

    cards: tuple[Card, ...]


class Further(_Entry):
    """What is said of a redirect's matter when more of it is told (“他还说要换锁”)."""

    says: Text
    answer: Text
    elder: Annotated[str, Field(max_length=25)]


class Part(_Entry):
    """What a redirect says to a short question behind it (“那要带啥”)."""

    answer: Text
    elder: Annotated[str, Field(max_length=25)]


class OfferedReport(_Entry):
    """A report that is offered with the answer: its leaf, and the question."""

    leaf: str
    answer: Text
    """The question."""
    elder: Annotated[str, Field(max_length=25)]


class Threat(_Entry):
    """A danger that a redirect's matter may turn into, by what is told next.

    Attributes:
        leaf: The emergency it then is.
        card: The safety card that says what to do.
        alarm: Kinds of ``data/dialogue/crisis.yml`` that call people.
        after: Kinds that are only answered, with the card's own words.
    """

    leaf: str
    card: str
    alarm: tuple[str, ...] = Field(min_length=1)
    after: tuple[str, ...] = ()


class Redirect(_Entry):
    """A question that communities are always asked and that no card answers.

    Attributes:
        says: Regular expressions of the words that ask it; one is enough.
        unless: Words with which it is another question.
        answer: Who does it, in a sentence; empty when ``leaves`` are offered instead.
        elder: The same for large-type mode: one thing, behind the number.
        phone_of: The unit (``orgs.yml``) whose number is given.
        phone: A national number, when there is one.
        source: The law or document that says so, with its article.
        local: No source is known that says it for every place: the answer says “以当地窗口为准”.
        leaves: Cards that may be meant, for a question that fits several.
        card: The card that short questions after the answer are about (“要带啥”).
        parts: Without such a card, what short questions are answered, by part (``data/dialogue/follow_ups.yml``).
        more: What is said when more of it is told; the first that fits.
        offer: The report that is offered with the answer.
        threat: What it may turn into.
    """

    id: str
    name: str
    says: tuple[str, ...] = Field(min_length=1)
    unless: tuple[str, ...] = ()
    answer: str = ""
    elder: Annotated[str, Field(max_length=25)] = ""
    phone_of: str | None = None
    phone: Text | None = None
    source: Text | None = None
    local: bool = False
    leaves: tuple[str, ...] = Field((), max_length=3)
    card: str | None = None
    parts: dict[str, Part] = Field(default_factory=dict)
    more: tuple[Further, ...] = ()
    offer: OfferedReport | None = None
    threat: Threat | None = None

    @model_validator(mode="after")
    def _answers(self) -> Redirect:
        for pattern in (*self.says, *self.unless, *(m.says for m in self.more)):
            re.compile(pattern)
        if bool(self.answer) == bool(self.leaves):
            raise ValueError(f"{self.id}：answer 和 leaves 要有一个，也只能有一个")
        if self.answer and bool(self.source) == self.local:
            raise ValueError(f"{self.id}：source 和 local: true 要有一个，也只能有一个")
        return self

    def fits(self, text: str) -> bool:
        """Whether the words ask this."""
        meant = any(re.search(pattern, text) for pattern in self.says)
        return meant and not any(re.search(pattern, text) for pattern in self.unless)


class RedirectFile(_Entry):
    """Questions that lead elsewhere."""

    redirects: tuple[Redirect, ...]


class Route(BaseModel):
    """The part of a dispatch route that residents are told: who does it, who has the power."""

    leaves: tuple[str, ...]
    lead: str
    assists: tuple[str, ...] = ()
    power: str | None = None
    communities: tuple[str, ...] = ()
    compounds: tuple[str, ...] = ()
    valid_from: date | None = None
    valid_to: date | None = None

    @property
    def everywhere(self) -> bool:
        """Whether the line counts for the whole locality: what holds for one compound is not told to all."""
        return not self.communities and not self.compounds

    def holds(self, on: date) -> bool:
        """Say whether the line counts on a day."""
        return (self.valid_from or on) <= on <= (self.valid_to or on)


class RouteFile(BaseModel):
    """The dispatch directory, as far as the catalogue reads it."""

    routes: tuple[Route, ...]


class NumberFile(_Entry):
    """Phone numbers that are the same everywhere, and what each is for (``data/numbers.yml``)."""

    numbers: dict[str, str]


class ElderWays(_Entry):
    """Why a certificate is not issued and where instead, for large-type mode; empty: the plain words."""

    why: Annotated[str, Field(max_length=25)] = ""
    redirect: Annotated[str, Field(max_length=25)] = ""


class CertificateItem(_Entry):
    """A kind of certificate: ``allowed`` false – a community must not issue it; null – it depends.

    ``no`` is the number in the State's list (民发〔2020〕20号), null for the locality's own kinds.
    """

    no: Annotated[int | None, BeforeValidator(lambda v: int(v) if isinstance(v, str) else v)]
    name: Annotated[str, Field(min_length=1, max_length=28)]
    aliases: tuple[str, ...] = ()
    allowed: bool | None
    leaf: str
    why: str
    redirect: str
    elder: ElderWays = ElderWays()
    bring: tuple[str, ...] = ()
    asks: tuple[Literal["place", "volunteer_no", "demanded", "lived", "tenure"], ...] = ("place",)
    """What the one who writes it needs to know; each may be skipped."""
    examples: tuple[str, ...] = ()
    owner: str | None = None
    """The unit (``orgs.yml``) that keeps these words true; None: the file's."""

    @property
    def key(self) -> str:
        """What it is known by: its number in the State's list, or its name."""
        return self.name if self.no is None else str(self.no)


class CertificateFile(BaseModel):
    """The locality's policy on certificates.

    Attributes:
        owner: The unit (``orgs.yml``) that keeps it true; None: whoever ``reviews.yml`` names.
        reviewed_on: The day the whole file was settled by ``reviewed_by``; None: a draft.
    """

    basis: str
    source: Source | str | None = None
    valid_from: date | None = None
    owner: str | None = None
    reviewed_by: str | None = None
    reviewed_on: date | None = None
    items: tuple[CertificateItem, ...]

    @model_validator(mode="after")
    def _told_apart(self) -> CertificateFile:
        keys = [item.key for item in self.items]
        if twice := {key for key in keys if keys.count(key) > 1}:
            raise ValueError(f"有两条一样的证明：{'、'.join(sorted(twice))}")
        return self


class Number(BaseModel):
    """A phone number residents may be given; ``demo`` ones are to be replaced."""

    name: str
    phone: Text
    demo: bool = False
    always: bool = False
    """Answered day and night: only these are named to who calls for help when the office is closed."""


LONGEST_AFTER = 24
"""Characters of a sentence after a safety card in large-type mode, without the place."""


class AfterCard(_Entry):
    """Reviewed words for what is said after a safety card; ``follow`` in turn, the last one again.

    ``worse`` it gets worse, ``place`` a place was told (``{place}``), ``safe`` out of danger,
    ``arrived`` help is there, ``called`` it was called, ``over`` it is over, ``mistaken`` it was no danger, ``secret`` nobody may know, ``afraid`` of
    calling the police. Of a swindle: ``money`` went, a ``code`` was given away, something was ``installed``, who calls
    ``pressed`` for more or keeps ``calling``, it was ``reported``, the account was ``stopped``. ``again`` is said instead
    of what was said already; without it the same is said again. What a card leaves out is the general card's.
    """

    follow: tuple[str, ...] = ()
    worse: str | None = None
    place: str | None = None
    safe: str | None = None
    arrived: str | None = None
    called: str | None = None
    over: str | None = None
    mistaken: str | None = None
    secret: str | None = None
    afraid: str | None = None
    lost: str | None = None
    money: str | None = None
    code: str | None = None
    installed: str | None = None
    pressed: str | None = None
    calling: str | None = None
    reported: str | None = None
    stopped: str | None = None
    again: str | None = None

    def over_general(self, general: AfterCard) -> AfterCard:
        """Return these words, completed by more general ones – but for what to do first (``lost``)."""
        own = self.model_dump()
        more = general.model_dump(exclude={"lost"})
        return AfterCard(lost=self.lost, **{k: own[k] or v for k, v in more.items()})


class ElderCard(_Entry):
    """A safety card in large-type mode: few lines, one thing a line, the number before them.

    ``after`` takes the place of the card's own words; what the lines leave out is said in its
    ``follow``. Without a title or lead the card's own stands.
    """

    title: str | None = None
    lead: Annotated[str, Field(max_length=LONGEST_AFTER)] | None = None
    lines: tuple[Annotated[str, Field(max_length=18)], ...] = Field(min_length=1, max_length=5)
    after: AfterCard = AfterCard()

    @model_validator(mode="after")
    def _short(self) -> ElderCard:
        said = self.after.model_dump()
        words = [*said.pop("follow"), *filter(None, said.values())]
        for text in words:
            if len(text.replace("{place}", "")) > LONGEST_AFTER:
                raise ValueError(f"长辈版的“{text}”超过{LONGEST_AFTER}个字")
        return self


class ThirdParty(_Entry):
    """The same card for somebody who asks for help for another person."""

    title: str
    lines: tuple[str, ...] = Field(min_length=1)
    after: AfterCard = AfterCard()
    elder: ElderCard | None = None


class SafetyCard(_Entry):
    """Reviewed words for an emergency leaf; said as they stand. ``-`` is the general card.

    A card that no leaf has is chosen by what was said (``data/dialogue/crisis.yml``).
    """

    leaf: str
    title: str
    lead: str | None = None
    """What comes first when such a matter is only reported or asked about."""
    lines: tuple[str, ...] = Field(min_length=1)
    numbers: tuple[str, ...]
    after: AfterCard = AfterCard()
    elder: ElderCard | None = None
    third_party: ThirdParty | None = None


class HotlineFile(BaseModel):
    """Numbers and safety cards of the locality."""

    version: Text
    reviewed_by: str | None = None
    reviewed_on: date | None = None
    """The day the words were settled by those who answer for them; None: a draft for demos."""
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
    price: Text | None = None
    """The normal price of a portion in words; None: the county has not settled it, no figure is said."""


class ClosedDays(_Entry):
    """Days on which the kitchen does not cook, both ends inclusive; ``why`` is words for people."""

    first: date
    last: date
    why: Text

    @model_validator(mode="after")
    def _in_order(self) -> ClosedDays:
        if self.last < self.first:
            raise ValueError(f"{self.why}：last 比 first 早")
        return self


class Subsidy(_Entry):
    """A group of people who may pay less for a meal here; how much is never said.

    Attributes:
        id: A kind of ``data/dialogue/orders.yml`` (``subsidy.kinds``).
        name: What residents are told.
        from_age: The age from which on one belongs to it, for a group by age.
        bring: What the canteen looks at.
        confirm: The county has not confirmed it yet.
    """

    id: str
    name: Text
    from_age: int | None = Field(None, ge=50, le=120)
    bring: Text | None = None
    confirm: bool = True


class MealFile(BaseModel):
    """The meal provider's rules. A meal that is null is not offered.

    ``holidays`` says whether the kitchen cooks on the days off of the national calendar; ``elder``
    holds what is said shorter in large-type mode, by the name of the note.
    """

    provider: str
    org: str = "meal"
    meals: dict[str, Meal | None]
    max_portions: int | None = None
    holidays: Literal["open", "closed"] = "open"
    closed: tuple[ClosedDays, ...] = ()
    price_note: Text | None = None
    subsidy_note: Text | None = None
    elder: dict[Literal["price_note", "subsidy_note"], Text] = Field(default_factory=dict)
    subsidies: tuple[Subsidy, ...] = ()
    valid_from: date | None = None
    valid_to: date | None = None


class Venue(_Entry):
    """A room that can be booked.

    Attributes:
        seats: How many people it holds.
        places: How many bookings of a part of a day it takes; None: not counted.
    """

    id: str
    name: str
    aliases: tuple[str, ...] = ()
    seats: int | None = Field(None, ge=1)
    places: int | None = Field(None, ge=1)


class Course(_Entry):
    """A course of a term; ``weekdays`` 1 is Monday, ``time`` is words for people.

    ``seats`` is how many enrol; None: not counted.
    """

    id: str
    name: str
    aliases: tuple[str, ...] = ()
    weekdays: tuple[int, ...]
    time: str
    term_from: date
    term_to: date
    seats: int | None = Field(None, ge=1)


class Bookable(_Entry):
    """How one service is booked here: who provides it, on which days, how long before."""

    provider: str
    hours: str
    weekdays: tuple[Annotated[int, Field(ge=1, le=7)], ...] = Field(min_length=1)
    parts: tuple[Literal["am", "noon", "pm", "eve", "night"], ...] = Field(min_length=1)
    days_before: int = Field(ge=0, le=30)
    note: str = ""
    notes: dict[str, str] = Field(default_factory=dict)
    """What only one kind of the service needs, by its id in data/dialogue/bookings.yml."""
    fee_note: str = ""
    places: dict[Literal["am", "noon", "pm", "eve", "night"], Annotated[int, Field(ge=1)]] = Field(
        default_factory=dict
    )
    """How many bookings each part of a day takes; what is not named is not counted."""
    venues: tuple[Venue, ...] = ()
    courses: tuple[Course, ...] = ()


class ServiceFile(_Entry):
    """What can be booked in the locality, by leaf; ``links`` are its own pages for cards.

    A page of the locality comes before the card's national one.
    """

    confirm_locally: bool = True
    services: dict[str, Bookable]
    links: dict[str, Link] = Field(default_factory=dict)


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


class Population(_Entry):
    """How many people live in a community, who says so, and for which day."""

    people: int = Field(ge=1)
    source: str = Field(min_length=2)
    as_of: date


class CommunityName(BaseModel):
    """A community, as far as its population is looked for."""

    id: str
    name: str


class CommunityFile(BaseModel):
    """The communities of ``places.yml``."""

    communities: tuple[CommunityName, ...]


class LocalityFile(BaseModel):
    """Names of the locality and who is responsible for it; ``residents`` by community."""

    id: str
    name: str
    street: str
    region: str
    legal_entity: str
    contact: str
    office_hours: OfficeHours
    duty: Duty
    residents: dict[str, Population] = Field(default_factory=dict)
