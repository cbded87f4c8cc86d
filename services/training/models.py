"""The models that the installation has, and which one is in production."""

from __future__ import annotations

import asyncio
import logging
import tarfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError

from services.clock import Clock
from services.config import Settings
from services.db import Database
from services.errors import LindaError
from services.training import releases
from services.training.archives import Archives
from services.training.fingerprint import sha256_of, stamp_of
from services.training.model_tables import EvaluationRow, ModelRow
from services.training.releases import Release
from services.training.serving import ServingProcess, ServingReport, processes, record

log = logging.getLogger(__name__)

Source = Literal["file", "run", "import"]

SOURCE_LABELS = {"file": "随程序更新", "run": "训练", "import": "导入"}

KEPT_PRODUCTIONS = 5
"""So many production models can be rolled back to."""


@dataclass(frozen=True)
class Model:
    """A model archive.

    Attributes:
        sha256: Checksum, its identity.
        size: Bytes.
        made_at: When the installation got it.
        source: ``file`` (LINDA_MODEL), ``run`` or ``import``.
        run_id: Which training run made it.
        data_hash: What it was trained on; None when nobody knows.
        taught: How many sentences that people taught were among it.
        made_by: Who started the run or imported it.
        kept: Whether its bytes are still there.
    """

    sha256: str
    size: int
    made_at: datetime
    source: Source
    run_id: str | None
    data_hash: str | None
    taught: int
    made_by: str
    kept: bool

    @property
    def short(self) -> str:
        """Eight digits: enough for people to tell models apart."""
        return self.sha256[:8]

    def body(self) -> dict[str, Any]:
        """Return the API's view."""
        return {**vars(self), "made_at": self.made_at.isoformat()}


def model_of(row: ModelRow) -> Model:
    """Return a row as a value."""
    return Model(
        row.sha256, row.size, row.made_at, row.source, row.run_id,  # type: ignore[arg-type]
        row.data_hash, row.taught, row.made_by, row.kept,
    )  # fmt: skip


@dataclass(frozen=True)
class TakenIn:
    """What became of LINDA_MODEL: ``released`` says whether it is in production now."""

    sha256: str
    released: bool


