"""月探访: whom to visit, a visit, the list's keeping, the month's figures."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from services.errors import LindaError
from services.visits.service import Elder, NewAbsence, NewAlert, NewConsent, NewTarget, NewVisit
from services.web.api.common import Answer, made_id, once_of
from services.web.auth import actor_of
from services.web.keys import SERVICES, STAFF
from services.web.routing import Routes

routes = Routes("探访")
setup = routes.setup

PATH = "/api/v1/visits"
ONE = PATH + "/{elder}"
SEE, RECORD, KEEP = "staff:visits", "staff:visits_record", "staff:visits_keep"


class MonthQuery(BaseModel):
    """``month``: ``2026-11``; empty is this month."""

    model_config = ConfigDict(extra="ignore")

    month: str = ""

    def day(self, today: date) -> date:
        """Return the first day of the month.

        Raises:
            LindaError: 422 ``month_wrong``.
        """
        try:
            return date.fromisoformat(f"{self.month}-01") if self.month else today.replace(day=1)
        except ValueError:
            words = "月份要写成 2026-11 这样。"
            raise LindaError("month_wrong", words, 422, {"month": words}) from None


class ElderWanted(NewTarget):
    """An elder who is put on the list."""

    model_config = ConfigDict(
        extra="forbid",
        str_strip_whitespace=True,
        json_schema_extra={
            "examples": [
                {
                    "name": "王秀英", "building_id": "xingfu-3", "door": "2单元401",
                    "phone": "0439-00000299", "family": "儿子 0439-00000298", "kinds": ["alone"],
                    "risk": "key", "consent": "given",
                }
            ]
        },
    )  # fmt: skip


class VisitWanted(NewVisit):
    """What a visit found; ``id`` is the caller's own: sent twice it is one visit."""

    model_config = ConfigDict(
        extra="forbid",
        str_strip_whitespace=True,
        json_schema_extra={
            "examples": [
                {
                    "id": "visit-2026-11-24-1", "way": "door", "reached": True, "state": "well",
                    "note": "精神不错",
                }
            ]
        },
    )  # fmt: skip


class AwayWanted(BaseModel):
    """Days away from home; without ``until`` it is not known when they end."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"kind": "hospital", "starts": "2026-11-24"}]},
    )

    kind: str
    starts: date
    until: date | None = None


class ConsentWanted(BaseModel):
    """What the elder or the guardian said; without ``day`` it was today."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"answer": "refused", "said_by": "self", "form": "oral"}]},
    )

    answer: str
    purpose: str = "visit"
    said_by: str = "self"
    form: str = "oral"
    day: date | None = None


class AlertWanted(BaseModel):
    """Something grave that was heard of."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"kind": "fall"}]})

    kind: str


class RiskWanted(BaseModel):
    """How often an elder is to be visited."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"risk": "high"}]})

    risk: str


class Leaving(BaseModel):
    """Why somebody is not visited any more."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"why": "搬去和女儿住"}]}
    )

    why: str = Field(max_length=100)


class Why(BaseModel):
    """Why a number has to be seen; it stays on record."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"reason": "上门前说一声"}]}
    )

    reason: str = Field(max_length=200)


class DueVisit(Answer):
    """When the next visit is due, and why then."""

    model_config = ConfigDict(from_attributes=True, extra="allow")

    at: datetime


class AwayNow(Answer):
    """Days away from home."""

    kind: str
    starts: date
    until: date | None


class ConsentLine(Answer):
    """An answer on record."""

    purpose: str
    answer: str
    said_by: str
    form: str
    day: date
    by: str


class ElderLine(Answer):
    """An elder; the phone is masked, the name too for who does not visit."""

    id: str
    name: str
    place: str
    door: str
    phone: str | None
    family: str = Field(description="“有”：留了家里人的电话")
    grid_id: str
    kinds: list[str]
    risk: str
    due: DueVisit
    late: bool
    month: str | None
    away: AwayNow | None
    last: datetime | None
    declined: bool = Field(description="不愿意被探访：不催，月探访率里列在例外")
    consents: list[ConsentLine] = Field(description="说过的，按日子排；最近一条算数")


class Elders(Answer):
    """The elders of the caller's area, the next due first."""

    elders: list[ElderLine]


class VisitLine(Answer):
    """A visit."""

    at: datetime
    by: str
    way: str
    reached: bool
    counts: bool
    state: str | None
    note: str
    ticket_no: str | None


