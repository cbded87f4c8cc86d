"""What people decided about what residents said, as training needs it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from services.db import Database
from services.training import examples
from services.training.examples import Example, Mark
from services.training.heard_tables import AnnotationRow, GroupRow

TEACHES = ("confirmed", "corrected", "out_of_scope")
"""Decisions that a model learns from."""


class AnnotationService:
    """Decisions that hold now: the newest one of each group."""

    def __init__(self, db: Database) -> None:
        self._db = db

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


def _example(row: AnnotationRow, residents: int) -> Example:
    marks = sorted(Mark(e["start"], e["end"], e["type"]) for e in row.entities)
    return Example(row.intent or "", row.leaf or "", row.text, tuple(marks), residents)