class ModelService:
    """Models, the present release, and who serves it."""

    def __init__(self, settings: Settings, db: Database, clock: Clock) -> None:
        self._settings = settings
        self._db = db
        self._clock = clock
        self.archives = Archives(db, settings.var_dir / "models")

    # -- reading ---------------------------------------------------------------------------------

    async def list(self) -> list[Model]:
        """Return all models, newest first."""
        async with self._db.read() as s:
            rows = await s.scalars(select(ModelRow).order_by(ModelRow.made_at.desc()))
            return [model_of(row) for row in rows]

    async def get(self, name: str) -> Model:
        """Return a model by its checksum or the beginning of it (four digits or more).

        Raises:
            LindaError: 404 ``model_not_found``; 409 ``model_ambiguous``.
        """
        async with self._db.read() as s:
            found = []
            if len(name) >= 4 and name.isalnum():
                rows = await s.scalars(select(ModelRow).where(ModelRow.sha256.startswith(name)))
                found = [model_of(row) for row in rows]
        if not found:
            raise LindaError("model_not_found", "没有这个模型。", 404)
        if len(found) > 1:
            raise LindaError("model_ambiguous", "有好几个模型以此开头，请写长一点。", 409)
        return found[0]

    async def with_data(self, data_hash: str) -> Model | None:
        """Return the newest model that was trained on just this data and is still there."""
        query = (
            select(ModelRow)
            .where(ModelRow.data_hash == data_hash, ModelRow.kept)
            .order_by(ModelRow.made_at.desc())
        )
        async with self._db.read() as s:
            row = await s.scalar(query.limit(1))
        return model_of(row) if row else None

    async def current(self) -> Release | None:
        """Return the release that holds; None when there is no model at all."""
        async with self._db.read() as s:
            return await releases.newest(s)

    async def history(self) -> Sequence[Release]:
        """Return all releases, oldest first."""
        async with self._db.read() as s:
            return await releases.history(s)

    # -- taking in -------------------------------------------------------------------------------

    async def take_in_file(self) -> TakenIn | None:
        """Take in LINDA_MODEL if the installation does not know it yet.

        The first model goes into production. A changed one (``make train``, a new version of the
        program) follows it there as long as nobody has decided: once a person has promoted or
        rolled back, it is a candidate like any other.

        Returns:
            None when there is nothing new, or nothing whole.
        """
        path = self._settings.model
        if not path.is_file():
            return None
        sha256 = await asyncio.to_thread(sha256_of, path)
        async with self._db.read() as s:
            if await s.get(ModelRow, sha256) is not None:
                return None
        if not await asyncio.to_thread(_looks_like_model, path):
            log.warning("%s 不是完整的模型文件，没有登记，机器人还用原来的。", path.name)
            return None
        data_hash = await asyncio.to_thread(_stamped, path)
        await self._add(path, "file", data_hash=data_hash)
        last = await self.current()
        if last is not None and last.model == sha256:
            return TakenIn(sha256, True)  # another process was faster
        if last is not None and last.kind != "file":
            log.info("model %s of LINDA_MODEL is a candidate: %s decided", sha256[:8], last.id)
            return TakenIn(sha256, False)
        try:
            await releases.append(
                self._db, last.id if last else 0, kind="file", model=sha256, now=self._clock.now()
            )
        except LindaError:  # somebody decided, or another process did the same, just now
            last = await self.current()
            return TakenIn(sha256, last is not None and last.model == sha256)
        return TakenIn(sha256, True)

    async def import_file(self, path: Path, who: str) -> Model:
        """Take in an archive from the shell as a candidate.

        Raises:
            LindaError: 422 ``not_a_model`` when it is none.
        """
        if not await asyncio.to_thread(_looks_like_model, path):
            raise LindaError("not_a_model", f"{path.name} 不是模型文件（.tar.gz）。", 422)
        return await self.get(await self._add(path, "import", made_by=who))

    async def _add(
        self, path: Path, source: Source, data_hash: str | None = None, made_by: str = ""
    ) -> str:
        sha256, size = await self.archives.put(path)
        try:
            async with self._db.write() as s:
                row = await s.get(ModelRow, sha256)
                if row is None:
                    s.add(
                        ModelRow(
                            sha256=sha256, size=size, made_at=self._clock.now(), source=source,
                            data_hash=data_hash, made_by=made_by, taught=0, kept=True,
                        )
                    )  # fmt: skip
                else:
                    row.kept = True
        except IntegrityError:
            pass  # another process took in the same file at this moment
        return sha256

    # -- clearing away ---------------------------------------------------------------------------

    async def prune(self) -> None:
        """Clear away the bytes of old candidates; rows and releases stay.

        Kept are the production model, those one can roll back to, and the newest candidates
        (LINDA_TRAINING_RUNS_KEPT).
        """
        async with self._db.read() as s:
            stack = releases.productions(await releases.history(s))
            query = select(ModelRow.sha256).where(ModelRow.kept).order_by(ModelRow.made_at.desc())
            kept = list(await s.scalars(query))
        wanted = {*stack[-KEPT_PRODUCTIONS:], *kept[: self._settings.training_runs_kept]}
        dropped = [sha256 for sha256 in kept if sha256 not in wanted]
        if not dropped:
            return
        async with self._db.write() as s:
            await s.execute(update(ModelRow).where(ModelRow.sha256.in_(dropped)).values(kept=False))
            await s.execute(delete(EvaluationRow).where(EvaluationRow.model.in_(dropped)))
        await self.archives.drop(dropped)

    # -- serving ---------------------------------------------------------------------------------

    async def report_serving(self, report: ServingReport) -> None:
        """Keep what a Rasa process says about itself."""
        async with self._db.write() as s:
            await record(s, report, self._clock.now())

    async def serving(self) -> Sequence[ServingProcess]:
        """Return the Rasa processes that were heard of lately."""
        async with self._db.read() as s:
            return await processes(s, self._clock.now())

    async def serves(self) -> str | None:
        """Return the checksum of the model that answers now; None when no process has said so."""
        found = [p for p in await self.serving() if p.state == "serving" and p.model]
        return max(found, key=lambda p: p.reported_at).model if found else None


def _stamped(model: Path) -> str | None:
    """Return the data that ``make train`` notes beside a model, unless the model is newer."""
    stamp = stamp_of(model)
    try:
        if stamp.stat().st_mtime >= model.stat().st_mtime:
            return stamp.read_text().strip() or None
    except OSError:
        return None
    return None


def _looks_like_model(path: Path) -> bool:
    """Say whether a file is a model's archive; it is read to its end, so that none is cut off."""
    try:
        with tarfile.open(path, "r:gz") as archive:
            return "metadata.json" in [m.removeprefix("./") for m in archive.getnames()]
    except (OSError, tarfile.TarError, EOFError, zlib.error):
        return False
