"""MetricsService: figures, signals and monthly reports for those who may see them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Protocol, TypeVar

from sqlalchemy import select

from services.catalogue.model import Card
from services.clock import Clock
from services.config import Settings
from services.db import Database, Session
from services.errors import LindaError
from services.metrics import (
    dialogue,
    keeping,
    monthly,
    report,
    spoken,
    store,
    summing,
    sums,
    trends,
)
from services.metrics.figures import (
    RESPONSE,
    RESULT,
    SHORT,
    TRUTH,
    UNITS,
    Counts,
    Figure,
    add,
    enough,
    figures,
    judged,
    percentile_95,
    without_small_cells,
)
from services.metrics.params import BotParams, Params, load_params
from services.metrics.periods import Period, around, months_on
from services.metrics.score import Score, fold
from services.metrics.signals import signals
from services.metrics.store import Scope
from services.metrics.tables import TicketScoreRow
from services.people.roles import holders
from services.people.service import PeopleService
from services.places.service import PlaceService
from services.tickets.core import clocks
from services.tickets.core.actor import Actor
from services.tickets.core.choices import APPOINTMENTS, EXCLUSION_STATES, EXCLUSIONS
from services.tickets.service import TicketService
from services.tickets.store import history
from services.tickets.tables import TicketRow
from services.training.labels import Labels

Body = dict[str, Any]
SEES = holders("data")
"""Who sees figures: a supervisor the own community's, a handler the own unit's, the others all."""
TALKS = holders("dialogue_data")
"""Who sees the figures of conversations."""
REPORTS = holders("reports")
"""Who reads the reports."""
TRENDS = holders("trends")
"""Who sees the months of matters and communities."""
REFRESHED = timedelta(seconds=30)
"""How long sums are left as they are; a day that has changed is counted from its tickets meanwhile."""
BATCH = 200
"""Tickets whose facts are made anew in one transaction."""


@dataclass(frozen=True)
class Visited:
    """Visits of a month: people on the list on its last day, those visited, those who could not be."""

    targets: int
    visited: int
    exceptions: int


class Visits(Protocol):
    """The registry of 月探访, as far as figures need it."""

    async def month(self, s: Session, period: Period, community: str | None) -> Visited:
        """Return the visits of a period."""
        ...


@dataclass(frozen=True)
class Gathered:
    """Counts of a period.

    Attributes:
        units, communities, leaves: By unit, by community and by leaf.
        filed: What was filed, the whole.
        late: By unit, how many took so many hundredths of their time.
        days: By day of the deadline.
    """

    units: dict[str | None, dict[str, float]]
    communities: dict[str | None, dict[str, float]]
    leaves: dict[str | None, dict[str, float]]
    filed: dict[str, float]
    late: Mapping[str | None, Mapping[int, int]]
    days: Mapping[date, Counts]


class MetricsService:
    """Figures about tickets and conversations. Raises ``LindaError`` 403 for what is not shown to one.

    Args:
        visits: The registry of visits; without one the figure says that there is none.
        cards: Returns the service cards that residents are answered from.
    """

    def __init__(
        self,
        settings: Settings,
        db: Database,
        clock: Clock,
        people: PeopleService,
        places: PlaceService,
        tickets: TicketService,
        visits: Visits | None = None,
        cards: Callable[[], Iterable[Card]] = tuple,
    ) -> None:
        self._db, self._clock = db, clock
        self._people, self._places, self._tickets = people, places, tickets
        self._visits, self._cards = visits, cards
        self._labels = Labels(settings.data_dir, {})
        self._refreshed: datetime | None = None
        self.params: Params = load_params(
            settings.data_dir / "metrics.yml", settings.locality_dir / "locality.yml"
        )

    # ── figures ─────────────────────────────────────────────────────────────────────────────

    async def dashboard(
        self,
        actor: Actor,
        period: Period,
        *,
        community: str | None = None,
        unit: str | None = None,
        leaf: str | None = None,
    ) -> Body:
        """Return the figures of a period: the whole, by unit, community and leaf, and over time.

        Raises:
            LindaError: 403 ``role_not_allowed`` or ``out_of_scope``; 422 ``unknown_filter``.
        """
        community, unit = self._narrowed(actor, community, unit)
        names = await self._names()
        for name, given in (("community", community), ("unit", unit), ("leaf", leaf)):
            if given is not None and given not in names:
                raise _unknown(name, given)
        scope = Scope(period, self._clock.now(), community, unit, leaf)
        async with self._db.read() as s:
            counted = await self._gather(s, scope)
            left_out = await store.excluded(s, scope)
            asked = await store.exclusions_asked(s, scope)
            kept = await store.appointments(s, scope)
            suspended = await store.suspended(s, scope)
            certificates = await store.redirected(s, scope, self.params)
            visits = await self._visited(s, scope)
        total = self._total(counted, community) | certificates
        whole = figures(total, self.params, percentile_95(_merged(counted.late.values())))
        sufficient = enough(total, self.params)
        if unit is not None:
            whole = judged(whole, sufficient)
        if actor.role == "handler":
            whole = _without_few_raters(whole, self.params.small_cell)
        return {
            "period": _period(period),
            "scope": {"community": community, "unit": unit, "leaf": leaf},
            "enough": sufficient, "note": None if sufficient else SHORT,
            "figures": [f.body() for f in (*whole, *([visits] if visits else []))],
            "excluded": [
                {"reason": r, "label": EXCLUSIONS.get(r, r), "count": n}
                for r, n in sorted(left_out.items())
            ],
            "exclusions_asked": [
                {"state": state, "label": label, "count": asked[state]}
                for state, label in EXCLUSION_STATES.items()
                if state in asked
            ],
            "appointments": [
                {"how": how, "label": label, "count": kept[how]}
                for how, label in APPOINTMENTS.items()
                if how in kept
            ],
            "suspended": suspended,
            "units": self._units(counted, names, actor),
            "communities": self._parts(counted.communities, names, "未定位到社区", places=True),
            "leaves": self._parts(counted.leaves, names, "未归类"),
            "trend": self._trend(counted.days, period),
            "signals": self._signals(counted, names) if actor.role == "auditor" else None,
        }  # fmt: skip

    def _narrowed(
        self, actor: Actor, community: str | None, unit: str | None
    ) -> tuple[str | None, str | None]:
        if actor.role not in SEES:
            raise LindaError("role_not_allowed", "这个岗位不看数据。", 403)
        elsewhere = LindaError("out_of_scope", "只能看自己范围里的数据。", 403)
        if actor.role == "supervisor" and actor.community_id is not None:
            if community not in (None, actor.community_id):
                raise elsewhere
            return actor.community_id, unit
        if actor.role == "handler":
            if actor.org_id is None or unit not in (None, actor.org_id):
                raise elsewhere
            return community, actor.org_id
        return community, unit

    async def _gather(self, s: Session, scope: Scope) -> Gathered:
        """Count a period: days that are over from sums that are kept, the others from the tickets."""
        await sums.steady(s)
        plan = await sums.plan(s, scope, self.params)
        parts = []
        if plan.months or plan.days:
            parts.append(await self._summed(s, scope, plan))
        if plan.live:
            parts.append(await self._counted(s, replace(scope, parts=plan.live)))
        return Gathered(
            units=_joined(*(p.units for p in parts)),
            communities=_joined(*(p.communities for p in parts)),
            leaves=_joined(*(p.leaves for p in parts)),
            filed=add(p.filed for p in parts),
            late=_joined(*(p.late for p in parts)),
            days=_joined(*(p.days for p in parts)),
        )

    async def _summed(self, s: Session, scope: Scope, plan: sums.Plan) -> Gathered:
        communities = await sums.parts(s, scope, plan, "c")
        filed = ({name: counts[name] for name in store.FILED} for counts in communities.values())
        return Gathered(
            units=_joined(await sums.units(s, scope, plan)),
            communities=_joined(communities),
            leaves=_joined(await sums.parts(s, scope, plan, "l")),
            filed=add(filed),
            late=await sums.lateness(s, scope, plan),
            days=await sums.by_day(s, scope, plan),
        )

    async def _counted(self, s: Session, scope: Scope) -> Gathered:
        filed = await store.filed_by_part(s, scope)
        parts = (await store.due_by_part(s, scope, self.params), filed)
        return Gathered(
            units=_joined(
                await store.due_by_unit(s, scope, self.params),
                await store.first_by_unit(s, scope),
            ),
            communities=_joined(*(_along(part, 0) for part in parts)),
            leaves=_joined(*(_along(part, 1) for part in parts)),
            filed=add(filed.values()),
            late=await store.lateness(s, scope),
            days=await store.by_day(s, scope, self.params),
        )

    def _total(self, counted: Gathered, community: str | None) -> dict[str, float]:
        total = add((*counted.units.values(), counted.filed))
        known = self.params.residents
        here = known if community is None else {c: n for c, n in known.items() if c == community}
        total["residents"] = sum(here.values())
        total["filed_counted"] = sum(
            counts.get("filed", 0) for c, counts in counted.communities.items() if c in here
        )
        return total

    def _units(
        self,
        counted: Gathered,
        names: Mapping[str, str],
        actor: Actor,
    ) -> list[Body]:
        """Each unit with its figures; rates of what residents said only from enough of them."""
        found = []
        for org, counts in _with_due(counted):
            made = figures(counts, self.params, percentile_95(counted.late.get(org, {})))
            sufficient = enough(counts, self.params)
            shown = judged(made, sufficient)
            if actor.role == "handler":
                shown = _without_few_raters(shown, self.params.small_cell)
            found.append(
                {"unit": org, "name": names.get(org, org), "enough": sufficient,
                 "note": None if sufficient else SHORT,
                 "figures": {f.key: f.body() for f in shown if f.group in UNIT_GROUPS},
                 "rank": None}
            )  # fmt: skip
        found.sort(key=lambda u: (not u["enough"], u["name"]))
        if self.params.composite.shown:
            _rank(found)
        return found

    def _parts(
        self,
        parts: Mapping[str | None, Counts],
        names: Mapping[str, str],
        unknown: str,
        places: bool = False,
    ) -> list[Body]:
        """Parts by community or leaf, those with most requests first: an order, not a rank."""
        found = []
        for key, part in parts.items():
            counts = dict(part)
            if places and key is not None:
                counts["residents"] = self.params.residents.get(key, 0)
                counts["filed_counted"] = counts.get("filed", 0)
            sufficient = enough(counts, self.params)
            shown = judged(figures(counts, self.params, None), sufficient)
            kept = {f.key: f.body() for f in shown if f.key in PART_FIGURES}
            found.append(
                {"key": key, "name": names.get(key or "", key or unknown),
                 "filed": int(counts.get("filed", 0)), "enough": sufficient, "figures": kept}
            )  # fmt: skip
        return sorted(found, key=lambda p: (-p["filed"], str(p["key"])))

    def _trend(self, days: Mapping[date, Counts], period: Period) -> list[Body]:
        points = []
        for step in period.steps():
            counts = add(c for day, c in days.items() if step.first <= day <= step.last)
            made = {f.key: f for f in figures(counts, self.params, None)}
            points.append(
                {"first": step.first, "last": step.last, "due": int(counts.get("due", 0)),
                 **{k: made[k].value for k in ("contact", "in_time", "reached", "solved")}}
            )  # fmt: skip
        return points

    def _signals(self, counted: Gathered, names: Mapping[str, str]) -> list[Body]:
        found = []
        for org, counts in _with_due(counted):
            made = signals(counts, self.params)
            found.append(
                {"unit": org, "name": names.get(org, org),
                 "signals": [m.body() for m in made], "flagged": sum(m.flagged for m in made)}
            )  # fmt: skip
        return sorted(found, key=lambda u: (-u["flagged"], u["name"]))

    async def _visited(self, s: Session, scope: Scope) -> Figure | None:
        if scope.unit is not None or scope.leaf is not None or self._visits is None:
            return None
        if scope.period.kind in ("quarter", "year"):
            return None  # visits are owed each month: a year of them is no share of one
        v = await self._visits.month(s, scope.period, scope.community)
        note = f"；另有{v.exceptions}人住院、外出等，单独登记" if v.exceptions else ""
        return Figure(
            "visits", "月探访率", "探访", "percent", v.visited / v.targets if v.targets else None,
            v.visited, v.targets, f"当月至少探访过一次的人数 ÷ 月末在册人数{note}。",
        )  # fmt: skip

    async def dialogue(self, actor: Actor, period: Period, community: str | None = None) -> Body:
        """Return the figures of conversations with the bot; they belong to no unit.

        Raises:
            LindaError: 403 ``role_not_allowed``; 422 ``unknown_filter``.
        """
        if actor.role not in TALKS:
            raise LindaError("role_not_allowed", "机器人的数据由街道调度和审计查看。", 403)
        places, params = await self._places.gazetteer(), self.params.bot
        names = {c.id: c.name for c in places.communities}
        if community is not None and community not in names:
            raise _unknown("community", community)
        async with self._db.read() as s:
            bot = await spoken.read(
                s, period, community=community, most=params.pairs,
                homes={c.id: c.community_id for c in places.compounds},
                ends={c.name: c.valid_to for c in self._cards() if c.valid_to is not None},
            )  # fmt: skip
        named = self._labels.intent_name
        return {
            "period": _period(period),
            "community": community,
            "figures": [f.body() for f in dialogue.figures(bot, params)],
            "communities": _talked(bot.talks, names, params),
            "confusions": [
                {"said": c.said, "said_name": named(c.said), "meant": c.meant,
                 "meant_name": named(c.meant), "count": c.count}
                for c in bot.confusions
            ],
        }  # fmt: skip

    # ── reports ─────────────────────────────────────────────────────────────────────────────

    async def report(self, actor: Actor, period: Period, community: str | None = None) -> Body:
        """Return the report of a period: the dashboard's figures, compared, by parts and by matter.

        What goes on is compared with the same days of the year before, not with all of it.

        Raises:
            LindaError: 403 ``role_not_allowed`` or ``out_of_scope``; 422 ``unknown_filter``.
        """
        if actor.role not in REPORTS:
            raise LindaError("role_not_allowed", "这个岗位不看报告。", 403)
        now, rule = self._clock.now(), self.params.trends
        so_far = period.until(now.date())
        earlier = so_far.last_year
        found = await self.dashboard(actor, period, community=community)
        community = found["scope"]["community"]
        async with self._db.read() as s:
            await sums.steady(s)
            began = await store.first_filed(s)
            parts = [
                (p, await self._gather(s, Scope(p, now, community)))
                for p in report.rows_of(period, now.date())
            ]
            whistled = await monthly.whistles(s, period, community)
            assigned = await monthly.assignments(s, period, community)
        why_not = report.comparable(earlier, began)
        before = None if why_not else await self.dashboard(actor, earlier, community=community)
        old = None if before is None else {e["key"]: e["filed"] for e in before["leaves"]}
        spans = (sums.days_of(so_far), sums.days_of(earlier))
        closed = months_on(now.date().replace(day=1), -1)
        last = min(closed, period.last.replace(day=1))
        return {
            **{k: v for k, v in found.items() if k not in ("signals", "trend")},
            "title": report.TITLES.get(period.kind, "报告"),
            "so_far": _period(so_far) if so_far != period else None,
            "before": {"period": _period(earlier), "why_not": why_not or None},
            "compared": [] if before is None else report.compared(
                found["figures"], before, found["enough"], rule.least
            ),
            "rows": [self._row(p, counted) for p, counted in parts],
            "top": report.top(found["leaves"], old, (len(spans[0]), len(spans[1])), rule),
            "promised": report.picked(found["figures"], report.PROMISED),
            "put_right": report.picked(found["figures"], report.PUT_RIGHT),
            "whistles": {"count": whistled.count, "open": whistled.open},
            "assignments": {
                "assigned": assigned["assigned"], "blocked": len(assigned["blocked"]),
                "against": len(assigned["against"]),
            },
            "trends": await self.trends(actor, community=community, last=last),
        }  # fmt: skip

    def _row(self, part: Period, counted: Gathered) -> Body:
        """The figures of a part of a report; what residents said only from enough of them."""
        total = add((*counted.units.values(), counted.filed))
        shown = judged(figures(total, self.params, None), enough(total, self.params))
        return {
            "first": part.first, "last": part.last,
            "name": report.name_of(part),
            "figures": {f["key"]: f for f in report.picked([f.body() for f in shown], report.ROW_FIGURES)},
        }  # fmt: skip

    async def trends(
        self,
        actor: Actor,
        *,
        community: str | None = None,
        leaf: str | None = None,
        last: date | None = None,
    ) -> Body:
        """Return the last whole months by matter and by community, and what rises or falls.

        Args:
            community: Of this community's matters only; a community's staff see no other.
            leaf: By community of this matter only.
            last: First day of the last month; by default the newest that is over.

        Raises:
            LindaError: 403 ``role_not_allowed`` or ``out_of_scope``; 422 ``unknown_filter``.
        """
        if actor.role not in TRENDS:
            raise LindaError("role_not_allowed", "这个岗位不看走势。", 403)
        if actor.community_id is not None:
            if community not in (None, actor.community_id):
                raise LindaError("out_of_scope", "只能看自己范围里的数据。", 403)
            community = actor.community_id
        names = await self._names()
        for name, given in (("community", community), ("leaf", leaf)):
            if given is not None and given not in names:
                raise _unknown(name, given)
        now, rule = self._clock.now(), self.params.trends
        this = now.date().replace(day=1)
        last = months_on(this, -1) if last is None else last
        first = min(months_on(last, -12), months_on(last, 1 - rule.months))
        rows, began = await self.filed_since(first, actor.community_id)
        matters, places = self._monthly(rows, community, leaf)
        courses = {
            "matters": self._courses(matters, names, last, began),
            "places": self._courses(places, names, last, began),
        }
        return {
            "months": trends.months_to(last, rule.months), "this_month": this if last == months_on(this, -1) else None,
            "community": community, "leaf": leaf, "rule": trends.rule_said(rule), **courses,
        }  # fmt: skip

    async def filed_since(
        self, first: date, community: str | None = None
    ) -> tuple[list[tuple[date, str | None, str | None, int]], date | None]:
        """Return requests by month (first day), community and leaf, and the day of the first of all."""
        now = self._clock.now()
        scope = Scope(Period("custom", first, now.date()), now, community)
        async with self._db.read() as s:
            await sums.steady(s)
            began = await store.first_filed(s)
            plan = await sums.plan(s, scope, self.params)
            return await sums.filed_by_month(s, scope, plan), began

    def _monthly(
        self, rows: Iterable[tuple[date, str | None, str | None, int]], community: str | None,
        leaf: str | None,
    ) -> tuple[dict[str, dict[date, int]], dict[str, dict[date, int]]]:  # fmt: skip
        """Return requests by matter and by community, each by month.

        A restricted matter (violence at home, a child) has no line of its own: a month's few in one
        community would be somebody.
        """
        matters: dict[str, dict[date, int]] = defaultdict(lambda: defaultdict(int))
        places: dict[str, dict[date, int]] = defaultdict(lambda: defaultdict(int))
        for month, place, matter, n in rows:
            known = self._tickets.leaves.get(matter or "")
            named = known is not None and not known.restricted
            if matter is not None and named and community in (None, place):
                matters[matter][month] += n
            if place is not None and leaf in (None, matter) and (leaf is None or named):
                places[place][month] += n
        return matters, places

    def _courses(
        self, found: Mapping[str, Mapping[date, int]], names: Mapping[str, str], last: date,
        began: date | None,
    ) -> list[Body]:  # fmt: skip
        """Return each line's months, the most frequent first."""
        rule, this = self.params.trends, self._clock.now().date().replace(day=1)
        newest, made = last == months_on(this, -1), []
        for key, counts in found.items():
            one = trends.course(counts, last, began, rule)
            made.append(
                {"key": key, "name": names.get(key, key), "months": list(one.months),
                 "total": one.total, "so_far": counts.get(this, 0) if newest else None,
                 "verdict": one.verdict.key, "said": trends.said(one.verdict, rule),
                 "year_ago": one.year_ago, "season": trends.AGAINST[one.season.key]}
            )  # fmt: skip
        kept = (m for m in made if m["total"] or m["so_far"] or m["year_ago"])
        return sorted(kept, key=lambda m: (-m["total"], m["key"]))

    # ── monthly reports ─────────────────────────────────────────────────────────────────────

    async def whistles(self, actor: Actor, month: date) -> Body:
        """Return the 吹哨报到 report of a month."""
        period, community = self._report(actor, month)
        async with self._db.read() as s:
            found = await monthly.whistles(s, period, community)
        return {"period": _period(period), **found.body(await self._names())}

    async def assignments(self, actor: Actor, month: date) -> Body:
        """Return the 越权派单 report of a month, with the names of units and matters."""
        period, community = self._report(actor, month)
        async with self._db.read() as s:
            found = await monthly.assignments(s, period, community)
        names = await self._names()
        for line in (*found["blocked"], *found["against"]):
            for key in ("org", "listed", "leaf"):
                if key in line:
                    line[f"{key}_name"] = names.get(line[key] or "", line[key])
        return {"period": _period(period), **found}

    def _report(self, actor: Actor, month: date) -> tuple[Period, str | None]:
        if actor.role not in REPORTS:
            raise LindaError("role_not_allowed", "这个岗位不看月报。", 403)
        community = actor.community_id if actor.role == "supervisor" else None
        return around("month", month), community

    async def public(self, month: date) -> Body:
        """Return what anybody may see of a month whose scoring is final: no cell below the limit.

        Raises:
            LindaError: 404 ``not_published``: the month is not over, or its scoring not yet final.
        """
        period, now = around("month", month), self._clock.now()
        closes = self._final_at(period)
        if now <= closes:
            raise LindaError(
                "not_published", f"这个月的数据在{clocks.local_text(closes)}以后公布。", 404
            )
        scope = Scope(period, now)
        async with self._db.read() as s:
            counted = await self._gather(s, scope)
            left_out = await store.excluded(s, scope)
            certificates = await store.redirected(s, scope, self.params)
        names, least = await self._names(), self.params.small_cell
        total = self._total(counted, None) | certificates
        made = figures(total, self.params, percentile_95(_merged(counted.late.values())))
        made = judged(made, enough(total, self.params))
        return {
            "period": _period(period),
            "figures": [
                f.body() for f in without_small_cells(made, least) if f.key not in NOT_PUBLIC
            ],
            "leaves": suppressed(
                {str(names.get(k or "", "其他")): n for k, n in self._public_leaves(counted).items()},
                least,
            ),
            "excluded": suppressed(
                {EXCLUSIONS.get(r, r): n for r, n in sorted(left_out.items())}, least
            ),
            "least": least,
        }  # fmt: skip

    def latest_public(self) -> date:
        """Return the first day of the newest month that is published."""
        period = around("month", self._clock.now().date()).before
        while self._clock.now() <= self._final_at(period):
            period = period.before
        return period.first

    def _final_at(self, period: Period) -> datetime:
        """When the scoring of a month is final (``data/workflow.yml``): nothing is left out later."""
        rule = self._tickets.rules.scoring_closes
        return rule.limit.after(period.end, self._tickets.calendar)

    def _public_leaves(self, counted: Gathered) -> dict[str | None, int]:
        """Requests by matter; what is restricted (children, violence) is not named outside."""
        counts: dict[str | None, int] = defaultdict(int)
        for leaf, counted_here in counted.leaves.items():
            known = self._tickets.leaves.get(leaf or "")
            named = leaf if known and not known.restricted else None
            if filed := int(counted_here.get("filed", 0)):
                counts[named] += filed
        return counts

    # ── keeping ─────────────────────────────────────────────────────────────────────────────

    async def refresh(self) -> int:
        """Make sums of days that are over and have none, or have changed; return of how many.

        Called by the worker all the time: it looks at most every :data:`REFRESHED`.
        """
        now = self._clock.now()
        if self._refreshed is not None and self._refreshed <= now < self._refreshed + REFRESHED:
            return 0
        async with self._db.write() as s:
            done = await summing.refresh(s, now, self.params)
        # Only what is left over is done in the next round: days that are over change all the time.
        self._refreshed = None if done == summing.DAYS_AT_ONCE else now
        return done

    async def count_again(self, ticket_no: str) -> None:
        """Let the sums of a ticket's days be made anew: it was filed in a past that is summed (test mode)."""
        async with self._db.write() as s:
            score = await keeping.stored(s, ticket_no)
            await keeping.note_changed(s, keeping.all_days([score] if score else []))

    async def clock_set(self, s: Session) -> None:
        """Let no sum count that the clock has not come to, in the caller's transaction (test mode)."""
        await summing.forget_ahead(s, self._clock.now())
        self._refreshed = None

    async def rebuild(self, missing_only: bool = False) -> int:
        """Make the facts of all tickets anew from their events; return of how many.

        In small transactions that lock their tickets: the installation goes on meanwhile.

        Args:
            missing_only: Only of tickets that have none: those from before there were facts.
        """
        done, after = 0, ""
        while True:
            async with self._db.write() as s:
                query = select(TicketRow.ticket_no).where(TicketRow.ticket_no > after)
                if missing_only:
                    there = select(TicketScoreRow.ticket_no)
                    case_of = TicketRow.doc["case_of"].as_string()
                    query = query.where(TicketRow.ticket_no.not_in(there), case_of.is_(None))
                query = query.order_by(TicketRow.ticket_no).limit(BATCH).with_for_update()
                numbers = list(await s.scalars(query))
                scores: dict[str, Score | None] = {no: fold(await history(s, no)) for no in numbers}
                if scores:
                    await keeping.replace_all(s, scores)
            if not numbers:
                return done
            done, after = done + len(numbers), numbers[-1]

    async def check(self) -> list[str]:
        """Return the numbers of tickets whose stored facts are not what their events make."""
        wrong, after = [], ""
        while True:
            async with self._db.read() as s:
                query = select(TicketRow.ticket_no).where(TicketRow.ticket_no > after)
                numbers = list(await s.scalars(query.order_by(TicketRow.ticket_no).limit(BATCH)))
                for no in numbers:
                    if fold(await history(s, no)) != await keeping.stored(s, no):
                        wrong.append(no)
            if not numbers:
                return wrong
            after = numbers[-1]

    async def _names(self) -> dict[str, str]:
        """Names of units, communities and matters by id; the three never share one."""
        places = await self._places.gazetteer()
        return (
            {leaf.id: leaf.title for leaf in self._tickets.leaves.values()}
            | {c.id: c.name for c in places.communities}
            | {o.id: o.name for o in self._people.orgs()}
        )

    async def choices(self) -> dict[str, list[tuple[str, str]]]:
        """Return what the filters offer: communities, units, leaves, each (id, name)."""
        places = await self._places.gazetteer()
        return {
            "communities": [(c.id, c.name) for c in places.communities],
            "units": [(o.id, o.name) for o in self._people.orgs()],
            "leaves": [(leaf.id, leaf.title) for leaf in self._tickets.leaves.values()],
        }