class ElderSeen(Answer):
    """One elder with the latest visits."""

    elder: ElderLine
    visits: list[VisitLine]


class VisitKept(Answer):
    """The ticket that the visit's need became, if it had one."""

    ticket_no: str | None


class ElderMade(Answer):
    """An elder who is on the list."""

    id: str


class Numbers(Answer):
    """Phone and family in the clear."""

    phone: str
    family: str


class GridMonth(Answer):
    """A grid's month."""

    community_id: str
    grid_id: str
    targets: int
    visited: int
    exceptions: int = Field(description="不在家占了多半个月的，和不愿意的")
    declined: int = Field(description="例外里，不愿意被探访的")
    missed: int
    rate: float | None


class VisitMonth(Answer):
    """A month by grid: numbers, no names."""

    month: str
    grids: list[GridMonth]


class VisitReminder(Answer):
    """What a grid is reminded of."""

    grid_id: str
    text: str
    at: datetime


class VisitReminders(Answer):
    """What nobody has seen (at most 20)."""

    reminders: list[VisitReminder]


class VisitChoices(Answer):
    """What can be written, by code with its name."""

    kinds: dict[str, str]
    risks: dict[str, str]
    ways: dict[str, str]
    states: dict[str, str]
    absences: dict[str, str]
    alerts: dict[str, str]
    consent: dict[str, dict[str, str]] = Field(description="purposes、answers、said_by、forms")


@routes.get(PATH, auth=SEE, response=Elders, summary="要探访的老人，最急的在前")
async def elders(request: web.Request) -> Elders:
    """Return the elders of the caller's area; phones are masked."""
    found = await request.app[SERVICES].visits.elders(actor_of(request[STAFF]))
    return Elders(elders=[_line(e) for e in found])


@routes.post(
    PATH, auth=KEEP, body=ElderWanted, response=ElderMade, status=201, idempotency_key=True,
    summary="加进探访名册",
)  # fmt: skip
async def add(request: web.Request, body: ElderWanted) -> ElderMade:
    """Put an elder on the list."""
    id = await request.app[SERVICES].visits.add(
        body, actor_of(request[STAFF]), made_id(request), once_of(request, body.model_dump())
    )
    return ElderMade(id=id)


@routes.get(
    f"{PATH}/figures", auth="staff:visits_figures", query=MonthQuery, response=VisitMonth, summary="月探访率"
)  # fmt: skip
async def figures(request: web.Request, query: MonthQuery) -> dict[str, Any]:
    """Return the month by grid."""
    services = request.app[SERVICES]
    month = query.day(services.clock.now().date())
    rows = await services.visits.figures(actor_of(request[STAFF]), month)
    return {
        "month": f"{month:%Y-%m}",
        "grids": [
            {
                "community_id": c, "grid_id": g, "targets": r.targets, "visited": r.visited,
                "exceptions": r.excepted, "declined": r.declined,
                "missed": r.missed, "rate": r.share,
            }
            for c, g, r in rows
        ],
    }  # fmt: skip


@routes.get(f"{PATH}/choices", auth=SEE, response=VisitChoices, summary="探访能写什么")
async def choices(request: web.Request) -> VisitChoices:
    """Return the codes that the other calls take."""
    rules = request.app[SERVICES].visits.rules
    return VisitChoices(
        kinds=rules.kinds, absences=rules.absences, alerts=rules.alerts,
        risks={k: r.name for k, r in rules.risks.items()},
        ways={k: w.name for k, w in rules.ways.items()},
        states={k: c.name for k, c in rules.states.items()}, consent=rules.consent.model_dump(include={"purposes", "answers", "said_by", "forms"}),
    )  # fmt: skip


@routes.get(f"{PATH}/reminders", auth=SEE, response=VisitReminders, summary="探访提醒")
async def reminders(request: web.Request) -> VisitReminders:
    """Return what the caller's grids were reminded of."""
    return await _reminders(request)


@routes.post(f"{PATH}/reminders/seen", auth=SEE, response=VisitReminders, summary="探访提醒知道了")
async def seen(request: web.Request) -> VisitReminders:
    """Put them away."""
    await request.app[SERVICES].visits.seen(actor_of(request[STAFF]))
    return await _reminders(request)


async def _reminders(request: web.Request) -> VisitReminders:
    found = await request.app[SERVICES].visits.reminders(actor_of(request[STAFF]))
    return VisitReminders(reminders=[VisitReminder.model_validate(r) for r in found])


