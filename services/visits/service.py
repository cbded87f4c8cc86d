"""VisitService: the list of elders, their visits, what the month's figures are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import ColumnElement, false, select, true, update

from services.audit import journal
from services.catalogue.files import read
from services.clock import Clock
from services.config import Settings
from services.db import Database, Session
from services.errors import LindaError
from services.metrics.periods import Period, around
from services.metrics.service import Visited
from services.once import Once, keep, made_before
from services.people.masking import mask_name, mask_phone
from services.people.model import Staff
from services.people.service import PeopleService
from services.places.service import PlaceService, load
from services.retention.visits import plain
from services.tickets.core.actor import Actor
from services.tickets.core.commands import Contact, CreateTicket, Subject
from services.tickets.service import TicketService
from services.visits import withdrawing
from services.visits.plan import (
    GIVEN,
    VISITS,
    Absence,
    Care,
    Due,
    Rate,
    Rules,
    load_rules,
    next_due,
    rate,
    standing,
)
from services.visits.tables import (
    CareAbsenceRow,
    CareAlertRow,
    CareConsentRow,
    CareReminderRow,
    CareTargetRow,
    CareVisitRow,
)

NAMED = frozenset({"grid", "clerk", "supervisor"})
"""Roles that know who the elders are, in their own area; other roles see counts."""
LOOKS_BACK = timedelta(days=70)
"""Visits older than this decide neither when the next is due nor this month's or last month's rate."""
HISTORY = 50


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class NewTarget(_Form):
    """An elder who is put on the list."""

    name: str = Field(min_length=1, max_length=30)
    building_id: str = Field(min_length=1, max_length=60)
    door: str = Field("", max_length=40, description="几单元几室")
    phone: str = Field("", max_length=20)
    family: str = Field("", max_length=60, description="家里人怎么称呼、电话")
    kinds: list[str] = Field(min_length=1, max_length=10)
    risk: str
    consent: str | None = Field(None, description="愿不愿意被探访；还没问就不写")
    consent_by: str = Field("self", description="谁说的")
    consent_form: str = Field("oral", description="怎么表示的")


class NewConsent(_Form):
    """What the elder or the guardian said; the latest answer to a purpose holds."""

    id: str = Field(min_length=8, max_length=40)
    purpose: str = VISITS
    answer: str
    said_by: str = "self"
    form: str = "oral"
    day: date


class NewVisit(_Form):
    """What a visit found. ``id`` is made by the form: pressed twice it is one visit."""

    id: str = Field(min_length=8, max_length=40)
    way: str
    reached: bool
    state: str | None = None
    note: str = Field("", max_length=500)
    need: str = Field("", max_length=500, description="需要办的事，有就建单")


class NewAbsence(_Form):
    """Days away from home."""

    id: str = Field(min_length=8, max_length=40)
    kind: str
    starts: date
    until: date | None = None


class NewAlert(_Form):
    """Something grave that was heard of."""

    id: str = Field(min_length=8, max_length=40)
    kind: str


class _DemoElder(NewTarget):
    id: str
    joined_on: date
    visits: list[tuple[int, str, str]] = Field([], description="days before today, way, state")
    away: tuple[int, str] | None = Field(None, description="days before today, kind")


class DemoFile(BaseModel):
    """``localities/*/elders.yml``: what a demo begins with."""

    model_config = ConfigDict(extra="forbid")

    confirm_locally: bool
    elders: list[_DemoElder]


@dataclass(frozen=True)
class Consent:
    """An answer on record: to what, which, whose, how, of which day; who wrote it down."""

    purpose: str
    answer: str
    said_by: str
    form: str
    day: date
    by: str


@dataclass(frozen=True)
class Elder:
    """One line of the list.

    ``name`` is whole for those who visit, else masked; ``phone`` is always masked here.
    """

    id: str
    name: str
    place: str
    door: str
    phone: str | None
    family: str
    grid_id: str
    kinds: tuple[str, ...]
    risk: str
    due: Due
    late: bool
    month: str | None
    away: Absence | None
    last: datetime | None
    declined: bool = False
    consents: tuple[Consent, ...] = ()

    @property
    def asked(self) -> bool:
        """Whether somebody has asked about being visited."""
        return any(c.purpose == VISITS for c in self.consents)


@dataclass(frozen=True)
class Visit:
    """A visit in an elder's history."""

    at: datetime
    by: str
    way: str
    reached: bool
    counts: bool
    state: str | None
    note: str
    ticket_no: str | None


class VisitService:
    """The registry of 月探访.

    All methods raise ``LindaError``: 403 ``role_not_allowed``, 404 ``elder_not_found`` (also when
    the elder belongs to somebody else's area), 422 with a Chinese sentence.
    """

    def __init__(
        self, settings: Settings, db: Database, clock: Clock, people: PeopleService,
        places: PlaceService, tickets: TicketService,
    ) -> None:  # fmt: skip
        self._settings, self._db, self._clock = settings, db, clock
        self._people, self._places, self._tickets = people, places, tickets
        self._reminded: date | None = None

    @cached_property
    def rules(self) -> Rules:
        """How visits are planned and counted."""
        return load_rules(self._settings.data_dir / "visits.yml")

    # ── reading ─────────────────────────────────────────────────────────────────────────────

    async def elders(self, actor: Actor) -> list[Elder]:
        """Return who is on the list in the actor's area, the next due first."""
        if actor.role not in NAMED:
            raise _not_yours()
        now = self._clock.now()
        async with self._db.read() as s:
            rows = await self._targets(s, _area(actor), now.date())
            cares = await self._cares(s, rows, now - LOOKS_BACK)
            said = await self._consents(s, [r.id for r in rows])
        found = [self._elder(r, cares[r.id], actor, now, said[r.id]) for r in rows]
        return sorted(found, key=lambda e: (e.declined, e.away is not None, e.due.at, e.id))

    async def elder(self, target_id: str, staff: Staff, actor: Actor) -> tuple[Elder, list[Visit]]:
        """Return one elder with the latest visits; that it was looked at goes on record."""
        now = self._clock.now()
        async with self._db.write() as s:
            row = await self._target(s, target_id, actor)
            care = (await self._cares(s, [row], now - LOOKS_BACK))[row.id]
            if not await journal.seen(s, now, staff, f"elder:{row.id}"):
                await journal.note(s, now, staff, "view", f"elder:{row.id}")
            visits = await s.scalars(
                select(CareVisitRow)
                .where(CareVisitRow.target_id == row.id)
                .order_by(CareVisitRow.at.desc(), CareVisitRow.id)
                .limit(HISTORY)
            )
            said = (await self._consents(s, [row.id]))[row.id]
            return self._elder(row, care, actor, now, said), [self._visit(v) for v in visits]

    async def phone(
        self, target_id: str, staff: Staff, actor: Actor, reason: str
    ) -> dict[str, str]:
        """Return phone and family in the clear; who, when and why goes on record.

        Raises:
            LindaError: 422 ``reason_missing``.
        """
        if not reason.strip():
            raise LindaError("reason_missing", "请写为什么要看电话。", 422, {"reason": "请填写。"})
        if actor.role not in ("grid", "clerk"):
            raise _not_yours()
        async with self._db.write() as s:
            row = await self._target(s, target_id, actor)
            await journal.note(
                s, self._clock.now(), staff, "reveal", f"elder:{row.id}", reason.strip()[:200]
            )
            return {"phone": self._open(row.phone_enc), "family": self._open(row.family_enc)}

    async def figures(self, actor: Actor, month: date) -> list[tuple[str, str, Rate]]:
        """Return ``(community id, grid id, figures)`` of a month, grid by grid.

        For those who know the elders their own area, for dispatcher and auditor all, without names.
        """
        period, today = around("month", month), self._clock.now().date()
        async with self._db.read() as s:
            rows = list(await s.scalars(select(CareTargetRow).where(_area(actor))))
            cares = await self._cares(s, rows, period.start, period.end)
        by_grid: dict[tuple[str, str], list[Care]] = defaultdict(list)
        for row in rows:
            by_grid[row.community_id, row.grid_id].append(cares[row.id])
        return [
            (c, g, found)
            for (c, g), members in sorted(by_grid.items())
            if (found := rate(members, period.first, period.last, today, self.rules)).targets
        ]

    async def month(self, s: Session, period: Period, community: str | None) -> Visited:
        """Return the sums of a period, for the page of figures."""
        where = true() if community is None else CareTargetRow.community_id == community
        rows = list(await s.scalars(select(CareTargetRow).where(where)))
        cares = await self._cares(s, rows, period.start, period.end)
        today = self._clock.now().date()
        found = rate(cares.values(), period.first, period.last, today, self.rules)
        return Visited(found.targets, found.visited, found.excepted)

    async def reminders(self, actor: Actor) -> list[CareReminderRow]:
        """Return what the actor's grids were reminded of and nobody has seen."""
        if actor.role not in NAMED:
            return []
        area = _in_area(actor, CareReminderRow.community_id, CareReminderRow.grid_id)
        query = select(CareReminderRow).where(CareReminderRow.seen_by.is_(None), area)
        async with self._db.read() as s:
            return list(await s.scalars(query.order_by(CareReminderRow.at.desc()).limit(20)))

    async def seen(self, actor: Actor) -> None:
        """Put away the reminders of the actor's grids."""
        if actor.role not in NAMED:
            raise _not_yours()
        area = _in_area(actor, CareReminderRow.community_id, CareReminderRow.grid_id)
        async with self._db.write() as s:
            await s.execute(
                update(CareReminderRow)
                .where(CareReminderRow.seen_by.is_(None), area)
                .values(seen_by=actor.id)
            )

    # ── writing ─────────────────────────────────────────────────────────────────────────────

    async def add(
        self, wanted: NewTarget, actor: Actor, target_id: str, once: Once | None = None
    ) -> str:
        """Put an elder on the list; return the id. The same id again changes nothing.

        Raises:
            LindaError: 422 ``place_unknown``, ``place_elsewhere``, ``choice_unknown``.
        """
        if actor.role not in ("clerk", "supervisor"):
            raise _not_yours()
        self._known(wanted.kinds, self.rules.kinds, "哪类老人", "kinds")
        self._known([wanted.risk], self.rules.risks, "风险档", "risk")
        first = self._first_answer(wanted, target_id)
        async with self._db.write() as s:
            if (known := await made_before(once, s, self._clock.now())) is not None:
                return known
            row = await self._new_row(s, wanted, target_id, actor.id, self._clock.now().date())
            if actor.community_id not in (None, row.community_id):
                raise LindaError(
                    "place_elsewhere", "这栋楼不归您的社区。", 422, {"building_id": "请换一栋。"}
                )
            if await s.get(CareTargetRow, target_id) is None:
                s.add(row)
                await s.flush()
                if first is not None:
                    s.add(self._said(row.id, first, actor.id))
            await keep(once, s, target_id)
        return target_id

    async def leave(self, target_id: str, actor: Actor, why: str) -> None:
        """Take an elder off the list from today on; visits and figures of before stay."""
        if actor.role not in ("clerk", "supervisor"):
            raise _not_yours()
        if not why.strip():
            raise LindaError("reason_missing", "请写为什么不再探访。", 422, {"why": "请填写。"})
        async with self._db.write() as s:
            row = await self._target(s, target_id, actor)
            if row.left_on is None:
                row.left_on, row.left_why = self._clock.now().date(), why.strip()[:100]

    async def change_risk(self, target_id: str, actor: Actor, risk: str) -> None:
        """Change how often an elder is visited."""
        if actor.role not in ("clerk", "supervisor"):
            raise _not_yours()
        self._known([risk], self.rules.risks, "风险档", "risk")
        async with self._db.write() as s:
            (await self._target(s, target_id, actor)).risk = risk

    async def record(self, target_id: str, wanted: NewVisit, actor: Actor) -> str | None:
        """Keep a visit; with a need, file it as a ticket at once. Return the ticket's number.

        Raises:
            LindaError: 422 ``state_missing``: reached, and not said how the elder is; ``declined``: not
                wanted, and nothing grave was heard of that would need a look all the same.
        """
        if actor.role not in ("grid", "clerk"):
            raise _not_yours()
        self._known([wanted.way], self.rules.ways, "怎么探访的", "way")
        if wanted.reached and wanted.state not in self.rules.states:
            raise LindaError("state_missing", "请点一下老人怎么样。", 422, {"state": "请选一个。"})
        async with self._db.read() as s:
            row = await self._target(s, target_id, actor)
            known = await s.get(CareVisitRow, wanted.id)
            care = (await self._cares(s, [row], self._clock.now() - LOOKS_BACK))[row.id]
        if known is not None:
            return self._same(known, target_id)
        self._check_wanted(care)
        request = self._request(row, wanted.need) if wanted.need else None
        async with self._db.write() as s:
            if (known := await s.get(CareVisitRow, wanted.id)) is not None:
                return self._same(known, target_id)
            number = None
            if request is not None:
                filed = await self._tickets.create_in(s, request, actor, f"visit:{wanted.id}")
                number = str(filed["ticket_no"])
            s.add(
                CareVisitRow(
                    id=wanted.id, target_id=row.id, at=self._clock.now(), by=actor.id,
                    way=wanted.way, reached=wanted.reached,
                    counts=wanted.reached and self.rules.ways[wanted.way].counts,
                    state=wanted.state if wanted.reached else None,
                    note_enc=self._seal(wanted.note), ticket_no=number,
                )
            )  # fmt: skip
            await s.flush()
            # Somebody was there: an alert from before a no need not say any more what had happened.
            await plain(s, row.id, self.rules)
            return number

    @staticmethod
    def _same(known: CareVisitRow, target_id: str) -> str | None:
        if known.target_id != target_id:
            raise LindaError("form_used", "这一页刚才已经记过一次了，请重新打开再记。", 409)
        return known.ticket_no

    async def away(self, target_id: str, wanted: NewAbsence, actor: Actor) -> None:
        """Keep days away from home; a later one ends an open one the day before it begins.

        Raises:
            LindaError: 422 ``dates_wrong``.
        """
        if actor.role not in NAMED:
            raise _not_yours()
        self._known([wanted.kind], self.rules.absences, "去哪儿了", "kind")
        if wanted.until is not None and wanted.until < wanted.starts:
            raise LindaError(
                "dates_wrong", "回来的日子比出去的早了。", 422, {"until": "请换个日期。"}
            )
        async with self._db.write() as s:
            row = await self._target(s, target_id, actor)
            if await s.get(CareAbsenceRow, wanted.id) is not None:
                return
            before = wanted.starts - timedelta(days=1)
            await self._close_absences(s, row.id, before, before)
            s.add(
                CareAbsenceRow(
                    target_id=row.id, by=actor.id, at=self._clock.now(), **wanted.model_dump()
                )
            )

    async def consent(self, target_id: str, wanted: NewConsent, actor: Actor) -> None:
        """Keep what the elder or the guardian said; earlier answers stay on record.

        A no erases at once what was noted on an earlier yes (:mod:`services.visits.withdrawing`).

        Raises:
            LindaError: 422 ``choice_unknown``, ``dates_wrong``: a day that has not come.
        """
        if actor.role not in NAMED:
            raise _not_yours()
        self._check_consent(wanted)
        async with self._db.write() as s:
            row = await self._target(s, target_id, actor)
            if await s.get(CareConsentRow, wanted.id) is not None:
                return
            said = self._said(row.id, wanted, actor.id)
            s.add(said)
            await s.flush()
            if wanted.purpose == VISITS and wanted.answer != GIVEN:
                who = await self._people.staff(s, actor.id) or (actor.id, actor.id, actor.role)
                rules, now = self._tickets.consents, self._clock.now()
                await withdrawing.withdrawn(s, row.id, rules, self.rules, now, who, said)

    async def back(self, target_id: str, actor: Actor) -> None:
        """End what is open: the elder is home again from today on."""
        if actor.role not in NAMED:
            raise _not_yours()
        async with self._db.write() as s:
            row = await self._target(s, target_id, actor)
            today = self._clock.now().date()
            await self._close_absences(s, row.id, today, today - timedelta(days=1))

    async def alert(self, target_id: str, wanted: NewAlert, actor: Actor) -> None:
        """Note something grave: somebody is to be there within the hours of the rules."""
        if actor.role not in NAMED:
            raise _not_yours()
        self._known([wanted.kind], self.rules.alerts, "出了什么事", "kind")
        async with self._db.write() as s:
            row = await self._target(s, target_id, actor)
            if await s.get(CareAlertRow, wanted.id) is None:
                s.add(
                    CareAlertRow(
                        id=wanted.id, target_id=row.id, kind=wanted.kind, by=actor.id,
                        at=self._clock.now(),
                    )
                )  # fmt: skip

    async def work(self) -> int:
        """Remind grids, as the worker does: of late visits once a day, of the month before it ends.

        Returns:
            How many reminders were written.
        """
        now, written = self._clock.now(), 0
        today = now.date()
        if self._reminded == today:
            return 0
        async with self._db.write() as s:
            rows = await self._targets(s, true(), today)
            cares = await self._cares(s, rows, now - LOOKS_BACK)
            by_grid: dict[tuple[str, str], list[Care]] = defaultdict(list)
            for row in rows:
                by_grid[row.community_id, row.grid_id].append(cares[row.id])
            for (community, grid), members in by_grid.items():
                for key, text in self._sentences(grid, members, now):
                    if await s.get(CareReminderRow, key) is None:
                        s.add(
                            CareReminderRow(
                                key=key, community_id=community, grid_id=grid, text=text, at=now
                            )
                        )
                        written += 1
        self._reminded = today
        return written

    async def seed(self, s: Session) -> None:
        """Put in the elders of the locality's file that were never there, with their visits."""
        path = self._settings.locality_dir / "elders.yml"
        if not path.exists():
            return
        now = self._clock.now()
        for each in read(path, DemoFile).elders:
            if await s.get(CareTargetRow, each.id) is not None:
                continue
            row = await self._new_row(s, each, each.id, "clerk1", each.joined_on)
            s.add(row)
            await s.flush()
            if (first := self._first_answer(each, each.id)) is not None:
                s.add(
                    self._said(row.id, first.model_copy(update={"day": each.joined_on}), "clerk1")
                )
            for n, (days, way, state) in enumerate(each.visits):
                s.add(
                    CareVisitRow(
                        id=f"{each.id}-{n}", target_id=each.id, at=now - timedelta(days=days),
                        by="grid1", way=way, reached=True, counts=self.rules.ways[way].counts,
                        state=state,
                    )
                )  # fmt: skip
            if each.away is not None:
                s.add(
                    CareAbsenceRow(
                        id=f"{each.id}-away", target_id=each.id, kind=each.away[1],
                        starts=now.date() - timedelta(days=each.away[0]), by="grid1", at=now,
                    )
                )  # fmt: skip

    # ── parts ───────────────────────────────────────────────────────────────────────────────

    def _sentences(
        self, grid: str, cares: Sequence[Care], now: datetime
    ) -> Iterable[tuple[str, str]]:
        today, period = now.date(), around("month", now.date())
        home = [c for c in cares if c.away(today) is None and not c.declined(today)]
        late = sum(next_due(c, self.rules, now).at < now for c in home)
        if late:
            yield f"late:{grid}:{today}", f"有{late}位老人过了该探访的时间，请今天去看看。"
        left = (period.last - today).days
        if left < self.rules.remind_days_before_end:
            missed = sum(
                standing(c, period.first, period.last, today, self.rules) == "missed" for c in home
            )
            if missed:
                days = f"还有{left}天" if left else "今天"
                text = f"{days}就到月底，还有{missed}位老人这个月没探访。"
                yield f"month:{grid}:{today:%Y-%m}", text

    async def _targets(
        self, s: Session, where: ColumnElement[bool], today: date
    ) -> list[CareTargetRow]:
        there = CareTargetRow.left_on.is_(None) | (CareTargetRow.left_on > today)
        query = select(CareTargetRow).where(where, there).order_by(CareTargetRow.id)
        return list(await s.scalars(query))

    async def _target(self, s: Session, target_id: str, actor: Actor) -> CareTargetRow:
        if actor.role not in NAMED:
            raise _not_yours()
        row = await s.scalar(
            select(CareTargetRow).where(CareTargetRow.id == target_id, _area(actor))
        )
        if row is None:
            raise LindaError("elder_not_found", "没有找到这位老人，或者不归您的网格、社区。", 404)
        return row

    async def _cares(
        self,
        s: Session,
        rows: Sequence[CareTargetRow],
        since: datetime,
        until: datetime | None = None,
    ) -> dict[str, Care]:
        """Return what the plan needs of these, with the visits that count of a span of time."""
        visits: dict[str, list[datetime]] = defaultdict(list)
        alerts: dict[str, list[datetime]] = defaultdict(list)
        absences: dict[str, list[Absence]] = defaultdict(list)
        ids = [r.id for r in rows]
        for at in range(0, len(ids), 500):
            part = ids[at : at + 500]
            met = select(CareVisitRow.target_id, CareVisitRow.at).where(
                CareVisitRow.target_id.in_(part), CareVisitRow.counts, CareVisitRow.at >= since
            )
            if until is not None:
                met = met.where(CareVisitRow.at < until)
            for target, when in await s.execute(met):
                visits[target].append(when)
            heard = select(CareAlertRow.target_id, CareAlertRow.at).where(
                CareAlertRow.target_id.in_(part), CareAlertRow.at >= since
            )
            for target, when in await s.execute(heard):
                alerts[target].append(when)
            for a in await s.scalars(
                select(CareAbsenceRow).where(CareAbsenceRow.target_id.in_(part))
            ):
                absences[a.target_id].append(Absence(a.kind, a.starts, a.until))
        said = await self._consents(s, ids)
        return {
            r.id: Care(
                r.id, r.risk, r.joined_on, r.left_on, tuple(visits[r.id]), tuple(alerts[r.id]),
                tuple(absences[r.id]),
                tuple((c.day, c.answer == GIVEN) for c in said[r.id] if c.purpose == VISITS),
            )
            for r in rows
        }  # fmt: skip

    async def _consents(self, s: Session, ids: Sequence[str]) -> dict[str, tuple[Consent, ...]]:
        """Return the answers of these, each one's in the order of their days."""
        found: dict[str, list[Consent]] = defaultdict(list)
        order = (CareConsentRow.day, CareConsentRow.at, CareConsentRow.id)
        for at in range(0, len(ids), 500):
            some = select(CareConsentRow).where(CareConsentRow.target_id.in_(ids[at : at + 500]))
            for c in await s.scalars(some.order_by(*order)):
                found[c.target_id].append(
                    Consent(c.purpose, c.answer, c.said_by, c.form, c.day, c.by)
                )
        return {id: tuple(found[id]) for id in ids}

    def _first_answer(self, wanted: NewTarget, target_id: str) -> NewConsent | None:
        """Return what was said when somebody was put on the list, if they were asked."""
        if wanted.consent is None:
            return None
        found = NewConsent(
            id=f"{target_id[:31]}-answered", answer=wanted.consent, said_by=wanted.consent_by,
            form=wanted.consent_form, day=self._clock.now().date(),
        )  # fmt: skip
        self._check_consent(found)
        return found

    def _said(self, target_id: str, wanted: NewConsent, by: str) -> CareConsentRow:
        return CareConsentRow(
            target_id=target_id,
            by=by,
            at=self._clock.now(),
            version=self.rules.consent.version,
            **wanted.model_dump(),
        )

    def _check_consent(self, wanted: NewConsent) -> None:
        rules = self.rules.consent
        self._known([wanted.purpose], rules.purposes, "为了什么", "purpose")
        self._known([wanted.answer], rules.answers, "怎么说的", "answer")
        self._known([wanted.said_by], rules.said_by, "谁说的", "said_by")
        self._known([wanted.form], rules.forms, "怎么表示的", "form")
        if wanted.day > self._clock.now().date():
            raise LindaError("dates_wrong", "这一天还没到。", 422, {"day": "请换个日期。"})

    def _check_wanted(self, care: Care) -> None:
        """Who does not want to be visited is left alone, unless something grave was heard of."""
        if care.declined(self._clock.now().date()) and not care.alerted:
            raise LindaError(
                "declined", "老人不愿意被探访。他又愿意了，先在“愿不愿意”里记一笔，再记探访。", 422
            )

    def _elder(
        self, row: CareTargetRow, care: Care, actor: Actor, now: datetime,
        consents: tuple[Consent, ...],
    ) -> Elder:  # fmt: skip
        period, today = around("month", now.date()), now.date()
        due, away = next_due(care, self.rules, now), care.away(today)
        declined = care.declined(today) and not care.alerted
        name, visits = self._open(row.name_enc), actor.role in ("grid", "clerk")
        family = self._open(row.family_enc)
        return Elder(
            row.id, name if visits else mask_name(name) or "", row.place,
            self._open(row.door_enc) if visits else "", mask_phone(self._open(row.phone_enc)),
            "有" if family else "", row.grid_id, tuple(row.kinds), row.risk, due,
            due.at < now and away is None and not declined,
            standing(care, period.first, period.last, today, self.rules), away,
            max(care.visits, default=None), declined, consents,
        )  # fmt: skip

    def _visit(self, v: CareVisitRow) -> Visit:
        return Visit(
            v.at, v.by, v.way, v.reached, v.counts, v.state, self._open(v.note_enc), v.ticket_no
        )

    def _request(self, row: CareTargetRow, need: str) -> CreateTicket:
        return CreateTicket(
            channel="patrol", narrative=need, reporter_role="patrol",
            subject=Subject(relation="探访的老人", name=self._open(row.name_enc)),
            contact=Contact(phone=self._open(row.phone_enc) or None),
            address_text=f"{row.place}{self._open(row.door_enc)}",
            place={"building_id": row.building_id},
        )  # fmt: skip

    async def _new_row(
        self, s: Session, wanted: NewTarget, target_id: str, by: str, joined: date
    ) -> CareTargetRow:
        gazetteer = await load(s)
        building = gazetteer.building.get(wanted.building_id)
        if building is None:
            raise LindaError(
                "place_unknown", "没有这栋楼，请重新选择。", 422, {"building_id": "没有这栋楼。"}
            )
        compound = gazetteer.compound[building.compound_id]
        label = gazetteer.candidate(compound, building, None, None, 1.0).label
        return CareTargetRow(
            id=target_id, community_id=compound.community_id, grid_id=building.grid_id,
            building_id=building.id, place=label, kinds=list(dict.fromkeys(wanted.kinds)),
            risk=wanted.risk, name_enc=self._people.vault.encrypt(wanted.name),
            door_enc=self._seal(wanted.door), phone_enc=self._seal(wanted.phone),
            family_enc=self._seal(wanted.family), joined_on=joined, added_by=by,
            added_at=self._clock.now(),
        )  # fmt: skip

    async def _close_absences(self, s: Session, target_id: str, began: date, day: date) -> None:
        """End on ``day`` the absences that began by ``began`` and go on; none ends before its first."""
        rows = await s.scalars(
            select(CareAbsenceRow).where(
                CareAbsenceRow.target_id == target_id,
                CareAbsenceRow.starts <= began,
                CareAbsenceRow.until.is_(None) | (CareAbsenceRow.until > day),
            )
        )
        for row in rows:
            row.until = max(day, row.starts)

    def _seal(self, text: str) -> str | None:
        return self._people.vault.encrypt(text) if text else None

    def _open(self, stored: str | None) -> str:
        return self._people.vault.decrypt(stored) if stored else ""

    @staticmethod
    def _known(given: Iterable[str], allowed: Mapping[str, Any], label: str, field: str) -> None:
        if any(g not in allowed for g in given):
            fields = {field: f"可以填：{'、'.join(allowed)}。"}
            raise LindaError("choice_unknown", f"{label}：没有这一项，请重选。", 422, fields)


def _area(actor: Actor) -> ColumnElement[bool]:
    return _in_area(actor, CareTargetRow.community_id, CareTargetRow.grid_id)


def _in_area(actor: Actor, community: Any, grid: Any) -> ColumnElement[bool]:
    """Whom a role sees: a grid worker the own grids, a community its own, the street all."""
    found: ColumnElement[bool]
    match actor.role:
        case "grid":
            found = grid.in_(actor.grid_ids)
        case "clerk" | "supervisor":
            found = true() if actor.community_id is None else community == actor.community_id
        case "dispatcher" | "auditor":
            found = true()
        case _:
            found = false()
    return found


def _not_yours() -> LindaError:
    return LindaError("role_not_allowed", "您的岗位不能看、不能记探访。", 403)
