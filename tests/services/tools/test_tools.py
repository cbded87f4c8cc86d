"""What runs before anything is installed: its refusals are one clear sentence each."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import pytest

from tests.patience import PATIENCE_S
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
        environments.ensure_interpreter(bare(tmp_path, ("3.1",)))
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


def test_a_killed_installation_is_begun_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    environment = bare(tmp_path, (version,))
    environment.python.parent.mkdir(parents=True)
    environment.python.touch()
    commands: list[list[str]] = []
    monkeypatch.setattr(environments, "ensure_uv", lambda: "uv")
    monkeypatch.setattr(
        environments, "run", lambda command, *_a, **_k: commands.append(command) or True
    )
    environments.ensure_interpreter(environment)
    assert commands[0][:3] == ["uv", "venv", "--clear"]
    environments.ensure_environment(environment, dev=False)
    assert environment.stamp.exists()
    environments.ensure_interpreter(environment)
    assert len(commands) == 2, "a complete one stays as it is"


@pytest.mark.parametrize("touched", [True, False])
def test_an_update_that_fails_keeps_only_what_is_whole(
    touched: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = bare(tmp_path, ("3.10",))
    packages = tmp_path / ".venv" / "lib" / "python3.10" / "site-packages"
    packages.mkdir(parents=True)
    os.utime(packages, (0, 0))
    environment.stamp.write_text("an older lock")

    def fail(*_a: object, **_k: object) -> bool:
        if touched:
            (packages / "half").mkdir()
        return False

    monkeypatch.setattr(environments, "ensure_uv", lambda: "uv")
    monkeypatch.setattr(environments, "run", fail)
    with pytest.raises(SystemExit):
        environments.ensure_environment(environment, dev=False)
    assert environment.stamp.exists() is not touched


def test_two_installations_take_turns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environments, "TOOLS", tmp_path)
    code = (
        "import pathlib, sys; from tools import environments as e; "
        "e.TOOLS = pathlib.Path(sys.argv[1])\n"
        "with e.alone(): print('in')"
    )
    with environments.alone():
        other = subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        assert other.stdout and "等另一个安装结束" in other.stdout.readline()
    assert "in\n" in other.communicate(timeout=PATIENCE_S)[0]


def test_a_uv_that_does_not_run_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(environments, "TOOLS", tmp_path / "tools")
    monkeypatch.setattr(environments, "LOGS", tmp_path)
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    half = tmp_path / "tools" / "uv" / "bin" / "uv"
    half.parent.mkdir(parents=True)
    half.write_bytes(b"\x7fELF")
    half.chmod(0o755)
    monkeypatch.setattr(environments, "run", lambda *_a, **_k: False)
    with pytest.raises(SystemExit):
        environments.ensure_uv()
    assert "准备安装工具 uv" in capsys.readouterr().out


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


def clean(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    """A machine on which nobody has set where packages come from."""
    for name in list(os.environ):
        if name.startswith(("UV_", "PIP_", "XDG_", "NODE_EXTRA")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))


def test_a_missing_python_shows_before_anything_is_downloaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    commands: list[str] = []
    monkeypatch.setattr(environments, "LOGS", tmp_path)
    (tmp_path / "python.log").write_text("error: Failed\n  cause: dns error\n")
    monkeypatch.setattr(environments, "ensure_uv", lambda: "true")
    monkeypatch.setattr(
        environments, "run", lambda command, *_a, **_k: commands.append(command[1]) or False
    )
    with pytest.raises(SystemExit) as stopped:
        environments.ensure_interpreter(bare(tmp_path, ("3.1",)))
    assert stopped.value.code == 1 and commands == ["python"]
    said = capsys.readouterr().err
    assert (
        "UV_PYTHON_INSTALL_MIRROR" in said
        and "详情见 var/log/python.log（cause: dns error）" in said
    )


def test_an_interrupted_installation_still_needs_its_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    begun = bare(tmp_path, ("3.10",))
    begun.python.parent.mkdir(parents=True)
    begun.python.touch()
    monkeypatch.setattr(environments, "BOT", begun)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: Usage(10, 9, 1024**3))
    with pytest.raises(SystemExit):
        environments.ensure_disk()
    begun.stamp.write_text("done")
    environments.ensure_disk()


def test_a_small_disk_under_the_cache_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clean(monkeypatch, tmp_path)
    # A file system of its own on every Linux; nothing is written there.
    monkeypatch.setenv("UV_CACHE_DIR", "/proc/not/there/yet")
    assert environments.uv_cache() == Path("/proc")
    monkeypatch.setattr(environments, "BOT", bare(tmp_path, ("3.10",)))
    monkeypatch.setattr(
        shutil,
        "disk_usage",
        lambda path: Usage(100, 50, (1 if path == Path("/proc") else 50) * 1024**3),
    )
    with pytest.raises(SystemExit):
        environments.ensure_disk()
    assert "/proc 只剩 1.0 GB" in capsys.readouterr().err


@pytest.mark.parametrize(("user", "command"), [(0, "执行 apt-get"), (1000, "执行 sudo apt-get")])
def test_a_missing_venv_module_is_one_sentence(
    user: int,
    command: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(environments, "TOOLS", tmp_path)
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    monkeypatch.setattr(os, "geteuid", lambda: user)
    with pytest.raises(SystemExit):
        environments.ensure_uv()
    assert f"请先{command} install python3-venv，再执行 make run。" in capsys.readouterr().err


def test_uv_takes_the_index_that_is_set_for_pip(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clean(monkeypatch, tmp_path)
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    (tmp_path / "pip.conf").write_text("[global]\nindex-url = https://packages.test/%40/simple\n")
    assert environments._clean_env()["UV_DEFAULT_INDEX"] == "https://packages.test/%40/simple"
    monkeypatch.setenv("PIP_INDEX_URL", "https://other.test/simple")
    assert environments._clean_env()["UV_DEFAULT_INDEX"] == "https://other.test/simple"
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://own.test/simple")
    assert environments._clean_env()["UV_DEFAULT_INDEX"] == "https://own.test/simple"
    monkeypatch.delenv("UV_DEFAULT_INDEX")
    (tmp_path / ".config" / "uv").mkdir(parents=True)
    (tmp_path / ".config" / "uv" / "uv.toml").touch()
    assert "UV_DEFAULT_INDEX" not in environments._clean_env()


def test_an_unreadable_pip_setting_is_no_reason_to_stop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clean(monkeypatch, tmp_path)
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    (tmp_path / "pip.conf").write_text("no section = here\n")
    assert environments.pip_index() is None


def test_trusts_the_authorities_that_the_machine_trusts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clean(monkeypatch, tmp_path)
    store = tmp_path / "certificates.crt"
    monkeypatch.setattr(environments, "SYSTEM_CERTIFICATES", store)
    assert "UV_SYSTEM_CERTS" not in environments._clean_env()
    store.touch()
    env = environments._clean_env()
    assert (env["UV_SYSTEM_CERTS"], env["NODE_EXTRA_CA_CERTS"]) == ("1", str(store))
    monkeypatch.setenv("UV_SYSTEM_CERTS", "0")
    assert environments._clean_env()["UV_SYSTEM_CERTS"] == "0"


def test_someone_elses_checkout_is_one_sentence(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "tools", tmp_path / "tools")
    (tmp_path / "var").write_text("a file where the folder should be")
    code = (
        "import sys, runpy; from tools import environments as e; "
        "e.ensure_disk = lambda: e.run(['true'], 'uv'); "
        "sys.argv = ['tools', 'run']; runpy.run_module('tools', run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "没有成功" in done.stderr and "Traceback" not in done.stderr


def test_runs_on_a_python_without_any_package() -> None:
    done = subprocess.run(
        # -S: no site-packages, as on a machine where nothing of ours is installed yet.
        [sys.executable, "-S", "-m", "tools", "fly"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert "用法" in done.stderr, done.stderr


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
