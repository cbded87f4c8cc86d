"""未诉先办、三项清单 over the API: what the console's pages do, for other programs."""

from __future__ import annotations

from typing import Any

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from services.foresight.service import Finding
from services.lists.service import KINDS, LISTS, STATES, Line, NewItem
from services.web.api.common import Answer, made_id, once_of
from services.web.auth import actor_of
from services.web.keys import SERVICES, STAFF
from services.web.routing import Routes

routes = Routes("未诉先办、清单")
setup = routes.setup

BASE = "/api/v1"


class ClusterWords(BaseModel):
    """A cluster's key, and what is to be done or why nothing is."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"key": "H6:building:xingfu-3", "words": "整栋楼道灯一起查"}]
        },
    )

    key: str = Field(max_length=160)
    words: str = Field(max_length=2000)


class ClusterDecision(Answer):
    """What was decided about a cluster."""

    decision: str
    reason: str
    ticket_no: str | None


class ClusterFound(Answer):
    """The same matter from more households than usual."""

    key: str
    leaf: str | None
    matter: str
    where: str
    why: str
    households: int
    usual: float
    chance: float
    tickets: list[str]
    decision: ClusterDecision | None


class Clusters(Answer):
    """What waits for a person, and what has been decided; the rarest first."""

    waiting: list[ClusterFound]
    decided: list[ClusterFound]


class FiledCluster(Answer):
    """The ticket that a cluster became."""

    ticket_no: str


class Nothing(Answer):
    """Done; there is nothing to tell."""


class ListMove(BaseModel):
    """The new state of a line, and the version that was seen."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"state": "planned", "note": "列入下月", "version": 1}]},
    )

    state: str
    note: str = Field("", max_length=300)
    version: int


class ListLineWanted(NewItem):
    """A line as it is written."""

    model_config = ConfigDict(
        extra="forbid",
        str_strip_whitespace=True,
        json_schema_extra={
            "examples": [
                {
                    "list": "need", "kind": "suggestion", "title": "楼下装个扶手",
                    "detail": "3号楼门口", "owner": "clerk1",
                }
            ]
        },
    )  # fmt: skip

    community_id: str | None = Field(None, max_length=40, description="不属于哪个社区的人写时填")

    def item(self) -> NewItem:
        """Return it as the service takes it."""
        return NewItem.model_validate(self.model_dump(exclude={"community_id"}))


