"""A worker process with the fake bot: ``python -m …worker ROOT BEHAVIOUR.json``, settings as usual."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from services.config import Settings
from services.context import build
from services.training import evaluations, learning, runner
from services.training.bot_process import Bot
from services.training.runner import Runner
from tests.services.training_runs import fake_bot


async def main(root: Path, behaviour: str) -> None:
    for module in (evaluations, learning, runner):
        module.ROOT = root  # type: ignore[attr-defined]
    services = build(Settings())
    await services.clock.refresh(services.db)
    bot = Bot((sys.executable, str(fake_bot.__file__), behaviour))
    work = Runner(services.settings, services.db, services.clock, services.learning, bot)
    await work.keep_working()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
