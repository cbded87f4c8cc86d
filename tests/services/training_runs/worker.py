"""A worker process with the fake bot: ``python -m …worker ROOT BEHAVIOUR.json``, settings as usual."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from services.clock import Clock
from services.config import Settings
from services.db import Database
from services.training import evaluations, learning, runner
from services.training.annotations import AnnotationService
from services.training.bot_process import Bot
from services.training.learning import Learning
from services.training.runner import Runner
from tests.services.training_runs import fake_bot


async def main(root: Path, behaviour: str) -> None:
    for module in (evaluations, learning, runner):
        module.ROOT = root  # type: ignore[attr-defined]
    settings = Settings()
    db, clock = Database(settings.database), Clock(settings.test_mode)
    await clock.refresh(db)
    bot = Bot((sys.executable, str(fake_bot.__file__), behaviour))
    work = Learning(settings, db, clock, AnnotationService(db))
    await Runner(settings, db, clock, work, bot).keep_working()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
