"""复核: everything that answers residents, who has read it, and the two buttons that say so."""

from __future__ import annotations

import secrets
from typing import Annotated

from aiohttp import web
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from services.errors import LindaError
from services.reviews.model import KIND_NAMES, STATE_NAMES, Kind, State, counted
from services.reviews.service import LONGEST
from services.web.api.common import whole_number
from services.web.console.frame import REFUSALS, console_page
from services.web.keys import SERVICES, STAFF
from services.web.routing import Routes

routes = Routes("复核")
setup = routes.setup

AUTH, SIGN, REMARK = "staff:reviews", "staff:reviews_sign", "staff:reviews_remark"
PATH = "/console/reviews"
HERE = "reviews"
EMPTY = BeforeValidator(lambda given: given or None)
"""A choice that a form left open."""


class ReviewsQuery(BaseModel):
    """Which items are shown; ``mine``: those that the person may review."""

    model_config = ConfigDict(extra="ignore")

    state: Annotated[State | None, EMPTY] = None
    kind: Annotated[Kind | None, EMPTY] = None
    mine: bool = False
    q: str = Field("", max_length=60)


@routes.get(PATH, auth=AUTH, page=True, query=ReviewsQuery, summary="复核")
async def listing(request: web.Request, query: ReviewsQuery) -> web.Response:
    """All items, what is said to be wrong first; the counts are those of what the other filters leave."""
    reviews = request.app[SERVICES].reviews
    found = await reviews.listing(request[STAFF])
    word = query.q.strip()
    units = {i.owner: reviews.unit(i.owner) for i in (f.item for f in found)}
    left = [
        f for f in found
        if query.kind in (None, f.item.kind) and (f.signs or not query.mine)
        and (word in f.item.name or word in units[f.item.owner])
    ]  # fmt: skip
    order = list(STATE_NAMES)
    shown = sorted(
        (f for f in left if query.state in (None, f.standing.state)),
        key=lambda f: order.index(f.standing.state),
    )
    return console_page(
        request, "reviews", HERE, items=shown, counts=counted([f.standing for f in left]),
        total=len(left), states=STATE_NAMES, kinds=KIND_NAMES, units=units, query=query, url=PATH,
        signs=any(f.signs for f in found) and not all(f.signs for f in found),
        signs_any=any(f.signs for f in found), by=reviews.readings.by,
    )  # fmt: skip


@routes.get(f"{PATH}/{{key}}", auth=AUTH, page=True, summary="一条话的复核")
async def detail(request: web.Request) -> web.Response:
    """The words as residents are told them, and what was said of them."""
    return await _detail(request)


@routes.post(f"{PATH}/{{key}}", auth=REMARK, page=True, summary="看过：没问题，或者有错")
async def review(request: web.Request) -> web.Response:
    """Keep a review or a remark; refused, what was typed stays."""
    typed = await _typed(request)
    days, form = typed.get("days", ""), typed.get("form", "")
    try:
        if not 8 <= len(form) <= 40:
            raise LindaError("invalid_fields", "这一页太旧了，请重新打开再看。", 422)
        await request.app[SERVICES].reviews.review(
            request.match_info["key"], request[STAFF], ok=typed.get("do") == "ok",
            digest=typed.get("digest", ""), remark=typed.get("remark", ""), form=form,
            days=int(days) if days.isascii() and days.isdigit() and len(days) < 6 else None,
        )  # fmt: skip
    except LindaError as error:
        if error.status not in REFUSALS:
            raise
        return await _detail(request, error, typed.get("remark", ""))
    raise web.HTTPSeeOther(f"{PATH}/{request.match_info['key']}")


@routes.post(f"{PATH}/{{key}}/remarks/{{id}}", auth=SIGN, page=True, summary="答复：不用改")
async def answer(request: web.Request) -> web.Response:
    """Answer a remark: why the words stay."""
    number = whole_number(request, "review_not_found", "没有这一条。")
    key, typed = request.match_info["key"], await _typed(request)
    try:
        await request.app[SERVICES].reviews.answer(
            key, number, request[STAFF], typed.get("text", "")
        )
    except LindaError as error:
        if error.status not in REFUSALS:
            raise
        return await _detail(request, error)
    raise web.HTTPSeeOther(f"{PATH}/{key}")


async def _detail(
    request: web.Request, refusal: LindaError | None = None, remark: str = ""
) -> web.Response:
    reviews = request.app[SERVICES].reviews
    found = await reviews.detail(request.match_info["key"], request[STAFF])
    return console_page(
        request, "review", HERE, refusal.status if refusal else 200, found=found, rules=reviews.rules,
        unit=reviews.unit(found.item.owner), states=STATE_NAMES, kinds=KIND_NAMES, url=PATH,
        refusal=refusal.message if refusal else "", remark=remark, longest=LONGEST,
        following=await reviews.following(found.item.key, request[STAFF]),
        form=secrets.token_urlsafe(12), by=reviews.readings.by,
    )  # fmt: skip


async def _typed(request: web.Request) -> dict[str, str]:
    return {k: v for k, v in (await request.post()).items() if isinstance(v, str)}
