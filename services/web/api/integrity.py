"""What staff raise about conduct: retaliation, evasion, a leak; a case that they do not see themselves."""

from __future__ import annotations

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from services.web.api.common import Answer
from services.web.auth import actor_of
from services.web.keys import SERVICES, STAFF
from services.web.routing import Routes, idempotency_key

routes = Routes("廉政")
setup = routes.setup

AUTH = "staff:integrity"
PATH = "/api/v1/integrity-matters"


class RaisedMatter(BaseModel):
    """What somebody of staff has seen or heard."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"kind": "leak", "text": "有人把反映人的电话给了物业", "org": "property"}]
        },
    )

    kind: str = Field(max_length=40, description="哪种情形，见 GET")
    text: str = Field(max_length=1000, description="看到、听到了什么")
    ticket_no: str | None = Field(None, max_length=30, description="说的是哪件工单")
    org: str | None = Field(None, max_length=40, description="说的是哪个单位")


class MatterKind(Answer):
    """One kind that staff can raise."""

    kind: str
    name: str


class MatterKinds(Answer):
    """The kinds of article 35 and article 8."""

    kinds: list[MatterKind]


class OpenedMatter(Answer):
    """The number of the case: for asking the auditor, not for looking."""

    number: str


def kinds_of(request: web.Request) -> dict[str, str]:
    """Return what staff can raise, code → name."""
    matters = request.app[SERVICES].tickets.rules.integrity
    return {code: m.name.removesuffix("核查") for code, m in matters.items() if m.staff}


@routes.get(PATH, auth=AUTH, response=MatterKinds, summary="可以反映哪些情形")
async def kinds(request: web.Request) -> MatterKinds:
    """Return the kinds."""
    named = kinds_of(request).items()
    return MatterKinds(kinds=[MatterKind(kind=code, name=name) for code, name in named])


@routes.post(
    PATH, auth=AUTH, body=RaisedMatter, response=OpenedMatter, status=201, idempotency_key=True,
    summary="反映作风、廉政问题：单独立案，只有审计和去查的单位看得到",
)  # fmt: skip
async def raise_matter(request: web.Request, body: RaisedMatter) -> OpenedMatter:
    """Open a case."""
    key, staff = idempotency_key(request), request[STAFF]
    number = await request.app[SERVICES].tickets.raise_matter(
        staff, actor_of(staff), body.kind, body.text, f"{staff.id}:{key}", body.ticket_no, body.org
    )
    return OpenedMatter(number=number)
