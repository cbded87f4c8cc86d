"""SLA profiles: complete, sourced, readable in docs/sla.md; laws win."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.config import ROOT
from services.tickets import profiles
from services.tickets.core import clocks
from services.tickets.core.kinds import Priority
from services.tickets.core.sla import Profile, load_profile
from tests.services.tickets.world import CONTEXT, DATA, T0

SLA = DATA / "sla"


def made(tmp_path: Path, **changes: Any) -> Profile:
    """A profile of a place that has its own file."""
    shutil.copy(SLA / "default.yml", tmp_path / "default.yml")
    body = {"base": "default", "id": "own", "label": "本地", "source": "本地文件", **changes}
    (tmp_path / "own.yml").write_text(yaml.safe_dump(body, allow_unicode=True), encoding="utf-8")
    return load_profile(tmp_path, "own")


@pytest.mark.parametrize("name", profiles.names(SLA))
def test_no_profile_lacks_anything(name: str) -> None:
    assert profiles.missing(load_profile(SLA, name), CONTEXT.leaves) == []


def test_the_five_profiles_are_there() -> None:
    assert profiles.names(SLA) == ["default", "beijing", "shandong", "sichuan", "tianjin"]


def test_the_page_is_what_the_data_say() -> None:
    page = (ROOT / "docs" / "sla.md").read_text(encoding="utf-8")
    assert page == profiles.table(SLA), "run: linda sla table > docs/sla.md"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"source": " "}, "没有写依据"),
        ({"classes": {"U3": {"sign": None}}}, "U3没有签收时限"),
        ({"classes": {"U3": {"extension": None}}}, "U3可以延期，没有写每次最多多久"),
        ({"escalation": {"U1": []}}, "U1没有写到时候提醒谁"),
        ({"class_of_kind": {"consult": "U9"}}, "用了没有的类U9"),
        ({"statutory": {"Z9": {"finish": "3d", "source": "x"}}}, "法定时限写给了没有的事项Z9"),
        ({"statutory": {"H6": {"finish": "3d", "source": " "}}}, "H6的法定时限没有写依据"),
    ],
)
def test_the_check_says_what_is_missing(tmp_path: Path, changes: dict[str, Any], says: str) -> None:
    assert says in profiles.missing(made(tmp_path, **changes), CONTEXT.leaves)


@pytest.mark.parametrize(
    ("finish", "due"), [("3d", "2026-11-27T10:00"), ("20d", "2026-12-14T10:00")]
)
def test_a_law_of_the_place_wins_stricter_or_longer_and_is_cited(
    tmp_path: Path, finish: str, due: str
) -> None:
    law = {"G5": {"finish": finish, "source": "《本地物业管理条例》第九条"}}
    profile, leaf = made(tmp_path, statutory=law), CONTEXT.leaves["G5"]
    cls = profile.class_for(leaf.kind, Priority.U3, leaf.id)
    found = clocks.finish_deadline(cls, leaf, T0, None, profile, CONTEXT.calendar)
    assert found is not None and found.at.isoformat()[:16] == due
    assert "依据《本地物业管理条例》第九条" in found.reason


@pytest.mark.parametrize(
    ("finish", "due"), [("3d", "2026-11-25T10:00"), ("12h", "2026-11-24T22:00")]
)
def test_a_law_does_not_let_a_danger_lie(tmp_path: Path, finish: str, due: str) -> None:
    law = {"H4": {"finish": finish, "source": "《本地供热条例》第二十条"}}
    profile, leaf = made(tmp_path, statutory=law), CONTEXT.leaves["H4"]
    cls = profile.classes["U2"]
    found = clocks.finish_deadline(cls, leaf, T0, None, profile, CONTEXT.calendar)
    assert found is not None and found.at.isoformat()[:16] == due


def test_a_place_may_write_its_own_steps(tmp_path: Path) -> None:
    step = {"share": 0.9, "tell": ["supervisor"], "say": "快到期了"}
    profile = made(tmp_path, escalation={"U3": [step]})
    assert [s.share for s in profile.escalation["U3"]] == [0.9]
    assert len(profile.escalation["U1"]) == 3
