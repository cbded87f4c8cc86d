"""What the interfaces of learning, training and models answer, as models for the OpenAPI document."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from services.web.api.common import Answer

# -- what residents said -------------------------------------------------------------------------


class NamedItem(Answer):
    """A label with its name."""

    id: str
    name: str


class IntentItem(NamedItem):
    """An intent, and the matters that go with it."""

    means: str
    leaves: list[str]


class LabelsAnswer(Answer):
    """What a message can be labelled as."""

    intents: list[IntentItem]
    leaves: list[NamedItem]
    entities: list[NamedItem]
    outcomes: list[NamedItem]


class MarkAnswer(Answer):
    """Marked words; offsets are code points, the end excluded."""

    type: str
    start: int
    end: int


class ReadingAnswer(Answer):
    """What the model made of messages, and how often."""

    intent: str | None
    leaf: str | None
    confidence: float
    times: int


class PersonAnswer(Answer):
    """Who did it; without an id it was the installation itself."""

    id: str | None
    name: str


class DecisionAnswer(Answer):
    """What a person decided about a group."""

    version: int
    kind: str
    kind_text: str
    text: str
    intent: str | None
    leaf: str | None
    entities: list[MarkAnswer]
    by: PersonAnswer
    at: datetime


class GroupAnswer(Answer):
    """Messages that say nearly the same."""

    id: int
    version: int
    state: str
    text: str
    heard: int
    residents: int
    uncertainty: float
    suspicious: bool
    first_at: datetime
    last_at: datetime
    understood: ReadingAnswer | None
    outcomes: dict[str, int]
    decision: DecisionAnswer | None


class InboxAnswer(Answer):
    """A page of groups."""

    groups: list[GroupAnswer]
    next_cursor: str | None
    total: int


class WordingAnswer(Answer):
    """One wording of a group."""

    text: str
    times: int
    readings: list[ReadingAnswer]
    entities: list[MarkAnswer]


class SuggestionAnswer(Answer):
    """What a colleague says that a message means; ``leaf`` null: they could not tell."""

    leaf: str | None
    note: str
    name: str
    at: datetime


class GroupDetail(GroupAnswer):
    """A group with everything that helps to decide."""

    wordings: list[WordingAnswer]
    readings: list[ReadingAnswer]
    channels: list[str]
    models: list[str]
    history: list[DecisionAnswer]
    suggestions: list[SuggestionAnswer]


class ProblemAnswer(Answer):
    """What speaks against a decision."""

    code: str
    message: str
    field: str
    refuses: bool


class ProblemsAnswer(Answer):
    """All that speaks against it."""

    problems: list[ProblemAnswer]


class DecidedAnswer(Answer):
    """The decision that was made."""

    decision: DecisionAnswer


# -- runs ----------------------------------------------------------------------------------------


class FigureChange(Answer):
    """A figure of both models."""

    label: str
    before: float | None
    after: float | None


class ComparisonSummary(Answer):
    """A comparison in short."""

    verdict: str
    advice: str
    blocks: list[str]
    doubts: list[str]
    figures: dict[str, FigureChange]


class RunAnswer(Answer):
    """A training run, or a comparison."""

    id: str
    kind: str
    state: str
    state_text: str
    progress: float = Field(ge=0, le=1)
    text: str
    staff_id: str
    staff_name: str
    requested_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    cancelled_by: str | None
    data_hash: str | None
    taught: int
    model: str | None
    base: str | None
    summary: ComparisonSummary | None
    error: str | None


class RunDetail(RunAnswer):
    """A run with the last lines of its log."""

    log: str


class RunsAnswer(Answer):
    """Runs, newest first."""

    runs: list[RunAnswer]


# -- models --------------------------------------------------------------------------------------


class ReleaseAnswer(Answer):
    """A change of the production model."""

    id: int
    kind: str
    kind_text: str
    model: str
    before: str | None = Field(alias="from")
    reason: str
    by: PersonAnswer
    at: datetime
    figures: dict[str, Any] | None


class ModelAnswer(Answer):
    """A model."""

    sha256: str
    size: int = Field(description="字节")
    made_at: datetime
    source: Literal["file", "run", "import"]
    run_id: str | None
    data_hash: str | None
    taught: int
    made_by: str
    kept: bool


class ProcessAnswer(Answer):
    """What a Rasa process serves."""

    process: str
    model: str | None
    state: Literal["serving", "failed", "away"]
    wanted: str | None
    error: str | None
    reported_at: datetime


class ServingAnswer(Answer):
    """Which processes serve what, in a sentence and one by one."""

    text: str
    processes: list[ProcessAnswer]


class ModelsAnswer(Answer):
    """Models, the present release, and who serves it."""

    production: ReleaseAnswer | None
    models: list[ModelAnswer]
    serving: ServingAnswer


class ClassLineAnswer(Answer):
    """An intent's or matter's figure of both models."""

    name: str
    before: float | None
    after: float | None
    support: int


class UnderstoodAnswer(Answer):
    """What a model made of a sentence."""

    intent: str
    leaf: str | None
    uncertain: bool


class ExampleAnswer(Answer):
    """A sentence, what is right, and what both models made of it."""

    text: str
    intent: str
    leaf: str | None
    before: UnderstoodAnswer
    after: UnderstoodAnswer
    right_before: bool
    right_after: bool


class TaughtAnswer(Answer):
    """A sentence that people taught."""

    text: str
    intent: str
    leaf: str | None
    new: bool
    learned: bool
    reading: UnderstoodAnswer


class ComparisonAnswer(ComparisonSummary):
    """A candidate beside production, sentence by sentence."""

    intents: list[ClassLineAnswer]
    leaves: list[ClassLineAnswer]
    emergencies: list[ExampleAnswer]
    newly_right: list[ExampleAnswer]
    newly_wrong: list[ExampleAnswer]
    still_wrong: list[ExampleAnswer]
    taught: list[TaughtAnswer]


class ModelDetail(Answer):
    """A model and, as far as it was made, its comparison with production."""

    model: ModelAnswer
    comparison: ComparisonAnswer | None


class ReleasesAnswer(Answer):
    """Every change of the production model, newest first; ``previous`` is what a roll-back goes to."""

    releases: list[ReleaseAnswer]
    previous: str | None
