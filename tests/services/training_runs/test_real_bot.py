"""The real bot environment trains, evaluates and learns what it was taught, on a few sentences."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from services.clock import Clock
from services.config import Settings
from services.db import Database
from services.training.learning import Learning
from services.training.runner import Runner
from services.training.runs import Run
from tests.services.training_runs.conftest import LI, Lessons

SENTENCES = {
    ("report_problem", "H6"): ("楼道灯坏了", "楼道里的灯不亮", "单元门口灯不亮了", "声控灯坏了"),
    ("greet", None): ("你好", "您好", "早上好", "在吗"),
    ("thank", None): ("谢谢", "谢谢你", "多谢了", "辛苦了"),
}
TAUGHT = "唠两句嗑呗"
EXAM = (
    {"text": "楼道的灯坏了好几天", "intent": "report_problem", "leaf": "H6"},
    {"text": "您好啊", "intent": "greet"},
)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a small ``data/nlu`` and an evaluation set."""
    blocks = [
        {
            "intent": intent,
            "examples": "".join(f"- {text}\n" for text in texts),
            **({"metadata": {"leaf": leaf}} if leaf else {}),
        }
        for (intent, leaf), texts in SENTENCES.items()
    ]
    file = tmp_path / "root" / "data" / "nlu" / "own.yml"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"nlu": blocks}, ensure_ascii=False))
    (tmp_path / "exam.jsonl").write_text(
        "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in EXAM)
    )
    for module in ("runner", "learning", "evaluations"):
        monkeypatch.setattr(f"services.training.{module}.ROOT", tmp_path / "root")
    monkeypatch.setenv("LINDA_VECTOR_CACHE", str(tmp_path / "vectors"))
    return tmp_path


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_learning(root: Path, db: Database, clock: Clock, settings: Settings) -> None:
    settings = settings.model_copy(update={"model": root / "none", "evaluation_dir": root})
    lessons = Lessons()
    learning = Learning(settings, db, clock, lessons)

    async def train() -> Run:
        run = await learning.train(LI)
        assert await Runner(settings, db, clock, learning).once()
        ended = await learning.runs.get(run.id)
        assert ended.state == "done", (ended.error, ended.log)
        return ended

    first = await train()
    await learning.promote(LI, str(first.model), 0)
    lessons.teach(TAUGHT, "greet")
    second = await train()
    assert second.summary is not None
    assert second.summary["verdict"].startswith("这次教的 1 句，学会 1 句")
    judged = await learning.judge(str(second.model))
    assert judged is not None and len(judged.comparison.examples) == len(EXAM)
    folder = settings.var_dir / "training" / second.id
    assert {p.name for p in folder.iterdir()} == {"log.txt", "evaluate.json", "taught.json"}
    # An archive that the bot can load is what Rasa processes will be given.
    file = await learning.models.archives.file(str(second.model))
    assert file.stat().st_size == (await learning.models.get(str(second.model))).size
