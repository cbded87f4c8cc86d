"""What the figures' interfaces answer, as models for the OpenAPI document."""

from __future__ import annotations

from datetime import date, datetime

from pydantic import Field

from services.metrics.figures import Form
from services.metrics.periods import Kind
from services.web.api.common import Answer


class PeriodAnswer(Answer):
    """The days that were counted, both ends inclusive."""

    kind: Kind
    first: date
    last: date
    label: str


class FigureAnswer(Answer):
    """A figure with what it was made of."""

    key: str
    label: str
    group: str
    form: Form
    value: float | None = Field(description="null：没有可算的，或样本不足")
    text: str = Field(description="给人看的，如 93.5%、—、样本不足")
    numerator: float | None
    denominator: float | None
    definition: str


class ScopeAnswer(Answer):
    """The filters that counted."""

    community: str | None
    unit: str | None
    leaf: str | None


class ExcludedAnswer(Answer):
    """Tickets left out before scoring, by reason."""

    reason: str
    label: str
    count: int


class UnitFigures(Answer):
    """A unit's figures; ``rank`` only when the composite is shown."""

    unit: str
    name: str
    enough: bool
    note: str | None
    figures: dict[str, FigureAnswer]
    rank: int | None


class PartFigures(Answer):
    """A community's or matter's figures."""

    key: str | None
    name: str
    filed: int
    enough: bool
    figures: dict[str, FigureAnswer]


class TrendPoint(Answer):
    """A step of the period."""

    first: date
    last: date
    due: int
    contact: float | None
    in_time: float | None
    reached: float | None
    solved: float | None


class SignalAnswer(Answer):
    """Something an auditor should look at; no finding."""

    key: str
    label: str
    count: int
    out_of: int
    share: float | None
    flagged: bool
    sentence: str


class UnitSignals(Answer):
    """The signals of a unit."""

    unit: str
    name: str
    signals: list[SignalAnswer]
    flagged: int


class ExclusionAskedAnswer(Answer):
    """How many units asked to be left out of scoring, by how that stands."""

    state: str
    label: str
    count: int


class AppointmentAnswer(Answer):
    """How many agreed times were kept, came early or late, or nobody came."""

    how: str
    label: str
    count: int


class DashboardAnswer(Answer):
    """Figures of a period."""

    period: PeriodAnswer
    scope: ScopeAnswer
    enough: bool = Field(description="有效回访够不够：不够就写“样本不足”")
    note: str | None
    figures: list[FigureAnswer]
    excluded: list[ExcludedAnswer]
    exclusions_asked: list[ExclusionAskedAnswer] = Field(description="单位申请剔除的，按审到哪一步")
    appointments: list[AppointmentAnswer] = Field(description="预约守没守时，约定时间已过的")
    suspended: int
    units: list[UnitFigures]
    communities: list[PartFigures]
    leaves: list[PartFigures]
    trend: list[TrendPoint]
    signals: list[UnitSignals] | None = Field(description="只给审计")


class ComparedFigure(Answer):
    """A figure beside that of the year before; ``change`` in words."""

    key: str
    label: str
    text: str
    before: str
    change: str


class BeforeAnswer(Answer):
    """What a report is compared with."""

    period: PeriodAnswer
    why_not: str | None = Field(description="为什么不比：去年没有数据、不全；null：比了")


class ReportRow(Answer):
    """A part of the period."""

    first: date
    last: date
    name: str
    figures: dict[str, FigureAnswer]


class TopMatter(Answer):
    """One of the most frequent matters."""

    place: int
    key: str | None
    name: str
    filed: int
    share: float
    before: int | None = Field(description="去年同期；null：没有可比的")
    change: str
    said: str = Field(description="比去年多、少，还是件数太少不比")


class WhistledCount(Answer):
    """Whistles of the period."""

    count: int
    open: int


class AssignedCount(Answer):
    """Assignments, those that the guard refused, those against the dispatch directory."""

    assigned: int
    blocked: int
    against: int


