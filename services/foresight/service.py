"""ForesightService: what rises now, what people decided about it, and the seasons' checks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

from sqlalchemy import ColumnElement, func, select

from services.clock import Clock
from services.config import Settings
from services.db import Database, Session
from services.errors import LindaError
from services.foresight import warnings
from services.foresight.find import Cluster, Params, Report, clusters, load_params
from services.foresight.seasons import Plan, Season, load_plans, now_and_next
from services.foresight.tables import ClusterDecisionRow, ClusterWarningRow, SeasonCheckRow
from services.information.model import NewNotice
from services.information.service import LONGEST_DAYS, InformationService
from services.places.gazetteer import Gazetteer
from services.places.service import PlaceService
from services.tickets.core.actor import Actor
from services.tickets.core.commands import CreateTicket
from services.tickets.service import TicketService
from services.tickets.tables import TicketRow

SEES = frozenset({"clerk", "supervisor", "dispatcher"})
PROACTIVE = ("hotspot", "patrol")
"""Channels of what we found ourselves: it is no resident's report and makes no cluster."""
DROPPED = ("NOT_ACCEPTED", "WITHDRAWN")


@dataclass(frozen=True)
class Finding:
    """A cluster as people read it.

    Attributes:
        why: Why it was found, in one sentence with the figures.
        decision: The last decision about the same matter in the same place, if any.
        grown: Households heard since that decision.
    """

    cluster: Cluster
    matter: str
    where: str
    why: str
    decision: ClusterDecisionRow | None
    grown: int


