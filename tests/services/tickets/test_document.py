"""``docs/workflow.md`` is the table, and the dispatch directory is checked for overlaps and gaps."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.config import ROOT
from services.tickets import document
from services.tickets.core.dispatch import load_directory
from services.tickets.core.states import State
from services.tickets.core.workflow import ACTIONS, TRANSITIONS
from tests.services.tickets.world import CONTEXT, DATA, PLACE

DIRECTORY = DATA / "localities" / "qinghe" / "dispatch.yml"
DAY = date(2026, 11, 24)


def test_the_page_is_what_the_table_says() -> None:
    written = (ROOT / "docs" / "workflow.md").read_text("utf-8")
    assert written == document.document(), "write it anew: linda workflow > docs/workflow.md"


def test_the_page_names_every_action_and_every_change_of_state() -> None:
    page = document.document()
    for action, label in ACTIONS.items():
        assert f"{label} `{action}`" in page
    drawn = set(re.findall(r"^ +(\w+) --> (\w+) :", document.diagram(), re.M))
    changes = {
        (str(source), str(t.to))
        for t in TRANSITIONS
        for source in t.sources
        if isinstance(t.to, State) and t.to is not source
    }
    back = {(s, b) for s in ("SUSPENDED", "TERMINATED") for b in ("ACTIVE", "REWORK")}
    assert drawn == changes | back


def _written(folder: Path, change: Any) -> Path:
    data = yaml.safe_load(DIRECTORY.read_text("utf-8"))
    change(data)
    path = folder / "dispatch.yml"
    path.write_text(yaml.safe_dump(data, allow_unicode=True), "utf-8")
    return path


def test_two_lines_for_one_matter_on_one_day_are_refused(tmp_path: Path) -> None:
    def twice(data: dict[str, Any]) -> None:
        data["routes"].append({"leaves": ["H6"], "lead": "property", "basis": "另一个"})

    with pytest.raises(ValueError, match="H6"):
        load_directory(_written(tmp_path, twice))


def test_a_new_line_follows_the_old_one_without_a_gap_or_leaves_one_that_is_found(
    tmp_path: Path,
) -> None:
    def handed_over(start: str) -> Any:
        def change(data: dict[str, Any]) -> None:
            data["version"] = 2
            (old,) = [r for r in data["routes"] if r["leaves"] == ["H6"]]
            old["valid_to"] = "2026-12-31"
            new = {"leaves": ["H6"], "lead": "property", "basis": "新目录", "valid_from": start}
            data["routes"].append(new)

        return change

    smooth = load_directory(_written(tmp_path, handed_over("2027-01-01")))
    assert smooth.version == "2" and smooth.digest != CONTEXT.directory.digest
    assert smooth.route("H6", PLACE, None, date(2026, 12, 31)).lead == "grid"
    assert smooth.route("H6", PLACE, None, date(2027, 1, 1)).lead == "property"
    year = (DAY, date(2027, 11, 24))
    assert smooth.gaps(["H6", "H1"], *year) == []
    late = load_directory(_written(tmp_path, handed_over("2027-02-01")))
    assert late.gaps(["H6", "H1"], *year) == [("H6", date(2027, 1, 1))]
    assert not late.route("H6", PLACE, None, date(2027, 1, 15)).known


def test_a_narrow_line_may_stand_before_a_wide_one_but_not_behind_it() -> None:
    wide = next(r for r in CONTEXT.directory.rules if "H6" in r.leaves)
    narrow = replace(wide, compounds=frozenset({"xingfu"}))
    assert wide.hides(narrow) and not narrow.hides(wide)
    assert not replace(wide, valid_to=DAY).hides(replace(narrow, valid_from=date(2026, 11, 25)))


@pytest.mark.parametrize("locality", ["qinghe", "rongxi"])
def test_every_matter_has_a_leading_unit(locality: str) -> None:
    directory = load_directory(DATA / "localities" / locality / "dispatch.yml")
    assert directory.gaps(list(CONTEXT.leaves), DAY, DAY) == []
