"""教一教: the inbox of what residents said, and deciding. Rules live in ``services.training``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from aiohttp import web
from pydantic import Field

from services.catalogue.model import Card
from services.errors import LindaError
from services.training.annotations import KIND_NAMES, TEACHES, Decision
from services.training.checks import Problem, topic_name
from services.training.examples import Mark
from services.training.inbox import Detail, Group, Page, Wording
from services.training.labels import OUT_OF_SCOPE, Labels
from services.training.outcomes import OUTCOME_NAMES
from services.web.api.learning import TEACH_AUTH, person
from services.web.api.training import MOST_MARKS, InboxQuery, group_id
from services.web.console.frame import REFUSALS, console_page
from services.web.keys import SERVICES, STAFF
from services.web.routing import Routes

routes = Routes("工作台")

INBOX = "/console/training"
GROUP = INBOX + "/groups/{id}"
HERE = "learning"
"""Entry of the main navigation that the page belongs to."""
STATE_NAMES = {"open": "等着看", "decided": "定过的", "skipped": "跳过的"}
CHANNELS = ("web", "wechat", "kiosk")
OTHER_READINGS = 2
"""So many other guesses of the model can be chosen with one tap."""
REPORT = "report_problem"
"""Intent of a matter that has none of its own."""
FOLDED = 200
"""A wording of more characters is folded to a few lines until it is asked for."""

_MARK = re.compile(r"(\d{1,5}):(\d{1,5}):([a-z_]{1,40})")


class TeachQuery(InboxQuery):
    """The filters, and which group is looked at.

    ``wording``: which of its wordings is labelled. ``done``: the group that was decided last, so
    that it can be undone.
    """

    group: int | None = Field(None, ge=0, lt=2**31)
    wording: int = Field(0, ge=0, lt=100)
    done: int | None = Field(None, ge=0, lt=2**31)

    def url(self, **changed: Any) -> str:
        """Return the address of these filters, with something changed."""
        values = {
            **self.model_dump(
                mode="json", exclude_none=True, exclude_defaults=True, exclude={"done", "wording"}
            ),
            **changed,
        }
        kept = {k: v for k, v in values.items() if v is not None}
        return f"{INBOX}?{urlencode(kept)}" if kept else INBOX

    @property
    def narrowed(self) -> int:
        """How many filters are on."""
        return len(
            self.model_dump(
                exclude_none=True, exclude_defaults=True,
                exclude={"cursor", "limit", "group", "wording", "done"},
            )
        )  # fmt: skip


@routes.get(INBOX, auth=TEACH_AUTH, page=True, query=TeachQuery, summary="教一教")
async def inbox(request: web.Request, query: TeachQuery) -> web.Response:
    """What waits, and the one that is looked at."""
    return await _page(request, query)


@routes.post(GROUP + "/decision", auth=TEACH_AUTH, page=True, query=TeachQuery, summary="定一组话")
async def decide(request: web.Request, query: TeachQuery) -> web.Response:
    """Decide and go on to the next; refused, the page comes back with what was chosen."""
    form = await request.post()
    group = group_id(request)
    annotations = request.app[SERVICES].annotations
    decision: Decision | None = None
    try:
        decision = read_decision(form)
        await annotations.decide(group, decision, person(request[STAFF]))
    except LindaError as error:
        if error.status not in REFUSALS:
            raise
        back = query.model_copy(update={"group": group})
        # What another one decided meanwhile is looked at afresh; a refused label is corrected.
        typed = None if error.status == 409 else decision
        return await _page(request, back, error, typed)
    if decision.kind == "undo":
        target = query.url(group=group)
    else:
        following = str(form.get("next", ""))
        going_on = following.isdecimal() and len(following) < 10
        target = query.url(group=int(following) if going_on else None, done=group)
    return web.Response(status=303, headers={"Location": target})


@routes.post(GROUP + "/check", auth=TEACH_AUTH, page=True, summary="这样定有没有问题")
async def check(request: web.Request) -> web.Response:
    """What speaks against what is chosen at the moment; a part of the page."""
    try:
        decision = read_decision(await request.post(), kind="label")
        problems = await request.app[SERVICES].annotations.check(group_id(request), decision)
    except LindaError as error:
        problems = [Problem(error.code, error.message, "text")]
    return console_page(request, "_training_problems", problems=problems, despite=False)


def read_decision(form: Mapping[str, Any], kind: str | None = None) -> Decision:
    """Read the form of a decision.

    Args:
        form: ``kind`` or ``pick`` (“intent leaf”, a guess of the model taken with one tap),
            ``version``, ``text``, ``intent``, ``leaf``, ``mark`` (“start:end:type”, many),
            ``despite``.
        kind: Instead of the form's own.

    Raises:
        LindaError: 422 ``invalid_fields``.
    """
    version, pick = str(form.get("version", "")), str(form.get("pick", ""))
    intent, leaf = str(form.get("intent", "")), str(form.get("leaf", ""))
    kind = kind or str(form.get("kind", ""))
    if pick:
        kind, (intent, _, leaf) = "label", pick.partition(" ")
    if kind not in ("confirm", "label", "out_of_scope", "skip", "undo"):
        raise LindaError("invalid_fields", "没看懂要怎么定，请刷新再试。", 422)
    given = form.getall("mark", []) if hasattr(form, "getall") else []
    marks = [_MARK.fullmatch(str(m)) for m in given[: MOST_MARKS + 1]]
    if len(marks) > MOST_MARKS or not all(marks):
        raise LindaError("invalid_fields", "标注的字读不出来，请重新标。", 422)
    return Decision(
        kind=kind,  # type: ignore[arg-type]  # one of the five, see above
        version=int(version) if version.isdecimal() and len(version) < 10 else 0,
        text=str(form.get("text", ""))[:4000],
        intent=intent[:40],
        leaf=leaf[:8],
        marks=tuple(Mark(int(m[1]), int(m[2]), m[3]) for m in marks if m),
        despite=form.get("despite") == "yes",
    )


async def _page(
    request: web.Request,
    query: TeachQuery,
    refusal: LindaError | None = None,
    typed: Decision | None = None,
) -> web.Response:
    services = request.app[SERVICES]
    labels = services.heard.knowledge.labels
    found = await services.inbox.page(query.filters(), query.cursor, query.limit)
    # On a desk the first one is open beside the list; on a phone the list comes first.
    shown = query.group if query.group is not None else next((g.id for g in found.groups), None)
    detail = await services.inbox.detail(shown) if shown is not None else None
    problems = [Problem(**p) for p in refusal.fields.get("problems", ())] if refusal else []
    return console_page(
        request, "training", HERE, refusal.status if refusal else 200,
        query=query, picked=query.group is not None,
        total=found.total, rows=[_row(g, labels) for g in found.groups],
        next_url=query.url(group=None, cursor=found.cursor) if found.cursor else None,
        detail=_detail(detail, labels, query, found, typed) if detail else None,
        done=await _done(services, query, labels),
        refusal=refusal, problems=problems, typed=typed,
        intents=list(labels.intents.values()),
        leaves=_leaves(labels, services.catalogue.cards()),
        labels=labels, states=STATE_NAMES, outcomes=OUTCOME_NAMES, channels=CHANNELS,
        folded=FOLDED,
    )  # fmt: skip


async def _done(services: Any, query: TeachQuery, labels: Labels) -> dict[str, Any] | None:
    """Return what was decided last, for saying so and for taking it back."""
    if query.done is None:
        return None
    try:
        group = (await services.inbox.detail(query.done)).group
    except LindaError:
        return None
    if group.decision is None or group.decision.kind == "undone":
        return None
    return {"id": group.id, "version": group.version, "text": group.text,
            "words": decision_words(group.decision, labels)}  # fmt: skip


def decision_words(decision: Any, labels: Labels) -> str:
    """Return a decision in words: ``改了：报修投诉求助 · 楼道灯``."""
    name = KIND_NAMES[decision.kind]
    if decision.kind not in TEACHES or decision.kind == "out_of_scope":
        return name
    return f"{name}：{topic_name(labels, decision.intent, decision.leaf)}"


def _row(group: Group, labels: Labels) -> dict[str, Any]:
    reading = group.reading
    return {
        "id": group.id, "text": group.text, "residents": group.residents,
        "suspicious": group.suspicious, "last_at": group.last_at,
        "reading": topic_name(labels, reading.intent, reading.leaf) if reading else "",
        "outcomes": [OUTCOME_NAMES[o] for o in group.outcomes if o not in ("answered", "clarified")],
        "decision": (
            decision_words(group.decision, labels)
            if group.decision and group.state != "open"
            else ""
        ),
    }  # fmt: skip


def _detail(
    detail: Detail, labels: Labels, query: TeachQuery, page: Page, typed: Decision | None
) -> dict[str, Any]:
    wordings = detail.wordings
    texts = [w.text for w in wordings]
    at = texts.index(typed.text) if typed and typed.text in texts else query.wording
    wording = wordings[at] if at < len(wordings) else wordings[0]
    said, *others = _guesses(wording, labels)
    # That it is nobody's business here has a button of its own.
    others = [o for o in others if o["intent"] != OUT_OF_SCOPE and o["name"] != said["name"]]
    chosen = _chosen(typed, detail.group, said)
    ids = [g.id for g in page.groups]
    place = ids.index(detail.group.id) if detail.group.id in ids else None
    return {
        "group": detail.group,
        "wording": wording,
        "said": said,
        "others": others[:OTHER_READINGS],
        "readings": [
            {"name": topic_name(labels, r.intent, r.leaf), "times": r.times}
            for r in detail.readings
        ],
        "marks": typed.marks if typed and typed.kind == "label" else wording.marks,
        "chosen": chosen,
        "wordings": [
            {"text": w.text, "times": w.times,
             "url": query.url(group=detail.group.id, wording=number or None)}
            for number, w in enumerate(wordings)
            if w is not wording
        ],
        "outcomes": [
            {"name": OUTCOME_NAMES[o], "times": n} for o, n in detail.group.outcomes.items()
        ],
        "channels": detail.channels,
        "history": [
            {"at": a.at, "who": a.staff_name, "words": decision_words(a, labels)}
            for a in detail.history
        ],
        "suggestions": [
            {"who": x.staff_name, "at": x.at, "note": x.note,
             "leaf": labels.leaf_names.get(x.leaf or "", ""),
             "pick": f"{labels.intent_of_card.get(x.leaf, REPORT)} {x.leaf}" if x.leaf else ""}
            for x in detail.suggestions
        ],
        "next": ids[place + 1] if place is not None and place + 1 < len(ids) else None,
    }  # fmt: skip


def _guesses(wording: Wording, labels: Labels) -> Sequence[dict[str, Any]]:
    """Return the model's readings in words, best first; at least one."""
    return [
        {
            "intent": r.intent or "", "leaf": r.leaf, "share": r.share,
            "name": topic_name(labels, r.intent, r.leaf),
            "means": known.means if (known := labels.intents.get(r.intent or "")) else "",
        }
        for r in wording.readings
    ] or [{"intent": "", "leaf": "", "share": 0.0, "name": "没听懂", "means": ""}]  # fmt: skip


def _chosen(typed: Decision | None, group: Group, said: Mapping[str, Any]) -> dict[str, str]:
    """Return what the fields hold: what was typed, was decided, or was understood."""
    if typed is not None and typed.kind == "label":
        return {"intent": typed.intent, "leaf": typed.leaf}
    if group.decision is not None and group.decision.kind in TEACHES:
        return {"intent": group.decision.intent or "", "leaf": group.decision.leaf or ""}
    return {"intent": said["intent"], "leaf": said["leaf"]}


def _leaves(labels: Labels, cards: Sequence[Card]) -> list[dict[str, Any]]:
    """Return everything that can be a leaf: name, words to find it by, and whose it is."""
    by_id = {card.id: card for card in cards}
    usual = set(labels.leaves_of("report_problem"))
    return [
        {
            "id": leaf, "name": name,
            "find": " ".join((leaf, name, *by_id[leaf].aliases)) if leaf in by_id else name,
            "usual": leaf in usual and leaf in by_id,
            "intent": labels.intent_of_card.get(leaf, ""),
        }
        for leaf, name in labels.leaf_names.items()
    ]  # fmt: skip
