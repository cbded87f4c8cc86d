"""Training the dialogue model, and knowing which data a model was trained on."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

from tools.console import ready, step, stop
from tools.environments import BOT, LOGS, ROOT, _clean_env

MODEL = ROOT / "models" / "linda.tar.gz"
SOURCES = (
    "config.yml",
    "domain.yml",
    "data/nlu",
    "data/rules",
    "data/catalogue",
    "data/localities",
    "bot/data",
    "bot/components",
    "bot/understanding",
)


def fingerprint() -> str:
    """Content hash of everything a training reads."""
    digest = hashlib.sha256()
    for source in SOURCES:
        path = ROOT / source
        files = (
            sorted(p for p in path.rglob("*") if p.suffix in (".yml", ".py", ".json"))
            if path.is_dir()
            else [path]
        )
        for file in files:
            if file.is_file():
                digest.update(str(file.relative_to(ROOT)).encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


def _stamp() -> Path:
    return MODEL.with_suffix(".sha256")


def train(target: Path = MODEL) -> None:
    """Train a model from the data in the repository; on failure the old model stays."""
    with step("训练对话模型（约一分钟）"):
        LOGS.mkdir(parents=True, exist_ok=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        wanted = fingerprint()
        new = target.with_name(target.name.removesuffix(".tar.gz") + "-new.tar.gz")
        with (LOGS / "train.log").open("wb") as out:
            code = subprocess.call(
                [str(BOT.python), "-m", "bot.train", "--out", str(new)],
                cwd=ROOT,
                env={**_clean_env(), "OMP_NUM_THREADS": "2", "RASA_TELEMETRY_ENABLED": "false"},
                stdout=out,
                stderr=out,
            )
        if code != 0 or not new.exists():
            stop("模型没有训练成功，原来的模型没有动。详情见 var/log/train.log。")
        new.replace(target)
        if target == MODEL:
            _stamp().write_text(wanted)


def ensure_model(current: bool = False) -> None:
    """Train if there is no model; with ``current`` also when the data changed since."""
    stale = MODEL.exists() and (not _stamp().exists() or _stamp().read_text() != fingerprint())
    if MODEL.exists() and not (stale and current):
        ready("对话模型" + ("；训练数据已有改动，可用 make train 重新训练" if stale else ""))
        return
    train()
