"""The two reports the street owes each month: 吹哨报到, and 越权派单.

《北京市接诉即办工作条例》第三十三条 (both sides of a whistle are assessed), 第十七条 (communities are not
given what is not their duty).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select

from services.db import Session
from services.metrics.periods import Period
from services.tickets.core.choices import WHISTLE_RESULTS, WHISTLE_STAGES, WHISTLES
from services.tickets.core.joint import STREET
from services.tickets.core.ticket import Ticket
from services.tickets.tables import BlockedAssignmentRow, TicketEventRow, TicketRow

STAGES = ("sign", "contact", "arrive", "solve")
_ASSIGNED = ("dispatched", "redispatched", "objection_decided")


@dataclass
class Called:
    """A unit in the whistles of a month: how often called, each stage in time and done, ratings."""

    org: str
    called: int = 0
    done: dict[str, int] = field(default_factory=lambda: dict.fromkeys(STAGES, 0))
    in_time: dict[str, int] = field(default_factory=lambda: dict.fromkeys(STAGES, 0))
    scores: list[int] = field(default_factory=list)

    def body(self, name: str) -> dict[str, Any]:
        """As JSON: ``called`` is the denominator of each stage."""
        return {
            "unit": self.org, "name": name, "called": self.called,
            "stages": [
                {"key": s, "label": WHISTLE_STAGES[s], "done": self.done[s],
                 "in_time": self.in_time[s]}
                for s in STAGES
            ],
            "ratings": len(self.scores),
            "rating": sum(self.scores) / len(self.scores) if self.scores else None,
        }  # fmt: skip


@dataclass
class Whistling:
    """How often the street had to whistle over what a unit had in hand, and how much it was given."""

    whistles: int = 0
    dispatched: int = 0

    def body(self) -> dict[str, Any]:
        """As JSON: 吹哨率 with both its numbers; null when the unit was given nothing that month."""
        share = self.whistles / self.dispatched if self.dispatched else None
        return {"whistles": self.whistles, "dispatched": self.dispatched, "rate": share}


@dataclass
class Whistled:
    """The whistles of a month: by type and result, what units gave the street, and each unit.

    ``whistling``: by the unit that had the ticket (主办) when the whistle was blown; units that were
    only given tickets are in it as well, with none.
    """

    count: int = 0
    kinds: dict[str, int] = field(default_factory=dict)
    results: dict[str, int] = field(default_factory=dict)
    open: int = 0
    street_scores: list[int] = field(default_factory=list)
    units: dict[str, Called] = field(default_factory=dict)
    whistling: dict[str, Whistling] = field(default_factory=dict)

    def body(self, names: Mapping[str, str]) -> dict[str, Any]:
        """As JSON."""
        scores = self.street_scores
        return {
            "count": self.count, "open": self.open,
            "kinds": [{"label": WHISTLES.get(k, k), "count": n} for k, n in self.kinds.items()],
            "results": [
                {"label": WHISTLE_RESULTS.get(k, k), "count": n} for k, n in self.results.items()
            ],
            "street": {"ratings": len(scores),
                       "rating": sum(scores) / len(scores) if scores else None},
            "units": [
                u.body(names.get(u.org, u.org))
                for u in sorted(self.units.values(), key=lambda u: (-u.called, u.org))
            ],
            "whistling": Whistling(
                sum(w.whistles for w in self.whistling.values()),
                sum(w.dispatched for w in self.whistling.values()),
            ).body(),
            "owners": [
                {"unit": org, "name": names.get(org, org), **w.body()}
                for org, w in sorted(self.whistling.items(), key=lambda o: (-o[1].whistles, o[0]))
            ],
        }  # fmt: skip


def whistled(whistles: Iterable[Mapping[str, Any]]) -> Whistled:
    """Add up whistles as tickets keep them. Pure."""
    found = Whistled()
    for w in whistles:
        found.count += 1
        kind = str(w.get("type"))
        found.kinds[kind] = found.kinds.get(kind, 0) + 1
        if w.get("ended_at"):
            result = str(w.get("result"))
            found.results[result] = found.results.get(result, 0) + 1
        else:
            found.open += 1
        for unit in w["units"]:
            called = found.units.setdefault(unit["org"], Called(unit["org"]))
            called.called += 1
            for stage in STAGES:
                at, due = unit.get(f"{stage}_at"), unit.get(f"{stage}_due_at")
                called.done[stage] += at is not None
                called.in_time[stage] += at is not None and (due is None or _before(at, due))
        for rating in w.get("ratings", ()):
            about, score = rating["about_org"], int(rating["score"])
            if about == STREET:
                found.street_scores.append(score)
            elif about in found.units:
                found.units[about].scores.append(score)
    return found


def _before(at: str, due: str) -> bool:
    return datetime.fromisoformat(at) <= datetime.fromisoformat(due)


async def whistles(s: Session, period: Period, community: str | None) -> Whistled:
    """Return the whistles blown in a period."""
    blown = (
        select(TicketEventRow.ticket_no)
        .where(
            TicketEventRow.at >= period.start, TicketEventRow.at < period.end,
            TicketEventRow.type == "whistled",
        )
        .distinct()
    )  # fmt: skip
    query = select(TicketRow.doc).where(TicketRow.ticket_no.in_(blown))
    if community is not None:
        query = query.where(TicketRow.community_id == community)
    found = whistled(
        w
        for doc in await s.scalars(query)
        for w in Ticket.from_doc(doc).whistles
        if period.start <= datetime.fromisoformat(w["at"]) < period.end
    )
    given = await _dispatched(s, period, community)
    blown_over = Counter(await _owners_whistled(s, period, community, blown))
    found.whistling = {org: Whistling(blown_over[org], given[org]) for org in {*given, *blown_over}}
    return found


async def _dispatched(s: Session, period: Period, community: str | None) -> Counter[str]:
    """Return how many tickets each unit was given in a period; one given twice to it is one."""
    e = TicketEventRow
    org = e.data["owner_org"].as_string()
    given = (
        select(org.label("org"), e.ticket_no)
        .where(e.at >= period.start, e.at < period.end, e.type.in_(_ASSIGNED), org.is_not(None))
        .distinct()
    )
    if community is not None:
        given = given.join(TicketRow, TicketRow.ticket_no == e.ticket_no)
        given = given.where(TicketRow.community_id == community)
    each = given.subquery()
    counted = select(each.c.org, func.count()).group_by(each.c.org)
    return Counter({str(o): int(n) for o, n in await s.execute(counted)})


async def _owners_whistled(
    s: Session, period: Period, community: str | None, blown: Select[Any]
) -> list[str]:
    """Return for each whistle of a period the unit that had the ticket when it was blown."""
    e = TicketEventRow
    query = select(e.ticket_no, e.type, e.at, e.data["owner_org"].as_string()).where(
        e.ticket_no.in_(blown), e.type.in_((*_ASSIGNED, "whistled"))
    )
    if community is not None:
        query = query.join(TicketRow, TicketRow.ticket_no == e.ticket_no)
        query = query.where(TicketRow.community_id == community)
    owners: dict[str, str] = {}
    found = []
    for number, kind, at, org in await s.execute(query.order_by(e.ticket_no, e.seq)):
        if kind != "whistled":
            owners[number] = str(org) if org else owners.get(number, "")
        elif owners.get(number) and period.start <= at < period.end:
            found.append(owners[number])
    return found


async def assignments(s: Session, period: Period, community: str | None) -> dict[str, Any]:
    """Return assignments that the guard refused, and those made to another unit than the list names.

    Returns:
        ``{"assigned": n, "blocked": [{ticket_no, at, org, leaf, duty, staff_id}], "against":
        [{ticket_no, at, org, listed, leaf, duty, staff_id}]}``; ``assigned`` is every assignment of
        the period.
    """
    blocked = select(BlockedAssignmentRow).where(
        BlockedAssignmentRow.at >= period.start, BlockedAssignmentRow.at < period.end
    )
    made = (
        select(TicketEventRow, TicketRow.leaf)
        .join(TicketRow, TicketRow.ticket_no == TicketEventRow.ticket_no)
        .where(
            TicketEventRow.at >= period.start, TicketEventRow.at < period.end,
            TicketEventRow.type.in_(_ASSIGNED),
        )
    )  # fmt: skip
    if community is not None:
        blocked = blocked.where(BlockedAssignmentRow.community_id == community)
        made = made.where(TicketRow.community_id == community)
    refused = [
        {"ticket_no": b.ticket_no, "at": b.at.isoformat(), "org": b.org, "leaf": b.leaf, "duty": b.duty,
         "staff_id": b.staff_id}
        for b in await s.scalars(blocked.order_by(BlockedAssignmentRow.at))
    ]  # fmt: skip
    assigned, against = 0, []
    for event, leaf in await s.execute(made.order_by(TicketEventRow.at)):
        if not event.data.get("owner_org"):
            continue
        assigned += 1
        listed = event.data.get("directory") or {}
        if listed.get("lead") and not listed.get("followed"):
            against.append(
                {"ticket_no": event.ticket_no, "at": event.at.isoformat(), "org": event.data["owner_org"],
                 "listed": listed["lead"], "leaf": leaf, "duty": event.data.get("duty"),
                 "staff_id": event.actor.get("id")}
            )  # fmt: skip
    return {"assigned": assigned, "blocked": refused, "against": against}
