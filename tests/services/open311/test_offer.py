"""Data that would be wrong in public is refused at start."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from services.config import ROOT
from services.open311.offer import Points, load_offer, load_points

FILE = ROOT / "data" / "open311.yml"


def changed(tmp_path: Path, **changes: Any) -> Path:
    """Write the file with some of it changed."""
    data = yaml.safe_load(FILE.read_text(encoding="utf-8")) | changes
    path = tmp_path / "open311.yml"
    path.write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"services": {"H99": {}}}, "H99"),
        ({"services": {"A1": {}}}, "groups"),
        ({"notes": {"CLOSED": "办完了"}}, "SUBMITTED"),
        ({"span_days": 91}, "span_days"),
        (
            {"services": {"H6": {"attributes": [{"code": "a", "datatype": "singlevaluelist", "description": "x"}]}}},
            "values",
        ),
    ],
)  # fmt: skip
def test_a_wrong_file_says_what_is_wrong(
    tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        load_offer(changed(tmp_path, **changes), {"H6": 1, "A1": 1})


def test_the_nearest_compound_within_reach() -> None:
    points = Points(compounds={"a": (45.0, 124.0), "b": (45.01, 124.0)})
    assert points.nearest(45.001, 124.0, 300) == "a"  # 111 m away
    assert points.nearest(45.009, 124.0, 300) == "b"
    assert points.nearest(45.005, 124.0, 300) is None  # 556 m from both
    assert Points(compounds={}).nearest(45.0, 124.0, 300) is None


def test_every_point_is_of_a_compound_that_is_there() -> None:
    for folder in (ROOT / "data" / "localities").iterdir():
        places = yaml.safe_load((folder / "places.yml").read_text(encoding="utf-8"))
        known = {c["id"] for c in places["compounds"]}
        assert set(load_points(folder / "points.yml").compounds) <= known
