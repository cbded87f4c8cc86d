"""What models are judged by, how each did, and two of them beside each other."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import select
from sqlalchemy.orm import aliased

from services.clock import Clock
from services.config import ROOT, Settings
from services.db import Database, Session
from services.errors import LindaError
from services.training import compare
from services.training.compare import Comparison, NotComparable, Taught
from services.training.fingerprint import UNDERSTANDING, fingerprint
from services.training.gate import Gate, gate, verdict
from services.training.model_tables import EvaluationRow

REFERENCE_TIME = "2026-11-24T10:00:00+08:00"
"""“Now” of the evaluation: what “明天” means is the same for every model."""

SetKind = Literal["frozen", "taught", "asked"]


@dataclass(frozen=True)
class EvaluationSet:
    """Labelled sentences.

    Attributes:
        kind: ``frozen``: never trained on. ``taught``: what people taught and this model was trained
            on. ``asked``: what people taught, whether this model was trained on it or not.
        basis: Content hash of the sentences and of all else that the figures depend on.
        lines: The sentences as JSONL, for ``bot.evaluate``.
    """

    kind: SetKind
    basis: str
    lines: bytes


@dataclass(frozen=True)
class Judgement:
    """A candidate beside the production model.

    Attributes:
        comparison: On the evaluation set.
        taught: The candidate on what people taught; None when nothing was.
        gate: What stands against a release.
        verdict: One Chinese line.
    """

    comparison: Comparison
    taught: Taught | None
    gate: Gate
    verdict: str

    def summary(self) -> dict[str, Any]:
        """Return it in short, to be kept with the run and the release."""
        return {
            "verdict": self.verdict,
            "advice": self.gate.advice,
            "blocks": list(self.gate.blocks),
            "doubts": list(self.gate.doubts),
            "figures": {
                f.key: {"label": f.label, "before": f.before, "after": f.after}
                for f in self.comparison.figures
            },
        }


def make_set(kind: SetKind, rows: Sequence[Mapping[str, Any]], rules: str) -> EvaluationSet:
    """Return rows as a set; ``rules``: hash of what understands beside the model."""
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
    digest = hashlib.sha256(f"{REFERENCE_TIME}\0{rules}\0".encode() + lines)
    return EvaluationSet(kind, digest.hexdigest(), lines)


def read_rows(folder: Path) -> list[dict[str, Any]]:
    """Return the labelled sentences of all ``*.jsonl`` files of a folder, by file name.

    Raises:
        LindaError: 422 ``evaluation_set_broken`` or ``evaluation_set_missing``, with the place.
    """
    rows: list[dict[str, Any]] = []
    for file in sorted(folder.glob("*.jsonl")):
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
                if not isinstance(row["text"], str) or not isinstance(row["intent"], str):
                    raise TypeError
            except (ValueError, KeyError, TypeError):
                raise LindaError(
                    "evaluation_set_broken",
                    f"评测集 {file.name} 第 {number} 行读不懂，请技术人员改好再训练。",
                ) from None
            rows.append(row)
    if not rows:
        raise LindaError(
            "evaluation_set_missing",
            "没有评测集，新模型好不好没法比。请技术人员检查评测集放在哪个文件夹。",
        )
    return rows


def judgement(
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    lessons: Mapping[str, Any] | None,
    known_before: frozenset[str],
    set_changed: bool = False,
) -> Judgement | None:
    """Judge a candidate by reports. Pure.

    Args:
        before: The production model on the evaluation set.
        after: The candidate on it.
        lessons: The candidate on what people taught.
        known_before: Texts that the production model was taught.
        set_changed: The set or the rules are others now.

    Returns:
        None when the reports are about different sentences.
    """
    try:
        comparison = compare.compare(before, after)
    except NotComparable:
        return None
    learned = compare.taught(lessons, known_before) if lessons else None
    found = gate(comparison, learned, set_changed)
    return Judgement(comparison, learned, found, verdict(comparison, learned))


class Evaluations:
    """Reports by model and set."""

    def __init__(self, settings: Settings, db: Database, clock: Clock) -> None:
        self._settings = settings
        self._db = db
        self._clock = clock

    async def rules(self) -> str:
        """Return the hash of what understands a sentence beside the model, as it is now."""
        return await asyncio.to_thread(fingerprint, ROOT, UNDERSTANDING)

    async def frozen(self) -> EvaluationSet:
        """Return the evaluation set as it is now.

        Raises:
            LindaError: See :func:`read_rows`.
        """
        rows = await asyncio.to_thread(read_rows, self._settings.evaluation_dir)
        return make_set("frozen", rows, await self.rules())

    async def report(self, model: str, basis: str) -> dict[str, Any] | None:
        """Return how a model did on a set; None when that is not known."""
        async with self._db.read() as s:
            row = await s.get(EvaluationRow, (model, basis))
            return row.report if row else None

    async def keep(
        self, s: Session, model: str, judged_by: EvaluationSet, report: Mapping[str, Any]
    ) -> None:
        """Remember how a model did."""
        await s.merge(
            EvaluationRow(
                model=model, basis=judged_by.basis, kind=judged_by.kind,
                made_at=self._clock.now(), report=dict(report),
            )
        )  # fmt: skip

    async def taught_texts(self, model: str) -> frozenset[str]:
        """Return what a model was taught, as far as that is known."""
        async with self._db.read() as s:
            report = await self._newest(s, model, "taught")
        return frozenset(row["text"] for row in report["rows"]) if report else frozenset()

    async def judge(self, model: str, base: str) -> Judgement | None:
        """Put a candidate beside the production model.

        Returns:
            None when the two have not been evaluated on the same set.
        """
        async with self._db.read() as s:
            pair = await self._newest_pair(s, model, base)
            mine = await self._newest(s, model, "taught", "asked")
        if pair is None:
            return None
        before, after = pair
        known = await self.taught_texts(base)
        changed = await self._changed(after.basis)
        return judgement(before.report, after.report, mine, known, changed)

    async def _changed(self, basis: str) -> bool:
        try:
            return (await self.frozen()).basis != basis
        except LindaError:
            return True

    async def _newest_pair(
        self, s: Session, model: str, base: str
    ) -> tuple[EvaluationRow, EvaluationRow] | None:
        mine, theirs = aliased(EvaluationRow), aliased(EvaluationRow)
        found = await s.execute(
            select(theirs, mine)
            .join(theirs, theirs.basis == mine.basis)
            .where(mine.model == model, theirs.model == base, mine.kind == "frozen")
            .order_by(mine.made_at.desc())
            .limit(1)
        )
        row = found.first()
        return (row[0], row[1]) if row else None

    async def _newest(self, s: Session, model: str, *kinds: SetKind) -> dict[str, Any] | None:
        report: dict[str, Any] | None = await s.scalar(
            select(EvaluationRow.report)
            .where(EvaluationRow.model == model, EvaluationRow.kind.in_(kinds))
            .order_by(EvaluationRow.made_at.desc())
            .limit(1)
        )
        return report
