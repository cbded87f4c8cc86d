"""Runs all tests, in the environment each belongs to, and sums them up in one line.

Nothing is skipped silently: a skipped test is named and counts as a failure.
"""

from __future__ import annotations

import subprocess
import sys
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REPORTS = ROOT / "var" / "test"
SERVICES = ROOT / ".venv/bin/python"
BOT = ROOT / "bot/.venv/bin/python"


@dataclass(frozen=True)
class Suite:
    """Tests that run in one process of one environment."""

    name: str
    python: Path
    paths: tuple[str, ...]


# Suites of one group run side by side: there are two cores. The browser tests and the whole stack
# need both, so they run alone.
GROUPS: tuple[tuple[Suite, ...], ...] = (
    (
        Suite("services", SERVICES, ("tests/services",)),
        Suite("bot", BOT, ("tests/bot", "tests/actions")),
    ),
    (Suite("e2e", SERVICES, ("tests/e2e",)),),
)


def start(suite: Suite, arguments: list[str]) -> subprocess.Popen[bytes]:
    """Start a suite; its report is written when it ends."""
    report = REPORTS / f"{suite.name}.xml"
    report.unlink(missing_ok=True)
    command = [str(suite.python), "-m", "pytest", "-q", f"--junitxml={report}", *suite.paths]
    return subprocess.Popen([*command, *arguments], cwd=ROOT)


def count(suite: Suite) -> tuple[int, int, list[str]]:
    """Return (passed, failed, names of skipped tests); a missing report is one failure."""
    report = REPORTS / f"{suite.name}.xml"
    if not report.exists():
        return 0, 1, []
    passed, failed, skipped = 0, 0, []
    for case in ET.parse(report).getroot().iter("testcase"):
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
        running = [(suite, start(suite, sys.argv[1:])) for suite in group]
        for suite, process in running:
            code = process.wait()
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
