"""Staff API for training runs, models and releases."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from services.people.model import Staff
from services.training import serving
from services.training.evaluations import Judgement
from services.training.learning import LONGEST_REASON, before
from services.web.api.training_answers import (
    ModelDetail,
    ModelsAnswer,
    ReleaseAnswer,
    ReleasesAnswer,
    RunAnswer,
    RunDetail,
    RunsAnswer,
)
from services.web.keys import SERVICES, STAFF
from services.web.routing import Routes

routes = Routes("训练与模型")
setup = routes.setup

AUTH = "staff:models"
"""Who looks at models, runs and standard texts."""
TEACH_AUTH = "staff:training"
"""Who labels, trains and compares."""
RELEASE_AUTH = "staff:release"
"""Who decides what residents get."""

BASE = "/api/v1/training"


class Promotion(BaseModel):
    """``after``: the newest release that the caller has seen; another one since is a conflict."""

    model_config = ConfigDict(extra="forbid")

    model: str = Field(min_length=4, max_length=64, description="模型的 sha256，前几位就够")
    after: int = Field(ge=0, description="看到的最新一次上线的编号，还没有时为 0")
    reason: str = Field("", max_length=LONGEST_REASON, description="有变差的地方时必填")


class Rollback(BaseModel):
    """Back to the production model before this one."""

    model_config = ConfigDict(extra="forbid")

    after: int = Field(ge=0, description="看到的最新一次上线的编号")
    reason: str = Field("", max_length=LONGEST_REASON)


def person(staff: Staff) -> tuple[str, str]:
    """Return who decides, for the history."""
    return staff.id, staff.name


# -- runs ----------------------------------------------------------------------------------------


@routes.get(BASE + "/runs", auth=AUTH, response=RunsAnswer, summary="训练记录，最新的在前")
async def runs(request: web.Request) -> dict[str, Any]:
    """List runs."""
    return {"runs": [run.body() for run in await request.app[SERVICES].learning.runs.list()]}


@routes.post(BASE + "/runs", auth=TEACH_AUTH, response=RunAnswer, status=202, summary="开始训练")
async def train(request: web.Request) -> dict[str, Any]:
    """Put a training into the queue."""
    return (await request.app[SERVICES].learning.train(person(request[STAFF]))).body()


@routes.get(
    BASE + "/runs/{id}", auth=AUTH, response=RunDetail, summary="一次训练：进度、记录、结果"
)
async def run(request: web.Request) -> dict[str, Any]:
    """Return one run with the last lines of its log."""
    found = await request.app[SERVICES].learning.runs.get(request.match_info["id"])
    return found.body(log=True)


@routes.post(BASE + "/runs/{id}/cancel", auth=TEACH_AUTH, response=RunAnswer, summary="取消训练")
async def cancel(request: web.Request) -> dict[str, Any]:
    """Stop a run."""
    runs = request.app[SERVICES].learning.runs
    return (await runs.cancel(request.match_info["id"], request[STAFF].name)).body()


# -- models --------------------------------------------------------------------------------------


@routes.get(
    BASE + "/models", auth=AUTH, response=ModelsAnswer, summary="所有模型，和各机器人进程在用哪个"
)
async def models(request: web.Request) -> dict[str, Any]:
    """Return models, the present release and the Rasa processes."""
    service = request.app[SERVICES].learning.models
    release, found = await service.current(), await service.serving()
    return {
        "production": release.body() if release else None,
        "models": [m.body() for m in await service.list()],
        "serving": {
            "text": serving.words(found, release.model if release else None),
            "processes": [p.body() for p in found],
        },
    }


@routes.get(
    BASE + "/models/{sha256}", auth=AUTH, response=ModelDetail, summary="一个模型，和现在的模型比"
)
async def model(request: web.Request) -> dict[str, Any]:
    """Return a model and, as far as it was made, its comparison with production."""
    learning = request.app[SERVICES].learning
    found = await learning.models.get(request.match_info["sha256"])
    judged = await learning.judge(found.sha256)
    return {"model": found.body(), "comparison": comparison(judged) if judged else None}


@routes.post(
    BASE + "/models/{sha256}/compare", auth=TEACH_AUTH, response=RunAnswer, status=202,
    summary="和现在的模型比一比",
)  # fmt: skip
async def compare(request: web.Request) -> dict[str, Any]:
    """Put an evaluation into the queue."""
    learning = request.app[SERVICES].learning
    return (await learning.compare(person(request[STAFF]), request.match_info["sha256"])).body()


def comparison(judged: Judgement) -> dict[str, Any]:
    """Return a comparison as JSON."""
    found = judged.comparison
    return {
        **judged.summary(),
        "intents": [asdict(line) for line in found.intents],
        "leaves": [asdict(line) for line in found.leaves],
        "emergencies": [asdict(e) for e in found.emergencies],
        "newly_right": [asdict(e) for e in found.newly_right],
        "newly_wrong": [asdict(e) for e in found.newly_wrong],
        "still_wrong": [asdict(e) for e in found.still_wrong],
        "taught": [asdict(line) for line in judged.taught.lines] if judged.taught else [],
    }


# -- releases ------------------------------------------------------------------------------------


@routes.get(BASE + "/releases", auth=AUTH, response=ReleasesAnswer, summary="上线记录，最新的在前")
async def releases(request: web.Request) -> dict[str, Any]:
    """Return every change of the production model, and what a roll-back would go to."""
    history = await request.app[SERVICES].learning.models.history()
    return {"releases": [r.body() for r in reversed(history)], "previous": before(history)}


@routes.post(
    BASE + "/releases", auth=RELEASE_AUTH, body=Promotion, response=ReleaseAnswer, status=201,
    summary="上线一个模型",
)  # fmt: skip
async def promote(request: web.Request, body: Promotion) -> dict[str, Any]:
    """Put a model into production."""
    learning = request.app[SERVICES].learning
    release = await learning.promote(person(request[STAFF]), body.model, body.after, body.reason)
    return release.body()


@routes.post(
    BASE + "/releases/rollback",
    auth=RELEASE_AUTH,
    body=Rollback,
    response=ReleaseAnswer,
    status=201,
    summary="退回上一个模型",
)
async def rollback(request: web.Request, body: Rollback) -> dict[str, Any]:
    """Go back to the production model before this one."""
    learning = request.app[SERVICES].learning
    return (await learning.rollback(person(request[STAFF]), body.after, body.reason)).body()
