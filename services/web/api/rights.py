"""Requests of residents about their own data, and emergency looks by two persons."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from services import cursors
from services.rights.service import KINDS, PROOFS, STATES
from services.web.api.common import Answer, Page, PageQuery, once_of, paged
from services.web.keys import SERVICES, STAFF
from services.web.routing import Routes

routes = Routes("数据权利")
setup = routes.setup

PATH = "/api/v1/rights/requests"
ONE = PATH + "/{id}"
GLASS = "/api/v1/rights/glasses"
REGISTER, DECIDE = "staff:rights_register", "staff:rights_decide"
State = Literal["open", "approved", "refused", "done"]


class RequestsQuery(PageQuery):
    """Which requests."""

    state: State | None = None


class NewRequest(BaseModel):
    """A request at the counter, of somebody whose identity was verified."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"kind": "copy", "phone": "13812345678", "proof": "id_seen", "wish": ""}]
        },
    )

    kind: str = Field(max_length=20, description="、".join(f"{k} {v}" for k, v in KINDS.items()))
    phone: str = Field(max_length=30, description="本人的电话")
    proof: str = Field(max_length=20, description="、".join(f"{k} {v}" for k, v in PROOFS.items()))
    wish: str = Field("", max_length=500, description="更正的，写明改成什么")


class RightsDecision(BaseModel):
    """Yes or no, with the reason that the person is told."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"approve": True, "answer": "核对过身份，可以给本人"}]},
    )

    approve: bool
    answer: str = Field(max_length=500)


class Correction(BaseModel):
    """For a correction: what is right; else empty."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"name": "张桂兰"}]})

    name: str = Field("", max_length=60)
    phone: str = Field("", max_length=30)


class DataRequest(Answer):
    """A request, without the person's number."""

    id: str
    kind: str
    kind_name: str
    channel: str
    state: State
    state_name: str
    phone: str = Field(description="遮住的")
    wish: str
    proof: str
    filed_at: datetime
    filed_by: str
    due_on: date
    decided_at: datetime | None
    decided_by: str | None
    answer: str
    done_at: datetime | None
    result: dict[str, Any]


class DataRequests(Page):
    """Requests, the newest first."""

    requests: list[DataRequest]


class PersonData(Answer):
    """Everything stored of a person, for that person."""

    model_config = ConfigDict(extra="allow")


class NewGlass(BaseModel):
    """An emergency look that is asked for."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"ticket_no": "SQ-261124-00001-6", "reason": "页面打不开，要看原始内容"}]
        },
    )

    ticket_no: str = Field(max_length=40)
    reason: str = Field(max_length=500)


class Glass(Answer):
    """An emergency look: asked by one person, approved by another, open for half an hour."""

    id: str
    ticket_no: str
    asked_by: str
    asked_at: datetime
    reason: str
    approved_by: str | None
    approved_at: datetime | None
    until: datetime | None


class Glasses(Answer):
    """Those of the last 30 days that the caller may see, the newest first (at most 100)."""

    glasses: list[Glass]


class TicketSeen(Answer):
    """A ticket as an auditor sees it."""

    model_config = ConfigDict(extra="allow")

    ticket_no: str


@routes.get(
    PATH, auth=REGISTER, query=RequestsQuery, response=DataRequests, summary="居民的个人信息申请"
)
async def listing(request: web.Request, query: RequestsQuery) -> DataRequests:
    """Return requests."""
    found = await request.app[SERVICES].rights.page(query.state, query.moment, query.limit + 1)
    rows, last = paged([*found], query.limit)
    return DataRequests(
        requests=[_shown(request, r) for r in rows],
        next_cursor=cursors.pack(last.filed_at, last.id) if last else None,
    )


@routes.post(
    PATH, auth=REGISTER, body=NewRequest, response=DataRequest, status=201, idempotency_key=True,
    summary="登记一件个人信息申请",
)  # fmt: skip
async def register(request: web.Request, body: NewRequest) -> DataRequest:
    """Take a request."""
    row = await request.app[SERVICES].rights.register(
        request[STAFF], body.kind, body.phone, body.proof, body.wish,
        once_of(request, body.model_dump()),
    )  # fmt: skip
    return _shown(request, row)


@routes.get(ONE, auth=REGISTER, response=DataRequest, summary="一件个人信息申请")
async def one(request: web.Request) -> DataRequest:
    """Return one."""
    return _shown(request, await request.app[SERVICES].rights.get(request.match_info["id"]))


@routes.post(
    ONE + "/decision", auth=DECIDE, body=RightsDecision, response=DataRequest, summary="批准或不同意"
)  # fmt: skip
async def decide(request: web.Request, body: RightsDecision) -> DataRequest:
    """Approve or refuse, as a second person."""
    row = await request.app[SERVICES].rights.decide(
        request[STAFF], request.match_info["id"], body.approve, body.answer
    )
    return _shown(request, row)


@routes.post(
    ONE + "/carry-out", auth=REGISTER, body=Correction, response=DataRequest, summary="更正、撤回同意、删除"
)  # fmt: skip
async def carry_out(request: web.Request, body: Correction) -> DataRequest:
    """Do what was asked."""
    row = await request.app[SERVICES].rights.carry_out(
        request[STAFF], request.match_info["id"], body.name, body.phone
    )
    return _shown(request, row)


@routes.post(
    ONE + "/export", auth=REGISTER, response=PersonData, summary="导出本人的全部信息（批准以后）"
)
async def export(request: web.Request) -> Any:
    """Return everything stored of the person; each time goes on record."""
    return await request.app[SERVICES].rights.export(request[STAFF], request.match_info["id"])


@routes.get(GLASS, auth="staff:rights", response=Glasses, summary="应急查看的申请")
async def glasses(request: web.Request) -> Glasses:
    """Return what the caller asked for, or may approve."""
    found = await request.app[SERVICES].rights.glasses_for(request[STAFF])
    return Glasses(glasses=[Glass.model_validate(g) for g in found])


@routes.post(
    GLASS, auth="staff:glass_ask", body=NewGlass, response=Glass, status=201, idempotency_key=True,
    summary="申请应急查看一件工单",
)  # fmt: skip
async def glass_ask(request: web.Request, body: NewGlass) -> Glass:
    """Ask, with a reason."""
    once = once_of(request, body.model_dump())
    row = await request.app[SERVICES].rights.glass_ask(
        request[STAFF], body.ticket_no, body.reason, once
    )
    return Glass.model_validate(row)


@routes.post(
    GLASS + "/{id}/approval", auth="staff:glass_approve", response=Glass, summary="批准应急查看"
)
async def glass_approve(request: web.Request) -> Glass:
    """Allow it for half an hour, as the second person."""
    rights = request.app[SERVICES].rights
    return Glass.model_validate(
        await rights.glass_approve(request[STAFF], request.match_info["id"])
    )


@routes.post(
    GLASS + "/{id}/opening", auth="staff:glass_ask", response=TicketSeen, summary="应急查看（批准后半小时内）"
)  # fmt: skip
async def glass_open(request: web.Request) -> Any:
    """Return the ticket; each look goes on record."""
    return await request.app[SERVICES].rights.glass_open(request[STAFF], request.match_info["id"])


def _shown(request: web.Request, row: Any) -> DataRequest:
    told = request.app[SERVICES].rights.told(row)
    names = {"kind_name": KINDS[row.kind], "state_name": STATES[row.state]}
    own = {n: getattr(row, n) for n in DataRequest.model_fields if hasattr(row, n)}
    return DataRequest.model_validate({**own, **told, **names})
