"""What runs before anything is installed: its refusals are one clear sentence each."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import pytest

from tools import environments, model
from tools.environments import BOT, ROOT, SERVICES, Environment

Usage = namedtuple("Usage", "total used free")


def bare(tmp_path: Path, pythons: tuple[str, ...]) -> Environment:
    """An environment that is not there yet."""
    (tmp_path / "requirements.txt").write_text("")
    (tmp_path / "requirements-dev.txt").write_text("")
    return Environment("机器人环境", tmp_path, pythons, BOT.install_hint, False)


def test_no_disk_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(environments, "BOT", bare(tmp_path, ("3.10",)))
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: Usage(10, 9, 1024**3))
    with pytest.raises(SystemExit) as stopped:
        environments.ensure_disk()
    assert stopped.value.code == 1
    assert "磁盘空间不够：首次安装约需 6 GB，现在只剩 1.0 GB" in capsys.readouterr().err


def test_a_missing_python_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(environments, "ensure_uv", lambda: "true")
    monkeypatch.setattr(environments, "run", lambda *_a, **_k: False)
    with pytest.raises(SystemExit):
        environments.ensure_environment(bare(tmp_path, ("3.1",)), dev=False)
    assert "需要 Python 3.10（Rasa 3.6 只能在 3.10 上运行）" in capsys.readouterr().err


def test_finds_the_python_that_runs_this_test() -> None:
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    environment = Environment("", ROOT, (version,), "", False)
    found = environments.find_python(environment, "false")
    assert found and environments._version(found, ROOT) == version


def test_an_unchanged_lock_installs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    environment = bare(tmp_path, ("3.10",))
    environment.python.parent.mkdir(parents=True)
    environment.python.touch()
    stamp = tmp_path / ".venv" / ".linda-lock"
    stamp.write_text(environments._digest(environment.lock(dev=True)))
    monkeypatch.setattr(environments, "ensure_uv", lambda: pytest.fail("nothing to install"))
    environments.ensure_environment(environment, dev=False)
    assert "机器人环境（已就绪）" in capsys.readouterr().out


def test_a_failed_training_keeps_the_old_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    old = tmp_path / "linda.tar.gz"
    old.write_text("old")
    monkeypatch.setattr(subprocess, "call", lambda *_a, **_k: 1)
    with pytest.raises(SystemExit):
        model.train(old)
    assert old.read_text() == "old"
    assert "原来的模型没有动" in capsys.readouterr().err


@pytest.mark.parametrize("environment", [SERVICES, BOT], ids=["services", "bot"])
def test_locks_are_hashed_and_name_no_address(environment: Environment) -> None:
    for dev in (False, True):
        text = environment.lock(dev).read_text()
        assert "--hash=sha256:" in text
        assert "http://" not in text and "https://" not in text
    assert "resolved" not in (ROOT / "package-lock.json").read_text()


def test_an_unknown_command_says_what_there_is() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tools", "fly"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "run|install|prepare-tests|train" in done.stderr
