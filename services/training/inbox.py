"""What waits for a person to look at, the most useful first."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, and_, exists, func, select, tuple_

from services import cursors
from services.db import Database, Session
from services.training.annotations import Annotation, annotation_of, find
from services.training.checks import sound_marks
from services.training.examples import Mark
from services.training.heard_tables import (
    AnnotationRow,
    GroupRow,
    HeardRow,
    OutcomeRow,
    SuggestionRow,
)
from services.training.knowledge import Knowledge
from services.training.outcomes import OUTCOME_NAMES

State = Literal["open", "decided", "skipped"]
EXAMPLES = 20
"""Different wordings of a group that are shown."""
PAGE = 50


@dataclass(frozen=True)
class Filters:
    """What of the inbox to show; None is no filter. Times: ``since`` included, ``until`` not."""

    state: State = "open"
    channel: str | None = None
    intent: str | None = None
    leaf: str | None = None
    outcome: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    q: str | None = None


@dataclass(frozen=True)
class Reading:
    """One way in which the model understood messages of a group, and how many."""

    intent: str | None
    leaf: str
    share: float
    """Confidence of the newest such message, 0–1."""
    times: int

    def body(self) -> dict[str, Any]:
        """Return the JSON of the API."""
        return {
            "intent": self.intent, "leaf": self.leaf or None, "confidence": self.share,
            "times": self.times,
        }  # fmt: skip


@dataclass(frozen=True)
class Wording:
    """One wording of a group with what the model found in it."""

    text: str
    times: int
    readings: tuple[Reading, ...]
    marks: tuple[Mark, ...]

    def body(self) -> dict[str, Any]:
        """Return the JSON of the API."""
        return {
            "text": self.text, "times": self.times, "readings": [r.body() for r in self.readings],
            "entities": [m.body() for m in self.marks],
        }  # fmt: skip


@dataclass(frozen=True)
class Group:
    """Messages that say nearly the same, as a list shows them."""

    id: int
    version: int
    state: str
    text: str
    heard: int
    residents: int
    uncertainty: float
    suspicious: bool
    score: float
    first_at: datetime
    last_at: datetime
    reading: Reading | None = None
    outcomes: Mapping[str, int] = field(default_factory=dict)
    decision: Annotation | None = None

    def body(self) -> dict[str, Any]:
        """Return the JSON of the API."""
        return {
            "id": self.id, "version": self.version, "state": self.state, "text": self.text,
            "heard": self.heard, "residents": self.residents,
            "uncertainty": round(self.uncertainty, 3), "suspicious": self.suspicious,
            "first_at": self.first_at.isoformat(), "last_at": self.last_at.isoformat(),
            "understood": self.reading.body() if self.reading else None,
            "outcomes": dict(self.outcomes),
            "decision": self.decision.body() if self.decision else None,
        }  # fmt: skip


@dataclass(frozen=True)
class Suggested:
    """What somebody who works with residents says that the bot took wrong."""

    leaf: str | None
    note: str
    staff_name: str
    at: datetime

    def body(self) -> dict[str, Any]:
        """Return the JSON of the API."""
        return {
            "leaf": self.leaf, "note": self.note, "name": self.staff_name,
            "at": self.at.isoformat(),
        }  # fmt: skip


@dataclass(frozen=True)
class Detail:
    """A group with everything that helps to decide."""

    group: Group
    wordings: tuple[Wording, ...]
    readings: tuple[Reading, ...]
    """How its messages were understood, most often first."""
    channels: tuple[str, ...]
    models: tuple[str, ...]
    history: tuple[Annotation, ...]
    """Decisions, newest first."""
    suggestions: tuple[Suggested, ...] = ()
    """What colleagues said of its messages, newest first."""

    def body(self) -> dict[str, Any]:
        """Return the JSON of the API."""
        return {
            **self.group.body(),
            "wordings": [w.body() for w in self.wordings],
            "readings": [r.body() for r in self.readings],
            "channels": list(self.channels), "models": list(self.models),
            "history": [a.body() for a in self.history],
            "suggestions": [x.body() for x in self.suggestions],
        }  # fmt: skip


@dataclass(frozen=True)
class Page:
    """A part of the inbox; ``cursor`` leads to the next one. ``total`` counts all that fit."""

    groups: tuple[Group, ...]
    cursor: str | None
    total: int


class Inbox:
    """Reading groups; deciding is :class:`services.training.annotations.AnnotationService`'s."""

    def __init__(self, db: Database, knowledge: Knowledge) -> None:
        self._db = db
        self._rules = knowledge

    async def page(self, filters: Filters, cursor: str | None = None, limit: int = PAGE) -> Page:
        """Return groups: emergencies that may have been missed, then by doubt and number.

        Raises:
            LindaError: 400 ``bad_cursor``.
        """
        wanted = _wanted(filters)
        order = (GroupRow.suspicious, GroupRow.score, GroupRow.id)
        query = select(GroupRow).where(*wanted)
        if cursor:
            query = query.where(_after(cursor))
        query = query.order_by(*(c.desc() for c in order)).limit(limit + 1)
        async with self._db.read() as s:
            rows = (await s.scalars(query)).all()
            total = await s.scalar(select(func.count()).select_from(GroupRow).where(*wanted)) or 0
            found = await self._with_facts(s, rows[:limit])
        more = f"{int(found[-1].suspicious)}:{found[-1].score!r}:{found[-1].id}" if found else None
        return Page(tuple(found), more if len(rows) > limit else None, total)

    async def detail(self, group_id: int) -> Detail:
        """Return a group with its wordings and history; 404 ``group_not_found``."""
        async with self._db.read() as s:
            row = await find(s, group_id)
            (group,) = await self._with_facts(s, [row])
            heard = (
                await s.scalars(
                    select(HeardRow)
                    .where(HeardRow.group_id == group_id)
                    .order_by(HeardRow.id.desc())
                )
            ).all()
            history = (
                await s.scalars(
                    select(AnnotationRow)
                    .where(AnnotationRow.group_id == group_id)
                    .order_by(AnnotationRow.version.desc())
                )
            ).all()
            said = (
                await s.scalars(
                    select(SuggestionRow)
                    .join(HeardRow, HeardRow.id == SuggestionRow.heard_id)
                    .where(HeardRow.group_id == group_id)
                    .order_by(SuggestionRow.at.desc(), SuggestionRow.staff_id)
                    .limit(EXAMPLES)
                )
            ).all()
        by_text: dict[str, list[HeardRow]] = {}
        for message in heard:
            by_text.setdefault(message.text, []).append(message)
        # The wording it is shown with comes first, then what is said most.
        texts = sorted(by_text, key=lambda t: (t != row.text, -len(by_text[t]), t))[:EXAMPLES]
        wordings = [self._wording(text, by_text[text]) for text in texts]
        return Detail(
            group=group,
            wordings=tuple(wordings),
            readings=self._readings(heard),
            channels=tuple(sorted({h.channel for h in heard})),
            models=tuple(dict.fromkeys(h.model for h in heard if h.model)),
            history=tuple(annotation_of(a) for a in history),
            suggestions=tuple(Suggested(x.leaf, x.note, x.staff_name, x.at) for x in said),
        )

    def _wording(self, text: str, rows: Sequence[HeardRow]) -> Wording:
        """``rows``: the messages with these words, newest first."""
        newest = rows[0]
        labels = self._rules.labels
        readings = tuple(
            Reading(r["intent"], labels.shown_leaf(r["intent"], r["leaf"]), r["confidence"], 1)
            for r in newest.readings
        )
        marks = sound_marks(text, newest.entities, labels.entities)
        return Wording(text, len(rows), readings, marks)

    def _reading(self, row: HeardRow, times: int = 1) -> Reading:
        leaf = self._rules.labels.shown_leaf(row.intent, row.leaf)
        return Reading(row.intent, leaf, row.confidence or 0.0, times)

    def _readings(self, rows: Sequence[HeardRow]) -> tuple[Reading, ...]:
        """How messages, newest first, were understood."""
        times = Counter((r.intent, self._reading(r).leaf) for r in rows)
        newest: dict[tuple[str | None, str], Reading] = {}
        for row in rows:
            reading = self._reading(row)
            newest.setdefault((reading.intent, reading.leaf), reading)
        return tuple(replace(newest[topic], times=count) for topic, count in times.most_common())

    async def _with_facts(self, session: Session, rows: Sequence[GroupRow]) -> list[Group]:
        ids = [row.id for row in rows]
        newest = select(func.max(HeardRow.id)).where(HeardRow.group_id.in_(ids))
        heard = await session.scalars(
            select(HeardRow).where(HeardRow.id.in_(newest.group_by(HeardRow.group_id)))
        )
        last = {h.group_id: h for h in heard}
        counted = await session.execute(
            select(HeardRow.group_id, OutcomeRow.outcome, func.count())
            .join(OutcomeRow, OutcomeRow.heard_id == HeardRow.id)
            .where(HeardRow.group_id.in_(ids))
            .group_by(HeardRow.group_id, OutcomeRow.outcome)
        )
        outcomes: dict[int | None, dict[str, int]] = {}
        for group_id, outcome, number in counted:
            outcomes.setdefault(group_id, {})[outcome] = number
        decided = await session.scalars(
            select(AnnotationRow).join(
                GroupRow,
                and_(
                    GroupRow.id == AnnotationRow.group_id, GroupRow.version == AnnotationRow.version
                ),
            ).where(GroupRow.id.in_(ids))
        )  # fmt: skip
        decisions = {a.group_id: annotation_of(a) for a in decided}
        return [
            Group(
                row.id, row.version, row.state, row.text, row.heard, row.residents,
                row.uncertainty, row.suspicious, row.score, row.first_at, row.last_at,
                self._reading(last[row.id]) if row.id in last else None,
                _in_order(outcomes.get(row.id, {})), decisions.get(row.id),
            )
            for row in rows
        ]  # fmt: skip


