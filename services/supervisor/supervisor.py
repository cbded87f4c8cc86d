"""Starts every process, keeps it running, and stops all of them together.

A process that exits is started again after a growing pause; one that stays deaf to its health
check is ended and started again. A process that fails five times before it was ever well stops
everything: something is wrong that a restart does not mend.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

from services.config import ROOT
from services.supervisor.processes import Process

PROBE_EVERY_S = 2.0
STARTING_PROBE_EVERY_S = 0.25
START_LIMIT_S = 120.0
STOP_LIMIT_S = 10.0
MAX_EARLY_FAILURES = 5
COLOURS = (36, 35, 32, 33)


class StartFailed(Exception):
    """A process cannot be started; the message is for the person at the terminal."""


class Managed:
    """One process under supervision."""

    def __init__(self, spec: Process, var_dir: Path, colour: int) -> None:
        self.spec = spec
        self.pid_file = var_dir / "run" / f"{spec.name}.pid"
        self.ready = asyncio.Event()
        self.restarts = 0
        self._early_failures = 0
        self._process: asyncio.subprocess.Process | None = None
        self._last: deque[str] = deque(maxlen=8)
        self._log = (var_dir / "log" / f"{spec.name}.log").open("a", buffering=1)
        prefix = f"{spec.name:>7} │ "
        self._prefix = f"\033[{colour}m{prefix}\033[0m" if sys.stdout.isatty() else prefix

    async def keep_running(self) -> None:
        """Run the process until cancelled.

        Raises:
            StartFailed: It ended five times without ever having been well.
        """
        while True:
            await self._start()
            watch = asyncio.create_task(self._watch())
            process = self._running()
            pump = asyncio.create_task(self._pump(process))
            try:
                code = await process.wait()
            finally:
                watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await pump
            was_well = self.ready.is_set()
            self.ready.clear()
            self._early_failures = 0 if was_well else self._early_failures + 1
            if self._early_failures >= MAX_EARLY_FAILURES:
                tail = "\n    ".join(self._last)
                raise StartFailed(
                    f"{self.spec.name} 连续 {MAX_EARLY_FAILURES} 次启动失败，最后几行：\n    {tail}"
                )
            self.restarts += 1
            pause = min(30.0, 0.25 * 2.0**self._early_failures)
            self.say(f"已退出（代码 {code}），{pause:.1f} 秒后重新启动")
            await asyncio.sleep(pause)

    async def stop(self) -> None:
        """End the process and its children: politely, then after ten seconds for good."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        _signal_group(process.pid, signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), STOP_LIMIT_S)
        except TimeoutError:
            _signal_group(process.pid, signal.SIGKILL)
            await process.wait()

    def say(self, line: str) -> None:
        """Print a line under this process's name, and keep it in its log file."""
        self._last.append(line)
        print(f"{self._prefix}{line}", flush=True)
        self._log.write(line + "\n")

    def _running(self) -> asyncio.subprocess.Process:
        assert self._process is not None
        return self._process

    async def _start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            *self.spec.command,
            cwd=ROOT,
            env={**os.environ, **self.spec.environment},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            # A group of its own: Ctrl-C reaches the supervisor only, which then stops in order.
            start_new_session=True,
        )
        self.pid_file.write_text(str(self._process.pid))

    async def _pump(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        while True:
            try:
                line = await process.stdout.readline()
            except ValueError:  # a line longer than the buffer: drop it, keep reading
                continue
            if not line:
                return
            self.say(line.decode(errors="replace").rstrip())

    async def _watch(self) -> None:
        """Set ``ready`` when the health check passes; end a process that stays deaf."""
        well_at = time.monotonic()
        limit = START_LIMIT_S
        while True:
            if await asyncio.to_thread(self.spec.healthy):
                well_at, limit = time.monotonic(), self.spec.grace_s
                self.ready.set()
            elif time.monotonic() - well_at > limit:
                self.say("没有响应，重新启动")
                _signal_group(self._running().pid, signal.SIGKILL)
                return
            await asyncio.sleep(PROBE_EVERY_S if self.ready.is_set() else STARTING_PROBE_EVERY_S)


def _signal_group(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, number)


class Supervisor:
    """All processes of one machine."""

    def __init__(self, table: Sequence[Process], var_dir: Path) -> None:
        for folder in ("log", "run"):
            (var_dir / folder).mkdir(parents=True, exist_ok=True)
        self.managed = [
            Managed(spec, var_dir, COLOURS[i % len(COLOURS)]) for i, spec in enumerate(table)
        ]

    async def run(self, on_ready: Callable[[], None]) -> None:
        """Run until SIGINT, SIGTERM or SIGHUP (the terminal is closed); then stop everything.

        Args:
            on_ready: Called once, when every process is well for the first time.

        Raises:
            StartFailed: A process cannot be started; the others have been stopped.
        """
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, stop.set)
        keepers = [asyncio.create_task(m.keep_running()) for m in self.managed]
        announce = asyncio.create_task(self._announce(on_ready))
        stopping = asyncio.create_task(stop.wait())
        done, _ = await asyncio.wait([*keepers, stopping], return_when=asyncio.FIRST_COMPLETED)
        for task in (*keepers, announce, stopping):
            task.cancel()
        await asyncio.gather(*(m.stop() for m in self.managed))
        await asyncio.gather(*keepers, announce, stopping, return_exceptions=True)
        for task in done - {stopping}:
            error = task.exception() if not task.cancelled() else None
            if error is not None:
                raise error

    async def _announce(self, on_ready: Callable[[], None]) -> None:
        for m in self.managed:
            await m.ready.wait()
        on_ready()
