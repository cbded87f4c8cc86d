"""Documents that must not fall behind the code."""

from __future__ import annotations

import re
from pathlib import Path

from services.config import ROOT, Settings

DOCS = ROOT / "docs"


def test_every_setting_is_documented_and_nothing_else_is() -> None:
    documented = set(re.findall(r"^\| `(LINDA_\w+)` \|", (DOCS / "operating.md").read_text(), re.M))
    assert documented == {f"LINDA_{name.upper()}" for name in Settings.model_fields}


def test_every_make_target_of_the_readme_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.M))
    for readme in ("README.md", "README.zh-CN.md"):
        named = set(re.findall(r"`make ([a-z-]+)`", (ROOT / readme).read_text()))
        assert named <= targets, readme


def test_links_between_documents_lead_somewhere() -> None:
    for document in [*ROOT.glob("*.md"), *DOCS.rglob("*.md")]:
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", document.read_text()):
            assert (document.parent / Path(target)).exists(), f"{document.name} → {target}"


def test_decisions_are_numbered_without_gaps() -> None:
    numbers = sorted(int(p.name[:4]) for p in (DOCS / "adr").glob("*.md"))
    assert numbers == list(range(1, len(numbers) + 1))
