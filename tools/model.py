"""Training the dialogue model, and knowing which data a model was trained on."""

from __future__ import annotations

import subprocess
from pathlib import Path

from services.training.fingerprint import fingerprint, stamp_of
from tools.console import ready, step, stop
from tools.environments import BOT, LOGS, ROOT, _clean_env

MODEL = ROOT / "models" / "linda.tar.gz"


def train(target: Path = MODEL) -> None:
    """Train a model from the data in the repository; on failure the old model stays."""
    with step("训练对话模型（约一到三分钟）"):
        LOGS.mkdir(parents=True, exist_ok=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        wanted = fingerprint(ROOT)
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
            stamp_of(MODEL).write_text(wanted)


def ensure_model(current: bool = False) -> None:
    """Train if there is no model; with ``current`` also when the data changed since."""
    stamp = stamp_of(MODEL)
    stale = MODEL.exists() and (not stamp.exists() or stamp.read_text() != fingerprint(ROOT))
    if MODEL.exists() and not (stale and current):
        ready("对话模型" + ("；训练数据已有改动，可用 make train 重新训练" if stale else ""))
        return
    train()
