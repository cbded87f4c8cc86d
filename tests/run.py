"""Runs all tests, in the environment each belongs to, and sums them up in one line.

Nothing is skipped silently: a skipped test is named and counts as a failure. What failed is said
once more at the end, by name and reason, where somebody looks who sees only the last lines.

A few failures are looked at twice: they run once more, alone, when nothing else does. Thousands of
tests with real browsers, databases and processes on two cores now and then meet a pause that no
limit foresaw. One that passes then counts as passed, and is named as unsteady with the reason why it
failed, to be mended; one that fails again has failed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Thread

ROOT = Path(__file__).resolve().parent.parent
REPORTS = ROOT / "var" / "test"
SERVICES = ROOT / ".venv/bin/python"
BOT = ROOT / "bot/.venv/bin/python"


@dataclass(frozen=True)
class Suite:
    """Tests that run in one process of one environment.

    ``without`` are files and folders below ``paths`` that another suite runs. ``share`` is which part
    of the conversations it holds, as “1/2”; two suites then hold them side by side.
    """

    name: str
    python: Path
    paths: tuple[str, ...]
    without: tuple[str, ...] = ()
    share: str = ""

    @property
    def report(self) -> Path:
        """Where pytest writes what became of each test."""
        return REPORTS / f"{self.name}.xml"

    @property
    def memory(self) -> Path:
        """Where pytest remembers which of its tests failed."""
        return REPORTS / f"{self.name}.cache"


TICKETS = ("tests/services/tickets", "tests/services/metrics", "tests/services/bookings")
WEB = ("tests/services/web", "tests/services/open311", "tests/services/security")

CONVERSATIONS = ("tests/e2e/test_conversations.py",)

# Two suites of a group run at a time, in this order, the long ones first: there are two cores. A
# conversation is one process after the other, so two stacks share the cores well; training and
# browsers beside a whole stack need both, so they run alone.
GROUPS: tuple[tuple[Suite, ...], ...] = (
    (
        Suite("services", SERVICES, ("tests/services",), without=TICKETS + WEB),
        Suite("tickets", SERVICES, TICKETS),
        Suite("bot", BOT, ("tests/bot", "tests/actions")),
        Suite("web", SERVICES, WEB),
    ),
    (
        Suite("talk1", SERVICES, CONVERSATIONS, share="1/2"),
        Suite("talk2", SERVICES, CONVERSATIONS, share="2/2"),
    ),
    (Suite("e2e", SERVICES, ("tests/e2e",), without=CONVERSATIONS),),
)
AT_A_TIME = 2
FEW = 12
"""Up to so many failures of all suites are looked at twice; more are no accident."""
PATIENCE_S = 10
REASON_LINES = 6


def run(suite: Suite, arguments: list[str]) -> tuple[Suite, int]:
    """Run a suite, its lines marked with its name; return it with pytest's exit status."""
    suite.report.unlink(missing_ok=True)
    ignored = [f"--ignore={path}" for path in suite.without]
    kept = [f"--junitxml={suite.report}", "-o", f"cache_dir={suite.memory}"]
    began = time.monotonic()
    process = subprocess.Popen(
        [str(suite.python), "-m", "pytest", "-q", *kept, *suite.paths, *ignored, *arguments],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
        env={**os.environ, "LINDA_SHARE": suite.share or "1/1"},
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
    failed: dict[str, str] = field(default_factory=dict)
    """Name of a test and the last lines of its reason."""
    skipped: list[str] = field(default_factory=list)
    unsteady: dict[str, str] = field(default_factory=dict)
    """What failed at first and passed alone, in the same way; counted in ``passed``."""
    broken: bool = False
    """Whether pytest itself did not do its work: nothing can be looked at again."""

    def add(self, other: Outcome) -> None:
        """Count another suite's tests as well."""
        self.passed += other.passed
        self.failed |= other.failed
        self.skipped += other.skipped
        self.unsteady |= other.unsteady
        self.broken |= other.broken

    def looked_at_twice(self, second: Outcome) -> Outcome:
        """Return what became of the tests now that those that had failed have run once more.

        Only what the second time says has passed has passed.
        """
        if second.broken or second.skipped:
            return self
        still = {name: reason for name, reason in self.failed.items() if name in second.failed}
        unsteady = {n: reason for n, reason in self.failed.items() if n not in still}
        if second.passed != len(unsteady):
            return self
        return replace(self, passed=self.passed + len(unsteady), failed=still, unsteady=unsteady)


def outcome(suite: Suite, code: int) -> Outcome:
    """Read a suite's report; ``code`` is the exit status of its pytest.

    pytest that broke or found nothing (no report, or a status that no failed test explains) is one
    failure under the suite's name. A failed test is its name and the last lines of its reason.
    """
    seen = Outcome()
    if not suite.report.exists():
        seen.failed[f"{suite.name}: no report, pytest ended with status {code}"] = ""
        seen.broken = True
        return seen
    for case in ET.parse(suite.report).getroot().iter("testcase"):
        name = f"{suite.name}: {case.get('classname')}::{case.get('name')}"
        reasons = [*case.findall("failure"), *case.findall("error")]
        if reasons:
            lines = [line for reason in reasons for line in (reason.text or "").splitlines()]
            seen.failed[name] = "\n".join(lines[-REASON_LINES:])
        elif case.find("skipped") is not None:
            seen.skipped.append(name)
        else:
            seen.passed += 1
    if code != 0 and not seen.failed:
        seen.failed[f"{suite.name}: pytest ended with status {code}, no test failed"] = ""
        seen.broken = True
    return seen


def run_all(arguments: list[str]) -> list[tuple[Suite, Outcome]]:
    """Run every group, and then the few that failed once more, alone."""
    seen: list[tuple[Suite, Outcome]] = []
    for group in GROUPS:
        with ThreadPoolExecutor(AT_A_TIME) as lanes:
            for suite, code in lanes.map(lambda suite: run(suite, arguments), group):
                seen.append((suite, outcome(suite, code)))
    if sum(len(each.failed) for _, each in seen) > FEW:
        return seen
    return [(suite, again(suite, first, arguments)) for suite, first in seen]


def again(suite: Suite, first: Outcome, arguments: list[str]) -> Outcome:
    """Run what failed in a suite once more; return what is to be said of the suite then."""
    if not first.failed or first.broken:
        return first
    return first.looked_at_twice(outcome(*run(suite, [*arguments, "--last-failed"])))


def indented(title: str, reason: str) -> str:
    """A title, and the lines of the reason below it."""
    return "".join(f"{line}\n" for line in [title, *("    " + r for r in reason.splitlines())])


def main() -> int:
    """Run everything; return 0 only when everything ran and passed."""
    REPORTS.mkdir(parents=True, exist_ok=True)
    for memory in REPORTS.glob("*.cache"):
        shutil.rmtree(memory)
    total = Outcome()
    for _, seen in run_all(sys.argv[1:]):
        total.add(seen)
    for name in total.skipped:
        sys.stdout.write(f"SKIPPED, counted as failed: {name}\n")
    for name, reason in total.unsteady.items():
        sys.stdout.write(indented(f"UNSTEADY, failed beside others, passed alone: {name}", reason))
    for name, reason in total.failed.items():
        sys.stdout.write(indented(f"FAILED {name}", reason))
    failed = len(total.failed) + len(total.skipped)
    sys.stdout.write(f"\n{total.passed} passed, {failed} failed\n")
    return 1 if failed or not total.passed else 0


if __name__ == "__main__":
    sys.exit(main())
