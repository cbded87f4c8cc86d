"""Staff API for what residents said and what is decided about it."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any, Literal

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, field_validator

from services.clock import ZONE
from services.training import examples
from services.training.annotations import Decision, Kind, no_group
from services.training.examples import Mark
from services.training.inbox import PAGE, Filters, State
from services.training.labels import Labels
from services.training.outcomes import OUTCOME_NAMES, Outcome
from services.web.api.learning import BASE, TEACH_AUTH, person
from services.web.api.training_answers import (
    DecidedAnswer,
    GroupDetail,
    InboxAnswer,
    LabelsAnswer,
    ProblemsAnswer,
)
from services.web.keys import SERVICES, STAFF
from services.web.routing import Routes

routes = Routes("学习")
setup = routes.setup

GROUP = BASE + "/groups/{id}"
MOST_MARKS = 40


class InboxQuery(BaseModel):
    """What to show; an empty filter is no filter. Days are whole, in China's time."""

    model_config = ConfigDict(extra="ignore")

    state: State = "open"
    channel: str | None = Field(None, max_length=20)
    intent: str | None = Field(None, max_length=40)
    leaf: str | None = Field(None, max_length=8)
    outcome: Outcome | None = None
    since: date | None = Field(None, description="从这天起")
    until: date | None = Field(None, description="到这天为止")
    q: str | None = Field(None, max_length=60, description="话里的字")
    cursor: str | None = Field(None, max_length=60)
    limit: int = Field(PAGE, ge=1, le=200)

    @field_validator("*", mode="before")
    @classmethod
    def _blank(cls, value: Any) -> Any:
        return (value.strip() or None) if isinstance(value, str) else value

    @field_validator("state", mode="before")
    @classmethod
    def _open(cls, value: Any) -> Any:
        return value or "open"

    def filters(self) -> Filters:
        """Return them as the inbox takes them."""
        return Filters(
            self.state, self.channel, self.intent, self.leaf, self.outcome,
            _start(self.since), _start(self.until + timedelta(days=1)) if self.until else None,
            self.q,
        )  # fmt: skip


def _start(day: date | None) -> datetime | None:
    return datetime.combine(day, time(), ZONE) if day else None


class Entity(BaseModel):
    """Marked words; offsets are code points, the end excluded."""

    model_config = ConfigDict(extra="forbid")

    type: str = Field(max_length=40)
    start: int = Field(ge=-1, le=10_000)
    end: int = Field(ge=-1, le=10_000)


class NewDecision(BaseModel):
    """``confirm``: the model was right. ``label``: it means this. ``version``: what was seen."""

    model_config = ConfigDict(extra="forbid")

    kind: Kind
    version: int = Field(ge=0, le=2**31 - 1, description="看到的版本号；不是最新的会被拒绝")
    text: str = Field("", max_length=4000, description="标哪一种说法；空着就是这一组显示的那句")
    intent: str = Field("", max_length=40)
    leaf: str = Field("", max_length=8)
    entities: list[Entity] = Field(default=[], max_length=MOST_MARKS)
    despite: bool = Field(False, description="看过冲突，就这样定")

    def decision(self) -> Decision:
        """Return it as the service takes it."""
        marks = tuple(Mark(e.start, e.end, e.type) for e in self.entities)
        return Decision(
            self.kind, self.version, self.text, self.intent, self.leaf, marks, self.despite
        )


class ExportQuery(BaseModel):
    """The format; there is one."""

    format: Literal["yaml"] = "yaml"


@routes.get(
    BASE + "/labels", auth=TEACH_AUTH, response=LabelsAnswer, summary="意图、事项、实体的名字"
)
async def labels(request: web.Request) -> dict[str, Any]:
    """Return what a message can be labelled as."""
    return named(request.app[SERVICES].heard.knowledge.labels)


def named(known: Labels) -> dict[str, Any]:
    """Return labels with their names in people's words."""
    return {
        "intents": [
            {"id": i.id, "name": i.name, "means": i.means, "leaves": list(known.leaves_of(i.id))}
            for i in known.intents.values()
        ],
        "leaves": [{"id": leaf, "name": name} for leaf, name in known.leaf_names.items()],
        "entities": [{"id": kind, "name": name} for kind, name in known.entities.items()],
        "outcomes": [{"id": kind, "name": name} for kind, name in OUTCOME_NAMES.items()],
    }


@routes.get(
    BASE + "/inbox", auth=TEACH_AUTH, query=InboxQuery, response=InboxAnswer,
    summary="等人看的话，最该看的在前",
)  # fmt: skip
async def inbox(request: web.Request, query: InboxQuery) -> dict[str, Any]:
    """Return groups of messages that say nearly the same."""
    found = await request.app[SERVICES].inbox.page(query.filters(), query.cursor, query.limit)
    return {
        "groups": [g.body() for g in found.groups], "next_cursor": found.cursor,
        "total": found.total,
    }  # fmt: skip


@routes.get(GROUP, auth=TEACH_AUTH, response=GroupDetail, summary="一组差不多的话")
async def group(request: web.Request) -> dict[str, Any]:
    """Return a group with its wordings and the history of its decisions."""
    return (await request.app[SERVICES].inbox.detail(group_id(request))).body()


@routes.post(
    GROUP + "/check", auth=TEACH_AUTH, body=NewDecision, response=ProblemsAnswer,
    summary="这样定有没有问题",
)  # fmt: skip
async def check(request: web.Request, body: NewDecision) -> dict[str, Any]:
    """Return what speaks against a decision, without making it."""
    annotations = request.app[SERVICES].annotations
    problems = await annotations.check(group_id(request), body.decision())
    return {"problems": [p.body() for p in problems]}


@routes.post(
    GROUP + "/decision",
    auth=TEACH_AUTH,
    body=NewDecision,
    response=DecidedAnswer,
    summary="定一组话",
)
async def decide(request: web.Request, body: NewDecision) -> dict[str, Any]:
    """Decide about a group; it trains nothing."""
    annotations = request.app[SERVICES].annotations
    made = await annotations.decide(group_id(request), body.decision(), person(request[STAFF]))
    return {"decision": made.body()}


@routes.get(
    BASE + "/annotations/export", auth=TEACH_AUTH, query=ExportQuery, media="application/yaml",
    summary="下载标注（训练数据的格式）",
)  # fmt: skip
async def export(request: web.Request, query: ExportQuery) -> web.Response:
    """Return what is approved, in the format of the training data."""
    approved = await request.app[SERVICES].annotations.approved()
    return web.Response(
        text=examples.to_yaml(approved),
        content_type="application/yaml",
        charset="utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{examples.FILE_NAME}"',
            "Cache-Control": "no-store",
        },
    )


def group_id(request: web.Request) -> int:
    """Return the group that the address names; 404 ``group_not_found`` when it cannot be one."""
    given = request.match_info["id"]
    if not (given.isascii() and given.isdigit() and len(given) < 10):
        raise no_group()
    return int(given)
