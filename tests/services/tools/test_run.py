"""How all tests are run: what failed, what is looked at twice and what never counts as passed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests import run as runner

STEADY = "def test_good() -> None:\n    assert True\n"
WRONG = "def test_wrong() -> None:\n    assert 1 == 2, 'always'\n"
ONCE = """
from pathlib import Path

def test_moody() -> None:
    seen = Path(__file__).with_suffix(".seen")
    first = not seen.exists()
    seen.touch()
    assert not first, 'the first time'
"""
SKIPPED = "import pytest\n\n\ndef test_left_out() -> None:\n    pytest.skip('why')\n"


@pytest.fixture
def reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "reports"
    monkeypatch.setattr(runner, "REPORTS", folder)
    monkeypatch.setattr(runner, "ROOT", tmp_path)
    return folder


def suite(folder: Path, *texts: str) -> runner.Suite:
    """A suite of one file for each text."""
    folder.mkdir()
    for number, text in enumerate(texts):
        (folder / f"test_{folder.name}_{number}.py").write_text(text, encoding="utf-8")
    return runner.Suite(folder.name, Path(sys.executable), (str(folder),))


def ends(monkeypatch: pytest.MonkeyPatch, *groups: tuple[runner.Suite, ...]) -> int:
    monkeypatch.setattr(runner, "GROUPS", groups)
    monkeypatch.setattr(sys, "argv", ["run"])
    return runner.main()


def test_all_that_passed_is_counted(
    reports: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    one, two = suite(tmp_path / "one", STEADY, STEADY), suite(tmp_path / "two", STEADY)
    assert ends(monkeypatch, (one, two)) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "3 passed, 0 failed"


def test_what_fails_twice_has_failed_and_what_passes_alone_is_named(
    reports: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert ends(monkeypatch, (suite(tmp_path / "both", STEADY, WRONG, ONCE),)) == 1
    said = capsys.readouterr().out
    assert said.splitlines()[-1] == "2 passed, 1 failed"
    assert (
        "UNSTEADY, failed beside others, passed alone: both: both.test_both_2::test_moody" in said
    )
    assert "the first time" in said.split("UNSTEADY")[1].split("FAILED")[0]
    assert "FAILED both: both.test_both_1::test_wrong" in said
    assert "always" in said.split("FAILED both")[1]


def test_an_unsteady_test_alone_lets_the_run_pass_and_is_said(
    reports: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert ends(monkeypatch, (suite(tmp_path / "moods", STEADY, ONCE),)) == 0
    said = capsys.readouterr().out
    assert said.splitlines()[-1] == "2 passed, 0 failed" and "UNSTEADY" in said


def test_many_failures_are_no_accident(
    reports: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(runner, "FEW", 1)
    assert ends(monkeypatch, (suite(tmp_path / "many", ONCE, ONCE),)) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "0 passed, 2 failed"


@pytest.mark.parametrize("text", [SKIPPED, "import nothing_of_that_name\n", "# no test\n"])
def test_what_was_left_out_or_broke_never_passes(
    reports: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    assert ends(monkeypatch, (suite(tmp_path / "poor", text),)) == 1


def test_conversations_are_shared_out_whole() -> None:
    """Each share has its suite, and nothing else runs the conversations."""
    suites = [s for group in runner.GROUPS for s in group]
    shares = [s.share for s in suites if s.share]
    assert shares == [f"{n}/{len(shares)}" for n in range(1, len(shares) + 1)]
    (path,) = runner.CONVERSATIONS
    others = [s for s in suites if not s.share and any(path.startswith(p) for p in s.paths)]
    assert others and all(path in s.without for s in others)