class CourseAnswer(Answer):
    """The months of a matter or a community."""

    key: str
    name: str
    months: list[int | None] = Field(description="每月件数，先旧后新；null：那时还没有数据")
    total: int
    so_far: int | None = Field(description="这个月到今天；null：看的不是最近")
    verdict: str = Field(description="rising、falling、level、few（件数少）、short（月份不够）")
    said: str
    year_ago: int | None = Field(description="去年同月；null：没有数据")
    season: str


class TrendsAnswer(Answer):
    """The last whole months by matter and by community, the most frequent first."""

    months: list[date]
    this_month: date | None
    community: str | None
    leaf: str | None
    rule: str
    matters: list[CourseAnswer]
    places: list[CourseAnswer]


class ReportAnswer(Answer):
    """A report of a day, week, month, quarter or year."""

    title: str
    period: PeriodAnswer
    so_far: PeriodAnswer | None = Field(description="还没完的：到今天为止；null：已经完了")
    scope: ScopeAnswer
    enough: bool
    note: str | None
    figures: list[FigureAnswer]
    before: BeforeAnswer
    compared: list[ComparedFigure]
    rows: list[ReportRow] = Field(description="分月（周、日）")
    top: list[TopMatter]
    promised: list[FigureAnswer]
    put_right: list[FigureAnswer]
    excluded: list[ExcludedAnswer]
    exclusions_asked: list[ExclusionAskedAnswer]
    appointments: list[AppointmentAnswer]
    suspended: int
    units: list[UnitFigures]
    communities: list[PartFigures]
    leaves: list[PartFigures]
    whistles: WhistledCount
    assignments: AssignedCount
    trends: TrendsAnswer


class TalkedPart(Answer):
    """Conversations of a community's residents; null: of people whose place is not known."""

    key: str | None
    name: str
    figures: dict[str, FigureAnswer]


class ConfusionAnswer(Answer):
    """What the model took for what, by the decisions of those who teach it."""

    said: str
    said_name: str
    meant: str
    meant_name: str
    count: int


class DialogueAnswer(Answer):
    """Figures of conversations."""

    period: PeriodAnswer
    community: str | None
    figures: list[FigureAnswer]
    communities: list[TalkedPart]
    confusions: list[ConfusionAnswer]


class LabelledCount(Answer):
    """How many of a kind."""

    label: str
    count: int


class Ratings(Answer):
    """Marks that were given: how many, and their mean."""

    ratings: int
    rating: float | None


class WhistleStage(Answer):
    """How many came so far, and in time."""

    key: str
    label: str
    done: int
    in_time: int


class WhistledUnit(Ratings):
    """What became of a unit's calls."""

    unit: str
    name: str
    called: int
    stages: list[WhistleStage]


class Whistling(Answer):
    """Whistles blown over tickets in hand, tickets given; ``rate`` is null when none were given."""

    whistles: int
    dispatched: int
    rate: float | None


class WhistlingUnit(Whistling):
    """The same of a unit, as the one that had the ticket."""

    unit: str
    name: str


class WhistlesAnswer(Answer):
    """The whistles of a month."""

    period: PeriodAnswer
    count: int
    open: int
    kinds: list[LabelledCount]
    results: list[LabelledCount]
    street: Ratings
    units: list[WhistledUnit]
    whistling: Whistling
    owners: list[WhistlingUnit]


class Assignment(Answer):
    """An assignment that was refused, or went to another unit than the directory names."""

    ticket_no: str
    at: datetime
    org: str
    org_name: str
    leaf: str | None
    leaf_name: str | None
    duty: str | None
    staff_id: str | None


class AssignmentAgainst(Assignment):
    """One against the directory, with the unit that it names."""

    listed: str
    listed_name: str


class AssignmentsAnswer(Answer):
    """The assignments of a month that were not the directory's."""

    period: PeriodAnswer
    assigned: int
    blocked: list[Assignment]
    against: list[AssignmentAgainst]


class PublicCount(Answer):
    """A cell for the public; null when it is too small to be shown."""

    name: str
    count: int | None


class PublicAnswer(Answer):
    """What anybody may see of a month."""

    period: PeriodAnswer
    figures: list[FigureAnswer]
    leaves: list[PublicCount]
    excluded: list[PublicCount]
    least: int = Field(description="少于这么多件的格子不显示")
