"""Runs all tests, in the environment each belongs to, and sums them up in one line.

Nothing is skipped silently: a skipped test is named and counts as a failure. What failed is said
once more at the end, by name and reason, where somebody looks who sees only the last lines.
"""

from __future__ import annotations

import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
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
REASON_LINES = 6


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


@dataclass
class Outcome:
    """What became of the tests of one or more suites."""

    passed: int = 0
    failed: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)

    def add(self, other: Outcome) -> None:
        """Count another suite's tests as well."""
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped


def outcome(suite: Suite, code: int) -> Outcome:
    """Read a suite's report; ``code`` is the exit status of its pytest.

    pytest that broke or found nothing (no report, or a status that no failed test explains) is one
    failure under the suite's name. A failed test is its name and the last lines of its reason.
    """
    seen = Outcome()
    if not suite.report.exists():
        seen.failed.append(f"{suite.name}: no report, pytest ended with status {code}")
        return seen
    for case in ET.parse(suite.report).getroot().iter("testcase"):
        name = f"{suite.name}: {case.get('classname')}::{case.get('name')}"
        reasons = [*case.findall("failure"), *case.findall("error")]
        if reasons:
            lines = [line for reason in reasons for line in (reason.text or "").splitlines()]
            seen.failed.append("\n    ".join([name, *lines[-REASON_LINES:]]))
        elif case.find("skipped") is not None:
            seen.skipped.append(name)
        else:
            seen.passed += 1
    if code != 0 and not seen.failed:
        seen.failed.append(f"{suite.name}: pytest ended with status {code}, no test failed")
    return seen


def main() -> int:
    """Run every group; return 0 only when everything ran and passed."""
    REPORTS.mkdir(parents=True, exist_ok=True)
    total = Outcome()
    for group in GROUPS:
        with ThreadPoolExecutor(AT_A_TIME) as lanes:
            ended = list(lanes.map(lambda suite: run(suite, sys.argv[1:]), group))
        for suite, code in ended:
            total.add(outcome(suite, code))
    for name in total.skipped:
        sys.stdout.write(f"SKIPPED, counted as failed: {name}\n")
    for reason in total.failed:
        sys.stdout.write(f"FAILED {reason}\n")
    failed = len(total.failed) + len(total.skipped)
    sys.stdout.write(f"\n{total.passed} passed, {failed} failed\n")
    return 1 if failed or not total.passed else 0


if __name__ == "__main__":
    sys.exit(main())
