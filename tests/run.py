"""Runs all tests, in the environment each belongs to, and sums them up in one line.

Nothing is skipped silently: a skipped test is named and counts as a failure.
"""

from __future__ import annotations

import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

ROOT = Path(__file__).resolve().parent.parent
REPORTS = ROOT / "var" / "test"
SERVICES = ROOT / ".venv/bin/python"
BOT = ROOT / "bot/.venv/bin/python"


@dataclass(frozen=True)
class Suite:
    """Tests that run in one process of one environment.

    ``without`` are folders below ``paths`` that another suite runs.
    """

    name: str
    python: Path
    paths: tuple[str, ...]
    without: tuple[str, ...] = ()

    @property
    def report(self) -> Path:
        """Where pytest writes what became of each test."""
        return REPORTS / f"{self.name}.xml"


TICKETS = ("tests/services/tickets", "tests/services/metrics", "tests/services/bookings")
WEB = ("tests/services/web", "tests/services/open311", "tests/services/security")

# Two suites of a group run at a time, in this order, the long ones first: there are two cores. The
# browser tests and the whole stack need both, so they run alone.
GROUPS: tuple[tuple[Suite, ...], ...] = (
    (
        Suite("services", SERVICES, ("tests/services",), without=TICKETS + WEB),
        Suite("tickets", SERVICES, TICKETS),
        Suite("bot", BOT, ("tests/bot", "tests/actions")),
        Suite("web", SERVICES, WEB),
    ),
    (Suite("e2e", SERVICES, ("tests/e2e",)),),
)
AT_A_TIME = 2
PATIENCE_S = 10


def run(suite: Suite, arguments: list[str]) -> tuple[Suite, int]:
    """Run a suite, its lines marked with its name; return it with pytest's exit status."""
    suite.report.unlink(missing_ok=True)
    ignored = [f"--ignore={path}" for path in suite.without]
    command = [str(suite.python), "-m", "pytest", "-q", f"--junitxml={suite.report}"]
    began = time.monotonic()
    process = subprocess.Popen(
        [*command, *suite.paths, *ignored, *arguments],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
    )  # fmt: skip

    def show() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            sys.stdout.write(f"{suite.name}: {line}")
            sys.stdout.flush()

    showing = Thread(target=show, daemon=True)
    showing.start()
    code = process.wait()
    # Not for ever: a server that a test left behind may hold the other end.
    showing.join(timeout=PATIENCE_S)
    sys.stdout.write(f"{suite.name}: ended after {time.monotonic() - began:.0f} s\n")
    return suite, code


def count(suite: Suite) -> tuple[int, int, list[str]]:
    """Return (passed, failed, names of skipped tests); a missing report is one failure."""
    if not suite.report.exists():
        return 0, 1, []
    passed, failed, skipped = 0, 0, []
    for case in ET.parse(suite.report).getroot().iter("testcase"):
        name = f"{case.get('classname')}::{case.get('name')}"
        if case.find("failure") is not None or case.find("error") is not None:
            failed += 1
        elif case.find("skipped") is not None:
            skipped.append(name)
        else:
            passed += 1
    return passed, failed, skipped


def main() -> int:
    """Run every group; return 0 only when everything ran and passed."""
    REPORTS.mkdir(parents=True, exist_ok=True)
    passed = failed = 0
    skipped: list[str] = []
    for group in GROUPS:
        with ThreadPoolExecutor(AT_A_TIME) as lanes:
            ended = list(lanes.map(lambda suite: run(suite, sys.argv[1:]), group))
        for suite, code in ended:
            p, f, s = count(suite)
            passed, failed, skipped = passed + p, failed + f, skipped + s
            if code != 0 and f == 0:
                # pytest itself broke, or found nothing: that is no success.
                failed += 1
    for name in skipped:
        sys.stdout.write(f"SKIPPED, counted as failed: {name}\n")
    failed += len(skipped)
    sys.stdout.write(f"\n{passed} passed, {failed} failed\n")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
