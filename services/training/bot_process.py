"""Running a command of the bot environment: its progress, its log, its end.

The contract is “Runs” in docs/architecture.md: lines of JSON on standard output, the log on standard
error, exit status 0 only with a whole result.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from services.config import ROOT
from services.supervisor.processes import BOT_PYTHON

STOP_S = 3.0
"""Seconds that a child has to end by itself before it is killed."""
LINE = 1 << 20
"""Longest line that is read, in bytes."""
TAIL = 200
"""Lines of the log that a page shows."""

KEPT_ENVIRONMENT = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "LINDA_LOCALITY", "LINDA_VECTOR_CACHE")
"""What a training needs to know; keys, tokens and the database's address are not among it."""


class BotFailed(Exception):
    """The command gave no result; the text is one Chinese sentence."""


@dataclass
class Log:
    """Everything a run's children say, in a file and, of the last lines, in memory.

    Paths are cut down to what they mean inside the installation: a page is no place for the
    machine's own.
    """

    file: Path
    secrets: Sequence[tuple[str, str]] = ()
    last: deque[str] = field(default_factory=lambda: deque(maxlen=TAIL))

    def write(self, line: str) -> None:
        """Add a line.

        Raises:
            OSError: The disk is full.
        """
        line = self.clean(line.rstrip())
        self.last.append(line)
        with self.file.open("a", encoding="utf-8") as out:
            out.write(line + "\n")

    def clean(self, text: str) -> str:
        """Return a text without this machine's paths."""
        for path, name in self.secrets:
            text = text.replace(path, name)
        return text


def paths_of(folder: Path) -> list[tuple[str, str]]:
    """Return what the log of a run in this folder leaves out, longest first."""
    known = {
        str(folder): "训练目录",
        str(ROOT): "程序目录",
        str(Path.home()): "~",
        sys.prefix: "程序目录/.venv",
    }
    found = [(path, name) for path, name in known.items() if len(path) > 1]
    return sorted(found, key=lambda pair: -len(pair[0]))


@dataclass(frozen=True)
class Bot:
    """How commands of the bot environment are started.

    Attributes:
        command: What stands before ``bot.train``; tests put another program there.
    """

    command: Sequence[str] = (str(BOT_PYTHON), "-m")

    def environment(self, folder: Path) -> dict[str, str]:
        """Return the environment of a child that works in this folder."""
        return {
            **{k: os.environ[k] for k in KEPT_ENVIRONMENT if k in os.environ},
            "TMPDIR": str(folder),
            # Two threads: training is the one piece of work here that may use both cores, and
            # under the lowest priority it gets what the others leave.
            "OMP_NUM_THREADS": "2",
            "OPENBLAS_NUM_THREADS": "2",
            "TF_CPP_MIN_LOG_LEVEL": "3",
            "RASA_TELEMETRY_ENABLED": "false",
            "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
            "PYTHONUNBUFFERED": "1",
            "PYTHONIOENCODING": "utf-8",
        }

    def check(self) -> None:
        """Say so when the environment is not there.

        Raises:
            BotFailed: It is not.
        """
        if not Path(self.command[0]).exists():
            raise BotFailed(
                "机器人环境还没有装好，没法训练。请技术人员执行 make run（它会先安装）。"
            )

    async def run(
        self,
        arguments: Sequence[str],
        folder: Path,
        log: Log,
        told: Callable[[float, str], None],
    ) -> None:
        """Run one command to its end; cancelled, end it with everything that it started.

        Args:
            arguments: ``bot.train --out …``.
            folder: Where its temporary files go.
            log: Gets what it says on standard error.
            told: Called with how far it is (0–1) and what it does, in Chinese.

        Raises:
            BotFailed: No result; why stands in it.
        """
        self.check()
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "services.training.child", str(os.getpid()),
            *self.command, *arguments,
            cwd=ROOT, env=self.environment(folder), limit=LINE,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            # A group of its own: it can be ended with all that it started.
            start_new_session=True,
        )  # fmt: skip
        said = _Said(told)
        assert child.stdout is not None and child.stderr is not None
        # A log that cannot be written (the disk is full) ends it like anything else.
        pumps = asyncio.gather(_lines(child.stdout, said.line), _lines(child.stderr, log.write))
        try:
            await pumps
            status = await child.wait()
        finally:
            pumps.cancel()
            await _end(child)
        if status != 0:
            raise BotFailed(log.clean(said.error) or _why(status))


class _Said:
    """Reads the child's own lines."""

    def __init__(self, told: Callable[[float, str], None]) -> None:
        self._told = told
        self.error = ""

    def line(self, text: str) -> None:
        try:
            said: Mapping[str, object] = json.loads(text)
            if "error" in said:
                self.error = str(said["error"])
            else:
                self._told(min(max(float(str(said["progress"])), 0.0), 1.0), str(said["text"]))
        except (ValueError, KeyError, TypeError):
            return  # not one of the lines that were agreed on


async def _lines(stream: asyncio.StreamReader, use: Callable[[str], None]) -> None:
    while True:
        try:
            line = await stream.readline()
        except ValueError:  # longer than the buffer: dropped
            continue
        if not line:
            return
        use(line.decode(errors="replace"))


def _why(status: int) -> str:
    if status == -signal.SIGKILL:
        return "训练进程被系统结束了，多半是内存不够。可以等空闲时再训练。"
    return "训练没有成功，原因在下面的记录里。"


async def _end(child: asyncio.subprocess.Process) -> None:
    """End the child's whole group: politely, then for good."""
    if child.returncode is None:
        _signal_group(child.pid, signal.SIGTERM)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(child.wait(), STOP_S)
    # Also after its own end: what it started and left behind must not go on.
    _signal_group(child.pid, signal.SIGKILL)
    await child.wait()


def _signal_group(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)
