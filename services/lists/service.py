"""ListService: the one door to the three lists."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import ColumnElement, select, true

from services.catalogue.files import read
from services.clock import Clock
from services.config import Settings
from services.db import Database, Session
from services.errors import LindaError
from services.lists.tables import ListChangeRow, ListItemRow, ListLinkRow
from services.once import Once, keep, made_before
from services.tickets.core.actor import Actor
from services.tickets.core.location import Location
from services.tickets.service import TicketService

LISTS: Mapping[str, str] = {"need": "居民需求", "resource": "服务资源", "project": "民生项目"}
STATES: Mapping[str, Mapping[str, str]] = {
    "need": {"open": "待对接", "planned": "已立项", "met": "已满足", "dropped": "不办了"},
    "resource": {"free": "可用", "busy": "用着", "gone": "不再有"},
    "project": {"idea": "商量中", "doing": "正在办", "done": "办成了", "stopped": "停了"},
}
"""States of a line by list; the first is the one it begins with."""
KINDS: Mapping[str, Mapping[str, str]] = {
    "need": {"ticket": "工单", "suggestion": "建议", "demand": "居民议事", "visit": "走访"},
    "resource": {"venue": "场地", "unit": "单位", "volunteer": "志愿者", "service": "服务"},
    "project": {"project": "项目"},
}
OVER = frozenset({"met", "dropped", "gone", "done", "stopped"})
READS = frozenset({"grid", "clerk", "supervisor", "dispatcher"})
KEEPS = frozenset({"clerk", "supervisor"})


class NewItem(BaseModel):
    """A line as it is written."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    list: str
    kind: str
    title: str = Field(min_length=2, max_length=100)
    detail: str = Field("", max_length=1000)
    owner: str = Field(min_length=1, max_length=60)
    links: tuple[str, ...] = Field((), max_length=40)


class _DemoItem(NewItem):
    id: str
    community: str
    state: str


class DemoFile(BaseModel):
    """``localities/*/lists.yml``: what a demo begins with."""

    model_config = ConfigDict(extra="forbid")

    confirm_locally: bool
    items: list[_DemoItem]


@dataclass(frozen=True)
class Line:
    """A line of the board with what it is tied to, and its history, the oldest first."""

    item: ListItemRow
    links: list[ListItemRow] = field(default_factory=list)
    changes: list[ListChangeRow] = field(default_factory=list)