UNIT_GROUPS = frozenset({RESPONSE, UNITS, RESULT, TRUTH})
"""Headings shown of a unit: how many requests there are is nothing that a unit does."""
PART_FIGURES = frozenset({
    "due", "filed", "contact", "in_time", "reached", "solved", "solved_strict", "satisfied",
    "satisfied_strict", "rework", "group", "proactive", "per_10000",
})  # fmt: skip
"""Shown of a community or a leaf."""
NOT_PUBLIC = frozenset({"persuaded", "rating_changed", "composite"})
"""Kept for those who look into it: a public number would name the case."""


def suppressed(cells: Mapping[str, int], least: int) -> list[Body]:
    """Return cells for the public, ``count`` None below ``least``, most first.

    One hidden cell could be had from the total, so a second one is hidden with it.
    """
    ordered = sorted(cells.items(), key=lambda c: (-c[1], c[0]))
    small = [name for name, n in ordered if 0 < n < least]
    if len(small) == 1:
        others = [name for name, n in ordered if n >= least]
        small += others[-1:]
    return [{"name": name, "count": None if name in small else n} for name, n in ordered]


def _unknown(name: str, given: str) -> LindaError:
    return LindaError("unknown_filter", f"没有编号为“{given}”的选项。", 422, {name: "请重新选择。"})


