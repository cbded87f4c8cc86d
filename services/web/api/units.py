"""Whom tickets go to: units, who works there, the dispatch directory; and the standard texts."""

from __future__ import annotations

from datetime import date

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from services.errors import LindaError
from services.tickets.core.dispatch import DispatchRule, Route
from services.tickets.core.location import Location
from services.tickets.core.workflow import DOERS
from services.web.api.common import Answer
from services.web.console import texts
from services.web.keys import SERVICES
from services.web.routing import Routes

routes = Routes("单位、派单目录、话术")
setup = routes.setup

DIRECTORY = "/api/v1/dispatch-directory"


class UnitLine(Answer):
    """A unit that tickets can be dispatched to."""

    id: str
    name: str
    kind: str
    phone: str | None


class Units(Answer):
    """The units, in the locality's order."""

    units: list[UnitLine]


class Worker(Answer):
    """Somebody who does work."""

    id: str
    name: str
    role: str
    role_name: str
    org_id: str
    community_id: str | None
    grid_ids: list[str]


class Workers(Answer):
    """Who can be named as the person in charge."""

    staff: list[Worker]


class WorkersQuery(BaseModel):
    """Of which unit."""

    model_config = ConfigDict(extra="forbid")

    org: str | None = Field(None, max_length=60)


class DirectoryRoute(Answer):
    """Who leads and who assists, and why."""

    lead: str
    assists: list[str]
    duty: str
    basis: str
    power: str | None
    known: bool = Field(description="false：目录里没有，要人来定")
    anywhere: bool
    line: int


class DirectoryLine(Answer):
    """A line; empty conditions hold for all."""

    leaves: list[str]
    communities: list[str]
    compounds: list[str]
    about: list[str]
    valid_from: date | None
    valid_to: date | None
    route: DirectoryRoute


class DirectoryNow(Answer):
    """The directory that counts, with its version; tickets keep which one they went by."""

    version: str
    digest: str
    lines: list[DirectoryLine]
    community_leaves: list[str]
    community_basis: str
    gaps: list[DirectoryGap]


class DirectoryGap(Answer):
    """A matter that no line leads for everybody, and the first such day of the coming year."""

    leaf: str
    day: date


class RouteQuery(BaseModel):
    """A matter at a place, on a day; without it today."""

    model_config = ConfigDict(extra="forbid")

    leaf: str = Field(max_length=8)
    community: str | None = Field(None, max_length=60)
    compound: str | None = Field(None, max_length=60)
    about: str | None = Field(None, max_length=20)
    on: date | None = None


class TextsQuery(BaseModel):
    """A word that the text or its key holds."""

    model_config = ConfigDict(extra="forbid")

    q: str = Field("", max_length=60)


class StandardText(Answer):
    """A standard text; ``elder`` is empty when large-type mode says the plain form, ``hard`` why that is hard to read."""

    key: str
    plain: str
    elder: str
    buttons: list[str]
    hard: list[str]


class StandardTexts(Answer):
    """Standard texts by where they belong."""

    files: dict[str, list[StandardText]]


@routes.get("/api/v1/units", auth="staff", response=Units, summary="能接单的单位")
async def units(request: web.Request) -> Units:
    """Return the units."""
    found = request.app[SERVICES].people.orgs()
    return Units(units=[UnitLine.model_validate(o) for o in found])


@routes.get(
    "/api/v1/staff", auth="staff:directory", query=WorkersQuery, response=Workers, summary="能指定的承办人"
)  # fmt: skip
async def workers(request: web.Request, query: WorkersQuery) -> Workers:
    """Return who does work, of a unit or of all; nobody's phone."""
    roster = await request.app[SERVICES].people.roster()
    found = [s for s in roster if s.role in DOERS and query.org in (None, s.org_id)]
    return Workers(staff=[Worker.model_validate(s) for s in found])


@routes.get(DIRECTORY, auth="staff:directory", response=DirectoryNow, summary="派单目录和它的版本")
async def directory(request: web.Request) -> DirectoryNow:
    """Return the directory."""
    services = request.app[SERVICES]
    tickets, today = services.tickets, services.clock.now().date()
    kept = tickets.directory
    gaps = kept.gaps(list(tickets.leaves), today, today.replace(year=today.year + 1, day=1))
    return DirectoryNow(
        version=kept.version, digest=kept.digest, lines=[_line(r) for r in kept.rules],
        community_leaves=sorted(kept.community_leaves), community_basis=kept.community_basis,
        gaps=[DirectoryGap(leaf=leaf, day=day) for leaf, day in gaps],
    )  # fmt: skip


@routes.get(
    DIRECTORY + "/route", auth="staff:directory", query=RouteQuery, response=DirectoryRoute, summary="这件事在这里派给谁"
)  # fmt: skip
async def route(request: web.Request, query: RouteQuery) -> DirectoryRoute:
    """Return what the directory says of a matter at a place."""
    services = request.app[SERVICES]
    if query.leaf not in services.tickets.leaves:
        raise LindaError(
            "leaf_unknown", "没有这个事项。", 422, {"leaf": "见 GET /api/v1/catalogue。"}
        )
    place = Location(community_id=query.community, compound_id=query.compound)
    on = query.on or services.clock.now().date()
    return _route(services.tickets.directory.route(query.leaf, place, query.about, on))


def _line(rule: DispatchRule) -> DirectoryLine:
    return DirectoryLine(
        leaves=sorted(rule.leaves), communities=sorted(rule.communities),
        compounds=sorted(rule.compounds), about=sorted(rule.about), valid_from=rule.valid_from,
        valid_to=rule.valid_to, route=_route(rule.route),
    )  # fmt: skip


def _route(found: Route) -> DirectoryRoute:
    return DirectoryRoute.model_validate(found)


@routes.get(
    "/api/v1/texts", auth="staff:models", query=TextsQuery, response=StandardTexts, summary="全部话术，普通和长辈版"
)  # fmt: skip
async def standard_texts(request: web.Request, query: TextsQuery) -> StandardTexts:
    """Return the standard texts, narrowed by a word."""
    found = texts.shown(request.app[SERVICES], query.q.strip())
    return StandardTexts(
        files={name: [StandardText.model_validate(t) for t in group] for name, group in found}
    )
