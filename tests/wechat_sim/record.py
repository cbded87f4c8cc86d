"""Everything that happened, so that a test can judge it afterwards."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal


@dataclass
class Exchange:
    """One HTTP request, to the product (``push``) or from it (``api``).

    Attributes:
        at: The platform's time when it began.
        took_s: Real seconds until its end.
        status: None when there was no answer.
        fault: What was made to go wrong.
    """

    side: Literal["push", "api"]
    at: datetime
    method: str
    path: str
    request: str
    took_s: float = 0.0
    status: int | None = None
    answer: str = ""
    fault: str = ""


@dataclass(frozen=True)
class Violation:
    """The product has broken a rule of WeChat."""

    at: datetime
    what: str
    evidence: str = ""

    def __str__(self) -> str:
        return f"{self.what}: {self.evidence[:300]}" if self.evidence else self.what


@dataclass
class Recorder:
    """Exchanges, violations, and refusals of the API by code."""

    exchanges: list[Exchange] = field(default_factory=list)
    violations: list[Violation] = field(default_factory=list)
    refusals: Counter[int] = field(default_factory=Counter)

    def violation(self, at: datetime, what: str, evidence: str = "") -> None:
        """Note a broken rule."""
        self.violations.append(Violation(at, what, evidence))

    def calls(self, path: str) -> list[Exchange]:
        """Return the product's calls of one path."""
        return [e for e in self.exchanges if e.side == "api" and e.path == path]

    def dump(self, path: Path) -> None:
        """Write all of it as lines of JSON, for reading after a failed run."""
        with path.open("w", encoding="utf-8") as out:
            for entry in [asdict(e) for e in self.exchanges] + [asdict(v) for v in self.violations]:
                out.write(json.dumps(entry, ensure_ascii=False, default=str) + "\n")