def _talked(
    found: Iterable[dialogue.Talk], names: Mapping[str, str], params: BotParams
) -> list[Body]:
    """Talks by community, those with most first: an order, not a rank."""
    parts: dict[str | None, list[dialogue.Talk]] = defaultdict(list)
    for talk in found:
        parts[talk.community].append(talk)
    return [
        {"key": key, "name": names.get(key or "", key or "未定位到社区"),
         "figures": {k: f.body() for k, f in dialogue.of_part(part, params).items()}}
        for key, part in sorted(parts.items(), key=lambda p: (-len(p[1]), str(p[0])))
    ]  # fmt: skip


def _along(parts: store.Parts, axis: int) -> dict[str | None, dict[str, float]]:
    """Add up parts by community (0) or leaf (1)."""
    found: dict[str | None, list[Counts]] = defaultdict(list)
    for key, counts in parts.items():
        found[key[axis]].append(counts)
    return {key: add(counts) for key, counts in found.items()}


Key = TypeVar("Key")
Name = TypeVar("Name")
Number = TypeVar("Number", int, float)


def _joined(*parts: Mapping[Key, Mapping[Name, Number]]) -> dict[Key, dict[Name, Number]]:
    """Put the counts of the same key together."""
    found: dict[Key, dict[Name, Number]] = {}
    for part in parts:
        for key, counts in part.items():
            into = found.setdefault(key, {})
            for name, n in counts.items():
                into[name] = into.get(name, 0) + n
    return found


