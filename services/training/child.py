"""``python -m services.training.child PARENT COMMAND…``: become COMMAND, as a guest on this machine.

A training must never cost a resident an answer, nor outlive who started it: it runs under the
lowest priority for processor and disk, is the first to go when memory runs out, and ends when the
process PARENT ends, however that ends.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import signal
import sys
from pathlib import Path

PR_SET_PDEATHSIG = 1
NICENESS = 10
"""About a tenth of a busy core, all of an idle one."""
OOM_SCORE = 800
"""Of 1000: the kernel takes this process before any that serves residents."""


def main(arguments: list[str]) -> None:
    """Never returns; the status is the command's, 127 when it cannot be started."""
    parent, command = int(arguments[0]), arguments[1:]
    with contextlib.suppress(OSError, AttributeError):  # not Linux: the worker ends it when it can
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit(1)  # it ended before the kernel knew that we want to end with it
    os.nice(NICENESS)
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(str(OOM_SCORE))
    ionice = shutil.which("ionice")
    if ionice:
        command = [ionice, "-c3", *command]
    try:
        os.execvp(command[0], command)
    except OSError:
        sys.exit(127)


if __name__ == "__main__":
    main(sys.argv[1:])