def _in_order(outcomes: Mapping[str, int]) -> Mapping[str, int]:
    return {name: outcomes[name] for name in OUTCOME_NAMES if name in outcomes}


def _wanted(filters: Filters) -> Sequence[ColumnElement[bool]]:
    """Return the conditions of the filters: some message of the group fits all of them at once."""
    said: Select[Any] = select(HeardRow.id).where(HeardRow.group_id == GroupRow.id)
    columns = {"channel": HeardRow.channel, "intent": HeardRow.intent, "leaf": HeardRow.leaf}
    narrowed = False
    for name, column in columns.items():
        if (value := getattr(filters, name)) is not None:
            said, narrowed = said.where(column == value), True
    if filters.since is not None:
        said, narrowed = said.where(HeardRow.at >= filters.since), True
    if filters.until is not None:
        said, narrowed = said.where(HeardRow.at < filters.until), True
    if filters.q:
        pattern = (
            "%" + filters.q.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_") + "%"
        )
        said, narrowed = said.where(HeardRow.text.like(pattern, escape="\\")), True
    if filters.outcome is not None:
        followed = exists().where(
            OutcomeRow.heard_id == HeardRow.id, OutcomeRow.outcome == filters.outcome
        )
        said, narrowed = said.where(followed), True
    return (GroupRow.state == filters.state, *([said.exists()] if narrowed else []))


_CURSOR = re.compile(r"([01]):(\d{1,9}(?:\.\d{1,20})?(?:e-\d{1,3})?):(\d{1,9})")


def _after(cursor: str) -> ColumnElement[bool]:
    match = _CURSOR.fullmatch(cursor)
    if match is None:
        raise cursors.refused()
    place = match[1] == "1", float(match[2]), int(match[3])
    return tuple_(GroupRow.suspicious, GroupRow.score, GroupRow.id) < place
