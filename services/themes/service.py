"""ThemeService: the plan of a year, one theme a month, and what came of each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import ColumnElement, or_, select, true

from services.audit import journal
from services.clock import Clock
from services.config import Settings
from services.db import Database, Session
from services.errors import LindaError
from services.lists.tables import ListItemRow
from services.metrics.periods import months_on
from services.metrics.service import MetricsService
from services.people.model import Staff
from services.people.roles import holders
from services.people.service import PeopleService
from services.themes import plan
from services.themes.plan import Effect, Params, Proposal, load_params
from services.themes.tables import ThemeChangeRow, ThemeMeasureRow, ThemeRow
from services.tickets.core.actor import Actor
from services.tickets.core.location import Location
from services.tickets.service import TicketService

READS, KEEPS, DECIDES = (holders(p) for p in ("themes", "themes_keep", "themes_decide"))
STATES: Mapping[str, str] = {
    "proposed": "等人定", "adopted": "正在做", "closed": "做完了", "reviewed": "回头看过了",
    "dropped": "不做了",
}  # fmt: skip
MEASURES: Mapping[str, str] = {
    "todo": "没开始", "doing": "正在办", "done": "办好了", "dropped": "不办了",
}  # fmt: skip
CHANGES: Mapping[str, str] = {
    "propose": "提出", "edit": "改了", "adopt": "定了", "drop": "不做了", "measure": "任务",
    "close": "做完了", "review": "回头看",
}  # fmt: skip
LIVE = ("proposed", "adopted", "closed", "reviewed")


class NewTheme(BaseModel):
    """A theme as it is written."""

    model_config = ConfigDict(
        extra="forbid", str_strip_whitespace=True,
        json_schema_extra={"examples": [{
            "year": 2027, "month": 3, "title": "老楼漏水", "leaves": ["H1", "H7"], "lead": "housing",
            "assists": ["property"], "goal": "雨季前把三栋老楼的屋面修完", "target": 5,
        }]},
    )  # fmt: skip

    year: int = Field(ge=2015, lt=2100)
    month: int = Field(ge=1, le=12)
    title: str = Field(min_length=2, max_length=60)
    leaves: tuple[str, ...] = Field(max_length=10, description="两三个事项")
    lead: str = Field(min_length=1, max_length=60, description="牵头单位")
    assists: tuple[str, ...] = Field((), max_length=20, description="协助单位")
    goal: str = Field(min_length=2, max_length=300)
    target: int = Field(ge=0, le=100_000, description="做了以后，这些事项每月最多几件")
    project_id: str | None = Field(None, max_length=40, description="连着的民生项目（三项清单）")


class NewMeasure(BaseModel):
    """Something to be done, by whom, by which day."""

    model_config = ConfigDict(
        extra="forbid", str_strip_whitespace=True,
        json_schema_extra={"examples": [{"text": "查三栋楼的屋面", "org": "property", "due": "2027-03-15"}]},
    )  # fmt: skip

    text: str = Field(min_length=2, max_length=200)
    org: str = Field(min_length=1, max_length=60)
    due: date


@dataclass(frozen=True)
class Theme:
    """A theme with everything that is shown of it.

    Attributes:
        outcome: What came of it in words, from the tickets.
        waits: It was closed so long ago that somebody should look again.
    """

    row: ThemeRow
    effect: Effect
    outcome: str
    waits: bool
    measures: list[ThemeMeasureRow] = field(default_factory=list)
    changes: list[ThemeChangeRow] = field(default_factory=list)
    project: ListItemRow | None = None


@dataclass(frozen=True)
class Waiting:
    """A sentence about what a theme waits for."""

    theme_id: str
    text: str


class ThemeService:
    """每月一题.

    A community's supervisor proposes for the community, the street for all; the street decides. All
    methods raise ``LindaError``: 403 ``role_not_allowed``, 404 ``theme_not_found`` (also another
    community's), 409 ``version_conflict`` or ``state_wrong``, 422 with a Chinese sentence.
    """

    def __init__(
        self, settings: Settings, db: Database, clock: Clock, people: PeopleService,
        tickets: TicketService, metrics: MetricsService,
    ) -> None:  # fmt: skip
        self._settings, self._db, self._clock = settings, db, clock
        self._people, self._tickets, self._metrics = people, tickets, metrics

    @cached_property
    def params(self) -> Params:
        """From how many matters themes are made, and how long is counted."""
        return load_params(self._settings.data_dir / "themes.yml")

    # ── reading ─────────────────────────────────────────────────────────────────────────────

    async def of_year(self, staff: Staff, year: int) -> list[Theme]:
        """Return a year's themes by month, those that were dropped last."""
        if staff.role not in READS:
            raise _not_yours()
        query = select(ThemeRow).where(ThemeRow.year == year, _here(staff))
        async with self._db.read() as s:
            rows = list(await s.scalars(query.order_by(ThemeRow.month, ThemeRow.created_at)))
        found = await self._shown(rows)
        return sorted(found, key=lambda t: t.row.state == "dropped")

    async def one(self, staff: Staff, theme_id: str) -> Theme:
        """Return a theme with its measures and its history."""
        if staff.role not in READS:
            raise _not_yours()
        async with self._db.read() as s:
            row = await self._row(s, theme_id, staff)
        (found,) = await self._shown([row])
        return found

    async def due(self, staff: Staff) -> list[Waiting]:
        """Return what a theme waits for from who keeps it: measures past their day, 回头看."""
        if staff.role not in KEEPS:
            return []
        today = self._clock.now().date()
        mine = true() if staff.community_id is None else _same_place(staff.community_id)
        m, t = ThemeMeasureRow, ThemeRow
        late = (
            select(t, m)
            .join(m, m.theme_id == t.id)
            .where(mine, t.state == "adopted", m.state.in_(("todo", "doing")), m.due < today)
            .order_by(m.due, m.id)
        )
        again = select(t).where(mine, t.state == "closed", t.review_due <= today)
        async with self._db.read() as s:
            found = [
                Waiting(
                    theme.id, f"{theme.title}：“{measure.text}”过了{_day(measure.due)}还没办好。"
                )
                for theme, measure in await s.execute(late.limit(50))
            ]
            found += [
                Waiting(theme.id, f"{theme.title}：做完以后到日子了，该回头看看。")
                for theme in await s.scalars(again.order_by(t.review_due).limit(50))
            ]
        return found

    async def proposals(self, staff: Staff, year: int) -> list[Proposal]:
        """Return what the figures suggest for a year beside what is planned; nothing is written."""
        if staff.role not in KEEPS:
            return []
        taken = {
            leaf for t in await self.of_year(staff, year) if t.row.state in LIVE
            for leaf in t.row.leaves
        }  # fmt: skip
        lines = (await self._metrics.trends(_actor(staff)))["matters"]
        leads = {m["key"]: self._lead(m["key"]) for m in lines[: self.params.top]}
        return plan.propose(lines, leads, taken, self.params)

    async def projects(self, staff: Staff) -> list[ListItemRow]:
        """Return the projects of 三项清单 that a theme can be tied to."""
        query = select(ListItemRow).where(
            ListItemRow.list == "project", ListItemRow.state.in_(("idea", "doing", "done"))
        )
        if staff.community_id is not None:
            query = query.where(ListItemRow.community_id == staff.community_id)
        async with self._db.read() as s:
            return list(await s.scalars(query.order_by(ListItemRow.created_at.desc()).limit(200)))

    def _lead(self, leaf: str) -> str:
        today = self._clock.now().date()
        return self._tickets.directory.route(leaf, Location(), None, today).lead or ""

    async def _shown(self, rows: list[ThemeRow]) -> list[Theme]:
        """Return themes with figures, measures, history and project."""
        if not rows:
            return []
        now, ids = self._clock.now(), [r.id for r in rows]
        months = [date(r.year, r.month, 1) for r in rows]
        first = min(months_on(m, -12 - self.params.before) for m in months)
        filed, began = await self._metrics.filed_since(min(first, now.date()))
        m, c = ThemeMeasureRow, ThemeChangeRow
        measures: dict[str, list[ThemeMeasureRow]] = defaultdict(list)
        changes: dict[str, list[ThemeChangeRow]] = defaultdict(list)
        tied = [r.project_id for r in rows if r.project_id]
        async with self._db.read() as s:
            for each in await s.scalars(select(m).where(m.theme_id.in_(ids)).order_by(m.due, m.id)):
                measures[each.theme_id].append(each)
            for change in await s.scalars(select(c).where(c.theme_id.in_(ids)).order_by(c.id)):
                changes[change.theme_id].append(change)
            items = await s.scalars(select(ListItemRow).where(ListItemRow.id.in_(tied)))
            projects = {i.id: i for i in items}
        found = []
        for row, month in zip(rows, months, strict=True):
            counts: dict[date, int] = defaultdict(int)
            for at, place, leaf, n in filed:
                if leaf in row.leaves and row.community_id in (None, place):
                    counts[at] += n
            what = plan.effect(
                counts, began, month, now.date().replace(day=1), row.target, self.params,
                self._metrics.params.trends,
            )  # fmt: skip
            due = row.review_due
            waits = row.state == "closed" and due is not None and due <= now.date()
            found.append(
                Theme(row, what, plan.outcome(what, row.target), waits, measures[row.id],
                      changes[row.id], projects.get(row.project_id or ""))
            )  # fmt: skip
        return found

    # ── writing ─────────────────────────────────────────────────────────────────────────────

    async def propose(self, staff: Staff, wanted: NewTheme, theme_id: str) -> str:
        """Write a theme that waits for a decision; return its id. The same id again changes nothing.

        The figures that speak for its matters are kept with it, whoever thought of it.

        Raises:
            LindaError: 422 ``leaves_wrong``, ``leaf_taken``, ``unit_unknown``, ``links_wrong``.
        """
        _keeps(staff)
        reason = await self._reason(staff, wanted.leaves)
        async with self._db.write() as s:
            if await s.get(ThemeRow, theme_id) is not None:
                return theme_id
            await self._check(s, wanted, staff.community_id, theme_id)
            row = ThemeRow(
                id=theme_id, community_id=staff.community_id, state="proposed", summary="",
                review="", reason=reason, version=0, created_by=staff.id,
                created_at=self._clock.now(), **_columns(wanted),
            )  # fmt: skip
            s.add(row)
            await s.flush()
            await self._note(s, row, staff, "propose", wanted.title)
        return theme_id

    async def edit(self, staff: Staff, theme_id: str, wanted: NewTheme, version: int) -> None:
        """Change what is proposed, as long as nobody has decided.

        Raises:
            LindaError: What :meth:`propose` raises.
        """
        reason = await self._reason(staff, wanted.leaves)
        async with self._db.write() as s:
            row = await self._open(s, theme_id, staff, version, "proposed")
            await self._check(s, wanted, row.community_id, theme_id)
            for name, value in _columns(wanted).items():
                setattr(row, name, value)
            row.reason = reason
            await self._note(s, row, staff, "edit", wanted.title)

    async def decide(
        self, staff: Staff, theme_id: str, adopt: bool, words: str, version: int
    ) -> None:
        """Take a theme into the plan, or drop it, also one that has begun.

        Raises:
            LindaError: 422 ``month_over``: a month of the past; ``month_taken``: the month has one;
                ``reason_missing``: dropped without one.
        """
        if staff.role not in DECIDES:
            raise _not_yours()
        async with self._db.write() as s:
            if adopt:
                await self._lock_month(s, theme_id)
            states = ("proposed",) if adopt else ("proposed", "adopted")
            row = await self._open(s, theme_id, staff, version, *states)
            if not adopt and not words.strip():
                raise LindaError("reason_missing", "请写为什么不做。", 422, {"words": "请填写。"})
            today = self._clock.now().date()
            if adopt and (row.year, row.month) < (today.year, today.month):
                raise LindaError(
                    "month_over", f"{row.year}年{row.month}月已经过去了，请改成这个月或者以后的月份再定。",
                    422, {"month": "请换一个月。"},
                )  # fmt: skip
            if adopt and await self._month_taken(s, row):
                raise LindaError(
                    "month_taken", f"{row.year}年{row.month}月已经有一题了，一个月只做一题。", 422,
                    {"month": "请换一个月。"},
                )  # fmt: skip
            row.state = "adopted" if adopt else "dropped"
            await self._note(s, row, staff, "adopt" if adopt else "drop", words)

    async def add_measure(
        self, staff: Staff, theme_id: str, wanted: NewMeasure, version: int
    ) -> None:
        """Write what is to be done for a theme that was decided."""
        async with self._db.write() as s:
            row = await self._open(s, theme_id, staff, version, "adopted")
            self._known_unit(wanted.org, "org")
            s.add(ThemeMeasureRow(theme_id=row.id, state="todo", note="", **wanted.model_dump()))
            await self._note(s, row, staff, "measure", wanted.text)

    async def move_measure(
        self, staff: Staff, theme_id: str, measure: int, state: str, note: str, version: int
    ) -> None:
        """Say how something that is done for a theme stands.

        Raises:
            LindaError: 404 ``measure_not_found``; 422 ``choice_unknown``.
        """
        async with self._db.write() as s:
            row = await self._open(s, theme_id, staff, version, "adopted")
            found = await s.get(ThemeMeasureRow, measure)
            if found is None or found.theme_id != row.id:
                raise LindaError("measure_not_found", "没有这条任务。", 404)
            if state not in MEASURES:
                fields = {"state": f"可以填：{'、'.join(MEASURES)}。"}
                raise LindaError("choice_unknown", "没有这个状态，请重选。", 422, fields)
            found.state, found.note = state, note.strip()[:200]
            found.done_at = self._clock.now() if state == "done" else None
            said = f"{found.text}：{MEASURES[state]}"
            await self._note(s, row, staff, "measure", f"{said}，{found.note}" if note else said)

    async def close(self, staff: Staff, theme_id: str, summary: str, version: int) -> None:
        """End the work on a theme with a summary; the figures of the day stay in its history.

        Raises:
            LindaError: 422 ``summary_missing``; ``measures_open``: something is still to be done.
        """
        shown = await self.one(staff, theme_id)
        async with self._db.write() as s:
            # Whatever changed since it was read has raised the version.
            row = await self._open(s, theme_id, staff, version, "adopted")
            if not summary.strip():
                raise LindaError("summary_missing", "请写总结。", 422, {"words": "请填写。"})
            if left := sum(m.state in ("todo", "doing") for m in shown.measures):
                raise LindaError(
                    "measures_open", f"还有{left}条任务没办完，先办完，或者写明不办了。", 422
                )
            now = self._clock.now()
            row.state, row.summary, row.closed_at = "closed", summary.strip()[:2000], now
            row.review_due = review_due(now, self.params.review_months)
            await self._note(s, row, staff, "close", row.summary, shown.effect)

    async def review(
        self, staff: Staff, theme_id: str, kept: bool, words: str, version: int
    ) -> None:
        """Look again, half a year later: whether what was put right has stayed so.

        Raises:
            LindaError: 422 ``too_early``; ``words_missing``.
        """
        shown = await self.one(staff, theme_id)
        async with self._db.write() as s:
            row = await self._open(s, theme_id, staff, version, "closed")
            due = row.review_due
            if due is not None and self._clock.now().date() < due:
                raise LindaError(
                    "too_early", f"{due.year}年{due.month}月{due.day}日以后再回头看。", 422
                )
            if not words.strip():
                raise LindaError("words_missing", "请写看到了什么。", 422, {"words": "请填写。"})
            row.state, row.review, row.kept = "reviewed", words.strip()[:2000], kept
            await self._note(s, row, staff, "review", row.review, shown.effect)

    # ── rules ───────────────────────────────────────────────────────────────────────────────

    async def _reason(self, staff: Staff, leaves: tuple[str, ...]) -> str:
        lines = (await self._metrics.trends(_actor(staff)))["matters"]
        ranked = [(n, m) for n, m in enumerate(lines, start=1) if m["key"] in leaves and m["total"]]
        return plan.reason(ranked)

    async def _check(
        self, s: Session, wanted: NewTheme, community: str | None, theme_id: str
    ) -> None:
        rule = self.params.leaves
        known = self._tickets.leaves
        fine = all(leaf in known and not known[leaf].restricted for leaf in wanted.leaves)
        if not fine or not rule.least <= len(set(wanted.leaves)) <= rule.most:
            raise LindaError(
                "leaves_wrong", f"一个题目管{rule.least}到{rule.most}个事项；限阅的事项不能列。", 422,
                {"leaves": "请重选。"},
            )  # fmt: skip
        self._known_unit(wanted.lead, "lead")
        for unit in wanted.assists:
            self._known_unit(unit, "assists")
        others = await s.scalars(
            select(ThemeRow).where(
                ThemeRow.year == wanted.year, ThemeRow.id != theme_id, ThemeRow.state.in_(LIVE),
                _same_place(community),
            )
        )  # fmt: skip
        for other in others:
            if both := set(other.leaves) & set(wanted.leaves):
                name = known[min(both)].title
                raise LindaError(
                    "leaf_taken", f"“{name}”这一年已经在“{other.title}”里了。", 422,
                    {"leaves": "请重选。"},
                )  # fmt: skip
        if wanted.project_id:
            item = await s.get(ListItemRow, wanted.project_id)
            if item is None or item.list != "project" or community not in (None, item.community_id):
                raise LindaError(
                    "links_wrong", "只能连本社区的民生项目。", 422, {"project_id": "请重选。"}
                )

    def _known_unit(self, org: str, name: str) -> None:
        if self._people.org(org) is None:
            raise LindaError("unit_unknown", "没有这个单位，请重选。", 422, {name: "请重选。"})

    async def _lock_month(self, s: Session, theme_id: str) -> None:
        """Lock the month's themes, always in the same order: of two who decide at once the second sees the first's.

        A row of its own alone would let both find the month free.
        """
        row = await s.get(ThemeRow, theme_id)
        if row is None:
            return
        query = select(ThemeRow.id).where(
            ThemeRow.year == row.year, ThemeRow.month == row.month, _same_place(row.community_id)
        )
        await s.execute(query.order_by(ThemeRow.id).with_for_update())
        s.expire(row)

    async def _month_taken(self, s: Session, row: ThemeRow) -> bool:
        query = select(ThemeRow.id).where(
            ThemeRow.year == row.year, ThemeRow.month == row.month, ThemeRow.id != row.id,
            ThemeRow.state.in_(("adopted", "closed", "reviewed")), _same_place(row.community_id),
        )  # fmt: skip
        return await s.scalar(query.limit(1)) is not None

    async def _row(self, s: Session, theme_id: str, staff: Staff, lock: bool = False) -> ThemeRow:
        query = select(ThemeRow).where(ThemeRow.id == theme_id, _here(staff))
        row = await s.scalar(query.with_for_update() if lock else query)
        if row is None:
            raise LindaError("theme_not_found", "没有这一题，或者不是您社区的。", 404)
        return row

    async def _open(
        self, s: Session, theme_id: str, staff: Staff, version: int, *states: str
    ) -> ThemeRow:
        """Return a theme of the actor's own that is in one of some states, locked."""
        _keeps(staff)
        row = await self._row(s, theme_id, staff, lock=True)
        if staff.community_id is not None and row.community_id != staff.community_id:
            raise LindaError("role_not_allowed", "这是街道的题目，由街道来改。", 403)
        if version != row.version:
            raise LindaError(
                "version_conflict",
                "这一题刚刚有人改过，请看过再改。",
                409,
                {"version": row.version},
            )
        if row.state not in states:
            raise LindaError("state_wrong", f"这一题现在“{STATES[row.state]}”，不能这样改。", 409)
        return row

    async def _note(
        self, s: Session, row: ThemeRow, staff: Staff, what: str, words: str,
        effect: Effect | None = None,
    ) -> None:  # fmt: skip
        """Keep who did what: in the theme's own history and on the sealed record."""
        now = self._clock.now()
        row.version += 1
        said = words.strip()[:2000]
        s.add(
            ThemeChangeRow(
                theme_id=row.id, at=now, by=staff.id, what=what, words=said,
                figures=effect.body() if effect else {},
            )
        )  # fmt: skip
        await journal.note(s, now, staff, f"theme.{what}", f"theme:{row.id}", said[:200])


def _day(day: date) -> str:
    return f"{day.month}月{day.day}日"


def review_due(closed: datetime, months: int) -> date:
    """Return the day from which on somebody looks again; what the month lacks is its last day."""
    first = months_on(closed.date().replace(day=1), months)
    last = (months_on(first, 1) - timedelta(days=1)).day
    return first.replace(day=min(closed.day, last))


def _columns(wanted: NewTheme) -> dict[str, Any]:
    given = wanted.model_dump()
    return {**given, "leaves": list(wanted.leaves), "assists": list(wanted.assists),
            "project_id": wanted.project_id or None}  # fmt: skip


def _actor(staff: Staff) -> Actor:
    return Actor("staff", staff.id, staff.role, staff.org_id, staff.community_id)


def _here(staff: Staff) -> ColumnElement[bool]:
    """A community's staff see its own themes and the street's."""
    if staff.community_id is None:
        return true()
    return or_(ThemeRow.community_id.is_(None), ThemeRow.community_id == staff.community_id)


def _same_place(community: str | None) -> ColumnElement[bool]:
    if community is None:
        return ThemeRow.community_id.is_(None)
    return ThemeRow.community_id == community


def _keeps(staff: Staff) -> None:
    if staff.role not in KEEPS:
        raise _not_yours()


def _not_yours() -> LindaError:
    return LindaError("role_not_allowed", "您的岗位不能看、不能改每月一题。", 403)
