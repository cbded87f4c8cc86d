"""审计: who looked at what and why, and whether the chain holds."""

from __future__ import annotations

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from services.audit.journal import action_name
from services.people.model import ROLE_NAMES
from services.tickets.core.numbers import BadTicketNumber, parse_ticket_number
from services.web.api.audit import AUTH, LOOKED_BACK
from services.web.console.frame import console_page
from services.web.keys import SERVICES
from services.web.routing import Routes

routes = Routes("工作台")

PATH = "/console/audit"


class AuditQuery(BaseModel):
    """Narrowed to a ticket or a person; ``verify``: check the chain of the last days."""

    model_config = ConfigDict(extra="ignore")

    ticket: str = Field("", max_length=30)
    who: str = Field("", max_length=60)
    verify: bool = False


@routes.get(PATH, auth=AUTH, page=True, query=AuditQuery, summary="审计记录")
async def entries(request: web.Request, query: AuditQuery) -> web.Response:
    """The newest entries; a number that is none finds nothing and says so."""
    services = request.app[SERVICES]
    subject, refusal = None, ""
    if query.ticket.strip():
        try:
            subject = f"ticket:{parse_ticket_number(query.ticket)}"
        except BadTicketNumber as error:
            refusal = str(error)
    found = await services.audit.entries(subject, query.who.strip() or None)
    report = None
    if query.verify:
        report = await services.audit.verify(services.clock.now().date() - LOOKED_BACK)
    return console_page(
        request, "audit", "audit", 422 if refusal else 200, entries=[] if refusal else found,
        query=query, refusal=refusal, report=report, action_name=action_name, roles=ROLE_NAMES,
        days=LOOKED_BACK.days, url=PATH,
    )  # fmt: skip