def _with_due(counted: Gathered) -> list[tuple[str, Counts]]:
    """Units that had something due."""
    return [(org, c) for org, c in counted.units.items() if org is not None and c.get("due", 0)]


def _merged(histograms: Iterable[Mapping[int, int]]) -> dict[int, int]:
    total: dict[int, int] = defaultdict(int)
    for histogram in histograms:
        for value, n in histogram.items():
            total[value] += n
    return total


def _without_few_raters(found: Iterable[Figure], least: int) -> list[Figure]:
    """A unit does not see how few residents rated it: it knows who they are."""
    return [
        replace(f, note=SHORT)
        if f.key in ("satisfied", "satisfied_strict", "rating_changed")
        and 0 < (f.denominator or 0) < least
        else f
        for f in found
    ]


def _rank(units: list[Body]) -> None:
    """Number the units with enough answers by their composite; the others have no place."""
    scored = [u for u in units if u["enough"] and u["figures"]["composite"]["value"] is not None]
    scored.sort(key=lambda u: -u["figures"]["composite"]["value"])
    for unit in scored:
        value = unit["figures"]["composite"]["value"]
        better = sum(u["figures"]["composite"]["value"] > value for u in scored)
        unit["rank"] = better + 1


def _period(period: Period) -> Body:
    return {
        "kind": period.kind, "first": period.first, "last": period.last, "label": period.label,
    }  # fmt: skip
