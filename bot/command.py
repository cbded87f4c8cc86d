"""What ``bot.train`` and ``bot.evaluate`` have in common as commands that a program starts.

Progress and errors are lines of JSON on standard output, everything else goes to standard error; a
result appears whole or not at all, also when the command is told to stop.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import jieba

#: Exit status of a command that was told to stop (128 + SIGTERM), as a shell would say it.
STOPPED = 143

#: How often a folder is cleared that other threads fill again.
TRIES = 20
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Failure(Exception):
    """The command cannot do its work; the text is one Chinese sentence."""


def sentence_of(error: OSError) -> str:
    """What went wrong with a file or a disk, as one Chinese sentence."""
    if error.errno in _FULL:
        return "磁盘空间不足或超出限额，没有写完。"
    return f"读写文件失败：{error.filename or ''}{error.strerror or error}。"


class Lines:
    """Writes progress as lines ``{"progress","stage","text"}`` to the program that started us.

    The share only grows, and a line is written when it has grown by a hundredth or when the stage
    has changed.
    """

    def __init__(self, stages: Mapping[str, tuple[float, float, str]], stream: IO[str]) -> None:
        """``stages``: where each begins and ends in the whole (0–1), and what it is called."""
        self._stages, self._stream = stages, stream
        self._lock = threading.Lock()
        self._last: tuple[str, float] = ("", -1.0)

    def __call__(self, stage: str, share: float) -> None:
        """See :data:`bot.progress.Listener`."""
        begin, end, text = self._stages[stage]
        with self._lock:
            done = max(self._last[1], round(begin + (end - begin) * min(max(share, 0.0), 1.0), 2))
            if (stage, done) != self._last:
                self._last = (stage, done)
                self._write({"progress": done, "stage": stage, "text": text})

    def fail(self, sentence: str) -> None:
        """Tell why there is no result."""
        with self._lock:
            self._write({"error": sentence})

    def _write(self, line: dict[str, Any]) -> None:
        self._stream.write(json.dumps(line, ensure_ascii=False) + "\n")
        self._stream.flush()


def own_stdout() -> IO[str]:
    """Standard output for our lines alone: what anything else prints goes to standard error."""
    stream = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return stream


@contextlib.contextmanager
def workshop(result: Path) -> Iterator[Path]:
    """A folder beside ``result`` for everything temporary; gone afterwards, also after SIGTERM.

    Beside, so that moving the result to its place is one step, and so that a full disk shows before
    the old result is touched. On SIGTERM the process ends at once with :data:`STOPPED`: native code
    in other threads would not listen.
    """
    result.parent.mkdir(parents=True, exist_ok=True)
    before = tempfile.tempdir
    # Jieba keeps its dictionary in the temporary folder: in the common one, or it is built each time.
    jieba.dt.tmp_dir = tempfile.gettempdir()

    def stop(_signal: int, _frame: Any) -> None:
        _remove(folder)
        os._exit(STOPPED)

    # A stop that comes while the folder is made waits until somebody knows how to clear it away.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    try:
        folder = Path(tempfile.mkdtemp(prefix=f".{result.name}-", dir=result.parent))
        previous = signal.signal(signal.SIGTERM, stop)
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    tempfile.tempdir = str(folder)
    try:
        yield folder
    finally:
        tempfile.tempdir = before
        signal.signal(signal.SIGTERM, previous)
        _remove(folder)


def _remove(folder: Path) -> None:
    """Delete a folder into which other threads may still be writing."""
    for _ in range(TRIES):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return


def run(work: Callable[[], None], lines: Lines | None) -> int:
    """Do the work; return the exit status, 0 only when it is done.

    Args:
        work: may raise ``Failure`` and ``OSError``; anything else is an error of ours.
        lines: where a failure is told; without it, on standard error.
    """
    try:
        work()
    except Failure as error:
        sentence = str(error)
    except OSError as error:
        sentence = sentence_of(error)
    else:
        return 0
    if lines is None:
        sys.stderr.write(sentence + "\n")
    else:
        with contextlib.suppress(OSError):  # whoever started us may have gone
            lines.fail(sentence)
    return 1