class TicketOfNeed(BaseModel):
    """A ticket whose matter is a need."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"ticket_no": "SQ-261124-00001-6"}]}
    )

    ticket_no: str = Field(max_length=40)


class BoardQuery(BaseModel):
    """``over``: what is over, instead of what is not."""

    model_config = ConfigDict(extra="forbid")

    over: bool = False


class ListLine(Answer):
    """A line of the three lists."""

    id: str
    kind: str
    title: str
    detail: str
    owner: str
    state: str
    version: int
    ticket_no: str | None
    links: list[str]


class Board(Answer):
    """The three lists, the newest first (at most 500 lines)."""

    need: list[ListLine]
    resource: list[ListLine]
    project: list[ListLine]


class ListChoices(Answer):
    """What can be written: names of lists, kinds and states by their codes."""

    lists: dict[str, str]
    kinds: dict[str, dict[str, str]]
    states: dict[str, dict[str, str]]


class ListLineMade(Answer):
    """A line that was written."""

    id: str


@routes.get(
    f"{BASE}/foresight", auth="staff:foresight", response=Clusters, summary="未诉先办的线索"
)
async def findings(request: web.Request) -> dict[str, Any]:
    """What rises and waits, and what has been decided."""
    waits, decided = await request.app[SERVICES].foresight.findings(actor_of(request[STAFF]))
    return {"waiting": [_finding(f) for f in waits], "decided": [_finding(f) for f in decided]}


def _finding(f: Finding) -> dict[str, Any]:
    c, d = f.cluster, f.decision
    return {
        "key": c.key, "leaf": c.leaf, "matter": f.matter, "where": f.where, "why": f.why,
        "households": c.households, "usual": c.usual, "chance": c.chance, "tickets": c.tickets,
        "decision": d and {"decision": d.decision, "reason": d.reason, "ticket_no": d.ticket_no},
    }  # fmt: skip


@routes.post(f"{BASE}/foresight/file", auth="staff:foresight", body=ClusterWords, response=FiledCluster, status=201, summary="建未诉先办工单")  # fmt: skip
async def file(request: web.Request, body: ClusterWords) -> dict[str, Any]:
    """Make a cluster a ticket."""
    foresight = request.app[SERVICES].foresight
    return {"ticket_no": await foresight.file(body.key, actor_of(request[STAFF]), body.words)}


@routes.post(
    f"{BASE}/foresight/dismiss",
    auth="staff:foresight",
    body=ClusterWords,
    response=Nothing,
    summary="不用办",
)
async def dismiss(request: web.Request, body: ClusterWords) -> dict[str, Any]:
    """Dismiss a cluster until it grows."""
    foresight = request.app[SERVICES].foresight
    await foresight.dismiss(body.key, actor_of(request[STAFF]), body.words)
    return {}


@routes.get(
    f"{BASE}/lists", auth="staff:lists", query=BoardQuery, response=Board, summary="三项清单"
)
async def board(request: web.Request, query: BoardQuery) -> dict[str, Any]:
    """The lines that are not over, or those that are."""
    found = await request.app[SERVICES].lists.board(actor_of(request[STAFF]), over=query.over)
    return {name: [_line(line) for line in lines] for name, lines in found.items()}


def _line(line: Line) -> dict[str, Any]:
    i = line.item
    return {
        "id": i.id, "kind": i.kind, "title": i.title, "detail": i.detail, "owner": i.owner,
        "state": i.state, "version": i.version, "ticket_no": i.ticket_no,
        "links": [other.id for other in line.links],
    }  # fmt: skip


@routes.get(
    f"{BASE}/lists/choices", auth="staff:lists", response=ListChoices, summary="清单能写什么"
)
async def choices(request: web.Request) -> ListChoices:
    """Return lists, kinds and states with their names."""
    return ListChoices.model_validate({"lists": LISTS, "kinds": KINDS, "states": STATES})


@routes.post(
    f"{BASE}/lists", auth="staff:lists_keep", body=ListLineWanted, response=ListLineMade, status=201,
    idempotency_key=True, summary="写一条",
)  # fmt: skip
async def add(request: web.Request, body: ListLineWanted) -> ListLineMade:
    """Write a line."""
    made = await request.app[SERVICES].lists.add(
        body.item(), actor_of(request[STAFF]), made_id(request), body.community_id,
        once_of(request, body.model_dump(mode="json")),
    )  # fmt: skip
    return ListLineMade(id=made)


@routes.post(
    f"{BASE}/lists/from-ticket", auth="staff:lists_keep", body=TicketOfNeed, response=ListLineMade,
    status=201, summary="工单列为需求；一件工单一条",
)  # fmt: skip
async def from_ticket(request: web.Request, body: TicketOfNeed) -> ListLineMade:
    """Make a ticket's matter a need; once for each ticket."""
    lists = request.app[SERVICES].lists
    return ListLineMade(id=await lists.from_ticket(body.ticket_no, actor_of(request[STAFF])))


@routes.post(
    f"{BASE}/lists/{{item}}", auth="staff:lists_keep", body=ListMove, response=Nothing, summary="改状态"
)  # fmt: skip
async def move(request: web.Request, body: ListMove) -> dict[str, Any]:
    """Change the state of a line."""
    await request.app[SERVICES].lists.move(
        request.match_info["item"], body.state, body.note, body.version, actor_of(request[STAFF])
    )
    return {}