class ListService:
    """三项清单 of the communities.

    All methods raise ``LindaError``: 403 ``role_not_allowed``, 404 ``item_not_found`` (also another
    community's), 409 ``version_conflict``, 422 with a Chinese sentence.
    """

    def __init__(
        self, settings: Settings, db: Database, clock: Clock, tickets: TicketService
    ) -> None:
        self._settings, self._db, self._clock, self._tickets = settings, db, clock, tickets

    async def board(self, actor: Actor, *, over: bool = False) -> dict[str, list[Line]]:
        """Return the lines by list, the newest first.

        Args:
            over: Those that are over, instead of those that are not.
        """
        if actor.role not in READS:
            raise _not_yours()
        ended = ListItemRow.state.in_(OVER)
        async with self._db.read() as s:
            rows = list(
                await s.scalars(
                    select(ListItemRow)
                    .where(_here(actor), ended if over else ~ended)
                    .order_by(ListItemRow.created_at.desc(), ListItemRow.id)
                    .limit(500)
                )
            )
            ids = [r.id for r in rows]
            links = await self._links(s, ids)
            changes: dict[str, list[ListChangeRow]] = defaultdict(list)
            query = select(ListChangeRow).where(ListChangeRow.item_id.in_(ids))
            for change in await s.scalars(query.order_by(ListChangeRow.id)):
                changes[change.item_id].append(change)
        board: dict[str, list[Line]] = {name: [] for name in LISTS}
        for row in rows:
            board[row.list].append(Line(row, links[row.id], changes[row.id]))
        return board

    async def add(
        self, wanted: NewItem, actor: Actor, item_id: str, community_id: str | None = None,
        once: Once | None = None,
    ) -> str:  # fmt: skip
        """Write a line; return its id. The same id again changes nothing.

        Args:
            community_id: For staff who belong to no community.

        Raises:
            LindaError: 422 ``choice_unknown``, ``links_wrong``, ``community_missing``.
        """
        _keeps(actor)
        _check(wanted)
        async with self._db.write() as s:
            if (known := await made_before(once, s, self._clock.now())) is not None:
                return known
            added = await self._add(s, wanted, actor, item_id, community_id)
            await keep(once, s, added)
            return added

    async def from_ticket(self, ticket_no: str, actor: Actor) -> str:
        """Make a ticket's matter a need; return the line's id. Once for each ticket.

        Title and place come along, nothing of who reported it.

        Raises:
            LindaError: What reading the ticket raises; 422 ``restricted``.
        """
        _keeps(actor)
        ticket = await self._tickets.get(ticket_no, actor)
        if ticket["restricted"] or ticket["confidential"]:
            raise LindaError("restricted", "限阅、保密的事不能列进清单。", 422)
        place = ticket["location"]
        wanted = NewItem(
            list="need", kind="ticket", title=str(ticket["title"])[:100].ljust(2),
            detail=Location.from_dict(place).public_text, owner=actor.id,
        )  # fmt: skip
        number = str(ticket["ticket_no"])
        async with self._db.write() as s:
            return await self._add(
                s, wanted, actor, f"need-{number}", place.get("community_id"), number
            )

    async def move(self, item_id: str, state: str, note: str, version: int, actor: Actor) -> None:
        """Change the state of a line; who, when and the words stay in its history.

        A project that begins makes its needs planned, one that is done makes them met.
        """
        _keeps(actor)
        async with self._db.write() as s:
            row = await self._item(s, item_id, actor)
            if state not in STATES[row.list]:
                fields = {"state": f"可以填：{'、'.join(STATES[row.list])}。"}
                raise LindaError("choice_unknown", "没有这个状态，请重选。", 422, fields)
            if version != row.version:
                raise LindaError(
                    "version_conflict", "这一条刚刚有人改过，请看过再改。", 409,
                    {"version": row.version},
                )  # fmt: skip
            self._change(s, row, state, note.strip()[:300], actor.id)
            follows = {"doing": "planned", "done": "met"}.get(state)
            if row.list == "project" and follows:
                for need in (await self._links(s, [row.id]))[row.id]:
                    if need.list == "need" and need.state not in OVER:
                        self._change(s, need, follows, row.title, actor.id)

    async def seed(self, s: Session) -> None:
        """Put in the lines of the locality's file that were never there."""
        path = self._settings.locality_dir / "lists.yml"
        if not path.exists():
            return
        for each in read(path, DemoFile).items:
            if await s.get(ListItemRow, each.id) is None:
                wanted = NewItem.model_validate(each.model_dump(include=set(NewItem.model_fields)))
                _check(wanted)
                who = Actor("staff", each.owner, "clerk", None, each.community)
                await self._add(s, wanted, who, each.id, each.community, state=each.state)

    async def _add(
        self, s: Session, wanted: NewItem, actor: Actor, item_id: str, community_id: str | None,
        ticket_no: str | None = None, state: str | None = None,
    ) -> str:  # fmt: skip
        if await s.get(ListItemRow, item_id) is not None:
            return item_id
        community = actor.community_id or community_id
        if community is None:
            raise LindaError("community_missing", "还不知道是哪个社区的，请先补地点。", 422)
        state = state or next(iter(STATES[wanted.list]))
        row = ListItemRow(
            id=item_id, community_id=community, state=state, ticket_no=ticket_no, version=1,
            created_by=actor.id, created_at=self._clock.now(), **wanted.model_dump(exclude={"links"}),
        )  # fmt: skip
        s.add(row)
        await s.flush()
        for linked in wanted.links:
            other = await s.get(ListItemRow, linked)
            if other is None or other.community_id != community or other.list == "project":
                raise LindaError(
                    "links_wrong", "项目只能连本社区的需求和资源。", 422, {"links": "请重选。"}
                )
            s.add(ListLinkRow(project_id=row.id, item_id=other.id))
        return item_id

    def _change(self, s: Session, row: ListItemRow, state: str, note: str, by: str) -> None:
        s.add(
            ListChangeRow(
                item_id=row.id, at=self._clock.now(), by=by, from_state=row.state, to_state=state,
                note=note,
            )
        )  # fmt: skip
        row.state, row.version = state, row.version + 1

    async def _item(self, s: Session, item_id: str, actor: Actor) -> ListItemRow:
        query = select(ListItemRow).where(ListItemRow.id == item_id, _here(actor))
        row = await s.scalar(query.with_for_update())
        if row is None:
            raise LindaError("item_not_found", "没有这一条，或者不是您社区的。", 404)
        return row

    @staticmethod
    async def _links(s: Session, ids: list[str]) -> dict[str, list[ListItemRow]]:
        """Return what each line is tied to, from the project's side and from the other."""
        found: dict[str, list[ListItemRow]] = defaultdict(list)
        for mine, theirs in (
            (ListLinkRow.project_id, ListLinkRow.item_id),
            (ListLinkRow.item_id, ListLinkRow.project_id),
        ):
            rows = await s.execute(
                select(mine, ListItemRow)
                .join(ListItemRow, ListItemRow.id == theirs)
                .where(mine.in_(ids))
                .order_by(ListItemRow.id)
            )
            for one, other in rows:
                found[one].append(other)
        return found


def _check(wanted: NewItem) -> None:
    if wanted.kind not in (kinds := KINDS.get(wanted.list, {})):
        fields = {"kind": f"可以填：{'、'.join(kinds)}。"}
        if wanted.list not in LISTS:
            fields = {"list": f"可以填：{'、'.join(LISTS)}。"}
        raise LindaError("choice_unknown", "没有这一种，请重选。", 422, fields)
    if wanted.links and wanted.list != "project":
        raise LindaError("links_wrong", "只有项目能连需求和资源。", 422, {"links": "请不要填。"})


def _here(actor: Actor) -> ColumnElement[bool]:
    if actor.community_id is None:
        return true()
    return ListItemRow.community_id == actor.community_id


def _keeps(actor: Actor) -> None:
    if actor.role not in KEEPS:
        raise _not_yours()


def _not_yours() -> LindaError:
    return LindaError("role_not_allowed", "您的岗位不能看、不能改三项清单。", 403)
