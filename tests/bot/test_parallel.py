"""Work on all cores: results in order, errors seen, nobody left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bot.parallel import spread
from tests.patience import PATIENCE_S


def test_results_are_in_order_and_progress_is_told() -> None:
    told: list[float] = []
    base = 100

    def work(number: int) -> int:
        time.sleep(0.05 * (4 - number))
        return base + number

    assert spread(work, 4, told.append) == [100, 101, 102, 103]
    assert told == [0.25, 0.5, 0.75, 1.0]


def test_an_error_of_a_piece_is_raised() -> None:
    def work(number: int) -> int:
        if number == 1:
            raise ValueError("piece 1")
        return number

    with pytest.raises(ValueError, match="piece 1"):
        spread(work, 3, lambda _share: None)


def test_one_piece_needs_no_other_process() -> None:
    assert spread(lambda _number: os.getpid(), 1, lambda _share: None) == [os.getpid()]


def runs(pid: int) -> bool:
    """Whether a process is there and not only waiting to be buried."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_workers_end_with_a_process_that_is_killed() -> None:
    program = (
        "import time, sys\n"
        "from bot.parallel import spread\n"
        "def work(number):\n"
        "    sys.stdout.write(f'{__import__(\"os\").getpid()}\\n'); sys.stdout.flush()\n"
        "    time.sleep(60)\n"
        "spread(work, 2, print)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    workers = [int(parent.stdout.readline()) for _ in range(2)]
    parent.send_signal(signal.SIGKILL)
    parent.wait(timeout=PATIENCE_S)
    deadline = time.monotonic() + PATIENCE_S
    while any(runs(pid) for pid in workers):
        assert time.monotonic() < deadline, "workers are left"
        time.sleep(0.1)
