"""An installation that learns with a fake bot: real children, real databases, a small world."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from services.clock import Clock
from services.config import Settings
from services.context import build
from services.db import Database
from services.training import runner as runner_module
from services.training.bot_process import Bot
from services.training.learning import Learning
from services.training.runner import Runner
from services.training.runs import Run
from services.web.app import create_app
from tests.services.published import held
from tests.services.seeded import plant
from tests.services.training_runs import fake_bot

FAKE_BOT = Path(fake_bot.__file__)

LI = ("admin1", "李主任")
ZHANG = ("trainer1", "张训")

FROZEN = (
    {"text": "灯坏了", "intent": "report_problem", "leaf": "H6"},
    {"text": "家里煤气味好大", "intent": "emergency", "leaf": "H3"},
    {"text": "外面下雪了没", "intent": "out_of_scope"},
    {"text": "楼道黑咕隆咚", "intent": "report_problem", "leaf": "H6"},
)


@dataclass
class Lessons:
    """What people taught, as the runs see it."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    broken: bool = False

    async def write_nlu(self, folder: Path) -> str:
        for number, row in enumerate(self.rows):
            block = {"intent": row["intent"], "examples": f"- {row['text']}\n"}
            if row.get("leaf"):
                block["metadata"] = {"leaf": row["leaf"]}
            (folder / f"{number}.yml").write_text(json.dumps({"nlu": [block]}, ensure_ascii=False))
        if self.broken:
            (folder / "broken.yml").write_text("nlu: [")
        return await self.content_hash()

    async def evaluation_rows(self) -> Sequence[Mapping[str, Any]]:
        return list(self.rows)

    async def content_hash(self) -> str:
        if not self.rows:
            return ""
        return hashlib.sha256(json.dumps(self.rows).encode()).hexdigest()

    def teach(self, text: str, intent: str, leaf: str | None = None) -> None:
        self.rows.append({"text": text, "intent": intent, **({"leaf": leaf} if leaf else {})})


@dataclass
class School:
    """The installation under test."""

    settings: Settings
    db: Database
    clock: Clock
    lessons: Lessons
    learning: Learning
    behaviour: Path

    def behave(self, **how: Any) -> None:
        """Say what the bot's commands do from now on."""
        self.behaviour.write_text(json.dumps(how, ensure_ascii=False))

    def runner(self) -> Runner:
        """A worker's runner; another one is another worker."""
        bot = Bot((sys.executable, str(FAKE_BOT), str(self.behaviour)))
        return Runner(self.settings, self.db, self.clock, self.learning, bot)

    async def train(self) -> Run:
        """Train to the end."""
        run = await self.learning.train(LI)
        assert await self.runner().once()
        return await self.learning.runs.get(run.id)

    def write_model(self, known: Mapping[str, tuple[str, str | None]]) -> None:
        """Put a model where LINDA_MODEL points."""
        self.settings.model.parent.mkdir(parents=True, exist_ok=True)
        fake_bot.write_model(self.settings.model, {k: list(v) for k, v in known.items()})

    def folder(self, run: Run) -> Path:
        return self.settings.var_dir / "training" / run.id


KNOWN: Mapping[str, tuple[str, str | None]] = {
    "灯坏了": ("report_problem", "H6"),
    "家里煤气味好大": ("emergency", "H3"),
    "外面下雪了没": ("out_of_scope", None),
}
"""What the first model of a school knows; the examples of ``data/nlu`` come on top by training."""


@pytest.fixture
async def school(
    db: Database, clock: Clock, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> School:
    """A school whose first model is in production; its data are four files in a folder."""
    monkeypatch.setattr(runner_module, "POLL_S", 0.05)
    root = tmp_path / "root"
    own = root / "data" / "nlu" / "own.yml"
    own.parent.mkdir(parents=True)
    blocks = [
        {"intent": intent, "examples": f"- {text}\n", "metadata": {"leaf": leaf} if leaf else {}}
        for text, (intent, leaf) in KNOWN.items()
    ]
    own.write_text(json.dumps({"nlu": blocks}, ensure_ascii=False))
    for module in ("runner", "learning", "evaluations"):
        monkeypatch.setattr(f"services.training.{module}.ROOT", root)
    exam = tmp_path / "exam"
    exam.mkdir()
    (exam / "a.jsonl").write_text(
        "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in FROZEN)
    )
    settings = settings.model_copy(
        update={"model": tmp_path / "models" / "linda.tar.gz", "evaluation_dir": exam}
    )
    lessons = Lessons()
    learning = Learning(settings, db, clock, lessons)
    made = School(settings, db, clock, lessons, learning, tmp_path / "behaviour.json")
    made.behave()
    made.write_model(KNOWN)
    taken = await learning.models.take_in_file()
    assert taken is not None and taken.released
    return made


@pytest.fixture
async def client(school: School, cheap_passwords: None) -> AsyncIterator[TestClient]:  # type: ignore[type-arg]
    """The web process of the installation, with the demo accounts."""
    services = build(school.settings, school.db, school.clock)
    await plant(services)
    services = replace(services, learning=school.learning)
    async with TestClient(TestServer(held(create_app(school.settings, services)))) as found:
        yield found
