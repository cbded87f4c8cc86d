"""What a place decides about its figures, read from ``data/metrics.yml``."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.catalogue.files import read
from services.catalogue.model import LocalityFile, Population
from services.yaml_files import read_yaml

SIGNALS = frozenset({
    "rating_changed", "satisfied_at_once", "answered_at_once", "withdrawn_early", "last_minute",
    "explained", "pressured", "persuaded",
})  # fmt: skip
"""What :mod:`services.metrics.signals` counts; each has its threshold."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Composite(_Strict):
    """综合分: whether it is shown, and the weights of contact, solved and satisfied (sum 1)."""

    shown: bool = False
    weights: dict[str, float]

    @model_validator(mode="after")
    def _sum(self) -> Composite:
        if set(self.weights) != {"contact", "solved", "satisfied"}:
            raise ValueError("weights: contact, solved, satisfied")
        if abs(sum(self.weights.values()) - 1) > 1e-9:
            raise ValueError("weights must add up to 1")
        return self


class Enough(_Strict):
    """From which share of residents reached, and how many of them, a rate says something."""

    reached: float = Field(ge=0, le=1)
    least: int = Field(ge=1)


class Threshold(_Strict):
    """When a signal is pointed out: its share and its count, both; ``minutes`` is its own measure."""

    share: float = Field(ge=0, le=1)
    least: int = Field(ge=1)
    minutes: int = Field(0, ge=0)


class BotParams(_Strict):
    """Of the figures of conversations.

    Attributes:
        told: Share of the answered residents who have to say whether it helped, before it is a rate.
        pairs: How many confusions of the model are listed.
    """

    told: float = Field(ge=0, le=1)
    pairs: int = Field(ge=1)


class TrendRule(_Strict):
    """When months in a row rise or fall (:mod:`services.metrics.trends`).

    Attributes:
        months: How many months are shown.
        span: So many last months are compared with as many before.
        least: Fewer requests than that in both together are no trend.
        share: So much more, by the day, it must be (0.25: a quarter).
        rare: And so rare or rarer by chance, 0–1.
        top: So many matters are the most frequent ones.
    """

    months: int = Field(ge=2, le=24)
    span: int = Field(ge=1)
    least: int = Field(ge=1)
    share: float = Field(gt=0)
    rare: float = Field(gt=0, lt=1)
    top: int = Field(ge=1)

    @model_validator(mode="after")
    def _fits(self) -> TrendRule:
        if 2 * self.span > self.months:
            raise ValueError("trends: months must hold both spans")
        return self


class Params(_Strict):
    """All of the file, and who lives where.

    Attributes:
        partial_weight: w of 解决率.
        redirect_days: So many days a household must not come back for the same paper.
        redirect_again_hours: What is said of the same paper within so many hours is one asking.
        population: By community (``locality.yml``); a community without it has no 万人诉求量.
    """

    partial_weight: float = Field(ge=0, le=1)
    composite: Composite
    enough: Enough
    small_cell: int = Field(ge=1)
    redirect_days: int = Field(ge=1)
    redirect_again_hours: int = Field(ge=0)
    population: dict[str, Population] = Field(default_factory=dict)
    signals: dict[str, Threshold]
    bot: BotParams
    trends: TrendRule

    @property
    def residents(self) -> dict[str, int]:
        """People by community."""
        return {community: known.people for community, known in self.population.items()}

    @property
    def population_said(self) -> str:
        """Who says how many there are and for which day, for the sentence of the figure."""
        said = {f"{p.source}，{p.as_of}" for p in self.population.values()}
        return f"（人口数：{'；'.join(sorted(said))}）" if said else ""

    @model_validator(mode="after")
    def _all_signals(self) -> Params:
        if set(self.signals) != SIGNALS:
            raise ValueError(f"signals: {', '.join(sorted(SIGNALS))}")
        return self


def load_params(path: Path, locality: Path | None = None) -> Params:
    """Read the file, and who lives where from ``locality.yml``.

    Raises:
        pydantic.ValidationError: It says something that is no parameter, or weights that do not
            add up.
    """
    params = Params.model_validate(read_yaml(path.read_text("utf-8")))
    if locality is None:
        return params
    population = read(locality, LocalityFile).residents
    return params.model_copy(update={"population": population})