class ForesightService:
    """未诉先办. All methods raise ``LindaError``: 403 ``role_not_allowed``, 404 ``cluster_not_found``."""

    def __init__(
        self, settings: Settings, db: Database, clock: Clock, places: PlaceService,
        tickets: TicketService, information: InformationService,
    ) -> None:  # fmt: skip
        self._settings, self._db, self._clock = settings, db, clock
        self._places, self._tickets, self._information = places, tickets, information

    @cached_property
    def params(self) -> Params:
        """What counts as rising."""
        return load_params(self._settings.data_dir / "foresight.yml")

    @cached_property
    def plans(self) -> tuple[Plan, ...]:
        """The locality's seasonal plans."""
        return load_plans(self._settings.locality_dir / "seasons.yml")

    # ── clusters ────────────────────────────────────────────────────────────────────────────

    async def findings(self, actor: Actor) -> tuple[list[Finding], list[Finding]]:
        """Return what rises and waits for a person, and what has been decided, the rarest first."""
        if actor.role not in SEES:
            raise _not_yours()
        return await self._findings(actor.community_id)

    async def _findings(self, community: str | None) -> tuple[list[Finding], list[Finding]]:
        now = self._clock.now()
        async with self._db.read() as s:
            reports = await self._reports(s, community, now)
            found = clusters(reports, now, self.params)
            decided = await self._decisions(s, [c.key for c in found])
        gazetteer = await self._places.gazetteer()
        told = [self._finding(c, decided.get(c.key), gazetteer) for c in found]
        waits = [f for f in told if f.decision is None or f.grown >= self.params.grown]
        return waits, [f for f in told if f not in waits]

    async def warn(self) -> int:
        """Tell who can act of what rises (the worker); return how many sentences were written.

        Several workers, or one that was restarted, write each of them once.
        """
        waits, decided = await self._findings(None)
        gazetteer = await self._places.gazetteer()
        rising = [
            warnings.Rising(
                f.cluster, f"{f.where}：{f.matter}，最近{self.params.days}天有{f.cluster.households}户反映。",
                _community(f.cluster, gazetteer),
            )
            for f in waits
        ]  # fmt: skip
        still = {f.cluster.key for f in (*waits, *decided)}
        async with self._db.read() as s:
            plan = await warnings.plan(s, rising, still, self._clock.now(), self.params)
        if not plan.needed:
            return 0
        async with self._db.write() as s:
            plan = await warnings.plan(s, rising, still, self._clock.now(), self.params)
            return await warnings.write(s, plan, self._clock.now())

    async def warned(self, actor: Actor) -> list[ClusterWarningRow]:
        """Return what the actor was told of and nobody has decided, the newest first."""
        if actor.role not in SEES:
            return []
        async with self._db.read() as s:
            return await warnings.waiting(s, actor.community_id)

    async def dismiss(self, key: str, actor: Actor, reason: str) -> None:
        """Say that nothing has to be done; it stays so until it grows.

        Raises:
            LindaError: 422 ``reason_missing``.
        """
        if not reason.strip():
            raise LindaError("reason_missing", "请写为什么不用办。", 422, {"words": "请填写。"})
        finding = await self._open(key, actor)
        async with self._db.write() as s:
            await self._decide(s, finding, "dismissed", reason.strip()[:200], None, actor)

    async def file(self, key: str, actor: Actor, words: str) -> str:
        """Make it a 未诉先办 ticket; return its number. Pressed twice it is one ticket.

        Raises:
            LindaError: 422 ``words_missing``.
        """
        if not words.strip():
            raise LindaError("words_missing", "请写要办什么。", 422, {"words": "请填写。"})
        finding = await self._open(key, actor)
        c = finding.cluster
        request = CreateTicket(
            channel="hotspot", leaf=c.leaf, narrative=words.strip()[:2000], reporter_role="staff",
            address_text=finding.where, place=_place(c), incomplete=c.reach == "community",
        )  # fmt: skip
        async with self._db.write() as s:
            once = f"cluster:{key}:{c.tickets[-1]}"
            filed = await self._tickets.create_in(s, request, actor, once)
            number = str(filed["ticket_no"])
            await self._decide(s, finding, "ticket", words.strip()[:200], number, actor)
        return number

    async def _open(self, key: str, actor: Actor) -> Finding:
        waits, _ = await self.findings(actor)
        found = next((f for f in waits if f.cluster.key == key), None)
        if found is None:
            raise LindaError("cluster_not_found", "这一条已经有人处理了，或者已经不再多了。", 404)
        return found

    async def _decide(
        self, s: Session, finding: Finding, decision: str, reason: str, number: str | None,
        actor: Actor,
    ) -> None:  # fmt: skip
        key = finding.cluster.key
        row = await s.get(ClusterDecisionRow, key) or ClusterDecisionRow(key=key)
        row.decision, row.reason, row.ticket_no = decision, reason, number
        row.households, row.by, row.at = finding.cluster.households, actor.id, self._clock.now()
        s.add(row)
        await warnings.end(s, key, self._clock.now())

    async def _decisions(self, s: Session, keys: list[str]) -> dict[str, ClusterDecisionRow]:
        rows = await s.scalars(select(ClusterDecisionRow).where(ClusterDecisionRow.key.in_(keys)))
        return {r.key: r for r in rows}

    async def _reports(self, s: Session, community: str | None, now: datetime) -> list[Report]:
        """Return residents' reports that could be part of a cluster.

        Only matters that enough tickets of the present window are about are read whole. What is
        confidential or restricted is in no cluster.
        """
        window = timedelta(days=self.params.days)
        doc = TicketRow.doc
        here = [
            TicketRow.community_id.is_not(None),
            TicketRow.state.not_in(DROPPED),
            doc["channel"].as_string().not_in(PROACTIVE),
        ]
        if community is not None:
            here.append(TicketRow.community_id == community)
        counted = await s.execute(
            select(TicketRow.community_id, TicketRow.leaf)
            .where(TicketRow.created_at > now - window, *here)
            .group_by(TicketRow.community_id, TicketRow.leaf)
            .having(func.count() >= min(self.params.least.values()))
        )
        wanted: dict[str, list[str | None]] = {}
        for place, leaf in counted:
            wanted.setdefault(str(place), []).append(leaf)
        reports: list[Report] = []
        for place, leaves in wanted.items():
            named = [leaf for leaf in leaves if leaf is not None]
            matter: ColumnElement[bool] = TicketRow.leaf.in_(named)
            if None in leaves:
                matter = matter | TicketRow.leaf.is_(None)
            rows = await s.execute(
                select(
                    TicketRow.ticket_no, TicketRow.leaf, TicketRow.narrative, TicketRow.created_at,
                    TicketRow.doc,
                )
                .where(
                    TicketRow.created_at > now - window * (self.params.weeks + 1),
                    TicketRow.community_id == place, matter, *here,
                )
            )  # fmt: skip
            reports += [r for row in rows if (r := _report(place, *row)) is not None]
        return reports

    def _finding(
        self, c: Cluster, decision: ClusterDecisionRow | None, gazetteer: Gazetteer
    ) -> Finding:
        matter = self._tickets.leaves[c.leaf].title if c.leaf else "还没归类的同一件事"
        where = _where(c, gazetteer)
        weeks, days = self.params.weeks, self.params.days
        before = f"前{weeks}周平均每周" if days == 7 else f"再前面{weeks}个{days}天平均每个"
        usual = f"{before}{c.usual:.1f}户".replace(".0户", "户")
        rare = "不到千分之一" if c.chance < 0.001 else f"约{c.chance * 100:.1f}%"
        why = (
            f"最近{self.params.days}天，{where}有{c.households}户反映（{len(c.tickets)}件），{usual}；"
            f"要是和平常一样，碰上这么多户的可能{rare}。"
        )
        grown = c.since(decision.at) if decision else 0
        return Finding(c, matter, where, why, decision, grown)

    # ── seasons ─────────────────────────────────────────────────────────────────────────────

    def seasons(self) -> tuple[list[Season], list[Season]]:
        """Return what is on today and what is next."""
        return now_and_next(self.plans, self._clock.now().date())

    async def checks(
        self, season: Season, grids: list[str]
    ) -> dict[tuple[str, str], SeasonCheckRow]:
        """Return what was checked in these grids, by check and grid."""
        query = select(SeasonCheckRow).where(
            SeasonCheckRow.plan_id == season.plan.id, SeasonCheckRow.starts == season.starts,
            SeasonCheckRow.grid_id.in_(grids),
        )  # fmt: skip
        async with self._db.read() as s:
            return {(r.check_id, r.grid_id): r for r in await s.scalars(query)}

    async def heard(self, season: Season, community: str | None) -> int:
        """Return how many tickets about the plan's matters came in the last window."""
        since = self._clock.now() - timedelta(days=self.params.days)
        where = [TicketRow.leaf.in_(season.plan.leaves), TicketRow.created_at > since]
        if community is not None:
            where.append(TicketRow.community_id == community)
        async with self._db.read() as s:
            return int(
                await s.scalar(select(func.count()).select_from(TicketRow).where(*where)) or 0
            )

    async def check(
        self, plan_id: str, check_id: str, grid_id: str, actor: Actor, found: str
    ) -> None:
        """Check a point off in one of the actor's own grids; again it is replaced.

        Raises:
            LindaError: 403; 404 ``check_not_found``: no such point, the season is not on, or
                the grid is another's.
        """
        if actor.role != "grid":
            raise _not_yours()
        now, _ = self.seasons()
        season = next((s for s in now if s.plan.id == plan_id), None)
        if (
            season is None
            or check_id not in {c.id for c in season.plan.checks}
            or grid_id not in actor.grid_ids
        ):
            raise LindaError("check_not_found", "没有这一项，时节已经过了，或者不是您的网格。", 404)
        key = (plan_id, season.starts, check_id, grid_id)
        async with self._db.write() as s:
            row = await s.get(SeasonCheckRow, key) or SeasonCheckRow(
                plan_id=plan_id, starts=season.starts, check_id=check_id, grid_id=grid_id
            )
            row.found, row.by, row.at = found.strip()[:500], actor.id, self._clock.now()
            s.add(row)

    async def publish(self, plan_id: str, actor: Actor, source: str) -> None:
        """Make a season's message a notice of the community until the season ends; twice is once."""
        if actor.role not in ("clerk", "supervisor"):
            raise _not_yours()
        now, _ = self.seasons()
        season = next((s for s in now if s.plan.id == plan_id), None)
        if season is None:
            raise LindaError("check_not_found", "这个时节还没到，或者已经过了。", 404)
        today: date = self._clock.now().date()
        until = min(season.until, today + timedelta(days=LONGEST_DAYS))
        notice = NewNotice(
            topic=season.plan.topic,
            text=season.plan.message,
            elder=season.plan.elder,
            starts=today,
            until=until,
            source=source,
        )
        await self._information.publish(
            notice, actor.id, f"season-{plan_id}-{season.starts:%Y%m%d}"
        )


