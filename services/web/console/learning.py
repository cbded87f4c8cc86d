"""训练、比较、上线: the pages of runs and models. Rules live in ``services.training``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from aiohttp import web

from services.context import Services
from services.errors import LindaError
from services.training import serving
from services.training.evaluations import Judgement
from services.training.labels import Labels
from services.training.learning import LONGEST_REASON, before
from services.training.models import SOURCE_LABELS, Model
from services.training.releases import KIND_LABELS, Release
from services.training.runs import Run
from services.web.api.learning import AUTH, RELEASE_AUTH, TEACH_AUTH, person
from services.web.console import comparison
from services.web.console.frame import REFUSALS, console_page
from services.web.keys import SERVICES, STAFF
from services.web.routing import Routes

routes = Routes("工作台")

RUNS = "/console/training/runs"
MODELS = "/console/training/models"
HERE = "learning"
"""Entry of the main navigation that these pages belong to."""
STUCK = timedelta(seconds=20)
"""A run that no worker takes for so long will not begin by itself."""
CANDIDATES = 10
"""So many models that are not in production are shown."""


# -- runs ----------------------------------------------------------------------------------------


@routes.get(RUNS, auth=AUTH, page=True, summary="训练")
async def runs(request: web.Request) -> web.Response:
    """The button, what is going on, and what was."""
    return await _runs_page(request)


@routes.post(RUNS, auth=TEACH_AUTH, page=True, summary="开始训练")
async def train(request: web.Request) -> web.Response:
    """Start, or say why not and where to look instead."""
    try:
        anyway = (await request.post()).get("anyway") == "yes"
        run = await request.app[SERVICES].learning.train(person(request[STAFF]), anyway=anyway)
    except LindaError as error:
        return await _runs_page(request, error)
    return _to(f"{RUNS}/{run.id}")


async def _runs_page(request: web.Request, refusal: LindaError | None = None) -> web.Response:
    learning = request.app[SERVICES].learning
    found = await learning.runs.list()
    taught = await learning.taught()
    last = next((r for r in found if r.kind == "train" and r.state == "done"), None)
    active = next((r for r in found if r.active), None)
    return console_page(
        request, "training_runs", HERE, refusal.status if refusal else 200,
        active=active,
        ended=[r for r in found if not r.active],
        taught=taught.all, fresh=taught.fresh, nothing_new=taught.nothing_new,
        twin=None if active else await learning.twin(),
        usual=duration(last.took) if last and last.took else "",
        refusal=refusal.message if refusal else "", link=_link(refusal),
    )  # fmt: skip


def _link(refusal: LindaError | None) -> str:
    """Return where a refused training leads: to the run that is going on, to the same model."""
    fields: Mapping[str, Any] = refusal.fields if refusal else {}
    if fields.get("run"):
        return f"{RUNS}/{fields['run']}"
    return f"{MODELS}/{fields['model']}" if fields.get("model") else ""


@routes.get(RUNS + "/{id}", auth=AUTH, page=True, summary="一次训练")
async def run(request: web.Request) -> web.Response:
    """Progress while it goes on; afterwards the comparison, or why there is none."""
    learning = request.app[SERVICES].learning
    found = await learning.runs.get(request.match_info["id"])
    if "HX-Request" in request.headers and not found.active:
        # It ended while somebody watched: the page becomes another one.
        return web.Response(headers={"HX-Refresh": "true"})
    if found.state == "done" and found.model:
        return await _model_page(request, found.model, run=found)
    waited = request.app[SERVICES].clock.now() - found.requested_at
    return console_page(
        request, "training_run", HERE, run=found, took=duration(found.took),
        stuck=found.state == "queued" and waited > STUCK,
    )  # fmt: skip


@routes.post(RUNS + "/{id}/cancel", auth=TEACH_AUTH, page=True, summary="取消训练")
async def cancel(request: web.Request) -> web.Response:
    """Stop it; when it has just ended, the page says how."""
    run_id = request.match_info["id"]
    try:
        await request.app[SERVICES].learning.runs.cancel(run_id, request[STAFF].name)
    except LindaError as error:
        if error.status != 409:
            raise
    return _to(f"{RUNS}/{run_id}")


# -- models --------------------------------------------------------------------------------------


@routes.get(MODELS, auth=AUTH, page=True, summary="模型")
async def models(request: web.Request) -> web.Response:
    """Production, candidates, history, processes; the part about processes asks itself again."""
    return await _models_page(request)


@routes.post(MODELS + "/rollback", auth=RELEASE_AUTH, page=True, summary="退回上一个模型")
async def rollback(request: web.Request) -> web.Response:
    """Go back; refused, the page shows the present state."""
    form = await request.post()
    try:
        await request.app[SERVICES].learning.rollback(
            person(request[STAFF]), _number(form.get("after")), str(form.get("reason", ""))
        )
    except LindaError as error:
        if error.status not in (*REFUSALS, 503):
            raise
        return await _models_page(request, error)
    return _to(MODELS)


async def _models_page(request: web.Request, refusal: LindaError | None = None) -> web.Response:
    services = request.app[SERVICES]
    history = await services.learning.models.history()
    known = {m.sha256: m for m in await services.learning.models.list()}
    current = history[-1] if history else None
    production = current.model if current else None
    candidates = [m for m in known.values() if m.kept and m.sha256 != production]
    processes = await services.learning.models.serving()
    ended = await services.learning.runs.list(100)
    summaries = {r.model: r.summary for r in ended if r.summary and r.base == production}
    back = before(history)
    used = {r.model for r in history}
    return console_page(
        request, "training_models", HERE, refusal.status if refusal else 200,
        current=_release(current) if current else None,
        model=_model(known[production]) if production in known else None,
        whole=await services.learning.models.archives.is_whole(production) if production else True,
        serving_text=serving.words(processes, production),
        processes=processes, production=production,
        candidates=[
            {**_model(m), "summary": summaries.get(m.sha256), "used": m.sha256 in used}
            for m in candidates[:CANDIDATES]
        ],
        history=[_release(r) for r in reversed(history)],
        back=_model(known[back]) if back in known else None,
        may_release=_may_release(request), longest=LONGEST_REASON,
        refusal=refusal.message if refusal else "",
    )  # fmt: skip


@routes.get(MODELS + "/{sha256}", auth=AUTH, page=True, summary="一个模型，和现在的比")
async def model(request: web.Request) -> web.Response:
    """One model beside production."""
    return await _model_page(request, request.match_info["sha256"])


@routes.post(MODELS + "/{sha256}/compare", auth=TEACH_AUTH, page=True, summary="比一比")
async def compare(request: web.Request) -> web.Response:
    """Start a comparison."""
    name = request.match_info["sha256"]
    try:
        run = await request.app[SERVICES].learning.compare(person(request[STAFF]), name)
    except LindaError as error:
        if error.status not in REFUSALS:
            raise
        return await _model_page(request, name, refusal=error)
    return _to(f"{RUNS}/{run.id}")


@routes.post(MODELS + "/{sha256}/promote", auth=RELEASE_AUTH, page=True, summary="上线")
async def promote(request: web.Request) -> web.Response:
    """Put it into production; refused, what was typed stays."""
    name, form = request.match_info["sha256"], await request.post()
    reason = str(form.get("reason", ""))
    try:
        await request.app[SERVICES].learning.promote(
            person(request[STAFF]), name, _number(form.get("after")), reason
        )
    except LindaError as error:
        if error.status not in (*REFUSALS, 503):
            raise
        return await _model_page(request, name, refusal=error, reason=reason)
    return _to(MODELS)


async def _model_page(
    request: web.Request,
    name: str,
    run: Run | None = None,
    refusal: LindaError | None = None,
    reason: str = "",
) -> web.Response:
    services = request.app[SERVICES]
    learning = services.learning
    found = await learning.models.get(name)
    if run is None and found.run_id:
        run = await learning.runs.get(found.run_id)
    current = await learning.models.current()
    in_production = current is not None and current.model == found.sha256
    # In production it is shown beside what it was compared with when it was made.
    base = (run.base if run else None) if in_production else current and current.model
    judged = await learning.evaluations.judge(found.sha256, base) if base else None
    return console_page(
        request, "training_model", HERE, refusal.status if refusal else 200,
        m=_model(found), run=run, took=duration(run.took if run else None),
        current=_release(current) if current else None,
        in_production=in_production,
        judged=_judged(services, judged) if judged else None,
        may_release=_may_release(request), reason=reason, longest=LONGEST_REASON,
        refusal=refusal.message if refusal else "", link=_link(refusal),
    )  # fmt: skip


# -- what pages show -----------------------------------------------------------------------------


def _judged(services: Services, judged: Judgement) -> dict[str, Any]:
    cards = {card.id: card.name for card in services.catalogue.cards()}
    return comparison.shown(judged, Labels(services.settings.data_dir, cards))


def _model(model: Model) -> dict[str, Any]:
    return {**vars(model), "short": model.short, "source_text": SOURCE_LABELS[model.source]}


def _release(release: Release) -> dict[str, Any]:
    return {
        **vars(release),
        "short": release.model[:8],
        "kind_text": KIND_LABELS[release.kind],
        "before_short": (release.before or "")[:8],
        "verdict": (release.figures or {}).get("verdict", ""),
    }


def duration(took: timedelta | None) -> str:
    """Return ``1 分 40 秒``, empty for None."""
    if took is None:
        return ""
    minutes, seconds = divmod(max(1, round(took.total_seconds())), 60)
    return f"{minutes} 分 {seconds} 秒" if minutes else f"{seconds} 秒"


def _may_release(request: web.Request) -> bool:
    return request[STAFF].role == "admin"


def _number(value: object) -> int:
    text = str(value or "")
    # No number is as old as any: deciding blindly is refused like an old page.
    return int(text) if text.isdecimal() and len(text) < 10 else -1


def _to(path: str) -> web.Response:
    return web.Response(status=303, headers={"Location": path})