@routes.get(ONE, auth=SEE, response=ElderSeen, summary="一位老人和最近的探访")
async def one(request: web.Request) -> ElderSeen:
    """Return one; that it was looked at goes on record."""
    return await _seen(request)


@routes.post(
    ONE, auth=RECORD, body=VisitWanted, response=VisitKept, status=201, summary="记一次探访"
)
async def visit(request: web.Request, body: VisitWanted) -> VisitKept:
    """Keep a visit; a need becomes a ticket."""
    number = await request.app[SERVICES].visits.record(
        request.match_info["elder"], body, actor_of(request[STAFF])
    )
    return VisitKept(ticket_no=number)


@routes.post(
    f"{ONE}/phone", auth=RECORD, body=Why, response=Numbers, summary="看老人电话，写明理由"
)
async def phone(request: web.Request, body: Why) -> Numbers:
    """Show the numbers; who, when and why goes on record."""
    shown = await request.app[SERVICES].visits.phone(
        request.match_info["elder"], request[STAFF], actor_of(request[STAFF]), body.reason
    )
    return Numbers.model_validate(shown)


@routes.post(
    f"{ONE}/away", auth=SEE, body=AwayWanted, response=ElderSeen, status=201, idempotency_key=True,
    summary="不在家的日子",
)  # fmt: skip
async def away(request: web.Request, body: AwayWanted) -> ElderSeen:
    """Keep days away from home."""
    wanted = NewAbsence(id=made_id(request), **body.model_dump())
    await request.app[SERVICES].visits.away(
        request.match_info["elder"], wanted, actor_of(request[STAFF])
    )
    return await _seen(request)


@routes.post(
    f"{ONE}/consent", auth=SEE, body=ConsentWanted, response=ElderSeen, status=201, idempotency_key=True,
    summary="愿不愿意被探访",
)  # fmt: skip
async def consent(request: web.Request, body: ConsentWanted) -> ElderSeen:
    """Keep what the elder or the guardian said; a no erases at once what was noted of visits before."""
    visits, today = request.app[SERVICES].visits, request.app[SERVICES].clock.now().date()
    given = body.model_dump() | {"day": body.day or today}
    await visits.consent(
        request.match_info["elder"], NewConsent(id=made_id(request), **given),
        actor_of(request[STAFF]),
    )  # fmt: skip
    return await _seen(request)


@routes.post(f"{ONE}/back", auth=SEE, response=ElderSeen, summary="回来了")
async def back(request: web.Request) -> ElderSeen:
    """End what is open."""
    await request.app[SERVICES].visits.back(request.match_info["elder"], actor_of(request[STAFF]))
    return await _seen(request)


@routes.post(
    f"{ONE}/alert", auth=SEE, body=AlertWanted, response=ElderSeen, status=201, idempotency_key=True,
    summary="出了变故：按时限上门",
)  # fmt: skip
async def alert(request: web.Request, body: AlertWanted) -> ElderSeen:
    """Note something grave."""
    wanted = NewAlert(id=made_id(request), kind=body.kind)
    await request.app[SERVICES].visits.alert(
        request.match_info["elder"], wanted, actor_of(request[STAFF])
    )
    return await _seen(request)


@routes.post(f"{ONE}/risk", auth=KEEP, body=RiskWanted, response=ElderSeen, summary="改风险档")
async def risk(request: web.Request, body: RiskWanted) -> ElderSeen:
    """Change how often an elder is visited."""
    await request.app[SERVICES].visits.change_risk(
        request.match_info["elder"], actor_of(request[STAFF]), body.risk
    )
    return await _seen(request)


@routes.post(f"{ONE}/leave", auth=KEEP, body=Leaving, response=ElderMade, summary="移出名册")
async def leave(request: web.Request, body: Leaving) -> ElderMade:
    """Take an elder off the list from today on."""
    id = request.match_info["elder"]
    await request.app[SERVICES].visits.leave(id, actor_of(request[STAFF]), body.why)
    return ElderMade(id=id)


async def _seen(request: web.Request) -> ElderSeen:
    staff = request[STAFF]
    found, visits = await request.app[SERVICES].visits.elder(
        request.match_info["elder"], staff, actor_of(staff)
    )
    return ElderSeen(elder=_line(found), visits=[VisitLine.model_validate(v) for v in visits])


def _line(elder: Elder) -> ElderLine:
    return ElderLine.model_validate(elder)
