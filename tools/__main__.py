"""``python3 -m tools COMMAND``: what the Makefile calls. Standard library only."""

from __future__ import annotations

import os
import subprocess
import sys

from tools.console import stop
from tools.environments import (
    BOT,
    ROOT,
    SERVICES,
    alone,
    ensure_browser,
    ensure_disk,
    ensure_environment,
    ensure_front_end,
    ensure_interpreter,
)
from tools.model import ensure_model, train


def install(dev: bool = False) -> None:
    """Both environments and the front-end packages."""
    ensure_disk()
    with alone():
        for environment in (SERVICES, BOT):
            ensure_interpreter(environment)
        for environment in (SERVICES, BOT):
            ensure_environment(environment, dev)
        ensure_front_end()


def start() -> None:
    """Everything up, in the foreground."""
    install()
    ensure_model()
    python = str(SERVICES.python)
    if subprocess.call([python, "-m", "services.cli", "init"], cwd=ROOT) != 0:
        stop("数据库没有准备好，上面一行写着原因。")
    os.chdir(ROOT)
    os.execv(python, [python, "-m", "services.supervisor"])


def prepare_tests() -> None:
    """Everything the tests need."""
    install(dev=True)
    ensure_browser()
    ensure_model(current=True)


def install_dev() -> None:
    """The environments with the development tools."""
    install(dev=True)


def train_now() -> None:
    """A new model from the data as it is."""
    install()
    train()


COMMANDS = {
    "run": start,
    "install": install_dev,
    "prepare-tests": prepare_tests,
    "train": train_now,
}


def main() -> None:
    """Run one command."""
    if len(sys.argv) != 2 or sys.argv[1] not in COMMANDS:
        stop("用法：python3 -m tools " + "|".join(COMMANDS))
    try:
        COMMANDS[sys.argv[1]]()
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    except OSError as error:
        # Someone else's checkout, a full disk, a file system that is mounted read-only.
        place = error.filename or ROOT
        stop(
            f"读写 {place} 没有成功（{error.strerror}）："
            "请检查磁盘空间，并用这个目录的主人来执行 make。"
        )


main()