def _report(
    community: str, number: str, leaf: str | None, text: str, at: datetime, doc: Mapping[str, Any]
) -> Report | None:
    if doc.get("restricted") or doc.get("confidential"):
        return None
    place = doc.get("location") or {}
    return Report(
        number, leaf, text, at, doc.get("household") or number, community,
        place.get("compound_id"), place.get("building_id"),
    )  # fmt: skip


def _place(c: Cluster) -> dict[str, Any] | None:
    """Return the place for a ticket; a whole community has none that a ticket could name."""
    return None if c.reach == "community" else {f"{c.reach}_id": c.place}


def _community(c: Cluster, gazetteer: Gazetteer) -> str | None:
    """Return whose cluster it is; None for a place that is no longer there."""
    if c.reach == "community":
        return c.place
    building = gazetteer.building.get(c.place)
    compound = gazetteer.compound.get(building.compound_id if building else c.place)
    return compound.community_id if compound else None


def _where(c: Cluster, gazetteer: Gazetteer) -> str:
    if c.reach == "community" and c.place in gazetteer.community:
        return gazetteer.community[c.place].name
    if c.reach == "compound" and c.place in gazetteer.compound:
        return gazetteer.compound[c.place].name
    building = gazetteer.building.get(c.place)
    if building is None:
        return "这一片"
    return gazetteer.candidate(
        gazetteer.compound[building.compound_id], building, None, None, 1.0
    ).label


def _not_yours() -> LindaError:
    return LindaError("role_not_allowed", "您的岗位不能做这件事。", 403)
