"""每月一题 over the API: what the console's pages do, for other programs."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from services.errors import LindaError
from services.themes.plan import Proposal
from services.themes.service import NewMeasure, NewTheme, Theme
from services.web.api.common import Answer, made_id
from services.web.keys import SERVICES, STAFF
from services.web.routing import Routes

routes = Routes("每月一题")
setup = routes.setup

BASE = "/api/v1/themes"


class ThemesQuery(BaseModel):
    """A year; without it the running one."""

    model_config = ConfigDict(extra="ignore")

    year: int | None = Field(None, ge=2015, lt=2100)


class ThemeEdit(NewTheme):
    """A theme as it is to be, and the version that was seen."""

    model_config = ConfigDict(
        extra="forbid", str_strip_whitespace=True,
        json_schema_extra={"examples": [{
            "year": 2027, "month": 4, "title": "老楼漏水", "leaves": ["H1", "H7"], "lead": "housing",
            "goal": "雨季前把三栋老楼的屋面修完", "target": 5, "version": 1,
        }]},
    )  # fmt: skip

    version: int

    def theme(self) -> NewTheme:
        """Return it as the service takes it."""
        return NewTheme.model_validate(self.model_dump(exclude={"version"}))


class ThemeDecision(BaseModel):
    """Whether it is taken into the plan; why not."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"adopt": True, "words": "", "version": 1}]},
    )

    adopt: bool
    words: str = Field("", max_length=2000)
    version: int


class MeasureWanted(NewMeasure):
    """Something to be done, and the version of the theme that was seen."""

    model_config = ConfigDict(
        extra="forbid", str_strip_whitespace=True,
        json_schema_extra={"examples": [
            {"text": "查三栋楼的屋面", "org": "property", "due": "2027-03-15", "version": 2}
        ]},
    )  # fmt: skip

    version: int

    def measure(self) -> NewMeasure:
        """Return it as the service takes it."""
        return NewMeasure.model_validate(self.model_dump(exclude={"version"}))


class MeasureMove(BaseModel):
    """How a measure stands now."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"state": "done", "note": "三栋都查了", "version": 3}]},
    )

    state: str = Field(max_length=10, description="todo、doing、done、dropped")
    note: str = Field("", max_length=200)
    version: int


class ThemeClosing(BaseModel):
    """The summary that ends the work."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"words": "三栋楼的屋面都修了", "version": 4}]},
    )

    words: str = Field(max_length=2000)
    version: int


class ThemeReview(BaseModel):
    """回头看: whether it has stayed so, and what was seen."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"kept": True, "words": "雨季没再漏", "version": 5}]
        },
    )  # fmt: skip

    kept: bool
    words: str = Field(max_length=2000)
    version: int


class EffectMonth(Answer):
    """A month's requests; null: nothing was kept yet."""

    month: date
    count: int | None


class EffectAnswer(Answer):
    """What came before and after, from the tickets."""

    before: float | None = Field(description="以前每月几件；null：数据不全")
    after: float | None = Field(description="做了以后每月几件；null：还没满一个月")
    after_months: int
    year_ago: float | None
    verdict: str
    reached: bool | None
    months: list[EffectMonth]


class MeasureAnswer(Answer):
    """Something that is done for a theme."""

    id: int
    text: str
    org: str
    due: date
    state: str
    note: str


class ThemeChangeAnswer(Answer):
    """A step of a theme's history."""

    at: datetime
    by: str
    what: str
    words: str
    figures: dict[str, Any]


class ThemeAnswer(Answer):
    """A theme with its figures."""

    id: str
    community_id: str | None
    year: int
    month: int
    title: str
    leaves: list[str]
    lead: str
    assists: list[str]
    goal: str
    target: int
    project_id: str | None
    reason: str = Field(description="为什么选它：提的时候的数")
    state: str
    summary: str
    review: str
    kept: bool | None
    review_due: date | None
    version: int
    outcome: str
    waits: bool = Field(description="该回头看了")
    effect: EffectAnswer
    measures: list[MeasureAnswer]
    changes: list[ThemeChangeAnswer]


class ProposalAnswer(Answer):
    """A theme that the figures suggest."""

    leaves: list[str]
    names: list[str]
    lead: str | None
    reason: str
    usual: float


class ThemesAnswer(Answer):
    """A year's themes, and what the figures suggest besides (for who may propose)."""

    year: int
    themes: list[ThemeAnswer]
    proposals: list[ProposalAnswer]


class ThemeMade(Answer):
    """A theme that was written."""

    id: str


class ThemeDone(Answer):
    """Done; there is nothing to tell."""


def shown(theme: Theme) -> ThemeAnswer:
    """Return a theme as the interface tells it."""
    months = [{"month": m, "count": n} for m, n in theme.effect.months]
    row = {c.name: getattr(theme.row, c.name) for c in theme.row.__table__.columns}
    return ThemeAnswer.model_validate(
        {
            **row, "outcome": theme.outcome, "waits": theme.waits,
            "effect": {**theme.effect.body(), "months": months},
            "measures": theme.measures, "changes": theme.changes,
        }
    )  # fmt: skip


