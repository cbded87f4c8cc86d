"""The worker process: ``python -m services.outbox``. Ends after its round at SIGTERM or SIGINT."""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from pathlib import Path

from services.config import Settings
from services.context import Services, build
from services.outbox.worker import Rhythm, run_due
from services.training.runner import Runner

log = logging.getLogger("linda.worker")

ROUND_S = 1.0
"""Seconds between rounds: the longest that a due piece of work waits on an idle machine."""


async def run(services: Services, stop: asyncio.Event) -> None:
    """Work in rounds until ``stop``; each round touches ``var/run/worker.alive``.

    Training runs go on beside the rounds, in child processes; so does the sending of webhooks,
    because a receiver may be slow.
    """
    alive = services.settings.var_dir / "run" / "worker.alive"
    alive.parent.mkdir(parents=True, exist_ok=True)
    rhythm = Rhythm()
    beat = asyncio.create_task(_beat(alive))
    runner = Runner(services.settings, services.db, services.clock, services.learning)
    training = asyncio.create_task(runner.keep_working())
    sending = asyncio.create_task(services.webhooks.keep_working())
    try:
        while not stop.is_set():
            try:
                await services.clock.refresh(services.db)
                await run_due(services, rhythm.due(time.monotonic(), services.clock.offset))
            except Exception:
                # The database may be away; the worker outlives that.
                log.exception("worker round failed")
            try:
                await asyncio.wait_for(stop.wait(), ROUND_S)
            except TimeoutError:
                continue
    finally:
        beat.cancel()
        training.cancel()
        sending.cancel()
        # A run's child is ended and the run is marked before the database is closed.
        await asyncio.wait({training, sending})
        await services.close()
        alive.unlink(missing_ok=True)


async def _beat(alive: Path) -> None:
    """Show the supervisor that the event loop turns, also during a long round."""
    while True:
        await asyncio.to_thread(alive.touch)
        await asyncio.sleep(ROUND_S)


async def _main() -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    settings = Settings()
    logging.basicConfig(level=settings.log_level, format="%(asctime)s %(levelname)s %(message)s")
    log.info("worker started")
    await run(build(settings), stop)
    log.info("worker stopped")


if __name__ == "__main__":
    asyncio.run(_main())
