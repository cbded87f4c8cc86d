"""What people decide about what residents said: one decision settles a group.

Rows of decisions are only added; the newest one of a group holds. Saving trains nothing: a training run
reads what is approved when it starts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import func, select

from services.clock import Clock
from services.config import Settings
from services.db import Database, Session
from services.errors import LindaError
from services.training import checks, examples, groups
from services.training.checks import Label, Problem, topic_name
from services.training.examples import Example, Known, Mark
from services.training.heard_tables import AnnotationRow, GroupRow, HeardRow
from services.training.knowledge import Knowledge
from services.training.labels import NO_LEAF, OUT_OF_SCOPE
from services.training.wording import pieces

Person = tuple[str, str]
"""Id and name of who decides."""
Kind = Literal["confirm", "label", "out_of_scope", "skip", "undo"]
"""What a person does: agree with the model, label it, say that it is nobody's business here, leave it,
take the last decision back."""

KnownForms = Sequence[tuple[str, frozenset[str], Known]]
"""Form, pieces and sentence of the training data."""

WITHOUT_LABEL = ("skip", "undo")
TEACHES = ("confirmed", "corrected", "out_of_scope")
"""Decisions that a model learns from."""
STATES = {"skipped": "skipped", "undone": "open"}
"""State of the group after a decision; ``decided`` otherwise."""
KIND_NAMES: Mapping[str, str] = {
    "confirmed": "听对了",
    "corrected": "改了",
    "out_of_scope": "管不了",
    "skipped": "跳过",
    "undone": "撤销",
}


@dataclass(frozen=True)
class Decision:
    """What a person wants to decide.

    Attributes:
        version: Of the group, as they saw it.
        text: Which wording of the group is labelled; empty: the one it is shown with.
        despite: They have seen what it contradicts and mean it.
    """

    kind: Kind
    version: int
    text: str = ""
    intent: str = ""
    leaf: str = NO_LEAF
    marks: tuple[Mark, ...] = ()
    despite: bool = False


@dataclass(frozen=True)
class Annotation:
    """A decision that was made."""

    version: int
    kind: str
    text: str
    intent: str | None
    leaf: str | None
    marks: tuple[Mark, ...]
    staff_id: str
    staff_name: str
    at: datetime

    def body(self) -> dict[str, Any]:
        """Return the JSON of the API."""
        return {
            "version": self.version, "kind": self.kind, "kind_text": KIND_NAMES[self.kind],
            "text": self.text, "intent": self.intent, "leaf": self.leaf,
            "entities": [m.body() for m in self.marks],
            "by": {"id": self.staff_id, "name": self.staff_name}, "at": self.at.isoformat(),
        }  # fmt: skip


def annotation_of(row: AnnotationRow) -> Annotation:
    """Return a row as a value."""
    marks = tuple(sorted(Mark(e["start"], e["end"], e["type"]) for e in row.entities))
    return Annotation(
        row.version, row.kind, row.text, row.intent, row.leaf, marks, row.staff_id,
        row.staff_name, row.at,
    )  # fmt: skip


class AnnotationService:
    """Deciding, and what was decided."""

    def __init__(
        self, settings: Settings, db: Database, clock: Clock, knowledge: Knowledge
    ) -> None:
        self._nlu = settings.data_dir / "nlu"
        self._db = db
        self._clock = clock
        self._rules = knowledge
        self._read: tuple[object, KnownForms] | None = None

    # -- deciding ----------------------------------------------------------------------------

    async def check(self, group_id: int, decision: Decision) -> list[Problem]:
        """Return what speaks against a decision, without making it; 404 ``group_not_found``."""
        known = await self._compared_with(decision)
        async with self._db.read() as s:
            group = await find(s, group_id)
            return await self._problems(s, group, await self._label(s, group, decision), known)

    async def decide(self, group_id: int, decision: Decision, who: Person) -> Annotation:
        """Decide about a group.

        Raises:
            LindaError: 404 ``group_not_found``; 409 ``annotation_conflict``: somebody was faster
                (``fields.decision``: what they decided); 409 ``nothing_to_undo``; 422
                ``annotation_wrong`` and 422 ``annotation_doubtful`` (``fields.problems``), the
                latter unless ``despite``.
        """
        known = await self._compared_with(decision)
        async with self._db.write() as s:
            group = await find(s, group_id, lock=True)
            last = await _last(s, group_id)
            label = await self._label(s, group, decision)
            kind = await self._kind(s, group, decision, label)
            if group.version != decision.version:
                if last is not None and _same(last, kind, label, decision, who):
                    return annotation_of(last)  # the answer to it was lost on the way
                raise self._conflict(last)
            if kind == "undone" and (last is None or last.kind == "undone"):
                raise LindaError("nothing_to_undo", "这一组还没有定过，没有可撤销的。", 409)
            _refuse(await self._problems(s, group, label, known), decision.despite)
            said = await _newest(s, group, label.text if label else group.text)
            row = AnnotationRow(
                group_id=group.id, version=group.version + 1, kind=kind,
                text=label.text if label else "",
                intent=label.intent if label else None,
                leaf=label.leaf if label else None,
                entities=[m.body() for m in label.marks] if label else [],
                said_intent=said.intent, said_leaf=said.leaf,
                staff_id=who[0], staff_name=who[1], at=self._clock.now(),
            )  # fmt: skip
            s.add(row)
            group.version += 1
            group.state = STATES.get(kind, "decided")
        return annotation_of(row)

    async def _label(self, session: Session, group: GroupRow, decision: Decision) -> Label | None:
        """Return the label that a decision gives; None when it gives none."""
        if decision.kind in WITHOUT_LABEL:
            return None
        text = decision.text or group.text
        said = await _newest(session, group, text)
        match decision.kind:
            case "confirm":
                leaf = self._rules.labels.shown_leaf(said.intent, said.leaf)
                marks = checks.sound_marks(said.text, said.entities, self._rules.labels.entities)
                return Label(text, said.intent or "", leaf, marks)
            case "out_of_scope":
                return Label(text, OUT_OF_SCOPE, NO_LEAF, decision.marks)
        return Label(text, decision.intent, decision.leaf, tuple(sorted(decision.marks)))

    async def _kind(
        self, session: Session, group: GroupRow, decision: Decision, label: Label | None
    ) -> str:
        if label is None:
            return {"skip": "skipped", "undo": "undone"}[decision.kind]
        if label.intent == OUT_OF_SCOPE:
            return "out_of_scope"
        said = await _newest(session, group, label.text)
        right = (said.intent, self._rules.labels.shown_leaf(said.intent, said.leaf)) == label.topic
        return "confirmed" if right else "corrected"

    async def _problems(
        self, session: Session, group: GroupRow, label: Label | None, known: KnownForms
    ) -> list[Problem]:
        if label is None:
            return []
        rules = self._rules
        found = list(checks.of_label(label, rules.labels))
        found += checks.of_known(label, known, rules.wording, rules.labels)
        for other in await groups.near(session, group.form):
            if other.id == group.id or not rules.wording.alike(group.form, other.form):
                continue
            last = await _last(session, other.id)
            if last is None or last.kind not in TEACHES:
                continue
            if (last.intent, last.leaf or NO_LEAF) != label.topic:
                name = topic_name(rules.labels, last.intent, last.leaf)
                found.append(
                    Problem(
                        "near_annotation",
                        f"{last.staff_name}把差不多的“{last.text}”定成了“{name}”，请再看一眼。",
                        "text",
                        refuses=False,
                    )
                )
        return found

    def _conflict(self, last: AnnotationRow | None) -> LindaError:
        if last is None:
            return LindaError("annotation_conflict", "这一组刚刚变了，请再看一眼。", 409)
        name = topic_name(self._rules.labels, last.intent, last.leaf) if last.intent else ""
        done = f"“{KIND_NAMES[last.kind]}”" + (f"（{name}）" if name else "")
        return LindaError(
            "annotation_conflict",
            f"{last.staff_name}刚刚先定了这一组：{done}。您的没有保存，看过再定。",
            409,
            {"decision": annotation_of(last).body()},
        )

    # -- the training data as it is ----------------------------------------------------------

    async def _compared_with(self, decision: Decision) -> KnownForms:
        """Return what a decision may contradict; one that gives no label contradicts nothing."""
        labels = decision.kind not in WITHOUT_LABEL
        return await asyncio.to_thread(self._known) if labels else ()

    def _known(self) -> KnownForms:
        """Sentences of ``data/nlu`` with their forms; read again when a file has changed."""
        files = sorted(self._nlu.glob("*.yml"))
        stamp = tuple((p.name, p.stat().st_mtime_ns, p.stat().st_size) for p in files)
        if self._read is None or self._read[0] != stamp:
            wording = self._rules.wording
            forms = [(wording.form(k.example.text), k) for k in examples.read_nlu(self._nlu)]
            self._read = stamp, [(form, pieces(form), k) for form, k in forms]
        return self._read[1]

    # -- what training needs -----------------------------------------------------------------

    async def approved(self) -> list[Example]:
        """Return what a model may learn, in an order that only the content decides."""
        newest = select(func.max(AnnotationRow.id)).group_by(AnnotationRow.group_id)
        query = (
            select(AnnotationRow, GroupRow.residents)
            .join(GroupRow, GroupRow.id == AnnotationRow.group_id)
            .where(AnnotationRow.id.in_(newest), AnnotationRow.kind.in_(TEACHES))
        )
        async with self._db.read() as s:
            found = (await s.execute(query)).all()
        return sorted({_example(row, residents) for row, residents in found})

    async def write_nlu(self, folder: Path) -> str:
        """Write it as training data; return its content hash, empty when there is nothing."""
        approved = await self.approved()
        await asyncio.to_thread(examples.write_nlu, folder, approved)
        return examples.content_hash(approved)

    async def content_hash(self) -> str:
        """Return the hash that :meth:`write_nlu` would return now."""
        return examples.content_hash(await self.approved())

    async def evaluation_rows(self) -> Sequence[Mapping[str, Any]]:
        """Return it as labelled sentences: ``text, intent, leaf?, entities``."""
        return examples.evaluation_rows(await self.approved())


def _refuse(problems: Sequence[Problem], despite: bool) -> None:
    wrong = [p for p in problems if p.refuses]
    if wrong:
        raise LindaError(
            "annotation_wrong",
            "".join(p.message for p in wrong),
            422,
            {"problems": [p.body() for p in problems]},
        )
    if problems and not despite:
        raise LindaError(
            "annotation_doubtful",
            "".join(p.message for p in problems) + "确实要这样定，就勾上“看过了，就这样定”。",
            422,
            {"problems": [p.body() for p in problems]},
        )


def _same(
    last: AnnotationRow, kind: str, label: Label | None, decision: Decision, who: Person
) -> bool:
    """Whether a decision is the last one, sent once more."""
    given = Label(last.text, last.intent or "", last.leaf or NO_LEAF, annotation_of(last).marks)
    return (
        last.version == decision.version + 1
        and last.staff_id == who[0]
        and last.kind == kind
        and (label is None or given == label)
    )


async def find(session: Session, group_id: int, lock: bool = False) -> GroupRow:
    """Return a group, kept for this transaction alone when ``lock``; 404 ``group_not_found``."""
    row = await session.get(GroupRow, group_id, with_for_update=lock)
    if row is None:
        raise no_group()
    return row


def no_group() -> LindaError:
    """The refusal of what names no group."""
    return LindaError("group_not_found", "没有找到这一组话，可能已经过期清掉了。", 404)


async def _last(session: Session, group_id: int) -> AnnotationRow | None:
    query = (
        select(AnnotationRow)
        .where(AnnotationRow.group_id == group_id)
        .order_by(AnnotationRow.version.desc())
        .limit(1)
    )
    return (await session.scalars(query)).first()


async def _newest(session: Session, group: GroupRow, text: str) -> HeardRow:
    """The newest message of a group with these very words; 422 when there is none."""
    query = (
        select(HeardRow)
        .where(HeardRow.group_id == group.id, HeardRow.text == text)
        .order_by(HeardRow.id.desc())
        .limit(1)
    )
    row = (await session.scalars(query)).first()
    if row is None:
        raise LindaError("text_not_in_group", "这一组里没有这句话，请刷新再看。", 422)
    return row


def _example(row: AnnotationRow, residents: int) -> Example:
    return Example(
        row.intent or "", row.leaf or NO_LEAF, row.text, annotation_of(row).marks, residents
    )