def suggested(proposal: Proposal) -> dict[str, Any]:
    """Return a proposal as JSON values."""
    return {
        "leaves": list(proposal.leaves), "names": list(proposal.names), "lead": proposal.lead,
        "reason": proposal.reason, "usual": proposal.usual,
    }  # fmt: skip


@routes.get(
    BASE, auth="staff:themes", query=ThemesQuery, response=ThemesAnswer, summary="一年的每月一题"
)
async def overview(request: web.Request, query: ThemesQuery) -> dict[str, Any]:
    """The plan of a year."""
    services, staff = request.app[SERVICES], request[STAFF]
    year = query.year or services.clock.now().year
    return {
        "year": year,
        "themes": [
            shown(t).model_dump(mode="json") for t in await services.themes.of_year(staff, year)
        ],
        "proposals": [suggested(p) for p in await services.themes.proposals(staff, year)],
    }


@routes.post(
    BASE, auth="staff:themes_keep", body=NewTheme, response=ThemeMade, status=201,
    idempotency_key=True, summary="提一题，等街道定",
)  # fmt: skip
async def propose(request: web.Request, body: NewTheme) -> ThemeMade:
    """Propose a theme; the same key again is the same theme."""
    themes = request.app[SERVICES].themes
    return ThemeMade(id=await themes.propose(request[STAFF], body, made_id(request)))


@routes.get(
    f"{BASE}/{{theme}}", auth="staff:themes", response=ThemeAnswer, summary="一题：任务、件数、经过"
)
async def one(request: web.Request) -> ThemeAnswer:
    """A theme."""
    themes = request.app[SERVICES].themes
    return shown(await themes.one(request[STAFF], request.match_info["theme"]))


@routes.post(
    f"{BASE}/{{theme}}", auth="staff:themes_keep", body=ThemeEdit, response=ThemeDone,
    summary="改还没定的一题",
)  # fmt: skip
async def edit(request: web.Request, body: ThemeEdit) -> dict[str, Any]:
    """Change what is proposed."""
    themes = request.app[SERVICES].themes
    await themes.edit(request[STAFF], request.match_info["theme"], body.theme(), body.version)
    return {}


@routes.post(
    f"{BASE}/{{theme}}/decision", auth="staff:themes_decide", body=ThemeDecision,
    response=ThemeDone, summary="定下来，或者不做",
)  # fmt: skip
async def decide(request: web.Request, body: ThemeDecision) -> dict[str, Any]:
    """Take it into the plan, or drop it."""
    await request.app[SERVICES].themes.decide(
        request[STAFF], request.match_info["theme"], body.adopt, body.words, body.version
    )
    return {}


@routes.post(
    f"{BASE}/{{theme}}/measures", auth="staff:themes_keep", body=MeasureWanted,
    response=ThemeDone, status=201, summary="加一条任务",
)  # fmt: skip
async def add_measure(request: web.Request, body: MeasureWanted) -> dict[str, Any]:
    """Write what is to be done."""
    await request.app[SERVICES].themes.add_measure(
        request[STAFF], request.match_info["theme"], body.measure(), body.version
    )
    return {}


@routes.post(
    f"{BASE}/{{theme}}/measures/{{measure}}", auth="staff:themes_keep", body=MeasureMove,
    response=ThemeDone, summary="任务办到哪了",
)  # fmt: skip
async def move_measure(request: web.Request, body: MeasureMove) -> dict[str, Any]:
    """Say how a measure stands."""
    await request.app[SERVICES].themes.move_measure(
        request[STAFF], request.match_info["theme"], measure_of(request), body.state, body.note,
        body.version,
    )  # fmt: skip
    return {}


def measure_of(request: web.Request) -> int:
    """Return the number of the measure in the path.

    Raises:
        LindaError: 404 ``measure_not_found``.
    """
    text = request.match_info["measure"]
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise LindaError("measure_not_found", "没有这条任务。", 404)
    return int(text)


@routes.post(
    f"{BASE}/{{theme}}/close", auth="staff:themes_keep", body=ThemeClosing, response=ThemeDone,
    summary="做完了，写总结",
)  # fmt: skip
async def close(request: web.Request, body: ThemeClosing) -> dict[str, Any]:
    """End the work on it."""
    await request.app[SERVICES].themes.close(
        request[STAFF], request.match_info["theme"], body.words, body.version
    )
    return {}


@routes.post(
    f"{BASE}/{{theme}}/review", auth="staff:themes_keep", body=ThemeReview, response=ThemeDone,
    summary="回头看",
)  # fmt: skip
async def review(request: web.Request, body: ThemeReview) -> dict[str, Any]:
    """Look again."""
    await request.app[SERVICES].themes.review(
        request[STAFF], request.match_info["theme"], body.kept, body.words, body.version
    )
    return {}
