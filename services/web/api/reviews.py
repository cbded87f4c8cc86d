"""复核 over the API: what the console's pages do, for other programs."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from services.reviews.model import Kind, Review, State, counted
from services.reviews.service import LONGEST, Listed
from services.web.api.common import Answer, made_id, once_of, whole_number
from services.web.keys import SERVICES, STAFF
from services.web.routing import Routes

routes = Routes("复核")
setup = routes.setup

BASE = "/api/v1/reviews"


class ReviewsQuery(BaseModel):
    """Which items: those in a state, of a kind, of the units whose name or whose own holds the word."""

    model_config = ConfigDict(extra="forbid")

    state: State | None = None
    kind: Kind | None = None
    q: str = Field("", max_length=60, description="名称或责任单位里的字")


class ReviewSaid(Answer):
    """A review (``ok``) or a remark, and how it was answered."""

    id: int
    digest: str
    ok: bool
    remark: str
    by: str
    by_name: str
    office: str
    at: datetime
    until: date | None
    answered_by: str
    answered_at: datetime | None
    answer: str


class ReviewItem(Answer):
    """A card, certificate or other text and how its review stands."""

    key: str
    kind: Kind
    name: str
    owner: str
    owner_name: str
    state: State
    signs: bool = Field(description="true：您能复核这一条；不能的只能说有错")
    review: ReviewSaid | None = Field(description="算数的或最近的一次复核")
    remarks: int = Field(description="还没答复的错有几条")


class Reviews(Answer):
    """Items, and how many there are in each state, all of them counted."""

    counts: dict[str, int]
    items: list[ReviewItem]


class ReviewPart(Answer):
    """A part of what residents are told."""

    path: str
    label: str
    lines: list[str] = Field(description="空：这一项去掉了")
    before: list[str] | None = Field(description="上次有人看时的话；null：没有改")


class ReviewDetail(ReviewItem):
    """With the words, their digest, and everything that was said of it, the newest first."""

    digest: str
    content: list[ReviewPart]
    days: list[int] = Field(description="看过一次能管多少天，第一个是通常的")
    reviews: list[ReviewSaid]


class ReviewWanted(BaseModel):
    """That the words of this digest were read: right, or what is wrong in them."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"digest": "0" * 64, "ok": False, "remark": "电话换了"}]},
    )

    digest: str = Field(min_length=64, max_length=64, description="读的是哪一稿")
    ok: bool
    remark: str = Field("", max_length=LONGEST)
    days: int | None = Field(None, description="管多少天；不写按通常的")


class ReviewMade(Answer):
    """The review that was kept."""

    id: int


class RemarkAnswer(BaseModel):
    """Why nothing is changed."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"text": "核对过，电话没换"}]}
    )

    text: str = Field(min_length=2, max_length=LONGEST)


class AnswerKept(Answer):
    """The remark was answered."""


@routes.get(
    BASE, auth="staff:reviews", query=ReviewsQuery, response=Reviews, summary="复核到哪一步"
)
async def listing(request: web.Request, query: ReviewsQuery) -> dict[str, Any]:
    """Return the items."""
    services = request.app[SERVICES]
    found = await services.reviews.listing(request[STAFF])
    lines = [_item(one, services.reviews.unit(one.item.owner)) for one in found]
    word = query.q.strip()
    return {
        "counts": counted([one.standing for one in found]),
        "items": [
            line for line in lines
            if query.state in (None, line["state"]) and query.kind in (None, line["kind"])
            and (word in line["name"] or word in line["owner_name"])
        ],
    }  # fmt: skip


@routes.get(
    f"{BASE}/{{key}}", auth="staff:reviews", response=ReviewDetail, summary="一条话和它的复核"
)
async def detail(request: web.Request) -> dict[str, Any]:
    """Return an item with its words."""
    reviews = request.app[SERVICES].reviews
    found = await reviews.detail(request.match_info["key"], request[STAFF])
    item, rules = found.item, reviews.rules
    return _item(found, reviews.unit(item.owner)) | {
        "digest": item.digest,
        "content": [
            {
                "path": path,
                "label": rules.label(path),
                "lines": list(lines),
                "before": list(found.changes[path]) if path in found.changes else None,
            }
            for path, lines in found.shown
        ],
        "days": list(rules.holds[item.kind]),
        "reviews": [ReviewSaid.model_validate(r).model_dump(mode="json") for r in found.reviews],
    }


@routes.post(
    f"{BASE}/{{key}}", auth="staff:reviews_remark", body=ReviewWanted, response=ReviewMade, status=201,
    idempotency_key=True, summary="看过：没问题，或者哪里有错",
)  # fmt: skip
async def review(request: web.Request, body: ReviewWanted) -> ReviewMade:
    """Keep a review."""
    made = await request.app[SERVICES].reviews.review(
        request.match_info["key"], request[STAFF], ok=body.ok, digest=body.digest,
        remark=body.remark, days=body.days, form=made_id(request),
        once=once_of(request, body.model_dump(mode="json")),
    )  # fmt: skip
    return ReviewMade(id=made)


@routes.post(
    f"{BASE}/{{key}}/remarks/{{id}}", auth="staff:reviews_sign", body=RemarkAnswer, response=AnswerKept,
    summary="答复一条错：为什么不用改",
)  # fmt: skip
async def answer(request: web.Request, body: RemarkAnswer) -> dict[str, Any]:
    """Answer a remark."""
    number = whole_number(request, "review_not_found", "没有这一条。")
    key = request.match_info["key"]
    await request.app[SERVICES].reviews.answer(key, number, request[STAFF], body.text)
    return {}


def _item(one: Listed, owner: str) -> dict[str, Any]:
    item, standing = one.item, one.standing
    review: Review | None = standing.review
    return {
        "key": item.key, "kind": item.kind, "name": item.name, "owner": item.owner,
        "owner_name": owner, "state": standing.state, "signs": one.signs,
        "review": review and ReviewSaid.model_validate(review).model_dump(mode="json"), "remarks": len(standing.remarks),
    }  # fmt: skip
